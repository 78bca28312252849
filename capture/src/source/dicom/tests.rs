//! Files made here with `dicom-object`, broken in every way that files break; and a real run of X-ray, where there is one.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use crossbeam_channel::bounded;
use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use gstreamer_video::prelude::*;
use proptest::prelude::*;
use protocol::time::MonoTime;

use super::*;
use crate::config::Deinterlace;
use crate::source::normal::Normal;

mod burned;

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const PATIENCE: Duration = Duration::from_secs(20);
const PIXEL_DATA: Tag = Tag(0x7fe0, 0x0010);

/// A file that lasts as long as the value.
struct Disk(PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

impl Disk {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("source-dicom-{}-{name}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn told(&self) -> String {
        open("study", &self.0, |_| {}).err().map(|error| error.to_string()).unwrap()
    }
}

/// X-ray of 4x2 pixels with 12 of 16 bits.
fn xray(frames: u16) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let numbers = [(0x0002, 1), (0x0010, 2), (0x0011, 4), (0x0100, 16), (0x0101, 12), (0x0102, 11), (0x0103, 0)];
    for (element, value) in numbers {
        object.put(DataElement::new(Tag(0x0028, element), VR::US, PrimitiveValue::from(value as u16)));
    }
    object.put(DataElement::new(Tag(0x0028, 0x0004), VR::CS, PrimitiveValue::from("MONOCHROME2")));
    object.put(DataElement::new(Tag(0x0028, 0x0008), VR::IS, PrimitiveValue::from(frames.to_string())));
    object.put(DataElement::new(Tag(0x0018, 0x1063), VR::DS, PrimitiveValue::from("20")));
    object
}

/// Each frame of one value: frame 0 of 0, frame 1 of 1365, ... so that three reach from black to white.
fn native(frames: u16) -> InMemDicomObject {
    let mut object = xray(frames);
    let pixels: Vec<u16> = (0..frames).flat_map(|frame| [frame * 1_365; 8]).collect();
    object.put(DataElement::new(PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())));
    object
}

/// X-ray of 64x48 pixels as JPEG, each frame in so many pieces.
fn jpegs(frames: u16, pieces: usize) -> InMemDicomObject {
    let mut object = xray(frames);
    for (element, value) in [(0x0010, 48_u16), (0x0011, 64), (0x0100, 8), (0x0101, 8), (0x0102, 7)] {
        object.put(DataElement::new(Tag(0x0028, element), VR::US, PrimitiveValue::from(value)));
    }
    let cut = |frame: u16| {
        let bytes = encoded(frame);
        let length = bytes.len().div_ceil(pieces).next_multiple_of(2);
        bytes.chunks(length).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let fragments: Vec<Vec<u8>> = (0..frames).flat_map(cut).collect();
    let sequence = PixelFragmentSequence::new_fragments(fragments);
    object.put(DataElement::new(PIXEL_DATA, VR::OB, sequence));
    object
}

/// A grey picture as JPEG, the brighter the later, padded to an even length.
fn encoded(frame: u16) -> Vec<u8> {
    media::init().unwrap();
    let grey = 0xff00_0000_u32 | (u32::from(40 + 40 * frame) * 0x01_0101);
    let line = format!(
        "videotestsrc num-buffers=1 pattern=solid-color foreground-color={grey} ! \
         video/x-raw,format=GRAY8,width=64,height=48 ! jpegenc quality=95 ! appsink name=sink sync=false"
    );
    let pipeline = gstreamer::parse::launch(&line).unwrap().downcast::<gstreamer::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gstreamer_app::AppSink>().unwrap();
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    let sample = sink.pull_sample().unwrap();
    let mut bytes = sample.buffer().unwrap().map_readable().unwrap().to_vec();
    pipeline.set_state(gstreamer::State::Null).unwrap();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn file(object: InMemDicomObject, syntax: &str) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid("1.2.840.10008.5.1.4.1.1.12.1")
        .media_storage_sop_instance_uid("1.2.3");
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    // A file begins with 128 bytes that mean nothing.
    if bytes.starts_with(b"DICM") { [&[0; 128][..], &bytes].concat() } else { bytes }
}

/// The luma in the middle of each of the first pictures, and when they came.
fn played(disk: &Disk, count: usize) -> Vec<(u8, MonoTime)> {
    media::init().unwrap();
    let (sender, pictures) = bounded(count);
    let (_events, _thread) = open("study", &disk.0, move |picture| {
        // Pictures beyond those asked for are not looked at.
        sender.try_send(picture).ok();
    })
    .unwrap();
    let seen = |picture: Picture| {
        let frame = picture.read().unwrap();
        let (x, y) = (picture.info.width() as usize / 2, picture.info.height() as usize / 2);
        (frame.plane_data(0).unwrap()[y * frame.plane_stride()[0] as usize + x], picture.captured)
    };
    (0..count).map(|_| seen(pictures.recv_timeout(PATIENCE).unwrap())).collect()
}

#[test]
fn a_run_plays_in_a_loop_at_the_time_of_its_frames_however_it_is_coded() {
    for syntax in [EXPLICIT, IMPLICIT] {
        let disk = Disk::new(syntax, &file(native(4), syntax));
        let played = played(&disk, 9);
        let greys: Vec<u8> = played.iter().map(|(grey, _)| *grey).collect();
        assert_eq!(greys, [0, 85, 170, 255, 0, 85, 170, 255, 0], "the last pictures of one round, then the next");
        let took = played[8].1.since(played[0].1);
        // The first may be handed over late on a busy machine, so one interval may be missing.
        assert!(took >= Duration::from_millis(7 * 20), "{took:?}");
    }
}

#[test]
fn frames_of_jpeg_are_found_whether_cut_into_pieces_or_not() {
    for pieces in [1, 3] {
        let disk = Disk::new(&format!("jpeg-{pieces}"), &file(jpegs(3, pieces), JPEG));
        let greys: Vec<u8> = played(&disk, 4).into_iter().map(|(grey, _)| grey).collect();
        assert!(greys[0] + 20 < greys[1] && greys[1] + 20 < greys[2], "each brighter: {greys:?} in {pieces} pieces");
        assert_eq!(greys[0], greys[3], "the next round");
    }
}

#[test]
fn a_single_image_keeps_coming_and_is_always_the_same() {
    let mut object = xray(1);
    object.put(DataElement::new(PIXEL_DATA, VR::OW, PrimitiveValue::U16(vec![2_048; 8].into())));
    let disk = Disk::new("still", &file(object, EXPLICIT));
    let played = played(&disk, 3);
    assert!(played.iter().all(|(grey, _)| *grey == 128), "{played:?}");
    assert!(played[2].1.since(played[1].1) >= Duration::from_millis(100));
}

#[test]
fn a_window_and_inverted_greys_are_applied() {
    let mut object = native(4);
    for (element, value) in [(0x1050, "683"), (0x1051, "1366")] {
        object.put(DataElement::new(Tag(0x0028, element), VR::DS, PrimitiveValue::from(value)));
    }
    object.put(DataElement::new(Tag(0x0028, 0x0004), VR::CS, PrimitiveValue::from("MONOCHROME1")));
    let disk = Disk::new("window", &file(object, EXPLICIT));
    let greys: Vec<u8> = played(&disk, 3).into_iter().map(|(grey, _)| grey).collect();
    assert_eq!(greys, [255, 0, 0]);
}

#[test]
fn colours_come_as_the_file_has_them() {
    for (photometric, format) in [("RGB", "RGB"), ("YBR_FULL", "v308")] {
        let mut object = xray(1);
        for (element, value) in [(0x0002, 3_u16), (0x0100, 8), (0x0101, 8), (0x0102, 7), (0x0006, 0)] {
            object.put(DataElement::new(Tag(0x0028, element), VR::US, PrimitiveValue::from(value)));
        }
        object.put(DataElement::new(Tag(0x0028, 0x0004), VR::CS, PrimitiveValue::from(photometric)));
        object.put(DataElement::new(PIXEL_DATA, VR::OB, PrimitiveValue::U8([10, 20, 30].repeat(8).into())));
        let disk = Disk::new(photometric, &file(object, EXPLICIT));
        media::init().unwrap();
        let picture = Reel::open(&disk.0).unwrap().picture(0).unwrap();
        assert_eq!(picture.info.format().to_str(), format);
        assert_eq!(picture.read().unwrap().plane_data(0).unwrap()[3..6], [10, 20, 30]);
        let i420 = media::picture::i420(picture.size(), protocol::colour::Colour::default()).unwrap();
        assert!(media::picture::Converter::new(&picture.info, &i420).unwrap().convert(&picture).is_ok());
    }
}

#[test]
fn what_cannot_be_played_is_told_with_the_source_the_file_and_what_to_do() {
    let whole = file(native(4), EXPLICIT);
    let jpeg = file(jpegs(3, 1), JPEG);
    let mut report = xray(1);
    report.put(DataElement::new(Tag(0x0040, 0xa040), VR::CS, PrimitiveValue::from("CONTAINER")));
    let mut tall = native(4);
    tall.put(DataElement::new(Tag(0x0028, 0x0010), VR::US, PrimitiveValue::from(9_000_u16)));
    let mut long = native(4);
    long.put(DataElement::new(Tag(0x0028, 0x0008), VR::IS, PrimitiveValue::from("17000")));
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("empty", vec![], "it is empty (0 bytes)"),
        ("letter", b"Dear colleague, this is no image.".repeat(9), "it is no DICOM file: the mark DICM is missing"),
        ("short", b"DICM".to_vec(), "it is no DICOM file: it is too short"),
        ("cut", whole[..whole.len() - 3].to_vec(), "it is cut off: 61 of 64 bytes of a value are there"),
        ("cut-jpeg", jpeg[..jpeg.len() - 300].to_vec(), "it is cut off: "),
        ("lossless", file(jpegs(1, 1), "1.2.840.10008.1.2.4.90"), "coded as JPEG 2000"),
        ("mixed", file(native(4), JPEG), "its pixels are not coded as it tells (JPEG Baseline"),
        ("report", file(report, EXPLICIT), "it holds no picture (PixelData is missing)"),
        ("tall", file(tall, EXPLICIT), "its Rows is 9000; 1 to 8192 are played"),
        ("long", file(long, EXPLICIT), "it is cut off: 4 of 17000 frames are there"),
    ];
    for (name, bytes, expected) in cases {
        let disk = Disk::new(name, &bytes);
        let told = disk.told();
        assert!(told.starts_with(&format!("source study: {}: ", disk.0.display())), "{told}");
        assert!(told.contains(expected) && !told.contains('\n'), "{name}: {told}");
        assert!(told.contains("`location`"), "what to mend: {told}");
    }
    let missing = open("study", Path::new("/nowhere/run.dcm"), |_| {}).err().unwrap().to_string();
    assert!(missing.contains("put a DICOM file there or mend `location`"), "{missing}");
}

#[test]
fn a_length_that_only_the_file_claims_costs_nothing() {
    let whole = file(native(4), EXPLICIT);
    // Rows, as a text of four thousand million bytes.
    let at = whole.windows(6).position(|bytes| bytes == b"\x28\0\x10\0US").unwrap();
    let claim = [&whole[..at + 4], b"UT\0\0\xf0\xff\xff\xff", &whole[at + 8..]].concat();
    assert!(Disk::new("claim", &claim).told().contains("it is cut off: "));
    let deep = [&whole[..at], &b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff".repeat(5_000)[..]]
        .concat();
    assert!(Disk::new("deep", &deep).told().contains("more than 32 sequences lie in each other"));
    let stray = [&whole[..at], b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\0\xe0\x08\0\0\0", &whole[at..]].concat();
    let told = Disk::new("stray", &stray).told();
    assert!(told.contains("ends that never began"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_damaged_file_plays_or_is_refused_without_a_panic(
        at in 132usize..3_000, bytes in proptest::collection::vec(any::<u8>(), 1..12), is_jpeg in any::<bool>(),
        number in any::<u32>()
    ) {
        static WHOLE: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
        let files = WHOLE.get_or_init(|| [file(native(4), IMPLICIT), file(jpegs(2, 2), JPEG)]);
        let mut whole = files[usize::from(is_jpeg)].clone();
        let at = at % whole.len();
        for (place, byte) in whole[at..].iter_mut().zip(bytes) {
            *place = byte;
        }
        let disk = Disk::new(&format!("damaged-{number}"), &whole);
        if let Ok(mut reel) = Reel::open(&disk.0) {
            for frame in 0..reel.frames().min(4) {
                let _ = reel.picture(frame);
            }
        }
    }
}

/// Needs the folder of real recordings, which does not come with the source: `REALDATA`, or `realdata` in a folder
/// `shared` beside the repository. Without it this says so and passes.
#[test]
fn a_real_coronary_run_is_decoded_as_another_decoder_does_it() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os("REALDATA").map_or(repository.join("../shared/realdata"), PathBuf::from);
    let (study, video) = (folder.join("xray/coronary_512_96f.dcm"), folder.join("xray/coronary_512_mjpeg.mkv"));
    if !study.is_file() || !video.is_file() {
        println!("no real run at {}: set REALDATA to the folder that holds it; not tested", study.display());
        return;
    }
    media::init().unwrap();
    let mut reel = Reel::open(&study).unwrap();
    assert_eq!((reel.frames(), reel.timing().usual()), (96, Duration::from_millis(33)));
    assert_eq!(reel.burned_in(), BurnedIn::Untold);
    let (sender, pictures) = bounded(20);
    let (_events, _playing) =
        super::super::file::open("video", &video, Normal::new(Deinterlace::Auto), move |picture| {
            sender.try_send(picture).ok();
        })
        .unwrap();
    for frame in 0..20 {
        let (ours, other) = (reel.picture(frame).unwrap(), pictures.recv_timeout(PATIENCE).unwrap());
        assert_eq!(ours.size(), other.size());
        let (ours, other) = (ours.read().unwrap(), other.read().unwrap());
        let pairs = ours.plane_data(0).unwrap().iter().zip(other.plane_data(0).unwrap());
        let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 3, "frame {frame} differs by {worst}");
    }
}
