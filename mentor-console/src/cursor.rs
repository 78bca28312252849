//! The mentor's cursor on its way to theatre: where the pointer hovers over a picture, as often as an eye needs, again now
//! and then so that theatre knows it is still meant, and no longer once the hand rests. Pure.

use std::time::Duration;

use protocol::call::Pointed;
use protocol::time::MonoTime;

/// A place is told at most this often: once for each picture of a 30 Hz source.
const EVERY: Duration = Duration::from_millis(33);
/// A place that is still meant is told again after this: theatre forgets one that it has not heard of for a second.
const AGAIN: Duration = Duration::from_millis(300);
/// A hand that rested so long points at nothing.
const RESTS: Duration = Duration::from_secs(3);

/// What was pointed at, and what theatre was told of it.
#[derive(Debug, Default)]
pub struct Cursor {
    at: Option<Pointed>,
    moved: MonoTime,
    told: Option<Pointed>,
    told_at: MonoTime,
}

impl Cursor {
    /// The pointer is here now, or over no picture. Gives what theatre is to be told at once.
    pub fn point(&mut self, at: Option<Pointed>, now: MonoTime) -> Option<Option<Pointed>> {
        (self.at, self.moved) = (at, now);
        self.due(now)
    }

    /// To be called ten times a second. Gives what theatre is to be told.
    pub fn beat(&mut self, now: MonoTime) -> Option<Option<Pointed>> {
        if now.since(self.moved) >= RESTS {
            self.at = None;
        }
        self.due(now)
    }

    fn due(&mut self, now: MonoTime) -> Option<Option<Pointed>> {
        let silent = now.since(self.told_at);
        let is_due = match (self.told, self.at) {
            (None, None) => false,
            (Some(_), None) => true,
            (told, at) if told == at => silent >= AGAIN,
            _ => silent >= EVERY,
        };
        is_due.then(|| {
            (self.told, self.told_at) = (self.at, now);
            self.at
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::geometry::ImagePoint;
    use protocol::ids::SourceId;

    fn at(ms: u64) -> MonoTime {
        MonoTime(1_000_000 + ms * 1_000)
    }

    fn to(x: u16) -> Option<Pointed> {
        Some(Pointed { source: SourceId(0), at: ImagePoint { x, y: 0 } })
    }

    #[test]
    fn a_moving_pointer_is_told_thirty_times_a_second_and_where_it_stopped() {
        let mut cursor = Cursor::default();
        let told: Vec<_> = (0..100).filter_map(|ms| cursor.point(to(ms), at(ms.into()))).collect();
        assert_eq!(told, [to(0), to(33), to(66), to(99)]);
        cursor.point(to(200), at(101));
        assert_eq!(cursor.beat(at(150)), Some(to(200)));
    }

    #[test]
    fn a_resting_pointer_is_told_again_for_three_seconds_and_then_gone_once() {
        let mut cursor = Cursor::default();
        cursor.point(to(1), at(0));
        let told: Vec<_> = (1..100).filter_map(|beat| cursor.beat(at(beat * 100))).collect();
        assert_eq!(told, [vec![to(1); 9], vec![None]].concat());
    }

    #[test]
    fn leaving_the_picture_is_told_at_once_and_a_pointer_that_never_came_is_not_told_at_all() {
        let mut cursor = Cursor::default();
        assert_eq!((cursor.point(None, at(0)), cursor.beat(at(500))), (None, None));
        cursor.point(to(1), at(600));
        assert_eq!(cursor.point(None, at(601)), Some(None));
        assert_eq!(cursor.beat(at(2_000)), None);
    }
}
