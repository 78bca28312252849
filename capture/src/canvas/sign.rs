//! Words that stand where there is no picture to show. Drawing them takes some ten milliseconds, so it is done ahead, or
//! by a thread of its own while the canvas goes on with black in their place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use media::caption;
use media::picture::{self, Picture};
use protocol::colour::Colour;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::time::MonoTime;

use super::{Error, paint};

/// Signs that are kept: those of eight tiles in two arrangements, two for each. The one drawn longest ago goes first.
const KEPT: usize = 32;
/// Signs that may wait to be drawn. Beyond them one is asked for again with the next canvas that needs it.
const WAITING: usize = 16;

/// Words on black, as large as what they fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Lines are divided by `\n`.
    pub(super) text: String,
    /// The size of the place.
    pub(super) size: SizePx,
    /// The canvas's colour.
    pub(super) colour: Colour,
}

/// Signs that are drawn, and the thread that draws more.
pub(super) struct Signs {
    drawn: Drawn,
    ask: Option<Sender<Words>>,
    thread: Option<JoinHandle<()>>,
}

type Drawn = Arc<Mutex<Vec<(Words, Picture)>>>;

impl Signs {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gave none.
    pub(super) fn start() -> Result<Self, Error> {
        let (ask, asked) = bounded(WAITING);
        let drawn = Drawn::default();
        let drawer = Arc::clone(&drawn);
        let thread = Builder::new().name("signs".into()).spawn(move || work(&asked, &drawer)).map_err(Error::Thread)?;
        Ok(Self { drawn, ask: Some(ask), thread: Some(thread) })
    }

    /// Draws `words` now, so that they are there when they are needed.
    ///
    /// # Errors
    /// They cannot be drawn.
    pub(super) fn prepare(&self, words: &Words) -> Result<(), Error> {
        if find(&lock(&self.drawn), words).is_none() {
            keep(&self.drawn, words.clone(), draw(words)?);
        }
        Ok(())
    }

    /// The sign that says `words`, once it is drawn; asks for it if it is not.
    pub(super) fn get(&self, words: Words) -> Option<Picture> {
        let found = find(&lock(&self.drawn), &words);
        if found.is_none()
            && let Some(ask) = &self.ask
        {
            // Full: it is asked for again.
            ask.try_send(words).ok();
        }
        found
    }
}

impl Drop for Signs {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that draws signs panicked");
        }
    }
}

fn work(asked: &Receiver<Words>, drawn: &Drawn) {
    for words in asked {
        // The canvas asks with every picture until it has it.
        if find(&lock(drawn), &words).is_some() {
            continue;
        }
        match draw(&words) {
            Ok(sign) => keep(drawn, words, sign),
            Err(error) => tracing::warn!("{error}; a tile stays black without its words"),
        }
    }
}

fn keep(drawn: &Drawn, words: Words, sign: Picture) {
    let mut drawn = lock(drawn);
    if drawn.len() == KEPT {
        drawn.remove(0);
    }
    drawn.push((words, sign));
}

fn find(drawn: &[(Words, Picture)], words: &Words) -> Option<Picture> {
    drawn.iter().find(|(known, _)| known == words).map(|(_, sign)| sign.clone())
}

fn draw(words: &Words) -> Result<Picture, Error> {
    let info = picture::i420(words.size, words.colour)?;
    let mut frame = picture::write(picture::Pool::new(&info)?.buffer()?, &info)?;
    paint::black(&mut frame, CanvasRect { x: 0, y: 0, size: words.size }, words.colour.range);
    let black = Picture { buffer: frame.into_buffer(), info, captured: MonoTime::default() };
    Ok(caption::draw(&black, &words.text)?)
}

/// No panic can leave the list half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
