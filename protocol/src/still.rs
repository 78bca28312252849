//! Stills: pictures that are no part of the video, on the bulk lane. A mentor asks for one of a source, lossless and whole;
//! and where the lines carry no video, theatre sends the canvas so of itself. Making and showing them is the programs'.

use serde::{Deserialize, Serialize};

use crate::geometry::SizePx;
use crate::ids::{FrameId, SourceId};
use crate::time::SessionTime;

/// Longest side of a still in pixels: 8K, beyond which no source here goes.
pub const MAX_SIDE_PX: u16 = 8_192;

/// What a thing on the bulk lane begins with. Its picture follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Still {
    /// One source's picture as a PNG (RFC 2083; ISO/IEC 15948): 8 bit RGB in sRGB's primaries, full range, no alpha.
    Source(Header),
    /// The canvas, as a frame's bytes ([`crate::frame::Header::prefix`]) with an independent access unit.
    Canvas,
}

/// Everything about a source's still beside its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The newest frame when the picture was taken. Marks drawn on the still name it, and theatre knows by it when the
    /// picture was captured.
    pub frame: FrameId,
    /// Whose picture it is.
    pub source: SourceId,
    /// When it was captured.
    pub captured: SessionTime,
    /// Its size, which is the source's own; each side 1 to [`MAX_SIDE_PX`].
    pub size: SizePx,
}

/// Why theatre sends no still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// There is no such source on the canvas.
    NoSource,
    /// The source delivers nothing.
    NoPicture,
    /// Theatre's curtain is closed.
    Curtain,
    /// Its picture is larger than the lane takes, or cannot be converted; theatre's log says which.
    Unfit,
}

/// Why bytes are no still.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The header does not decode.
    #[error("a still's header: {0}")]
    Header(#[from] postcard::Error),
    /// A size that no picture has.
    #[error("a still of {}x{} pixels; each side must be 1 to {MAX_SIDE_PX}", .0.width, .0.height)]
    Size(SizePx),
}

impl Still {
    /// The bytes of the thing: this, then `picture`.
    ///
    /// # Errors
    /// [`Error::Size`].
    pub fn prefix(&self, picture: &[u8]) -> Result<Vec<u8>, Error> {
        self.check()?;
        let mut bytes = postcard::to_extend(self, Vec::with_capacity(picture.len() + 32))?;
        bytes.extend_from_slice(picture);
        Ok(bytes)
    }

    /// Takes the header off; what remains is the picture.
    ///
    /// # Errors
    /// Anything a peer may have sent wrong.
    pub fn take(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (still, picture): (Self, _) = postcard::take_from_bytes(bytes)?;
        still.check()?;
        Ok((still, picture))
    }

    fn check(&self) -> Result<(), Error> {
        let sides = 1..=MAX_SIDE_PX;
        match self {
            Self::Source(Header { size, .. }) if !sides.contains(&size.width) || !sides.contains(&size.height) => {
                Err(Error::Size(*size))
            }
            Self::Source(_) | Self::Canvas => Ok(()),
        }
    }
}

impl Refusal {
    /// For people, as the end of a sentence such as "No still: ".
    pub fn words(self) -> &'static str {
        match self {
            Self::NoSource => "theatre has no such source",
            Self::NoPicture => "theatre has no signal from this source",
            Self::Curtain => "theatre's curtain is closed",
            Self::Unfit => "theatre cannot send its picture whole",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Epoch;

    #[test]
    fn a_still_without_pixels_or_beyond_every_camera_does_not_travel_in_either_direction() {
        for (width, height) in [(0, 9), (9, 0), (MAX_SIDE_PX + 1, 9), (9, u16::MAX)] {
            let frame = FrameId { epoch: Epoch(1), index: 2 };
            let size = SizePx { width, height };
            let still = Still::Source(Header { frame, source: SourceId(0), captured: SessionTime(3), size });
            assert!(matches!(still.prefix(&[]), Err(Error::Size(wrong)) if wrong == size));
            let bytes = postcard::to_stdvec(&still).unwrap();
            assert!(Still::take(&bytes).is_err());
        }
        assert!(Still::take(&[]).is_err() && Still::take(&[7, 7]).is_err());
    }
}
