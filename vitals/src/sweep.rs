//! A curve as a monitor sweeps it: the head is the present, and what has not come is empty. Every sample is drawn at the
//! moment it was taken or not at all; nothing joins two samples with a lost one between them.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::SessionTime;
use protocol::vitals::{GAP, MAX_RATE_MHZ, MAX_SAMPLES, Piece, Term};

/// How much of a curve is kept: more than any screen sweeps at once.
const KEPT: Duration = Duration::from_secs(15);
/// Pieces kept at most: those of [`KEPT`] at the fastest rate.
const MAX_PIECES: usize = (15 * MAX_RATE_MHZ as usize / 1_000).div_ceil(MAX_SAMPLES);
/// Pieces follow each other if the first sample of one comes within so many sampling intervals of the last of the other,
/// in percent: less than a lost sample, more than a device's clock strays in one piece.
const NEXT_PERCENT: u64 = 160;
/// The dark part in front of the head, in thousandths of the sweep.
const DARK_PERMILLE: u64 = 40;

/// The newest seconds of one curve.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// By the time of their first sample.
    pieces: VecDeque<Piece>,
}

/// A point of a drawn curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Across the sweep, 0-1.
    pub across: f32,
    /// The value in the curve's unit.
    pub value: f32,
}

/// A curve at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sweep {
    /// Where the head is, 0-1.
    pub head: f32,
    /// Lines without a gap, each of two points at least.
    pub lines: Vec<Vec<Point>>,
    /// The least and the greatest value in it; `None` without any.
    pub range: Option<(f32, f32)>,
}

impl Trace {
    /// Takes a piece. One from before all that is kept is left out.
    pub fn take(&mut self, piece: Piece) {
        let newest = self.pieces.back().map_or(piece.first, |newest| newest.first.max(piece.first));
        if newest.since(piece.first) > KEPT {
            return;
        }
        let place = self.pieces.partition_point(|earlier| earlier.first <= piece.first);
        self.pieces.insert(place, piece);
        while self.pieces.len() > MAX_PIECES
            || self.pieces.front().is_some_and(|oldest| newest.since(oldest.first) > KEPT)
        {
            self.pieces.pop_front();
        }
    }

    /// When the newest sample was taken.
    pub fn newest(&self) -> Option<SessionTime> {
        self.pieces.back().map(end)
    }

    /// The unit of the newest piece.
    pub fn unit(&self) -> Option<Term> {
        self.pieces.back().map(|piece| piece.unit)
    }

    /// The curve at `now` on a screen that is swept once in `span`.
    pub fn sweep(&self, now: SessionTime, span: Duration) -> Sweep {
        let span_us = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(1);
        let from = SessionTime(now.0.saturating_sub(span_us - span_us / 1_000 * DARK_PERMILLE));
        let mut pen = Pen { span_us, line: Vec::new(), last: None, sweep: Sweep::default() };
        pen.sweep.head = pen.across(now);
        for piece in &self.pieces {
            let interval_us = interval_us(piece);
            let (scale, offset) = (piece.scale.value(), piece.offset.value());
            for (number, sample) in piece.samples.iter().enumerate() {
                let at = time_of(piece, number);
                if *sample == GAP {
                    pen.lift();
                } else if (from..=now).contains(&at) {
                    pen.draw(at, (f64::from(*sample) * scale + offset) as f32, interval_us);
                }
            }
        }
        pen.lift();
        pen.sweep
    }
}

/// Microseconds from one sample to the next, rounded up.
fn interval_us(piece: &Piece) -> u64 {
    1_000_000_000_u64.div_ceil(piece.rate_mhz.get().into())
}

/// When the last sample of a piece was taken.
pub(crate) fn end(piece: &Piece) -> SessionTime {
    time_of(piece, piece.samples.len().saturating_sub(1))
}

/// When sample `number` of a piece was taken.
fn time_of(piece: &Piece, number: usize) -> SessionTime {
    let after_us = number as u64 * 1_000_000_000 / u64::from(piece.rate_mhz.get());
    SessionTime(piece.first.0.saturating_add(after_us))
}

struct Pen {
    span_us: u64,
    line: Vec<Point>,
    last: Option<SessionTime>,
    sweep: Sweep,
}

impl Pen {
    fn across(&self, at: SessionTime) -> f32 {
        ((at.0 % self.span_us) as f64 / self.span_us as f64) as f32
    }

    fn draw(&mut self, at: SessionTime, value: f32, interval_us: u64) {
        if self.last.is_some_and(|last| at <= last) {
            // Two pieces tell of the same moment: the first one's samples stand.
            return;
        }
        let follows =
            self.last.is_some_and(|last| at.since(last) <= Duration::from_micros(interval_us * NEXT_PERCENT / 100));
        let across = self.across(at);
        let is_behind = self.line.last().is_some_and(|before| across < before.across);
        if !follows || is_behind {
            self.lift();
        }
        self.last = Some(at);
        self.line.push(Point { across, value });
        let (low, high) = self.sweep.range.unwrap_or((value, value));
        self.sweep.range = Some((low.min(value), high.max(value)));
    }

    /// The line ends here. A single point is none.
    fn lift(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.len() > 1 {
            self.sweep.lines.push(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::vitals::{Channel, Decimal};

    use super::*;
    use crate::terms;

    const SPAN: Duration = Duration::from_secs(4);

    /// Samples at 250 Hz from `ms` on.
    fn piece(ms: u64, samples: &[i16]) -> Piece {
        Piece {
            channel: Channel { term: terms::ECG_II, instance: 0 },
            unit: terms::MILLIVOLT,
            first: SessionTime(ms * 1_000),
            rate_mhz: 250_000.try_into().unwrap(),
            scale: Decimal { mantissa: 5, exponent: -3 },
            offset: Decimal { mantissa: 1, exponent: 0 },
            samples: samples.to_vec(),
        }
    }

    fn drawn(pieces: impl IntoIterator<Item = Piece>, now_ms: u64) -> Sweep {
        let mut trace = Trace::default();
        pieces.into_iter().for_each(|piece| trace.take(piece));
        trace.sweep(SessionTime(now_ms * 1_000), SPAN)
    }

    fn lengths(sweep: &Sweep) -> Vec<usize> {
        sweep.lines.iter().map(Vec::len).collect()
    }

    #[test]
    fn pieces_that_follow_each_other_are_one_line_in_the_curves_unit() {
        let sweep = drawn([piece(1_000, &[0; 50]), piece(1_200, &[200; 50])], 1_500);
        assert_eq!(lengths(&sweep), [100]);
        assert_eq!((sweep.head, sweep.range), (0.375, Some((1.0, 2.0))));
        assert_eq!(sweep.lines[0][0], Point { across: 0.25, value: 1.0 });
    }

    #[test]
    fn a_lost_piece_and_an_invalid_sample_stay_a_gap() {
        let lost = drawn([piece(1_000, &[0; 50]), piece(1_400, &[0; 50])], 2_000);
        assert_eq!(lengths(&lost), [50, 50]);
        let invalid = drawn([piece(1_000, &[1, 2, 3, GAP, 5, 6, GAP, 8])], 2_000);
        assert_eq!(lengths(&invalid), [3, 2], "a single sample between two gaps is no line");
    }

    #[test]
    fn a_late_piece_comes_to_its_own_place() {
        let sweep = drawn([piece(1_000, &[0; 50]), piece(1_400, &[0; 50]), piece(1_200, &[0; 50])], 2_000);
        assert_eq!(lengths(&sweep), [150]);
    }

    #[test]
    fn a_line_ends_at_the_screens_edge_and_before_the_head() {
        let pieces = (0..30).map(|number| piece(2_000 + number * 200, &[0; 50]));
        let sweep = drawn(pieces, 5_000);
        assert_eq!(sweep.head, 0.25);
        let ends: Vec<_> = sweep.lines.iter().map(|line| (line[0].across, line.last().unwrap().across)).collect();
        assert_eq!(ends.len(), 2);
        assert_eq!((ends[0].0, ends[1].1), (0.5, 0.25), "what comes after now is not drawn");
        let later = drawn((0..40).map(|number| piece(number * 200, &[0; 50])), 5_000);
        assert!(later.lines[0][0].across >= 0.29, "the head has a dark part before it");
    }

    #[test]
    fn two_pieces_of_one_moment_do_not_draw_back_and_forth() {
        let sweep = drawn([piece(1_000, &[0; 50]), piece(1_100, &[9; 50])], 2_000);
        assert!(sweep.lines.iter().all(|line| line.is_sorted_by(|a, b| a.across < b.across)));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_kept_within_bounds_and_drawn_inside_the_screen(
            pieces in prop::collection::vec((any::<u64>(), 1..=MAX_RATE_MHZ, prop::collection::vec(any::<i16>(), 0..20)), 0..60),
            now: u64, span_ms in 0..20_000_u64,
        ) {
            let mut trace = Trace::default();
            for (first, rate, samples) in pieces {
                let rate_mhz = rate.try_into().unwrap();
                trace.take(Piece { first: SessionTime(first), rate_mhz, samples, ..piece(0, &[]) });
            }
            prop_assert!(trace.pieces.len() <= MAX_PIECES);
            let sweep = trace.sweep(SessionTime(now), Duration::from_millis(span_ms));
            for line in sweep.lines {
                prop_assert!(line.len() > 1);
                prop_assert!(line.iter().all(|point| (0.0..=1.0).contains(&point.across)));
            }
        }
    }
}
