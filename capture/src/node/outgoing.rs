//! What a console is still to be told, newest only: a later layout, position or receipt takes the place of one that has not
//! gone yet. So a console that is away or slow costs a bounded amount of memory and gets nothing outdated.

use std::collections::BTreeMap;

use annotation::board::MAX_AUTHORS;
use protocol::arrangement::{self, Arrangement};
use protocol::call::Answer;
use protocol::camera::Offer;
use protocol::ids::{MarkId, SourceId};
use protocol::ladder::Position;
use protocol::layout::Layout;
use protocol::mark::{MAX_MARKS, Receipt};
use protocol::message::Message;
use protocol::still::Refusal;

/// Receipts that may wait: for every mark of every life of a console that a board knows. The oldest mark's goes first.
const MAX_RECEIPTS: usize = MAX_AUTHORS * MAX_MARKS;

/// Messages that wait for the transport to take them.
#[derive(Debug, Default)]
pub struct Outgoing {
    layout: Option<Layout>,
    arrangement: Option<Arrangement>,
    ladder: Option<Position>,
    answer: Option<Answer>,
    cameras: Option<Vec<Offer>>,
    no_still: Option<(SourceId, Refusal)>,
    layout_answer: Option<arrangement::Answer>,
    receipts: BTreeMap<MarkId, Receipt>,
}

impl Outgoing {
    /// The canvas has this layout now.
    pub fn layout(&mut self, layout: Layout) {
        self.layout = Some(layout);
    }

    /// The canvas is arranged so now.
    pub fn arrangement(&mut self, arrangement: Arrangement) {
        self.arrangement = Some(arrangement);
    }

    /// This becomes of its last wish for a layout.
    pub fn layout_answer(&mut self, answer: arrangement::Answer) {
        self.layout_answer = Some(answer);
    }

    /// Theatre stands here on the ladder now.
    pub fn ladder(&mut self, position: Position) {
        self.ladder = Some(position);
    }

    /// This became of its call.
    pub fn answer(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }

    /// It may move these room cameras now.
    pub fn cameras(&mut self, cameras: Vec<Offer>) {
        self.cameras = Some(cameras);
    }

    /// It gets no still of `source`.
    pub fn no_still(&mut self, source: SourceId, why: Refusal) {
        self.no_still = Some((source, why));
    }

    /// These became of marks.
    pub fn receipts(&mut self, receipts: impl IntoIterator<Item = Receipt>) {
        self.receipts.extend(receipts.into_iter().map(|receipt| (receipt.id, receipt)));
        while self.receipts.len() > MAX_RECEIPTS {
            self.receipts.pop_first();
        }
    }

    /// Hands over what waits, the layout first, until `send` says that it takes no more.
    pub fn flush(&mut self, mut send: impl FnMut(&Message) -> bool) {
        let refused = |(source, why)| Message::StillRefused { source, why };
        let done = hand(&mut self.layout, Message::Layout, &mut send)
            && hand(&mut self.arrangement, Message::Arrangement, &mut send)
            && hand(&mut self.ladder, Message::Ladder, &mut send)
            && hand(&mut self.answer, Message::Answer, &mut send)
            && hand(&mut self.cameras, Message::Cameras, &mut send)
            && hand(&mut self.no_still, refused, &mut send)
            && hand(&mut self.layout_answer, Message::LayoutAnswer, &mut send);
        if !done {
            return;
        }
        while let Some((id, receipt)) = self.receipts.pop_first() {
            if !send(&Message::Receipt(receipt)) {
                self.receipts.insert(id, receipt);
                return;
            }
        }
    }
}

/// Hands over what waits in one place; `false` if it waits on.
fn hand<T: Clone>(
    waits: &mut Option<T>,
    message: impl Fn(T) -> Message,
    send: &mut impl FnMut(&Message) -> bool,
) -> bool {
    let sent = waits.clone().is_none_or(|what| send(&message(what)));
    if sent {
        *waits = None;
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::geometry::SizePx;
    use protocol::ids::{Epoch, LayoutEpoch, SourceId};
    use protocol::mark::Fate;
    use protocol::time::SessionTime;

    fn receipt(number: u32, points: u16) -> Receipt {
        let id = MarkId { author: Epoch(1), number };
        Receipt { id, fate: Fate::Shown, points, at: SessionTime(0), first_on: None }
    }

    fn layout(epoch: u32) -> Layout {
        let canvas = SizePx { width: 1280, height: 720 };
        Layout { epoch: LayoutEpoch(epoch), canvas, primary: SourceId(0), tiles: Vec::new() }
    }

    #[test]
    fn what_is_not_taken_waits_and_only_the_newest_goes() {
        let mut outgoing = Outgoing::default();
        outgoing.layout(layout(1));
        outgoing.ladder(Position::default());
        outgoing.receipts([receipt(1, 2), receipt(2, 2)]);
        outgoing.flush(|_| false);
        outgoing.layout(layout(2));
        let position = Position { budget_bps: Some(9), ..Position::default() };
        outgoing.ladder(position.clone());
        outgoing.receipts([receipt(1, 9)]);
        let mut taken = Vec::new();
        outgoing.flush(|message| {
            let room = taken.len() < 3;
            if room {
                taken.push(message.clone());
            }
            room
        });
        assert_eq!(taken, [Message::Layout(layout(2)), Message::Ladder(position), Message::Receipt(receipt(1, 9))]);
        taken.clear();
        outgoing.flush(|message| {
            taken.push(message.clone());
            true
        });
        assert_eq!(taken, [Message::Receipt(receipt(2, 2))]);
    }

    #[test]
    fn a_console_that_takes_nothing_costs_bounded_memory() {
        let mut outgoing = Outgoing::default();
        (0..10_000).for_each(|number| outgoing.receipts([receipt(number, 1)]));
        assert_eq!(outgoing.receipts.len(), MAX_RECEIPTS);
    }
}
