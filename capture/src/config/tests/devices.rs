//! What a person sees who made a mistake in a device's table, and what of it reaches the programs.

use protocol::geometry::SizePx;

use super::*;
use crate::config::device::{Area, Decklink, Format, Region, Screen, V4l2};
use crate::config::network::{Encoding, End, RawVideo, Rtp, Rtsp, Srt, SrtPayload, Transport};

const SIZE: SizePx = SizePx { width: 1280, height: 1024 };

/// A file with one more source, of which `keys` says all.
fn with_source(keys: &str) -> String {
    GOOD.replace("[window.room]", &format!("[source.more]\nrole = \"room\"\n{keys}\n[window.room]"))
}

/// Each source with these keys is read as this kind.
fn assert_read(name: &str, kinds: impl IntoIterator<Item = (&'static str, Kind)>) {
    for (number, (keys, kind)) in kinds.into_iter().enumerate() {
        let file = File::new(&format!("{name}{number}"), &with_source(keys));
        let theatre = Theatre::load(&file.0).unwrap();
        assert_eq!(theatre.source["more"].kind, kind);
        assert!(keys.starts_with(&format!("kind = \"{}\"", kind.name())));
    }
}

#[test]
fn each_kind_of_this_machine_is_read_with_its_keys_and_defaults() {
    let kinds = [
        (
            "kind = \"v4l2\"\ndevice = \"/dev/v4l/by-id/a\"\nsize = { width = 1280, height = 1024 }\nfps = 50",
            Kind::V4l2(V4l2 {
                device: "/dev/v4l/by-id/a".into(),
                format: Format::Auto,
                size: Some(SIZE),
                fps: Some(50),
            }),
        ),
        (
            "kind = \"decklink\"\nmode = \"1080i50\"",
            Kind::Decklink(Decklink { card: 0, mode: "1080i50", connection: "auto" }),
        ),
        (
            "kind = \"screen\"\nregion = { x = 1, y = 2, width = 300, height = 200 }\nmask = \"none\"\nmask_decided_by = \"Dr Adam\"",
            Kind::Screen(Screen {
                display: None,
                area: Area::Region(Region { x: 1, y: 2, width: 300, height: 200 }),
                fps: 10,
            }),
        ),
    ];
    assert_read("machine", kinds);
}

#[test]
fn each_kind_of_a_network_is_read_with_its_keys_and_defaults() {
    let kinds = [
        (
            "kind = \"rtsp\"\nlocation = \"rtsp://camera:554/a\"\ncredentials = \"camera.txt\"",
            Kind::Rtsp(Rtsp {
                location: "rtsp://camera:554/a".into(),
                transport: Transport::Tcp,
                latency_ms: 40,
                credentials: Some(std::env::temp_dir().join("camera.txt")),
            }),
        ),
        (
            "kind = \"srt\"\nlisten = \"0.0.0.0:9000\"\npassphrase = \"/etc/srt.txt\"",
            Kind::Srt(Srt {
                end: End::Listen(([0, 0, 0, 0], 9000).into()),
                payload: SrtPayload::Mpegts,
                latency_ms: 60,
                passphrase: Some("/etc/srt.txt".into()),
            }),
        ),
        (
            "kind = \"rtp\"\nlisten = \"239.1.2.3:5004\"\nencoding = \"raw\"\nsize = { width = 1280, height = 1024 }\nfps = 50\ninterface = \"eth1\"",
            Kind::Rtp(Rtp {
                listen: ([239, 1, 2, 3], 5004).into(),
                interface: Some("eth1".into()),
                encoding: Encoding::Raw,
                raw: Some(RawVideo { size: SIZE, fps: 50 }),
                latency_ms: 40,
            }),
        ),
    ];
    assert_read("network-kind", kinds);
}

#[test]
fn each_fault_of_a_device_is_told_by_its_key_and_how_to_mend_it() {
    let faults = [
        ("kind = \"v4l2\"", "needs the key `device`"),
        ("kind = \"v4l2\"\ndevice = \"video0\"", "`device` must be a path that begins with `/`"),
        ("kind = \"v4l2\"\ndevice = \"/dev/video0\"\nformat = \"yuy2\"", "unknown value `yuy2`"),
        ("kind = \"v4l2\"\ndevice = \"/dev/video0\"\ncard = 1", "key `card` belongs to kind = \"decklink\""),
        ("kind = \"v4l2\"\ndevcie = \"/dev/video0\"", "unknown key `devcie`: did you mean `device`?"),
        (
            "kind = \"scene\"\nscene = \"room\"\ndeinterlace = \"off\"",
            "key `deinterlace` belongs to kind = \"file\" or",
        ),
        ("kind = \"decklink\"\nmode = \"1080i\"", "`mode` must be one of \"auto\", \"ntsc\""),
        ("kind = \"rtsp\"\nlocation = \"http://camera\"", "`location` must begin with rtsp://"),
        (
            "kind = \"rtsp\"\nlocation = \"rtsp://me:secret@camera/a\"",
            "put them into a file and name it in `credentials`",
        ),
        ("kind = \"rtsp\"\nlocation = \"rtsp://camera\"\nlatency_ms = 2001", "`latency_ms` must be 0 to 2000"),
        ("kind = \"srt\"", "needs the key `listen` or `dial`"),
        ("kind = \"srt\"\ndial = \"a\"", "`dial` must be a host and a port"),
        ("kind = \"srt\"\nlisten = \"0.0.0.0:9\"\nlatency_ms = 1", "`latency_ms` of SRT must be 20 to 8000"),
        ("kind = \"srt\"\nlisten = \"0.0.0.0:9\"\npayload = \"rtp\"", "payload = \"rtp\" needs the key `encoding`"),
        ("kind = \"rtp\"\nencoding = \"h264\"\nlisten = \"5004\"", "`listen` must be an address and a port"),
        ("kind = \"rtp\"\nencoding = \"raw\"\nlisten = \"0.0.0.0:5004\"", "needs the keys `size` and `fps`"),
        ("kind = \"screen\"\nwindow = \"\"", "`window` must be a window's title"),
        ("kind = \"screen\"\nwindow = \"a\"\nregion = { x = 0, y = 0, width = 9, height = 9 }", "exclude each other"),
        ("kind = \"screen\"\nregion = { x = 0, y = 0, width = 9, height = 9 }", "`region` must be 16 pixels"),
        ("kind = \"screen\"\nfps = 100", "`fps` of a screen must be 1 to 60"),
    ];
    for (number, (keys, expected)) in faults.into_iter().enumerate() {
        let file = File::new(&format!("device{number}"), &with_source(keys));
        let error = Theatre::load(&file.0).unwrap_err().to_string();
        assert!(error.contains(expected), "{keys}: {error}");
        assert!(!error.contains("secret") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn the_or_display_shows_nothing_that_comes_over_a_network() {
    let kinds = [
        "kind = \"rtsp\"\nlocation = \"rtsp://camera\"",
        "kind = \"srt\"\ndial = \"encoder:9000\"",
        "kind = \"rtp\"\nlisten = \"0.0.0.0:5004\"\nencoding = \"h264\"",
    ];
    for (number, kind) in kinds.into_iter().enumerate() {
        let primary = GOOD.replace("kind = \"scene\"\nscene = \"tissue\"", kind);
        let file = File::new(&format!("network{number}"), &primary);
        for error in [Theatre::load(&file.0).unwrap_err(), Display::load(&file.0, None).unwrap_err()] {
            let error = error.to_string();
            assert!(error.contains("primary: source `endoscope` is of kind = \""), "{error}");
            assert!(error.contains("which comes over a network"), "{error}");
        }
        let window = GOOD.replace("kind = \"file\"\nlocation = \"room.mp4\"", kind);
        let file = File::new(&format!("window{number}"), &window);
        for error in [Theatre::load(&file.0).unwrap_err(), Display::load(&file.0, Some("room")).unwrap_err()] {
            assert!(error.to_string().contains("window.room: source `room` is of kind = \""), "{error}");
        }
        assert!(Display::load(&file.0, None).is_ok(), "the surgeon's picture is not kept from its window");
    }
}

#[test]
fn two_sources_cannot_have_one_device_and_may_have_one_role() {
    let twice = with_source(
        "kind = \"v4l2\"\ndevice = \"/dev/video0\"\n[source.other]\nrole = \"endoscope\"\nkind = \"v4l2\"\ndevice = \"/dev/video0\"",
    );
    let file = File::new("twice", &twice);
    let error = Theatre::load(&file.0).unwrap_err().to_string();
    assert!(error.contains("source.other.device: /dev/video0 is source.more's already"), "{error}");
    let file = File::new("roles", &twice.replacen("video0", "video1", 1));
    let theatre = Theatre::load(&file.0).unwrap();
    let [doubt] = <[String; 1]>::try_from(theatre.doubts()).unwrap();
    assert!(doubt.starts_with("source.other.role: is the primary's role too;"), "{doubt}");
    assert!(Theatre::load(&File::new("one", GOOD).0).unwrap().doubts().is_empty());
}

#[test]
fn a_file_without_a_primary_is_told_the_key_that_is_missing() {
    let file = File::new("no-primary", &GOOD.replace("primary = \"endoscope\"", ""));
    for error in [Theatre::load(&file.0).unwrap_err(), Display::load(&file.0, None).unwrap_err()] {
        assert!(error.to_string().contains("`primary`"), "{error}");
    }
}

#[test]
fn a_pedal_belongs_to_one_window_and_a_doubt_about_it_keeps_no_window_closed() {
    let keys = |window| format!("[window.{window}.keys]\npedal = \"/dev/input/event3\"\n");
    let both = [GOOD, &keys("room"), &keys("endoscope")].concat();
    let file = File::new("pedals", &both);
    let error = Theatre::load(&file.0).unwrap_err().to_string();
    assert!(error.contains("window.room.keys.pedal: /dev/input/event3 is the pedal of window.endoscope"), "{error}");
    assert!(Display::load(&file.0, Some("room")).is_ok());
}
