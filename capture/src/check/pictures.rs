//! What the pictures of a source say before a case: their size and rate, whether its mask belongs to them, and, by the rules
//! that theatre goes by during one (`crate::signal`), whether anything lives behind them.

use crossbeam_channel::{Receiver, TrySendError, bounded};
use media::component;
use media::picture::{self, Converter, Picture};
use program::clock;
use protocol::frame::Freshness;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::finding::Finding;
use crate::config::{Mask, Source};
use crate::signal::{self, Look, Policy, Signal, Stills, Trouble};

/// Fewer pictures a second than this are no motion.
const FEW: f64 = 5.0;
/// What to do where theatre would call a source dead.
const REPEATING: &str = "nothing lives behind it: is the device on and its cable in? If it may hold an image, give its table \
                         still_ok = true";
/// What to do where it would need longer to say so.
const SAME_SO_FAR: &str = "a source whose cable is out looks so, and theatre will call it dead soon: move something before it and \
                           check again";
/// Pictures that may wait to be counted: a second's at 240 Hz. More would only be counted late.
const WAITING: usize = 256;

/// What is kept of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    size: SizePx,
    /// `None` if it cannot be read.
    look: Option<Look>,
    captured: MonoTime,
}

/// Where a source may deliver its pictures, and what was seen of them. As in theatre each is looked at on the thread that
/// brings it, and let go.
pub fn eye() -> (impl FnMut(Picture) + Send + 'static, Receiver<Seen>) {
    let (sender, seen) = bounded(WAITING);
    let mut converter = None;
    let deliver = move |picture: Picture| match sender.try_send(Seen::of(&picture, &mut converter)) {
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    };
    (deliver, seen)
}

impl Seen {
    /// A capture time in the future, which only a broken sender has, counts as now.
    fn of(picture: &Picture, converter: &mut Option<Converter>) -> Self {
        let captured = picture.captured.min(clock::now());
        Self { size: picture.size(), look: look(picture, converter), captured }
    }
}

/// Whether it is dark is told of components that are bytes, which not every source gives.
fn look(picture: &Picture, converter: &mut Option<Converter>) -> Option<Look> {
    let print = signal::print(picture)?;
    let is_dark = match component::has_bytes(&picture.info) {
        true => signal::is_dark(picture),
        false => signal::is_dark(&picture::copy(picture, converter).ok()?),
    };
    Some(Look { print, is_dark })
}

/// What follows from `seen`, the pictures that the source called `name` gave one after the other.
pub fn judged(name: &str, source: &Source, seen: &[Seen]) -> Vec<Finding> {
    let mask = seen.last().and_then(|last| mask(name, source, last.size));
    let pictures = pictures(format!("source {name}"), Policy::of(source), seen);
    [Some(pictures), mask].into_iter().flatten().collect()
}

fn pictures(part: String, policy: Policy, seen: &[Seen]) -> Finding {
    let Some((first, last)) = seen.first().zip(seen.last()) else {
        return Finding::fail(part, "it gave no picture", "is the device on?");
    };
    let constant = sides(last.size);
    let span = last.captured.since(first.captured);
    if span.is_zero() {
        let told = format!("{constant}, one picture and then none");
        return Finding::warn(part, told, "look at the device: theatre calls it lost").measured(constant);
    }
    let rate = (seen.len() - 1) as f64 / span.as_secs_f64();
    let told = format!("{constant} at {rate:.1} pictures/s");
    let stand_still = seen.iter().all(|seen| seen.look == first.look);
    let finding = match stands(policy, seen) {
        Freshness::Unusable => {
            Finding::fail(part, format!("{told}, which cannot be read"), "let the device send another format")
        }
        Freshness::Repeating { .. } => Finding::fail(part, format!("{told}, the very same again and again"), REPEATING),
        Freshness::Black { .. } => {
            Finding::warn(part, format!("{told}, black"), "is there light, the cap off and the right input chosen?")
        }
        _ if stand_still && policy.stills == Stills::Dead => {
            Finding::warn(part, format!("{told}, all the same"), SAME_SO_FAR)
        }
        _ if stand_still => Finding::pass(part, format!("{told}, standing still as it may")),
        _ if rate < FEW => {
            Finding::warn(part, told, "too few for motion: is the machine busy, or the device set to it?")
        }
        _ => Finding::pass(part, told),
    };
    finding.measured(constant)
}

/// How theatre would say that the source stands.
fn stands(policy: Policy, seen: &[Seen]) -> Freshness {
    let mut signal = Signal::new(policy);
    for seen in seen {
        match seen.look {
            Some(look) => signal.picture(look, seen.captured),
            None => signal.trouble(Trouble::Unusable, seen.captured),
        }
    }
    signal.freshness(Freshness::Live)
}

/// Whether a mask that was drawn belongs to pictures of `size`.
fn mask(name: &str, source: &Source, size: SizePx) -> Option<Finding> {
    let Ok(Some(Mask::Areas(areas))) = &source.mask else { return None };
    let (part, drawn) = (format!("mask of {name}"), sides(areas.size));
    if areas.size == size {
        return Some(Finding::pass(part, format!("drawn on {drawn}, as the pictures are")));
    }
    let told = format!("drawn on {drawn}, and the pictures are {}: theatre will withhold them", sides(size));
    let advice = format!(
        "set the device to {drawn}, draw it anew with `capture-node masks --source {name}`, or look during the case and say \
         `capture-node ctl mask confirm {name}`"
    );
    Some(Finding::warn(part, told, advice))
}

fn sides(SizePx { width, height }: SizePx) -> String {
    format!("{width}x{height}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::layout::Role;

    use super::super::finding::Verdict;
    use super::*;
    use crate::config::Kind;
    use crate::config::device::{Area as Part, Screen};
    use crate::config::mask::{Area, Areas};
    use crate::source;

    const SIZE: SizePx = SizePx { width: 640, height: 480 };
    const GRABBER: &str = "videotestsrc is-live=true pattern=";

    fn grabber(role: Role, bin: &str) -> Source {
        Source::new(role, Kind::Gstreamer { bin: bin.into() })
    }

    /// Pictures that differ, 25 a second for two seconds.
    fn moving() -> Vec<Seen> {
        (0..50).map(|number| seen(number * 40, number)).collect()
    }

    fn still() -> Vec<Seen> {
        (0..50).map(|number| seen(number * 40, 7)).collect()
    }

    fn seen(at_ms: u64, print: u64) -> Seen {
        Seen { size: SIZE, look: Some(Look { print, is_dark: false }), captured: MonoTime(at_ms * 1_000) }
    }

    fn of(source: &Source, seen: &[Seen]) -> Finding {
        judged("a", source, seen).remove(0)
    }

    #[test]
    fn a_rate_is_of_the_time_between_pictures_and_a_slow_or_silent_source_is_worth_a_thought() {
        let camera = grabber(Role::Endoscope, "");
        let steady = of(&camera, &moving());
        assert_eq!((steady.verdict, steady.told.as_str()), (Verdict::Pass, "640x480 at 25.0 pictures/s"));
        let slow: Vec<Seen> = (0..3).map(|second| seen(second * 1_000, second)).collect();
        assert_eq!(of(&camera, &slow).verdict, Verdict::Warn);
        let silent = of(&camera, &[seen(7, 7)]);
        assert_eq!((silent.verdict, &silent.constant), (Verdict::Warn, &steady.constant), "what it is did not change");
    }

    #[test]
    fn standing_still_fails_where_theatre_calls_it_dead_warns_where_it_will_and_passes_where_it_may() {
        let screen = Screen { display: None, area: Part::Whole, fps: 10 };
        let held = Source { still_ok: Some(true), ..grabber(Role::Endoscope, "") };
        for (source, verdict) in [
            (grabber(Role::Endoscope, ""), Verdict::Fail),
            (grabber(Role::Room, ""), Verdict::Warn),
            (grabber(Role::Fluoroscopy, ""), Verdict::Pass),
            (held, Verdict::Pass),
            (Source::new(Role::Vitals, Kind::Screen(screen)), Verdict::Pass),
        ] {
            let found = of(&source, &still());
            assert_eq!(found.verdict, verdict, "{source:?}: {}", found.line());
            assert_eq!(of(&source, &moving()).verdict, Verdict::Pass, "{source:?}");
        }
    }

    #[test]
    fn a_screen_that_is_looked_at_seldom_and_shows_nothing_new_passes() {
        let screen = Screen { display: None, area: Part::Whole, fps: 1 };
        let seldom = [seen(0, 7), seen(1_000, 7), seen(2_000, 7)];
        assert_eq!(of(&Source::new(Role::Vitals, Kind::Screen(screen)), &seldom).verdict, Verdict::Pass);
    }

    #[test]
    fn pictures_of_another_size_than_their_mask_was_drawn_on_are_told_to_be_withheld() {
        let areas = |size| Areas { size, areas: vec![Area::Rectangle([0, 0, 10, 10])] };
        let masked = |size| Source { mask: Ok(Some(Mask::Areas(areas(size)))), ..grabber(Role::Room, "") };
        let fits = judged("cart", &masked(SIZE), &moving());
        assert!(fits.iter().all(|found| found.verdict == Verdict::Pass), "{fits:?}");
        let other = judged("cart", &masked(SizePx { width: 1280, height: 720 }), &moving());
        let [pictures, mask] = other.as_slice() else { panic!("{other:?}") };
        assert_eq!((pictures.verdict, mask.verdict), (Verdict::Pass, Verdict::Warn));
        assert!(mask.told.contains("1280x720") && mask.told.contains("640x480"), "{}", mask.told);
        assert!(mask.advice.as_ref().unwrap().contains("mask confirm cart"), "{}", mask.line());
        assert_eq!(judged("cart", &grabber(Role::Room, ""), &moving()).len(), 1, "no mask, no word of it");
    }

    /// What is made of a second of a real pipeline's pictures.
    fn watched(pattern: &str) -> Finding {
        let bin = format!("{GRABBER}{pattern},width=64,height=48,framerate=50/1");
        let source = grabber(Role::Endoscope, &bin);
        let (deliver, seen) = eye();
        let _running = source::open("a", &source, deliver).unwrap();
        let next = || seen.recv_timeout(Duration::from_secs(20)).unwrap();
        of(&source, &(0..60).map(|_| next()).collect::<Vec<_>>())
    }

    #[test]
    fn pictures_of_any_format_are_seen_to_live_repeat_or_be_black() {
        for format in ["I420", "UYVY", "BGRx"] {
            let of = |pattern: &str| watched(&format!("{pattern} ! video/x-raw,format={format}"));
            assert_eq!(of("snow").verdict, Verdict::Pass, "{format}");
            let repeats = of("red");
            assert!(repeats.verdict == Verdict::Fail && repeats.told.contains("same"), "{format}: {}", repeats.line());
            // A sensor's noise in the dark.
            let dark = of("snow ! video/x-raw,format=I420 ! videobalance contrast=0.05 saturation=0 ! videoconvert");
            assert!(dark.verdict == Verdict::Warn && dark.told.contains("black"), "{format}: {}", dark.line());
        }
    }
}
