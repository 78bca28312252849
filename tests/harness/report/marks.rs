//! Follows every injected pointer event to the picture at the OR display's sink that first shows its point.

use std::collections::BTreeMap;

use program::trace::{DisplayedMark, MovedPen, Record};

use super::Marks;
use crate::statistics::tail;
use crate::strokes::{Sample, Stroke};

/// Positions closer than this are the same: X hands out whole pixels.
const SAME_PLACE_PX: f64 = 0.75;

/// The console's clock is the session's only within its uncertainty.
const CLOCK_ERROR_US: u64 = 5_000;
/// An event that took longer than this is another one at the same place.
const SAME_EVENT_US: u64 = 1_000_000;

/// Counts strokes sent and shown, and the time of every sample.
pub fn count(strokes: &[Stroke], console: &[Record], or_display: &[Record]) -> Marks {
    let moved: Vec<&MovedPen> = console
        .iter()
        .filter_map(|record| if let Record::MovedPen(moved) = record { Some(moved) } else { None })
        .collect();
    let mut displayed: BTreeMap<&str, Vec<&DisplayedMark>> = BTreeMap::new();
    for record in or_display {
        if let Record::DisplayedMark(mark) = record {
            displayed.entry(&mark.mark).or_default().push(mark);
        }
    }
    let mut shown = 0;
    let mut delays_us = Vec::new();
    for stroke in strokes {
        let Some(mark) =
            stroke.samples.iter().find_map(|sample| taken(sample, &moved)).map(|moved| moved.mark.as_str())
        else {
            continue;
        };
        let points: Vec<&&MovedPen> = moved.iter().filter(|moved| moved.mark == mark).collect();
        let displays = displayed.get(mark).map_or(&[][..], Vec::as_slice);
        let all = points.iter().map(|moved| moved.points).max().unwrap_or(0);
        shown += u64::from(displays.iter().any(|display| display.points >= all));
        delays_us.extend(stroke.samples.iter().filter_map(|sample| {
            let wanted = taken(sample, &moved)?.points;
            let first =
                displays.iter().filter(|display| display.points >= wanted).map(|display| display.at_sink_us).min()?;
            Some(first.saturating_sub(sample.at_us))
        }));
    }
    Marks { sent: strokes.len() as u64, shown, pen_to_display_ms: tail(delays_us) }
}

/// The console's record of this very sample: the first at its place not older than its injection.
fn taken<'a>(sample: &Sample, moved: &[&'a MovedPen]) -> Option<&'a MovedPen> {
    let same = |moved: &&&MovedPen| {
        (moved.x_px - sample.x_px).abs() < SAME_PLACE_PX
            && (moved.y_px - sample.y_px).abs() < SAME_PLACE_PX
            && moved.received_us + CLOCK_ERROR_US >= sample.at_us
            && moved.received_us < sample.at_us + SAME_EVENT_US
    };
    moved.iter().find(same).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(mark: &str, points: u16, x_px: f64, received_us: u64) -> Record {
        Record::MovedPen(MovedPen { mark: mark.into(), points, x_px, y_px: 10.0, received_us, sent_us: received_us })
    }

    fn displayed(mark: &str, points: u16, at_sink_us: u64) -> Record {
        Record::DisplayedMark(DisplayedMark { mark: mark.into(), points, received_us: at_sink_us - 500, at_sink_us })
    }

    fn stroke(at_us: u64) -> Stroke {
        let sample = |step: u64| Sample { at_us: at_us + step * 8_000, x_px: 100.0 + step as f64 * 5.0, y_px: 10.0 };
        Stroke { samples: (0..3).map(sample).collect() }
    }

    #[test]
    fn each_sample_is_timed_to_the_first_picture_that_holds_it() {
        let console =
            [moved("a:0", 1, 100.0, 1_000_500), moved("a:0", 2, 105.0, 1_008_500), moved("a:0", 3, 110.0, 1_016_500)];
        let display = [displayed("a:0", 1, 1_020_000), displayed("a:0", 3, 1_038_000)];
        let marks = count(&[stroke(1_000_000)], &console, &display);
        assert_eq!((marks.sent, marks.shown), (1, 1));
        let tail = marks.pen_to_display_ms.unwrap();
        assert_eq!((tail.p50, tail.p99), (22.0, 30.0));
    }

    #[test]
    fn a_stroke_whose_end_never_reached_the_display_is_sent_and_not_shown() {
        let console = [moved("a:0", 1, 100.0, 1_000_500), moved("a:0", 2, 105.0, 1_008_500)];
        let marks = count(&[stroke(1_000_000)], &console, &[displayed("a:0", 1, 1_020_000)]);
        assert_eq!((marks.sent, marks.shown), (1, 0));
    }
}
