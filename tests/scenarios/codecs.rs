//! H.265 between the real programs, made and decoded by processors in the place of the chips that this machine may lack: it
//! travels while everybody there decodes it, and whatever is sent across a change of codec decodes.

use std::collections::BTreeMap;

use capture::config::Role;
use harness::rig::Sources;
use harness::rig::files::CONSOLE;
use harness::trace;
use media::decode::Decoders;
use media::h265::H265;
use program::trace::Record;
use protocol::codec::Codec;
use protocol::frame::Header;
use protocol::message::Message;

use crate::people::Theatre;
use crate::people::peer::Peer;
use crate::stage::{SOON, Stage, light, machine};

/// About a second of frames.
const A_WHILE: usize = 30;

fn h265() -> Sources {
    Sources { h265: true, ..light() }
}

/// Decodes frames in their order, as a console does; how many of each codec there were.
fn decode_all(frames: &[Vec<u8>]) -> BTreeMap<&'static str, usize> {
    media::init_codecs().expect("GStreamer");
    let (mut decoders, _) = Decoders::start(H265::Software).expect("decoders");
    let mut counts = BTreeMap::new();
    for (number, bytes) in frames.iter().enumerate() {
        let (_, codec, access_unit) = Header::take(bytes).expect("a frame");
        let decoded = decoders.decode(codec, access_unit, program::clock::now());
        decoded.unwrap_or_else(|error| panic!("frame {number}, {codec}: {error}"));
        *counts.entry(codec.word()).or_default() += 1;
    }
    counts
}

#[test]
fn frames_are_h265_only_while_everybody_there_decodes_it_and_every_frame_decodes_across_each_change() {
    let _machine = machine();
    let people = [("anna", Role::Mentor), ("bela", Role::Observer), ("carl", Role::Observer)];
    let mut theatre = Theatre::start_on("codecs", &h265(), people);
    let mut anna = Peer::join_and_keep(&theatre.lines[0], "clean", 1);
    anna.wait_for_frames(A_WHILE);
    assert_eq!(anna.codecs(), [Codec::H264], "it has not said that it decodes more");
    anna.tell(&Message::Decodes(vec![Codec::H265]));
    anna.wait_for_codecs(&[Codec::H264, Codec::H265]);
    anna.wait_for_frames(anna.frames() + A_WHILE);

    let mut bela = Peer::join_and_keep(&theatre.lines[1], "clean", 2);
    bela.wait_for_frames(A_WHILE);
    anna.wait_for_codecs(&[Codec::H264, Codec::H265, Codec::H264]);
    let seen_by_bela = bela.leave();
    assert_eq!(seen_by_bela.codecs, [Codec::H264], "it never said that it decodes more");
    assert!(seen_by_bela.begins_independent);

    anna.wait_for_codecs(&[Codec::H264, Codec::H265, Codec::H264, Codec::H265]);
    anna.tell(&Message::Decodes(Vec::new()));
    anna.wait_for_codecs(&[Codec::H264, Codec::H265, Codec::H264, Codec::H265, Codec::H264]);
    let story = anna.leave();
    assert_eq!(story.lost, 0);
    let counts = decode_all(&story.frames);
    assert!(counts.values().all(|count| *count >= A_WHILE), "{counts:?}");
    theatre.program.stop().expect("theatre ends in order");
}

#[test]
fn a_console_that_decodes_h265_is_sent_it_shows_it_and_marks_land_on_it() {
    let mut stage = Stage::set("codecs-console", h265(), "wan");
    let is_h265 = |record: &Record| matches!(record, Record::SentFrame(frame) if frame.codec == "h265");
    stage
        .trace("capture-node")
        .wait_for("a frame of H.265", SOON, |records| records.iter().any(is_h265).then_some(()))
        .expect("the console has said that it decodes it");
    let stroke = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("endoscope", &mark, points);
    stage.wait_until_shown(program::clock::now().0 + 1_000_000);
    stage.end();

    let sent = trace::read(&stage.rig.trace("capture-node")).expect("a trace");
    let number = |record: &Record| match record {
        Record::SentFrame(frame) if frame.codec == "h265" => frame.numbers.get(CONSOLE).copied(),
        _ => None,
    };
    let sent: Vec<u64> = sent.iter().filter_map(number).collect();
    let console = trace::read(&stage.rig.trace("mentor-console")).expect("a trace");
    let shown = console.iter().filter(|record| {
        matches!(record, Record::ReceivedFrame(frame) if frame.shown_us.is_some() && sent.contains(&frame.number))
    });
    let shown = shown.count();
    assert!(shown >= A_WHILE, "{shown} of {} frames of H.265 were shown", sent.len());
    let damaged = console.iter().filter(|record| matches!(record, Record::LostFrame { damaged: true, .. }));
    assert_eq!(damaged.count(), 0, "every frame decodes");
}
