//! The connection that a path has now, and how datagrams get on it. What travels is the session's.
//!
//! QUIC packs as many datagrams in a packet as fit 1200 bytes, and knows of no smaller size. On a path that swallows packets of
//! that size each datagram has to travel alone, or two small ones vanish together.

use std::collections::VecDeque;

use bytes::Bytes;
use quinn::Connection;

use crate::shards::MAX_SHARDS;

/// Datagrams that wait for a packet of their own at most: the largest frame in the smallest shards.
const MAX_ALONE: usize = MAX_SHARDS as usize;

/// A connection in use.
pub struct Present {
    /// Which of the driver's connections it is.
    pub generation: u64,
    /// It.
    pub connection: Connection,
    /// Datagrams that wait for a packet of their own.
    alone: VecDeque<Bytes>,
    /// What the connection's buffer has room for when nothing waits in it.
    room_bytes: usize,
}

/// How datagrams may share packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As many in a packet as fit, as QUIC does it.
    Together,
    /// Each in a packet of its own: the path swallows packets that QUIC takes to be small enough.
    Alone,
}

impl Present {
    /// A connection on which nothing was sent yet.
    pub fn new(generation: u64, connection: Connection) -> Self {
        let room_bytes = connection.datagram_send_buffer_space();
        Self { generation, connection, alone: VecDeque::new(), room_bytes }
    }

    /// Sends a datagram, or will. Says whether it took it.
    pub fn send(&mut self, bytes: Bytes, packing: Packing) -> bool {
        if packing == Packing::Together && self.alone.is_empty() {
            // quinn would drop the oldest datagram to make room; the newest is the one to drop, and to count.
            let fits = self.connection.datagram_send_buffer_space() >= bytes.len();
            return fits && self.connection.send_datagram(bytes).is_ok();
        }
        let fits = self.alone.len() < MAX_ALONE;
        if fits {
            self.alone.push_back(bytes);
        }
        fits
    }

    /// Sends the next of those that wait for a packet of their own, if the one before has left. Says whether more wait.
    pub fn release(&mut self) -> bool {
        if self.connection.datagram_send_buffer_space() == self.room_bytes
            && let Some(bytes) = self.alone.pop_front()
        {
            // It ends with the connection, if that is over.
            drop(self.connection.send_datagram(bytes));
        }
        !self.alone.is_empty()
    }
}
