//! What a tile shows that has no picture to show: the source's name, and why. Drawn ahead, once for each tile.

use media::caption;
use media::picture::{self, Picture};
use protocol::colour::Colour;
use protocol::layout::Tile;
use protocol::time::MonoTime;

use super::paint;

/// Both signs of one tile.
#[derive(Debug, Clone)]
pub(super) struct Signs {
    /// Nothing came yet.
    pub(super) waiting: Picture,
    /// It came, and stopped.
    pub(super) lost: Picture,
}

/// Draws the signs of `tile` in the canvas's colour.
pub(super) fn draw(tile: &Tile, colour: Colour) -> Result<Signs, caption::Error> {
    let info = picture::i420(tile.tile.size, colour)?;
    let buffer = picture::Pool::new(&info)?.buffer()?;
    let mut frame = picture::write(buffer, &info)?;
    let whole = protocol::geometry::CanvasRect { x: 0, y: 0, size: tile.tile.size };
    paint::black(&mut frame, whole, colour.range);
    let black = Picture { buffer: frame.into_buffer(), info, captured: MonoTime::default() };
    let name = tile.name.to_uppercase();
    Ok(Signs {
        waiting: caption::draw(&black, &format!("{name}\nwaiting for picture"))?,
        lost: caption::draw(&black, &format!("{name}\nNO SIGNAL"))?,
    })
}
