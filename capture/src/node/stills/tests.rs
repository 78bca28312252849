//! Stills of pictures with known codes, from the wish to the bytes on the lane.

use crossbeam_channel::{Receiver, bounded};
use gstreamer as gst;
use gstreamer_video::{VideoFormat, VideoFrameExt, VideoInfo};
use media::picture::{self, Converter};
use protocol::colour::{Colour, Matrix, Range};
use protocol::geometry::SizePx;
use protocol::ids::Epoch;
use protocol::time::{MonoTime, SessionTime};

use super::super::branch::Branch;
use super::*;
use crate::canvas::Canvas;

const SCOPE: SourceId = SourceId(0);
const SIZE: SizePx = SizePx { width: 66, height: 36 };
const FRAME: FrameId = FrameId { epoch: Epoch(1), index: 9 };

/// What became of a wish.
#[derive(Debug, PartialEq, Eq)]
enum News {
    Raised(bool),
    Refused(SourceId, Refusal),
    Sent(Vec<u8>),
}

/// Stills for one participant, and what it is told and sent. Its source gives a picture whenever one is wanted.
struct Bench {
    stills: Stills,
    news: Receiver<News>,
}

impl Bench {
    fn new() -> Self {
        media::init().unwrap();
        let (tell, news) = bounded(20);
        let [sent, raised, refused] = [tell.clone(), tell.clone(), tell];
        let ways = Ways {
            send: Box::new(move |_, bytes| sent.send(News::Sent(bytes)).is_ok()),
            raise: Box::new(move |_, raise| raised.send(News::Raised(raise)).unwrap()),
            refuse: Box::new(move |_, source, why| refused.send(News::Refused(source, why)).unwrap()),
            taken: Box::new(|header| assert_eq!(header.frame, FRAME)),
        };
        let stills = Stills::start(1, [SCOPE], ways).unwrap();
        stills.canvas_made(FRAME);
        Self { stills, news }
    }

    /// Offers `picture` until one is taken; then what is sent.
    fn sent(&self, picture: &Picture) -> Vec<u8> {
        loop {
            self.stills.tap(SCOPE).offer(picture);
            match self.news.try_recv() {
                Ok(News::Sent(bytes)) => return bytes,
                Ok(News::Raised(true)) | Err(_) => std::thread::yield_now(),
                Ok(other) => panic!("{other:?}"),
            }
        }
    }
}

/// A picture of one colour, left half and right half of other lightness.
fn picture(colour: Colour, [left, right]: [u8; 2], [blue, red]: [u8; 2]) -> Picture {
    let info = picture::i420(SIZE, colour).unwrap();
    let mut frame = picture::write(gst::Buffer::with_size(info.size()).unwrap(), &info).unwrap();
    let stride = usize::try_from(frame.plane_stride()[0]).unwrap();
    for row in frame.plane_data_mut(0).unwrap().chunks_mut(stride) {
        let (one, other) = row.split_at_mut(usize::from(SIZE.width) / 2);
        one.fill(left);
        other.fill(right);
    }
    frame.plane_data_mut(1).unwrap().fill(blue);
    frame.plane_data_mut(2).unwrap().fill(red);
    Picture { buffer: frame.into_buffer(), info, captured: MonoTime(5_000) }
}

fn decoded(png: &[u8]) -> (u32, u32, Vec<u8>) {
    let mut reader = png::Decoder::new(io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels)
}

/// Red, green and blue of a code, by ITU-T H.273's equations.
fn rgb(colour: Colour, luma: u8, [blue, red]: [u8; 2]) -> [u8; 3] {
    let (kr, kb) = match colour.matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
    };
    let (y, scale) = match colour.range {
        Range::Limited => ((f64::from(luma) - 16.0) / 219.0, 224.0),
        Range::Full => (f64::from(luma) / 255.0, 255.0),
    };
    let [blue, red] = [blue, red].map(|code| (f64::from(code) - 128.0) / scale);
    let (r, b) = (y + 2.0 * (1.0 - kr) * red, y + 2.0 * (1.0 - kb) * blue);
    let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
    [r, g, b].map(|part| (part * 255.0).round().clamp(0.0, 255.0) as u8)
}

/// A picture of `format` made of these bytes.
fn packed(format: VideoFormat, byte: impl Fn(usize) -> u8) -> Picture {
    media::init().unwrap();
    let info = VideoInfo::builder(format, SIZE.width.into(), SIZE.height.into()).build().unwrap();
    let bytes = (0..info.size()).map(byte).collect::<Vec<u8>>();
    Picture { buffer: gst::Buffer::from_slice(bytes), info, captured: MonoTime(5_000) }
}

#[test]
fn a_still_of_a_screen_has_its_very_red_green_and_blue() {
    let chance = |at: usize| ((at as u32).wrapping_mul(0x9E37_79B1) >> 24) as u8;
    let screen = packed(VideoFormat::Bgrx, chance);
    let (_, _, pixels) = decoded(&Maker::default().png(&screen).unwrap());
    for (pixel, rgb) in pixels.chunks(3).enumerate() {
        assert_eq!(rgb, [2, 1, 0].map(|part| chance(4 * pixel + part)), "pixel {pixel}");
    }
}

/// The first pixel of a still of a picture in which every component has one value of `bits`.
fn first_pixel(format: VideoFormat, colorimetry: &str, codes: [u16; 3], bits: u32) -> [u8; 3] {
    media::init().unwrap();
    let made = |format| VideoInfo::builder(format, 64, 36).colorimetry(&colorimetry.parse().unwrap()).build().unwrap();
    let deep = made(VideoFormat::Ayuv64);
    let samples = codes.map(|code| code << (16 - bits) | code >> (2 * bits).saturating_sub(16));
    let pixel = [u16::MAX, samples[0], samples[1], samples[2]].map(u16::to_ne_bytes);
    let buffer = gst::Buffer::from_slice(pixel.concat().repeat(64 * 36));
    let source = Picture { buffer, info: deep.clone(), captured: MonoTime(0) };
    let given = Converter::new(&deep, &made(format)).unwrap().convert(&source).unwrap();
    let (_, _, pixels) = decoded(&Maker::default().png(&given).unwrap());
    [pixels[0], pixels[1], pixels[2]]
}

#[test]
fn ten_bits_become_eight_once_and_white_stays_white() {
    for format in [VideoFormat::P01010le, VideoFormat::V210, VideoFormat::I42010le] {
        for (codes, expected) in [([940, 512, 512], 255), ([64, 512, 512], 0), ([504, 512, 512], 128)] {
            assert_eq!(first_pixel(format, "bt709", codes, 10), [expected; 3], "{format:?} {codes:?}");
        }
        assert_eq!(first_pixel(format, "bt709", [940 - 200, 512, 512], 10), [197; 3], "{format:?}");
    }
}

#[test]
fn grey_stays_grey_in_either_range() {
    media::init().unwrap();
    for (colorimetry, given, expected) in [
        ("0:4:0:0", 16, 16),
        ("1:4:0:0", 0, 0),
        ("1:4:0:0", 100, 100),
        ("1:4:0:0", 255, 255),
        ("2:4:0:0", 16, 0),
        ("2:4:0:0", 235, 255),
    ] {
        let info = VideoInfo::builder(VideoFormat::Gray8, 64, 36).colorimetry(&colorimetry.parse().unwrap());
        let info = info.build().unwrap();
        let buffer = gst::Buffer::from_slice(vec![given; info.size()]);
        let grey = Picture { buffer, info, captured: MonoTime(0) };
        let (_, _, pixels) = decoded(&Maker::default().png(&grey).unwrap());
        assert_eq!(pixels[..3], [expected; 3], "{colorimetry} {given}");
    }
}

#[test]
fn a_still_of_a_grabber_that_gives_4_2_2_has_the_colour_of_every_single_row() {
    let row_bytes = 2 * usize::from(SIZE.width);
    let chroma = |row: usize| if row.is_multiple_of(2) { [90, 170] } else { [150, 110] };
    let grabbed = packed(VideoFormat::Uyvy, |at| match at % 4 {
        0 => chroma(at / row_bytes)[0],
        2 => chroma(at / row_bytes)[1],
        _ => 120,
    });
    let colour = grabbed.colour();
    let (width, _, pixels) = decoded(&Maker::default().png(&grabbed).unwrap());
    for (y, row) in pixels.chunks(3 * width as usize).enumerate() {
        let expected = rgb(colour, 120, chroma(y));
        let differs = |pixel: &[u8]| pixel.iter().zip(expected).any(|(got, right)| got.abs_diff(right) > 1);
        let wrong = row.chunks(3).enumerate().find(|(_, pixel)| differs(pixel));
        assert_eq!(wrong, None, "row {y}, expected {expected:?}");
    }
}

#[test]
fn a_still_has_every_pixel_of_the_picture_in_its_right_colour_whatever_its_matrix_and_range() {
    for (matrix, range) in [(Matrix::Bt601, Range::Full), (Matrix::Bt709, Range::Limited)] {
        let (bench, colour, chroma) = (Bench::new(), Colour { matrix, range }, [90, 170]);
        bench.stills.wish(0, SCOPE);
        let bytes = bench.sent(&picture(colour, [60, 180], chroma));
        let (still, png) = Still::take(&bytes).unwrap();
        let header = Header { frame: FRAME, source: SCOPE, captured: SessionTime(5_000), size: SIZE };
        assert_eq!(still, Still::Source(header));
        let (width, height, pixels) = decoded(png);
        assert_eq!((width, height), (66, 36));
        for (n, pixel) in pixels.chunks(3).enumerate() {
            let expected = rgb(colour, if n % 66 < 33 { 60 } else { 180 }, chroma);
            let off = pixel.iter().zip(expected).map(|(found, wanted)| found.abs_diff(wanted)).max();
            assert!(off <= Some(1), "pixel {n}: {pixel:?}, not {expected:?}");
        }
    }
}

#[test]
fn a_still_is_waited_for_by_the_lane_until_it_has_arrived_and_then_the_next_is_made() {
    let bench = Bench::new();
    let picture = picture(Colour::default(), [60, 180], [128, 128]);
    bench.stills.wish(0, SCOPE);
    bench.sent(&picture);
    bench.stills.wish(0, SCOPE);
    bench.stills.send_canvas(b"frame");
    assert!(bench.news.try_recv().is_err(), "one at a time");
    bench.stills.settled(0);
    assert_eq!(bench.news.recv(), Ok(News::Raised(false)));
    bench.sent(&picture);
}

#[test]
fn a_source_that_is_unknown_or_gives_nothing_is_refused_with_the_reason() {
    let bench = Bench::new();
    for (source, why) in [(SourceId(9), Refusal::NoSource), (SCOPE, Refusal::NoPicture)] {
        bench.stills.wish(0, source);
        assert_eq!(bench.news.recv(), Ok(News::Refused(source, why)));
    }
}

#[test]
fn a_curtain_that_closes_while_a_still_is_made_keeps_it_in_theatre() {
    let bench = Bench::new();
    bench.stills.wish(0, SCOPE);
    bench.stills.set_curtain(Curtain::Closed);
    // Refused while it waits, or when it is made.
    bench.stills.tap(SCOPE).offer(&picture(Colour::default(), [60, 180], [128, 128]));
    let refused = |news: &News| matches!(news, News::Refused(SCOPE, Refusal::Curtain | Refusal::NoPicture));
    assert!(bench.news.recv().is_ok_and(|news| refused(&news)));
    bench.stills.wish(0, SCOPE);
    assert_eq!(bench.news.recv(), Ok(News::Refused(SCOPE, Refusal::Curtain)));
}

#[test]
fn a_curtain_that_closes_while_a_still_is_on_its_way_ends_the_wish_and_the_next_is_made_once_that_is_settled() {
    let bench = Bench::new();
    let picture = picture(Colour::default(), [60, 180], [128, 128]);
    bench.stills.wish(0, SCOPE);
    bench.sent(&picture);
    bench.stills.set_curtain(Curtain::Closed);
    assert_eq!(bench.news.recv(), Ok(News::Refused(SCOPE, Refusal::Curtain)));
    bench.stills.set_curtain(Curtain::Open);
    bench.stills.wish(0, SCOPE);
    assert!(bench.news.try_recv().is_err(), "the one that was withdrawn is not settled yet");
    bench.stills.settled(0);
    assert_eq!(bench.news.recv(), Ok(News::Raised(false)));
    bench.sent(&picture);
}

#[test]
fn the_canvas_goes_to_whoever_waits_for_nothing_else() {
    let bench = Bench::new();
    bench.stills.send_canvas(b"frame");
    assert_eq!(bench.news.recv(), Ok(News::Raised(true)));
    let sent = Still::Canvas.prefix(b"frame").unwrap();
    assert_eq!(bench.news.recv(), Ok(News::Sent(sent)));
}

/// The branch of an endoscope that these keys configure, with its tap.
fn branch(name: &str, keys: &str) -> (Branch, Tap) {
    media::init().unwrap();
    let file = std::env::temp_dir().join(format!("still-{name}-{}.toml", std::process::id()));
    let rest = "[identity]\ncertificate = \"c\"\nkey = \"k\"\n[participant.anna]\ncertificate = \"a\"\nrole = \"mentor\"\n\
                [participant.anna.path.a]\nlisten = \"127.0.0.1:7001\"\n";
    std::fs::write(&file, format!("primary = \"scope\"\n[source.scope]\nrole = \"endoscope\"\n{keys}{rest}")).unwrap();
    let theatre = crate::config::Theatre::load(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (_canvas, inlets) = Canvas::new(&theatre, Epoch(1), MonoTime(0)).unwrap();
    let tap = Tap::default();
    (Branch::new(inlets.into_iter().next().unwrap(), tap.clone(), None), tap)
}

/// What the tap gives while the branch gets the same picture every 33 ms, asked for when it has got so many.
fn still_of_the_same(name: &str, keys: &str, pictures: u64) -> Option<Picture> {
    let (mut branch, tap) = branch(name, keys);
    let same = picture(Colour::default(), [60, 180], [128, 128]);
    let mut deliver = |number: u64| branch.deliver(&Picture { captured: MonoTime(number * 33_000), ..same.clone() });
    (0..pictures).for_each(&mut deliver);
    let taker = Builder::new().name("taker".into()).spawn(move || tap.take(Duration::from_millis(300))).unwrap();
    // Time stands still meanwhile.
    while !taker.is_finished() {
        deliver(pictures);
        std::thread::yield_now();
    }
    taker.join().unwrap()
}

#[test]
fn there_is_no_still_of_a_source_that_is_dead_and_one_of_an_image_that_is_held_is_as_old_as_that() {
    let grabber = "kind = \"gstreamer\"\nbin = \"fakesrc\"\n";
    assert!(still_of_the_same("fresh", grabber, 2).is_some());
    assert!(still_of_the_same("dead", grabber, 60).is_none(), "its cable is out");
    let held = still_of_the_same("held", &format!("{grabber}still_ok = true\n"), 60).expect("it may hold an image");
    assert_eq!(held.captured, MonoTime(0), "since when it has been the same");
}

#[test]
fn what_is_masked_is_black_in_a_still_too() {
    let keys = "kind = \"scene\"\nscene = \"bars\"\n\
                mask = { size = { width = 66, height = 36 }, areas = [{ rectangle = [0, 0, 66, 18] }] }\n";
    let (mut branch, tap) = branch("mask", keys);
    let info = picture::i420(SIZE, Colour::default()).unwrap();
    let buffer = gst::Buffer::from_mut_slice(vec![200; info.size()]);
    let picture = Picture { buffer, info, captured: MonoTime(1) };
    let taker = Builder::new().name("taker".into()).spawn(move || tap.take(Duration::from_secs(20))).unwrap();
    while !taker.is_finished() {
        branch.deliver(&picture);
        std::thread::yield_now();
    }
    let still = taker.join().unwrap().expect("a picture was offered");
    let frame = still.read().unwrap();
    let stride = frame.plane_stride()[0] as usize;
    let luma = |row: usize| frame.plane_data(0).unwrap()[row * stride + 33];
    assert_eq!((luma(0), luma(17), luma(20), luma(35)), (16, 16, 200, 200), "masks are rounded outwards");
}
