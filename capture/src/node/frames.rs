//! Which frame was made from which picture: looked up by capture time when a display tells what it shows. Pure.

use std::collections::VecDeque;

use protocol::frame::Header;
use protocol::ids::{FrameId, SourceId};
use protocol::time::SessionTime;

/// Frames that are remembered: thirty seconds at 60 a second, longer than any mark is on its way, and many times what a
/// display takes to tell.
const REMEMBERED: usize = 1_800;

/// The newest frames' headers, oldest first.
#[derive(Debug, Default)]
pub struct Frames(VecDeque<Header>);

/// What is known of the frame made from a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// This one was the first.
    Frame(FrameId),
    /// None was, nor will be: later pictures made frames already, or the source has no tile.
    None,
    /// The frames have not come that far.
    NotYet,
}

impl Frames {
    /// A frame was encoded and sent.
    pub fn sent(&mut self, header: Header) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(header);
    }

    /// When the picture of `source` in `frame` was captured.
    pub fn captured(&self, frame: FrameId, source: SourceId) -> Option<SessionTime> {
        self.0.iter().rev().find(|header| header.id == frame)?.captured(source)
    }

    /// The first frame with the picture of `source` that was captured at `captured`.
    pub fn made_from(&self, source: SourceId, captured: SessionTime) -> Made {
        if let Some(header) = self.0.iter().find(|header| header.captured(source) == Some(captured)) {
            return Made::Frame(header.id);
        }
        match self.0.back().map(|newest| (newest.tile(source), newest.captured(source))) {
            None | Some((Some(_), None)) => Made::NotYet,
            Some((Some(_), Some(newest))) if newest < captured => Made::NotYet,
            Some(_) => Made::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::test_frames::header;

    const CAMERA: SourceId = SourceId(1);

    #[test]
    fn a_picture_is_looked_up_by_its_capture_time() {
        let mut frames = Frames::default();
        assert_eq!(frames.made_from(CAMERA, SessionTime(5)), Made::NotYet);
        for (index, captured) in [(0, None), (1, Some(10)), (2, Some(10)), (4, Some(30))] {
            frames.sent(header(index, CAMERA, captured));
        }
        let made = |captured| frames.made_from(CAMERA, SessionTime(captured));
        assert_eq!(made(10), Made::Frame(header(1, CAMERA, None).id), "the first of two");
        assert_eq!(made(20), Made::None, "it was overtaken");
        assert_eq!(made(40), Made::NotYet);
        assert_eq!(frames.made_from(SourceId(9), SessionTime(10)), Made::None, "it has no tile");
    }

    #[test]
    fn old_frames_are_forgotten() {
        let mut frames = Frames::default();
        (0..3_000).for_each(|index| frames.sent(header(index, CAMERA, Some(index))));
        assert_eq!(frames.0.len(), REMEMBERED);
        assert_eq!(frames.made_from(CAMERA, SessionTime(3)), Made::None);
        let captured = |index| frames.captured(header(index, CAMERA, None).id, CAMERA);
        assert_eq!((captured(3), captured(2_999)), (None, Some(SessionTime(2_999))));
    }
}
