//! Certificates, ports and paths. Paths are tried as a case would use them: with real sessions, for some seconds.

use std::io::ErrorKind;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};
use program::clock;
use protocol::ids::Epoch;
use transport::driver::{self, End, PathFacts, tls};
use transport::path::State;

use super::Node;
use super::finding::Finding;
use crate::config::Theatre;
use crate::node::participants::{Participants, files};
use crate::node::random;

/// How long consoles are waited for.
const WAITED: Duration = Duration::from_secs(8);
/// How long a path is measured once it lives.
const MEASURED: Duration = Duration::from_secs(4);
/// How often the paths are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A path that loses more than this, in percent, is worth a thought.
const MUCH_LOSS_PCT: f32 = 3.0;
/// A round trip beyond which a mentor draws noticeably late.
const LONG: Duration = Duration::from_millis(150);
/// Days before its end from which on a certificate is to be made anew.
const SOON_DAYS: i64 = 30;

/// All of it.
pub fn all(theatre: &Theatre, node: Node) -> Vec<Finding> {
    let known = theatre.participant.keys().map(|name| certificates(theatre, name));
    let (mut findings, usable): (Vec<Finding>, Vec<bool>) = known.unzip();
    let usable = usable.into_iter().all(|usable| usable);
    if node == Node::Runs {
        let advice = "look at the console's status bar, or stop theatre for a check of everything";
        findings.push(Finding::warn("paths", "capture-node runs and has them; not tried", advice));
    } else if usable {
        findings.extend(paths(theatre));
    } else {
        findings.extend(ports(theatre));
        findings.push(Finding::warn("paths", "not tried: they need certificates", "mend those first"));
    }
    findings
}

/// The certificates with which theatre and the participant called `name` know each other, and whether a session can be
/// tried with them.
fn certificates(theatre: &Theatre, name: &str) -> (Finding, bool) {
    let part = format!("certificates for {name}");
    let Some(participant) = theatre.participant.get(name) else { return (Finding::pass(part, ""), false) };
    match tls::Credentials::load(&files(theatre, participant), tls::UnixTime::now()) {
        Ok(credentials) => (lasting(part, credentials.days_left(tls::UnixTime::now())), true),
        // Not made yet: everything else can be tried all the same.
        Err(tls::Error::Read { what, file, source, .. }) if source.kind() == ErrorKind::NotFound => {
            let told = format!("there is no {what} {}", file.display());
            (Finding::warn(part, told, "make one as README says, and exchange it with the console"), false)
        }
        Err(error) => (Finding::fail(part, error.to_string(), "make it anew as README says"), false),
    }
}

/// Certificates that can be used, theatre's own for so many days.
fn lasting(part: String, days_left: Option<i64>) -> Finding {
    match days_left {
        Some(days) if days < SOON_DAYS => {
            let told = format!("theatre's own ends in {days} days");
            Finding::warn(part, told, "make a new one and give it to everybody").measured("ends soon")
        }
        _ => Finding::pass(part, "valid, and keys belong to them"),
    }
}

/// Whether the ports that theatre listens on can be had.
fn ports(theatre: &Theatre) -> Vec<Finding> {
    let paths = theatre.participant.iter().filter_map(|(name, who)| Some((name, who.paths().ok()?)));
    let ends = paths.flat_map(|(name, paths)| paths.into_iter().map(move |path| (name.clone(), path)));
    let listening = ends.filter_map(|(name, path)| match path.end {
        End::Listen(address) => Some((format!("port of {name}'s path {}", path.name), address)),
        End::Dial(_) => None,
    });
    let tried = listening.map(|(part, address)| match std::net::UdpSocket::bind(address) {
        Ok(_) => Finding::pass(part, format!("{address} is free")),
        Err(error) => {
            Finding::fail(part, format!("{address}: {error}"), "stop what uses it, or change `listen` at both ends")
        }
    });
    tried.collect()
}

/// Waits for the consoles, and says how each path is.
fn paths(theatre: &Theatre) -> Vec<Finding> {
    // A life of its own, so that consoles take it for no other.
    let (participants, _events) = match Participants::start(theatre, Epoch(random() as u32)) {
        Ok(started) => started,
        Err(error) => return vec![Finding::fail("paths", error.to_string(), "mend what it names")],
    };
    // Nothing is ever sent: waiting on it is a clock that can be read.
    let (_never, clock_only) = bounded::<()>(0);
    let deadline = clock::now() + WAITED;
    let all_live = || {
        let mut paths = participants.members().iter().flat_map(|member| member.facts().paths);
        paths.all(|path| path.facts.state == State::Live)
    };
    while !all_live() && clock::now() < deadline {
        if clock_only.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
            break;
        }
    }
    let any_live = participants.members().iter().any(|member| is_here(&member.facts()));
    if any_live {
        let _ = clock_only.recv_timeout(MEASURED);
    }
    participants.members().iter().flat_map(|member| member_paths(&member.name, &member.facts())).collect()
}

fn is_here(facts: &driver::Facts) -> bool {
    facts.paths.iter().any(|path| path.facts.state == State::Live)
}

fn member_paths(name: &str, facts: &driver::Facts) -> Vec<Finding> {
    if !is_here(facts) {
        let reasons =
            facts.paths.iter().filter_map(|path| Some(format!("{}: {}", path.name, path.facts.why.as_ref()?)));
        let mut told = vec!["not connected".to_owned()];
        told.extend(reasons);
        let advice = "start the console there; once it runs, this check tells round trip and loss of each path";
        return vec![Finding::warn(format!("console {name}"), told.join("; "), advice).measured("not connected")];
    }
    facts.paths.iter().map(|path| path_finding(name, path)).collect()
}

fn path_finding(name: &str, path: &PathFacts) -> Finding {
    let part = format!("path {} to {name}", path.name);
    let facts = &path.facts;
    if facts.state != State::Live {
        let why = facts.why.clone().unwrap_or_else(|| format!("{:?}", facts.state).to_lowercase());
        return Finding::fail(part, why, "the console is there by another path: look at this line and its firewall")
            .measured("down");
    }
    let losses = [facts.loss_in_pct, facts.loss_out_pct];
    measured(part, facts.rtt.map(|rtt| rtt.smoothed), losses.into_iter().flatten().reduce(f32::max))
}

/// A path that lives: its round trip, and the loss of its worse direction in percent, as far as they were measured.
fn measured(part: String, rtt: Option<Duration>, loss_pct: Option<f32>) -> Finding {
    let (Some(rtt), Some(loss_pct)) = (rtt, loss_pct) else {
        let advice = "check again; if it stays so, the line passes nothing but greetings";
        let seconds = MEASURED.as_secs();
        let told = format!("it is up, but round trip and loss could not be measured in {seconds} s");
        return Finding::warn(part, told, advice).measured("up, not measured");
    };
    let told = format!("round trip {:.0} ms, {loss_pct:.1} % lost", rtt.as_secs_f64() * 1e3);
    if loss_pct > MUCH_LOSS_PCT || rtt > LONG {
        let advice = "usable, and not good: is it the line that was meant, and is nothing else using it?";
        return Finding::warn(part, told, advice).measured("up, poor");
    }
    Finding::pass(part, told).measured("up")
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_path_is_judged_by_what_was_measured_and_no_number_is_made_up() {
        let path = |rtt_ms: Option<u64>, loss| measured("path a".into(), rtt_ms.map(Duration::from_millis), loss);
        assert_eq!(path(Some(12), Some(0.0)).told, "round trip 12 ms, 0.0 % lost");
        for (rtt, loss) in [(None, None), (Some(12), None), (None, Some(0.0))] {
            let finding = path(rtt, loss);
            assert_eq!(finding.verdict, Verdict::Warn);
            assert!(finding.told.contains("could not be measured"), "{}", finding.told);
        }
        assert_eq!(
            (path(Some(160), Some(0.0)).verdict, path(Some(12), Some(4.0)).verdict),
            (Verdict::Warn, Verdict::Warn)
        );
    }

    #[test]
    fn a_certificate_that_ends_soon_is_worth_a_thought_and_says_when() {
        let verdict = |days| lasting("certificates for anna".into(), Some(days));
        assert_eq!((verdict(29).verdict, verdict(30).verdict), (Verdict::Warn, Verdict::Pass));
        assert!(verdict(3).told.contains("3 days"), "{}", verdict(3).told);
    }
}
