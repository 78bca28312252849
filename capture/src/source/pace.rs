//! When the next picture is due, waiting for it in a way that a stop cuts short, and the thread that does so.

use std::ops::ControlFlow;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use program::clock;
use program::worker::Worker;
use protocol::time::MonoTime;

use super::Event;

/// Interval assumed where neither timestamps nor caps tell one: 25 pictures a second, the commonest of recorders.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(40);
/// Lateness after which the schedule starts anew at the present: a machine that slept must not rush through what
/// it missed, and a hitch shorter than this is made good without losing the beat.
const MAX_LATENESS: Duration = Duration::from_millis(250);

/// Held by the owner of a paced thread; dropping it ends every wait of that thread.
#[derive(Debug)]
pub struct Stop {
    _alive: Sender<()>,
}

/// The paced thread's end of a [`Stop`].
#[derive(Debug, Clone)]
pub struct Waiter(Receiver<()>);

/// Both ends.
pub fn stop() -> (Stop, Waiter) {
    // Nothing is ever sent: the channel's closing is the signal.
    let (alive, waiter) = bounded(0);
    (Stop { _alive: alive }, Waiter(waiter))
}

impl Waiter {
    /// Waits on what a [`Worker`] is told by.
    pub fn new(stopped: Receiver<()>) -> Self {
        Self(stopped)
    }

    /// Waits until `due`, or less if the stop comes first, which breaks.
    pub fn until(&self, due: MonoTime) -> ControlFlow<()> {
        match self.0.recv_timeout(due.since(clock::now())) {
            Err(RecvTimeoutError::Timeout) => ControlFlow::Continue(()),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => ControlFlow::Break(()),
        }
    }
}

/// A thread that makes pictures until dropped.
#[derive(Debug)]
pub struct Thread {
    _worker: Worker,
}

impl Thread {
    /// Lets `work` make pictures on a thread called `name`. It may send one event, its last word.
    ///
    /// # Errors
    /// The system refuses the thread; in one line.
    pub fn start(
        name: String,
        work: impl FnOnce(&Waiter, &Sender<Event>) + Send + 'static,
    ) -> Result<(Receiver<Event>, Self), String> {
        // One event is a source's last word, so one place is enough.
        let (sender, events) = bounded(1);
        let worker = Worker::start(name, move |stopped| work(&Waiter::new(stopped.clone()), &sender));
        let worker = worker.map_err(|error| format!("the system refuses a thread: {error}"))?;
        Ok((events, Self { _worker: worker }))
    }
}

/// Turns the timestamps of a recording that is played in a loop into moments on this machine's clock.
///
/// Timestamps that run backwards start another round; its first picture follows the last of the round before after
/// one interval, whatever gap the file has at its ends.
#[derive(Debug, Default)]
pub struct Schedule {
    interval: Option<Duration>,
    last: Option<Last>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    timestamp: Option<Duration>,
    due: MonoTime,
}

impl Schedule {
    /// When the picture with this timestamp is due, asked at `now`. `nominal` is the interval its caps tell.
    pub fn due(&mut self, timestamp: Option<Duration>, nominal: Option<Duration>, now: MonoTime) -> MonoTime {
        let due = match self.last {
            None => now,
            Some(last) => {
                let due = last.due + self.step(last.timestamp, timestamp, nominal);
                if now.since(due) > MAX_LATENESS { now } else { due }
            }
        };
        self.last = Some(Last { timestamp, due });
        due
    }

    fn step(&mut self, last: Option<Duration>, timestamp: Option<Duration>, nominal: Option<Duration>) -> Duration {
        let forward = last.zip(timestamp).and_then(|(last, timestamp)| timestamp.checked_sub(last));
        match forward.filter(|step| !step.is_zero()) {
            Some(step) => *self.interval.insert(step),
            None => nominal.or(self.interval).unwrap_or(DEFAULT_INTERVAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS_40: Duration = Duration::from_millis(40);

    fn at_ms(ms: u64) -> Option<Duration> {
        Some(Duration::from_millis(ms))
    }

    #[test]
    fn pictures_are_due_at_the_distance_of_their_timestamps() {
        let mut schedule = Schedule::default();
        let due = [100, 140, 200].map(|ms| schedule.due(at_ms(ms), None, MonoTime(5_000)));
        assert_eq!(due, [MonoTime(5_000), MonoTime(45_000), MonoTime(105_000)]);
    }

    #[test]
    fn a_new_round_follows_after_one_interval_whatever_its_timestamps() {
        let mut schedule = Schedule::default();
        for ms in [700, 740, 780] {
            schedule.due(at_ms(ms), None, MonoTime(0));
        }
        assert_eq!(schedule.due(at_ms(700), Some(MS_40), MonoTime(80_000)), MonoTime(120_000));
        assert_eq!(schedule.due(at_ms(740), Some(MS_40), MonoTime(120_000)), MonoTime(160_000));
    }

    #[test]
    fn pictures_without_timestamps_keep_the_interval_of_their_caps() {
        let mut schedule = Schedule::default();
        schedule.due(None, Some(MS_40), MonoTime(0));
        assert_eq!(schedule.due(None, Some(MS_40), MonoTime(1)), MonoTime(40_000));
        assert_eq!(schedule.due(None, None, MonoTime(1)), MonoTime(80_000), "the default without caps");
    }

    #[test]
    fn a_machine_that_slept_goes_on_from_now_instead_of_rushing() {
        let mut schedule = Schedule::default();
        schedule.due(at_ms(0), None, MonoTime(0));
        let woken = MonoTime(10_000_000);
        assert_eq!(schedule.due(at_ms(40), None, woken), woken);
        assert_eq!(schedule.due(at_ms(80), None, woken), MonoTime(10_040_000));
        let hitch = MonoTime(10_200_000);
        assert_eq!(schedule.due(at_ms(120), None, hitch), MonoTime(10_080_000), "a hitch is made good");
    }

    #[test]
    fn a_stop_ends_a_long_wait() {
        let (stop, waiter) = stop();
        drop(stop);
        assert!(waiter.until(clock::now() + Duration::from_secs(3600)).is_break());
    }
}
