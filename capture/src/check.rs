//! The check before a case: every source, window, vital signs, the encoder, clock, disk, certificates, ports and each path is tried, and
//! each finding says what was seen and, where it is not as it should be, what to do (requirement W5).
//!
//! What runs already is left alone: a window that is up is judged by the pictures it hands out, and sessions of a running
//! `capture-node` are not disturbed. All parts are tried side by side, so that the slowest decides how long it takes.

mod display;
pub mod finding;
mod judgement;
mod machine;
pub mod memory;
mod network;
mod picture;
mod pictures;
mod sources;
mod vitals;

use std::path::Path;
use std::thread::{self, Builder};

use program::clock;
use serde::{Deserialize, Serialize};

use crate::config::Theatre;
use crate::control;
use crate::run_dir;
use finding::{Finding, Verdict};

/// All that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The worst of the findings.
    pub verdict: Verdict,
    /// In the order of the operation: pictures first, the network last.
    pub findings: Vec<Finding>,
    /// What is different from the last time nothing failed, in words.
    pub changed: Vec<String>,
    /// How long it took.
    pub took_ms: u64,
    /// What no check can see, and somebody has to.
    pub reminder: String,
}

/// What this machine cannot see of the theatre it stands in.
const REMINDER: &str = "The surgeon's own monitor stays on the tower's own output, or behind a hardware bypass; the OR display is a \
                        monitor beside it. No check sees that: look at the cables.";

/// Whether `capture-node` runs for this theatre already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Runs,
    Stands,
}

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything in theatre, and the paths.
    All,
    /// The way of a picture to each console.
    Picture,
}

/// Tries what the file at `config` names. Takes less than 30 seconds.
pub fn run(config: &Path, scope: Scope) -> Report {
    let began = clock::now();
    let mut findings = match Theatre::load(config) {
        Ok(theatre) if scope == Scope::Picture => way(&theatre),
        Ok(theatre) => try_all(&theatre, config),
        Err(error) => {
            vec![Finding::fail("configuration", error.to_string(), "mend the key it names; the rest was not tried")]
        }
    };
    findings.retain(|finding| !finding.told.is_empty());
    let verdict = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Pass);
    // A picture's way says nothing of what a full check found.
    let changed = match scope {
        Scope::All => memory::changes(&memory::path(config), verdict, &findings),
        Scope::Picture => Vec::new(),
    };
    let took_ms = clock::now().since(began).as_millis() as u64;
    Report { verdict, findings, changed, took_ms, reminder: REMINDER.into() }
}

fn try_all(theatre: &Theatre, config: &Path) -> Vec<Finding> {
    let node = match control::Server::is_there(&run_dir::control(&theatre.run_dir)) {
        true => Node::Runs,
        false => Node::Stands,
    };
    let vital_signs = theatre.vitals.as_ref().map(vitals::Trial::new);
    let hub = vital_signs.as_ref().map(vitals::Trial::hub);
    let parts: [(&str, Try<'_>); 6] = [
        ("windows", Box::new(|| display::windows(theatre))),
        ("sources", Box::new(|| sources::others(theatre, node, hub))),
        ("masks", Box::new(|| masks(theatre))),
        ("vital signs", Box::new(|| vital_signs.iter().map(|trial| trial.tried(node)).collect())),
        ("machine", Box::new(|| machine::all(theatre, config))),
        ("network", Box::new(|| network::all(theatre, node))),
    ];
    side_by_side(parts.map(|(name, part)| (name.to_owned(), part)))
}

/// Masks that are wrong, or missing where somebody has to decide.
fn masks(theatre: &Theatre) -> Vec<Finding> {
    let advice = "until then none of its pictures leave theatre; the others do";
    theatre.mask_faults().into_iter().map(|fault| Finding::fail("mask", fault, advice)).collect()
}

fn way(theatre: &Theatre) -> Vec<Finding> {
    if control::Server::is_there(&run_dir::control(&theatre.run_dir)) {
        let advice = "stop theatre first: a test picture must never take an operation's place";
        return vec![Finding::fail("test picture", "capture-node runs", advice)];
    }
    picture::judged(theatre)
}

/// One thing to be tried.
type Try<'a> = Box<dyn FnOnce() -> Vec<Finding> + Send + 'a>;

/// Tries all at the same time, each on a thread of its own. One that breaks says so; the others go on.
fn side_by_side<'a>(tries: impl IntoIterator<Item = (String, Try<'a>)>) -> Vec<Finding> {
    thread::scope(|scope| {
        let begun: Vec<_> = tries
            .into_iter()
            .map(|(name, part)| (Builder::new().name(format!("check {name}")).spawn_scoped(scope, part), name))
            .collect();
        let ended = begun.into_iter().flat_map(|(thread, name)| {
            let broke = |why: &str| vec![Finding::fail(&name, why, "report this with the output of the check")];
            match thread {
                Ok(thread) => thread.join().unwrap_or_else(|_| broke("the check itself broke here")),
                Err(error) => broke(&format!("the system gives no thread: {error}")),
            }
        });
        ended.collect()
    })
}

impl Report {
    /// For people at a terminal.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = self.findings.iter().map(Finding::line).collect();
        if !self.changed.is_empty() {
            lines.push("\nChanged since nothing failed last:".into());
            lines.extend(self.changed.iter().map(|change| format!("  {change}")));
        }
        lines.push(format!("\n{}", self.reminder));
        let count = |verdict| self.findings.iter().filter(|finding| finding.verdict == verdict).count();
        let (warn, fail) = (count(Verdict::Warn), count(Verdict::Fail));
        lines.push(format!(
            "\n{}: {} passed, {warn} warned, {fail} failed, in {:.1} s",
            self.verdict.word().to_uppercase(),
            count(Verdict::Pass),
            self.took_ms as f64 / 1e3
        ));
        lines.join("\n")
    }
}
