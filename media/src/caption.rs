//! Words over a picture, for tiles and displays that have no picture to show, and letters alone, for those who lay them
//! over pictures themselves. Drawn once and kept by the caller: it takes some ten milliseconds and has no place where
//! pictures flow.

use gstreamer as gst;
use gstreamer::element_factory::ElementBuilder;
use gstreamer::prelude::*;
use gstreamer_video::VideoFrameExt;
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::element::{self, Element};
use crate::picture::{self, Picture};

/// The strip that letters are drawn on is this part of its width high: eight lines.
const LETTERS_HIGH: u16 = 6;
/// Luma of black and white in limited range (ITU-R BT.709), in which letters are drawn.
const BLACK: u8 = 16;
const WHITE: u8 = 235;
/// Luma from here on is ink; less is seen by nobody.
const INK: u8 = BLACK + 8;

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
    let overlay = textoverlay(text)
        .property_from_str("valignment", "center")
        .property_from_str("halignment", "center")
        .property_from_str("line-alignment", "center")
        .property("font-desc", "Sans Bold 22");
    over(picture, overlay)
}

/// Letters without anything around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letters {
    /// The rectangle they fill.
    pub size: SizePx,
    /// How much of each of its pixels they cover, of 255; rows from the top without gaps.
    pub coverage: Vec<u8>,
}

/// The letters of `text`, for a picture `width` pixels wide: a sixtieth of it high, and broken into lines where they
/// would be wider. Lines are divided by `\n`.
///
/// # Errors
/// See [`Error`].
pub fn letters(text: &str, width: u16) -> Result<Letters, Error> {
    Ok(letters_of(&[text], width)?.into_iter().next().unwrap_or_default())
}

/// The letters of each of `texts`, as [`letters`] draws them, for less than as many calls of it.
///
/// # Errors
/// See [`Error`].
pub fn letters_of(texts: &[&str], width: u16) -> Result<Vec<Letters>, Error> {
    let size = SizePx { width: width.max(64) & !1, height: (width.max(64) / LETTERS_HIGH) & !1 };
    let info = picture::i420(size, Colour::default())?;
    let mut black = vec![BLACK; info.size()];
    black.iter_mut().skip(info.offset().get(1).copied().unwrap_or(0)).for_each(|chroma| *chroma = 128);
    let black = Picture { buffer: gst::Buffer::from_mut_slice(black), info, captured: MonoTime::default() };
    let overlay = textoverlay("")
        .property_from_str("valignment", "top")
        .property_from_str("halignment", "left")
        .property_from_str("line-alignment", "left")
        .property("xpad", 0)
        .property("ypad", 0)
        .property("draw-outline", false)
        .property("draw-shadow", false)
        .property("font-desc", "Sans 6");
    let mut overlay = start(&black, overlay)?;
    let drawn = texts.iter().map(|text| {
        overlay.tune(|overlay| overlay.set_property("text", markup(text)));
        coverage_of(&write(&mut overlay, &black)?, size)
    });
    drawn.collect()
}

/// The letters on a black picture.
fn coverage_of(drawn: &Picture, size: SizePx) -> Result<Letters, Error> {
    let frame = drawn.read()?;
    let stride = frame.plane_stride().first().and_then(|bytes| usize::try_from(*bytes).ok()).unwrap_or(1).max(1);
    let rows: Vec<&[u8]> = frame.plane_data(0).map(|luma| luma.chunks(stride).collect()).unwrap_or_default();
    Ok(cropped(&rows, size))
}

/// The part of a picture's luma that has ink.
fn cropped(rows: &[&[u8]], size: SizePx) -> Letters {
    let width = usize::from(size.width);
    let inked = |row: &&[u8]| row.iter().take(width).any(|luma| *luma >= INK);
    let (Some(top), Some(bottom)) = (rows.iter().position(inked), rows.iter().rposition(inked)) else {
        return Letters { size: SizePx { width: 0, height: 0 }, coverage: Vec::new() };
    };
    let rows = rows.get(top..=bottom).unwrap_or_default();
    let firsts = rows.iter().filter_map(|row| row.iter().take(width).position(|luma| *luma >= INK));
    let lasts = rows.iter().filter_map(|row| row.get(..width)?.iter().rposition(|luma| *luma >= INK));
    let (left, right) = (firsts.min().unwrap_or(0), lasts.max().unwrap_or(0));
    let inked = rows.iter().flat_map(|row| row.get(left..=right).unwrap_or_default());
    let coverage = inked.map(|luma| coverage(*luma)).collect();
    let px = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    Letters { size: SizePx { width: px(right - left + 1), height: px(rows.len()) }, coverage }
}

fn coverage(luma: u8) -> u8 {
    let white = u16::from(WHITE - BLACK);
    let part = u16::from(luma.saturating_sub(BLACK)).min(white);
    u8::try_from(part * 255 / white).unwrap_or(u8::MAX)
}

fn textoverlay(text: &str) -> ElementBuilder<'static> {
    gst::ElementFactory::make("textoverlay").property("text", markup(text))
}

fn markup(text: &str) -> String {
    gst::glib::markup_escape_text(text).to_string()
}

/// `picture` with what `overlay` draws on it.
fn over(picture: &Picture, overlay: ElementBuilder<'_>) -> Result<Picture, Error> {
    write(&mut start(picture, overlay)?, picture)
}

/// `overlay` running, for pictures like `like`.
fn start(like: &Picture, overlay: ElementBuilder<'_>) -> Result<Element, Error> {
    let caps = like.info.to_caps().map_err(|error| picture::Error::NotRaw(error.to_string()))?;
    Ok(Element::start(overlay.build(), "video_sink", &caps, &caps)?)
}

/// A copy of `picture` with what `overlay` draws on it now.
fn write(overlay: &mut Element, picture: &Picture) -> Result<Picture, Error> {
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

    #[test]
    fn letters_come_without_room_around_them_and_grow_with_the_picture() {
        crate::init().unwrap();
        let [small, large] = [1280, 1920].map(|width| letters("Lines carry <1> Mbit/s", width).unwrap());
        for letters in [&small, &large] {
            let width = usize::from(letters.size.width);
            let rows: Vec<&[u8]> = letters.coverage.chunks(width).collect();
            assert_eq!(rows.len(), usize::from(letters.size.height));
            assert!(rows[0].iter().any(|ink| *ink > 8) && rows[rows.len() - 1].iter().any(|ink| *ink > 8));
            assert!(rows.iter().any(|row| row[0] > 8) && rows.iter().any(|row| row[width - 1] > 8));
            assert!(letters.coverage.iter().any(|ink| *ink > 240), "strokes are wide enough to be full");
        }
        let grown = f32::from(large.size.width) / f32::from(small.size.width);
        assert!((1.4..1.6).contains(&grown), "{:?} {:?}", small.size, large.size);
    }

    #[test]
    fn several_texts_have_the_letters_that_each_has_alone() {
        crate::init().unwrap();
        let texts = ["NO SIGNAL", "7", "waiting"];
        assert_eq!(letters_of(&texts, 960).unwrap(), texts.map(|text| letters(text, 960).unwrap()));
    }

    #[test]
    fn nothing_to_say_has_no_letters() {
        crate::init().unwrap();
        assert_eq!(letters(" ", 1280).unwrap().coverage, []);
    }
}
