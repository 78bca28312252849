//! Parameter sets that stand inside a picture, which some H.264 senders repeat before each of its slices
//! (`rtph264pay config-interval=-1` behind an encoder with slices). A parameter set after a slice begins a new picture
//! (H.264 7.4.1.2.3), so the decoder would get two halves. All packets of a picture have one RTP timestamp (RFC 6184, 5.1),
//! by which such a repeat is known; it is renamed to filler data, which decoders pass over.

use std::sync::{Mutex, PoisonError};

use gstreamer as gst;
use gstreamer::prelude::*;

/// Types of NAL units (H.264 table 7-1), and of the packet that holds a fragment of one (RFC 6184, 5.2).
const SLICES: std::ops::RangeInclusive<u8> = 1..=5;
const PARAMETER_SETS: std::ops::RangeInclusive<u8> = 7..=8;
const FILLER: u8 = 12;
const FRAGMENT: u8 = 28;
/// The bits of a NAL unit's first byte that hold its type.
const TYPE_BITS: u8 = 0x1f;

/// Hides repeats from `depayloader`.
pub fn hide_from(depayloader: &gst::Element) {
    let Some(input) = depayloader.static_pad("sink") else { return };
    let seen = Mutex::new(Seen::default());
    input.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(packet)) = &mut info.data {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let repeat = packet.map_readable().ok().and_then(|bytes| seen.repeat(&bytes));
            if let Some(at) = repeat
                && let Ok(mut bytes) = packet.make_mut().map_writable()
                && let Some(header) = bytes.get_mut(at)
            {
                *header = (*header & !TYPE_BITS) | FILLER;
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// What came of the picture at hand.
#[derive(Debug, Default)]
struct Seen {
    timestamp: u32,
    slice: bool,
}

impl Seen {
    /// Where the NAL unit's first byte is in `packet`, if that repeats a parameter set inside a picture.
    fn repeat(&mut self, packet: &[u8]) -> Option<usize> {
        let timestamp = u32::from_be_bytes(packet.get(4..8)?.try_into().ok()?);
        let at = payload_start(packet)?;
        let kind = match packet.get(at)? & TYPE_BITS {
            FRAGMENT => packet.get(at + 1)? & TYPE_BITS,
            kind => kind,
        };
        if timestamp != self.timestamp {
            *self = Self { timestamp, slice: false };
        }
        self.slice |= SLICES.contains(&kind);
        (self.slice && PARAMETER_SETS.contains(&kind)).then_some(at)
    }
}

/// Where an RTP packet's payload begins (RFC 3550, 5.1).
fn payload_start(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let sources = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 == 0 {
        return Some(sources);
    }
    let words = u16::from_be_bytes(packet.get(sources + 2..sources + 4)?.try_into().ok()?);
    Some(sources + 4 + 4 * usize::from(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An RTP packet of the picture at `timestamp` with this payload.
    fn packet(timestamp: u32, payload: &[u8]) -> Vec<u8> {
        [&[0x80, 96, 0, 1][..], &timestamp.to_be_bytes(), &[0; 4], payload].concat()
    }

    #[test]
    fn a_parameter_set_after_a_slice_of_the_same_picture_is_a_repeat() {
        let mut seen = Seen::default();
        let mut repeat = |timestamp, payload: &[u8]| seen.repeat(&packet(timestamp, payload)).is_some();
        assert!(!repeat(9, &[0x67, 1]) && !repeat(9, &[0x68, 1]), "before the picture they belong");
        assert!(!repeat(9, &[0x7c, 0x85, 1]), "a fragment of an independent slice");
        assert!(repeat(9, &[0x67, 1]) && repeat(9, &[0x68, 1]));
        assert!(!repeat(9, &[0x65, 1]), "another slice");
        assert!(!repeat(10, &[0x67, 1]), "the next picture's own");
    }

    #[test]
    fn csrcs_and_extensions_are_passed_over() {
        let mut seen = Seen::default();
        seen.repeat(&packet(9, &[0x65, 1]));
        let extended = [&[0x91, 96, 0, 1, 0, 0, 0, 9][..], &[0; 8], &[0xbe, 0xde, 0, 1, 0, 0, 0, 0], &[0x67]].concat();
        assert_eq!(seen.repeat(&extended), Some(24));
    }

    proptest! {
        #[test]
        fn anything_may_come(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..8)) {
            let mut seen = Seen::default();
            for packet in packets {
                let at = seen.repeat(&packet);
                prop_assert!(at.is_none_or(|at| at < packet.len()));
            }
        }
    }
}
