//! Frame headers for this module's tests.

use protocol::colour::Colour;
use protocol::frame::{Freshness, Header, TileTime};
use protocol::ids::{Epoch, FrameId, LayoutEpoch, SourceId};
use protocol::time::SessionTime;

/// The header of frame `index`, with one tile whose picture was captured at `captured`.
pub(crate) fn header(index: u64, source: SourceId, captured: Option<u64>) -> Header {
    let tile = TileTime { source, captured: captured.map(SessionTime), freshness: Freshness::Live };
    Header {
        id: FrameId { epoch: Epoch(1), index },
        layout: LayoutEpoch(0),
        composed: SessionTime(captured.unwrap_or(0) + 5),
        colour: Colour::default(),
        tiles: vec![tile],
    }
}
