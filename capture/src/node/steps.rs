//! Where theatre stands on the ladder, as both ends are told: each step at once, figures in between now and then. Pure;
//! when to step is `crate::ladder`'s, telling the relay's and the log's.

use std::time::Duration;

use protocol::ladder::{Cause, Position, Rung, Spreading};
use protocol::time::MonoTime;

use crate::ladder::{Ladder, Seen, Shape};
use crate::local::{Notice, Severity};

/// Figures are told at most this often: faster, nobody can read them.
const FIGURES_EVERY: Duration = Duration::from_secs(1);
/// A budget that differs by no more than this, in percent, is the same to a reader.
const SAME_PERCENT: u64 = 10;

/// The ladder, and what was told of it.
#[derive(Debug)]
pub struct Steps {
    ladder: Ladder,
    phone: Option<String>,
    told: Option<(Position, MonoTime)>,
}

/// Something that both ends are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Another rung.
    Step(Position),
    /// The same rung with other figures.
    Figures(Position),
}

impl Steps {
    /// At the top. `phone` is the number in theatre to call in the end.
    pub fn new(shape: Shape, phone: Option<String>) -> Self {
        Self { ladder: Ladder::new(shape), phone, told: None }
    }

    /// Judges anew, and returns what is to be told. To be called ten times a second.
    pub fn judge(&mut self, seen: &Seen, spreading: Option<Spreading>, now: MonoTime) -> Option<News> {
        let stepped = self.ladder.judge(seen, now);
        let position = Position {
            rung: self.ladder.rung(),
            cause: self.ladder.cause(),
            budget_bps: seen.budget_bps,
            spreading,
            phone: self.phone.clone(),
        };
        let is_due = self
            .told
            .as_ref()
            .is_none_or(|(told, at)| stepped || (differs(told, &position) && now.since(*at) >= FIGURES_EVERY));
        if !is_due {
            return None;
        }
        self.told = Some((position.clone(), now));
        Some(if stepped { News::Step(position) } else { News::Figures(position) })
    }
}

/// What the OR display says of it, for whoever sees the surgeon's picture and cannot know what the mentor sees.
pub fn notice(position: &Position) -> Option<Notice> {
    let severity = match position.rung {
        Rung::Full => return None,
        Rung::Bitrate | Rung::Insets => Severity::Quiet,
        Rung::HalfRate | Rung::Stills | Rung::Voice => Severity::Caution,
    };
    let mut text = format!("Mentor's view · {position}");
    if position.rung == Rung::Voice {
        text.push_str(&match &position.phone {
            Some(phone) => format!("\nThe mentor is asked to call {phone}"),
            None => "\nCall the mentor: no number configured".to_owned(),
        });
    }
    Some(Notice { severity, text })
}

/// Whether a reader would notice.
fn differs(told: &Position, now: &Position) -> bool {
    let budget = match (told.budget_bps, now.budget_bps) {
        (Some(before), Some(after)) => before.abs_diff(after) > before.saturating_mul(SAME_PERCENT) / 100,
        (before, after) => before != after,
    };
    budget || (told.cause, told.spreading) != (now.cause, now.spreading)
}

/// Whether it was the encoder that made theatre step.
pub fn blames_encoder(position: &Position) -> bool {
    matches!(position.cause, Some(Cause::Encoder { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::geometry::SizePx;

    struct Bench {
        steps: Steps,
        now: MonoTime,
    }

    impl Bench {
        fn new(phone: Option<&str>) -> Self {
            let canvas = SizePx { width: 1280, height: 720 };
            let shape = Shape { canvas, configured_bps: 6_000_000 };
            Self { steps: Steps::new(shape, phone.map(str::to_owned)), now: MonoTime(0) }
        }

        /// All that is told in `ms` with this budget.
        fn told(&mut self, ms: u64, budget_kbps: Option<u64>) -> Vec<News> {
            let beats = (0..ms / 100).filter_map(|_| {
                self.now = self.now + Duration::from_millis(100);
                let budget_bps = budget_kbps.map(|kbps| kbps * 1_000);
                let seen = Seen { budget_bps, made_bytes: 0, interval: Duration::from_millis(33) };
                self.steps.judge(&seen, Some(Spreading::Duplicate), self.now)
            });
            beats.collect()
        }
    }

    fn budgets(news: &[News]) -> Vec<Option<u64>> {
        let budget = |news: &News| match news {
            News::Step(position) | News::Figures(position) => position.budget_bps.map(|bps| bps / 1_000),
        };
        news.iter().map(budget).collect()
    }

    #[test]
    fn the_first_figures_come_at_once_and_later_ones_when_they_differ_at_most_once_a_second() {
        let mut bench = Bench::new(None);
        assert_eq!(budgets(&bench.told(300, None)), [None]);
        assert_eq!(budgets(&bench.told(700, Some(9_000))), []);
        assert_eq!(budgets(&bench.told(2_000, Some(9_000))), [Some(9_000)]);
        assert_eq!(budgets(&bench.told(5_000, Some(9_800))), []);
        assert_eq!(budgets(&bench.told(5_000, Some(10_000))), [Some(10_000)]);
    }

    #[test]
    fn a_step_is_told_at_once_with_its_figures() {
        let mut bench = Bench::new(None);
        bench.told(5_000, Some(9_000));
        let told = bench.told(700, Some(1_200));
        let Some(News::Step(position)) = told.last() else { panic!("{told:?}") };
        assert_eq!(position.to_string(), "Picture rate halved: lines carry 1.2 Mbit/s");
        assert_eq!(bench.told(2_000, Some(1_250)), []);
    }

    #[test]
    fn the_display_says_what_the_mentor_sees_and_in_the_end_which_telephone_will_ring() {
        for (phone, end) in [
            (Some("+49 30 12"), "The mentor is asked to call +49 30 12"),
            (None, "Call the mentor: no number configured"),
        ] {
            let mut bench = Bench::new(phone);
            assert!(bench.told(100, None).iter().all(|news| matches!(news, News::Figures(at) if notice(at).is_none())));
            let told = bench.told(4_000, Some(80));
            let Some(News::Step(position)) = told.last() else { panic!("{told:?}") };
            let Notice { severity, text } = notice(position).unwrap();
            let first = "Mentor's view · Video and stills stopped: lines carry 80 kbit/s";
            assert_eq!((severity, text), (Severity::Caution, format!("{first}\n{end}")));
        }
    }
}
