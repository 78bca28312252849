//! Marks and the picture under them: a mark whose scene is gone goes too, at both ends, and the mentor is told.

use std::path::{Path, PathBuf};

use gstreamer as gst;
use harness::clips::record;
use harness::rig::Sources;
use program::trace::Record;

use crate::stage::{SOON, Stage, light};

const WIDTH: usize = 640;
const HEIGHT: usize = 360;
/// Pictures of each scene, at 25 a second: six seconds.
const PICTURES: usize = 150;

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

/// A clip of one still scene that jumps to another, in `folder`.
fn jumping_clip(folder: &Path) -> PathBuf {
    media::init().expect("GStreamer");
    let clip = folder.join("jump.mkv");
    let caps = format!("video/x-raw,format=GRAY8,width={WIDTH},height={HEIGHT},framerate=25/1");
    let scenes = [1, 77].map(|seed| {
        gst::Buffer::from_slice((0..WIDTH * HEIGHT).map(|n| light_at(seed, n % WIDTH, n / WIDTH)).collect::<Vec<u8>>())
    });
    let pictures = scenes.iter().flat_map(|scene| std::iter::repeat_n(scene.clone(), PICTURES));
    record(&clip, &caps, 25, pictures).expect("the clip is written");
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
