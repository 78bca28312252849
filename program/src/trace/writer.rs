//! Writes records to a file on a thread of its own. A frame never waits for the disk.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::record::{End, Record, Start};
use crate::clock;

/// Records that may wait for the disk: about ten seconds at 60 frames and 125 pen samples a second. When it is
/// full the record is left out and counted.
const QUEUE_RECORDS: usize = 2048;

/// Why a trace cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be made.
    #[error("trace {}: {reason}; name a file in a folder that exists and can be written", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: std::io::Error,
    },
    /// The system gave no thread.
    #[error("trace: no thread to write it: {0}")]
    Thread(std::io::Error),
}

/// A handle to the trace; clones share one file. Without a file every record is thrown away.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Writer>>);

struct Writer {
    records: Option<Sender<Record>>,
    missing: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Trace {
    /// Opens `path` and writes the first line; `None` gives a trace that throws everything away. What the file holds
    /// already stays: a program that was restarted goes on behind what its former life wrote.
    ///
    /// # Errors
    /// The file or thread cannot be made. A disk that fills later ends the trace with one log line, nothing else.
    pub fn open(path: Option<&Path>, program: &str, version: &str) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|reason| Error::Create { path: path.into(), reason })?;
        let (records, queue) = bounded(QUEUE_RECORDS);
        let missing = Arc::new(AtomicU64::new(0));
        let (counter, path) = (Arc::clone(&missing), path.to_owned());
        let thread = Builder::new()
            .name("trace".into())
            .spawn(move || {
                if let Err(error) = write_all(&queue, BufWriter::new(file), &counter) {
                    tracing::error!("trace {}: {error}; tracing ends here, everything else goes on", path.display());
                }
            })
            .map_err(Error::Thread)?;
        let trace = Self(Some(Arc::new(Writer { records: Some(records), missing, thread: Some(thread) })));
        trace.write(Record::Start(Start {
            program: program.into(),
            version: version.into(),
            pid: std::process::id(),
            mono_us: clock::now().0,
        }));
        Ok(trace)
    }

    /// Whether anything is written at all, for callers whose record costs something to make.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Hands a record to the writing thread. Never waits: with a full queue the record is left out and counted.
    pub fn write(&self, record: Record) {
        let Some(writer) = &self.0 else { return };
        let Some(records) = &writer.records else { return };
        match records.try_send(record) {
            // Disconnected: the disk failed and that was logged.
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                writer.missing.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.records = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the trace thread panicked");
        }
    }
}

/// Writes until every handle is gone; flushes whenever the queue runs empty, so that a reader can follow.
fn write_all(queue: &Receiver<Record>, mut file: BufWriter<File>, missing: &AtomicU64) -> std::io::Result<()> {
    while let Ok(record) = queue.recv() {
        write_line(&mut file, &record)?;
        if queue.is_empty() {
            file.flush()?;
        }
    }
    write_line(&mut file, &Record::End(End { missing_records: missing.load(Ordering::Relaxed) }))?;
    file.flush()
}

fn write_line(file: &mut BufWriter<File>, record: &Record) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, record)?;
    file.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_a_line_between_start_and_end() {
        let path = std::env::temp_dir().join(format!("trace-test-{}.jsonl", std::process::id()));
        let trace = Trace::open(Some(&path), "test", "1").unwrap();
        trace.write(Record::LostFrame { number: 7, damaged: false });
        drop(trace);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let records: Vec<Record> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(matches!(&records[0], Record::Start(start) if start.program == "test"));
        assert_eq!(records[1], Record::LostFrame { number: 7, damaged: false });
        assert_eq!(records[2], Record::End(End { missing_records: 0 }));
    }

    #[test]
    fn a_restarted_program_goes_on_behind_what_its_former_life_wrote() {
        let path = std::env::temp_dir().join(format!("trace-restart-{}.jsonl", std::process::id()));
        for _ in 0..2 {
            drop(Trace::open(Some(&path), "test", "1").unwrap());
        }
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.matches("\"start\"").count(), 2, "{text}");
    }

    #[test]
    fn a_full_disk_ends_the_trace_and_nothing_else() {
        let trace = Trace::open(Some(Path::new("/dev/full")), "test", "1").unwrap();
        for number in 0..10_000 {
            trace.write(Record::LostFrame { number, damaged: false });
        }
        drop(trace);
    }

    #[test]
    fn a_trace_that_cannot_be_made_says_which_file_and_how_to_mend_it() {
        let error = Trace::open(Some(Path::new("/nowhere/t.jsonl")), "test", "1").err().unwrap().to_string();
        assert!(error.contains("/nowhere/t.jsonl") && error.contains("folder that exists"), "{error}");
    }
}
