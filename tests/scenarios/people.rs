//! Several participants of one theatre: what happens to one of them costs the others nothing.

pub mod peer;
mod virtual_time;

use std::fs;

use capture::config::Role;
use harness::certificates;
use harness::display::Display;
use harness::process::Program;
use harness::rig::{Sources, files, free_ports, start_theatre};
use harness::screen::{Place, Screen};
use harness::statistics::freezes;
use harness::trace::Follower;
use program::trace::Record;

use crate::stage::{SOON, folder, light, machine};
use peer::{Line, Peer};

/// About two seconds of frames.
const A_WHILE: usize = 60;

/// Theatre with three participants, none of whom is there yet.
pub struct Theatre {
    pub folder: std::path::PathBuf,
    pub program: Program,
    pub lines: Vec<Line>,
    display: Display,
}

impl Theatre {
    pub fn start(name: &str, people: [(&str, Role); 3]) -> Self {
        Self::start_on(name, &light(), people)
    }

    /// The same, with these sources.
    pub fn start_on(name: &str, sources: &Sources, people: [(&str, Role); 3]) -> Self {
        Self::start_with(name, sources, people, |text| text)
    }

    /// The same, with this done to its file.
    pub fn start_with(
        name: &str,
        sources: &Sources,
        people: [(&str, Role); 3],
        edit: impl FnOnce(String) -> String,
    ) -> Self {
        let folder = folder(name);
        fs::create_dir_all(folder.join("run")).expect("a folder");
        let own = certificates::make(&folder, "theatre").expect("a certificate");
        let ports = free_ports(6).expect("free ports");
        // More than the narrow line carries, whatever else the machine makes of a moment.
        let mut text = files::theatre(sources, &folder, &[], &own, &own)
            .replace("bitrate_kbps = 2000", "bitrate_kbps = 5000\nfloor_kbps = 4000");
        let nobody = text.find("[participant.").expect("a participant");
        text.truncate(nobody);
        let mut lines = Vec::new();
        for ((name, role), ports) in people.into_iter().zip(ports.chunks(2)) {
            let console = certificates::make(&folder, name).expect("a certificate");
            text.push_str(&files::participant(name, role, ports, &console));
            lines.push(Line { console, theatre: own.certificate.clone(), ports: ports.to_vec() });
        }
        fs::write(folder.join("theatre.toml"), edit(text)).expect("the folder can be written");
        let display = Display::start_virtual(640, 480, &folder.join("xvfb.log")).expect("a display");
        let program = start_theatre(&folder, &display).expect("theatre starts");
        Self { folder, program, lines, display }
    }

    /// The OR display's window for `source`, once what is told to it arrives there.
    pub fn window(&self, source: &str) -> (Screen, Place) {
        self.program.wait_for_line("capture-node attached", SOON).expect("the window takes messages");
        let screen = Screen::connect(&self.display).expect("the display");
        let place = screen.window(&format!("OR display – {source}"), SOON).expect("its window");
        (screen, place)
    }

    /// Waits until theatre says this of the video of `participant`.
    fn wait_for_video(&self, participant: &str, wanted: &str) {
        let said = |record: &Record| match record {
            Record::Link(link) => link.participant.clone().filter(|facts| facts.name == participant),
            _ => None,
        };
        Follower::new(&self.folder.join("capture-node.jsonl"))
            .wait_for(&format!("{participant}'s video {wanted}"), SOON, |records| {
                records.iter().rev().find_map(said).filter(|facts| facts.video == wanted).map(drop)
            })
            .expect("theatre says so");
    }
}

#[test]
fn a_participant_who_is_squeezed_killed_and_back_again_costs_the_others_no_frame() {
    let _machine = machine();
    let mut theatre =
        Theatre::start("people", [("anna", Role::Mentor), ("bela", Role::Mentor), ("carl", Role::Observer)]);
    let mut anna = Peer::join(&theatre.lines[0], "wan", 1);
    let mut bela = Peer::join(&theatre.lines[1], "lossy", 2);
    let mut carl = Peer::join(&theatre.lines[2], "squeeze", 3);
    [&anna, &bela, &carl].into_iter().for_each(|peer| peer.wait_for_frames(A_WHILE));
    [&anna, &bela, &carl].into_iter().for_each(Peer::start_counting);

    // The line narrows in the fifth second to less than the picture's rate.
    theatre.wait_for_video("carl", "too slow");
    let (carls, annas) = (carl.frames(), anna.frames());
    anna.wait_for_frames(annas + A_WHILE);
    let during = carl.frames() - carls;
    assert!(
        during <= A_WHILE / 6,
        "{during} frames came to an observer without room for them, beyond what was under way"
    );

    carl.vanish();
    bela.wait_for_frames(bela.frames() + A_WHILE);
    let mut again = Peer::join(&theatre.lines[2], "wan", 4);
    again.wait_for_frames(A_WHILE);
    let annas = anna.frames();
    anna.wait_for_frames(annas + A_WHILE / 2);

    for (name, peer) in [("anna", &mut anna), ("bela", &mut bela)] {
        let story = peer.leave();
        if story.late_us > 125_000 {
            println!("the machine stood still (link late by {} us): loss is not judged", story.late_us);
            continue;
        }
        assert_eq!(story.lost, 0, "{name} lost frames");
        assert_eq!(freezes(&story.released_us).count, 0, "{name}'s picture stood still");
    }
    let story = again.leave();
    assert!(story.begins_independent, "whoever comes begins with an independent frame");
    theatre.program.stop().expect("theatre ends in order");
}
