//! A foot pedal that is a keyboard to the system, read where no window server hands on its keys, or whichever window has
//! the focus: Linux input events (`linux/input.h`) from its device file. What a key does is `hand`'s.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, TryRecvError};
use program::worker::Worker;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::hand::{Ear, Press};
use crate::config::pedal_key;

/// `struct input_event` on 64 bit systems: two words of time, type, code and value.
const EVENT_BYTES: usize = 24;
/// Event type of keys, and the values of a release and a press; while it is held there are others.
const EV_KEY: u16 = 1;
const RELEASED: i32 = 0;
const PRESSED: i32 = 1;
/// How often the thread looks whether it is to end, and tries a device that is not there.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
/// A pedal that is read until dropped; one that is unplugged is read again when it is back.
pub struct Pedal {
    _worker: Worker,
}

impl Pedal {
    /// Reads the device file `device` and tells `ear` of each press. A device that is not there is waited for.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn read(device: PathBuf, ear: Ear) -> io::Result<Self> {
        let worker = Worker::start("pedal", move |stopped| keep(&device, &ear, stopped))?;
        Ok(Self { _worker: worker })
    }
}

/// Opens the device again whenever it went, and says once that it is not there.
fn keep(device: &Path, ear: &Ear, stopped: &Receiver<()>) {
    let mut told = false;
    while !is_over(stopped) {
        let end = open(device).and_then(|file| {
            tracing::info!("pedal {}: it is there", device.display());
            told = false;
            follow(file, ear, stopped)
        });
        if let Err(error) = end {
            if !told {
                tracing::warn!(
                    "pedal {}: {error}; it is tried again; is it plugged in, and may this user read it?",
                    device.display()
                );
                told = true;
            }
            // Nothing to wait for but the time.
            let _ = poll(&mut [], Some(&LOOK));
        }
    }
}

fn open(device: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(device)
}

/// Reads until it is over or the device is gone.
fn follow(mut file: File, ear: &Ear, stopped: &Receiver<()>) -> io::Result<()> {
    let mut bytes = [0; EVENT_BYTES * 16];
    while !is_over(stopped) {
        match poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            waited => waited?,
        };
        // The system hands over whole events.
        let count = file.read(&mut bytes)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for event in bytes.get(..count).unwrap_or_default().chunks_exact(EVENT_BYTES) {
            press(event).into_iter().for_each(|press| ear.hear(&press));
        }
    }
    Ok(())
}

/// What an event presses or releases.
fn press(event: &[u8]) -> Option<Press> {
    let (_time, event) = event.split_at_checked(16)?;
    let (kind, event) = event.split_first_chunk::<2>()?;
    let (code, value) = event.split_first_chunk::<2>()?;
    let value = i32::from_ne_bytes(*value.first_chunk::<4>()?);
    let code = u16::from_ne_bytes(*code);
    let name = || pedal_key(code).map(str::to_owned);
    match (u16::from_ne_bytes(*kind), value) {
        (EV_KEY, PRESSED) => name().map(Press::Pedal),
        (EV_KEY, RELEASED) => name().map(Press::Release),
        _ => None,
    }
}

fn is_over(stopped: &Receiver<()>) -> bool {
    stopped.try_recv() == Err(TryRecvError::Disconnected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Keys;
    use crate::or_display::hand::Act;
    use std::io::Write as _;
    use std::time::Duration;

    fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
        [&[0; 16], kind.to_ne_bytes().as_slice(), &code.to_ne_bytes(), &value.to_ne_bytes()].concat()
    }

    #[test]
    fn presses_and_releases_are_told_by_name_and_other_events_are_not() {
        assert_eq!(press(&event(EV_KEY, 35, PRESSED)), Some(Press::Pedal("h".into())));
        assert_eq!(press(&event(EV_KEY, 28, RELEASED)), Some(Press::Release("Return".into())));
        let held = event(EV_KEY, 35, 2);
        for nothing in [held, event(2, 35, 1), event(EV_KEY, 999, 1), vec![0; 3], Vec::new()] {
            assert_eq!(press(&nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_pedal_that_is_plugged_in_later_and_again_is_read() {
        let folder = std::env::temp_dir().join(format!("pedal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let device = folder.join("event");
        let (ear, acts) = Ear::new(Keys::default());
        let pedal = Pedal::read(device.clone(), ear).unwrap();
        for code in [35, 46] {
            rustix::fs::mkfifoat(rustix::fs::CWD, &device, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
            // Opening waits until the pedal reads.
            let mut plug = OpenOptions::new().write(true).open(&device).unwrap();
            plug.write_all(&event(EV_KEY, code, PRESSED)).unwrap();
            let wanted = if code == 35 { Act::HideOrShow } else { Act::Clear };
            assert_eq!(acts.recv_timeout(Duration::from_secs(20)), Ok(wanted));
            std::fs::remove_file(&device).unwrap();
            drop(plug);
        }
        drop(pedal);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
