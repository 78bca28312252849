//! What access units of H.264 and H.265 are made of, as byte streams (Annex B of each).

use std::ops::RangeInclusive;

/// How a codec numbers its NAL units.
#[derive(Debug)]
pub struct Codec {
    /// The type in a unit's first byte.
    kind: fn(u8) -> u8,
    slices: RangeInclusive<u8>,
    /// Slices of pictures that decoding may begin with.
    random_access: RangeInclusive<u8>,
    parameter_sets: RangeInclusive<u8>,
}

/// ITU-T H.264 table 7-1. A picture may be one to begin with by its recovery point alone, which only a parser knows.
pub static H264: Codec = Codec { kind: |byte| byte & 0x1f, slices: 1..=5, random_access: 1..=5, parameter_sets: 7..=8 };
/// ITU-T H.265 table 7-1.
pub static H265: Codec =
    Codec { kind: |byte| (byte >> 1) & 0x3f, slices: 0..=31, random_access: 16..=23, parameter_sets: 32..=34 };

const START: [u8; 3] = [0, 0, 1];

impl Codec {
    /// Whether decoding may begin with `unit`, as far as the types of its slices tell. The depayloader of H.265 takes for such a
    /// one whatever has parameter sets in front, as has the first that it gives.
    pub fn may_begin(&self, unit: &[u8]) -> bool {
        let mut kinds = starts(unit).filter_map(|at| unit.get(at)).map(|byte| (self.kind)(*byte));
        kinds.find(|kind| self.slices.contains(kind)).is_some_and(|kind| self.random_access.contains(&kind))
    }

    /// The parameter sets in `unit`.
    pub fn parameter_sets(&self, unit: &[u8]) -> Vec<u8> {
        let starts: Vec<usize> = starts(unit).collect();
        let ends = starts.iter().skip(1).map(|next| next - START.len()).chain([unit.len()]);
        let nals = starts.iter().zip(ends).filter_map(|(start, end)| unit.get(*start..end));
        // None ends with a zero: what stands there belongs to the next start (B.1).
        let nals = nals
            .map(|nal| nal.iter().rposition(|byte| *byte != 0).and_then(|last| nal.get(..=last)).unwrap_or_default());
        let sets = nals.filter(|nal| nal.first().is_some_and(|byte| self.parameter_sets.contains(&(self.kind)(*byte))));
        sets.flat_map(|set| [&[0], &START[..], set].concat()).collect()
    }
}

/// Where NAL units begin.
fn starts(unit: &[u8]) -> impl Iterator<Item = usize> {
    unit.windows(START.len()).enumerate().filter(|(_, window)| *window == START).map(|(at, _)| at + START.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An access unit of H.265 with NAL units of these types.
    fn unit(types: &[u8]) -> Vec<u8> {
        types.iter().flat_map(|kind| [0, 0, 0, 1, kind << 1, 1, 0xaf, 0x80]).collect()
    }

    #[test]
    fn decoding_of_h265_begins_with_a_random_access_picture_whatever_stands_before_it() {
        for begins in [&[32, 33, 34, 39, 20][..], &[21, 21], &[16]] {
            assert!(H265.may_begin(&unit(begins)), "{begins:?}");
        }
        for goes_on in [&[32, 33, 34, 1][..], &[1], &[32, 33], &[]] {
            assert!(!H265.may_begin(&unit(goes_on)), "{goes_on:?}");
        }
    }

    #[test]
    fn parameter_sets_are_taken_out_as_they_stand() {
        assert_eq!(H265.parameter_sets(&unit(&[32, 33, 34, 1])), unit(&[32, 33, 34]));
        assert!(H265.parameter_sets(&unit(&[1, 39])).is_empty());
        let short = [&[0, 0, 1, 0x67, 9][..], &[0, 0, 1, 0x68, 8], &[0, 0, 1, 0x65, 7]].concat();
        assert_eq!(H264.parameter_sets(&short), [0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 8]);
        assert!(H264.may_begin(&short));
    }
}
