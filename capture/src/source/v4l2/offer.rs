//! Chooses among what a camera offers. Pure: caps go in, the caps to ask for come out.

use gstreamer as gst;
use protocol::geometry::SizePx;

use crate::config::device::Format;

/// What can be made pictures of, the cheapest first: caps, and what people call it.
const USABLE: [(&str, Format, &str); 3] = [
    ("video/x-raw", Format::Raw, "raw"),
    ("image/jpeg", Format::Mjpeg, "mjpeg"),
    ("video/x-h264", Format::H264, "h264"),
];

/// Pictures a second from which motion is followed; a larger picture at a lower rate is no gain.
const FLUENT_FPS: f64 = 24.0;
/// Largest picture that is chosen unasked, in pixels: beyond full HD nothing here gets sharper, only slower.
const MAX_PX: i64 = 1920 * 1080;
/// Fastest rate that is chosen unasked.
const MAX_FPS: f64 = 60.0;
/// How far a rate may be from what was asked for, as a part of it: 59.94 is meant by 60.
const SAME_RATE: f64 = 0.01;
/// Offers that an error lists at most; cameras have dozens.
const MAX_LISTED: usize = 12;

/// One way to run the camera.
#[derive(Debug, Clone, PartialEq)]
struct Offer {
    /// Its place in [`USABLE`].
    usable: usize,
    width: i32,
    height: i32,
    rate: gst::Fraction,
}

/// The caps to run the camera with: as asked, and the best in what was left open. Best is fluent before large, large
/// before fast, and what needs no decoding if two are as good.
///
/// # Errors
/// It offers nothing of the kind; in one line, with what it does offer.
pub fn choose(
    offers: &gst::CapsRef,
    format: Format,
    size: Option<SizePx>,
    fps: Option<u16>,
) -> Result<gst::Caps, String> {
    // Fields in buffers of their own, or memory of a graphics card, are of no use here.
    let plain =
        offers.iter_with_features().filter(|(_, features)| features.is_equal(&gst::CAPS_FEATURES_MEMORY_SYSTEM_MEMORY));
    let all: Vec<Offer> = plain.flat_map(|(one, _)| ways(one, size, fps)).collect();
    let wanted = |offer: &&Offer| {
        let (_, its, _) = kind(offer);
        (format == Format::Auto || format == its)
            && size.is_none_or(|size| (i32::from(size.width), i32::from(size.height)) == (offer.width, offer.height))
            && fps.is_none_or(|fps| (per_second(offer.rate) / f64::from(fps) - 1.0).abs() <= SAME_RATE)
    };
    let best =
        all.iter().filter(wanted).max_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
    let best = best.ok_or_else(|| nothing(&all, offers))?;
    let caps = gst::Caps::builder(kind(best).0).field("width", best.width).field("height", best.height);
    Ok(caps.field("framerate", best.rate).build())
}

fn kind(offer: &Offer) -> (&'static str, Format, &'static str) {
    USABLE.get(offer.usable).copied().unwrap_or(("", Format::Auto, ""))
}

/// What counts, the most important first.
fn rank(offer: &Offer) -> (bool, i64, f64, usize) {
    let rate = per_second(offer.rate);
    let pixels = i64::from(offer.width) * i64::from(offer.height);
    let pixels = if pixels <= MAX_PX { pixels } else { -pixels };
    let rate_counts = if rate <= MAX_FPS { rate } else { -rate };
    (rate >= FLUENT_FPS, pixels, rate_counts, USABLE.len() - offer.usable)
}

/// Every rate of one line of the offer, at the size asked for if it spans that, else at its largest.
fn ways(one: &gst::StructureRef, size: Option<SizePx>, fps: Option<u16>) -> Vec<Offer> {
    let Some(usable) = USABLE.iter().position(|(media, ..)| *media == one.name().as_str()) else { return Vec::new() };
    let side = |name: &str, asked: Option<u16>| {
        let spans = spans(one, name);
        let asked = asked.map(i32::from).filter(|asked| spans.iter().any(|(low, high)| (*low..=*high).contains(asked)));
        asked.or_else(|| spans.iter().map(|(_, high)| *high).max())
    };
    let width = side("width", size.map(|size| size.width));
    let Some((width, height)) = width.zip(side("height", size.map(|size| size.height))) else { return Vec::new() };
    rates(one, fps).into_iter().map(|rate| Offer { usable, width, height, rate }).collect()
}

/// The values that a field of whole numbers may have, as ranges.
fn spans(one: &gst::StructureRef, name: &str) -> Vec<(i32, i32)> {
    let single = |value: &gst::glib::SendValue| {
        let number = value.get::<i32>().map(|number| (number, number)).ok();
        number.or_else(|| value.get::<gst::IntRange<i32>>().map(|range| (range.min(), range.max())).ok())
    };
    match one.value(name) {
        Err(_) => Vec::new(),
        Ok(value) => match value.get::<gst::List>() {
            Ok(list) => list.as_slice().iter().filter_map(single).collect(),
            Err(_) => single(value).into_iter().collect(),
        },
    }
}

/// The rates that a line of the offer has; of a range the one asked for if it lies within, else its end.
fn rates(one: &gst::StructureRef, fps: Option<u16>) -> Vec<gst::Fraction> {
    let single = |value: &gst::glib::SendValue| {
        let rate = value.get::<gst::Fraction>().ok();
        rate.or_else(|| {
            let range = value.get::<gst::FractionRange>().ok()?;
            let asked = gst::Fraction::new(fps.unwrap_or(MAX_FPS as u16).into(), 1);
            Some(if asked < range.min() { range.min() } else { asked.min(range.max()) })
        })
    };
    let rates = match one.value("framerate") {
        Err(_) => Vec::new(),
        Ok(value) => match value.get::<gst::List>() {
            Ok(list) => list.as_slice().iter().filter_map(single).collect(),
            Err(_) => single(value).into_iter().collect(),
        },
    };
    rates.into_iter().filter(|rate| rate.numer() > 0 && rate.denom() > 0).collect()
}

fn per_second(rate: gst::Fraction) -> f64 {
    f64::from(rate.numer()) / f64::from(rate.denom().max(1))
}

/// That nothing fits, and what there is.
fn nothing(all: &[Offer], offers: &gst::CapsRef) -> String {
    let mut listed: Vec<String> = Vec::new();
    for offer in all {
        let (_, _, name) = kind(offer);
        let text = format!("{name} {}x{} at {:.3}", offer.width, offer.height, per_second(offer.rate));
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        if !listed.contains(&text) {
            listed.push(text);
        }
    }
    if listed.is_empty() {
        let mut media: Vec<&str> = offers.iter().map(|one| one.name().as_str()).collect();
        media.dedup();
        media.truncate(MAX_LISTED);
        return format!(
            "the camera offers no format that can be used here, only `{}`; use another camera, or kind = \"gstreamer\"",
            media.join("`, `")
        );
    }
    let more = listed.len().saturating_sub(MAX_LISTED);
    listed.truncate(MAX_LISTED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let listed = listed.join(", ");
    format!(
        "the camera does not offer what `format`, `size` and `fps` ask for; it offers {listed}{more}; choose among these"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    /// A webcam as most are: raw pictures in full size are slow, for want of bandwidth.
    const WEBCAM: &str = "video/x-raw,format=YUY2,width=1920,height=1080,framerate=5/1; \
        video/x-raw,format=YUY2,width=640,height=480,framerate={(fraction)30/1,(fraction)15/1}; \
        image/jpeg,width=3840,height=2160,framerate=30/1; \
        image/jpeg,width=1920,height=1080,framerate={(fraction)30/1,(fraction)15/1}";
    /// A grabber, which takes what comes in.
    const GRABBER: &str = "video/x-raw,format=UYVY,width=[16,1920],height=[16,1200],framerate=[1/1,60/1]; \
        video/x-raw(format:Interlaced),format=UYVY,width=1920,height=1080,framerate=25/1,interlace-mode=alternate";

    fn chosen(offers: &str, format: Format, size: Option<(u16, u16)>, fps: Option<u16>) -> Result<String, String> {
        media::init().unwrap();
        let size = size.map(|(width, height)| SizePx { width, height });
        let caps = choose(&gst::Caps::from_str(offers).unwrap(), format, size, fps)?;
        let first = caps.structure(0).unwrap();
        let number = |name: &str| first.get::<i32>(name).unwrap();
        let rate = first.get::<gst::Fraction>("framerate").unwrap();
        Ok(format!("{} {}x{} {}/{}", first.name(), number("width"), number("height"), rate.numer(), rate.denom()))
    }

    #[test]
    fn unasked_a_webcam_gives_the_largest_fluent_picture_up_to_full_hd() {
        assert_eq!(chosen(WEBCAM, Format::Auto, None, None).unwrap(), "image/jpeg 1920x1080 30/1");
    }

    #[test]
    fn what_is_asked_for_is_taken_and_what_needs_no_decoding_first() {
        assert_eq!(chosen(WEBCAM, Format::Auto, Some((640, 480)), None).unwrap(), "video/x-raw 640x480 30/1");
        assert_eq!(chosen(WEBCAM, Format::Raw, Some((1920, 1080)), None).unwrap(), "video/x-raw 1920x1080 5/1");
        assert_eq!(chosen(WEBCAM, Format::Auto, Some((3840, 2160)), None).unwrap(), "image/jpeg 3840x2160 30/1");
        assert_eq!(chosen(WEBCAM, Format::Auto, None, Some(15)).unwrap(), "image/jpeg 1920x1080 15/1");
    }

    #[test]
    fn a_grabber_that_takes_any_size_is_run_at_the_one_asked_for() {
        assert_eq!(chosen(GRABBER, Format::Auto, Some((1280, 1024)), Some(50)).unwrap(), "video/x-raw 1280x1024 50/1");
        assert_eq!(chosen(GRABBER, Format::Auto, Some((1024, 1024)), None).unwrap(), "video/x-raw 1024x1024 60/1");
        let ntsc = "video/x-raw,format=UYVY,width=1280,height=720,framerate=60000/1001";
        assert_eq!(chosen(ntsc, Format::Auto, None, Some(60)).unwrap(), "video/x-raw 1280x720 60000/1001");
    }

    #[test]
    fn a_camera_without_a_usable_format_is_told_with_what_it_offers() {
        let fault = chosen(WEBCAM, Format::H264, None, None).unwrap_err();
        assert!(fault.contains("`format`, `size` and `fps`"), "{fault}");
        assert!(fault.contains("raw 640x480 at 30, raw 640x480 at 15, mjpeg 3840x2160 at 30"), "{fault}");
        let bayer = "video/x-bayer,format=rggb,width=640,height=480,framerate=30/1";
        let fault = chosen(bayer, Format::Auto, None, None).unwrap_err();
        assert!(fault.contains("only `video/x-bayer`"), "{fault}");
        let silent = chosen("EMPTY", Format::Auto, None, None).unwrap_err();
        assert!(silent.contains("offers no format"), "{silent}");
    }

    #[test]
    fn nonsense_in_an_offer_is_left_out() {
        let nonsense = "video/x-raw,width=(string)wide,height=480,framerate=30/1; \
            video/x-raw,width=640,height=480,framerate=0/1; image/jpeg,width=320,height=240,framerate=10/1";
        assert_eq!(chosen(nonsense, Format::Auto, None, None).unwrap(), "image/jpeg 320x240 10/1");
    }
}
