//! One run: a camera that paces pictures into the encoder and a system's theatre end, and a screen that decodes what
//! the console end gives and judges it. The camera works on the caller's thread, the screen on one of its own.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, scope, sleep};
use std::time::Duration;

use anyhow::{Context as _, Result};
use media::decode::Decoder;
use media::encode::Encoder;
use media::picture::Picture;
use netem::profile::Profile;
use program::clock;
use protocol::time::MonoTime;

use super::pictures::{self, FPS, Pictures};
use super::results::{FrameResult, LOST_AFTER_US, Met, Order, Run};
use super::systems::{Console, Ends, Net, Site, System, Theatre};
use media::strip;

use super::cpu;

/// Pictures decoded before counting begins: connections stand and buffers have their usual depth.
const WARM: usize = 2 * FPS as usize;
/// Counting begins at the latest then. A system that has brought nothing by then is measured as it is.
const WARM_WITHIN: u64 = 12 * FPS as u64;
/// How long the screen waits for an access unit before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(20);

/// Brings `system` up, lets `order.seconds` of pictures pass, and says what became of them.
///
/// # Errors
/// The system or the codec does not work at all.
pub fn run(system: &System, order: Order, pictures: &Pictures, folder: &Path) -> Result<Run> {
    // The codec alone has no link; any profile will do.
    let profile = Profile::by_name(&order.profile).or_else(|_| Profile::by_name("clean"))?;
    let seed = order.pass as u64 + 1;
    let site = Site { profile: &profile, seed, latency_ms: order.latency_ms.unwrap_or(0), folder };
    let Ends { theatre, console, net } = (system.start)(&site).with_context(|| format!("starting {}", system.title))?;
    let (book, stop) = (Book::default(), AtomicBool::new(false));
    let mut camera = Camera {
        pictures,
        encoder: pictures::encoder()?,
        theatre,
        net: net.as_ref(),
        book: &book,
        start: clock::now(),
        next: 0,
    };
    let mut screen = Screen { pictures, decoder: Decoder::start()?, console, book: &book };
    scope(|scope| {
        let screen = Builder::new().name("screen".into()).spawn_scoped(scope, || screen.watch(&stop))?;
        let counted = count(&mut camera, net.as_ref(), &order);
        stop.store(true, Ordering::Release);
        let watched = screen.join().map_err(|_| anyhow::anyhow!("the screen's thread panicked"))?;
        watched.and(counted)
    })
    .map(|counted| counted.run(order, &book, net.as_ref()))
}

/// What the counted time was.
struct Counted {
    frames: std::ops::Range<u64>,
    from: MonoTime,
    until: MonoTime,
    cpu_us: u64,
    sent_bytes: Option<u64>,
}

fn count(camera: &mut Camera<'_>, net: Option<&Net>, order: &Order) -> Result<Counted> {
    while camera.book.lock().decoded < WARM && camera.next < WARM_WITHIN {
        camera.step()?;
    }
    if let Some(net) = net {
        net.relay.start_counting();
    }
    let (first, from, cpu_before) = (camera.next, clock::now(), cpu::used_us());
    let frames = first..first + order.seconds * u64::from(FPS);
    while camera.next < frames.end {
        camera.step()?;
    }
    let until = clock::now();
    // Processor time and bytes of frames still under way belong to them as those of earlier ones belonged to the start.
    let (cpu_us, sent_bytes) = (cpu::used_us().saturating_sub(cpu_before), net.map(Net::sent_bytes));
    sleep(Duration::from_micros(2 * LOST_AFTER_US));
    Ok(Counted { frames, from, until, cpu_us, sent_bytes })
}

impl Counted {
    fn run(self, order: Order, book: &Book, net: Option<&Net>) -> Run {
        let pages = book.lock();
        let counted = self.frames.clone().map(|number| pages.entry(number).copied().unwrap_or_default());
        Run {
            order,
            frames: counted.clone().map(|entry| entry.result).collect(),
            counted_us: (self.from.0, self.until.0),
            encoded_bytes: counted.map(|entry| entry.bytes).sum(),
            sent_bytes: self.sent_bytes,
            cpu_us: self.cpu_us,
            relay_late_p99_us: net.map(|net| net.relay.report().lateness.p99_us),
        }
    }
}

/// What is known of every frame, by number.
#[derive(Default)]
struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    entries: Vec<Entry>,
    decoded: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    result: FrameResult,
    bytes: u64,
}

impl Book {
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number).ok()?)
    }

    /// The entry of a frame about to be captured; those left out before it stay empty.
    fn captured(&mut self, number: u64, at: MonoTime, met: Met) {
        let result = FrameResult { captured_us: Some(at.0), met: Some(met), ..FrameResult::default() };
        let entry = Entry { result, bytes: 0 };
        self.entries.resize(usize::try_from(number).unwrap_or(0), Entry::default());
        self.entries.push(entry);
    }

    fn encoded(&mut self, bytes: usize) {
        if let Some(entry) = self.entries.last_mut() {
            entry.bytes = bytes as u64;
        }
    }

    /// Notes the first time a frame was decoded. Numbers never captured were misread.
    fn decoded(&mut self, number: u64, at: MonoTime, damaged: bool) {
        let entry = usize::try_from(number).ok().and_then(|number| self.entries.get_mut(number));
        if let Some(entry) = entry
            && entry.result.captured_us.is_some()
            && entry.result.decoded_us.is_none()
        {
            entry.result.decoded_us = Some(at.0);
            entry.result.damaged = damaged;
            self.decoded += 1;
        }
    }

    /// A picture whose strip cannot be read: taken for the oldest frame that follows the last decoded one, which it is
    /// where frames come in order.
    fn decoded_unreadable(&mut self, at: MonoTime) {
        let next = self.entries.iter().rposition(|entry| entry.result.decoded_us.is_some()).map_or(0, |last| last + 1);
        self.decoded(next as u64, at, true);
    }
}

/// Paces pictures into the encoder, as a camera would.
struct Camera<'a> {
    pictures: &'a Pictures,
    encoder: Encoder,
    theatre: Box<dyn Theatre>,
    net: Option<&'a Net>,
    book: &'a Book,
    start: MonoTime,
    next: u64,
}

impl Camera<'_> {
    /// Waits for the next picture's moment and sends it. Moments that passed meanwhile are left out, as a camera's are.
    fn step(&mut self) -> Result<()> {
        let interval_us = 1_000_000 / u64::from(FPS);
        let passed = u64::try_from(clock::now().since(self.start).as_micros()).unwrap_or(u64::MAX) / interval_us;
        let number = self.next.max(passed);
        // Made ready before its moment: pictures cost nothing here.
        let picture = self.pictures.picture(number)?;
        sleep((self.start + Duration::from_micros(number * interval_us)).since(clock::now()));
        if self.theatre.wants_refresh() {
            self.encoder.force_independent()?;
        }
        let rate = pictures::rate(self.theatre.budget_bps());
        self.encoder.set_rate(rate);
        let standing_us = self.net.map_or(0, Net::standing_us);
        let met = Met { rate_bps: rate.bitrate_bps.into(), standing_us };
        self.book.lock().captured(number % strip::NUMBERS, clock::now(), met);
        let unit = self.encoder.encode(&picture)?;
        self.book.lock().encoded(unit.bytes.len());
        self.theatre.send(unit)?;
        self.next = number + 1;
        Ok(())
    }
}

/// Decodes what comes and judges it.
struct Screen<'a> {
    pictures: &'a Pictures,
    decoder: Decoder,
    console: Box<dyn Console>,
    book: &'a Book,
}

impl Screen<'_> {
    fn watch(&mut self, stop: &AtomicBool) -> Result<()> {
        while !stop.load(Ordering::Acquire) {
            let Some(arrived) = self.console.receive(LOOK) else { continue };
            match self.decoder.decode(&arrived.bytes, MonoTime(0)) {
                Ok(picture) => self.note(&picture, clock::now())?,
                Err(_) => self.console.refuse(arrived.number),
            }
        }
        Ok(())
    }

    fn note(&mut self, picture: &Picture, at: MonoTime) -> Result<()> {
        match pictures::number(picture) {
            Some(number) => {
                let damaged = !self.pictures.is_whole(number, picture)?;
                self.book.lock().decoded(number, at, damaged);
            }
            None => self.book.lock().decoded_unreadable(at),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MET: Met = Met { rate_bps: 6_000_000, standing_us: 0 };

    #[test]
    fn a_frame_that_was_left_out_has_no_times_and_a_second_copy_changes_nothing() {
        let mut pages = Pages::default();
        pages.captured(0, MonoTime(10), MET);
        pages.captured(2, MonoTime(30), MET);
        pages.decoded(1, MonoTime(35), false);
        pages.decoded(2, MonoTime(40), false);
        pages.decoded(2, MonoTime(50), true);
        let results: Vec<FrameResult> = pages.entries.iter().map(|entry| entry.result).collect();
        let none = FrameResult::default();
        let first = FrameResult { captured_us: Some(10), met: Some(MET), ..none };
        let whole = FrameResult { captured_us: Some(30), decoded_us: Some(40), met: Some(MET), damaged: false };
        assert_eq!(results, [first, none, whole]);
        assert_eq!(pages.decoded, 1);
    }

    #[test]
    fn an_unreadable_picture_is_the_damaged_one_after_the_last() {
        let mut pages = Pages::default();
        (0..3).for_each(|number| pages.captured(number, MonoTime(number), MET));
        pages.decoded(1, MonoTime(9), false);
        pages.decoded_unreadable(MonoTime(10));
        assert_eq!(pages.entries[2].result.decoded_us, Some(10));
        assert!(pages.entries[2].result.damaged);
        pages.decoded_unreadable(MonoTime(11));
        assert_eq!(pages.decoded, 2);
    }
}
