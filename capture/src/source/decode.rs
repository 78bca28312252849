//! Which decoder makes pictures of what a device or a network sends, each for the least delay: pictures come out as
//! soon as their last byte is in. A table; nothing is guessed.

pub mod gaps;
mod repeats;
mod units;

use gstreamer as gst;
use gstreamer::prelude::*;

use gaps::Gaps;
use gaps::packets::RtpNumbers;
use units::Codec;

/// One kind of stream and the elements that decode it.
struct Way {
    /// Caps it is for.
    media: &'static str,
    /// RTP's name of the encoding; empty for what is no RTP.
    encoding: &'static str,
    /// Of what access units are made that build on others.
    codec: Option<&'static Codec>,
    /// The elements in a row, each in the syntax of `gst-launch-1.0`.
    chain: &'static [&'static str],
    /// Every element in it, with the Debian package that brings it.
    needs: &'static [(&'static str, &'static str)],
}

const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";
const LIBAV: &str = "gstreamer1.0-libav";

/// Slice threads only, since each thread that works on a frame of its own holds one back. What is damaged on the
/// way does not come so far (`gaps`).
const H264: &str = "avdec_h264 thread-type=slice max-threads=2 output-corrupt=false";
/// The same for H.265.
const H265: &str = "avdec_h265 thread-type=slice max-threads=2 output-corrupt=false";

/// What the element is called that gives whole access units, where a loss is seen behind it.
const UNITS: &str = "units";

/// Depayloaders give whole access units, which no parser has to wait for the next of. They wait for a picture that
/// stands alone at the beginning and after a loss.
static WAYS: [Way; 7] = [
    Way {
        media: "application/x-rtp",
        encoding: "H264",
        codec: Some(&units::H264),
        chain: &[
            "rtph264depay name=units wait-for-keyframe=true request-keyframe=true",
            "video/x-h264,stream-format=byte-stream,alignment=au",
            H264,
        ],
        needs: &[("rtph264depay", GOOD), ("avdec_h264", LIBAV)],
    },
    Way {
        media: "application/x-rtp",
        encoding: "H265",
        codec: Some(&units::H265),
        chain: &["rtph265depay name=units", "video/x-h265,stream-format=byte-stream,alignment=au", H265],
        needs: &[("rtph265depay", GOOD), ("avdec_h265", LIBAV)],
    },
    Way {
        media: "application/x-rtp",
        encoding: "JPEG",
        codec: None,
        chain: &["rtpjpegdepay name=units", "jpegdec"],
        needs: &[("rtpjpegdepay", GOOD), ("jpegdec", GOOD)],
    },
    Way {
        media: "application/x-rtp",
        encoding: "RAW",
        codec: None,
        chain: &["rtpvrawdepay name=units"],
        needs: &[("rtpvrawdepay", GOOD)],
    },
    Way {
        media: "video/x-h264",
        encoding: "",
        codec: Some(&units::H264),
        chain: &["h264parse name=units", "video/x-h264,stream-format=byte-stream,alignment=au", H264],
        needs: &[("h264parse", BAD), ("avdec_h264", LIBAV)],
    },
    Way {
        media: "video/x-h265",
        encoding: "",
        codec: Some(&units::H265),
        chain: &["h265parse name=units", "video/x-h265,stream-format=byte-stream,alignment=au", H265],
        needs: &[("h265parse", BAD), ("avdec_h265", LIBAV)],
    },
    Way { media: "image/jpeg", encoding: "", codec: None, chain: &["jpegdec"], needs: &[("jpegdec", GOOD)] },
];

/// Whether `caps` are a video stream of any kind.
pub fn is_video(caps: &gst::CapsRef) -> bool {
    let Some(first) = caps.structure(0) else { return false };
    // An SDP's stream has no name yet, but says what it carries, as RTP's caps do.
    match first.get::<&str>("media") {
        Ok(media) => media == "video",
        Err(_) => ["video/", "image/"].iter().any(|start| first.name().starts_with(start)),
    }
}

/// The decoder for a stream of the kind `caps`, with one input and one output; `None` if it is raw video already. It leaves out
/// what `gaps` have damaged; of those among RTP packets it learns itself.
///
/// # Errors
/// Nobody here decodes such a stream, or an element is not installed; in one line, with what to do.
pub fn decoder(caps: &gst::CapsRef, gaps: &Gaps) -> Result<Option<gst::Element>, String> {
    let first = caps.structure(0).ok_or("it does not say what it sends")?;
    let name = first.name().as_str();
    if name == "video/x-raw" {
        return Ok(None);
    }
    let encoding = first.get::<&str>("encoding-name").unwrap_or_default();
    let way = WAYS.iter().find(|way| way.media == name && way.encoding == encoding);
    let way = way.ok_or_else(|| {
        let sent = if encoding.is_empty() { name } else { encoding };
        format!("it sends {sent}, which is not decoded here; set it to H.264, H.265 or JPEG")
    })?;
    for &(element, package) in way.needs {
        media::require(element, package).map_err(|error| error.to_string())?;
    }
    let bin =
        gst::parse::bin_from_description(&way.chain.join(" ! "), true).map_err(|error| error.message().to_owned())?;
    if let Some(units) = bin.by_name(UNITS) {
        if encoding == "H264" {
            repeats::hide_from(&units);
        }
        // A stream is joined anywhere: all but raw pictures are left out by their depayloader if their beginning is missing.
        let numbers = (!encoding.is_empty()).then(|| RtpNumbers::new(encoding == "RAW"));
        gaps.leave_out(&units, numbers, way.codec);
    }
    Ok(Some(bin.upcast()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn caps(text: &str) -> gst::Caps {
        media::init().unwrap();
        gst::Caps::from_str(text).unwrap()
    }

    #[test]
    fn every_way_can_be_built_and_has_one_input_and_one_output() {
        for way in &WAYS {
            let text = match way.encoding {
                "" => way.media.to_owned(),
                encoding => format!("{},media=video,encoding-name={encoding}", way.media),
            };
            let decoder = decoder(&caps(&text), &Gaps::default()).unwrap().unwrap();
            assert!(decoder.static_pad("sink").is_some() && decoder.static_pad("src").is_some(), "{text}");
            assert!(is_video(&caps(&text)), "{text}");
        }
        assert!(decoder(&caps("video/x-raw,format=UYVY"), &Gaps::default()).unwrap().is_none());
    }

    #[test]
    fn what_is_not_decoded_is_named_with_what_to_set_instead() {
        let fault = decoder(&caps("application/x-rtp,media=video,encoding-name=VP8"), &Gaps::default()).unwrap_err();
        assert_eq!(fault, "it sends VP8, which is not decoded here; set it to H.264, H.265 or JPEG");
        let fault = decoder(&caps("video/x-cavs"), &Gaps::default()).unwrap_err();
        assert!(fault.starts_with("it sends video/x-cavs,"), "{fault}");
        assert!(is_video(&caps("application/x-unknown,media=video")));
        assert!(!is_video(&caps("application/x-rtp,media=audio")) && !is_video(&caps("audio/mpeg")));
    }
}
