//! VISCA over IP: the bytes that pan, tilt and zoom a camera, and its answers (Sony, VISCA Command List, "VISCA over IP":
//! UDP, port 52381 unless configured otherwise; a header of 8 bytes before each packet of the serial protocol). Pure.

use protocol::camera::Drive;

/// Payload types of the header.
const COMMAND: [u8; 2] = [0x01, 0x00];
const REPLY: [u8; 2] = [0x01, 0x11];
const CONTROL: [u8; 2] = [0x02, 0x00];
const CONTROL_REPLY: [u8; 2] = [0x02, 0x01];
/// Ends every packet of the serial protocol.
const END: u8 = 0xFF;
/// The camera's highest speeds: pan 18 hexadecimal, tilt 14 hexadecimal. Zoom has eight, from 0.
const MOST_PAN: u8 = 0x18;
const MOST_TILT: u8 = 0x14;
const MOST_ZOOM: u8 = 7;

/// One thing a camera is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Count packets from 0 again: the first of every connection.
    Reset,
    /// Pan and tilt with these speeds, in percent.
    PanTilt { pan: i8, tilt: i8 },
    /// Zoom with this speed, in percent.
    Zoom(i8),
    /// Look where it looks at rest.
    Home,
}

/// What a camera answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// The number of the packet it answers.
    pub(super) sequence: u32,
    /// What it says of it.
    pub(super) word: Word,
}

/// A camera's word on a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// It does it, or has done it.
    Taken,
    /// It does not.
    Refused,
    /// It takes no packet of this number: it has had one, or counts anew.
    OutOfStep,
}

impl Order {
    /// The pan and tilt of `drive`.
    pub(super) fn pan_tilt(drive: Drive) -> Self {
        Self::PanTilt { pan: drive.pan, tilt: drive.tilt }
    }

    /// Whether it makes a movement end.
    pub(super) fn stops(self) -> bool {
        matches!(self, Self::PanTilt { pan: 0, tilt: 0 } | Self::Zoom(0))
    }

    /// Its packet with the number `sequence`.
    pub(super) fn packet(self, sequence: u32) -> Vec<u8> {
        let (kind, payload) = match self {
            Self::Reset => (CONTROL, vec![0x01]),
            order => (COMMAND, order.serial()),
        };
        let length = payload.len() as u16;
        [&kind[..], &length.to_be_bytes(), &sequence.to_be_bytes(), &payload].concat()
    }

    /// Its packet of the serial protocol.
    fn serial(self) -> Vec<u8> {
        let body = match self {
            Self::PanTilt { pan, tilt } => {
                let (to_pan, to_tilt) = (side(pan, [0x01, 0x02]), side(tilt, [0x02, 0x01]));
                vec![0x06, 0x01, speed(pan, 1, MOST_PAN), speed(tilt, 1, MOST_TILT), to_pan, to_tilt]
            }
            Self::Zoom(0) => vec![0x04, 0x07, 0x00],
            Self::Zoom(tele @ 1..) => vec![0x04, 0x07, 0x20 | speed(tele, 0, MOST_ZOOM)],
            Self::Zoom(wide) => vec![0x04, 0x07, 0x30 | speed(wide, 0, MOST_ZOOM)],
            Self::Home | Self::Reset => vec![0x06, 0x04],
        };
        [&[0x81, 0x01], &body[..], &[END]].concat()
    }
}

impl Answer {
    /// The answer in a packet; `None` for anything else.
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        let (kind, rest) = packet.split_first_chunk::<2>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (sequence, payload) = rest.split_first_chunk::<4>()?;
        if payload.len() != usize::from(u16::from_be_bytes(*length)) {
            return None;
        }
        let word = match (*kind, payload) {
            // The upper half of the second byte says what it is; the lower names one of the camera's two buffers.
            (REPLY, [0x90, what, ..]) => match what >> 4 {
                0x4 | 0x5 => Word::Taken,
                0x6 => Word::Refused,
                _ => return None,
            },
            (CONTROL_REPLY, [0x01]) => Word::Taken,
            // ERROR. In Sony's list it is a control command of the camera; some send it as a control reply.
            (CONTROL | CONTROL_REPLY, [0x0F, 0x01]) => Word::OutOfStep,
            (CONTROL, [0x0F, ..]) | (CONTROL_REPLY, _) => Word::Refused,
            _ => return None,
        };
        Some(Self { sequence: u32::from_be_bytes(*sequence), word })
    }
}

/// Which way, of the negative and the positive one; 3 for neither.
fn side(percent: i8, [negative, positive]: [u8; 2]) -> u8 {
    match percent {
        0 => 0x03,
        1.. => positive,
        _ => negative,
    }
}

/// A speed in percent as one of the camera's own, from `least` to `most`.
fn speed(percent: i8, least: u8, most: u8) -> u8 {
    let part = u16::from(percent.unsigned_abs().min(100)) * u16::from(most - least);
    least + part.div_ceil(100) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_order_is_the_packet_that_sonys_list_has() {
        let table: [(Order, &[u8]); 8] = [
            (Order::Reset, &[0x01]),
            (Order::PanTilt { pan: -100, tilt: 0 }, &[0x81, 1, 6, 1, 0x18, 0x01, 0x01, 0x03, 0xFF]),
            (Order::PanTilt { pan: 1, tilt: 100 }, &[0x81, 1, 6, 1, 0x02, 0x14, 0x02, 0x01, 0xFF]),
            (Order::PanTilt { pan: 0, tilt: 0 }, &[0x81, 1, 6, 1, 0x01, 0x01, 0x03, 0x03, 0xFF]),
            (Order::Zoom(100), &[0x81, 1, 4, 7, 0x27, 0xFF]),
            (Order::Zoom(-1), &[0x81, 1, 4, 7, 0x31, 0xFF]),
            (Order::Zoom(0), &[0x81, 1, 4, 7, 0x00, 0xFF]),
            (Order::Home, &[0x81, 1, 6, 4, 0xFF]),
        ];
        for (order, payload) in table {
            let packet = order.packet(0x0102_0304);
            let kind = if order == Order::Reset { 0x02 } else { 0x01 };
            assert_eq!(packet[..8], [kind, 0, 0, payload.len() as u8, 1, 2, 3, 4], "{order:?}");
            assert_eq!(packet[8..], *payload, "{order:?}");
        }
    }

    #[test]
    fn acknowledgement_completion_and_errors_are_told_apart() {
        let reply = |payload: &[u8]| [&[0x01, 0x11, 0, payload.len() as u8, 0, 0, 0, 9], payload].concat();
        let word = |payload: &[u8]| Answer::read(&reply(payload)).map(|answer| (answer.sequence, answer.word));
        assert_eq!(word(&[0x90, 0x41, 0xFF]), Some((9, Word::Taken)));
        assert_eq!(word(&[0x90, 0x52, 0xFF]), Some((9, Word::Taken)));
        assert_eq!(word(&[0x90, 0x61, 0x41, 0xFF]), Some((9, Word::Refused)));
        assert_eq!(word(&[0x90, 0x38, 0xFF]), None, "no answer to an order");
        assert_eq!(Answer::read(&[0x02, 0x01, 0, 1, 0, 0, 0, 0, 1]).map(|answer| answer.word), Some(Word::Taken));
        for kind in [0x00, 0x01] {
            let error = |code| Answer::read(&[0x02, kind, 0, 2, 0, 0, 0, 9, 0x0F, code]).map(|answer| answer.word);
            assert_eq!((error(1), error(2)), (Some(Word::OutOfStep), Some(Word::Refused)));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_packets_are_answers_or_nothing(packet in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Answer::read(&packet);
        }

        #[test]
        fn no_speed_is_beyond_the_cameras_own(pan: i8, tilt: i8, zoom: i8) {
            let packet = Order::PanTilt { pan, tilt }.packet(0);
            prop_assert!((1..=0x18).contains(&packet[12]) && (1..=0x14).contains(&packet[13]));
            prop_assert!(matches!(Order::Zoom(zoom).packet(0)[12], 0x00 | 0x20..=0x27 | 0x30..=0x37));
        }
    }
}
