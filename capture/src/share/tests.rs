use super::*;
use crossbeam_channel::{Receiver, bounded};
use gstreamer as gst;
use gstreamer_video::{VideoFormat, VideoInfo};
use media::picture::{self, Picture};
use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use protocol::time::MonoTime;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longer than anything here takes; only a failed test waits for it.
const LONG: Duration = Duration::from_secs(20);
const SIZE: SizePx = SizePx { width: 320, height: 180 };
const COLOUR: Colour = Colour { matrix: Matrix::Bt601, range: Range::Full };

fn socket(name: &str) -> PathBuf {
    gst::init().unwrap();
    std::env::temp_dir().join(format!("pictures-{name}-{}", std::process::id()))
}

/// A picture whose every byte depends on `number`.
fn picture(number: u64) -> Picture {
    let info = picture::i420(SIZE, COLOUR).unwrap();
    let planes: Vec<u8> = (0..info.size()).map(|at| (at as u64 * 7 + number) as u8).collect();
    Picture { buffer: gst::Buffer::from_slice(planes), info, captured: MonoTime(1_000 + number) }
}

fn bytes(picture: &Picture) -> Vec<u8> {
    picture.buffer.map_readable().unwrap().to_vec()
}

fn reader(socket: &Path) -> (Reader, Receiver<Picture>) {
    let (deliver, pictures) = bounded(1_000);
    (Reader::start(socket, move |picture| drop(deliver.try_send(picture))).unwrap(), pictures)
}

/// Puts picture 0 until it arrives: a reader attaches in its own time.
fn attach(writer: &mut Writer, pictures: &Receiver<Picture>) {
    let deadline = now() + LONG;
    while pictures.recv_timeout(Duration::from_millis(20)).is_err() {
        assert!(now() < deadline, "no reader attached");
        writer.put(&picture(0)).unwrap();
    }
}

/// A writer, and a reader that is attached to it.
fn attached(name: &str) -> (Writer, Reader, Receiver<Picture>) {
    let socket = socket(name);
    let mut writer = Writer::open(&socket).unwrap();
    let (reader, pictures) = reader(&socket);
    attach(&mut writer, &pictures);
    (writer, reader, pictures)
}

/// The next picture that is not one of those by which the reader was found.
fn next(pictures: &Receiver<Picture>) -> Picture {
    let mut all = std::iter::from_fn(|| pictures.recv_timeout(LONG).ok());
    all.find(|got| got.captured != picture(0).captured).expect("a picture in time")
}

#[expect(clippy::disallowed_methods, reason = "a real socket is tried against real time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_picture_arrives_with_its_pixels_time_and_colour() {
    let (mut writer, _reader, pictures) = attached("arrive");
    for number in 1..20 {
        writer.put(&picture(number)).unwrap();
        let got = next(&pictures);
        assert_eq!((got.captured, got.size(), got.colour()), (MonoTime(1_000 + number), SIZE, COLOUR));
        assert_eq!(bytes(&got), bytes(&picture(number)));
    }
}

#[test]
fn pictures_arrive_in_their_own_format_and_those_of_more_bits_with_as_much_colour() {
    let (mut writer, _reader, pictures) = attached("format");
    for (number, (given, arrives)) in (1..).zip([
        (VideoFormat::Bgrx, VideoFormat::Bgrx),
        (VideoFormat::Uyvy, VideoFormat::Uyvy),
        (VideoFormat::Nv12, VideoFormat::Nv12),
        (VideoFormat::Gray8, VideoFormat::Gray8),
        (VideoFormat::V210, VideoFormat::Y42b),
        (VideoFormat::P01010le, VideoFormat::I420),
    ]) {
        let info = VideoInfo::builder(given, 64, 36).build().unwrap();
        let samples: Vec<u8> = (0..info.size()).map(|at| (at * 7) as u8).collect();
        let sent = Picture { buffer: gst::Buffer::from_slice(samples), info, captured: MonoTime(number) };
        writer.put(&sent).unwrap();
        let got = next(&pictures);
        assert_eq!((got.info.format(), got.captured), (arrives, MonoTime(number)));
        assert_eq!(got.info.colorimetry(), sent.info.colorimetry());
        assert!(given != arrives || bytes(&got) == bytes(&sent), "{given:?}: not a bit is lost");
    }
}

#[test]
fn pictures_too_large_for_the_area_arrive_with_less_colour_and_a_reader_that_keeps_one_gets_the_next() {
    let (mut writer, _reader, pictures) = attached("large");
    let info = VideoInfo::builder(VideoFormat::Bgrx, 4096, 2160).build().unwrap();
    let buffer = gst::Buffer::from_slice(vec![90; info.size()]);
    let mut kept = Vec::new();
    for number in 1..4 {
        writer.put(&Picture { buffer: buffer.clone(), info: info.clone(), captured: MonoTime(number) }).unwrap();
        let got = next(&pictures);
        assert_eq!((got.info.format(), got.captured), (VideoFormat::I420, MonoTime(number)));
        kept = vec![got];
    }
    assert_eq!(kept.len(), 1);
}

#[test]
fn pictures_without_a_reader_are_dropped_and_none_is_waited_for() {
    let socket = socket("nobody");
    let mut writer = Writer::open(&socket).unwrap();
    let started = now();
    (0..2_000).for_each(|number| writer.put(&picture(number)).unwrap());
    assert!(now() - started < LONG);
}

/// Attaches like a reader and then takes nothing, as a stopped process does.
#[test]
fn a_stopped_reader_costs_the_writer_nothing_and_other_readers_come_again_when_it_goes() {
    let socket = socket("stopped");
    let mut writer = Writer::open(&socket).unwrap();
    let stopped = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let mut slowest = Duration::ZERO;
    // Far more than the shared area holds.
    for number in 0..3_000 {
        let started = now();
        writer.put(&picture(number)).unwrap();
        slowest = slowest.max(now() - started);
    }
    assert!(slowest < Duration::from_secs(1), "no put waits for the reader: {slowest:?}");
    drop(stopped);
    let (_reader, pictures) = reader(&socket);
    attach(&mut writer, &pictures);
}

#[test]
fn a_reader_attaches_by_itself_to_a_writer_that_comes_late_and_to_its_successor() {
    let socket = socket("successor");
    let (_reader, pictures) = reader(&socket);
    for _ in 0..2 {
        let mut writer = Writer::open(&socket).unwrap();
        attach(&mut writer, &pictures);
    }
}

#[test]
fn a_file_left_by_a_dead_writer_is_replaced_at_its_own_name() {
    let socket = socket("stale");
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let mut writer = Writer::open(&socket).unwrap();
    let (_reader, pictures) = reader(&socket);
    attach(&mut writer, &pictures);
}

#[test]
fn a_socket_that_cannot_be_made_is_told_with_its_path() {
    gst::init().unwrap();
    let error = Writer::open(Path::new("/nowhere/endoscope.pictures")).err().unwrap().to_string();
    assert!(error.contains("/nowhere/endoscope.pictures"), "{error}");
}
