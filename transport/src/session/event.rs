//! What goes into a session and what comes out of it. Plain data; the behaviour is [`super::Session`]'s.

use std::ops::Range;

use bytes::Bytes;
use protocol::ids::Epoch;
use protocol::time::{ClockOffset, MonoTime};

use crate::assembly::{self, Loss, Released};
use crate::hello::Role;
use crate::path::{self, PathId, Side, State};
use crate::schedule::Policy;
use crate::shards::Frame;
use crate::voice;

/// What a session is made from.
#[derive(Debug, Clone)]
pub struct Config {
    /// Which end this is.
    pub role: Role,
    /// Start of the random numbers that scatter dials.
    pub seed: u64,
    /// Which end opens each path at the start; a [`PathId`] is a place in this list, so at most 256 count.
    pub paths: Vec<Side>,
    /// How frames are spread over the paths.
    pub policy: Policy,
}

/// Something that happened outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// A path's connection stands and its hellos have been exchanged. Replaces the path's earlier connection.
    PathUp {
        /// Which path.
        path: PathId,
        /// The life of the peer at its other end.
        peer: Epoch,
        /// The largest datagram it takes.
        max_datagram_bytes: usize,
    },
    /// A path's connection ended, or could not be made.
    PathDown {
        /// Which path.
        path: PathId,
        /// Why, in words for people.
        why: String,
    },
    /// Something is wrong with a path's line though its connection stands, or is no more.
    PathTrouble {
        /// Which path.
        path: PathId,
        /// What, in words for people.
        trouble: Option<String>,
    },
    /// A datagram came from the path's present connection.
    Datagram {
        /// Which path.
        path: PathId,
        /// Its bytes.
        bytes: Bytes,
    },
    /// A frame is to be sent.
    Frame(Frame),
    /// Nothing of any frame or large thing so far may leave any more: what waits of them is dropped, and nothing is sent
    /// again. So many more that were meant to be sent come no further either.
    Withdraw {
        /// Frames.
        frames: u64,
        /// Large things.
        bulk: usize,
    },
    /// The released frame of this number could not be taken and was dropped.
    FrameNotTaken(u64),
    /// There is a path more.
    AddPath {
        /// Its id, from [`super::Session::free_path`].
        path: PathId,
        /// Which end opens it.
        side: Side,
    },
    /// A path is there no more. [`Output::Close`] ends its connection; its id stays its own until all others are used.
    RemovePath(PathId),
    /// Whether somebody looks at what the bulk lane brings: it gets half of the budget then, else a tenth.
    RaiseBulk(bool),
    /// A deadline has come.
    Timeout,
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send a datagram.
    Send {
        /// On which path.
        path: PathId,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Open a path's connection; answered by [`Input::PathUp`] or [`Input::PathDown`].
    Dial(PathId),
    /// Close a path's connection: it belongs to a former life of the peer, its numbers are used up, or the path was removed. No
    /// [`Input::PathDown`] is expected.
    Close(PathId),
    /// Tell the program.
    Event(Event),
}

/// Something the program wants to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A frame may be decoded.
    Frame(Released),
    /// Frames of these numbers will never be released.
    FramesLost {
        /// Which.
        numbers: Range<u64>,
        /// Why.
        loss: Loss,
    },
    /// The peer needs an independent frame.
    RefreshWanted,
    /// A message came: each once, in the order they were sent.
    Message(Bytes),
    /// A piece of speech came: the first copy of each, at once, in whatever order they come.
    Voice {
        /// Its place in what the peer said, from 0.
        number: u64,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Something large came, whole: each once, in the order they were sent.
    Bulk(Bytes),
    /// The oldest of the large things sent is whole at the peer, or was withdrawn.
    BulkSent,
    /// A peer is there. Messages and large things queued for its former life are gone: send again what it must know.
    PeerUp {
        /// Its life.
        peer: Epoch,
        /// Whether another life of it was there before.
        restarted: bool,
    },
    /// A path's state changed, what it passes, or another dial failed.
    PathChanged {
        /// Which path.
        path: PathId,
        /// Its state now.
        state: State,
        /// Why it is down, or what is wrong with it, in words for people.
        why: Option<String>,
    },
    /// Theatre's clock is known anew (console only).
    Clock(ClockOffset),
    /// Frames may take this many bits per second from now on; `None` while nothing suggests a limit.
    Budget(Option<u64>),
}

/// What wakes a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A path's next probe.
    Probe(PathId),
    /// A path's silence becomes darkness.
    Dark(PathId),
    /// A path is dialled.
    Dial(PathId),
    /// A message is sent again.
    Resend,
    /// A frame is given up.
    GiveUp,
    /// An independent frame is asked for again.
    Refresh,
    /// Shards of a frame are asked for again.
    Ask,
    /// A path's line is free for the next shard.
    Pace(PathId),
    /// A line is free for a part of something large.
    Bulk,
}

/// Everything counted inside a session, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The peer's life; `None` until one was there.
    pub peer: Option<Epoch>,
    /// Each path, by its id; those removed too.
    pub paths: Vec<path::Facts>,
    /// When anything was last heard from the peer on any path.
    pub heard: Option<MonoTime>,
    /// Theatre's clock; `None` while unknown.
    pub clock: Option<ClockOffset>,
    /// Frames that came in.
    pub frames_in: assembly::Counts,
    /// Frames handed over for sending.
    pub frames_out: u64,
    /// Frames that no path was there to carry, and those beyond the last number.
    pub frames_unsent: u64,
    /// How the newest frame was spread; `None` before the first.
    pub policy: Option<Policy>,
    /// Bits per second that frames may take; `None` while nothing suggests a limit.
    pub budget_bps: Option<u64>,
    /// Shards sent again because they were asked for.
    pub shards_resent: u64,
    /// Shards that never left, counted on each path: full lines let spare copies and what is too old go.
    pub shards_dropped: u64,
    /// Pieces of speech that came in.
    pub voice_in: voice::Counts,
    /// Bytes of large things not yet sent for the first time.
    pub bulk_waiting_bytes: usize,
    /// Of the large thing on its way here, the bytes that came and those it will have.
    pub bulk_progress: Option<(usize, usize)>,
    /// Messages not yet acknowledged by the peer.
    pub messages_waiting: usize,
    /// Datagrams that did not decode.
    pub malformed_datagrams: u64,
}
