//! Source kind `file`: a recording in any container GStreamer reads, paced by its own timestamps, in a loop.
//!
//! The loop is a segment seek: the demuxer starts the next round while the last pictures of this one wait for their
//! moment, so nothing is flushed and no gap shows. Files that cannot seek are started anew at their end.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use crossbeam_channel::Receiver;
use gstreamer as gst;
use gstreamer::glib::{BoolError, WeakRef};
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use media::picture::Picture;

use super::branch::{self, Branch, End, Pace, Playing};
use super::normal::Normal;
use super::pace;
use super::{Error, Event};

/// Opens the file at `location` and waits for its first picture.
///
/// # Errors
/// [`Error::Missing`], [`Error::NotVideo`], or [`Error::Unavailable`] if this machine lacks what plays files.
pub fn open(
    name: &str,
    location: &Path,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    let not_video = |reason: String| Error::NotVideo { name: name.into(), location: location.into(), reason };
    check(location).map_err(|fault| match fault {
        Fault::Missing(reason) => Error::Missing { name: name.into(), location: location.into(), reason },
        Fault::Content(reason) => not_video(reason),
    })?;
    let unavailable = |reason: String| Error::Unavailable { name: name.into(), reason };
    let (stop, waiter) = pace::stop();
    let sink = AppSink::builder().caps(&gst::Caps::new_empty_simple("video/x-raw")).build();
    branch::equip(&sink, Pace::Recording(waiter), normal, deliver);
    let branch = build(location, &sink).map_err(|error| unavailable(error.to_string()))?;
    branch.preroll().map_err(not_video)?;
    if !branch.play_in_rounds().map_err(not_video)? {
        tracing::info!("source {name}: this container cannot seek in segments, so its rounds will not be seamless");
    }
    branch.play(name, Some(stop), rewind).map_err(unavailable)
}

/// What can be told of a file without playing it.
enum Fault {
    Missing(String),
    Content(String),
}

fn check(location: &Path) -> Result<(), Fault> {
    let told = fs::File::open(location).and_then(|file| file.metadata());
    let facts = told.map_err(|error| Fault::Missing(error.to_string()))?;
    if !facts.is_file() {
        return Err(Fault::Missing("this is no file".into()));
    }
    if facts.len() == 0 {
        return Err(Fault::Content("it is empty (0 bytes)".into()));
    }
    Ok(())
}

fn build(location: &Path, sink: &AppSink) -> Result<Branch, BoolError> {
    let reader = gst::ElementFactory::make("filesrc").property("location", location).build()?;
    let decoder = gst::ElementFactory::make("decodebin").build()?;
    // Sound and subtitles are left undecoded, and their pads unlinked.
    decoder.connect("autoplug-continue", false, |arguments| {
        let caps = arguments.get(2).and_then(|caps| caps.get::<gst::Caps>().ok());
        Some(caps.is_none_or(|caps| wanted(&caps)).to_value())
    });
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&reader, &decoder, sink.upcast_ref()])?;
    reader.link(&decoder)?;
    let target = sink.downgrade();
    decoder.connect_pad_added(move |_, pad| link_first(pad, &target));
    let target = sink.downgrade();
    decoder.connect_no_more_pads(move |decoder| {
        if input(&target).is_some_and(|input| !input.is_linked()) {
            gst::element_error!(decoder, gst::StreamError::WrongType, ("there is no video inside"));
        }
    });
    Ok(Branch::new(pipeline))
}

/// Whether a stream of this kind may become video.
fn wanted(caps: &gst::Caps) -> bool {
    let kind = caps.structure(0).map_or("", |first| first.name().as_str());
    !["audio/", "text/", "application/x-subtitle", "subpicture/"].iter().any(|other| kind.starts_with(other))
}

/// Links the first video stream; further ones are not played.
fn link_first(pad: &gst::Pad, sink: &WeakRef<AppSink>) {
    if let Some(input) = input(sink).filter(|input| !input.is_linked())
        && let Err(error) = pad.link(&input)
    {
        tracing::debug!("a stream that is not linked: {error}");
    }
}

fn input(sink: &WeakRef<AppSink>) -> Option<gst::Pad> {
    sink.upgrade()?.static_pad("sink")
}

/// Starts the next round.
fn rewind(pipeline: &gst::Pipeline, end: End) -> ControlFlow<Event> {
    let again = match end {
        End::Segment => {
            let (start, none) = (gst::SeekType::Set, gst::SeekType::None);
            let stop = gst::ClockTime::NONE;
            pipeline.seek(1.0, gst::SeekFlags::SEGMENT, start, gst::ClockTime::ZERO, none, stop)
        }
        End::Stream => start_anew(pipeline),
    };
    match again {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Event::Failed {
            what: format!("the file cannot be played again from its beginning: {error}"),
        }),
    }
}

fn start_anew(pipeline: &gst::Pipeline) -> Result<(), BoolError> {
    pipeline
        .set_state(gst::State::Ready)
        .and_then(|_| pipeline.set_state(gst::State::Playing))
        .map(|_| ())
        .map_err(|error| gst::glib::bool_error!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Duration;

    use crossbeam_channel::bounded;
    use gstreamer_video::prelude::*;
    use protocol::time::MonoTime;

    use crate::config::Deinterlace;

    /// Pictures of a test clip, and their rate: long enough that a codec holds some back, short enough for a test.
    const PICTURES: usize = 12;
    const FPS: i32 = 50;

    fn auto() -> Normal {
        Normal::new(Deinterlace::Auto)
    }

    /// A clip in a folder of its own that is deleted with it.
    struct Clip(PathBuf);

    impl Drop for Clip {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    impl Clip {
        fn folder(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("source-file-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn path(&self) -> PathBuf {
            self.0.join("clip")
        }

        /// Each picture is brighter than the one before it; the sound is longer than the pictures.
        fn record(name: &str, chain: &str) -> Self {
            media::init().unwrap();
            let clip = Self::folder(name);
            let line = format!(
                "appsrc name=in format=time caps=video/x-raw,format=I420,width=64,height=48,framerate={FPS}/1 \
                 ! videoconvert ! {chain} ! filesink location={}",
                clip.path().display()
            );
            let pipeline = gst::parse::launch(&line).unwrap().downcast::<gst::Pipeline>().unwrap();
            let source = pipeline.by_name("in").unwrap().downcast::<gstreamer_app::AppSrc>().unwrap();
            pipeline.set_state(gst::State::Playing).unwrap();
            for number in 0..PICTURES {
                let mut pixels = vec![128; 64 * 48 * 3 / 2];
                pixels[..64 * 48].fill(brightness(number));
                let mut buffer = gst::Buffer::from_mut_slice(pixels);
                let step = gst::ClockTime::SECOND / FPS as u64;
                buffer.get_mut().unwrap().set_pts(step * number as u64);
                buffer.get_mut().unwrap().set_duration(step);
                source.push_buffer(buffer).unwrap();
            }
            source.end_of_stream().unwrap();
            let bus = pipeline.bus().unwrap();
            let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Eos]);
            pipeline.set_state(gst::State::Null).unwrap();
            assert!(end.is_some(), "{line} did not end");
            clip
        }
    }

    fn brightness(number: usize) -> u8 {
        (30 + 16 * number) as u8
    }

    /// The number of the picture and when it was captured.
    fn seen(picture: &Picture) -> (usize, MonoTime) {
        let pixels = picture.read().unwrap();
        let luma = pixels.plane_data(0).unwrap()[10 * pixels.plane_stride()[0] as usize + 20];
        let number = (0..PICTURES).min_by_key(|&number| brightness(number).abs_diff(luma)).unwrap();
        (number, picture.captured)
    }

    fn play(location: &Path, count: usize) -> Vec<(usize, MonoTime)> {
        let (sender, pictures) = bounded(count);
        let (events, _playing) = open("clip", location, auto(), move |picture| {
            // What comes after the last one wanted is dropped.
            sender.try_send(seen(&picture)).ok();
        })
        .unwrap();
        let next = || pictures.recv_timeout(Duration::from_secs(20));
        (0..count).map(|_| next().unwrap_or_else(|_| panic!("{:?}", events.try_recv()))).collect()
    }

    fn assert_loops(name: &str, chain: &str) {
        let clip = Clip::record(name, chain);
        let played = play(&clip.path(), PICTURES * 3);
        let numbers: Vec<usize> = played.iter().map(|(number, _)| *number).collect();
        let rounds: Vec<usize> = (0..3).flat_map(|_| 0..PICTURES).collect();
        assert_eq!(numbers, rounds, "every picture of every round");
        assert!(played.is_sorted_by(|a, b| a.1 < b.1), "captured in order");
        let took = played.last().unwrap().1.since(played[0].1);
        // The first may be handed over late on a busy machine, so one interval may be missing.
        let least = Duration::from_secs(1) * (PICTURES as u32 * 3 - 2) / FPS as u32;
        assert!(took >= least, "paced by its timestamps: {took:?} instead of {least:?}");
    }

    #[test]
    fn an_mp4_plays_round_after_round_without_losing_a_picture() {
        assert_loops("mp4", "x264enc key-int-max=12 bframes=2 ! h264parse ! mp4mux");
    }

    #[test]
    fn a_webm_plays_round_after_round_without_losing_a_picture() {
        assert_loops("webm", "vp8enc deadline=1 ! webmmux");
    }

    #[test]
    fn motion_jpeg_in_matroska_plays_round_after_round_without_losing_a_picture() {
        assert_loops("mkv", "jpegenc ! matroskamux");
    }

    #[test]
    fn a_container_that_cannot_seek_in_segments_plays_again_from_its_beginning() {
        assert_loops("ts", "x264enc key-int-max=12 bframes=0 ! h264parse ! mpegtsmux");
    }

    #[test]
    fn a_stream_without_an_index_plays_round_after_round() {
        assert_loops("stream", "jpegenc ! matroskamux streamable=true");
    }

    #[test]
    fn a_missing_file_is_told_apart_from_one_that_is_no_video() {
        media::init().unwrap();
        let clip = Clip::folder("wrong");
        let refusal = |content: Option<&[u8]>| {
            if let Some(content) = content {
                fs::write(clip.path(), content).unwrap();
            }
            open("endoscope", &clip.path(), auto(), |_| {}).err().unwrap()
        };
        let missing = refusal(None);
        assert!(matches!(missing, Error::Missing { .. }), "{missing}");
        assert!(missing.to_string().starts_with("source endoscope: "), "{missing}");
        let empty = refusal(Some(b""));
        assert!(matches!(empty, Error::NotVideo { .. }), "{empty}");
        assert!(empty.to_string().contains("0 bytes"), "{empty}");
        let text = refusal(Some(&b"primary = \"endoscope\"\n".repeat(40)));
        assert!(matches!(text, Error::NotVideo { .. }), "{text}");
        let noise: Vec<u8> = (0..40_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let noise = refusal(Some(&noise));
        assert!(matches!(noise, Error::NotVideo { .. }), "{noise}");
        assert_eq!(noise.to_string().lines().count(), 1, "{noise}");
    }

    #[test]
    fn sound_without_pictures_is_no_video() {
        media::init().unwrap();
        let clip = Clip::folder("sound");
        let line = format!("audiotestsrc num-buffers=20 ! wavenc ! filesink location={}", clip.path().display());
        let pipeline = gst::parse::launch(&line).unwrap();
        pipeline.set_state(gst::State::Playing).unwrap();
        let end =
            pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(20), &[gst::MessageType::Eos]);
        pipeline.set_state(gst::State::Null).unwrap();
        assert!(end.is_some());
        let error = open("room", &clip.path(), auto(), |_| {}).err().unwrap();
        assert!(matches!(error, Error::NotVideo { .. }), "{error}");
    }

    /// Needs the folder of real recordings, which does not come with the source: `REALDATA`, or `realdata` in a folder
    /// `shared` beside the repository. Passes where it is absent.
    #[test]
    fn real_recordings_play() {
        media::init().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let folder = std::env::var_os("REALDATA").map_or(repository.join("../shared/realdata"), PathBuf::from);
        let recordings = [
            ("endoscopy/laparoscopy_720p25.mp4", 1280, 720),
            ("endoscopy/sinus_1080p30.mp4", 1920, 1080),
            ("room/people_768x432_10fps.mp4", 768, 432),
            ("xray/coronary_512_mjpeg.mkv", 512, 512),
        ];
        for (recording, width, height) in recordings {
            let location = folder.join(recording);
            if !location.exists() {
                continue;
            }
            let (sender, pictures) = bounded(4);
            let (_events, _playing) = open("real", &location, auto(), move |picture| {
                sender.try_send(picture.size()).ok();
            })
            .unwrap();
            for _ in 0..4 {
                let size = pictures.recv_timeout(Duration::from_secs(20)).unwrap();
                assert_eq!((size.width, size.height), (width, height), "{recording}");
            }
        }
    }
}
