//! Which codecs this console decodes beside H.264, and whether theatre knows.

use protocol::codec::Codec;
use protocol::message::Message;

use crate::outbox::Outbox;

/// The codecs.
#[derive(Debug)]
pub struct Codecs {
    decoded: Vec<Codec>,
    told: bool,
}

impl Default for Codecs {
    /// H.264 alone, which nobody has to be told.
    fn default() -> Self {
        Self { decoded: Vec::new(), told: true }
    }
}

impl Codecs {
    /// These are decoded from now on.
    pub fn set(&mut self, decoded: Vec<Codec>) {
        self.told &= self.decoded == decoded;
        self.decoded = decoded;
    }

    /// Theatre is there and knows nothing of this console.
    pub fn peer_up(&mut self) {
        self.told = false;
    }

    /// Tells theatre what it does not know; again if there was no room for it.
    pub fn tell(&mut self, outbox: &Outbox) {
        self.told = self.told || outbox.tell(&Message::Decodes(self.decoded.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn theatre_is_told_at_each_join_and_each_change_and_again_where_there_was_no_room() {
        let theatre = Arc::new(Mutex::new((Vec::new(), true)));
        let there = Arc::clone(&theatre);
        let outbox = Outbox::new(Box::new(move |bytes| {
            let (told, room) = &mut *there.lock().unwrap();
            told.extend(room.then(|| Message::from_bytes(&bytes).unwrap()));
            *room
        }));
        let mut codecs = Codecs::default();
        let mut step = |change: &dyn Fn(&mut Codecs), room| {
            theatre.lock().unwrap().1 = room;
            change(&mut codecs);
            codecs.tell(&outbox);
            codecs.tell(&outbox);
            std::mem::take(&mut theatre.lock().unwrap().0)
        };
        let h265 = || vec![Message::Decodes(vec![Codec::H265])];
        assert_eq!(step(&|codecs| codecs.set(vec![Codec::H265]), true), h265());
        assert_eq!(step(&|codecs| codecs.set(vec![Codec::H265]), true), [], "nothing changed");
        assert_eq!(step(&Codecs::peer_up, true), h265());
        assert_eq!(step(&|codecs| codecs.set(Vec::new()), false), []);
        assert_eq!(step(&|_| {}, true), [Message::Decodes(Vec::new())]);
    }
}
