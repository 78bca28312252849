//! A thread that makes pixels of the PNGs that came, so that no frame waits for one.

use std::io::{self, Cursor};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use protocol::geometry::SizePx;
use protocol::still::Header;

use crate::console::Shared;
use crate::still::Picture;
use crate::waker::Waker;

/// Stills that may wait: theatre sends one at a time. Full, one is left out.
const QUEUE: usize = 1;
/// Bytes that unpacking may take beside the pixels: a few rows, and what the compression looks back at.
const WORKING_BYTES: usize = 4 << 20;

/// The running thread; ends and joins when dropped.
pub struct Unpacker {
    packed: Option<Sender<(Header, Bytes)>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a PNG is none that theatre says it is.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("a still cannot be unpacked: {0}")]
    Png(#[from] png::DecodingError),
    #[error("a still is {found:?} and was announced as {}x{} in 8 bit RGB", .told.width, .told.height)]
    Other { found: (u32, u32, png::ColorType, png::BitDepth), told: SizePx },
}

impl Unpacker {
    /// Starts the thread. What it unpacks goes to `console`.
    ///
    /// # Errors
    /// The system gave none.
    pub fn start(console: Shared, waker: Waker) -> io::Result<Self> {
        let (packed, queue) = bounded(QUEUE);
        let thread = Builder::new().name("stills".into()).spawn(move || run(&queue, &console, &waker))?;
        Ok(Self { packed: Some(packed), thread: Some(thread) })
    }

    /// Takes a PNG that came. Never waits.
    pub fn take(&self, header: Header, png: Bytes) {
        if self.packed.as_ref().is_none_or(|packed| packed.try_send((header, png)).is_err()) {
            tracing::warn!("a still is left out: the one before is still being unpacked");
        }
    }
}

impl Drop for Unpacker {
    fn drop(&mut self) {
        self.packed = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the stills panicked");
        }
    }
}

fn run(queue: &Receiver<(Header, Bytes)>, console: &Shared, waker: &Waker) {
    for (header, png) in queue {
        match unpacked(header.size, &png) {
            Ok(rgb) => console.lock().stills.arrived(Picture { header, rgb }),
            Err(error) => {
                tracing::warn!("{error}");
                console.lock().stills.forget_wish();
            }
        }
        waker.wake();
    }
}

/// The pixels of a PNG that was announced with the size `told`. Nothing is allocated beyond what that size needs.
fn unpacked(told: SizePx, png: &[u8]) -> Result<Arc<[u8]>, Error> {
    let bytes = usize::from(told.width) * usize::from(told.height) * 3;
    let limits = png::Limits { bytes: bytes + WORKING_BYTES };
    let mut reader = png::Decoder::new_with_limits(Cursor::new(png), limits).read_info()?;
    let info = reader.info();
    let found = (info.width, info.height, info.color_type, info.bit_depth);
    let wanted = (told.width.into(), told.height.into(), png::ColorType::Rgb, png::BitDepth::Eight);
    if found != wanted || reader.output_buffer_size() != Some(bytes) {
        return Err(Error::Other { found, told });
    }
    let mut pixels = vec![0; bytes];
    reader.next_frame(&mut pixels)?;
    Ok(pixels.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(width: u32, height: u32, colour: png::ColorType, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(pixels).unwrap();
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn the_pixels_come_out_as_they_went_in() {
        let pixels: Vec<u8> = (0..9 * 5 * 3u8).collect();
        let png = packed(9, 5, png::ColorType::Rgb, &pixels);
        assert_eq!(*unpacked(SizePx { width: 9, height: 5 }, &png).unwrap(), pixels);
    }

    #[test]
    fn what_is_no_png_or_another_than_announced_is_refused() {
        let told = SizePx { width: 9, height: 5 };
        let whole = packed(9, 5, png::ColorType::Rgb, &[7; 9 * 5 * 3]);
        for wrong in [
            &b"no PNG"[..],
            &whole[..whole.len() / 2],
            &packed(9, 4, png::ColorType::Rgb, &[7; 9 * 4 * 3]),
            &packed(9, 5, png::ColorType::Grayscale, &[7; 9 * 5]),
        ] {
            assert!(unpacked(told, wrong).is_err());
        }
    }
}
