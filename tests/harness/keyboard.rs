//! Single keys from the terminal that a run was started in.

use std::io::Read as _;
use std::time::Duration;

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr};
use rustix::time::Timespec;

/// The terminal, giving keys as they are pressed; set back when dropped.
pub struct Keyboard {
    before: Termios,
}

impl Keyboard {
    /// Takes the terminal on standard input; `None` where there is none.
    ///
    /// # Errors
    /// The terminal cannot be set.
    pub fn take() -> Result<Option<Self>> {
        let stdin = std::io::stdin();
        if !isatty(&stdin) {
            return Ok(None);
        }
        let before = tcgetattr(&stdin)?;
        let mut keys = before.clone();
        keys.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Now, &keys)?;
        Ok(Some(Self { before }))
    }

    /// The key pressed within `limit`, if any.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn key(&self, limit: Duration) -> Result<Option<u8>> {
        let mut stdin = std::io::stdin();
        let limit = Timespec::try_from(limit)?;
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&limit)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            waited => waited?,
        };
        let mut key = [0];
        Ok((stdin.read(&mut key)? == 1).then_some(key[0]))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.before) {
            eprintln!("the terminal could not be set back ({error}); type `reset`");
        }
    }
}
