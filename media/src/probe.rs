//! Finding out which of several ways this machine has: each is tried in order, and the first that does what is asked of it is taken.
//! What was taken, and why no other, can be told.

use std::fmt;

/// One of several ways.
pub trait Candidate: Copy + fmt::Display {
    /// Whether a chip of its own does the work.
    fn is_hardware(self) -> bool;
}

/// What was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report<C> {
    /// The one taken.
    pub chosen: C,
    /// Those tried before it, each with what is wrong, in one line.
    pub passed_over: Vec<(C, String)>,
}

/// None does what is asked. Told as what is wrong with each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", told(.0))]
pub struct NoneWorks<C: Candidate>(pub Vec<(C, String)>);

impl<C: Candidate> fmt::Display for Report<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.chosen.is_hardware() { "hardware" } else { "processor" };
        write!(f, "{} ({place})", self.chosen)?;
        if !self.passed_over.is_empty() {
            write!(f, "; not taken: {}", told(&self.passed_over))?;
        }
        Ok(())
    }
}

/// Tries `candidates` in their order; `try_out` says in one line what is wrong with one.
///
/// # Errors
/// [`NoneWorks`].
pub(crate) fn first<C: Candidate, T>(
    candidates: impl IntoIterator<Item = C>,
    mut try_out: impl FnMut(C) -> Result<T, String>,
) -> Result<(Report<C>, T), NoneWorks<C>> {
    let mut passed_over = Vec::new();
    for candidate in candidates {
        match try_out(candidate) {
            Ok(made) => return Ok((Report { chosen: candidate, passed_over }, made)),
            Err(fault) => passed_over.push((candidate, fault)),
        }
    }
    Err(NoneWorks(passed_over))
}

fn told<C: Candidate>(tried: &[(C, String)]) -> String {
    match tried {
        [] => "the configuration allows none".to_owned(),
        tried => tried.iter().map(|(candidate, fault)| format!("{candidate}: {fault}")).collect::<Vec<_>>().join("; "),
    }
}
