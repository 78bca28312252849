//! Source kind `gstreamer`: a bin description of the site's own that ends in raw video.
//!
//! A live description (a camera, a capture card) delivers as the device does; one that is not live is paced by its own
//! timestamps, because it would otherwise run as fast as the machine can.

use std::ops::ControlFlow;

use crossbeam_channel::Receiver;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use media::picture::Picture;

use super::branch::{self, Branch, End, Pace, Playing, Ready, SINK_NAME};
use super::normal::Normal;
use super::{Error, Event};

/// Opens the description `bin`. Waits for the first picture unless it is a live device.
///
/// # Errors
/// [`Error::Description`] if it has to be mended, [`Error::Unavailable`] if what it names does not work now.
pub fn open(
    name: &str,
    bin: &str,
    normal: Normal,
    deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Playing), Error> {
    let unavailable = |reason: String| Error::Unavailable { name: name.into(), reason };
    let (branch, sink) =
        build(bin).map_err(|fault| Error::Description { name: name.into(), bin: bin.into(), fault })?;
    branch::equip(&sink, Pace::Device, normal, deliver);
    match branch.preroll().map_err(unavailable)? {
        Ready::Live => {}
        Ready::Prerolled => sink.set_sync(true),
    }
    branch.play(name, None, ended).map_err(unavailable)
}

fn ended(_: &gst::Pipeline, _: End) -> ControlFlow<Event> {
    ControlFlow::Break(Event::Ended)
}

/// The whole pipeline: the description, then the sink. Parsed as one so that a description may end in an element
/// whose output comes late, such as `decodebin`.
fn build(bin: &str) -> Result<(Branch, AppSink), String> {
    let whole = format!("{bin} ! appsink name={SINK_NAME} caps=video/x-raw");
    let parsed = gst::parse::launch_full(&whole, None, gst::ParseFlags::FATAL_ERRORS);
    let parsed = parsed.map_err(|error| fault(bin, &error))?;
    let wrong = "this is no chain of elements; write it as for gst-launch-1.0";
    let pipeline = parsed.downcast::<gst::Pipeline>().map_err(|_| wrong)?;
    let sink = pipeline.by_name(SINK_NAME).and_downcast::<AppSink>().ok_or(wrong)?;
    Ok((Branch::new(pipeline), sink))
}

/// What is wrong with the description, where, and how to mend it. GStreamer names the word but not its place.
fn fault(bin: &str, error: &gst::glib::Error) -> String {
    let message = error.message();
    let advice = match error.kind::<gst::ParseError>() {
        Some(gst::ParseError::NoSuchElement) => "install the plugin that has it or mend the name",
        Some(gst::ParseError::Link) if message.contains(SINK_NAME) => {
            "the description must end in raw video (video/x-raw in system memory); append what makes it, such as a decoder"
        }
        Some(gst::ParseError::Link) => "put a converter between the two, or choose elements that fit",
        Some(gst::ParseError::NoSuchProperty | gst::ParseError::CouldNotSetProperty) => {
            "gst-inspect-1.0 shows the element's properties and their values"
        }
        _ => "write elements joined by single `!`, as for gst-launch-1.0",
    };
    match place(bin, message) {
        Some(place) => format!("{message} at character {place}: {advice}"),
        None => format!("{message}: {advice}"),
    }
}

/// The place in `bin`, counted in characters from 1, that `message` is about: of the first word it quotes, or of a `!`
/// that joins nothing.
fn place(bin: &str, message: &str) -> Option<usize> {
    let quoted = message.split('"').nth(1).and_then(|word| bin.find(word));
    let byte = quoted.or_else(|| message.contains("syntax").then(|| stray_link(bin)).flatten())?;
    bin.get(..byte).map(|before| before.chars().count() + 1)
}

/// The byte at which a `!` stands without an element on both sides.
fn stray_link(bin: &str) -> Option<usize> {
    let mut after_link = true;
    for (byte, letter) in bin.char_indices().filter(|(_, letter)| !letter.is_whitespace()) {
        if letter == '!' && after_link {
            return Some(byte);
        }
        after_link = letter == '!';
    }
    after_link.then(|| bin.rfind('!')).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crossbeam_channel::bounded;
    use gstreamer_video::VideoFrameExt as _;
    use protocol::time::MonoTime;

    use crate::config::Deinterlace;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn auto() -> Normal {
        Normal::new(Deinterlace::Auto)
    }

    fn refusal(bin: &str) -> String {
        media::init().unwrap();
        let error = open("camera", bin, auto(), |_| {}).err().unwrap();
        assert!(matches!(error, Error::Description { .. }), "{error}");
        error.to_string()
    }

    fn captured(bin: &str, count: usize) -> (Vec<MonoTime>, Event) {
        media::init().unwrap();
        let (sender, pictures) = bounded(count);
        let (events, _playing) = open("camera", bin, auto(), move |picture| {
            // Pictures beyond those asked for are not looked at.
            sender.try_send(picture.captured).ok();
        })
        .unwrap();
        let captured = (0..count).map(|_| pictures.recv_timeout(PATIENCE).unwrap()).collect();
        (captured, events.recv_timeout(PATIENCE).unwrap())
    }

    #[test]
    fn a_wrong_word_is_named_with_its_place() {
        let element = refusal("videotestsrc ! vidoeconvert");
        assert!(element.contains("no element \"vidoeconvert\" at character 16"), "{element}");
        let property = refusal("videotestsrc patern=ball");
        assert!(property.contains("\"patern\"") && property.contains("at character 14"), "{property}");
        let link = refusal("videotestsrc ! ! videoconvert");
        assert!(link.contains("at character 16"), "{link}");
        let end = refusal("videotestsrc !");
        assert!(end.contains("at character 14"), "{end}");
        assert!(refusal("").contains("gst-launch-1.0"));
    }

    #[test]
    fn a_description_must_end_in_raw_video() {
        for bin in ["audiotestsrc", "videotestsrc ! jpegenc", "videotestsrc ! fakesink"] {
            let error = refusal(bin);
            assert!(error.contains("must end in raw video"), "{error}");
        }
    }

    #[test]
    fn a_device_that_is_not_there_may_come_later() {
        media::init().unwrap();
        let error = open("camera", "filesrc location=/nowhere/device ! decodebin", auto(), |_| {}).err().unwrap();
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        assert_eq!(error.to_string().lines().count(), 1, "{error}");
    }

    #[test]
    fn a_live_source_delivers_and_tells_its_end() {
        let (captured, event) = captured("videotestsrc is-live=true num-buffers=5 ! video/x-raw,framerate=50/1", 5);
        assert!(captured.is_sorted_by(|a, b| a < b), "{captured:?}");
        assert_eq!(event, Event::Ended);
    }

    #[test]
    fn what_is_not_live_is_paced_by_its_timestamps() {
        let (captured, event) = captured("videotestsrc num-buffers=11 ! video/x-raw,framerate=50/1", 11);
        let took = captured[10].since(captured[0]);
        // The first is handed over once playing begins, the tenth after it is due 200 ms later.
        assert!(took >= Duration::from_millis(150), "{took:?}");
        assert_eq!(event, Event::Ended);
    }

    #[test]
    fn every_raw_format_arrives_as_it_is() {
        media::init().unwrap();
        for format in ["UYVY", "NV12", "BGRx", "v210", "GRAY8"] {
            let bin = format!("videotestsrc is-live=true ! video/x-raw,format={format},width=322,height=242");
            let (sender, pictures) = bounded(1);
            let (_events, _playing) = open("camera", &bin, auto(), move |picture| {
                sender.try_send(picture).ok();
            })
            .unwrap();
            let picture = pictures.recv_timeout(PATIENCE).unwrap();
            assert_eq!(picture.info.format().to_str(), format);
            assert!(picture.read().is_ok(), "{format}");
        }
    }

    #[test]
    fn a_source_may_change_its_size_while_it_plays() {
        media::init().unwrap();
        let sized = |width, height| {
            format!("videotestsrc num-buffers=3 ! video/x-raw,width={width},height={height},framerate=50/1 ! c.")
        };
        let bin = format!("{} {} concat name=c", sized(1024, 1024), sized(1280, 1024));
        let (sender, pictures) = bounded(6);
        let (_events, _playing) = open("camera", &bin, auto(), move |picture| {
            sender.try_send((picture.size().width, picture.size().height)).ok();
        })
        .unwrap();
        let sizes: Vec<_> = (0..6).map(|_| pictures.recv_timeout(PATIENCE).unwrap()).collect();
        assert_eq!(sizes, [[(1024, 1024); 3], [(1280, 1024); 3]].concat());
    }

    #[test]
    fn pixels_that_are_not_square_become_so() {
        media::init().unwrap();
        let bin = "videotestsrc is-live=true ! video/x-raw,format=UYVY,width=720,height=576,pixel-aspect-ratio=16/15";
        let (sender, pictures) = bounded(1);
        let (_events, _playing) = open("camera", bin, auto(), move |picture| {
            sender.try_send(picture).ok();
        })
        .unwrap();
        let picture = pictures.recv_timeout(PATIENCE).unwrap();
        assert_eq!((picture.size().width, picture.size().height), (768, 576));
        assert_eq!(picture.info.par(), gst::Fraction::new(1, 1));
    }

    /// How combed bars are that travel sideways: the rows of a progressive picture are all the same.
    fn combing(deinterlace: Deinterlace) -> f64 {
        media::init().unwrap();
        let bin = "videotestsrc is-live=true pattern=smpte75 horizontal-speed=6 \
                   ! video/x-raw,format=I420,width=320,height=240,framerate=50/1 \
                   ! interlace field-pattern=1:1 top-field-first=true";
        let (sender, pictures) = bounded(6);
        let (_events, _playing) = open("camera", bin, Normal::new(deinterlace), move |picture| {
            sender.try_send(picture).ok();
        })
        .unwrap();
        let played: Vec<Picture> = (0..6).map(|_| pictures.recv_timeout(PATIENCE).unwrap()).collect();
        let picture = &played[5];
        assert_eq!(picture.info.interlace_mode(), gstreamer_video::VideoInterlaceMode::Progressive);
        let frame = picture.read().unwrap();
        let luma: Vec<&[u8]> = frame.plane_data(0).unwrap().chunks(frame.plane_stride()[0] as usize).collect();
        let off = |rows: &[&[u8]]| rows[0].iter().zip(rows[1]).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>();
        luma.windows(2).map(off).sum::<f64>() / (luma.len() * luma[0].len()) as f64
    }

    #[test]
    fn an_interlaced_signal_is_combed_no_more() {
        let (combed, made) = (combing(Deinterlace::Off), combing(Deinterlace::Auto));
        assert!(combed > 1.0, "the test's own signal is combed: {combed}");
        assert!(made < combed / 10.0, "{made} of {combed} is left");
    }

    #[test]
    fn a_source_that_breaks_while_it_plays_says_how() {
        let bin = "videotestsrc is-live=true ! identity error-after=3";
        let (_, event) = captured(bin, 1);
        let Event::Failed { what } = event else { panic!("{event:?}") };
        assert!(what.contains("identity") || what.contains("iterations"), "{what}");
        assert_eq!(what.lines().count(), 1);
    }

    #[test]
    fn a_source_whose_pictures_cannot_be_carried_on_is_unfit_and_not_broken() {
        let bin = "videotestsrc is-live=true ! video/x-raw,format=I420,width=8200,height=16";
        let (events, _playing) = open("camera", bin, Normal::new(Deinterlace::Auto), |_| {}).unwrap();
        let event = events.recv_timeout(PATIENCE).unwrap();
        assert!(matches!(&event, Event::Unfit { what } if what.contains("8200x16")), "{event:?}");
    }
}
