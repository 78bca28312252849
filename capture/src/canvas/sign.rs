//! What a tile says itself: its source's name and why there is no picture, or that an image is held and for how long.
//! The letters for that are `letters`' to draw.

use std::sync::Arc;
use std::time::Duration;

use gstreamer_video::VideoFrame;
use gstreamer_video::video_frame::Writable;
use media::caption::Letters;
use protocol::colour::Range;
use protocol::frame::Freshness;
use protocol::geometry::{CanvasRect, SizePx};

use super::paint;
use crate::signal::Trouble;

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

impl Word {
    /// Every one.
    pub(super) const ALL: [Self; 7] =
        [Self::Waiting, Self::Lost, Self::Repeating, Self::Black, Self::Ended, Self::Failed, Self::Unusable];

    /// What is said of a source that stands so; `None` where its picture is shown.
    pub(super) fn of(freshness: Freshness) -> Option<Self> {
        match freshness {
            Freshness::Live | Freshness::Held { .. } => None,
            // Its tile says in its own words which sizes do not fit.
            Freshness::Withheld => None,
            Freshness::Waiting => Some(Self::Waiting),
            Freshness::Lost => Some(Self::Lost),
            Freshness::Repeating { .. } => Some(Self::Repeating),
            Freshness::Black { .. } => Some(Self::Black),
            Freshness::Ended => Some(Self::Ended),
            Freshness::Failed => Some(Self::Failed),
            Freshness::Unusable => Some(Self::Unusable),
        }
    }

    /// In a line.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Waiting => "waiting for picture",
            Self::Lost => "NO SIGNAL",
            Self::Repeating => "PICTURE REPEATS",
            Self::Black => "BLACK PICTURE",
            Self::Ended => Trouble::Ended.words(),
            Self::Failed => Trouble::Failed.words(),
            Self::Unusable => Trouble::Unusable.words(),
        }
    }
}

/// Puts `lines` into the middle of `at`, which is black.
pub(super) fn paint(canvas: &mut VideoFrame<Writable>, lines: &[Arc<Letters>], at: CanvasRect, range: Range) {
    let gap = lines.iter().map(|line| line.size.height).max().unwrap_or(0);
    let height = lines.iter().map(|line| line.size.height + gap).sum::<u16>().saturating_sub(gap);
    let mut y = at.y + at.size.height.saturating_sub(height) / 2;
    for line in lines {
        let x = at.x + at.size.width.saturating_sub(line.size.width) / 2;
        paint::letters(canvas, line, (x, y), range);
        y += line.size.height + gap;
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

/// All that is needed to say how long an image has been held: the words, the units, and the digits, since the age changes
/// every second.
pub(super) const HELD: [&str; 14] =
    ["IMAGE HELD", UNITS[0].0, UNITS[1].0, UNITS[2].0, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

impl Age {
    pub(super) fn of(age: Duration) -> Self {
        let seconds = age.as_secs();
        let unit = UNITS.iter().rposition(|(_, length)| seconds >= *length).unwrap_or(0);
        Self { number: seconds / UNITS.get(unit).map_or(1, |(_, length)| *length), unit }
    }

    /// The words that tell it, each in its letters; `held` are those of [`HELD`].
    fn groups(self, held: &[Arc<Letters>]) -> [Vec<&Letters>; 3] {
        let letters = |place: usize| held.get(place).map(Arc::as_ref);
        let digit = |digit: u8| letters(1 + UNITS.len() + usize::from(digit.saturating_sub(b'0')));
        let number = self.number.to_string().bytes().filter_map(digit).collect();
        [letters(0).into_iter().collect(), number, letters(1 + self.unit).into_iter().collect()]
    }
}

/// Says in the lower left corner of the picture at `at` that it is held, and since how long; `held` are the letters of
/// [`HELD`].
pub(super) fn paint_held(
    canvas: &mut VideoFrame<Writable>,
    held: &[Arc<Letters>],
    age: Age,
    at: CanvasRect,
    range: Range,
) {
    let Some(height) = held.first().map(|text| text.size.height) else { return };
    let (pad, gap) = (height / 2, (height / 5).max(1));
    let groups = age.groups(held);
    let width = |group: &[&Letters]| group.iter().map(|part| part.size.width + gap).sum::<u16>();
    let whole = groups.iter().map(|group| width(group) + pad).sum::<u16>() + pad;
    let size = SizePx { width: even(whole).min(at.size.width), height: even(height + 2 * pad).min(at.size.height) };
    let plate = CanvasRect { x: even(at.x), y: even(at.y + at.size.height - size.height), size };
    paint::black(canvas, plate);
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
    fn an_age_has_the_letters_of_its_words_digits_and_unit() {
        let named = |place: u16| Letters { size: SizePx { width: place, height: 1 }, coverage: Vec::new() };
        let held: Vec<Arc<Letters>> = (0..14).map(|place| Arc::new(named(place))).collect();
        let told = Age::of(Duration::from_secs(41 * 60)).groups(&held);
        let places = told.map(|group| group.iter().map(|part| HELD[usize::from(part.size.width)]).collect::<Vec<_>>());
        assert_eq!(places, [vec!["IMAGE HELD"], vec!["4", "1"], vec!["min"]]);
    }
}
