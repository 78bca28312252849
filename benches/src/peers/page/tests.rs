//! The page as its reader sees it.

use super::*;
use crate::results::Order;

fn run(system: &str, profile: &str, latency_ms: u64) -> Run {
    let frame = |at: u64| FrameResult {
        captured_us: Some(at * 33_333),
        decoded_us: (at != 7).then_some(at * 33_333 + latency_ms * 1_000),
        damaged: at == 9,
        met: None,
    };
    Run {
        order: Order { system: system.into(), profile: profile.into(), latency_ms: None, seconds: 1, pass: 0 },
        frames: (0..30).map(frame).collect(),
        counted_us: (0, 1_000_000),
        encoded_bytes: 1_000,
        sent_bytes: Some(2_100),
        cpu_us: 300_000,
        relay_late_p99_us: Some(120),
    }
}

fn text(runs: &[Run]) -> String {
    let profiles = ["cut".to_owned()];
    let left_out = ["WebRTC: an element is missing".to_owned()];
    let page =
        Page { command: "./bench".into(), passes: 1, seconds: 1, profiles: &profiles, runs, left_out: &left_out };
    assert!(page.latency_svg().contains("</svg>") && page.cut_svg().contains("over cut"));
    page.text()
}

#[test]
fn a_link_has_a_line_for_each_system_measured_and_the_floor() {
    let page = text(&[run(CODEC, "none", 8), run(OURS, "cut", 20), run("rtp", "wan", 20)]);
    assert!(page.contains("| codec alone | – | 8.0 | 8.0 | 8.0 | 8.0 | 1 | 1 | 0 | 0 | 2.10 | 10.0 |"), "{page}");
    assert!(page.contains("| 20.0 | 20.0 | 20.0 | 20.0 | 1 | 1 |"), "{page}");
    assert!(!page.contains("| RTP/UDP"), "measured over another link only");
    assert!(page.contains("Left out: WebRTC"), "{page}");
}

#[test]
fn our_bounds_stand_below_and_say_what_was_missed() {
    let page = text(&[run(CODEC, "none", 8), run(OURS, "cut", 20)]);
    assert!(page.contains("| p99, ms | 20.00 | 38.00 | kept |"), "{page}");
    assert!(page.contains("| lost | 1.00 | 0.00 | **missed** |"), "{page}");
}

#[test]
fn lost_and_damaged_frames_break_the_line() {
    assert_eq!(pieces(&run(OURS, "cut", 20)).iter().map(Vec::len).collect::<Vec<_>>(), [7, 1, 20]);
}

#[test]
fn frames_lost_or_damaged_are_never_within_any_time() {
    let run = run(OURS, "cut", 20);
    let steps = cumulative(run.frames.iter());
    assert_eq!((steps[19].1, steps[250].1), (0.0, 100.0 * 28.0 / 30.0));
}
