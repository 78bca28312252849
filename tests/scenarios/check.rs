//! The check before a case, as a technician runs it: on the example configuration, after something broke, and with a test
//! picture to a console.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use capture::check::Report;
use capture::check::finding::{Finding, Verdict};
use harness::certificates::make;
use harness::display::Display;
use harness::process::command;
use harness::rig::{Setup, files, free_ports, start_console};
use netem::profile::Profile;

use crate::stage::{folder, light, machine};

/// The example configuration in a folder of its own, on a virtual display.
struct Site {
    config: PathBuf,
    display: Display,
}

impl Site {
    fn new(name: &str) -> Self {
        let folder = folder(name);
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/theatre.example.toml");
        let text = fs::read_to_string(example).expect("the example").replace("/run/telementoring", "run");
        let config = folder.join("theatre.toml");
        fs::write(&config, text).expect("a configuration");
        let display = Display::start_virtual(1280, 720, &folder.join("xvfb.log")).expect("a display");
        Self { config, display }
    }

    /// The exit code and the report of a check.
    fn check(&self) -> (Option<i32>, Report) {
        let (code, printed) = check(&self.config, &self.display, &["--json"]);
        let report = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
        (code, report)
    }

    fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.config).expect("the configuration");
        assert!(text.contains(from), "{from} is not in it");
        fs::write(&self.config, text.replacen(from, to, 1)).expect("the configuration");
    }

    fn add(&self, tables: &str) {
        let text = fs::read_to_string(&self.config).expect("the configuration");
        fs::write(&self.config, format!("{text}\n{tables}")).expect("the configuration");
    }
}

/// The exit code of a check, and what it printed.
fn check(config: &Path, display: &Display, arguments: &[&str]) -> (Option<i32>, String) {
    let mut check = command("capture-node").expect("it is built");
    check.arg("check").args(arguments).arg("--config").arg(config);
    display.give_to(&mut check);
    let output = check.output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn finding<'a>(report: &'a Report, part: &str) -> &'a Finding {
    let found = report.findings.iter().find(|finding| finding.part == part);
    found.unwrap_or_else(|| panic!("{part} is not among {:#?}", report.findings))
}

#[test]
fn the_example_passes_with_warnings_and_what_broke_since_is_told_with_what_to_do() {
    let _machine = machine();
    let site = Site::new("check");
    let (code, report) = site.check();
    assert_eq!((code, report.verdict), (Some(0), Verdict::Warn), "{}", report.text());
    assert!(report.took_ms < 30_000, "{} ms", report.took_ms);
    for part in [
        "source endoscope",
        "source fluoroscopy",
        "source vitals",
        "source room",
        "window endoscope",
        "vital signs",
        "encoder",
    ] {
        assert_eq!(finding(&report, part).verdict, Verdict::Pass, "{part}: {}", report.text());
    }
    let certificates = finding(&report, "certificates for anna");
    assert_eq!(certificates.verdict, Verdict::Warn, "none is made yet");
    assert!(report.findings.iter().all(|finding| (finding.verdict == Verdict::Pass) == finding.advice.is_none()));
    assert_eq!(report.changed, Vec::<String>::new());

    site.change(
        "[source.room]\nrole = \"room\"\nkind = \"scene\"\nscene = \"room\"",
        "[source.room]\nrole = \"room\"\nkind = \"file\"\nlocation = \"gone.mp4\"",
    );
    let (code, report) = site.check();
    assert_eq!((code, report.verdict), (Some(69), Verdict::Fail));
    let room = finding(&report, "source room");
    assert!(room.verdict == Verdict::Fail && room.told.contains("gone.mp4"), "{}", room.line());
    assert_eq!(finding(&report, "source endoscope").verdict, Verdict::Pass, "the others are tried all the same");
    assert!(report.changed.iter().any(|change| change.contains("source room")), "{:?}", report.changed);
}

/// A drawn tile, a grabber without its cable, a cart whose size was changed, and a camera that is off.
const MORE: &str = r#"
[source.curves]
role = "vitals"
kind = "vitals"
[source.grabber]
role = "endoscope"
kind = "gstreamer"
bin = "videotestsrc is-live=true pattern=blue ! video/x-raw,width=320,height=240,framerate=30/1"
[source.cart]
role = "room"
kind = "gstreamer"
bin = "videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=30/1"
mask = { size = { width = 640, height = 480 }, areas = [{ rectangle = [0, 0, 640, 40] }] }
"#;

#[test]
fn what_would_only_be_found_during_the_case_is_told_before_it() {
    let _machine = machine();
    let site = Site::new("check-before");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = taken.local_addr().expect("its address");
    site.change("[vitals]\n", &format!("[vitals]\nlisten = \"{listen}\"\nbed = \"OR^3^1\"\n"));
    site.change("kind = \"generator\"", "kind = \"hl7\"");
    let port = free_ports(1).expect("a free port")[0];
    let camera = "[source.camera]\nrole = \"room\"\nkind = \"rtp\"\nencoding = \"h264\"";
    site.add(&format!("{MORE}{camera}\nlisten = \"127.0.0.1:{port}\"\n"));
    let (code, report) = site.check();
    assert_eq!(code, Some(69), "{}", report.text());
    for (part, verdict, words) in [
        ("source curves", Verdict::Pass, "640x480"),
        ("source grabber", Verdict::Fail, "same again and again"),
        ("source cart", Verdict::Pass, "320x240"),
        ("mask of cart", Verdict::Warn, "withhold"),
        ("source camera", Verdict::Fail, "no picture in 12 s"),
        ("vital signs", Verdict::Fail, &listen.to_string()),
    ] {
        let found = finding(&report, part);
        assert!(found.verdict == verdict && found.told.contains(words), "{}", report.text());
    }
    assert!(report.took_ms < 30_000, "{} ms", report.took_ms);
}

#[test]
fn a_source_that_nobody_has_decided_on_fails_with_its_key_and_the_others_are_tried_all_the_same() {
    let _machine = machine();
    let site = Site::new("check-mask");
    let undecided = "[source.film]\nrole = \"fluoroscopy\"\nkind = \"gstreamer\"\nbin = \"videotestsrc is-live=true pattern=ball\"\n";
    site.add(undecided);
    let (code, report) = site.check();
    assert_eq!(code, Some(69), "{}", report.text());
    let found = finding(&report, "mask");
    assert!(found.verdict == Verdict::Fail && found.told.contains("source.film.mask: is missing"), "{}", report.text());
    assert_eq!(finding(&report, "source endoscope").verdict, Verdict::Pass, "{}", report.text());
}

/// A tower of another shape than the canvas, in standard definition's colours, whose pictures have a mask.
const TOWER: &str = r#"kind = "gstreamer"
bin = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=UYVY,width=1280,height=1024,framerate=30/1,colorimetry=bt601"
mask = { size = { width = 1280, height = 1024 }, areas = [{ rectangle = [0, 0, 640, 512] }] }
"#;

#[test]
fn a_test_picture_in_the_primarys_size_and_colour_is_judged_by_the_console_that_gets_it() {
    let _machine = machine();
    let folder = folder("check-picture");
    fs::create_dir_all(folder.join("run")).expect("a folder");
    let [theatre, console] = ["theatre", "console"].map(|name| make(&folder, name).expect("a certificate"));
    let ports = free_ports(2).expect("free ports");
    let addresses: Vec<SocketAddr> = ports.iter().map(|port| ([127, 0, 0, 1], *port).into()).collect();
    let config = folder.join("theatre.toml");
    let scene = "kind = \"scene\"\nscene = \"tissue\"\nsize = { width = 640, height = 360 }\n";
    let text = files::theatre(&light(), &folder, &ports, &theatre, &console);
    assert!(text.contains(scene), "the endoscope is a scene");
    fs::write(&config, text.replace(scene, TOWER)).expect("a configuration");
    let its = files::console(&light(), &addresses, &theatre, &console);
    fs::write(folder.join("console.toml"), its).expect("a configuration");
    let display = Display::start_virtual(1280, 720, &folder.join("xvfb.log")).expect("a display");
    let profile = Profile::by_name("clean").expect("a profile");
    let setup = Setup { folder: folder.clone(), sources: light(), profile, seed: 1, card: false };
    let mut console = start_console(&folder, &display, &setup).expect("the console");
    let (code, printed) = check(&config, &display, &["--picture"]);
    assert_eq!(code, Some(0), "{printed}{}", console.printed());
    for what in ["aspect", "colours and range", "edges", "sharpness", "motion"] {
        let line = format!("pass  picture at console, {what}: ");
        assert!(printed.lines().any(|printed| printed.starts_with(&line)), "{printed}");
    }
    let told = "640x360, sent as 640x360; 450x360 of it are the primary's 1280x1024";
    assert!(printed.contains(told), "it stands where the tower's pictures do: {printed}");
    fs::write(&config, text.replace(scene, "kind = \"file\"\nlocation = \"no-such-file.mkv\"\n"))
        .expect("a configuration");
    let (code, printed) = check(&config, &display, &["--picture"]);
    assert_eq!(code, Some(0), "{printed}{}", console.printed());
    let warned = printed.lines().find(|line| line.starts_with("warn  test picture: endoscope: "));
    assert!(warned.is_some_and(|line| line.contains("as large as the canvas")), "{printed}");
    console.stop().expect("the console ends in order");
}

#[test]
fn a_configuration_that_cannot_be_read_fails_with_its_key() {
    let _machine = machine();
    let site = Site::new("check-key");
    site.change("primary = \"endoscope\"", "primary = \"endoskope\"");
    let (code, report) = site.check();
    assert_eq!(code, Some(69));
    assert!(finding(&report, "configuration").told.contains("endoskope"), "{}", report.text());
}

#[test]
fn every_report_says_once_where_the_surgeons_own_monitor_stays() {
    let _machine = machine();
    let site = Site::new("check-bypass");
    site.change("primary = \"endoscope\"", "primary = \"endoskope\"");
    for arguments in [&["--json"][..], &[], &["--picture"], &["--picture", "--json"]] {
        let (_, printed) = check(&site.config, &site.display, arguments);
        assert_eq!(printed.matches("the tower's own output, or behind a hardware bypass").count(), 1, "{printed}");
    }
}
