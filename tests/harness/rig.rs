//! One complete run: theatre and console as separate processes on displays of their own, the emulated link between
//! them, and a trace from every program.

pub mod files;

use std::collections::BTreeMap;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use netem::profile::Profile;
use netem::relay::{self, Relay};
use program::trace::{Record, View};

use crate::certificates;
use crate::display::Display;
use crate::process::{Program, Usage, command, usage};
use crate::screen::{Place, Screen};
use crate::trace::Follower;
pub use files::{Case, Detail, Sources};

/// How long the programs may take to come up: opening sources, the handshake over every path, the first frame. Slow
/// machines under load have taken four seconds.
pub const START_UP: Duration = Duration::from_secs(30);

/// The title of the console's window.
const CONSOLE_TITLE: &str = "Mentor console";

/// What to run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Everything the run writes goes here; what lay there is removed.
    pub folder: PathBuf,
    /// Which source is the primary, and what each one is.
    pub sources: Sources,
    /// The link.
    pub profile: Profile,
    /// Whence the link draws its luck.
    pub seed: u64,
    /// Show the card that tells a newcomer what to try.
    pub card: bool,
}

/// The displays of a run.
pub struct Displays {
    /// Theatre's.
    pub theatre: Display,
    /// The mentor's; the same as theatre's where a person looks at both windows.
    pub console: Option<Display>,
}

impl Displays {
    /// Two virtual servers, each as large as one window: as on two machines, nothing covers anything.
    ///
    /// # Errors
    /// `Xvfb` does not come up.
    pub fn start_virtual(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            theatre: Display::start_virtual(1920, 1080, &folder.join("xvfb-theatre.log"))?,
            console: Some(Display::start_virtual(1280, 720, &folder.join("xvfb-console.log"))?),
        })
    }

    /// Where the console's window is.
    pub fn console(&self) -> &Display {
        self.console.as_ref().unwrap_or(&self.theatre)
    }
}

/// A run in progress. Dropping it ends every child.
pub struct Rig {
    // Dropped in this order: the programs before the link and displays under them.
    /// The mentor's program.
    pub console: Program,
    /// Theatre's parent process, with `or-display` and `capture-node` below it.
    pub theatre: Program,
    /// The link between them.
    pub relay: Relay,
    folder: PathBuf,
    setup: Setup,
}

impl Rig {
    /// Makes certificates and configuration and starts everything.
    ///
    /// # Errors
    /// Anything that keeps a program from starting; what it printed is part of the text.
    pub fn start(setup: Setup, displays: &Displays) -> Result<Self> {
        let folder = setup.folder.clone();
        fs::create_dir_all(folder.join("run"))?;
        let theatre = certificates::make(&folder, "theatre")?;
        let console = certificates::make(&folder, "console")?;
        let ports = free_ports(setup.profile.paths.len())?;
        let loopback = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let paths = ports.iter().map(|port| relay::Path { listen: loopback(0), far: loopback(*port) }).collect();
        let relay = Relay::start(relay::Config { paths, profile: setup.profile.clone(), seed: setup.seed })?;
        fs::write(folder.join("theatre.toml"), files::theatre(&setup.sources, &folder, &ports, &theatre, &console))?;
        fs::write(folder.join("console.toml"), files::console(&setup.sources, relay.addresses(), &theatre, &console))?;
        Ok(Self {
            theatre: start_theatre(&folder, &displays.theatre)?,
            console: start_console(&folder, displays.console(), &setup)?,
            relay,
            folder,
            setup,
        })
    }

    /// The trace of a program: `capture-node`, `mentor-console`, or `or-display-NAME` for a window.
    pub fn trace(&self, program: &str) -> PathBuf {
        self.folder.join(format!("{program}.jsonl"))
    }

    /// The primary's name.
    pub fn primary(&self) -> &'static str {
        self.setup.sources.case.primary()
    }

    /// The name of the primary's `or-display` among the traces.
    pub fn primary_display(&self) -> String {
        format!("or-display-{}", self.primary())
    }

    /// Waits until the console showed a frame, and begins the counted time.
    ///
    /// # Errors
    /// No frame within [`START_UP`], or a program ended; what it printed is part of the text.
    pub fn wait_for_first_frame(&mut self) -> Result<()> {
        let shown = |record: &Record| matches!(record, Record::ReceivedFrame(frame) if frame.shown_us.is_some());
        let mut trace = Follower::new(&self.trace("mentor-console"));
        let programs = &mut [&mut self.theatre, &mut self.console];
        trace.wait_for_from(programs, "a shown frame", START_UP, |records| records.iter().any(shown).then_some(()))?;
        self.relay.start_counting();
        Ok(())
    }

    /// Waits until the console has shown a picture that it calls live: before that the pen is refused.
    ///
    /// # Errors
    /// Not within [`START_UP`].
    pub fn wait_for_live_picture(&self) -> Result<()> {
        let live = |record: &&Record| matches!(record, Record::State { state, .. } if state == "live");
        let shown = |record: &Record| matches!(record, Record::ReceivedFrame(frame) if frame.shown_us.is_some());
        let drawable = |records: &[Record]| records.iter().skip_while(|record| !live(record)).any(shown);
        Follower::new(&self.trace("mentor-console"))
            .wait_for("a live picture", START_UP, |records| drawable(records).then_some(()))
    }

    /// The OR display's window for `source`.
    ///
    /// # Errors
    /// It is not there.
    pub fn display_window(&self, displays: &Displays, source: &str) -> Result<(Screen, Place)> {
        let screen = Screen::connect(&displays.theatre)?;
        let place = screen.window(&format!("OR display – {source}"), START_UP)?;
        Ok((screen, place))
    }

    /// The console's window.
    ///
    /// # Errors
    /// It is not there.
    pub fn console_window(&self, displays: &Displays) -> Result<(Screen, Place)> {
        let screen = Screen::connect(displays.console())?;
        let place = screen.window(CONSOLE_TITLE, START_UP)?;
        Ok((screen, place))
    }

    /// Where the picture of `source` lies in the console's window.
    ///
    /// # Errors
    /// The console has not said so.
    pub fn view(&self, source: &str) -> Result<View> {
        Follower::new(&self.trace("mentor-console")).wait_for("the place of a source's picture", START_UP, |records| {
            records.iter().rev().find_map(|record| match record {
                Record::View(view) if view.source == source => Some(view.clone()),
                _ => None,
            })
        })
    }

    /// What each program has used so far, by program name.
    ///
    /// # Errors
    /// A trace cannot be read.
    pub fn usage(&self) -> Result<BTreeMap<String, Usage>> {
        let mut found = BTreeMap::new();
        for (program, trace) in [
            ("or-display", self.primary_display()),
            ("capture-node", "capture-node".into()),
            ("mentor-console", "mentor-console".into()),
        ] {
            let pid = self.pid(&trace)?;
            if let Some(usage) = usage(pid) {
                found.insert(program.to_owned(), usage);
            }
        }
        Ok(found)
    }

    /// The process id of the program that writes the trace `name`.
    ///
    /// # Errors
    /// It has written none.
    pub fn pid(&self, name: &str) -> Result<u32> {
        Follower::new(&self.trace(name)).wait_for("a first line", START_UP, |records| {
            records
                .iter()
                .rev()
                .find_map(|record| if let Record::Start(start) = record { Some(start.pid) } else { None })
        })
    }

    /// Ends the console, then theatre, in order, so that their traces are whole.
    ///
    /// # Errors
    /// One of them ended with a fault.
    pub fn stop(&mut self) -> Result<()> {
        let console = self.console.stop();
        let theatre = self.theatre.stop();
        console.and(theatre)
    }
}

/// Theatre's parent process, configured and traced in `folder`, with its windows on `display`.
///
/// # Errors
/// It cannot be started.
pub fn start_theatre(folder: &Path, display: &Display) -> Result<Program> {
    let mut command = command("theatre")?;
    command.arg("--config").arg(folder.join("theatre.toml")).arg("--trace-dir").arg(folder);
    display.give_to(&mut command);
    Program::start("theatre", command, &folder.join("theatre.log"))
}

/// The mentor's program, configured and traced in `folder`, with its window on `display`.
///
/// # Errors
/// It cannot be started.
pub fn start_console(folder: &Path, display: &Display, setup: &Setup) -> Result<Program> {
    let mut command = command("mentor-console")?;
    command.arg("--config").arg(folder.join("console.toml")).arg("--trace").arg(folder.join("mentor-console.jsonl"));
    if setup.card {
        command.arg("--card");
    }
    if setup.sources.detail == Detail::Half {
        command.args(["--window", "800x480"]);
    }
    display.give_to(&mut command);
    Program::start("mentor-console", command, &folder.join("mentor-console.log"))
}

/// Ports that were free a moment ago; held together so that none is handed out twice.
///
/// # Errors
/// The system has none.
pub fn free_ports(count: usize) -> Result<Vec<u16>> {
    let sockets: Vec<UdpSocket> = (0..count)
        .map(|_| UdpSocket::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()
        .context("finding free UDP ports")?;
    sockets.iter().map(|socket| Ok(socket.local_addr()?.port())).collect()
}
