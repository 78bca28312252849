//! The folder where theatre's programs meet, the names of the sockets in it, and who may own them.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// Bytes of the longest ending of a socket's name.
pub const LONGEST_SUFFIX_BYTES: usize = PICTURES.len();

const PICTURES: &str = ".pictures";
const BOARD: &str = ".board";
const CONTROL: &str = "control";
const CURTAIN: &str = "curtain";
const LOCK: &str = ".lock";
/// Where `shmsink` keeps its areas, by its own rule named `shmpipe.PID.NUMBER`.
const SHARED_MEMORY: &str = "/dev/shm";

/// Why a window cannot have its place in the folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it cannot be made.
    #[error("run_dir {}: {reason}; name a folder that can be written, or make it and give it to this user", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: io::Error,
    },
    /// Another process shows this source.
    #[error(
        "or-display for `{name}` is already running (process {holder}); stop that one first, or use another run_dir"
    )]
    Running {
        /// The source.
        name: String,
        /// The other process, as it wrote down itself.
        holder: String,
    },
}

/// Makes the folder, open to its owner only, if it is missing.
///
/// # Errors
/// [`Error::Folder`].
pub fn ensure(run_dir: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(run_dir);
    made.map_err(|reason| folder(run_dir, reason))
}

/// Where the window that shows `source` hands out its pictures.
pub fn pictures(run_dir: &Path, source: &str) -> PathBuf {
    run_dir.join(format!("{source}{PICTURES}"))
}

/// Where the window that shows `source` takes its board.
pub fn board(run_dir: &Path, source: &str) -> PathBuf {
    run_dir.join(format!("{source}{BOARD}"))
}

/// Where `capture-node` takes requests of this machine's technician.
pub fn control(run_dir: &Path) -> PathBuf {
    run_dir.join(CONTROL)
}

/// What is there while theatre's curtain is closed.
pub fn curtain(run_dir: &Path) -> PathBuf {
    run_dir.join(CURTAIN)
}

/// The right to be the one window that shows a source. The kernel takes it back when the process ends, however it
/// ends, so every socket found by the holder is a dead predecessor's.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

impl Claim {
    /// Claims `source` below `run_dir`, which is made if it is missing, and clears away shared memory that a killed
    /// predecessor left.
    ///
    /// # Errors
    /// [`Error::Running`] if another process holds it, [`Error::Folder`].
    pub fn take(run_dir: &Path, source: &str) -> Result<Self, Error> {
        ensure(run_dir)?;
        let failed = |reason| folder(run_dir, reason);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = options.open(run_dir.join(format!("{source}{LOCK}"))).map_err(failed)?;
        let locked = flock(&lock, FlockOperation::NonBlockingLockExclusive);
        let mut holder = String::new();
        // Whatever stands there, a number or not, it is only shown or looked up.
        (&lock).take(16).read_to_string(&mut holder).map_err(failed)?;
        match locked {
            Ok(()) => clear_shared_memory(holder.trim()),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::Running { name: source.into(), holder: holder.trim().into() });
            }
            Err(error) => return Err(failed(error.into())),
        }
        lock.set_len(0).map_err(failed)?;
        lock.rewind().map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _lock: lock })
    }
}

fn folder(path: &Path, reason: io::Error) -> Error {
    Error::Folder { path: path.into(), reason }
}

/// Removes the areas of a `shmsink` whose process was killed before it could: each would hold memory until the
/// machine restarts. If the number is another process's by now, its areas are its own and are left alone.
fn clear_shared_memory(pid: &str) {
    // Without a command line there is no process, or only what is left of one that nobody waited for.
    let gone = |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).map_or(true, |command| command.is_empty());
    let dead = pid.parse().is_ok_and(gone);
    let Ok(areas) = std::fs::read_dir(SHARED_MEMORY) else { return };
    for area in areas.flatten().filter(|_| dead) {
        let name = area.file_name();
        // `shmsink` pads the number to five places with blanks.
        let numbers = name.to_str().and_then(|name| name.strip_prefix("shmpipe."));
        let owner = numbers.and_then(|numbers| numbers.split('.').next());
        if owner.is_some_and(|owner| owner.trim() == pid)
            && let Err(error) = std::fs::remove_file(area.path())
        {
            tracing::warn!("{SHARED_MEMORY}: the area of a dead or-display stays: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn only_one_process_at_a_time_can_show_a_source_and_the_folder_is_its_owners() {
        let run_dir = std::env::temp_dir().join(format!("claim-{}", std::process::id()));
        let claim = Claim::take(&run_dir, "endoscope").unwrap();
        let error = Claim::take(&run_dir, "endoscope").unwrap_err().to_string();
        assert!(error.contains("already running") && error.contains(&std::process::id().to_string()), "{error}");
        assert!(Claim::take(&run_dir, "room").is_ok(), "another source is another claim");
        assert_eq!(std::fs::metadata(&run_dir).unwrap().mode() & 0o777, 0o700);
        drop(claim);
        assert!(Claim::take(&run_dir, "endoscope").is_ok());
        std::fs::remove_dir_all(run_dir).unwrap();
    }

    #[test]
    fn shared_memory_of_a_killed_predecessor_is_cleared_and_that_of_others_is_not() {
        let run_dir = std::env::temp_dir().join(format!("clear-{}", std::process::id()));
        ensure(&run_dir).unwrap();
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        let pid = dead.id();
        dead.wait().unwrap();
        std::fs::write(run_dir.join("endoscope.lock"), format!("{pid}\n")).unwrap();
        let area = |pid: u32| Path::new(SHARED_MEMORY).join(format!("shmpipe.{pid:5}.  7"));
        for pid in [pid, std::process::id()] {
            std::fs::write(area(pid), "").unwrap();
        }
        let claim = Claim::take(&run_dir, "endoscope").unwrap();
        assert!(!area(pid).exists() && area(std::process::id()).exists());
        drop(claim);
        std::fs::remove_file(area(std::process::id())).unwrap();
        std::fs::remove_dir_all(run_dir).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_with_its_key() {
        let error = Claim::take(Path::new("/proc/nowhere"), "endoscope").unwrap_err().to_string();
        assert!(error.contains("run_dir /proc/nowhere"), "{error}");
    }
}
