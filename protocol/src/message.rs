//! Everything that travels on the message lane, and its bounds.

use serde::{Deserialize, Serialize};

use crate::arrangement::{self, Arrangement, Wish};
use crate::call::{Answer, Call, Pointed};
use crate::camera::{self, Action, Drive};
use crate::codec::Codec;
use crate::drill::{self, News};
use crate::ids::SourceId;
use crate::ladder::{MAX_PHONE_BYTES, Position};
use crate::layout::{Layout, MAX_NAME_BYTES, MAX_TILES};
use crate::mark::{MAX_POINTS_PER_EXTEND, Operation, Receipt};
use crate::pattern::{Judgement, Pattern};
use crate::still;
use crate::vitals::Vitals;

/// One message between theatre and a console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Theatre: the canvas's arrangement, at each join and each change.
    Layout(Layout),
    /// Console: a step in the life of a mark.
    Mark(Operation),
    /// Theatre: what became of a mark.
    Receipt(Receipt),
    /// Either end: it drills one of its paths.
    Drill(News),
    /// Theatre: where it stands on the ladder, at each join and each change.
    Ladder(Position),
    /// Console: where the mentor points without drawing, or nowhere; repeated while it is so.
    Cursor(Option<Pointed>),
    /// Console: the mentor asks something of the team, or takes it back.
    Call(Call),
    /// Theatre: what became of a call.
    Answer(Answer),
    /// Theatre: vital signs.
    Vitals(Vitals),
    /// Console: a still of this source is wanted. A newer wish takes the place of one that is not yet under way.
    StillWish(SourceId),
    /// Theatre: there will be no still.
    StillRefused {
        /// Of which source.
        source: SourceId,
        /// Why not.
        why: still::Refusal,
    },
    /// Console: something is asked of a room camera.
    Camera(camera::Command),
    /// Theatre: the room cameras that this console may move, at each join and each change; at most
    /// [`camera::MAX_CAMERAS`].
    Cameras(Vec<camera::Offer>),
    /// Theatre: frames show a test picture from now on, or no longer. The console judges it.
    Pattern(Option<Pattern>),
    /// Console: how the test picture came, once it is over.
    Judged(Judgement),
    /// Console: the canvas is to be arranged so.
    LayoutWish(Wish),
    /// Theatre: how the canvas is arranged and what may be asked for, at each join and each change.
    Arrangement(Arrangement),
    /// Theatre: what becomes of the console's last wish.
    LayoutAnswer(arrangement::Answer),
    /// Console: frames may come in these codecs too, beside H.264; at each join and each change. Before it is said, and for
    /// an empty list, they may not.
    Decodes(Vec<Codec>),
}

/// Why bytes are no message, or a message cannot travel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not the postcard encoding of a [`Message`].
    #[error("message does not decode: {0}")]
    Encoding(#[from] postcard::Error),
    /// A sequence, name or time is longer than the protocol allows.
    #[error("message is out of bounds: {what} has {len}, at most {max} allowed")]
    Bounds {
        /// What is too long.
        what: &'static str,
        /// Its length, or milliseconds.
        len: usize,
        /// The bound.
        max: usize,
    },
    /// A text that people read holds what cannot be printed.
    #[error("message is out of bounds: {0} cannot be printed")]
    Unprintable(&'static str),
    /// Bytes follow the message.
    #[error("message is followed by {0} bytes that belong to nothing")]
    Trailing(usize),
}

impl Message {
    /// This message's bytes.
    ///
    /// # Errors
    /// [`Error::Bounds`] if it breaks the protocol's bounds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        Ok(postcard::to_stdvec(self)?)
    }

    /// The message in `bytes`.
    ///
    /// # Errors
    /// Anything a peer may have sent wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (message, rest): (Self, _) = postcard::take_from_bytes(bytes)?;
        if !rest.is_empty() {
            return Err(Error::Trailing(rest.len()));
        }
        message.check()?;
        Ok(message)
    }

    fn check(&self) -> Result<(), Error> {
        match self {
            Self::Layout(layout) => {
                bound("layout tiles", layout.tiles.len(), MAX_TILES)?;
                layout.tiles.iter().try_for_each(|tile| bound("source name bytes", tile.name.len(), MAX_NAME_BYTES))
            }
            Self::Mark(Operation::Extend { points, .. }) => bound("mark points", points.len(), MAX_POINTS_PER_EXTEND),
            Self::Ladder(Position { phone: Some(phone), .. }) => {
                bound("phone number bytes", phone.len(), MAX_PHONE_BYTES)?;
                let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
                if phone.bytes().all(printable) { Ok(()) } else { Err(Error::Unprintable("phone number")) }
            }
            Self::Drill(News::Announced(drill)) => {
                bound("drill path bytes", drill.path.len(), drill::MAX_PATH_BYTES)?;
                bound("drill begins in ms", drill.begins_in_ms as usize, drill::MAX_AHEAD_MS as usize)?;
                bound("drill lasts ms", drill.lasts_ms as usize, drill::MAX_LASTS_MS as usize)
            }
            Self::Vitals(vitals) => vitals.bounds().into_iter().try_for_each(|(what, len, max)| bound(what, len, max)),
            Self::Camera(camera::Command { action: Action::Drive(drive), .. }) => {
                let Drive { pan, tilt, zoom } = drive;
                let speed = |percent: &i8| {
                    bound(
                        "camera speed percent",
                        percent.unsigned_abs().into(),
                        camera::MAX_PERCENT.unsigned_abs().into(),
                    )
                };
                [pan, tilt, zoom].into_iter().try_for_each(speed)
            }
            Self::Decodes(codecs) => bound("codecs", codecs.len(), Codec::ALL.len()),
            Self::Cameras(cameras) => bound("cameras", cameras.len(), camera::MAX_CAMERAS),
            Self::Arrangement(Arrangement { sources, .. }) => {
                bound("sources offered", sources.len(), MAX_TILES)?;
                sources.iter().try_for_each(|one| bound("source name bytes", one.name.len(), MAX_NAME_BYTES))
            }
            Self::Mark(_)
            | Self::Receipt(_)
            | Self::Ladder(_)
            | Self::Drill(News::Over)
            | Self::Cursor(_)
            | Self::Call(_)
            | Self::Answer(_)
            | Self::StillWish(_)
            | Self::StillRefused { .. }
            | Self::Camera(_)
            | Self::Pattern(_)
            | Self::Judged(_)
            | Self::LayoutWish(_)
            | Self::LayoutAnswer(_) => Ok(()),
        }
    }
}

fn bound(what: &'static str, len: usize, max: usize) -> Result<(), Error> {
    if len > max { Err(Error::Bounds { what, len, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrangement::{Grant, Offered, Preset};
    use crate::drill::{Announcement, Effect};
    use crate::ids::SourceId;

    #[test]
    fn a_drill_that_would_never_end_is_refused() {
        let drill = |begins_in_ms, lasts_ms| {
            let effect = Effect::Cut;
            Message::Drill(News::Announced(Announcement { path: "a".into(), effect, begins_in_ms, lasts_ms }))
        };
        assert!(drill(drill::MAX_AHEAD_MS, drill::MAX_LASTS_MS).to_bytes().is_ok());
        for endless in [drill(u32::MAX, 1), drill(0, u32::MAX)] {
            let bytes = postcard::to_stdvec(&endless).unwrap_or_default();
            assert!(matches!(Message::from_bytes(&bytes), Err(Error::Bounds { .. })));
        }
    }

    #[test]
    fn a_camera_faster_than_it_can_is_refused() {
        let drive = |pan| {
            Message::Camera(camera::Command {
                source: SourceId(1),
                action: Action::Drive(Drive { pan, ..Drive::STOP }),
            })
        };
        assert!(drive(-100).to_bytes().is_ok());
        for wrong in [101, i8::MIN] {
            let bytes = postcard::to_stdvec(&drive(wrong)).unwrap();
            assert!(matches!(Message::from_bytes(&bytes), Err(Error::Bounds { .. })), "{wrong}");
        }
    }

    #[test]
    fn an_arrangement_with_more_sources_or_longer_names_than_a_canvas_has_is_refused() {
        let of = |count: usize, bytes: usize| {
            let offered = Offered { source: SourceId(1), name: "n".repeat(bytes) };
            let shown = Wish { preset: Preset::Quad, main: SourceId(1) };
            Message::Arrangement(Arrangement { shown, grant: Grant::Both, sources: vec![offered; count] })
        };
        assert!(of(MAX_TILES, MAX_NAME_BYTES).to_bytes().is_ok());
        for wrong in [of(MAX_TILES + 1, 1), of(1, MAX_NAME_BYTES + 1)] {
            let bytes = postcard::to_stdvec(&wrong).unwrap();
            assert!(matches!(Message::from_bytes(&bytes), Err(Error::Bounds { .. })));
        }
    }

    fn with_phone(phone: &str) -> Message {
        Message::Ladder(Position { phone: Some(phone.into()), ..Position::default() })
    }

    #[test]
    fn a_phone_number_that_is_long_or_cannot_be_printed_does_not_travel_in_either_direction() {
        assert!(with_phone("+49 (30) 123-456 ext. 7").to_bytes().is_ok());
        for wrong in ["1".repeat(33), "+49\n30".into(), "\u{202e}94+".into()] {
            assert!(with_phone(&wrong).to_bytes().is_err(), "{wrong:?}");
            let bytes = postcard::to_stdvec(&with_phone(&wrong)).unwrap();
            assert!(Message::from_bytes(&bytes).is_err(), "{wrong:?}");
        }
    }
}
