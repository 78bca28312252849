//! How samples are packed in a signal file (WFDB Applications Guide, signal(5)), and which number stands for none.

/// A packing, by its number in headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// 16: two bytes in two's complement, the low one first.
    Bits16,
    /// 24: three bytes likewise.
    Bits24,
    /// 32: four bytes likewise.
    Bits32,
    /// 61: as 16, the high byte first.
    Bits16High,
    /// 80: one byte, 128 more than the sample.
    Bits8,
    /// 160: two bytes, 32,768 more than the sample.
    Bits16Offset,
    /// 212: two samples of twelve bits in three bytes.
    Bits12,
}

impl Packing {
    /// The packing of this number; `None` for one that is not read here.
    pub fn numbered(number: u32) -> Option<Self> {
        Some(match number {
            16 => Self::Bits16,
            24 => Self::Bits24,
            32 => Self::Bits32,
            61 => Self::Bits16High,
            80 => Self::Bits8,
            160 => Self::Bits16Offset,
            212 => Self::Bits12,
            _ => return None,
        })
    }

    /// How many bits of a sample are beyond what the wire carries.
    pub fn excess_bits(self) -> u32 {
        match self {
            Self::Bits24 => 8,
            Self::Bits32 => 16,
            _ => 0,
        }
    }

    /// How many samples so many bytes hold.
    pub fn samples(self, bytes: u64) -> u64 {
        match self {
            Self::Bits8 => bytes,
            Self::Bits16 | Self::Bits16High | Self::Bits16Offset => bytes / 2,
            Self::Bits24 => bytes / 3,
            Self::Bits32 => bytes / 4,
            Self::Bits12 => bytes / 3 * 2 + u64::from(bytes % 3 == 2),
        }
    }

    /// Sample `place` in `bytes`; `None` where none was taken, which the lowest number says, or beyond the end.
    pub fn sample(self, bytes: &[u8], place: usize) -> Option<i32> {
        let at = |byte: usize| bytes.get(byte).copied();
        let several =
            |count: usize| place.checked_mul(count).and_then(|first| bytes.get(first..first.checked_add(count)?));
        let (sample, none) = match self {
            Self::Bits16 => (i16::from_le_bytes(several(2)?.try_into().ok()?).into(), i16::MIN.into()),
            Self::Bits16High => (i16::from_be_bytes(several(2)?.try_into().ok()?).into(), i16::MIN.into()),
            Self::Bits16Offset => {
                (i32::from(u16::from_le_bytes(several(2)?.try_into().ok()?)) - 32_768, i16::MIN.into())
            }
            Self::Bits32 => (i32::from_le_bytes(several(4)?.try_into().ok()?), i32::MIN),
            Self::Bits24 => {
                let [low, middle, high] = *several(3)? else { return None };
                (i32::from_le_bytes([0, low, middle, high]) >> 8, i32::MIN >> 8)
            }
            Self::Bits8 => (i32::from(at(place)?) - 128, i8::MIN.into()),
            Self::Bits12 => {
                let pair = (place / 2).checked_mul(3)?;
                let middle = i32::from(at(pair.checked_add(1)?)?);
                let bits = match place % 2 {
                    0 => i32::from(at(pair)?) | (middle & 0x0f) << 8,
                    _ => i32::from(at(pair.checked_add(2)?)?) | (middle & 0xf0) << 4,
                };
                (bits << 20 >> 20, -2_048)
            }
        };
        (sample != none).then_some(sample)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [u32; 7] = [16, 24, 32, 61, 80, 160, 212];

    fn read(number: u32, bytes: &[u8]) -> Vec<Option<i32>> {
        let packing = Packing::numbered(number).unwrap();
        (0..packing.samples(bytes.len() as u64)).map(|place| packing.sample(bytes, place as usize)).collect()
    }

    #[test]
    fn each_packing_is_read_to_its_sign_and_its_number_for_none() {
        assert_eq!(read(16, &[0xf5, 0x03, 0xff, 0xff, 0x00, 0x80]), [Some(1013), Some(-1), None]);
        assert_eq!(read(61, &[0x03, 0xf5, 0x80, 0x00]), [Some(1013), None]);
        assert_eq!(read(80, &[128, 255, 1, 0]), [Some(0), Some(127), Some(-127), None]);
        assert_eq!(read(160, &[0x00, 0x80, 0x01, 0x00, 0x00, 0x00]), [Some(0), Some(-32_767), None]);
        assert_eq!(read(24, &[0x01, 0x00, 0x00, 0xff, 0xff, 0xff, 0x00, 0x00, 0x80]), [Some(1), Some(-1), None]);
        assert_eq!(read(32, &[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80]), [Some(-1), None]);
        // 995 and 1011, as the first frame of MIT-BIH record 100 has them; then -1 and none.
        assert_eq!(read(212, &[0xe3, 0x33, 0xf3, 0xff, 0x8f, 0x00]), [Some(995), Some(1011), Some(-1), None]);
    }

    #[test]
    fn a_packing_that_is_not_read_here_is_none() {
        assert_eq!([0, 8, 310, 508].map(Packing::numbered), [None; 4]);
    }

    proptest! {
        #[test]
        fn no_place_in_any_bytes_is_too_far(bytes in prop::collection::vec(any::<u8>(), 0..20), place: usize, which in 0..7_usize) {
            let packing = Packing::numbered(ALL[which]).unwrap();
            let there = packing.sample(&bytes, place).is_some();
            prop_assert!(!there || (place as u64) < packing.samples(bytes.len() as u64));
        }
    }
}
