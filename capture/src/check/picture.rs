//! The way of a picture to each console, tried with a test picture in the primary's place: encoded, sent over the paths and
//! decoded as in a case, and judged there by the console's program. `capture-node` must not run meanwhile.

use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use media::pattern;
use media::picture::{self, Pool};
use program::clock;
use protocol::colour::Colour;
use protocol::frame::{Freshness, Header, TileTime};
use protocol::geometry::CanvasRect;
use protocol::ids::{Epoch, FrameId, LayoutEpoch, SourceId};
use protocol::layout::{Layout, Tile};
use protocol::message::Message;
use protocol::pattern::{Judgement, Pattern};
use protocol::time::MonoTime;
use transport::session::Event;
use transport::shards::Frame;

use super::finding::Finding;
use super::judgement::findings;
use crate::canvas::Composed;
use crate::config::Theatre;
use crate::node::encoding::CanvasEncoder;
use crate::node::participants::Participants;

/// How long consoles are waited for.
const WAITED: Duration = Duration::from_secs(8);
/// How long the pattern is sent: enough for rate control to settle and for a second's worth of repeats to show.
const SHOWN: Duration = Duration::from_secs(4);
/// How long a console may take for its verdict.
const JUDGED_WITHIN: Duration = Duration::from_secs(3);
/// Pictures a second.
pub(super) const PER_SECOND: u16 = 30;
/// How often news are looked for while nothing is sent.
const LOOK: Duration = Duration::from_millis(50);

/// Sends the pattern to every console that is there and says what each made of it.
pub fn judged(theatre: &Theatre) -> Vec<Finding> {
    let part = "test picture";
    match Show::new(theatre).and_then(|mut show| show.run()) {
        Ok(findings) if findings.is_empty() => {
            let advice = "start the console there and try again; it judges by itself";
            vec![Finding::warn(part, "no console is connected", advice).measured("no console")]
        }
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(part, error, "mend what it names; the rest of the check says more")],
    }
}

/// Everything that is needed to send a picture.
struct Show<'a> {
    theatre: &'a Theatre,
    participants: Participants,
    events: Vec<Receiver<Event>>,
    /// In the order of the participants.
    guests: Vec<Guest>,
    encoder: CanvasEncoder,
    pool: Pool,
    epoch: Epoch,
}

/// What is known of one participant.
#[derive(Debug, Clone, Copy, Default)]
struct Guest {
    here: bool,
    judgement: Option<Judgement>,
}

impl<'a> Show<'a> {
    fn new(theatre: &'a Theatre) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        media::init_codecs().map_err(|error| told(&error))?;
        let mut encoder = CanvasEncoder::new(theatre.encoder);
        encoder.seek(theatre.canvas.size()).map_err(|error| told(&error))?;
        let info = picture::i420(theatre.canvas.size(), Colour::default()).map_err(|error| told(&error))?;
        let pool = Pool::new(&info).map_err(|error| told(&error))?;
        let epoch = Epoch(clock::now().0 as u32);
        let (participants, events) = Participants::start(theatre, epoch).map_err(|error| told(&error))?;
        let guests = vec![Guest::default(); participants.members().len()];
        Ok(Self { theatre, participants, events, guests, encoder, pool, epoch })
    }

    fn run(&mut self) -> Result<Vec<Finding>, String> {
        self.hear_until(clock::now() + WAITED, |show| show.guests.iter().all(|guest| guest.here));
        if !self.guests.iter().any(|guest| guest.here) {
            return Ok(Vec::new());
        }
        self.tell(&Message::Layout(self.layout()));
        self.tell(&Message::Pattern(Some(Pattern { per_second: PER_SECOND })));
        self.show()?;
        self.tell(&Message::Pattern(None));
        let answered = |show: &Self| show.guests.iter().all(|guest| !guest.here || guest.judgement.is_some());
        self.hear_until(clock::now() + JUDGED_WITHIN, answered);
        let guests = self.participants.members().iter().zip(&self.guests).filter(|(_, guest)| guest.here);
        let canvas = self.theatre.canvas.size();
        Ok(guests.flat_map(|(member, guest)| findings(&member.name, guest.judgement.as_ref(), canvas)).collect())
    }

    /// Sends the pattern, paced as a camera would.
    fn show(&mut self) -> Result<(), String> {
        let began = clock::now();
        let interval = Duration::from_secs(1) / u32::from(PER_SECOND);
        let count = SHOWN.as_millis() as u64 * u64::from(PER_SECOND) / 1_000;
        for number in 0..count {
            self.hear_until(began + interval * u32::try_from(number).unwrap_or(u32::MAX), |_| false);
            let canvas = self.canvas(number, interval)?;
            let refresh = self.participants.want_independent(clock::now());
            let unit = self.encoder.encode(&canvas, refresh).map_err(|error| error.to_string())?;
            let bytes = canvas.header.prefix(unit.codec, &unit.bytes).map_err(|error| error.to_string())?;
            let frame = Frame::new(unit.independent, bytes).map_err(|error| error.to_string())?;
            self.participants.deliver(&frame, clock::now());
        }
        Ok(())
    }

    fn canvas(&self, number: u64, interval: Duration) -> Result<Composed, String> {
        let now = clock::now();
        let captured = Some(now.as_session_in_theatre());
        let header = Header {
            id: FrameId { epoch: self.epoch, index: number },
            layout: LayoutEpoch(1),
            composed: now.as_session_in_theatre(),
            colour: Colour::default(),
            tiles: vec![TileTime { source: self.primary(), captured, freshness: Freshness::Live }],
        };
        let picture =
            pattern::paint(self.theatre.canvas.size(), &self.pool, number).map_err(|error| error.to_string())?;
        Ok(Composed { header, primary: self.primary(), picture, in_slot: now, interval, new_layout: None })
    }

    /// The primary alone, all over the canvas.
    fn layout(&self) -> Layout {
        let canvas = self.theatre.canvas.size();
        let whole = CanvasRect { x: 0, y: 0, size: canvas };
        let role = self.theatre.source.get(&self.theatre.primary).map(|source| source.role);
        let tile = Tile {
            source: self.primary(),
            name: self.theatre.primary.clone(),
            role: role.unwrap_or(protocol::layout::Role::Endoscope),
            tile: whole,
            picture: whole,
            image: Some(canvas),
            on_display: false,
        };
        Layout { epoch: LayoutEpoch(1), canvas, primary: self.primary(), tiles: vec![tile] }
    }

    fn primary(&self) -> SourceId {
        self.theatre.source_id(&self.theatre.primary).unwrap_or(SourceId(0))
    }

    fn tell(&self, message: &Message) {
        let here = self.participants.members().iter().zip(&self.guests).filter(|(_, guest)| guest.here);
        for (member, _) in here {
            if !member.teller()(message) {
                tracing::warn!(participant = member.name, "it takes no message now");
            }
        }
    }

    /// Takes what the consoles say until `deadline`, or until `enough` says so.
    fn hear_until(&mut self, deadline: MonoTime, enough: impl Fn(&Self) -> bool) {
        // Nothing is ever sent: waiting on it is a clock that can be read.
        let (_never, clock_only) = bounded::<()>(0);
        loop {
            for at in 0..self.events.len() {
                while let Some(event) = self.events.get(at).and_then(|events| events.try_recv().ok()) {
                    self.hear(at, &event);
                }
            }
            let left = deadline.since(clock::now());
            if left.is_zero() || enough(self) {
                return;
            }
            let _ = clock_only.recv_timeout(left.min(LOOK));
        }
    }

    fn hear(&mut self, at: usize, event: &Event) {
        let (Some(member), Some(guest)) = (self.participants.members().get(at), self.guests.get_mut(at)) else {
            return;
        };
        match event {
            Event::PeerUp { .. } => {
                guest.here = true;
                member.outlet().join();
            }
            Event::RefreshWanted => member.outlet().ask(Duration::ZERO, clock::now()),
            Event::Message(bytes) => {
                if let Ok(Message::Judged(judgement)) = Message::from_bytes(bytes) {
                    guest.judgement = Some(judgement);
                }
            }
            _ => {}
        }
    }
}
