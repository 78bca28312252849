//! Files of a site, and single programs started with them: for what is told of one program or one file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::certificates::{self, Identity};
use harness::process::{Program, command};
use harness::rig::{Sources, files};

use crate::stage::{SOON, folder, light};

/// Files of a site on one machine, before anybody makes a mistake in them.
pub struct Site {
    /// Where they lie.
    pub folder: PathBuf,
    /// Theatre's certificate and key.
    pub theatre: Identity,
    /// The console's.
    pub console: Identity,
}

impl Site {
    /// Fresh ones in the folder of the scenario `name`.
    pub fn new(name: &str) -> Self {
        let folder = folder(name);
        let theatre = certificates::make(&folder, "theatre").expect("a certificate");
        let console = certificates::make(&folder, "console").expect("a certificate");
        Self { folder, theatre, console }
    }

    /// What a right `theatre.toml` says.
    pub fn theatre_toml(&self, sources: &Sources, port: u16) -> String {
        files::theatre(sources, &self.folder, &[port], &self.theatre, &self.console)
    }

    /// What a right `console.toml` says.
    pub fn console_toml(&self) -> String {
        files::console(&light(), &[([127, 0, 0, 1], 9).into()], &self.theatre, &self.console)
    }

    /// Writes the file `name`.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("the folder can be written");
        path
    }

    /// Starts `program` with `config`, without any display unless `change` gives it one.
    pub fn start(&self, program: &str, config: &Path, change: impl FnOnce(&mut Command)) -> Program {
        let mut command = command(program).expect("the program is built");
        command.arg("--config").arg(config).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        change(&mut command);
        Program::start(program, command, &self.folder.join(format!("{program}.log"))).expect("it starts")
    }
}

/// The program ends with `code`, and its last line names all of `words`.
pub fn assert_ends(mut program: Program, code: i32, words: &[&str]) {
    let status = program.wait(SOON).expect("it ends by itself");
    let printed = program.printed();
    let line = printed.lines().last().unwrap_or_default();
    assert_eq!(status.code(), Some(code), "{printed}");
    for word in words {
        assert!(line.contains(word), "\"{word}\" is missing in: {line}");
    }
    assert!(!printed.contains("panicked"), "{printed}");
}
