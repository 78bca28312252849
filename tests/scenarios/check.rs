//! The check before a case, as a technician runs it: on the example configuration, and after something broke.

use std::fs;
use std::path::{Path, PathBuf};

use capture::check::Report;
use capture::check::finding::{Finding, Verdict};
use harness::display::Display;
use harness::process::command;

use crate::stage::{folder, machine};

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
        let mut check = command("capture-node").expect("it is built");
        check.args(["check", "--json", "--config"]).arg(&self.config);
        self.display.give_to(&mut check);
        let output = check.output().expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        let report = serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
        (output.status.code(), report)
    }

    fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(&self.config).expect("the configuration");
        assert!(text.contains(from), "{from} is not in it");
        fs::write(&self.config, text.replacen(from, to, 1)).expect("the configuration");
    }
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
    for part in
        ["source endoscope", "source fluoroscopy", "source vitals", "source room", "window endoscope", "encoder"]
    {
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

#[test]
fn a_configuration_that_cannot_be_read_fails_with_its_key() {
    let _machine = machine();
    let site = Site::new("check-key");
    site.change("primary = \"endoscope\"", "primary = \"endoskope\"");
    let (code, report) = site.check();
    assert_eq!(code, Some(69));
    assert!(finding(&report, "configuration").told.contains("endoskope"), "{}", report.text());
}
