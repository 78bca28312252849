//! The display's thread: it takes pictures, messages and presses as they come, draws when something is due, and tells what became
//! of it. When that is, is `schedule`'s to say.

use std::time::Duration;

use crossbeam_channel::{Receiver, select};
use media::picture::Picture;
use media::slot::Slot;
use program::clock;
use program::trace::{DisplayedMark, Record, Trace};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use super::hand::Act;
use super::intake::{Arrived, Pictures};
use super::lettering::Lettering;
use super::marks::News;
use super::over::Over;
use super::painter::{Painter, Why};
use super::schedule::{self, Draw, Schedule};
use super::screen::Screen;
use super::{Batch, Error};
use crate::local::{FromDisplay, ToDisplay, WindowEnd};
use crate::signal::Trouble;

/// Everything the display's thread works with.
pub struct Desk {
    screen: Screen,
    schedule: Schedule,
    painter: Painter,
    over: Over,
    /// The size of pictures for which the painter has what lies over them.
    laid_for: Option<SizePx>,
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
    /// Draws on `screen`. Nothing was drawn yet.
    pub fn new(screen: Screen, trace: Trace, receipts: Option<WindowEnd>) -> Self {
        Self {
            screen,
            schedule: Schedule::new(clock::now()),
            painter: Painter::default(),
            over: Over::new(lettering()),
            laid_for: None,
            fresh: None,
            why: Why::Silent,
            sequence: 0,
            underway: None,
            trace,
            receipts,
        }
    }

    /// Takes what comes and draws what is due, until `stop` receives or closes.
    ///
    /// # Errors
    /// The monitor is gone.
    pub fn serve(
        &mut self,
        pictures: &Pictures,
        board: &Receiver<Batch>,
        acts: &Receiver<Act>,
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
                recv(acts) -> act => {
                    if let Ok(act) = act {
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

/// Makes notices into pixels; without it the picture is shown all the same.
fn lettering() -> Option<Lettering> {
    Lettering::start().map_err(|error| tracing::error!("no thread for notices: {error}; none is shown")).ok()
}
