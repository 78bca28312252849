//! Words over a picture, for tiles and displays that have no picture to show. Drawn once and kept by the caller:
//! it takes some ten milliseconds and has no place where pictures flow.

use gstreamer as gst;

use crate::element::{self, Element};
use crate::picture::{self, Picture};

/// Why the words cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text renderer does not work.
    #[error("caption: {0}")]
    Element(#[from] element::Error),
    /// The picture has no pixels or cannot be described.
    #[error("caption: {0}")]
    Picture(#[from] picture::Error),
}

/// `picture` with `text` in its middle, white with a dark outline. Lines are divided by `\n`; their height follows
/// the picture's width.
///
/// # Errors
/// See [`Error`].
pub fn draw(picture: &Picture, text: &str) -> Result<Picture, Error> {
    let caps = picture.info.to_caps().map_err(|error| picture::Error::NotRaw(error.to_string()))?;
    let overlay = gst::ElementFactory::make("textoverlay")
        .property("text", gst::glib::markup_escape_text(text).as_str())
        .property_from_str("valignment", "center")
        .property_from_str("halignment", "center")
        .property_from_str("line-alignment", "center")
        .property("font-desc", "Sans Bold 22")
        .build();
    let mut overlay = Element::start(overlay, "video_sink", &caps, &caps)?;
    let mut buffer = picture.buffer.copy_deep().map_err(|_| picture::Error::NoMemory(picture.buffer.size()))?;
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(gst::ClockTime::ZERO);
    }
    let drawn = overlay.push(buffer)?.into_iter().next();
    let drawn = drawn.ok_or_else(|| overlay.error("it gave nothing for a picture"))?;
    Ok(Picture { buffer: drawn.buffer, ..picture.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_pictures::{difference, grey};

    #[test]
    fn words_are_drawn_on_a_copy_and_the_picture_stays_as_it_was() {
        crate::init().unwrap();
        let picture = grey(40);
        let drawn = draw(&picture, "ROOM <1>\nNO SIGNAL").unwrap();
        assert_eq!(difference(&picture, &grey(40)), 0.0);
        let pixels = drawn.read().unwrap();
        let bright = pixels.plane_data(0).unwrap().iter().filter(|luma| **luma > 220).count();
        assert!((500..20_000).contains(&bright), "{bright} pixels are white");
        assert_eq!(drawn.size(), picture.size());
    }
}
