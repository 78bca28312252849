//! Sources that no window shows: opened, and their pictures looked at for a moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, select};
use program::clock;

use super::finding::Finding;
use super::pictures::{self, Seen};
use super::{Node, Try, side_by_side};
use crate::config::{Kind, Source, Theatre};
use crate::node;
use crate::source::Event;
use crate::vitals::hub::Hub;

/// How long a source of this machine may take until its first picture: a camera that wakes up takes two or three seconds.
const FIRST_WITHIN: Duration = Duration::from_secs(6);
/// How long one that comes over a network may take: pictures that stand alone come every ten seconds at least
/// (`crate::source`), and nothing is seen before one.
const FIRST_FROM_AFAR_WITHIN: Duration = Duration::from_secs(12);
/// How long pictures are counted then.
const COUNTED: Duration = Duration::from_secs(2);

/// Every source that no window opens, side by side; vital signs are drawn from `hub`.
pub fn others(theatre: &Theatre, node: Node, hub: Option<&Arc<Hub>>) -> Vec<Finding> {
    let windows = theatre.windows();
    let others: BTreeMap<_, _> = theatre.source.iter().filter(|(name, _)| !windows.contains(&name.as_str())).collect();
    if node == Node::Runs {
        let advice = "stop theatre for a check of everything, or look at its tile";
        let left =
            |name: &&String| Finding::warn(format!("source {name}"), "capture-node runs and has it; not tried", advice);
        return others.keys().map(left).collect();
    }
    let tried = |(name, source): (&String, &Source)| {
        let (named, source, hub) = (name.clone(), source.clone(), hub.cloned());
        let part: Try<'_> = Box::new(move || opened(&named, &source, hub.as_ref()));
        (name.clone(), part)
    };
    side_by_side(others.into_iter().map(tried))
}

/// Opens a source as theatre does and looks at its pictures.
pub fn opened(name: &str, source: &Source, hub: Option<&Arc<Hub>>) -> Vec<Finding> {
    let (deliver, seen) = pictures::eye();
    match node::open(name, source, hub, deliver) {
        Ok(running) => counted(name, source, &seen, running.events()),
        Err(error) => {
            let part = format!("source {name}");
            vec![Finding::fail(part, error.to_string(), "mend what it names, or take its table out")]
        }
    }
}

/// What comes out of a source or window that may say by `events` that it is over.
pub fn counted(name: &str, source: &Source, seen: &Receiver<Seen>, events: &Receiver<Event>) -> Vec<Finding> {
    let within = first_within(&source.kind);
    let told = select! {
        recv(seen) -> first => match first {
            Ok(first) => return judged(name, source, first, seen),
            Err(_) => "it ended before its first picture".to_owned(),
        },
        recv(events) -> event => match event {
            Ok(Event::Failed { what } | Event::Unfit { what }) => what,
            Ok(Event::Ended) | Err(_) => "it ended before its first picture".to_owned(),
        },
        default(within) => format!("it gave no picture in {} s", within.as_secs()),
    };
    vec![Finding::fail(format!("source {name}"), told, "is the device on, the cable in and the right input chosen?")]
}

fn judged(name: &str, source: &Source, first: Seen, seen: &Receiver<Seen>) -> Vec<Finding> {
    let until = clock::now() + COUNTED;
    let mut all = vec![first];
    while let Ok(next) = seen.recv_timeout(until.since(clock::now())) {
        all.push(next);
    }
    pictures::judged(name, source, &all)
}

/// How long a source of this kind may take until its first picture.
pub fn first_within(kind: &Kind) -> Duration {
    match kind {
        Kind::Rtsp(_) | Kind::Srt(_) | Kind::Rtp(_) => FIRST_FROM_AFAR_WITHIN,
        _ => FIRST_WITHIN,
    }
}

#[cfg(test)]
mod tests {
    use protocol::layout::Role;
    use protocol::vitals::Origin;

    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn vital_signs_that_are_drawn_pass_though_no_monitor_sends_any() {
        let hub = Arc::new(Hub::new(Origin::Monitor, [], clock::now()));
        let found = opened("curves", &Source::new(Role::Vitals, Kind::Vitals), Some(&hub));
        assert!(matches!(found.as_slice(), [one] if one.verdict == Verdict::Pass), "{found:?}");
    }

    #[test]
    fn a_source_that_breaks_fails_with_what_it_says_of_itself() {
        let bin = "videotestsrc is-live=true num-buffers=0 ! video/x-raw,width=64,height=48".into();
        let found = opened("camera", &Source::new(Role::Room, Kind::Gstreamer { bin }), None);
        assert!(matches!(found.as_slice(), [one] if one.verdict == Verdict::Fail), "{found:?}");
        assert!(!found[0].told.contains(" 6 s"), "it is not waited for: {}", found[0].line());
    }
}
