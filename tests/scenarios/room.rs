//! The whole room at once, on what real devices gave: laparoscopy and a room camera over the network, a coronary run as
//! DICOM, vital signs by HL7 or from a recording. One after the other fails and returns, and the pixels of the canvas
//! and of the OR display say that it cost the others nothing.

mod devices;
mod eyes;

use std::fs;
use std::path::PathBuf;

use capture::config::{self, Role};
use harness::certificates;
use harness::display::Display;
use harness::process::Program;
use harness::rig::{files, free_ports, start_theatre};
use program::clock;
use protocol::time::MonoTime;
use protocol::vitals::{FeedState, Term, Vitals};

use crate::clips::clip;
use crate::people::peer::{Line, Peer};
use crate::stage::{SOON, folder, machine};
use crate::vitals::stands;
use devices::{Camera, Feed, Recordings, Run};
use eyes::Eyes;

/// About a second of frames.
const A_WHILE: usize = 30;

const ECG: Term = Term(131_328);
const ARTERIAL_PRESSURE: Term = Term(150_036);

/// The recordings of one room.
struct Clips {
    laparoscopy: PathBuf,
    coronary: PathBuf,
    coronary_frames: PathBuf,
    room: PathBuf,
    vitals: Recordings,
}

impl Clips {
    fn find() -> Option<Self> {
        Some(Self {
            laparoscopy: clip("endoscopy/laparoscopy_720p25.mp4")?,
            coronary: clip("xray/coronary_512_96f.dcm")?,
            coronary_frames: clip("xray/coronary_512_mjpeg.mkv")?,
            room: clip("room/people_768x432_10fps.mp4")?,
            vitals: Recordings {
                numbers: clip("vitals/s25047_numerics/s25047-2704-05-04-10-44n.hea")?,
                curves: clip("vitals/03700181.hea")?,
            },
        })
    }
}

/// A theatre with every device, and a participant who looks at the canvas.
struct Room {
    endoscope: Camera,
    room: Camera,
    run: Run,
    feed: Feed,
    eyes: Eyes,
    theatre: Program,
    _display: Display,
}

impl Room {
    fn open(name: &str, clips: &Clips, by_hl7: bool) -> Self {
        let folder = folder(name);
        fs::create_dir_all(folder.join("run")).expect("a folder");
        let ports = free_ports(4).expect("free ports");
        let endoscope = Camera::start(&folder, "laparoscopy", &clips.laparoscopy, 25, ports[0]);
        let room = Camera::start(&folder, "people", &clips.room, 10, ports[1]);
        let run = Run::put(&folder, &clips.coronary);
        let feed = if by_hl7 { Feed::hl7(&clips.vitals) } else { Feed::recorded(&folder, &clips.vitals) };
        let own = certificates::make(&folder, "theatre").expect("a certificate");
        let console = certificates::make(&folder, "anna").expect("a certificate");
        let text = format!(
            "primary = \"endoscope\"\nrun_dir = \"{}\"\n{}{}{}{}[source.curves]\nrole = \"vitals\"\nkind = \"vitals\"\n\
             [canvas]\nwidth = 1280\nheight = 720\n[identity]\ncertificate = \"{}\"\nkey = \"{}\"\n{}",
            folder.join("run").display(),
            endoscope.described("endoscope"),
            room.described("room"),
            run.described("fluoroscopy"),
            feed.described(),
            own.certificate.display(),
            own.key.display(),
            files::participant("anna", Role::Mentor, &ports[2..], &console)
        );
        let config = folder.join("theatre.toml");
        fs::write(&config, text).expect("the folder can be written");
        let display = Display::start_virtual(1280, 720, &folder.join("xvfb.log")).expect("a display");
        let theatre = start_theatre(&folder, &display).expect("theatre starts");
        let line = Line { console, theatre: own.certificate, ports: ports[2..].to_vec() };
        let peer = Peer::join_and_keep(&line, "wan", 1);
        let names = config::Theatre::load(&config).unwrap_or_else(|error| panic!("{error}"));
        let clips = [
            ("endoscope", clips.laparoscopy.as_path(), (320, 180)),
            ("fluoroscopy", &clips.coronary_frames, (128, 128)),
            ("room", &clips.room, (192, 108)),
        ];
        let eyes = Eyes::open(peer, names, &display, &clips);
        Self { endoscope, room, run, feed, eyes, theatre, _display: display }
    }

    /// One device after the other fails and returns; after each step everything else is seen as before.
    fn walk(&mut self) {
        for source in ["endoscope", "fluoroscopy", "room", "curves"] {
            self.eyes.wait_for(source, "live");
        }
        self.eyes.peer.wait_for_vitals("the feed, which is not there yet", stands(FeedState::Waiting));
        let begun = clock::now();
        self.feed.return_();
        self.see_all_but(None);

        self.room.fail();
        self.eyes.wait_for("room", "lost");
        self.see_all_but(Some("room"));
        self.room.return_();
        self.eyes.wait_for("room", "live");
        self.see_all_but(None);

        self.run.fail();
        self.eyes.wait_for("fluoroscopy", "failed");
        self.see_all_but(Some("fluoroscopy"));
        self.run.return_();
        self.eyes.wait_for("fluoroscopy", "live");
        self.see_all_but(None);

        self.eyes.peer.wait_for_vitals("the feed", stands(FeedState::Live));
        self.wait_for_curves(begun);
        let whole = self.eyes.coloured("curves");
        self.feed.fail();
        let failed = clock::now();
        self.eyes.peer.wait_for_vitals("silence", stands(FeedState::Silent));
        // Values that come once a minute stay as long as they hold, curves do not.
        self.see_curves(|coloured| coloured < whole / 2);
        self.feed.return_();
        self.eyes.peer.wait_for_vitals("the feed again", stands(FeedState::Live));
        self.wait_for_curves(failed);
        self.see_curves(|coloured| coloured > whole * 3 / 4);

        self.endoscope.fail();
        self.eyes.wait_for("endoscope", "lost");
        self.see_all_but(Some("endoscope"));
        self.endoscope.return_();
        self.eyes.wait_for("endoscope", "live");
        self.see_all_but(None);
    }

    /// Waits until the curves of the recording come that were taken after `from`.
    fn wait_for_curves(&self, from: MonoTime) {
        for term in [ECG, ARTERIAL_PRESSURE] {
            self.eyes.peer.wait_for_vitals("a curve", moves(term, from));
        }
    }

    /// Looks until so many pixels of the vital signs' tile are coloured, which takes a sweep at most.
    fn see_curves(&mut self, wanted: impl Fn(usize) -> bool) {
        let deadline = clock::now() + SOON;
        loop {
            self.see_all_but(None);
            let coloured = self.eyes.coloured("curves");
            if wanted(coloured) {
                return;
            }
            assert!(clock::now() < deadline, "{coloured} coloured pixels of vital signs");
        }
    }

    /// Every picture but that of `failed` is its recording's, on the canvas and on the OR display.
    fn see_all_but(&mut self, failed: Option<&str>) {
        self.eyes.peer.wait_for_frames(self.eyes.peer.frames() + A_WHILE);
        self.eyes.look();
        for source in ["endoscope", "fluoroscopy", "room"] {
            self.eyes.assert_on_canvas(source, failed != Some(source));
        }
        self.eyes.assert_on_display(failed != Some("endoscope"));
    }

    fn close(mut self) {
        let lost = self.eyes.peer.leave().lost;
        self.theatre.stop().expect("theatre ends in order");
        assert_eq!(lost, 0, "no frame is lost by a device");
    }
}

/// Whether a curve of `term` came that was taken after `from` and is no line.
fn moves(term: Term, from: MonoTime) -> impl Fn(&[Vitals]) -> Option<()> {
    move |vitals| {
        let is_it = |vitals: &Vitals| match vitals {
            Vitals::Wave(piece) => {
                let taken = piece.channel.term == term && piece.first.0 > from.0;
                taken && piece.samples.windows(2).any(|pair| pair[0] != pair[1])
            }
            _ => false,
        };
        vitals.iter().any(is_it).then_some(())
    }
}

#[test]
fn with_vital_signs_by_hl7_every_device_fails_and_returns_and_the_others_never_notice() {
    let Some(clips) = Clips::find() else { return };
    let _machine = machine();
    let mut room = Room::open("room-hl7", &clips, true);
    room.walk();
    room.close();
}

#[test]
fn with_vital_signs_of_a_recording_every_device_fails_and_returns_and_the_others_never_notice() {
    let Some(clips) = Clips::find() else { return };
    let _machine = machine();
    let mut room = Room::open("room-recorded", &clips, false);
    room.walk();
    room.close();
}
