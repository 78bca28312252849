//! Follows a trace while its program writes it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use program::trace::Record;

use crate::process::Program;
use crate::watch;

/// A trace, read as far as it is written.
pub struct Follower {
    path: PathBuf,
    file: Option<File>,
    unfinished: Vec<u8>,
    records: Vec<Record>,
}

impl Follower {
    /// Follows `path`, which need not exist yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, unfinished: Vec::new(), records: Vec::new() }
    }

    /// Everything written so far.
    ///
    /// # Errors
    /// The file cannot be read or a whole line is no record.
    pub fn records(&mut self) -> Result<&[Record]> {
        if self.file.is_none() && self.path.exists() {
            self.file = Some(File::open(&self.path)?);
        }
        if let Some(file) = &mut self.file {
            file.read_to_end(&mut self.unfinished)?;
            let whole = self.unfinished.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            for line in self.unfinished.drain(..whole).collect::<Vec<_>>().split(|byte| *byte == b'\n') {
                if !line.is_empty() {
                    let record = serde_json::from_slice(line)
                        .with_context(|| format!("{}: {}", self.path.display(), String::from_utf8_lossy(line)))?;
                    self.records.push(record);
                }
            }
        }
        Ok(&self.records)
    }

    /// The first thing `find` makes out of the records, waiting for it at most `limit`.
    ///
    /// # Errors
    /// Nothing by then, or the trace cannot be read.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        limit: Duration,
        mut find: impl FnMut(&[Record]) -> Option<T>,
    ) -> Result<T> {
        let folder = self.path.parent().context("a trace lies in a folder")?.to_owned();
        let what = format!("{}: {what}", self.path.display());
        watch::until(&folder, &what, limit, || Ok(find(self.records()?)))
    }
}

impl Follower {
    /// The same while all of `programs` live: one that ends early ends the wait.
    ///
    /// # Errors
    /// As [`Self::wait_for`], or a program ended; what it printed is part of the text.
    pub fn wait_for_from<T>(
        &mut self,
        programs: &mut [&mut Program],
        what: &str,
        limit: Duration,
        mut find: impl FnMut(&[Record]) -> Option<T>,
    ) -> Result<T> {
        /// How soon the end of a program is noticed.
        const GLANCE: Duration = Duration::from_millis(500);
        let deadline = program::clock::now() + limit;
        loop {
            let left = deadline.since(program::clock::now());
            match self.wait_for(what, left.min(GLANCE), &mut find) {
                Err(error) if left.is_zero() => {
                    let printed = programs.iter().map(|program| program.printed()).collect::<Vec<_>>().join("\n");
                    return Err(error.context(printed));
                }
                Err(_) => programs.iter_mut().try_for_each(|program| program.check_alive())?,
                found => return found,
            }
        }
    }
}

/// Every record of a finished trace.
///
/// # Errors
/// The file cannot be read.
pub fn read(path: &Path) -> Result<Vec<Record>> {
    let mut follower = Follower::new(path);
    Ok(follower.records().with_context(|| format!("trace {}", path.display()))?.to_vec())
}
