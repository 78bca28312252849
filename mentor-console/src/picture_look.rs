//! How the state of a picture and of its sources is told: signs, words, the reason a pen is refused, and an age in words.

use std::time::Duration;

use ui::badge::Sign;
use ui::icon::Icon;
use ui::theme;

use protocol::frame::Freshness;
use protocol::ladder::{Position, Rung};

use crate::picture_state::State;

/// Why no stroke can begin on a source that delivers nothing.
const NO_SIGNAL: &str = "No drawing: theatre has no signal from this source";
/// Why none can begin on one that repeats a picture.
const REPEATS: &str = "No drawing: this source repeats one old picture";
/// Why none can begin on one without light.
const BLACK: &str = "No drawing: this source's picture is black";

/// Colour and shape of a state. States of one colour differ in shape.
pub fn sign(state: State) -> Sign {
    let (colour, icon) = match state {
        State::Live => (theme::GOOD, Icon::Disc),
        State::Late => (theme::CAUTION, Icon::Triangle),
        State::Frozen => (theme::ALARM, Icon::Bars),
        State::SourceLost => (theme::ALARM, Icon::SlashedRing),
        State::Repeating => (theme::ALARM, Icon::Squares),
        State::Black => (theme::ALARM, Icon::HalfDisc),
        State::Held => (theme::CAUTION, Icon::Square),
        State::Lost => (theme::ALARM, Icon::Cross),
        State::Still => (theme::CHOSEN, Icon::Photo),
        State::Curtain => (theme::CAUTION, Icon::Curtain),
        State::Unknown => (theme::UNSURE, Icon::Diamond),
        State::Waiting => (theme::UNSURE, Icon::Ring),
    };
    Sign { colour, icon }
}

/// The state in the fewest words.
pub fn words(state: State) -> &'static str {
    match state {
        State::Live => "LIVE",
        State::Late => "LATE",
        State::Frozen => "FROZEN",
        State::SourceLost => "SOURCE LOST",
        State::Repeating => "SOURCE REPEATS",
        State::Black => "SOURCE BLACK",
        State::Held => "IMAGE HELD",
        State::Lost => "LINK LOST",
        State::Still => "STILL",
        State::Curtain => "CURTAIN",
        State::Unknown => "AGE UNKNOWN",
        State::Waiting => "WAITING FOR PICTURE",
    }
}

/// The state with the age of what is on the screen, as the banner over the picture says it. What is black has no age that
/// anybody could see.
pub fn banner(state: State, age: Option<Duration>) -> String {
    let words = words(state);
    match (state, age) {
        (State::Black, _) => format!("{words}: nothing is to be seen on it"),
        (State::Curtain, _) => "Curtain: theatre has closed the picture".to_owned(),
        (_, None) => words.to_owned(),
        (State::Unknown, Some(age)) => format!("{words}: at least {}", spoken(age)),
        (_, Some(age)) => format!("{words}: this picture is {} old", spoken(age)),
    }
}

/// Why no stroke can begin, if none can.
pub fn pen_refusal(state: State) -> Option<&'static str> {
    match state {
        State::Live | State::Late | State::Held | State::Still => None,
        State::Frozen => Some("No drawing: the picture is frozen"),
        State::SourceLost => Some(NO_SIGNAL),
        State::Repeating => Some(REPEATS),
        State::Black => Some(BLACK),
        State::Curtain => Some("No drawing: theatre has closed the curtain"),
        State::Lost => Some("No drawing: the link to theatre is lost"),
        State::Unknown => Some("No drawing: the age of the picture is not known yet"),
        State::Waiting => Some("No drawing: no picture has come yet"),
    }
}

/// The sign of a source that is not simply live.
pub fn source_sign(freshness: Freshness) -> Option<Sign> {
    match freshness {
        Freshness::Live => None,
        Freshness::Repeating { .. } => Some(sign(State::Repeating)),
        Freshness::Black { .. } => Some(sign(State::Black)),
        Freshness::Held { .. } => Some(sign(State::Held)),
        Freshness::Waiting
        | Freshness::Lost
        | Freshness::Ended
        | Freshness::Failed
        | Freshness::Unusable
        | Freshness::Withheld => Some(sign(State::SourceLost)),
    }
}

/// How a source stands, and for how long where that is known.
pub fn source_words(freshness: Freshness, age: Option<Duration>) -> String {
    let words = match freshness {
        Freshness::Live => "LIVE",
        Freshness::Waiting => return "NO SIGNAL yet".into(),
        Freshness::Lost => "NO SIGNAL",
        Freshness::Repeating { .. } => "PICTURE REPEATS",
        Freshness::Black { .. } => "BLACK PICTURE",
        Freshness::Held { .. } => "IMAGE HELD",
        Freshness::Ended => "SOURCE ENDED",
        Freshness::Failed => "SOURCE FAILED",
        Freshness::Unusable => "WRONG FORMAT",
        Freshness::Withheld => return "WITHHELD by theatre: its mask is missing or does not fit".into(),
    };
    age.map_or(words.to_owned(), |age| format!("{words} for {}", spoken(age)))
}

/// Why no stroke can begin on a source, if none can.
pub fn source_refusal(freshness: Freshness) -> Option<&'static str> {
    match freshness {
        Freshness::Live | Freshness::Held { .. } => None,
        Freshness::Waiting | Freshness::Lost => Some(NO_SIGNAL),
        Freshness::Repeating { .. } => Some(REPEATS),
        Freshness::Black { .. } => Some(BLACK),
        Freshness::Ended => Some("No drawing: this source has ended"),
        Freshness::Failed => Some("No drawing: this source has failed in theatre"),
        Freshness::Unusable => Some("No drawing: theatre cannot show this source's pictures"),
        Freshness::Withheld => Some("No drawing: theatre withholds this source, whose mask is missing or does not fit"),
    }
}

/// The sign of what theatre gives up, if it gives up anything.
pub fn given_up(rung: Rung) -> Option<Sign> {
    let (colour, icon) = match rung {
        Rung::Full => return None,
        Rung::Bitrate | Rung::Insets | Rung::HalfRate => (theme::CAUTION, Icon::Triangle),
        Rung::Stills | Rung::Voice => (theme::ALARM, Icon::Bars),
    };
    Some(Sign { colour, icon })
}

/// What to do when only voice is left; nothing before.
pub fn call(position: &Position) -> Option<String> {
    if position.rung != Rung::Voice {
        return None;
    }
    let number = position.phone.as_deref().unwrap_or("no number configured");
    Some(format!("Call theatre: {number}"))
}

/// A duration as it is said: the coarser, the longer it is.
pub fn spoken(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{millis} ms"),
        1..10 => format!("{:.1} s", duration.as_secs_f32()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::time::SessionTime;

    const ALL: [State; 12] = [
        State::Live,
        State::Late,
        State::Held,
        State::Frozen,
        State::SourceLost,
        State::Repeating,
        State::Black,
        State::Lost,
        State::Still,
        State::Curtain,
        State::Unknown,
        State::Waiting,
    ];

    fn sources() -> [Freshness; 10] {
        let since = SessionTime(1);
        [
            Freshness::Live,
            Freshness::Waiting,
            Freshness::Lost,
            Freshness::Repeating { since },
            Freshness::Black { since },
            Freshness::Held { since },
            Freshness::Ended,
            Freshness::Failed,
            Freshness::Unusable,
            Freshness::Withheld,
        ]
    }

    #[test]
    fn no_two_states_share_their_shape_or_their_words() {
        for (index, state) in ALL.into_iter().enumerate() {
            for other in ALL.into_iter().skip(index + 1) {
                assert_ne!(sign(state).icon, sign(other).icon, "{state:?} {other:?}");
                assert_ne!(words(state), words(other));
            }
        }
    }

    #[test]
    fn nothing_but_live_has_lives_colour() {
        for state in ALL {
            assert_eq!(sign(state).colour == theme::GOOD, state == State::Live, "{state:?}");
        }
    }

    #[test]
    fn a_reason_is_given_exactly_where_the_pen_is_refused() {
        for state in ALL {
            assert_eq!(pen_refusal(state).is_none(), state.allows_pen(), "{state:?}");
        }
    }

    #[test]
    fn a_source_is_signed_unless_live_and_its_pen_is_refused_exactly_where_theatre_says_so() {
        for freshness in sources() {
            assert_eq!(source_sign(freshness).is_none(), freshness == Freshness::Live, "{freshness:?}");
            assert_eq!(source_refusal(freshness).is_none(), freshness.allows_pen(), "{freshness:?}");
        }
    }

    #[test]
    fn a_source_is_told_with_the_age_of_what_it_shows() {
        let said = sources().map(|freshness| source_words(freshness, Some(Duration::from_secs(12))));
        assert_eq!(said[1], "NO SIGNAL yet");
        assert_eq!(said[3], "PICTURE REPEATS for 12 s");
        assert_eq!(said[5], "IMAGE HELD for 12 s");
        assert_eq!(source_words(Freshness::Failed, None), "SOURCE FAILED");
    }

    #[test]
    fn ages_are_said_as_people_say_them() {
        let said = [230, 3_240, 42_900, 200_000, 7_500_000].map(|ms| spoken(Duration::from_millis(ms)));
        assert_eq!(said, ["230 ms", "3.2 s", "42 s", "3 min 20 s", "2 h 5 min"]);
    }
}
