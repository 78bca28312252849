//! What a tile says itself: its source's name and why there is no picture, or that an image is held and for how long.
//! The letters are drawn ahead, once for each tile, since that takes longer than a canvas may.

use std::time::Duration;

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::caption::{self, Letters};
use protocol::colour::Range;
use protocol::frame::Freshness;
use protocol::geometry::{CanvasRect, SizePx};
use protocol::layout::Tile;

use super::paint;
use crate::signal::Stills;

/// Lines that stand on a tile are a twentieth of its width high, as `media::caption` draws them for a picture three
/// times as wide: read at arm's length on the smallest tile of a 720 row canvas.
const ENLARGED: u16 = 3;
/// The part of a tile's width that a line may fill, in percent; a longer one is drawn smaller.
const ROOM_PCT: u32 = 94;

/// Why a tile shows no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing came yet.
    Waiting,
    /// It came, and stopped.
    Lost,
    /// The same comes again and again.
    Repeating,
    /// Nothing is to be seen on it.
    Black,
    /// The source is at its end.
    Ended,
    /// The source cannot be opened, or broke.
    Failed,
    /// It cannot be shown.
    Unusable,
}

/// Everything one tile may have to say.
#[derive(Debug, Clone)]
pub(super) struct Signs {
    name: Letters,
    words: Vec<(Word, Letters)>,
    held: Option<Held>,
}

/// The letters for an image that is held, apart, since its age changes every second.
#[derive(Debug, Clone)]
struct Held {
    text: Letters,
    digits: Vec<Letters>,
    units: Vec<Letters>,
}

impl Word {
    const ALL: [Self; 7] =
        [Self::Waiting, Self::Lost, Self::Repeating, Self::Black, Self::Ended, Self::Failed, Self::Unusable];

    /// What is said of a source that stands so; `None` where its picture is shown.
    pub(super) fn of(freshness: Freshness) -> Option<Self> {
        match freshness {
            Freshness::Live | Freshness::Held { .. } => None,
            Freshness::Waiting => Some(Self::Waiting),
            Freshness::Lost => Some(Self::Lost),
            Freshness::Repeating { .. } => Some(Self::Repeating),
            Freshness::Black { .. } => Some(Self::Black),
            Freshness::Ended => Some(Self::Ended),
            Freshness::Failed => Some(Self::Failed),
            Freshness::Unusable => Some(Self::Unusable),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for picture",
            Self::Lost => "NO SIGNAL",
            Self::Repeating => "PICTURE REPEATS",
            Self::Black => "BLACK PICTURE",
            Self::Ended => "SOURCE ENDED",
            Self::Failed => "SOURCE FAILED",
            Self::Unusable => "WRONG FORMAT",
        }
    }
}

impl Signs {
    /// Draws the letters of `tile`, and those of a held image where the source may hold one.
    pub(super) fn draw(tile: &Tile, stills: Stills) -> Result<Self, caption::Error> {
        let width = tile.tile.size.width;
        let name = fitted(&[tile.name.to_uppercase().as_str()], width)?.into_iter().next().unwrap_or_default();
        let words = Word::ALL.into_iter().zip(fitted(&Word::ALL.map(Word::text), width)?).collect();
        let held = if stills == Stills::Held { Some(Held::draw(width)?) } else { None };
        Ok(Self { name, words, held })
    }

    /// Makes `at` black with the source's name and `word` in its middle.
    pub(super) fn paint(&self, canvas: &mut VideoFrame<Writable>, word: Word, at: CanvasRect, range: Range) {
        paint::black(canvas, at, range);
        let word = self.words.iter().find(|(known, _)| *known == word).map(|(_, letters)| letters);
        let lines: Vec<&Letters> = std::iter::once(&self.name).chain(word).collect();
        let gap = lines.iter().map(|line| line.size.height).max().unwrap_or(0);
        let height = lines.iter().map(|line| line.size.height + gap).sum::<u16>().saturating_sub(gap);
        let mut y = at.y + at.size.height.saturating_sub(height) / 2;
        for line in lines {
            let x = at.x + at.size.width.saturating_sub(line.size.width) / 2;
            paint::letters(canvas, line, (x, y), range);
            y += line.size.height + gap;
        }
    }

    /// Says in the lower left corner of the picture at `at` that it is held, and since how long.
    pub(super) fn paint_held(&self, canvas: &mut VideoFrame<Writable>, age: Age, at: CanvasRect, range: Range) {
        let Some(held) = &self.held else { return };
        let height = held.text.size.height;
        let (pad, gap) = (height / 2, (height / 5).max(1));
        let groups = held.groups(age);
        let width = |group: &[&Letters]| group.iter().map(|part| part.size.width + gap).sum::<u16>();
        let whole = groups.iter().map(|group| width(group) + pad).sum::<u16>() + pad;
        let size = SizePx { width: even(whole).min(at.size.width), height: even(height + 2 * pad).min(at.size.height) };
        let plate = CanvasRect { x: even(at.x), y: even(at.y + at.size.height - size.height), size };
        paint::black(canvas, plate, range);
        let mut x = plate.x + pad;
        for group in groups {
            for part in group {
                // On one line: none of these letters reaches below it. What finds no room would stay on the canvas.
                let y = plate.y + pad + height.saturating_sub(part.size.height);
                if x + part.size.width <= plate.x + size.width {
                    paint::letters(canvas, part, (x, y), range);
                }
                x += part.size.width + gap;
            }
            x += pad;
        }
    }
}

/// An age as a tile tells it: seconds, then minutes, then hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Age {
    number: u64,
    unit: usize,
}

/// Units of an [`Age`], and how many seconds each has.
const UNITS: [(&str, u64); 3] = [("s", 1), ("min", 60), ("h", 3_600)];

impl Age {
    pub(super) fn of(age: Duration) -> Self {
        let seconds = age.as_secs();
        let unit = UNITS.iter().rposition(|(_, length)| seconds >= *length).unwrap_or(0);
        Self { number: seconds / UNITS.get(unit).map_or(1, |(_, length)| *length), unit }
    }
}

impl Held {
    fn draw(width: u16) -> Result<Self, caption::Error> {
        let digits: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
        let units = UNITS.map(|(unit, _)| unit);
        let texts: Vec<&str> =
            std::iter::once("IMAGE HELD").chain(units).chain(digits.iter().map(String::as_str)).collect();
        let mut letters = caption::letters_of(&texts, width.saturating_mul(ENLARGED))?.into_iter();
        let text = letters.next().unwrap_or_default();
        let units = letters.by_ref().take(UNITS.len()).collect();
        Ok(Self { text, units, digits: letters.collect() })
    }

    /// The words that tell `age`, each in its letters.
    fn groups(&self, age: Age) -> [Vec<&Letters>; 3] {
        let digit = |digit: u8| self.digits.get(usize::from(digit.saturating_sub(b'0')));
        let number = age.number.to_string().bytes().filter_map(digit).collect();
        [vec![&self.text], number, self.units.get(age.unit).into_iter().collect()]
    }
}

/// `texts` as they are drawn on a tile of this width, each line no wider than it may be.
fn fitted(texts: &[&str], width: u16) -> Result<Vec<Letters>, caption::Error> {
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

fn even(px: u16) -> u16 {
    px & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_the_largest_unit_it_fills() {
        let told = [0, 59, 60, 3_599, 3_600, 100_000].map(|seconds| {
            let age = Age::of(Duration::from_secs(seconds));
            format!("{} {}", age.number, UNITS[age.unit].0)
        });
        assert_eq!(told, ["0 s", "59 s", "1 min", "59 min", "1 h", "27 h"]);
    }

    #[test]
    fn the_longest_name_stays_on_the_smallest_tile() {
        media::init().unwrap();
        let name = "m".repeat(protocol::layout::MAX_NAME_BYTES);
        let letters = fitted(&[name.as_str(), "NO SIGNAL"], 160).unwrap();
        assert!(letters.iter().all(|line| (20..160).contains(&line.size.width)), "{letters:?}");
    }
}
