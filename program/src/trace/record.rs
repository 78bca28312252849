//! The shapes of a trace's lines. Reading them back is for reports, tests and anyone's own analysis.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One line of a trace. The field `record` tells which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// First line of each life of a program in the trace.
    Start(Start),
    /// `capture-node`: a canvas that was encoded and handed to the transport.
    SentFrame(SentFrame),
    /// `capture-node`: a canvas that went no further.
    DroppedFrame(DroppedFrame),
    /// `mentor-console`: a frame that the transport released, whatever became of it then.
    ReceivedFrame(ReceivedFrame),
    /// `mentor-console`: a frame given up for good, by the session's number.
    LostFrame {
        /// See [`ReceivedFrame::number`].
        number: u64,
        /// Whether its bytes came and were damaged or depended on something lost; otherwise they never came.
        damaged: bool,
    },
    /// `mentor-console`: one pointer event that became part of a mark.
    MovedPen(MovedPen),
    /// `mentor-console`: where a source's picture lies in the window, at each change.
    View(View),
    /// `mentor-console`: how far the picture on the screen can be trusted, at each change.
    State {
        /// `lost`, `curtain`, `waiting`, `frozen`, `sourcelost`, `repeating`, `black`, `still`, `unknown`, `held`, `late` or `live`.
        state: String,
        /// When the window was told so; `None` while the session's clock is not known.
        at_us: Option<u64>,
    },
    /// `mentor-console`: theatre's word on a mark.
    ReceivedReceipt(ReceivedReceipt),
    /// `or-display`: one picture at the sink. Without `marks` nothing was drawn over it.
    Picture {
        /// Counts the source's pictures; a gap is a picture that never reached the sink.
        sequence: u64,
        /// When the source's picture was captured.
        captured_us: u64,
        /// When the buffer reached the display's sink.
        at_sink_us: u64,
        /// Whether the source's picture was there before and only the board changed.
        redrawn: bool,
    },
    /// `or-display`: a mark's new points at the sink.
    DisplayedMark(DisplayedMark),
    /// `capture-node` and `mentor-console`: what theatre gives up for the lines, at each change.
    Ladder {
        /// `full`, `bitrate`, `insets`, `halfrate`, `stills` or `voice`.
        rung: String,
        /// Why, in words with figures; `None` where nothing is given up.
        reason: Option<String>,
        /// When theatre decided so, or the console was told; `None` while the session's clock is not known.
        at_us: Option<u64>,
    },
    /// `capture-node`: a source stands in another way, and has for half a second.
    Source {
        /// The source's name.
        source: String,
        /// `live`, `waiting`, `lost`, `repeating`, `black`, `held`, `ended`, `failed` or `unusable`.
        state: String,
        /// Since when.
        at_us: u64,
    },
    /// `capture-node` and `mentor-console`: a link drill began or ended, whichever end runs it.
    Drill(Drill),
    /// Once a second, by `capture-node` of each session and by `mentor-console`: the link as that end sees it.
    Link(LinkFacts),
    /// Last line of a trace that ended in order.
    End(End),
}

/// Who wrote the trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The program's name.
    pub program: String,
    /// Its version.
    pub version: String,
    /// Its process id on its machine.
    pub pid: u32,
    /// That machine's raw monotonic clock, for traces of a one-machine run.
    pub mono_us: u64,
}

/// A frame on theatre's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentFrame {
    /// `FrameId` as text.
    pub frame: String,
    /// By participant, the number by which its session took the frame; who is missing did not get it. Each session counts
    /// what it took from 0 without gaps.
    pub numbers: BTreeMap<String, u64>,
    /// The primary's picture: captured.
    pub captured_us: Option<u64>,
    /// The primary's picture: in its slot, ready to be composed.
    pub in_slot_us: u64,
    /// The canvas: handed to the encoder.
    pub composed_us: u64,
    /// The access unit: out of the encoder.
    pub encoded_us: u64,
    /// Accepted by the sessions in [`Self::numbers`].
    pub sent_us: u64,
    /// What it is encoded as: `h264` or `h265`.
    pub codec: String,
    /// The access unit's size.
    pub bytes: u64,
    /// Whether it decodes without earlier frames.
    pub independent: bool,
}

/// A canvas that was not encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedFrame {
    /// `FrameId` as text.
    pub frame: String,
    /// The primary's picture: captured.
    pub captured_us: Option<u64>,
    /// When it was dropped.
    pub at_us: u64,
    /// Why.
    pub reason: DropReason,
}

/// Why a canvas was not encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The encoder was still busy, and a newer one came.
    EncoderBusy,
    /// No session had room for it.
    NoRoom,
    /// The lines carry every second picture only.
    HalfRate,
    /// The lines carry no video.
    VideoStopped,
    /// Theatre closed its curtain after it was composed.
    CurtainClosed,
}

/// A frame on the console's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedFrame {
    /// `FrameId` as text.
    pub frame: String,
    /// The session's number, as in [`SentFrame::numbers`].
    pub number: u64,
    /// Its first shard came, on the first path that brought one.
    pub first_shard_us: u64,
    /// Its last needed shard came.
    pub complete_us: u64,
    /// Released in order.
    pub released_us: u64,
    /// The decoder gave the picture.
    pub decoded_us: Option<u64>,
    /// The buffer swap of the first repaint that held it returned; `None` if a newer picture overtook it.
    pub shown_us: Option<u64>,
    /// Session time minus this machine's monotonic clock when shown, so that raw times can be had back.
    pub offset_us: i64,
    /// How wrong `offset_us` may be.
    pub uncertainty_us: u64,
}

/// One pointer event of a pen on the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MovedPen {
    /// `MarkId` as text.
    pub mark: String,
    /// How many points the mark has with this one.
    pub points: u16,
    /// Where the pointer was in the window, in physical pixels.
    pub x_px: f64,
    /// See `x_px`.
    pub y_px: f64,
    /// When the program received the event.
    pub received_us: u64,
    /// When the message was handed to the transport.
    pub sent_us: u64,
}

/// The part of the console's window that shows a source's picture, in physical pixels from its top left corner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The source's name.
    pub source: String,
    /// Left edge.
    pub x_px: f64,
    /// Top edge.
    pub y_px: f64,
    /// Width.
    pub width_px: f64,
    /// Height.
    pub height_px: f64,
}

/// A receipt at the console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedReceipt {
    /// `MarkId` as text.
    pub mark: String,
    /// `Fate` as text.
    pub fate: String,
    /// Points shown.
    pub points: u16,
    /// When the display's sink had it.
    pub displayed_us: u64,
    /// When the receipt came.
    pub received_us: u64,
}

/// A mark's state on the OR display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayedMark {
    /// `MarkId` as text.
    pub mark: String,
    /// Points now shown.
    pub points: u16,
    /// When the operation came over the local socket.
    pub received_us: u64,
    /// When the first buffer with this state reached the display's sink.
    pub at_sink_us: u64,
}

/// The link as one end sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkFacts {
    /// When.
    pub at_us: u64,
    /// In theatre: the session's other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<ParticipantFacts>,
    /// Session time minus this machine's monotonic clock; `None` while unknown.
    pub offset_us: Option<i64>,
    /// How wrong that may be.
    pub uncertainty_us: Option<u64>,
    /// How theatre spread the newest frame: `duplicate`, `spread` or `economy`; `None` before the first.
    pub policy: Option<String>,
    /// Bits per second of encoded pictures that the lines carry, redundancy taken out; `None` while nothing suggests a limit.
    pub budget_bps: Option<u64>,
    /// Every configured path.
    pub paths: Vec<PathFacts>,
}

/// A participant as theatre sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantFacts {
    /// Its name in theatre's configuration.
    pub name: String,
    /// `sent`; `too slow`: its lines carry less than the mentors' rate; `no room`: others need what an uplink carries.
    pub video: String,
    /// Frames it did not get because its session had not taken those before, so far.
    pub frames_missed: u64,
    /// Its messages that were left out, so far.
    pub messages_refused: u64,
}

/// One path as one end sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathFacts {
    /// Its name in that end's configuration.
    pub name: String,
    /// `connecting`, `live`, `dark` or `down`.
    pub state: String,
    /// Smoothed round trip.
    pub rtt_ms: Option<f64>,
    /// Datagrams from the other end that did not come, in percent.
    pub loss_in_pct: Option<f64>,
    /// Datagrams to the other end that did not arrive, in percent, as the other end reports.
    pub loss_out_pct: Option<f64>,
    /// UDP payload received.
    pub bytes_in: u64,
    /// UDP payload sent.
    pub bytes_out: u64,
    /// The end that drills it now, `theatre` or `console`: what else stands here is then no fault of the line.
    #[serde(default)]
    pub drill: Option<String>,
}

/// A link drill: something done to a path on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// On whose path, in theatre's trace.
    pub participant: Option<String>,
    /// The path's name at the end that runs it.
    pub path: String,
    /// `cut`, `delayed by 200 ms`, `thinned to 1000 kbit/s`.
    pub effect: String,
    /// The end that runs it: `theatre` or `console`.
    pub by: String,
    /// `begun` or `over`.
    pub phase: String,
    /// When. While the console's clock is unknown its time is its machine's own.
    pub at_us: u64,
}

/// How a trace ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Records that found the queue to the disk full and are missing above.
    pub missing_records: u64,
}
