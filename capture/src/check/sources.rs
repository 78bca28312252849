//! Sources that no window shows: opened, and their pictures looked at for a moment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;
use program::clock;

use super::finding::Finding;
use super::pictures::{self, Seen};
use super::{Node, Try, side_by_side};
use crate::config::{Source, Theatre};
use crate::node;
use crate::vitals::hub::Hub;

/// How long a source may take until its first picture: a camera that wakes up takes two or three seconds.
const FIRST_WITHIN: Duration = Duration::from_secs(6);
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
        Ok(_running) => counted(name, source, &seen),
        Err(error) => {
            let part = format!("source {name}");
            vec![Finding::fail(part, error.to_string(), "mend what it names, or take its table out")]
        }
    }
}

/// What comes out of a source or window.
pub fn counted(name: &str, source: &Source, seen: &Receiver<Seen>) -> Vec<Finding> {
    let Ok(first) = seen.recv_timeout(FIRST_WITHIN) else {
        let told = format!("it gave no picture in {} s", FIRST_WITHIN.as_secs());
        let advice = "is the device on, the cable in and the right input chosen?";
        return vec![Finding::fail(format!("source {name}"), told, advice)];
    };
    judged(name, source, first, seen)
}

fn judged(name: &str, source: &Source, first: Seen, seen: &Receiver<Seen>) -> Vec<Finding> {
    let until = clock::now() + COUNTED;
    let mut all = vec![first];
    while let Ok(next) = seen.recv_timeout(until.since(clock::now())) {
        all.push(next);
    }
    pictures::judged(name, source, &all)
}

#[cfg(test)]
mod tests {
    use protocol::layout::Role;
    use protocol::vitals::Origin;

    use super::super::finding::Verdict;
    use super::*;
    use crate::config::Kind;

    #[test]
    fn vital_signs_that_are_drawn_pass_though_no_monitor_sends_any() {
        let hub = Arc::new(Hub::new(Origin::Monitor, [], clock::now()));
        let found = opened("curves", &Source::new(Role::Vitals, Kind::Vitals), Some(&hub));
        assert!(matches!(found.as_slice(), [one] if one.verdict == Verdict::Pass), "{found:?}");
    }
}
