//! Sources that no window shows: opened, and their pictures counted for a moment.

use std::collections::BTreeMap;
use std::time::Duration;

use crossbeam_channel::{Receiver, TrySendError, bounded};
use media::picture::Picture;
use program::clock;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::finding::Finding;
use super::{Node, Try, side_by_side};
use crate::config::{Source, Theatre};
use crate::mask::burned;
use crate::source;

/// How long a source may take until its first picture: a camera that wakes up takes two or three seconds.
const FIRST_WITHIN: Duration = Duration::from_secs(6);
/// How long pictures are counted then.
const COUNTED: Duration = Duration::from_secs(2);
/// Fewer pictures a second than this are no motion.
const FEW: f64 = 5.0;
/// Pictures that may wait to be counted: a second's at 240 Hz. More would only be counted late.
const WAITING: usize = 256;

/// Every source that no window opens, side by side.
pub fn others(theatre: &Theatre, node: Node) -> Vec<Finding> {
    let windows = theatre.windows();
    let others: BTreeMap<_, _> = theatre.source.iter().filter(|(name, _)| !windows.contains(&name.as_str())).collect();
    if node == Node::Runs {
        let advice = "stop theatre for a check of everything, or look at its tile";
        let left =
            |name: &&String| Finding::warn(format!("source {name}"), "capture-node runs and has it; not tried", advice);
        return others.keys().map(left).collect();
    }
    let tried = |(name, source): (&String, &Source)| {
        let (named, source) = (name.clone(), source.clone());
        let part: Try<'_> = Box::new(move || vec![opened(&named, &source)]);
        (name.clone(), part)
    };
    side_by_side(others.into_iter().map(tried))
}

/// Opens a source and counts its pictures.
pub fn opened(name: &str, source: &Source) -> Finding {
    let (deliver, pictures) = bounded(WAITING);
    let deliver = move |picture| match deliver.try_send(picture) {
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    };
    let opened = burned::check(name, source).and_then(|()| source::open(name, source, deliver));
    match opened {
        Ok(_running) => counted(name, &pictures),
        Err(error) => {
            Finding::fail(format!("source {name}"), error.to_string(), "mend what it names, or take its table out")
        }
    }
}

/// What comes out of a source or window.
pub fn counted(name: &str, pictures: &Receiver<Picture>) -> Finding {
    let part = format!("source {name}");
    let Ok(first) = pictures.recv_timeout(FIRST_WITHIN) else {
        let told = format!("it gave no picture in {} s", FIRST_WITHIN.as_secs());
        return Finding::fail(part, told, "is the device on, the cable in and the right input chosen?");
    };
    let until = clock::now() + COUNTED;
    let mut captured = vec![first.captured];
    while let Ok(picture) = pictures.recv_timeout(until.since(clock::now())) {
        captured.push(picture.captured);
    }
    judged(part, first.size(), &captured)
}

fn judged(part: String, SizePx { width, height }: SizePx, captured: &[MonoTime]) -> Finding {
    let span = captured.first().zip(captured.last()).map_or(Duration::ZERO, |(first, last)| last.since(*first));
    let constant = format!("{width}x{height}");
    if span.is_zero() {
        let told = format!("{constant}, one picture that does not move");
        return Finding::warn(part, told, "right for a still; else look at the device").measured(constant);
    }
    let rate = (captured.len() - 1) as f64 / span.as_secs_f64();
    let told = format!("{constant} at {rate:.1} pictures/s");
    if rate < FEW {
        return Finding::warn(part, told, "too few for motion: is the machine busy, or the device set to it?")
            .measured(constant);
    }
    Finding::pass(part, told).measured(constant)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    const SIZE: SizePx = SizePx { width: 640, height: 480 };

    fn at(times_ms: &[u64]) -> Finding {
        let captured: Vec<MonoTime> = times_ms.iter().map(|ms| MonoTime(ms * 1_000)).collect();
        judged("source a".into(), SIZE, &captured)
    }

    #[test]
    fn a_rate_is_of_the_time_between_pictures_and_a_slow_or_still_source_is_worth_a_thought() {
        let steady = at(&[0, 40, 80, 120]);
        assert_eq!((steady.verdict, steady.told.as_str()), (Verdict::Pass, "640x480 at 25.0 pictures/s"));
        assert_eq!(at(&[0, 1_000, 2_000]).verdict, Verdict::Warn);
        let still = at(&[7]);
        assert_eq!(still.verdict, Verdict::Warn);
        assert_eq!(still.constant, steady.constant, "what it is did not change");
    }
}
