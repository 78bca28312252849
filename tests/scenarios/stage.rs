//! A stage for one scenario: the machine to itself, a folder, two virtual displays, and the programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use harness::process::command;
use harness::rig::{Case, Detail, Displays, Rig, Setup, Sources};
use harness::screen::{Place, Screen};
use harness::strokes::{self, Stroke};
use harness::trace::Follower;
use netem::profile::Profile;
use program::trace::{DisplayedMark, MovedPen, Record, View};

/// Scenarios with real programs take both cores; two at once would measure each other.
static MACHINE: Mutex<()> = Mutex::new(());

/// How long anything that ought to happen soon may take before a scenario fails.
pub const SOON: Duration = Duration::from_secs(20);

/// A running system with both windows found.
pub struct Stage {
    // Dropped in this order: the programs, then the displays under them, then the machine is free.
    pub rig: Rig,
    pub displays: Displays,
    pub console: (Screen, Place),
    strokes: u32,
    _machine: MutexGuard<'static, ()>,
}

/// The machine, for a scenario that starts programs by itself.
pub fn machine() -> MutexGuard<'static, ()> {
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `capture-node ctl` with `arguments`, to the node that was configured by the file at `config`.
pub fn ctl(config: &Path, arguments: &str) -> Output {
    let mut command = command("capture-node").expect("it is built");
    command.args(["ctl", "--config"]).arg(config).args(arguments.split(' ')).output().expect("it runs")
}

/// What it answers when it does what it is asked.
pub fn done(config: &Path, arguments: &str) -> String {
    let output = ctl(config, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Generated pictures of half the size, for what is no matter of speed.
pub fn light() -> Sources {
    Sources { detail: Detail::Half, ..Sources::generated(Case::Endoscopy) }
}

/// A fresh folder for the scenario `name`.
pub fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an earlier run's folder can be removed");
    }
    fs::create_dir_all(&folder).expect("a folder for the scenario");
    folder
}

impl Stage {
    /// Everything up, the first frame shown, the counted time begun.
    pub fn set(name: &str, sources: Sources, link: &str) -> Self {
        Self::set_on(name, sources, Profile::by_name(link).expect("a profile"))
    }

    /// The same over a link that has no name.
    pub fn set_on(name: &str, sources: Sources, profile: Profile) -> Self {
        let machine = machine();
        let folder = folder(name);
        let displays = Displays::start_virtual(&folder).expect("virtual displays");
        let mut rig =
            Rig::start(Setup { folder, sources, profile, seed: 1, card: false }, &displays).expect("programs");
        rig.wait_for_first_frame().expect("a first frame");
        let console = rig.console_window(&displays).expect("the console's window");
        Self { rig, displays, console, strokes: 0, _machine: machine }
    }

    /// Where the picture of `source` lies in the console's window.
    pub fn view(&self, source: &str) -> View {
        self.rig.view(source).expect("the console shows this source")
    }

    /// Theatre's configuration.
    pub fn config(&self) -> PathBuf {
        self.rig.trace("capture-node").with_file_name("theatre.toml")
    }

    /// A trace to follow.
    pub fn trace(&self, program: &str) -> Follower {
        Follower::new(&self.rig.trace(program))
    }

    /// Draws one stroke on the picture of `source`, once the console shows it live: before that the pen is refused.
    pub fn draw(&mut self, source: &str) -> Stroke {
        self.wait_for_state("live");
        self.wait_until_shown(program::clock::now().0);
        self.move_pen(source)
    }

    /// The pointer makes a stroke on the picture of `source`, whatever the console makes of it.
    pub fn move_pen(&mut self, source: &str) -> Stroke {
        let (_never, stop) = crossbeam_channel::bounded(0);
        let (screen, window) = &self.console;
        let stroke = strokes::draw(screen, window, &self.view(source), self.strokes, &stop).expect("the pointer moves");
        self.strokes += 1;
        stroke
    }

    /// Waits until the console shows its picture as `wanted`.
    pub fn wait_for_state(&self, wanted: &str) {
        let last = |record: &Record| match record {
            Record::State { state, .. } => Some(state == wanted),
            _ => None,
        };
        self.trace("mentor-console")
            .wait_for(&format!("the state {wanted}"), SOON, |records| {
                records.iter().rev().find_map(last).filter(|is_wanted| *is_wanted)
            })
            .expect("the console's state changes");
    }

    /// The mark made of `stroke`, and how many points it has.
    pub fn mark_of(&self, stroke: &Stroke) -> (String, u16) {
        let last = stroke.samples.last().expect("a stroke has samples");
        let is_last = |moved: &MovedPen| {
            (moved.x_px - last.x_px).abs() < 0.75
                && (moved.y_px - last.y_px).abs() < 0.75
                && moved.received_us + 5_000 > last.at_us
        };
        self.trace("mentor-console")
            .wait_for("the stroke's last sample", SOON, |records| {
                records.iter().rev().find_map(|record| match record {
                    Record::MovedPen(moved) if is_last(moved) => Some((moved.mark.clone(), moved.points)),
                    _ => None,
                })
            })
            .expect("the pen is taken")
    }

    /// Waits until the whole of `mark` is on the window that shows `source`: at its sink, and a later picture after it, which
    /// the sink takes only when the one before is painted.
    pub fn wait_until_displayed(&self, source: &str, mark: &str, points: u16) -> DisplayedMark {
        let mut trace = self.trace(&format!("or-display-{source}"));
        let shown: DisplayedMark = trace
            .wait_for("the whole mark at the sink", SOON, |records| {
                records.iter().find_map(|record| match record {
                    Record::DisplayedMark(shown) if shown.mark == mark && shown.points >= points => Some(shown.clone()),
                    _ => None,
                })
            })
            .expect("the mark is shown in theatre");
        let later =
            |record: &Record| matches!(record, Record::Picture { at_sink_us, .. } if *at_sink_us > shown.at_sink_us);
        trace
            .wait_for("a later picture at the sink", SOON, |records| records.iter().any(later).then_some(()))
            .expect("the display goes on");
        shown
    }

    /// Waits until the console has shown a frame captured at or after `session_us`.
    pub fn wait_until_shown(&self, session_us: u64) {
        self.trace("mentor-console")
            .wait_for("a newer frame at the console", SOON, |records| {
                let newer = |record: &Record| {
                    matches!(record, Record::ReceivedFrame(frame) if frame.shown_us.is_some_and(|at| at >= session_us))
                };
                records.iter().any(newer).then_some(())
            })
            .expect("the picture goes on");
    }

    /// Ends everything in order.
    pub fn end(&mut self) {
        self.rig.stop().expect("every program ends in order");
    }
}

/// Keeps every processor busy until dropped.
pub struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn start() -> Self {
        let stop = Arc::<AtomicBool>::default();
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let busy = |number| {
            let stop = Arc::clone(&stop);
            let spin = move || while !stop.load(Ordering::Relaxed) {};
            Builder::new().name(format!("load {number}")).spawn(spin).expect("a thread")
        };
        let threads = (0..count).map(busy).collect();
        Self { stop, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().expect("it only counts time"));
    }
}
