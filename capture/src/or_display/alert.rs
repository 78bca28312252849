//! The frame around the picture that asks for attention while an urgent notice stands. Pure.

use std::time::Duration;

use annotation::expiry;
use annotation::raster::{Overlay, Rect};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::local::{Severity, ToDisplay};

/// How long the frame comes and goes before it stands still: long enough to be noticed from the corner of an eye.
const PULSES_FOR: Duration = Duration::from_secs(5);
/// Half of a pulse. One a second: well below the three that WCAG 2.3.1 sets as the bound for photosensitive people.
const HALF_PULSE: Duration = Duration::from_millis(500);
/// The frame's thickness as a part of the picture's height.
const THICKNESS: u16 = 90;
/// The frame's colour, premultiplied and opaque: that of urgent notices.
const COLOUR: [u8; 4] = [255, 128, 118, 255];

/// The frame of one window.
#[derive(Debug, Default)]
pub struct Alert {
    wanted: Option<Wanted>,
    /// The last word from `capture-node`.
    heard: MonoTime,
    drawn: bool,
}

/// A notice asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    since: MonoTime,
    texts: Vec<String>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Someone here has seen it; the words stay until the mentor was told.
    Answered,
}

impl Alert {
    /// Takes messages that came at `received`.
    pub fn take(&mut self, messages: &[ToDisplay], received: MonoTime) {
        self.heard = self.heard.max(received);
        for message in messages {
            if let ToDisplay::Notices(notices) = message {
                let urgent = notices.iter().filter(|notice| notice.severity == Severity::Alarm);
                let texts: Vec<String> = urgent.map(|notice| notice.text.clone()).collect();
                self.want(texts, received);
            }
        }
    }

    /// Someone in theatre has seen it.
    pub fn answered(&mut self) {
        if let Some(wanted) = &mut self.wanted {
            wanted.state = State::Answered;
        }
    }

    /// Whether a drawing at `now` would differ from the last one.
    pub fn changed(&self, now: MonoTime) -> bool {
        self.drawn != self.is_on(now)
    }

    /// The next moment at which it comes or goes by itself.
    pub fn changes_at(&self, now: MonoTime) -> Option<MonoTime> {
        let wanted = self.wanted.as_ref().filter(|wanted| wanted.state == State::Open)?;
        let silent = self.heard + expiry::GONE_AFTER;
        let running = now.since(wanted.since);
        if running >= PULSES_FOR {
            return Some(silent).filter(|silent| *silent > now);
        }
        let halves = running.as_micros() / HALF_PULSE.as_micros() + 1;
        let next = wanted.since + HALF_PULSE * u32::try_from(halves).unwrap_or(u32::MAX);
        Some(next.min(silent.max(now)))
    }

    /// What lies over a picture of `size` at `now`.
    pub fn draw(&mut self, size: SizePx, now: MonoTime) -> Overlay {
        self.drawn = self.is_on(now);
        if self.drawn { frame(size) } else { Overlay::default() }
    }

    /// The same words again are no new alert.
    fn want(&mut self, texts: Vec<String>, now: MonoTime) {
        if texts.is_empty() {
            self.wanted = None;
        } else if self.wanted.as_ref().is_none_or(|wanted| wanted.texts != texts) {
            self.wanted = Some(Wanted { since: now, texts, state: State::Open });
        }
    }

    fn is_on(&self, now: MonoTime) -> bool {
        let Some(wanted) = self.wanted.as_ref().filter(|wanted| wanted.state == State::Open) else { return false };
        let running = now.since(wanted.since);
        let lit = running >= PULSES_FOR || (running.as_micros() / HALF_PULSE.as_micros()).is_multiple_of(2);
        lit && now.since(self.heard) < expiry::GONE_AFTER
    }
}

/// Four bars along the edges.
fn frame(size: SizePx) -> Overlay {
    let thickness = (size.height / THICKNESS).max(2).min(size.height / 2).min(size.width / 2);
    let bar = |x, y, width, height| {
        let pixels = usize::from(width) * usize::from(height);
        Rect { x, y, size: SizePx { width, height }, rgba: COLOUR.repeat(pixels).into() }
    };
    let SizePx { width, height } = size;
    let inner = height - 2 * thickness;
    Overlay {
        rects: vec![
            bar(0, 0, width, thickness),
            bar(0, height - thickness, width, thickness),
            bar(0, thickness, thickness, inner),
            bar(width - thickness, thickness, thickness, inner),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Notice;

    const SIZE: SizePx = SizePx { width: 640, height: 360 };

    fn at(ms: u64) -> MonoTime {
        MonoTime(1_000_000 + ms * 1_000)
    }

    fn notices(severity: Severity, text: &str) -> [ToDisplay; 1] {
        [ToDisplay::Notices(vec![Notice { severity, text: text.into() }])]
    }

    /// When the frame changes within `ms`, while `capture-node` is heard all the time.
    fn changes(alert: &mut Alert, from: u64, ms: u64) -> Vec<u64> {
        let changed = (from..from + ms).filter(|ms| {
            alert.take(&[], at(*ms));
            let changed = alert.changed(at(*ms));
            alert.draw(SIZE, at(*ms));
            changed
        });
        changed.collect()
    }

    #[test]
    fn an_urgent_notice_pulses_once_a_second_for_five_seconds_and_then_stands() {
        let mut alert = Alert::default();
        alert.take(&notices(Severity::Alarm, "Mentor: look"), at(0));
        assert_eq!(
            changes(&mut alert, 0, 20_000),
            [0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500, 5_000]
        );
        assert_eq!(alert.draw(SIZE, at(20_000)).rects.len(), 4);
    }

    #[test]
    fn it_wakes_when_it_changes() {
        let mut alert = Alert::default();
        alert.take(&notices(Severity::Alarm, "Mentor: look"), at(0));
        assert_eq!(alert.changes_at(at(0)), Some(at(500)));
        assert_eq!(alert.changes_at(at(700)), Some(at(1_000)));
        assert_eq!(alert.changes_at(at(6_000)), None, "nobody was heard for five seconds");
        assert!(alert.draw(SIZE, at(6_000)).rects.is_empty());
    }

    #[test]
    fn an_answer_ends_it_until_other_words_come() {
        let mut alert = Alert::default();
        alert.take(&notices(Severity::Alarm, "Mentor: look"), at(0));
        alert.draw(SIZE, at(0));
        alert.answered();
        assert_eq!(changes(&mut alert, 1, 4_000), [1]);
        alert.take(&notices(Severity::Alarm, "Mentor: look"), at(4_100));
        assert!(!alert.changed(at(4_100)), "the same words");
        alert.take(&notices(Severity::Alarm, "Mentor: urgent"), at(4_200));
        assert!(alert.changed(at(4_200)));
    }

    #[test]
    fn quieter_notices_have_no_frame() {
        let mut alert = Alert::default();
        alert.take(&notices(Severity::Caution, "a drill"), at(0));
        assert!(!alert.changed(at(0)));
        assert_eq!(alert.changes_at(at(0)), None);
    }

    #[test]
    fn the_frame_lies_inside_pictures_of_any_size() {
        for (width, height) in [(1, 1), (2, 2), (3, 400), (1920, 1080)] {
            for rect in frame(SizePx { width, height }).rects {
                assert!(rect.x + rect.size.width <= width && rect.y + rect.size.height <= height, "{width}x{height}");
            }
        }
    }
}
