//! Joins what theatre and console say of each frame. Counting begins with the first shown frame, since only connecting is
//! left out, and ends where the run says: what comes after is the harness looking at screens.

use std::collections::{BTreeMap, BTreeSet};

use program::trace::{LinkFacts, ReceivedFrame, Record, SentFrame};

use super::{Counts, Stages, Video};
use crate::statistics::{Spread, spread, tail};

/// A frame released later than this after capture is lost.
const DEADLINE_US: u64 = 250_000;

/// The counted frames of one run.
pub struct Frames<'a> {
    sent: BTreeMap<u64, &'a SentFrame>,
    received: BTreeMap<u64, &'a ReceivedFrame>,
    given_up: BTreeSet<u64>,
    damaged: BTreeSet<u64>,
    dropped: u64,
    /// Canvases that show a picture once more because the primary gave no new one in time.
    repeats: BTreeSet<u64>,
}

impl<'a> Frames<'a> {
    /// Joins the two traces by the number of the session with `participant`; canvases composed after `until_us` do not count.
    pub fn join(capture_node: &'a [Record], console: &'a [Record], participant: &str, until_us: u64) -> Self {
        let mut frames = Self {
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            given_up: BTreeSet::new(),
            damaged: BTreeSet::new(),
            dropped: 0,
            repeats: BTreeSet::new(),
        };
        let received = |record: &'a Record| if let Record::ReceivedFrame(frame) = record { Some(frame) } else { None };
        let Some(first) =
            console.iter().filter_map(received).filter(|frame| frame.shown_us.is_some()).map(|f| f.number).min()
        else {
            return frames;
        };
        let sent = |record: &'a Record| if let Record::SentFrame(frame) = record { Some(frame) } else { None };
        let number = |frame: &'a SentFrame| Some((*frame.numbers.get(participant)?, frame));
        let counts = |(number, frame): &(u64, &SentFrame)| *number >= first && frame.composed_us <= until_us;
        frames.sent = capture_node.iter().filter_map(sent).filter_map(number).filter(counts).collect();
        let numbers = first..frames.sent.last_key_value().map_or(first, |(last, _)| last + 1);
        let counts = |frame: &&ReceivedFrame| numbers.contains(&frame.number);
        frames.received = console.iter().filter_map(received).filter(counts).map(|f| (f.number, f)).collect();
        let pairs = frames.sent.values().zip(frames.sent.iter().skip(1));
        frames.repeats = pairs.filter(|(a, (_, b))| a.captured_us == b.captured_us).map(|(_, (at, _))| *at).collect();
        let begin_us = frames.sent.values().next().map_or(0, |frame| frame.composed_us);
        for record in capture_node.iter().chain(console) {
            match record {
                Record::DroppedFrame(frame) if (begin_us..=until_us).contains(&frame.at_us) => frames.dropped += 1,
                Record::LostFrame { number, damaged } if numbers.contains(number) => {
                    frames.given_up.insert(*number);
                    if *damaged {
                        frames.damaged.insert(*number);
                    }
                }
                _ => {}
            }
        }
        frames
    }

    /// Where they went.
    pub fn counts(&self) -> Counts {
        let in_time = |frame: &&&ReceivedFrame| !self.is_late(frame);
        let released = self.received.values().filter(in_time).count() as u64;
        let shown = self.received.values().filter(in_time).filter(|frame| frame.shown_us.is_some()).count() as u64;
        let skipped = self.received.values().filter(in_time).filter(|frame| self.was_overtaken(frame)).count() as u64;
        let late = self.received.len() as u64 - released;
        let lost = self.given_up.len() as u64 + late;
        let encoded = self.sent.len() as u64;
        Counts {
            captured: encoded + self.dropped,
            dropped: self.dropped,
            encoded,
            released,
            shown,
            skipped,
            lost,
            damaged: self.damaged.len() as u64,
            in_flight: encoded.saturating_sub(released + lost) + (released - shown - skipped),
        }
    }

    /// Released, but later than a surgeon could use it. A repeated picture is as old as it is; what counts is the link.
    fn is_late(&self, frame: &ReceivedFrame) -> bool {
        let repeated = self.repeats.contains(&frame.number);
        let begin = self.sent.get(&frame.number).map(|sent| match sent.captured_us.filter(|_| !repeated) {
            Some(captured) => captured,
            None => sent.composed_us,
        });
        begin.is_some_and(|begin| frame.released_us.saturating_sub(begin) > DEADLINE_US)
    }

    /// Not shown, but a later one was.
    fn was_overtaken(&self, frame: &ReceivedFrame) -> bool {
        let later = frame.number + 1..;
        frame.shown_us.is_none() && self.received.range(later).any(|(_, later)| later.shown_us.is_some())
    }

    /// Shown frames with a picture of their own: each capture is timed once.
    fn shown(&self) -> impl Iterator<Item = (&SentFrame, &ReceivedFrame, u64)> {
        let own = |frame: &&ReceivedFrame| !self.is_late(frame) && !self.repeats.contains(&frame.number);
        self.received.values().copied().filter(own).filter_map(|frame| {
            let sent = self.sent.get(&frame.number)?;
            Some((*sent, frame, frame.shown_us?))
        })
    }

    /// The moments frames were shown, in order.
    pub fn shown_us(&self) -> Vec<u64> {
        let mut shown: Vec<u64> = self.received.values().filter_map(|frame| frame.shown_us).collect();
        shown.sort_unstable();
        shown
    }

    /// Capture to shown.
    pub fn glass_to_glass(&self) -> Option<Spread> {
        spread(self.shown().filter_map(|(sent, _, shown)| Some(shown.saturating_sub(sent.captured_us?))).collect())
    }

    /// The same, cut at every hand-off.
    pub fn stages(&self) -> Stages {
        let stage = |span: &dyn Fn(&SentFrame, &ReceivedFrame, u64) -> Option<u64>| {
            tail(self.shown().filter_map(|(sent, received, shown)| span(sent, received, shown)).collect())
        };
        Stages {
            canvas: stage(&|sent, _, _| Some(sent.composed_us.saturating_sub(sent.in_slot_us))),
            compose: stage(&|sent, _, _| Some(sent.composed_us.saturating_sub(sent.captured_us?))),
            encode: stage(&|sent, _, _| Some(sent.encoded_us.saturating_sub(sent.composed_us))),
            transport: stage(&|sent, received, _| Some(received.released_us.saturating_sub(sent.encoded_us))),
            decode: stage(&|_, received, _| Some(received.decoded_us?.saturating_sub(received.released_us))),
            present: stage(&|_, received, shown| Some(shown.saturating_sub(received.decoded_us?))),
        }
    }

    /// From the first canvas of the counted time to the last, in seconds.
    fn span_seconds(&self) -> Option<f64> {
        let first = self.sent.values().next()?.composed_us;
        let last = self.sent.values().next_back()?.composed_us;
        (last > first).then(|| (last - first) as f64 / 1e6)
    }

    /// The encoded picture.
    pub fn video(&self, (width, height): (u16, u16)) -> Video {
        let span = self.span_seconds();
        let bits = self.sent.values().map(|frame| frame.bytes * 8).sum::<u64>() as f64;
        let intervals = self.counts().captured.saturating_sub(1) as f64;
        let mut codecs = BTreeMap::new();
        for frame in self.sent.values() {
            *codecs.entry(frame.codec.clone()).or_default() += 1;
        }
        Video { width, height, fps: span.map(|s| intervals / s), encoded_bps: span.map(|s| bits / s), codecs }
    }

    /// UDP payload theatre sent to `participant` over encoded bytes, both between the first and the last link record of the counted
    /// time.
    pub fn bytes_ratio(&self, capture_node: &[Record], participant: &str) -> Option<f64> {
        let begin = self.sent.values().next()?.sent_us;
        let end = self.sent.values().next_back()?.sent_us;
        let links: Vec<&LinkFacts> = capture_node
            .iter()
            .filter_map(|record| if let Record::Link(link) = record { Some(link) } else { None })
            .filter(|link| link.participant.as_ref().is_some_and(|facts| facts.name == participant))
            .filter(|link| (begin..=end).contains(&link.at_us))
            .collect();
        let (first, last) = (links.first()?, links.last()?);
        let bytes_out = |link: &LinkFacts| link.paths.iter().map(|path| path.bytes_out).sum::<u64>();
        let sent = bytes_out(last).checked_sub(bytes_out(first))?;
        let within = |frame: &&&SentFrame| frame.sent_us >= first.at_us && frame.sent_us < last.at_us;
        let encoded = self.sent.values().filter(within).map(|frame| frame.bytes).sum::<u64>();
        (encoded > 0).then(|| sent as f64 / encoded as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::trace::{DropReason, DroppedFrame};

    fn sent(number: u64) -> Record {
        let captured = 1_000_000 + number * 33_000;
        Record::SentFrame(SentFrame {
            frame: format!("1:{number}"),
            numbers: [("ours".into(), number), ("another's".into(), number + 7)].into(),
            captured_us: Some(captured),
            in_slot_us: captured + 500,
            composed_us: captured + 1_000,
            encoded_us: captured + 6_000,
            sent_us: captured + 6_100,
            codec: "h264".into(),
            bytes: 25_000,
            independent: number == 0,
        })
    }

    fn received(number: u64, transport_us: u64, shown: bool) -> Record {
        let released = 1_000_000 + number * 33_000 + 6_000 + transport_us;
        Record::ReceivedFrame(ReceivedFrame {
            frame: format!("1:{number}"),
            number,
            first_shard_us: released - 1_000,
            complete_us: released,
            released_us: released,
            decoded_us: Some(released + 2_000),
            shown_us: shown.then_some(released + 10_000),
            offset_us: 0,
            uncertainty_us: 0,
        })
    }

    #[test]
    fn every_frame_after_the_first_shown_one_is_accounted_for() {
        let theatre: Vec<Record> = (0..8)
            .map(sent)
            .chain([Record::DroppedFrame(DroppedFrame {
                frame: "1:9".into(),
                captured_us: None,
                at_us: 1_200_000,
                reason: DropReason::EncoderBusy,
            })])
            .collect();
        // 0 came while connecting, 2 is overtaken, 3 lost, 4 damaged, 5 far too late, 7 still under way.
        let console = [
            received(0, 10_000, false),
            received(1, 10_000, true),
            received(2, 10_000, false),
            Record::LostFrame { number: 3, damaged: false },
            Record::LostFrame { number: 4, damaged: true },
            received(5, 400_000, true),
            received(6, 10_000, true),
        ];
        let frames = Frames::join(&theatre, &console, "ours", u64::MAX);
        let counts = frames.counts();
        let expected = Counts {
            captured: 8,
            dropped: 1,
            encoded: 7,
            released: 3,
            shown: 2,
            skipped: 1,
            lost: 3,
            damaged: 1,
            in_flight: 1,
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn a_picture_shown_once_more_is_neither_lost_nor_timed_twice() {
        let again = |record: Record| match record {
            Record::SentFrame(frame) => Record::SentFrame(SentFrame { captured_us: Some(1_000_000), ..frame }),
            other => other,
        };
        let theatre: Vec<Record> = (0..12).map(sent).map(again).collect();
        let console: Vec<Record> = (0..12).map(|number| received(number, 10_000, true)).collect();
        let frames = Frames::join(&theatre, &console, "ours", u64::MAX);
        assert_eq!((frames.counts().shown, frames.counts().lost), (12, 0));
        assert_eq!(frames.glass_to_glass().map(|all| all.max), Some(26.0));
    }

    #[test]
    fn the_stages_tile_the_whole() {
        let theatre: Vec<Record> = (0..3).map(sent).collect();
        let console: Vec<Record> = (0..3).map(|number| received(number, 10_000, true)).collect();
        let frames = Frames::join(&theatre, &console, "ours", u64::MAX);
        let stages = frames.stages();
        let parts = [stages.compose, stages.encode, stages.transport, stages.decode, stages.present];
        let sum: f64 = parts.iter().map(|part| part.unwrap().p50).sum();
        assert!((sum - frames.glass_to_glass().unwrap().p50).abs() < 1e-9);
    }

    #[test]
    fn what_is_composed_after_the_end_of_the_counted_time_does_not_count() {
        let theatre: Vec<Record> = (0..6).map(sent).collect();
        let console: Vec<Record> = (0..6).map(|number| received(number, 10_000, true)).collect();
        let all = Frames::join(&theatre, &console, "ours", u64::MAX);
        let until_us = all.sent[&3].composed_us;
        let counts = Frames::join(&theatre, &console, "ours", until_us).counts();
        assert_eq!((all.counts().captured, counts.captured, counts.shown, counts.in_flight), (6, 4, 4, 0));
    }
}
