//! Marks and the picture under them: a mark whose scene is gone goes too, at both ends, and the mentor is told.

use std::path::{Path, PathBuf};

use gstreamer as gst;
use gstreamer::prelude::*;
use harness::rig::Sources;
use program::trace::Record;

use crate::stage::{SOON, Stage, light};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
/// Pictures of each scene, at 25 a second: six seconds.
const PICTURES: u64 = 150;

/// Light and dark without a pattern that repeats: value noise of four octaves.
fn light_at(seed: u32, x: usize, y: usize) -> u8 {
    let octave = |cell: usize, strength: f32| {
        let lattice = |x: usize, y: usize| {
            let mut hash = seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
            hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
            hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
            ((hash ^ (hash >> 15)) >> 8) as f32 / (1 << 24) as f32
        };
        let part = |at: usize| (at % cell) as f32 / cell as f32;
        let row = |y: usize| lattice(x / cell, y) * (1.0 - part(x)) + lattice(x / cell + 1, y) * part(x);
        strength * (row(y / cell) * (1.0 - part(y)) + row(y / cell + 1) * part(y))
    };
    (60.0 + octave(64, 60.0) + octave(32, 40.0) + octave(16, 25.0) + octave(8, 12.0)) as u8
}

/// A clip of one still scene that jumps to another, H.264 in Matroska, in `folder`.
fn jumping_clip(folder: &Path) -> PathBuf {
    media::init_codecs().expect("GStreamer");
    let clip = folder.join("jump.mkv");
    let description = format!(
        "appsrc name=in format=time caps=video/x-raw,format=GRAY8,width={WIDTH},height={HEIGHT},framerate=25/1 ! videoconvert ! \
         video/x-raw,format=I420 ! x264enc speed-preset=ultrafast bitrate=4000 ! matroskamux ! filesink location=\"{}\"",
        clip.display()
    );
    let pipeline = gst::parse::launch(&description).expect("elements").downcast::<gst::Pipeline>().expect("a pipeline");
    let input = pipeline.by_name("in").expect("an input").downcast::<gstreamer_app::AppSrc>().expect("an appsrc");
    pipeline.set_state(gst::State::Playing).expect("it plays");
    for (scene, seed) in [(0, 1), (1, 77)] {
        let pixels: Vec<u8> = (0..WIDTH * HEIGHT).map(|n| light_at(seed, n % WIDTH, n / WIDTH)).collect();
        for n in 0..PICTURES {
            let mut buffer = gst::Buffer::from_slice(pixels.clone());
            let at = gst::ClockTime::from_mseconds(40 * (scene * PICTURES + n));
            buffer.get_mut().expect("a new buffer").set_pts(at);
            input.push_buffer(buffer).expect("it takes pictures");
        }
    }
    input.end_of_stream().expect("it ends");
    let bus = pipeline.bus().expect("a bus");
    let end =
        bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &[gst::MessageType::Eos, gst::MessageType::Error]);
    assert!(end.is_some_and(|end| end.type_() == gst::MessageType::Eos), "the clip is written");
    pipeline.set_state(gst::State::Null).expect("it stops");
    clip
}

#[test]
fn a_mark_goes_at_both_ends_when_the_picture_becomes_another_scene() {
    let clip = jumping_clip(&crate::stage::folder("moved-clip"));
    let mut stage = Stage::set("moved", Sources { endoscope: Some(clip), ..light() }, "wan");
    let stroke = stage.draw("endoscope");
    let (mark, points) = stage.mark_of(&stroke);
    stage.wait_until_displayed("endoscope", &mark, points);
    let told = |fate: &'static str| {
        stage
            .trace("mentor-console")
            .wait_for(&format!("the receipt {fate}"), SOON, |records| {
                let of_mark = |record: &&Record| {
                    matches!(record, Record::ReceivedReceipt(receipt) if receipt.mark == mark && receipt.fate == fate)
                };
                records.iter().find(of_mark).map(drop)
            })
            .expect("the mentor is told");
    };
    told("Moved");
    told("MovedAway");
    let (screen, window) = stage.rig.display_window(&stage.displays, "endoscope").expect("the OR display");
    let image = screen.image(&window).expect("its pixels");
    let ink = annotation::ink::srgb(protocol::mark::Ink::default());
    let is_ink = |x: usize, y: usize| image.pixel(x, y).iter().zip(ink).all(|(seen, ink)| seen.abs_diff(ink) < 40);
    let (width, height) = (usize::from(window.width_px), usize::from(window.height_px));
    let left = (0..width * height).filter(|n| is_ink(n % width, n / width)).count();
    assert_eq!(left, 0, "pixels of ink on the OR display");
    stage.end();
}
