//! The surgeon's picture: one source in one window, with its marks over it.
//!
//! Nothing here waits for anything but the source and the monitor: no network, no encoder, no `capture-node`. Pictures
//! are handed out and marks come in beside it, and both may fail. When to draw is [`schedule`]'s, what lies over the
//! picture [`over`]'s, what keys and pedals do [`hand`]'s, how it all looks [`painter`]'s, the monitor [`screen`]'s.

pub mod alert;
mod crew;
pub mod cursors;
pub mod full_colour;
pub mod hand;
mod handout;
mod input;
mod intake;
pub mod lettering;
pub mod marks;
mod matrix16;
mod monitor;
pub mod notices;
pub mod output;
pub mod over;
pub mod painter;
pub mod pedal;
pub mod schedule;
pub mod screen;
pub mod sheets;
pub mod stencil;
mod touch;
mod wide;

use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use media::picture::Picture;
use media::slot::Slot;
use program::clock;
use program::trace::{DisplayedMark, Record, Trace};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::local::{Event, FromDisplay, ToDisplay, WindowEnd};
use crate::signal::{Policy, Trouble};
use crate::{config, run_dir, source};
use crew::Crew;
use hand::{Hand, Pressed};
use handout::Handout;
use input::Input;
use intake::{Arrived, Pictures, intake};
use lettering::Lettering;
use marks::News;
use over::Over;
use painter::{Painter, Why};
use pedal::Pedal;
use schedule::{Draw, Schedule};
use screen::Screen;

/// Batches of messages that may wait for the display. When it is full their socket waits, which only the sender
/// feels.
const WAITING_BATCHES: usize = 16;
/// Presses of keys that may wait for the display. More are forgotten: it looks at each within a picture.
const WAITING_PRESSES: usize = 8;

/// Why a display cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// GStreamer itself does not start.
    #[error("GStreamer does not start: {0}; is libgstreamer1.0-0 installed in full?")]
    Library(#[from] gstreamer::glib::Error),
    /// Another process shows this source.
    #[error(transparent)]
    Running(run_dir::Error),
    /// The source has to be mended by a person.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The monitor cannot be reached, or no longer.
    #[error(transparent)]
    Screen(#[from] screen::Error),
}

/// Messages that came together, and when.
type Batch = (Vec<ToDisplay>, MonoTime);

/// Shows `display` until `stop` receives or closes.
///
/// # Errors
/// See [`Error`]; afterwards nothing is left running.
pub fn run(display: config::Display, trace: Trace, stop: &Receiver<()>) -> Result<(), Error> {
    gstreamer::init()?;
    let claim = match run_dir::Claim::take(&display.run_dir, &display.name) {
        Ok(claim) => Some(claim),
        Err(error @ run_dir::Error::Running { .. }) => return Err(Error::Running(error)),
        Err(error) => {
            tracing::error!("{error}; the picture is shown without marks and not handed to capture-node");
            None
        }
    };
    let (press, presses) = bounded(WAITING_PRESSES);
    let screen = Screen::open(&display.name, &display.window, press.clone())?;
    let handout = claim.as_ref().map(|_| Handout::new(run_dir::pictures(&display.run_dir, &display.name)));
    let (deliver, pictures) = intake(handout, Policy::of(&display.source));
    let input = Input::open(&display.name, display.source.clone(), deliver)?;
    let _crew = Crew::gather();
    let (batches, board) = bounded(WAITING_BATCHES);
    let receipts = claim.as_ref().and_then(|_| listen(&display, batches));
    let mut desk = Desk {
        screen,
        schedule: Schedule::new(clock::now()),
        painter: Painter::default(),
        over: Over::new(lettering()),
        laid_for: None,
        hand: Hand::new(display.window.keys.clone()),
        fresh: None,
        why: Why::Silent,
        sequence: 0,
        underway: None,
        trace,
        receipts,
    };
    let _pedal = display.window.keys.pedal.clone().and_then(|device| pedal(device, press));
    let ended = desk.serve(&pictures, &board, &presses, input.troubles(), stop);
    // The socket's thread may wait for room among the batches: that ends with their receiver.
    drop(board);
    ended
}

/// Takes the board over a socket; without one the picture is shown all the same.
fn listen(display: &config::Display, batches: Sender<Batch>) -> Option<WindowEnd> {
    let socket = run_dir::board(&display.run_dir, &display.name);
    let listening = WindowEnd::listen(&socket, move |event, _| match event {
        Event::Messages(messages, at) => {
            if batches.send((messages, at)).is_err() {
                tracing::debug!("the display is closing");
            }
        }
        Event::Attached => tracing::info!("capture-node attached"),
        Event::Detached => tracing::warn!("capture-node is gone; marks go soon, the picture stays"),
    });
    listening.map_err(|error| tracing::error!("{error}; the picture is shown without marks")).ok()
}

/// Reads a pedal; without it keys and touch do the same.
fn pedal(device: PathBuf, presses: Sender<Pressed>) -> Option<Pedal> {
    Pedal::read(device, presses).map_err(|error| tracing::error!("no thread for the pedal: {error}")).ok()
}

/// Makes notices into pixels; without it the picture is shown all the same.
fn lettering() -> Option<Lettering> {
    Lettering::start().map_err(|error| tracing::error!("no thread for notices: {error}; none is shown")).ok()
}

/// Everything the display's thread works with.
struct Desk {
    screen: Screen,
    schedule: Schedule,
    painter: Painter,
    over: Over,
    /// The size of pictures for which the painter has what lies over them.
    laid_for: Option<SizePx>,
    hand: Hand,
    /// A picture that was not drawn yet, with its number among the source's.
    fresh: Option<(u64, Picture)>,
    /// Why there is no picture, when there is none.
    why: Why,
    /// The number of the picture drawn last.
    sequence: u64,
    underway: Option<Underway>,
    trace: Trace,
    receipts: Option<WindowEnd>,
}

/// A drawing between the painter and the sink. There is one at most: the next waits, and is newer for it.
struct Underway {
    /// What was drawn, and when the picture under it was captured.
    draw: Draw,
    sequence: u64,
    captured: Option<MonoTime>,
    news: Vec<News>,
}

impl Desk {
    fn serve(
        &mut self,
        pictures: &Pictures,
        board: &Receiver<Batch>,
        presses: &Receiver<Pressed>,
        ended: &Receiver<(Trouble, MonoTime)>,
        stop: &Receiver<()>,
    ) -> Result<(), Error> {
        let mut seen = 0;
        let lettered = self.over.lettered();
        loop {
            self.screen.check()?;
            let wait = self.draw_if_due()?;
            select! {
                recv(stop) -> _ => return Ok(()),
                recv(pictures.came) -> _ => seen = self.take_picture(&pictures.latest, seen),
                recv(board) -> batch => {
                    if let Ok((messages, received)) = batch {
                        let mut told = self.over.take(&messages, received);
                        let is_new = messages.iter().any(|message| matches!(message, ToDisplay::Reset { .. }));
                        told.extend(is_new.then(|| self.why.complaint()).flatten());
                        self.tell(&told);
                    }
                }
                recv(presses) -> press => {
                    if let Some(act) = press.ok().and_then(|(press, at)| self.hand.press(&press, at)) {
                        let told = self.over.act(act);
                        self.tell(&[told]);
                    }
                }
                recv(lettered) -> _ => self.over.take_letters(),
                recv(ended) -> trouble => trouble.into_iter().for_each(|(trouble, at)| self.source_ended(trouble, at)),
                recv(self.screen.arrivals()) -> at => {
                    if let (Ok(at), Some(underway)) = (at, self.underway.take()) {
                        self.report(&underway, at);
                    }
                }
                default(wait) => {}
            }
        }
    }

    /// Takes the newest picture, if it is newer than the one numbered `seen`; the number of the newest.
    fn take_picture(&mut self, latest: &Slot<Arrived>, seen: u64) -> u64 {
        let Some((sequence, arrived)) = latest.newer_than(seen) else { return seen };
        match arrived.repeating {
            Some(since) => {
                self.why = Why::Repeating;
                self.schedule.source_repeats(since);
            }
            None => {
                self.why = Why::Silent;
                self.fresh = Some((sequence, arrived.picture));
                self.schedule.picture_came(clock::now());
            }
        }
        sequence
    }

    /// The source gives nothing more since `at`, because of `trouble`; unless it does by now.
    fn source_ended(&mut self, trouble: Trouble, at: MonoTime) {
        let fresh = self.fresh.as_ref().map(|(_, picture)| picture.captured);
        if fresh.max(self.painter.captured()).is_none_or(|newest| newest <= at) {
            self.why = Why::Trouble { trouble, at };
            self.schedule.source_ended();
            self.tell(self.why.complaint().as_slice());
        }
    }

    /// Draws what is due and returns how long nothing will be, if nothing comes.
    fn draw_if_due(&mut self) -> Result<Duration, Error> {
        let now = clock::now();
        if self.over.changed(self.painter.size(), now) {
            self.schedule.board_changed();
        }
        if self.underway.is_none()
            && let Some(draw) = self.schedule.draw(now)
        {
            if let Some((sequence, picture)) = self.fresh.take() {
                self.sequence = sequence;
                self.painter.set_live(picture);
            }
            self.draw(draw, now)?;
        }
        // While a drawing is underway its arrival wakes; this bound is for a sink that broke without a word.
        let idle = if self.underway.is_some() { schedule::LOST_AFTER } else { self.schedule.wakes_at().since(now) };
        Ok(self.over.quiet_for(now).map_or(idle, |quiet| quiet.min(idle)))
    }

    fn draw(&mut self, draw: Draw, now: MonoTime) -> Result<(), Error> {
        if let Draw::Lost { age } = draw
            && let Err(error) = self.painter.set_lost(age, self.why)
        {
            tracing::error!("the lost picture cannot be greyed: {error}");
        }
        let news = self.lay(now);
        match self.painter.paint() {
            Ok(picture) => {
                self.screen.show(picture)?;
                let (sequence, captured) = (self.sequence, self.painter.captured());
                self.underway = Some(Underway { draw, sequence, captured, news });
            }
            Err(error) => tracing::error!("a picture cannot be shown: {error}"),
        }
        Ok(())
    }

    /// Has everything that lies over a picture laid over the next one; nothing is drawn anew while it is the same. Gives what
    /// is new with it.
    fn lay(&mut self, now: MonoTime) -> Vec<News> {
        let size = self.painter.size();
        if !self.over.changed(size, now) && self.laid_for == size {
            return Vec::new();
        }
        let (overlay, news) = self.over.draw(size, now);
        self.painter.set_over(&overlay);
        self.laid_for = size;
        news
    }

    /// Tells `capture-node` and the trace what reached the sink at `at`.
    fn report(&self, underway: &Underway, at: MonoTime) {
        let captured_us = underway.captured.unwrap_or_default().0;
        if !matches!(underway.draw, Draw::Lost { .. }) {
            let redrawn = underway.draw == Draw::Again;
            let sequence = underway.sequence;
            self.trace.write(Record::Picture { sequence, captured_us, at_sink_us: at.0, redrawn });
        }
        for news in &underway.news {
            if let &News::Shown { id, points, received } = news {
                self.trace.write(Record::DisplayedMark(DisplayedMark {
                    mark: id.to_string(),
                    points,
                    received_us: received.0,
                    at_sink_us: at.0,
                }));
            }
        }
        let receipt = |news: &News| receipt(news, at, captured_us);
        self.tell(&underway.news.iter().map(receipt).collect::<Vec<_>>());
    }

    /// Tells `capture-node`, if it is there.
    fn tell(&self, words: &[FromDisplay]) {
        if let Some(receipts) = self.receipts.as_ref().filter(|_| !words.is_empty()) {
            receipts.sender().send(words);
        }
    }
}

fn receipt(news: &News, at: MonoTime, picture_captured_us: u64) -> FromDisplay {
    match *news {
        News::Shown { id, points, .. } => FromDisplay::Displayed { id, points, at_us: at.0, picture_captured_us },
        News::Removed { id } => FromDisplay::Removed { id },
        News::Faded { id } => FromDisplay::Faded { id },
        News::Hidden { id } => FromDisplay::Hidden { id },
        News::Cleared { id } => FromDisplay::Cleared { id },
    }
}
