use super::*;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Sender, bounded};
use gstreamer_app::{AppSink, AppSinkCallbacks};

use super::super::decoder;

/// What makes packets of a stream, what takes it out of them before it is decoded, and as what.
struct Line {
    encode: &'static str,
    pack: &'static str,
    unpack: &'static str,
    caps: &'static str,
}

const X264: &str = "x264enc threads=1 key-int-max=20 tune=zerolatency speed-preset=ultrafast bitrate=2000";
const X265: &str = "x265enc key-int-max=20 tune=zerolatency speed-preset=ultrafast bitrate=2000 \
                    option-string=pools=none:frame-threads=1";
/// As senders to whom nobody says what they send by other ways.
const X265_REPEATING: &str = "x265enc key-int-max=20 tune=zerolatency speed-preset=ultrafast bitrate=2000 \
                              option-string=pools=none:frame-threads=1:repeat-headers=1";
const LINES: [Line; 6] = [
    rtp(X264, "rtph264pay mtu=600 config-interval=-1", "application/x-rtp,media=video,encoding-name=H264"),
    rtp(X265, "rtph265pay mtu=600 config-interval=-1", "application/x-rtp,media=video,encoding-name=H265"),
    rtp("jpegenc", "rtpjpegpay mtu=600", "application/x-rtp,media=video,encoding-name=JPEG"),
    rtp("identity", "rtpvrawpay mtu=1400", "application/x-rtp,media=video,encoding-name=RAW"),
    ts(X264, "video/x-h264"),
    ts(X265_REPEATING, "video/x-h265"),
];

const fn rtp(encode: &'static str, pack: &'static str, caps: &'static str) -> Line {
    Line { encode, pack, unpack: "identity", caps }
}

/// Seven packets a datagram, as SRT carries them.
const fn ts(encode: &'static str, caps: &'static str) -> Line {
    Line { encode, pack: "mpegtsmux alignment=7", unpack: "tsdemux", caps }
}

/// The pictures that come out if every packet is lost for whose number `lost` is true, each by a hash of its pixels; and how many
/// packets there were.
fn pictures(line: &Line, lost: impl Fn(usize) -> bool + Send + Sync + 'static) -> (Vec<u64>, usize) {
    media::init().unwrap();
    let text = format!(
        "videotestsrc num-buffers=200 pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 \
         ! {} ! {} ! identity name=way ! {} name=last",
        line.encode, line.pack, line.unpack
    );
    let pipeline = gst::parse::launch(&text).unwrap().downcast::<gst::Pipeline>().unwrap();
    let [way, last] = ["way", "last"].map(|name| pipeline.by_name(name).unwrap());
    let packets = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&packets);
    way.static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        if lost(count.fetch_add(1, Ordering::Relaxed)) { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
    });
    // No encoder of a recording hears that it is asked for an independent picture.
    let asked = |_: &gst::Pad, info: &mut gst::PadProbeInfo<'_>| {
        info.data = None;
        gst::PadProbeReturn::Handled
    };
    way.static_pad("sink").unwrap().add_probe(gst::PadProbeType::EVENT_UPSTREAM, asked);
    let gaps = Gaps::default();
    let decoder = decoder(&line.caps.parse::<gst::Caps>().unwrap(), &gaps).unwrap().unwrap();
    let (told, came) = bounded(200);
    let sink = sink(told);
    pipeline.add_many([&decoder, sink.upcast_ref()]).unwrap();
    decoder.link(&sink).unwrap();
    let input = decoder.static_pad("sink").unwrap();
    match last.static_pad("src") {
        Some(output) => assert!(output.link(&input).is_ok()),
        None => {
            gaps.watch_ts(&last);
            last.connect_pad_added(move |_, output| assert!(output.link(&input).is_ok()));
        }
    }
    pipeline.set_state(gst::State::Playing).unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends).unwrap();
    assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
    pipeline.set_state(gst::State::Null).unwrap();
    (came.try_iter().collect(), packets.load(Ordering::Relaxed))
}

fn sink(told: Sender<u64>) -> AppSink {
    let take = move |sink: &AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let mut hasher = DefaultHasher::new();
        sample.buffer().unwrap().map_readable().unwrap().as_slice().hash(&mut hasher);
        told.send(hasher.finish()).map(|()| gst::FlowSuccess::Ok).map_err(|_| gst::FlowError::Eos)
    };
    AppSink::builder().sync(false).callbacks(AppSinkCallbacks::builder().new_sample(take).build()).build()
}

#[test]
fn whatever_is_lost_on_the_way_every_picture_that_comes_is_one_that_was_sent() {
    for line in &LINES {
        let (sent, packets) = pictures(line, |_| false);
        assert!(sent.len() >= 199, "{}: {} of 200", line.caps, sent.len());
        for (losses, at_least) in [(60, 0), (12, 20), (4, 100)] {
            let every = packets / losses;
            // A loss is known by what comes behind it.
            let (came, _) = pictures(line, move |packet| packet % every == every / 2 && packet + 8 < packets);
            let damaged = came.iter().filter(|picture| !sent.contains(picture)).count();
            assert_eq!(damaged, 0, "of {} pictures, {} {losses} packets lost", came.len(), line.caps);
            let enough = at_least..sent.len();
            assert!(enough.contains(&came.len()), "{} of {}: {}", came.len(), sent.len(), line.caps);
        }
    }
}
