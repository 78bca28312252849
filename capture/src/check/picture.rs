//! The way of a picture to each console, tried with a test picture in the primary's place: as large as the primary and in the
//! format and colour in which its pictures are carried, it is scaled onto the canvas, encoded, sent over the paths and
//! decoded as in a case, and judged there by the console's program. Its mask alone is left out: the pattern shows nobody.
//! `capture-node` must not run meanwhile.

mod stand_in;

use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use media::picture;
use program::clock;
use protocol::colour::Colour;
use protocol::ids::Epoch;
use protocol::layout::Tile;
use protocol::message::Message;
use protocol::pattern::{Judgement, Pattern};
use protocol::time::MonoTime;
use transport::session::Event;
use transport::shards::Frame;

use super::finding::Finding;
use super::judgement::{self, findings};
use crate::canvas::{Canvas, Composed, Inlet};
use crate::config::mask::{Basis, Decision};
use crate::config::{Mask, Theatre};
use crate::node::encoding::CanvasEncoder;
use crate::node::participants::Participants;
use stand_in::StandIn;

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
    match Show::new(theatre).and_then(|mut show| show.run()) {
        Ok(findings) => findings,
        Err(error) => vec![Finding::fail(PART, error, "mend what it names; the rest of the check says more")],
    }
}

/// What findings that are no console's are about.
const PART: &str = "test picture";

/// Everything that is needed to send a picture.
struct Show {
    participants: Participants,
    events: Vec<Receiver<Event>>,
    /// In the order of the participants.
    guests: Vec<Guest>,
    canvas: Canvas,
    primary: Inlet,
    stand_in: StandIn,
    /// What there is to say of the primary.
    found: Vec<Finding>,
    encoder: CanvasEncoder,
}

/// What is known of one participant.
#[derive(Debug, Clone, Copy, Default)]
struct Guest {
    here: bool,
    judgement: Option<Judgement>,
}

impl Show {
    fn new(theatre: &Theatre) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        media::init_codecs().map_err(|error| told(&error))?;
        let mut encoder = CanvasEncoder::new(theatre.encoder);
        encoder.seek(theatre.canvas.size()).map_err(|error| told(&error))?;
        let (stand_in, found) = stand_in(theatre).map_err(|error| told(&error))?;
        let (epoch, now) = (Epoch(clock::now().0 as u32), clock::now());
        let (canvas, inlets) = Canvas::new(&unmasked(theatre), epoch, now).map_err(|error| told(&error))?;
        let primary = theatre.source_id(&theatre.primary);
        let primary = inlets.into_iter().find(|inlet| Some(inlet.source()) == primary);
        let primary = primary.ok_or("the primary has no place on the canvas")?;
        let (participants, events) = Participants::start(theatre, epoch).map_err(|error| told(&error))?;
        let guests = vec![Guest::default(); participants.members().len()];
        Ok(Self { participants, events, guests, canvas, primary, stand_in, found, encoder })
    }

    fn run(&mut self) -> Result<Vec<Finding>, String> {
        self.hear_until(clock::now() + WAITED, |show| show.guests.iter().all(|guest| guest.here));
        let mut found = std::mem::take(&mut self.found);
        if !self.guests.iter().any(|guest| guest.here) {
            let advice = "start the console there and try again; it judges by itself";
            found.push(Finding::warn(PART, "no console is connected", advice).measured("no console"));
            return Ok(found);
        }
        self.tell(&Message::Pattern(Some(Pattern { per_second: PER_SECOND })));
        let per_second = self.show()?;
        self.tell(&Message::Pattern(None));
        let answered = |show: &Self| show.guests.iter().all(|guest| !guest.here || guest.judgement.is_some());
        self.hear_until(clock::now() + JUDGED_WITHIN, answered);
        let sent = judgement::Sent {
            canvas: self.canvas.layout().canvas,
            image: self.stand_in.size(),
            shown: self.tile().ok_or("the primary lost its place on the canvas")?.picture.size,
            off: self.stand_in.off().map_err(|error| error.to_string())?,
            per_second,
        };
        found.extend(judgement::pace(&sent));
        let guests = self.participants.members().iter().zip(&self.guests).filter(|(_, guest)| guest.here);
        found.extend(guests.flat_map(|(member, guest)| findings(&member.name, guest.judgement.as_ref(), &sent)));
        Ok(found)
    }

    /// Sends the pattern, paced as a camera would. Gives how many pictures a second were made of it.
    fn show(&mut self) -> Result<f64, String> {
        // From the first, which is not sent, the canvas learns the primary's size.
        self.compose(0)?;
        self.tell(&Message::Layout(self.canvas.layout().clone()));
        let began = clock::now();
        let interval = Duration::from_secs(1) / u32::from(PER_SECOND);
        let count = SHOWN.as_millis() * u128::from(PER_SECOND) / 1_000;
        let mut sent = 0_u32;
        for number in 1..=u32::try_from(count).unwrap_or(u32::MAX) {
            self.hear_until(began + interval * number, |_| false);
            let canvas = self.compose(number.into())?;
            let refresh = self.participants.want_independent(clock::now());
            let unit = self.encoder.encode(&canvas, refresh).map_err(|error| error.to_string())?;
            let bytes = canvas.header.prefix(unit.codec, &unit.bytes).map_err(|error| error.to_string())?;
            let frame = Frame::new(unit.independent, bytes).map_err(|error| error.to_string())?;
            self.participants.deliver(unit.codec, &frame, clock::now());
            sent += 1;
            if clock::now().since(began) > SHOWN * 2 {
                break;
            }
        }
        Ok(f64::from(sent) / clock::now().since(began).as_secs_f64())
    }

    /// The canvas with picture `number` in the primary's place.
    fn compose(&mut self, number: u64) -> Result<Composed, String> {
        let shown = self.tile().map_or(self.stand_in.size(), |tile| tile.picture.size);
        let picture = self.stand_in.picture(shown, number).map_err(|error| error.to_string())?;
        self.primary.deliver(&picture).ok_or("the canvas does not take it")?;
        let canvas = self.canvas.step(clock::now()).map_err(|error| error.to_string())?;
        canvas.ok_or_else(|| "the canvas makes nothing of it".to_owned())
    }

    /// The primary's place on the canvas.
    fn tile(&self) -> Option<&Tile> {
        self.canvas.layout().tile(self.primary.source())
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

/// Who gives the pattern, and what there is to say of the primary in whose stead.
fn stand_in(theatre: &Theatre) -> Result<(StandIn, Vec<Finding>), picture::Error> {
    let (info, found) = match stand_in::kind(theatre) {
        Ok(info) => (info, Vec::new()),
        Err(why) => {
            let told = format!("{}: {why}; the pattern is as large as the canvas", theatre.primary);
            let advice = "is the device on, the cable in and the right input chosen?";
            (picture::i420(theatre.canvas.size(), Colour::default())?, vec![Finding::warn(PART, told, advice)])
        }
    };
    Ok((StandIn::new(&info)?, found))
}

/// The same theatre, in which nothing of the primary is covered: the pattern shows nobody.
fn unmasked(theatre: &Theatre) -> Theatre {
    let mut theatre = theatre.clone();
    if let Some(primary) = theatre.source.get_mut(&theatre.primary) {
        primary.mask = Ok(Some(Mask::None(Decision { decided_by: "the check".into(), basis: Basis::Knowledge })));
    }
    theatre
}
