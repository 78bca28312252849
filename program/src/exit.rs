//! How a program ends: one clear line on stderr and an exit code of BSD `sysexits.h`, so that whoever started it
//! can tell a mistake in the configuration from a fault of the machine.

use std::fmt;
use std::process::ExitCode;

/// What kind of fault ended a program, as an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// 64 `EX_USAGE`: what the command line asks for cannot be done.
    Usage = 64,
    /// 66 `EX_NOINPUT`: a file or device named in the configuration is missing or unreadable.
    Input = 66,
    /// 69 `EX_UNAVAILABLE`: the machine lacks something: a display, a GStreamer element, a free port.
    Unavailable = 69,
    /// 70 `EX_SOFTWARE`: anything else.
    Software = 70,
    /// 77 `EX_NOPERM`: a certificate or key is wrong, expired or not readable.
    Permission = 77,
    /// 78 `EX_CONFIG`: the configuration has to be mended.
    Config = 78,
}

/// Marks an error with the kind of exit it deserves; the text stays the error's own.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    source: anyhow::Error,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.source))
    }
}

impl std::error::Error for Fault {}

/// Gives an error its exit code.
pub trait OrExit<T> {
    /// Marks the error, if there is one, as `kind`.
    ///
    /// # Errors
    /// The same error, marked.
    fn or_exit(self, kind: Kind) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, kind: Kind) -> anyhow::Result<T> {
        self.map_err(|error| Fault { kind, source: error.into() }.into())
    }
}

/// Runs `program` with logging set up; prints its error as one line behind its name.
///
/// Log lines go to stderr, from `INFO` up.
pub fn run(name: &str, program: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).with_ansi(false);
    if tracing::subscriber::set_global_default(subscriber.finish()).is_err() {
        tracing::warn!("logging was already set up");
    }
    match program() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", one_line(&error));
            ExitCode::from(kind_of(&error) as u8)
        }
    }
}

fn kind_of(error: &anyhow::Error) -> Kind {
    error.chain().find_map(|cause| cause.downcast_ref::<Fault>()).map_or(Kind::Software, |fault| fault.kind)
}

/// The error and its causes, outermost first; a cause that the text before it tells already is not told again.
fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        let cause = cause.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
        if !line.contains(&cause) {
            line.push_str(if line.is_empty() { "" } else { ": " });
            line.push_str(&cause);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context as _, anyhow};

    #[test]
    fn the_exit_code_survives_added_context() {
        let error = Err::<(), _>(anyhow!("no such file")).or_exit(Kind::Input).context("source endoscope").unwrap_err();
        assert_eq!(kind_of(&error), Kind::Input);
        assert_eq!(one_line(&error), "source endoscope: no such file");
    }

    #[test]
    fn a_cause_that_was_told_already_is_not_told_again() {
        let error = anyhow!("No such file").context("theatre.crt: No such file; name another").context("identity");
        assert_eq!(one_line(&error), "identity: theatre.crt: No such file; name another");
    }

    #[test]
    fn an_error_of_many_lines_is_told_in_one() {
        assert_eq!(one_line(&anyhow!("first\n   second\n\nthird")), "first; second; third");
    }
}
