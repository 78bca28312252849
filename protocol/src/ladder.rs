//! What theatre gives up when the lines carry less than it would send, as both ends speak of it. When it does so is
//! `capture`'s matter.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Bytes of a telephone number at most: fifteen digits (ITU-T E.164), with room for signs between them and an extension.
pub const MAX_PHONE_BYTES: usize = 32;

/// What is given up, one thing after the other; each rung keeps what those above it gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rung {
    /// Nothing.
    Full,
    /// Bits: the encoder makes less than it is configured for.
    Bitrate,
    /// Every source but the primary is refreshed less often.
    Insets,
    /// Every second picture.
    HalfRate,
    /// Video: stills and voice are left.
    Stills,
    /// Stills too: voice is left, and the telephone.
    Voice,
}

/// Why theatre stands where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// The lines carry too little.
    Lines,
    /// The encoder makes more than it was told to.
    Encoder {
        /// What it made, in bits per second.
        made_bps: u64,
        /// What it was told to make, in bits per second.
        ordered_bps: u64,
    },
    /// The lines carry enough for more, and theatre waits until that has lasted.
    Recovering,
}

/// How frames are spread over the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Spreading {
    /// A copy on every path.
    Duplicate,
    /// Each path a part, with so much repair that any one may vanish.
    Spread,
    /// Once on the best path, a little repair on another.
    Economy,
}

/// Where theatre stands on the ladder, and what it knows of the lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// What is given up.
    pub rung: Rung,
    /// Why; `None` at [`Rung::Full`].
    pub cause: Option<Cause>,
    /// Bits per second the lines carry of encoded pictures, redundancy taken out; `None` while nothing suggests a limit.
    pub budget_bps: Option<u64>,
    /// How the newest frame was spread; `None` before the first.
    pub spreading: Option<Spreading>,
    /// The number in theatre to call at [`Rung::Voice`]: printable ASCII, at most [`MAX_PHONE_BYTES`].
    pub phone: Option<String>,
}

/// Bits per second as people read them: kbit/s below a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bps(pub u64);

impl Rung {
    /// Every rung, from the top.
    pub const ALL: [Self; 6] = [Self::Full, Self::Bitrate, Self::Insets, Self::HalfRate, Self::Stills, Self::Voice];

    /// Whether frames are sent at all.
    pub fn has_video(self) -> bool {
        self < Self::Stills
    }

    /// What is given up, in words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "Full picture",
            Self::Bitrate => "Picture less sharp",
            Self::Insets => "Side pictures slowed",
            Self::HalfRate => "Picture rate halved",
            Self::Stills => "Video stopped",
            Self::Voice => "Video and stills stopped",
        }
    }
}

impl Spreading {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Spread => "spread",
            Self::Economy => "economy",
        }
    }
}

impl Default for Position {
    /// Everything is sent, and nothing is known of the lines.
    fn default() -> Self {
        Self { rung: Rung::Full, cause: None, budget_bps: None, spreading: None, phone: None }
    }
}

impl Position {
    /// Why, in words for people, with the figures; `None` where nothing is given up.
    pub fn reason(&self) -> Option<String> {
        Some(match (self.cause?, self.budget_bps) {
            (Cause::Lines, Some(bps)) => format!("lines carry {}", Bps(bps)),
            (Cause::Recovering, Some(bps)) => format!("lines carry {} again", Bps(bps)),
            (Cause::Recovering, None) => "lines have no known limit again".to_owned(),
            (Cause::Lines, None) => "lines carry too little".to_owned(),
            (Cause::Encoder { made_bps, ordered_bps }, _) => {
                format!("encoder makes {}, told {}", Bps(made_bps), Bps(ordered_bps))
            }
        })
    }
}

impl fmt::Display for Position {
    /// What is given up and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{}: {reason}", self.rung.words()),
            None => write!(f, "{}", self.rung.words()),
        }
    }
}

impl fmt::Display for Bps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            few @ ..999_500 => write!(f, "{} kbit/s", (few + 500) / 1_000),
            many => write!(f, "{:.1} Mbit/s", many as f64 / 1e6),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_says_what_is_given_up_and_why_with_figures() {
        let lines = Position {
            rung: Rung::HalfRate,
            cause: Some(Cause::Lines),
            budget_bps: Some(1_240_000),
            ..Position::default()
        };
        assert_eq!(lines.to_string(), "Picture rate halved: lines carry 1.2 Mbit/s");
        let again = Position { cause: Some(Cause::Recovering), ..lines.clone() };
        assert_eq!(again.to_string(), "Picture rate halved: lines carry 1.2 Mbit/s again");
        let cause = Some(Cause::Encoder { made_bps: 4_000_000, ordered_bps: 800_000 });
        let encoder = Position { rung: Rung::Insets, cause, ..lines };
        assert_eq!(encoder.to_string(), "Side pictures slowed: encoder makes 4.0 Mbit/s, told 800 kbit/s");
        assert_eq!(Position::default().to_string(), "Full picture");
    }

    #[test]
    fn no_two_rungs_are_told_alike() {
        for (place, rung) in Rung::ALL.into_iter().enumerate() {
            assert!(Rung::ALL[..place].iter().all(|above| *above < rung && above.words() != rung.words()));
        }
    }
}
