//! The letters that tiles need. Drawing them takes some ten milliseconds, which is longer than a canvas may: it is done
//! ahead, or by a thread of its own while the canvas goes on without them. What is said with them is `sign`'s.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use media::caption::{self, Letters};

use super::Error;

/// Lines that stand on a tile are a twentieth of its width high, as `media::caption` draws them for a picture three
/// times as wide: read at arm's length on the smallest tile of a 720 row canvas.
const ENLARGED: u16 = 3;
/// The part of a tile's width that a line may fill, in percent; a longer one is drawn smaller.
const ROOM_PCT: u32 = 94;
/// Lines that are kept: everything eight sources may have to say, in tiles of each preset's widths, and some more. The one
/// drawn longest ago goes first.
const KEPT: usize = 192;
/// Asks that may wait to be drawn, two for each source. Beyond them one is asked for again with the next canvas that needs it.
const WAITING: usize = 16;

/// Lines of letters that are drawn, and the thread that draws more.
pub(super) struct Lettering {
    drawn: Drawn,
    ask: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

/// Lines for places of one width.
#[derive(Debug)]
struct Ask {
    texts: Vec<String>,
    width: u16,
}

/// A line that is drawn.
struct Line {
    text: String,
    width: u16,
    letters: Arc<Letters>,
}

type Drawn = Arc<Mutex<Vec<Line>>>;

impl Lettering {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gave none.
    pub(super) fn start() -> Result<Self, Error> {
        let (ask, asked) = bounded(WAITING);
        let drawn = Drawn::default();
        let drawer = Arc::clone(&drawn);
        let thread =
            Builder::new().name("letters".into()).spawn(move || work(&asked, &drawer)).map_err(Error::Thread)?;
        Ok(Self { drawn, ask: Some(ask), thread: Some(thread) })
    }

    /// Draws `texts`, a line each, for a place of this width now, so that they are there when they are needed.
    ///
    /// # Errors
    /// They cannot be drawn.
    pub(super) fn prepare(&self, texts: &[&str], width: u16) -> Result<(), Error> {
        let missing = missing(&lock(&self.drawn), texts, width);
        let letters = fitted(&missing, width)?;
        missing.into_iter().zip(letters).for_each(|(text, letters)| keep(&self.drawn, text, width, letters));
        Ok(())
    }

    /// The letters of each of `texts`, once all are drawn for places of this width; asks for them if they are not.
    pub(super) fn get(&self, texts: &[&str], width: u16) -> Option<Vec<Arc<Letters>>> {
        let found: Option<Vec<Arc<Letters>>> = {
            let drawn = lock(&self.drawn);
            texts.iter().map(|text| find(&drawn, text, width)).collect()
        };
        if found.is_none()
            && let Some(ask) = &self.ask
        {
            // Full: it is asked for again.
            ask.try_send(Ask { texts: texts.iter().map(|text| (*text).to_owned()).collect(), width }).ok();
        }
        found
    }
}

impl Drop for Lettering {
    fn drop(&mut self) {
        self.ask = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that draws letters panicked");
        }
    }
}

fn work(asked: &Receiver<Ask>, drawn: &Drawn) {
    for Ask { texts, width } in asked {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        // The canvas asks with every picture until it has them.
        let missing = missing(&lock(drawn), &texts, width);
        let letters = fitted(&missing, width).unwrap_or_else(|error| {
            tracing::warn!("{error}; a tile stays without the words {missing:?}");
            vec![Letters::default(); missing.len()]
        });
        missing.into_iter().zip(letters).for_each(|(text, letters)| keep(drawn, text, width, letters));
    }
}

/// Those of `texts` that are not drawn for this width.
fn missing<'a>(drawn: &[Line], texts: &[&'a str], width: u16) -> Vec<&'a str> {
    texts.iter().copied().filter(|text| find(drawn, text, width).is_none()).collect()
}

fn find(drawn: &[Line], text: &str, width: u16) -> Option<Arc<Letters>> {
    let known = drawn.iter().find(|line| line.width == width && line.text == text)?;
    Some(Arc::clone(&known.letters))
}

fn keep(drawn: &Drawn, text: &str, width: u16, letters: Letters) {
    let mut drawn = lock(drawn);
    if drawn.len() == KEPT {
        drawn.remove(0);
    }
    drawn.push(Line { text: text.to_owned(), width, letters: Arc::new(letters) });
}

/// `texts` as they are drawn on a tile of this width, each line no wider than it may be.
fn fitted(texts: &[&str], width: u16) -> Result<Vec<Letters>, caption::Error> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let large = width.saturating_mul(ENLARGED);
    let mut all = caption::letters_of(texts, large)?;
    let room = u32::from(width) * ROOM_PCT / 100;
    for (letters, text) in all.iter_mut().zip(texts) {
        let wide = u32::from(letters.size.width);
        if wide > room {
            *letters = caption::letters(text, u16::try_from(u32::from(large) * room / wide).unwrap_or(large))?;
        }
    }
    Ok(all)
}

/// No panic can leave the list half changed.
fn lock(drawn: &Mutex<Vec<Line>>) -> MutexGuard<'_, Vec<Line>> {
    drawn.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_stays_on_the_smallest_tile() {
        media::init().unwrap();
        let name = "m".repeat(protocol::layout::MAX_NAME_BYTES);
        let letters = fitted(&[name.as_str(), "NO SIGNAL"], 160).unwrap();
        assert!(letters.iter().all(|line| (20..160).contains(&line.size.width)), "{letters:?}");
    }

    #[test]
    fn what_was_not_prepared_is_drawn_beside_and_few_lines_are_kept() {
        media::init().unwrap();
        let lettering = Lettering::start().unwrap();
        lettering.prepare(&["ROOM", "NO SIGNAL"], 160).unwrap();
        assert!(lettering.get(&["ROOM", "NO SIGNAL"], 160).is_some());
        assert!(lettering.get(&["ROOM"], 320).is_none(), "it is for another width");
        let Lettering { drawn, .. } = &lettering;
        (0..2 * KEPT).for_each(|number| keep(drawn, &number.to_string(), 160, Letters::default()));
        assert_eq!(lock(drawn).len(), KEPT);
        let drawn = Arc::clone(drawn);
        // Its thread ends when everything asked for is drawn.
        drop(lettering);
        assert!(find(&lock(&drawn), "9", 160).is_none(), "the oldest went first");
    }
}
