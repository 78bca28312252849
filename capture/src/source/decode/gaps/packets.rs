//! Packets that are counted by their sender, and what their numbers tell of those that did not come. Reading is strict: anything may
//! come.

use std::collections::BTreeMap;

/// Numbers of RTP packets (RFC 3550, 5.1).
#[derive(Debug)]
pub struct RtpNumbers {
    last: Option<(u16, [u8; 4])>,
    begins_with_gap: bool,
}

impl RtpNumbers {
    /// Those of a stream that nothing came of yet, and whether its first packet counts as one behind a gap.
    pub fn new(begins_with_gap: bool) -> Self {
        Self { last: None, begins_with_gap }
    }

    /// Whether packets are missing before `packet`. One that comes late or twice tells nothing.
    pub fn gap_before(&mut self, packet: &[u8]) -> bool {
        let number = packet.get(2..4).and_then(|bytes| bytes.first_chunk()).copied().map(u16::from_be_bytes);
        let sender = packet.get(8..12).and_then(|bytes| bytes.first_chunk()).copied();
        let (Some(number), Some(sender)) = (number, sender) else { return false };
        let gap = match self.last {
            Some((last, same)) if same == sender => match number.wrapping_sub(last) {
                0 | 0x8000.. => return false,
                step => step > 1,
            },
            Some(_) => true,
            None => self.begins_with_gap,
        };
        self.last = Some((number, sender));
        gap
    }
}

/// Bytes of a packet of an MPEG transport stream (ISO/IEC 13818-1, 2.4.3), and its first.
const TS_BYTES: usize = 188;
const TS_SYNC: u8 = 0x47;
/// The identifier of packets that only fill.
const FILLING: u16 = 0x1fff;

/// Continuity counters of a transport stream, by packet identifier.
#[derive(Debug, Default)]
pub struct TsCounters(BTreeMap<u16, u8>);

impl TsCounters {
    /// Whether packets are missing in or before `packets`.
    pub fn gap_in(&mut self, packets: &[u8]) -> bool {
        // Every packet is to be counted.
        packets.chunks(TS_BYTES).filter(|packet| self.gap_before(packet)).count() > 0
    }

    fn gap_before(&mut self, packet: &[u8]) -> bool {
        let &[TS_SYNC, high, low, control, ..] = packet else { return true };
        let id = u16::from_be_bytes([high & 0x1f, low]);
        // Only packets with a payload are counted.
        if id == FILLING || control & 0x10 == 0 {
            return false;
        }
        let counter = control & 0x0f;
        let Some(last) = self.0.insert(id, counter) else { return false };
        // A packet may come twice, and a sender says where it begins to count anew.
        let adaptation = (control & 0x20 != 0).then(|| packet.get(4..6)).flatten();
        let anew = matches!(adaptation, Some([length, flags]) if *length > 0 && flags & 0x80 != 0);
        !anew && counter != last && counter != (last + 1) & 0x0f
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rtp(number: u16, sender: u8) -> Vec<u8> {
        [&[0x80, 96][..], &number.to_be_bytes(), &[0; 7], &[sender]].concat()
    }

    fn ts(id: u16, control: u8, adaptation: &[u8]) -> Vec<u8> {
        let [high, low] = id.to_be_bytes();
        let mut packet = [&[TS_SYNC, high, low, control][..], adaptation].concat();
        packet.resize(TS_BYTES, 0xff);
        packet
    }

    #[test]
    fn missing_packets_are_told_by_the_first_that_comes_behind_them() {
        let mut numbers = RtpNumbers::new(false);
        let told: Vec<bool> = [65_534, 65_535, 0, 2, 1, 2, 3].map(|number| numbers.gap_before(&rtp(number, 1))).into();
        assert_eq!(told, [false, false, false, true, false, false, false]);
        assert!(numbers.gap_before(&rtp(9, 2)), "another sender");
        assert!(RtpNumbers::new(true).gap_before(&rtp(9, 2)), "joined in the middle of a picture");
    }

    #[test]
    fn each_stream_of_a_transport_stream_is_counted_by_itself_and_twice_the_same_is_none() {
        let mut counters = TsCounters::default();
        let mut gap = |packets: &[Vec<u8>]| counters.gap_in(&packets.concat());
        assert!(!gap(&[ts(256, 0x1f, &[]), ts(257, 0x13, &[]), ts(256, 0x10, &[]), ts(256, 0x10, &[])]));
        assert!(
            !gap(&[ts(256, 0x20, &[183, 0]), ts(FILLING, 0x15, &[]), ts(257, 0x14, &[])]),
            "no payload, and filling"
        );
        assert!(gap(&[ts(256, 0x12, &[]), ts(257, 0x15, &[])]));
        assert!(!gap(&[ts(256, 0x39, &[1, 0x80]), ts(256, 0x1a, &[])]), "it says that it counts anew");
        assert!(gap(&[vec![0; TS_BYTES]]), "no packet at all");
    }

    proptest! {
        #[test]
        fn anything_may_come(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..8)) {
            let (mut numbers, mut counters) = (RtpNumbers::new(false), TsCounters::default());
            for packet in packets {
                numbers.gap_before(&packet);
                counters.gap_in(&packet);
            }
        }
    }
}
