//! What the window shows besides the picture, as plain data: one value made for each repaint. Views read it and
//! nothing else, so that every one of them can be shown any situation.

use std::time::Duration;

use protocol::arrangement::Arrangement;
use protocol::camera::Offer;
use protocol::geometry::SizePx;
use protocol::ids::SourceId;
use protocol::ladder::Position;
use protocol::mark::{Ink, Width};
use protocol::time::ClockOffset;
use protocol::vitals::Feed;
use transport::drill::Effect;
use transport::drill::ledger::{Phase, Runner};
use vitals::panel::{Curve, Number, Told};

use crate::calls;
use crate::latency::Summary;
use crate::picture_state::Verdict;
use crate::still::Progress;

/// Everything in words and numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// How far the picture can be trusted.
    pub verdict: Verdict,
    /// The age of the picture, as fresh as it can be read.
    pub age: Option<Duration>,
    /// Where the milliseconds went.
    pub latency: Summary,
    /// The session's clock, once known.
    pub clock: Option<ClockOffset>,
    /// Frames so far.
    pub frames: Frames,
    /// What theatre gives up and knows of the lines, once it said so.
    pub position: Option<Position>,
    /// How the canvas is arranged and what of it may be asked for, once theatre said so.
    pub arrangement: Option<Arrangement>,
    /// The ways to theatre, in the order of the configuration.
    pub paths: Vec<Path>,
    /// Marks that are not simply shown.
    pub marks: Marks,
    /// The pen in hand.
    pub pen: Pen,
    /// Why the last press of the pen drew nothing, for a moment after it.
    pub refusal: Option<&'static str>,
    /// Sources on the canvas and their names.
    pub sources: Vec<(SourceId, String)>,
    /// The still that is asked for.
    pub still: Progress,
    /// Whether a still is held in place of the live picture.
    pub view: ViewOf,
    /// What a still would be of: the source under the pointer, or the primary.
    pub still_of: Option<SourceId>,
    /// Room cameras that can be moved.
    pub cameras: Vec<Offer>,
    /// Whether the card that says what to try is open.
    pub card_open: bool,
    /// Whether the stages of latency are open.
    pub stages_open: bool,
    /// Whether the panel of layouts is open.
    pub layouts_open: bool,
    /// Drills to come and under way, this console's first.
    pub drills: Vec<Drill>,
    /// The form for a drill, while it is open.
    pub drill_form: Option<DrillForm>,
    /// Why the last drill asked for does not take place, until it was read.
    pub drill_refusal: Option<String>,
    /// How far theatre is with what the mentor asked, while that is news.
    pub call: Option<calls::Stage>,
    /// Whether theatre sends a test picture, which is no operation's.
    pub test_picture: bool,
    /// The patient's vital signs, once theatre told of any.
    pub vitals: Option<Vitals>,
    /// Whether their panel is open.
    pub vitals_open: bool,
}

/// Vital signs as they are shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Vitals {
    /// How the feed stands.
    pub feed: Feed,
    /// How long it has stood so; `None` while the session's clock is not known.
    pub since: Option<Duration>,
    /// What is shown of it; nothing while the session's clock is not known, since no age could be told.
    pub values: Option<Values>,
}

/// Values with their ages.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Values {
    /// Numbers, in the order of monitors.
    pub numbers: Vec<Number>,
    /// Curves, in the same order.
    pub curves: Vec<Curve>,
    /// Alarms that devices in theatre signal, the most urgent first.
    pub alarms: Vec<Told>,
}

/// What the window shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ViewOf {
    /// What happens now, or the newest that came.
    #[default]
    Live,
    /// A still.
    Still {
        /// The source's name.
        name: String,
        /// Its size.
        size: SizePx,
    },
}

/// A drill as people are told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    /// The path's name at the end that runs it.
    pub path: String,
    /// What is done to it.
    pub effect: Effect,
    /// Who runs it.
    pub runner: Runner,
    /// How far it is.
    pub phase: Phase,
}

/// What a form for a drill says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrillForm {
    /// The path's place among [`State::paths`].
    pub path: usize,
    /// What is done to it.
    pub effect: Effect,
    /// For how long.
    pub seconds: u16,
}

/// Frames since the program started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Frames {
    /// Were on the screen.
    pub shown: u64,
    /// Were decoded and overtaken by a newer one before they could be shown.
    pub skipped: u64,
    /// Never came, came damaged, or depended on one of those.
    pub lost: u64,
}

/// One way to theatre.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Its name in the configuration.
    pub name: String,
    /// Its state.
    pub condition: Condition,
    /// Why it is down, if it is.
    pub reason: Option<String>,
    /// Smoothed round trip.
    pub rtt: Option<Duration>,
    /// Datagrams that did not arrive, in percent, in the worse direction.
    pub loss_pct: Option<f32>,
}

/// The state of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Being dialled.
    Connecting,
    /// Theatre is heard on it.
    Live,
    /// Connected, but nothing is heard.
    Dark,
    /// No connection; it is dialled again.
    Down,
}

/// How many of the mentor's marks are in a state that has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// On the board at all; undo and clear have something to do.
    pub on_board: usize,
    /// Sent, no word from theatre yet.
    pub pending: usize,
    /// On a source that no window in theatre shows.
    pub no_display: usize,
    /// Taken back, still to be confirmed.
    pub removing: usize,
    /// On theatre's display, dashed: the picture has moved under them.
    pub moved: usize,
    /// Gone from theatre's display with the picture, a moment ago.
    pub moved_away: usize,
    /// Gone from theatre's display after silence.
    pub faded: usize,
    /// Hidden by theatre, with all others.
    pub hidden: usize,
    /// No word from theatre for too long.
    pub failed: usize,
}

/// The pen in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pen {
    /// Its ink.
    pub ink: Ink,
    /// Its width.
    pub width: Width,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::picture_state::State as PictureState;

    /// A console in a session where nothing is amiss.
    pub(crate) fn all_well() -> State {
        let ms = Duration::from_millis;
        let path = |name: &str| Path {
            name: name.into(),
            condition: Condition::Live,
            reason: None,
            rtt: Some(ms(21)),
            loss_pct: Some(0.0),
        };
        State {
            verdict: Verdict { state: PictureState::Live, age: Some(ms(40)) },
            age: Some(ms(40)),
            latency: Summary {
                now: Some(ms(41)),
                p50: Some(ms(40)),
                p99: Some(ms(55)),
                stages: [2, 17, 1, 5, 15].map(|value| Some(ms(value))),
                fps: Some(30.0),
            },
            clock: Some(ClockOffset { offset_us: 0, uncertainty_us: 1_200 }),
            frames: Frames { shown: 300, skipped: 0, lost: 0 },
            position: None,
            arrangement: None,
            paths: vec![path("a"), path("b")],
            marks: Marks::default(),
            pen: Pen::default(),
            refusal: None,
            sources: vec![(SourceId(0), "endoscope".into())],
            still: Progress::None,
            view: ViewOf::Live,
            still_of: Some(SourceId(0)),
            cameras: Vec::new(),
            card_open: false,
            stages_open: false,
            layouts_open: false,
            drills: Vec::new(),
            drill_form: None,
            drill_refusal: None,
            call: None,
            test_picture: false,
            vitals: None,
            vitals_open: false,
        }
    }
}
