//! How marks age when the mentor's machine falls silent (invariant 3). Measuring the silence is left to the display.

use std::time::Duration;

/// Silence after which a mark is drawn dashed: long enough for a path to be cut and another to take over unseen.
pub const DASHED_AFTER: Duration = Duration::from_secs(1);
/// Silence after which a mark is gone: nobody vouches for it any more, and the picture has moved on.
pub const GONE_AFTER: Duration = Duration::from_secs(5);

/// How far marks can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The mentor's machine was heard of lately.
    Fresh,
    /// Drawn dashed.
    Dashed,
    /// Not drawn, and not drawn again when the mentor's machine comes back.
    Gone,
}

impl Standing {
    /// How marks stand when the last word from the mentor's machine is `silence` ago.
    pub fn after(silence: Duration) -> Self {
        match silence {
            _ if silence >= GONE_AFTER => Self::Gone,
            _ if silence >= DASHED_AFTER => Self::Dashed,
            _ => Self::Fresh,
        }
    }

    /// How much longer the silence must last to change this; `None` once gone.
    pub fn changes_in(silence: Duration) -> Option<Duration> {
        [DASHED_AFTER, GONE_AFTER]
            .into_iter()
            .filter_map(|after| after.checked_sub(silence))
            .find(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_dashed_after_one_second_and_gone_after_five() {
        let at = |ms| Standing::after(Duration::from_millis(ms));
        assert_eq!([at(0), at(999)], [Standing::Fresh; 2]);
        assert_eq!([at(1_000), at(4_999)], [Standing::Dashed; 2]);
        assert_eq!([at(5_000), at(5_000_000)], [Standing::Gone; 2]);
    }

    #[test]
    fn whoever_sleeps_until_the_next_change_meets_each_once() {
        let mut silence = Duration::ZERO;
        let mut met = vec![Standing::after(silence)];
        while let Some(left) = Standing::changes_in(silence) {
            silence += left;
            met.push(Standing::after(silence));
        }
        assert_eq!(met, [Standing::Fresh, Standing::Dashed, Standing::Gone]);
    }
}
