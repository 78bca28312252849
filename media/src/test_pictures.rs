//! Pictures for this crate's tests, and how far two pictures are apart.

use gstreamer as gst;
use gstreamer_video::prelude::*;
use gstreamer_video::{VideoFormat, VideoInfo};
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::time::MonoTime;

use crate::picture::{Converter, Picture, i420, write};

/// The size of all of them.
pub(crate) const SIZE: SizePx = SizePx { width: 640, height: 360 };

/// SMPTE 75 % bars: white, yellow, cyan, green, magenta, red, blue, as red, green, blue.
const BARS: [[u8; 3]; 7] =
    [[191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191]];

/// Soft shapes that travel; each picture differs from the one before.
pub(crate) fn moving(number: u32) -> Picture {
    made(Colour::default(), |plane, x, y| {
        let wave = |period: f32, phase: f32| (phase / period * std::f32::consts::TAU).sin();
        let (x, y, t) = (x as f32, y as f32, number as f32 * 5.0);
        let luma = 120.0 + 50.0 * wave(90.0, x + t) * wave(70.0, y - t) + 25.0 * wave(17.0, x + y + t);
        if plane == 0 { luma as u8 } else { (128.0 + 20.0 * wave(200.0, x - t)) as u8 }
    })
}

/// One even grey.
pub(crate) fn grey(luma: u8) -> Picture {
    made(Colour::default(), |plane, _, _| if plane == 0 { luma } else { 128 })
}

/// Seven bars, converted from RGB by GStreamer.
pub(crate) fn bars(colour: Colour) -> Picture {
    let (width, height) = (usize::from(SIZE.width), usize::from(SIZE.height));
    let row = (0..width).flat_map(|x| {
        let [red, green, blue] = BARS[x * BARS.len() / width];
        [blue, green, red, 255]
    });
    let pixels = row.collect::<Vec<u8>>().repeat(height);
    let info = VideoInfo::builder(VideoFormat::Bgrx, SIZE.width.into(), SIZE.height.into()).build();
    let rgb = Picture { buffer: gst::Buffer::from_slice(pixels), info: info.unwrap(), captured: MonoTime(0) };
    let converter = Converter::new(&rgb.info, &i420(SIZE, colour).unwrap()).unwrap();
    converter.convert(&rgb).unwrap()
}

/// The Y, U and V codes in the middle of each bar.
pub(crate) fn bar_centres(picture: &Picture) -> Vec<[u8; 3]> {
    let frame = picture.read().unwrap();
    let code = |plane: u32, x: usize, y: usize| {
        let stride = frame.plane_stride()[plane as usize] as usize;
        let halved = usize::from(plane > 0);
        frame.plane_data(plane).unwrap()[(y >> halved) * stride + (x >> halved)]
    };
    let bar_px = usize::from(SIZE.width) / BARS.len();
    (0..BARS.len())
        .map(|bar| bar * bar_px + bar_px / 2)
        .map(|x| [0, 1, 2].map(|plane| code(plane, x, usize::from(SIZE.height) / 2)))
        .collect()
}

/// Mean distance of two pictures' luma codes.
pub(crate) fn difference(a: &Picture, b: &Picture) -> f64 {
    let (a, b) = (a.read().unwrap(), b.read().unwrap());
    let rows = |frame: &gstreamer_video::VideoFrame<_>| {
        let stride = frame.plane_stride()[0] as usize;
        let luma = frame.plane_data(0).unwrap().chunks(stride);
        luma.flat_map(|row| row[..usize::from(SIZE.width)].to_vec()).collect::<Vec<u8>>()
    };
    let (a, b) = (rows(&a), rows(&b));
    let sum: u64 = a.iter().zip(&b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

fn made(colour: Colour, code: impl Fn(u32, usize, usize) -> u8) -> Picture {
    let info = i420(SIZE, colour).unwrap();
    let mut frame = write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
    for plane in 0..3 {
        let stride = frame.plane_stride()[plane as usize] as usize;
        for (y, row) in frame.plane_data_mut(plane).unwrap().chunks_mut(stride).enumerate() {
            for (x, byte) in row.iter_mut().enumerate() {
                *byte = code(plane, x, y);
            }
        }
    }
    Picture { buffer: frame.into_buffer(), info, captured: MonoTime(0) }
}
