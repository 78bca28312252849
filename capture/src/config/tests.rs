//! What a person sees who made a mistake in `theatre.toml`, and the example file.

mod devices;

use super::*;
use crate::config;
use protocol::colour::{Colour, Matrix, Range};
use protocol::ids::SourceId;
use protocol::layout::Role;

/// A good file. Faults are made from it by replacing one piece of text.
const GOOD: &str = r#"
primary = "endoscope"
run_dir = "run"
[source.endoscope]
role = "endoscope"
kind = "scene"
scene = "tissue"
[source.room]
role = "room"
kind = "file"
location = "room.mp4"
[source.fluoroscopy]
role = "fluoroscopy"
kind = "gstreamer"
bin = "v4l2src ! videoconvert"
mask = "none"
mask_decided_by = "Dr Adam"
[window.room]
sink = "fakesink"
[canvas]
width = 1280
height = 720
[encoder]
bitrate_kbps = 6000
[identity]
certificate = "theatre.crt"
key = "theatre.key"
[participant.anna]
certificate = "/etc/anna.crt"
role = "mentor"
[participant.anna.path.a]
listen = "0.0.0.0:7001"
[participant.anna.path.b]
listen = "0.0.0.0:7002"
uplink = "fibre"
[participant.bela]
certificate = "bela.crt"
role = "observer"
[participant.bela.path.a]
listen = "0.0.0.0:7003"
[participant.bela.path.b]
listen = "0.0.0.0:7004"
"#;

/// A configuration file that lasts as long as the value.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("theatre-{name}-{}.toml", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // A test that failed while its file was being made has none, and its own words to say.
        if !std::thread::panicking() {
            std::fs::remove_file(&self.0).unwrap();
        }
    }
}

#[test]
fn a_good_file_is_read_with_its_defaults_and_paths_beside_it() {
    let file = File::new("good", GOOD);
    let theatre = Theatre::load(&file.0).unwrap();
    let folder = std::env::temp_dir();
    assert_eq!(theatre.canvas.tiles, ["endoscope", "fluoroscopy", "room"], "the primary, then all others");
    assert_eq!(theatre.windows(), ["endoscope", "room"]);
    assert_eq!(theatre.source_id("fluoroscopy"), Some(SourceId(1)), "by name");
    assert_eq!(theatre.source_name(SourceId(2)), Some("room"));
    assert_eq!(theatre.source["room"].kind, Kind::File { location: folder.join("room.mp4") });
    assert_eq!(theatre.run_dir, folder.join("run"));
    assert_eq!(theatre.identity.key, folder.join("theatre.key"));
    let [anna, bela] = ["anna", "bela"].map(|name| theatre.participant[name].clone());
    assert_eq!((anna.role, bela.role), (config::Role::Mentor, config::Role::Observer));
    assert_eq!((anna.certificate, bela.certificate), ("/etc/anna.crt".into(), folder.join("bela.crt")));
    assert_eq!(
        theatre.participant["anna"].uplinks(),
        ["a", "fibre"],
        "a path names its own line if nothing else is said"
    );
}

#[test]
fn each_fault_is_told_by_its_key_and_how_to_mend_it() {
    let faults = [
        (
            "primary = \"endoscope\"",
            "primary = \"scope\"",
            "primary: there is no source `scope`; the sources are `endoscope`",
        ),
        ("[source.room]", "[source.\"a b\"]", "source.a b: `a b` cannot be a name"),
        ("role = \"room\"", "role = \"roof\"", "line 9: unknown value `roof`: did you mean `room`?"),
        ("location =", "locatoin =", "unknown key `locatoin`: did you mean `location`?"),
        ("location = \"room.mp4\"", "", "kind = \"file\" needs the key `location`"),
        ("\"room.mp4\"", "\"room.mp4\"\ncontrol = { visca = \"cam\" }", "`control.visca` must be \"HOST:PORT\""),
        ("\"room.mp4\"", "\"room.mp4\"\ncontrol = { visca = \"cam:0\" }", "`control.visca` must be \"HOST:PORT\""),
        ("\"room.mp4\"", "\"room.mp4\"\ncontrol = { visca = \"c:1\", mentor_my = true }", "did you mean `mentor_may`?"),
        (
            "scene = \"tissue\"",
            "scene = \"tissue\"\ncontrol = { visca = \"c:1\" }",
            "`control` belongs to role = \"room\"",
        ),
        ("location =", "bin =", "key `bin` belongs to kind = \"gstreamer\""),
        ("bin =", "location =", "key `location` belongs to kind = \"file\" or \"dicom\" or \"rtsp\"; take it out"),
        ("kind = \"file\"", "kind = \"dicom\"", "window.room: source `room` is of kind = \"dicom\""),
        ("scene = \"tissue\"", "scene = \"tissue\"\nstill_ok = \"yes\"", "expected a boolean"),
        ("scene = \"tissue\"", "scene = \"tissue\"\nfps = 0", "`fps` must be 1 to 240"),
        ("scene = \"tissue\"", "scene = \"tissue\"\nsize = { width = 33, height = 33 }", "`size` must have an even"),
        ("scene = \"tissue\"", "scene = \"tissue\"\nsize = { widht = 64, height = 64 }", "did you mean `width`?"),
        ("scene = \"tissue\"", "scene = \"tissue\"\ncolour = {}", "key `colour` belongs to scene = \"bars\""),
        ("[window.room]", "[window.roof]", "window.roof: there is no source `roof`"),
        (
            "bitrate_kbps = 6000",
            "kind = \"x265\"",
            "no encoder \"x265\" of H.264; use \"auto\" or one of \"nvenc\", \"va\"",
        ),
        ("bitrate_kbps = 6000", "h265 = \"always\"", "expected one of `hardware`, `software`, `never`"),
        ("bitrate_kbps = 6000", "bitrate_kbps = 6", "encoder.bitrate_kbps: must be 200 to 100000"),
        ("bitrate_kbps = 6000", "floor_kbps = 6001", "encoder.floor_kbps: 6001 must be 200 to encoder.bitrate_kbps"),
    ];
    assert_told("fault", &faults);
}

#[test]
fn each_fault_of_the_canvas_or_the_ladder_is_told_by_its_key_and_how_to_mend_it() {
    let faults = [
        ("width = 1280", "width = 1281", "canvas.width: 1281 must be an even number"),
        ("height = 720", "height = 100", "canvas.height: 100 must be an even number"),
        ("height = 720", "height = 720\ntiles = [\"room\"]", "canvas.tiles: the primary `endoscope` must be among"),
        ("height = 720", "height = 720\ntiles = [\"endoscope\", \"x\"]", "canvas.tiles: there is no source `x`"),
        ("height = 720", "height = 720\ntiles = [\"endoscope\", \"endoscope\"]", "names `endoscope` twice"),
        ("height = 720", "height = 720\nlayout = \"cinema\"", "unknown value `cinema`"),
        ("height = 720", "height = 720\nmentor_may = \"all\"", "unknown value `all`"),
        ("height = 720", "height = 720\nmain = \"x\"", "canvas.main: there is no source `x`"),
        (
            "height = 720",
            "height = 720\ntiles = [\"endoscope\"]\nmain = \"room\"",
            "canvas.main: `room` is not among canvas.tiles, which are `endoscope`",
        ),
        (
            "[participant.anna]",
            "[ladder]\nphone = \"call me\"\n[participant.anna]",
            "ladder.phone: must be a number as it is dialled",
        ),
        (
            "[participant.anna]",
            "[ladder]\nphone = \"+49\\t30\"\n[participant.anna]",
            "ladder.phone: must be a number as it is dialled",
        ),
        ("[participant.anna]", "[ladder]\nphone = 112\n[participant.anna]", "expected a string"),
    ];
    assert_told("fault", &faults);
}

#[test]
fn each_fault_of_a_participant_is_told_by_its_key_and_how_to_mend_it() {
    let faults = [
        ("0.0.0.0:7002", "0.0.0.0:7001", "participant.anna.path.b.listen: 0.0.0.0:7001 is taken by path.a"),
        (
            "0.0.0.0:7004",
            "0.0.0.0:7002",
            "participant.bela.path.b.listen: 0.0.0.0:7002 is taken by participant.anna.path.b",
        ),
        ("listen = \"0.0.0.0:7004\"", "", "participant.bela.path.b: the key `listen` or `dial` is missing"),
        (
            "listen = \"0.0.0.0:7002\"",
            "dial = \"h\"",
            "participant.anna.path.b.dial: `h` is no address; write host and",
        ),
        (
            "0.0.0.0:7002\"",
            "0.0.0.0:7002\"\ndial = \"h:1\"",
            "participant.anna.path.b: the keys `listen` and `dial` exclude",
        ),
        ("uplink = \"fibre\"", "uplink = \"a line\"", "participant.anna.path.b.uplink: `a line` cannot be a name"),
        ("bela.crt", "/etc/anna.crt", "participant.bela.certificate: is participant.anna's too"),
        ("role = \"mentor\"", "role = \"observer\"", "participant: there is no mentor"),
        ("role = \"observer\"", "role = \"guest\"", "unknown value `guest`"),
        ("certificate = \"bela.crt\"", "", "missing field `certificate`"),
        (
            "[participant.anna]",
            "[link]\npolicy = \"spread\"\n[participant.anna]",
            "link.policy: needs 3 paths, and to participant.anna there are 2",
        ),
        (
            "[participant.anna]",
            "[link]\npolicy = \"bond\"\n[participant.anna]",
            "`auto`, `duplicate`, `spread`, `economy`",
        ),
    ];
    assert_told("people", &faults);
}

#[test]
fn each_fault_of_vitals_is_told_by_its_key_and_how_to_mend_it() {
    let table = |keys: &str| format!("[vitals]\n{keys}\n[participant.anna]");
    let drawn = "[source.curves]\nrole = \"vitals\"\nkind = \"vitals\"\n";
    let hl7 = "kind = \"hl7\"\nlisten = \"0.0.0.0:2575\"\nbed = \"OR^3^1\"";
    for (number, (keys, expected)) in [
        (table("kind = \"hl7\""), "kind = \"hl7\" needs the key `listen`"),
        (table("kind = \"hl7\"\nlisten = \"0.0.0.0:2575\""), "kind = \"hl7\" needs the key `bed`"),
        (table(&hl7.replace("OR^3^1", "^^")), "`bed` must be the place as the monitors name it"),
        (table(&hl7.replace("0.0.0.0:2575", "2575")), "invalid socket address"),
        (table("kind = \"wfdb\""), "kind = \"wfdb\" needs the key `records`"),
        (table("kind = \"wfdb\"\nrecords = []"), "`records` must name 1 to 4 records"),
        (table("kind = \"generator\"\nbed = \"OR\""), "key `bed` belongs to kind = \"hl7\""),
        (table("kind = \"hl8\""), "did you mean `hl7`?"),
        (
            format!("{drawn}[participant.anna]"),
            "source.curves.kind: kind = \"vitals\" draws the vital signs of the table [vitals]",
        ),
        (format!("{drawn}[window.curves]\n{}", table(hl7)), "window.curves: source `curves` is of kind = \"vitals\""),
    ]
    .into_iter()
    .enumerate()
    {
        let file = File::new(&format!("vitals{number}"), &GOOD.replace("[participant.anna]", &keys));
        let error = Theatre::load(&file.0).unwrap_err().to_string();
        assert!(error.contains(expected), "{keys}: {error}");
    }
}

#[test]
fn records_are_found_beside_the_file_and_vitals_may_be_drawn() {
    let text = "[vitals]\nkind = \"wfdb\"\nrecords = [\"a/100\", \"/b\"]\n[source.curves]\nrole = \"vitals\"\nkind = \"vitals\"\n";
    let file = File::new("records", &GOOD.replace("[participant.anna]", &format!("{text}[participant.anna]")));
    let theatre = Theatre::load(&file.0).unwrap();
    let records = vec![std::env::temp_dir().join("a/100"), "/b".into()];
    assert_eq!(theatre.vitals, Some(Vitals::Wfdb { records }));
    assert_eq!(theatre.source["curves"].kind, Kind::Vitals);
}

/// Each fault, made by putting other text in the place of good text, is told in these words.
fn assert_told(name: &str, faults: &[(&str, &str, &str)]) {
    for (number, (good, bad, expected)) in faults.iter().enumerate() {
        assert!(GOOD.contains(good), "{good}");
        let file = File::new(&format!("{name}{number}"), &GOOD.replace(good, bad));
        let error = Theatre::load(&file.0).unwrap_err().to_string();
        assert!(error.contains(expected), "{bad}: {error}");
        assert!(error.starts_with(&file.0.display().to_string()) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn nobody_too_many_and_somebody_without_a_path_are_faults() {
    let (nobody, _) = GOOD.split_once("[participant.anna]").unwrap();
    let anna = "[participant.anna]\ncertificate = \"anna.crt\"\nrole = \"mentor\"\n";
    let five: String = (0..5).map(|n| anna.replace("anna", &format!("p{n}"))).collect();
    for (number, (people, expected)) in [
        ("", "participant: there is nobody to talk to; add a table [participant.NAME]"),
        (anna, "participant.anna.path: there is none; add a table [participant.anna.path.NAME]"),
        (five.as_str(), "participant: 5 are too many; at most 4 are possible"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = File::new(&format!("number{number}"), &format!("{nobody}{people}"));
        let error = Theatre::load(&file.0).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn two_files_with_the_same_certificate_are_a_fault() {
    let [one, other] = ["one", "other"].map(|name| File::new(&format!("same-{name}"), "the same"));
    let text = GOOD.replace("/etc/anna.crt", &one.0.display().to_string());
    let file = File::new("same", &text.replace("bela.crt", &other.0.display().to_string()));
    let error = Theatre::load(&file.0).unwrap_err().to_string();
    assert!(error.contains("participant.bela.certificate: is participant.anna's too"), "{error}");
}

#[test]
fn a_run_dir_too_long_for_sockets_is_a_fault() {
    let long = GOOD.replace("\"run\"", &format!("\"/{}\"", "d".repeat(100)));
    let file = File::new("long", &long);
    for error in [Theatre::load(&file.0).unwrap_err(), Display::load(&file.0, None).unwrap_err()] {
        assert!(error.to_string().contains("run_dir: "), "{error}");
    }
}

#[test]
fn a_window_is_not_stopped_by_faults_in_what_it_does_not_read() {
    let text = GOOD.replace("bitrate_kbps = 6000", "bitrate_kbps = = 6").replace("location", "locatoin");
    let file = File::new("elsewhere", &text.replace("[canvas]", "[canvass]"));
    let (display, faults) = Display::load(&file.0, None).unwrap();
    assert_eq!((display.name.as_str(), display.window.output()), ("endoscope", Output::Sink("ximagesink".into())));
    assert_eq!(display.source.role, Role::Endoscope);
    assert!(!faults.is_empty(), "broken syntax is told");
    assert_eq!(window_names(&file.0).unwrap().0, ["endoscope", "room"], "theatre starts the windows all the same");
    let error = Display::load(&file.0, Some("room")).unwrap_err().to_string();
    assert!(error.contains("unknown key `locatoin`"), "its own fault does stop it: {error}");
}

#[test]
fn a_mask_that_is_missing_or_wrong_is_told_by_its_key_and_stops_nothing_else() {
    let decided = "mask = \"none\"\nmask_decided_by = \"Dr Adam\"";
    let outside = "mask = { size = { width = 64, height = 64 }, areas = [{ rectangle = [0, 0, 65, 1] }] }";
    for (mask, told) in [
        (decided, None),
        ("", Some("source.fluoroscopy.mask: is missing: role = \"fluoroscopy\"")),
        ("mask = \"none\"", Some("source.fluoroscopy.mask_decided_by: must say who decided")),
        (outside, Some("source.fluoroscopy.mask.areas[0]: the rectangle reaches outside the picture, which is 64x64")),
        ("mask = 5", Some("source.fluoroscopy.mask: ")),
    ] {
        let file = File::new("maskless", &GOOD.replace(decided, mask));
        let faults = Theatre::load(&file.0).unwrap().mask_faults();
        assert_eq!(faults.len(), usize::from(told.is_some()), "{mask}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.contains(told.unwrap_or_default())), "{mask}: {faults:?}");
        assert!(Display::load(&file.0, Some("fluoroscopy")).is_ok(), "{mask}");
    }
}

#[test]
fn a_window_for_a_source_that_is_not_there_is_told_with_what_named_it() {
    let file = File::new("absent", &GOOD.replace("primary = \"endoscope\"", "primary = \"scope\""));
    let error = Display::load(&file.0, None).unwrap_err().to_string();
    assert!(error.contains("primary: there is no table [source.scope]"), "{error}");
    let error = Display::load(&file.0, Some("../etc")).unwrap_err().to_string();
    assert!(error.contains("--source: `../etc` cannot be a name"), "{error}");
    assert!(Display::load(&file.0, Some("room")).is_ok());
}

#[test]
fn a_window_on_a_dicom_file_is_a_fault_of_its_program_too_and_beside_windows_it_is_none() {
    let study = "kind = \"dicom\"\nlocation = \"run.dcm\"\nmask = \"none\"\nmask_decided_by = \"Dr Adam\"";
    let study = GOOD.replace("kind = \"file\"\nlocation = \"room.mp4\"", study);
    let file = File::new("dicom-window", &study);
    let error = Display::load(&file.0, Some("room")).unwrap_err().to_string();
    assert!(error.contains("window.room: source `room` is of kind = \"dicom\""), "{error}");
    let file = File::new("dicom", &study.replace("[window.room]\nsink = \"fakesink\"\n", ""));
    let theatre = Theatre::load(&file.0).unwrap();
    assert_eq!(theatre.source["room"].kind, Kind::Dicom { location: std::env::temp_dir().join("run.dcm") });
}

#[test]
fn bars_can_be_asked_for_in_every_colour() {
    let bars =
        "scene = \"bars\"\ncolour = { matrix = \"bt601\", range = \"full\" }\nsize = { width = 640, height = 360 }";
    let file = File::new("bars", &GOOD.replace("scene = \"tissue\"", bars));
    let theatre = Theatre::load(&file.0).unwrap();
    let Kind::Scene(scene) = &theatre.source["endoscope"].kind else { panic!("a scene") };
    assert_eq!(scene.scenery, Scenery::Bars);
    assert_eq!(scene.colour, Colour { matrix: Matrix::Bt601, range: Range::Full });
    assert_eq!(scene.size.map(|size| size.width), Some(640));
}

/// Every key that exists, by table. A new key must be added here, to the struct and to the example.
const KEYS: &[&str] = &[
    "primary",
    "run_dir",
    "role",
    "kind",
    "scene",
    "size",
    "fps",
    "colour",
    "location",
    "bin",
    "deinterlace",
    "device",
    "format",
    "card",
    "mode",
    "connection",
    "transport",
    "latency_ms",
    "credentials",
    "passphrase",
    "payload",
    "encoding",
    "display",
    "window",
    "region",
    "still_ok",
    "mask",
    "mask_decided_by",
    "mask_pictures_seen",
    "sink",
    "monitor",
    "kms",
    "decklink",
    "hide",
    "clear",
    "ok",
    "pedal",
    "width",
    "height",
    "tiles",
    "layout",
    "main",
    "mentor_may",
    "bitrate_kbps",
    "floor_kbps",
    "phone",
    "certificate",
    "key",
    "listen",
    "dial",
    "bind",
    "interface",
    "uplink",
    "bed",
    "records",
    "visca",
    "mentor_may",
];

#[test]
fn the_example_file_is_good_as_it_is_and_with_every_commented_key_in_force() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/theatre.example.toml");
    let example = std::fs::read_to_string(&path).unwrap();
    Theatre::load(&path).unwrap();
    // A comment that begins with `#key =` or `#[table]` is an example switched off; prose has a blank behind `#`.
    let all = example.lines().map(|line| line.strip_prefix('#').filter(|code| !code.starts_with(' ')).unwrap_or(line));
    let all = all.collect::<Vec<_>>().join("\n");
    let file = File::new("example", &all);
    Theatre::load(&file.0).unwrap_or_else(|error| panic!("{error}\n{all}"));
    for key in KEYS {
        // Where keys exclude each other, those not in force stand in prose.
        let told = all.lines().any(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key} =")));
        assert!(told, "`{key}` is not in {}", path.display());
    }
}
