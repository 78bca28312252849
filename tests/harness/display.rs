//! X servers: a virtual one per end where there is no display, so that theatre and console each have a screen and a
//! pointer of their own, as two machines would.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::process::Program;

/// A display to put windows on.
pub struct Display {
    name: String,
    server: Option<Program>,
}

impl Display {
    /// The display this process was given by the environment, if any.
    pub fn from_environment() -> Option<Self> {
        let name = std::env::var("DISPLAY").ok().filter(|name| !name.is_empty())?;
        Some(Self { name, server: None })
    }

    /// A new virtual server with one screen of the given size; it picks a free display number itself.
    ///
    /// # Errors
    /// `Xvfb` is not installed or does not come up.
    pub fn start_virtual(width: u16, height: u16, log: &Path) -> Result<Self> {
        // The server writes its number to this pipe once it accepts clients; the descriptor must survive the exec.
        let (read, write) = pipe_with(PipeFlags::empty())?;
        rustix::io::fcntl_setfd(&read, rustix::io::FdFlags::CLOEXEC)?;
        let mut command = Command::new("Xvfb");
        command.args(["-displayfd", &write.as_raw_fd().to_string(), "-nolisten", "tcp", "-noreset"]);
        command.args(["-screen", "0", &format!("{width}x{height}x24")]);
        let server = Program::start("Xvfb", command, log).context("is the package xvfb installed?")?;
        drop(write);
        let mut number = String::new();
        BufReader::new(File::from(read)).read_line(&mut number)?;
        anyhow::ensure!(!number.trim().is_empty(), "Xvfb did not come up: {}", server.printed().trim());
        Ok(Self { name: format!(":{}", number.trim()), server: Some(server) })
    }

    /// Its name, for the environment variable `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a server of our own without a screen that anybody sees.
    pub fn is_virtual(&self) -> bool {
        self.server.is_some()
    }

    /// Sends a program's windows here.
    pub fn give_to(&self, command: &mut Command) {
        command.env("DISPLAY", &self.name).env_remove("WAYLAND_DISPLAY");
    }
}
