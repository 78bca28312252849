//! How one source stands, concluded from the pictures it gives and what it says of itself. A pure unit: pictures come
//! as [`Look`]s, every time is handed in.
//!
//! Silence is the canvas's to tell (`crate::canvas::drive`); here is told what silence cannot: that a source ended,
//! broke or gives what cannot be shown, and that pictures come but are no news. What is done about it is left to the
//! caller: opening a source again to `crate::node`, words and pictures to the canvas and the console.

mod look;
mod policy;

use std::time::Duration;

pub use look::{Look, is_dark, print};
pub use policy::{Policy, Stills};
use protocol::frame::Freshness;
use protocol::time::MonoTime;
use serde::{Deserialize, Serialize};

/// Darkness after which a picture counts as black: longer than a light source takes to switch and a recording to cut,
/// and soon enough that nobody asks before it is said.
pub const BLACK_AFTER: Duration = Duration::from_secs(1);

/// What keeps a source from giving pictures that can be shown. The next good picture ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trouble {
    /// It said that it is at its end.
    Ended,
    /// It cannot be opened, or broke.
    Failed,
    /// Its pictures cannot be shown.
    Unusable,
}

impl Trouble {
    /// As people in theatre read it in place of the picture.
    pub fn words(self) -> &'static str {
        match self {
            Self::Ended => "SOURCE ENDED",
            Self::Failed => "SOURCE FAILED",
            Self::Unusable => "WRONG FORMAT",
        }
    }
}

/// What is known of one source.
#[derive(Debug, Clone)]
pub struct Signal {
    policy: Policy,
    /// What is wrong, and since when.
    trouble: Option<(Trouble, MonoTime)>,
    run: Option<Run>,
    /// Since when every picture has been dark.
    dark_since: Option<MonoTime>,
}

/// Pictures that followed each other and were the same.
#[derive(Debug, Clone, Copy)]
struct Run {
    print: u64,
    since: MonoTime,
    last: MonoTime,
    repeats: u32,
}

impl Signal {
    /// A source of which nothing is known yet.
    pub fn new(policy: Policy) -> Self {
        Self { policy, trouble: None, run: None, dark_since: None }
    }

    /// A picture came that was captured at `captured` and looks like `look`. One that was still on its way when something
    /// went wrong changes nothing.
    pub fn picture(&mut self, look: Look, captured: MonoTime) {
        if self.trouble.is_some_and(|(_, at)| captured < at) {
            return;
        }
        self.trouble = None;
        match &mut self.run {
            Some(run) if run.print == look.print => {
                run.last = captured;
                run.repeats = run.repeats.saturating_add(1);
            }
            run => *run = Some(Run { print: look.print, since: captured, last: captured, repeats: 0 }),
        }
        self.dark_since = if look.is_dark { self.dark_since.or(Some(captured)) } else { None };
    }

    /// Something went wrong at `at`. What came before tells nothing of what comes after.
    pub fn trouble(&mut self, trouble: Trouble, at: MonoTime) {
        self.trouble = Some((trouble, at));
        (self.run, self.dark_since) = (None, None);
    }

    /// How the source stands, where `heard` says whether pictures come at all.
    ///
    /// The same picture again and again proves that a source is dead, black or not, where its [`Policy`] says that it
    /// never stands still. Darkness that moves is a living source without light.
    pub fn freshness(&self, heard: Freshness) -> Freshness {
        match self.trouble {
            Some((Trouble::Ended, _)) => return Freshness::Ended,
            Some((Trouble::Failed, _)) => return Freshness::Failed,
            Some((Trouble::Unusable, _)) => return Freshness::Unusable,
            None => {}
        }
        let Some(run) = self.run.filter(|_| heard == Freshness::Live) else { return heard };
        let stands_still = run.repeats >= self.policy.repeats && run.last.since(run.since) >= self.policy.after;
        let since = run.since.as_session_in_theatre();
        if stands_still && self.policy.stills == Stills::Dead {
            return Freshness::Repeating { since };
        }
        if let Some(dark) = self.dark_since.filter(|dark| run.last.since(*dark) >= BLACK_AFTER) {
            return Freshness::Black { since: dark.as_session_in_theatre() };
        }
        if stands_still && self.policy.stills == Stills::Held {
            return Freshness::Held { since };
        }
        heard
    }
}

#[cfg(test)]
mod tests;
