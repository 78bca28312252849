//! Vital signs: brought in for a moment as theatre would.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use program::clock;
use protocol::message::Message;
use protocol::vitals::{Feed, FeedState, Origin, Vitals};

use super::Node;
use super::finding::Finding;
use crate::config;
use crate::vitals::{self, hub::Hub};

/// How long values are waited for: monitors connect again every few seconds.
const WITHIN: Duration = Duration::from_secs(6);

/// What the finding is called.
const PART: &str = "vital signs";

/// Vital signs on trial: where they come from, and where they meet.
pub struct Trial<'a> {
    from: &'a config::Vitals,
    hub: Arc<Hub>,
    /// Receives once values come.
    came: Receiver<()>,
}

impl<'a> Trial<'a> {
    /// Nothing is brought in yet.
    pub fn new(from: &'a config::Vitals) -> Self {
        let (tell, came) = bounded(1);
        let tell: vitals::hub::Send = Box::new(move |message| tell_if_live(message, &tell));
        Self { from, hub: Arc::new(Hub::new(vitals::origin(from), [tell], clock::now())), came }
    }

    /// From where a tile draws them.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Brings them in and waits until values come.
    pub fn tried(&self, node: Node) -> Finding {
        self.within(node, WITHIN)
    }

    fn within(&self, node: Node, limit: Duration) -> Finding {
        if node == Node::Runs {
            let advice = "look at the console's panel, or stop theatre for a check of everything";
            return Finding::warn(PART, "capture-node runs and has them; not tried", advice);
        }
        match vitals::start(self.from, Arc::clone(&self.hub)) {
            Ok(_running) if self.came.recv_timeout(limit).is_ok() => Finding::pass(PART, values(self.from)),
            Ok(_running) => silent(self.from, limit),
            Err(error) => Finding::fail(PART, error.to_string(), "mend what it names, or take out the table [vitals]"),
        }
    }
}

/// Takes what a participant would be told.
fn tell_if_live(message: &Message, tell: &Sender<()>) -> bool {
    if let Message::Vitals(Vitals::Feed(Feed { state: FeedState::Live, .. })) = message {
        // Once is enough.
        tell.try_send(()).ok();
    }
    true
}

fn values(from: &config::Vitals) -> &'static str {
    match vitals::origin(from) {
        Origin::Monitor => "a monitor's values come",
        Origin::Recording => "recorded values come",
        Origin::Generated => "generated values come, which are nobody's",
    }
}

fn silent(from: &config::Vitals, limit: Duration) -> Finding {
    let seconds = limit.as_secs();
    let (told, advice) = match from {
        config::Vitals::Hl7 { listen, .. } => (
            format!("monitors may connect to {listen}; no value came in {seconds} s"),
            "does the monitor or its gateway send there, from the bed in `bed`? One that sends once a minute may be well",
        ),
        config::Vitals::Wfdb { .. } | config::Vitals::Generator => {
            (format!("no value came in {seconds} s"), "name another record in `records`")
        }
    };
    Finding::warn(PART, told, advice).measured("no value came")
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::super::finding::Verdict;
    use super::*;

    fn monitors(listen: SocketAddr) -> config::Vitals {
        config::Vitals::Hl7 { listen, bed: "OR^3^1".into() }
    }

    fn tried(from: &config::Vitals, node: Node) -> Finding {
        Trial::new(from).within(node, Duration::from_millis(1))
    }

    #[test]
    fn generated_values_come_and_are_called_so() {
        let found = Trial::new(&config::Vitals::Generator).tried(Node::Stands);
        assert!(found.verdict == Verdict::Pass && found.told.contains("generated"), "{}", found.line());
    }

    #[test]
    fn a_port_that_is_taken_and_a_record_that_is_not_there_fail_with_their_names() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = taken.local_addr().unwrap();
        let missing = config::Vitals::Wfdb { records: vec!["/nowhere/03700181".into()] };
        for (from, name) in [(monitors(listen), listen.to_string()), (missing, "/nowhere/03700181".to_owned())] {
            let found = tried(&from, Node::Stands);
            assert!(found.verdict == Verdict::Fail && found.told.contains(&name), "{}", found.line());
        }
    }

    #[test]
    fn monitors_that_say_nothing_are_worth_a_thought() {
        let found = tried(&monitors(([127, 0, 0, 1], 0).into()), Node::Stands);
        assert!(found.verdict == Verdict::Warn && found.told.contains("no value"), "{}", found.line());
    }

    #[test]
    fn a_node_that_runs_keeps_its_port() {
        let running = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = tried(&monitors(running.local_addr().unwrap()), Node::Runs);
        assert!(found.verdict == Verdict::Warn && found.told.contains("not tried"), "{}", found.line());
    }
}
