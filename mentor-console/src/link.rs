//! The console's end of the session: a thread that takes what the transport tells and puts it where it belongs.
//! Frames go to the decoder, everything else into what the console knows. How it all travels is `transport`'s.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded, select, tick};
use program::clock;
use program::trace::{LinkFacts, PathFacts, Record};
use protocol::drill::News;
use protocol::frame::Header;
use protocol::ids::Epoch;
use protocol::ladder::Position;
use protocol::message::Message;
use protocol::still::Still;
use protocol::time::{ClockOffset, MonoTime};
use transport::assembly::{Loss, Released};
use transport::driver::{self, Facts, Handle, SendError, tls};
use transport::hello::Role;
use transport::path::State;
use transport::schedule::Policy;
use transport::session::Event;

use crate::config::Config;
use crate::console::{Arrival, Shared};
use crate::decode::{Job, Origin};
use crate::drill::{self, Ask};
use crate::outbox::Deliver;
use crate::state::{Condition, Path};
use crate::still_unpacker::Unpacker;
use crate::waker::Waker;

/// How often paths and clock are looked at; the driver's own facts are up to 50 ms old.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How many looks there are to one line of the trace: one a second.
const LOOKS_PER_RECORD: u32 = 10;

/// How long news that are no picture wait to be painted: longer than pictures are apart at 25 a second, so that while
/// pictures come they are painted with the next one and cost nothing.
const NEWS_WAIT: Duration = Duration::from_millis(50);

/// A session being made or standing.
pub struct Link {
    handle: Handle,
    thread: JoinHandle<()>,
}

/// A number nobody can foresee, for lives and seeds: the keys of the standard library's hash maps come from the
/// system's random numbers.
pub fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Starts the session with theatre on every path of `config`, as the life `epoch` of this console.
///
/// # Errors
/// Whatever in the configuration cannot work.
pub fn start(config: Config, epoch: Epoch) -> Result<(Handle, Receiver<Event>), driver::Error> {
    let paths = config.paths()?;
    driver::start(driver::Config {
        role: Role::Console,
        epoch,
        seed: random(),
        paths,
        // A console sends no frames.
        policy: Policy::default(),
        files: tls::Files {
            certificate: config.identity.certificate,
            key: config.identity.key,
            peer_certificate: config.theatre.certificate,
        },
        now: clock::now,
        wake: None,
    })
}

/// Takes marks to theatre. Only a full queue is worth another try.
pub fn deliver(handle: &Handle) -> Deliver {
    let handle = handle.clone();
    Box::new(move |bytes| handle.send_message(bytes) != Err(SendError::QueueFull))
}

impl Link {
    /// Starts to take what the transport tells.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(
        handle: Handle,
        events: Receiver<Event>,
        console: Shared,
        jobs: Sender<Job>,
        waker: Waker,
    ) -> io::Result<Self> {
        let (asks, asked) = bounded(drill::ASKS);
        console.lock().drills.ask_at(asks);
        let unpacker = Unpacker::start(console.clone(), waker.clone())?;
        let reader = Reader { handle: handle.clone(), console, jobs, unpacker, waker };
        let thread = Builder::new().name("link".into()).spawn(move || reader.run(&events, &asked))?;
        Ok(Self { handle, thread })
    }

    /// Tells theatre and ends.
    pub fn stop(self) {
        self.handle.stop();
        if self.thread.join().is_err() {
            tracing::error!("the link thread panicked");
        }
    }
}

struct Reader {
    handle: Handle,
    console: Shared,
    jobs: Sender<Job>,
    unpacker: Unpacker,
    waker: Waker,
}

impl Reader {
    /// Until the driver is stopped.
    fn run(&self, events: &Receiver<Event>, asked: &Receiver<Ask>) {
        let look = tick(LOOK_EVERY);
        let mut looks = 0;
        loop {
            select! {
                recv(events) -> event => match event {
                    Ok(event) => self.take(event, clock::now()),
                    Err(_) => return,
                },
                recv(asked) -> ask => match ask {
                    Ok(ask) => self.drill(ask, clock::now()),
                    Err(_) => return,
                },
                recv(look) -> _ => {
                    self.look(looks, clock::now());
                    looks = (looks + 1) % LOOKS_PER_RECORD;
                }
            }
        }
    }

    fn take(&self, event: Event, now: MonoTime) {
        match event {
            Event::Frame(frame) => return self.frame(frame),
            Event::FramesLost { numbers, loss } => {
                let damaged = matches!(loss, Loss::Damaged | Loss::Dependent);
                self.console.lock().lost(numbers, damaged);
            }
            Event::Message(bytes) => self.message(&bytes, now),
            Event::PeerUp { restarted, .. } => self.console.lock().peer(restarted, now),
            // Facts may be older than the newest event; so the clock, which decides what is live, comes by events alone.
            Event::Clock(clock) => return self.console.lock().frames.set_clock(clock),
            Event::PathChanged { .. } => self.refresh(&self.handle.facts(), now),
            Event::Bulk(bytes) => self.still(bytes),
            // Only theatre sends frames; nobody speaks yet, and consoles send nothing large.
            Event::RefreshWanted | Event::Budget(_) | Event::Voice { .. } | Event::BulkSent => {}
        }
        self.waker.wake_after(NEWS_WAIT);
    }

    /// A source's still is unpacked, the canvas's is decoded as any frame.
    fn still(&self, bytes: Bytes) {
        let (still, picture) = match Still::take(&bytes) {
            Ok(taken) => taken,
            Err(error) => return tracing::warn!("a still from theatre is left out: {error}"),
        };
        let picture = bytes.slice_ref(picture);
        match still {
            Still::Source(header) => self.unpacker.take(header, picture),
            Still::Canvas => match Header::take(&picture) {
                Ok((header, codec, access_unit)) => {
                    let access_unit_at = picture.len() - access_unit.len();
                    let header = Arc::new(header);
                    self.decode(Job { origin: Origin::Still, header, codec, bytes: picture, access_unit_at });
                }
                Err(error) => tracing::warn!("a still of the canvas is left out: {error}"),
            },
        }
    }

    /// To the decoder. Waits while it is behind; the transport drops frames meanwhile and knows it.
    fn frame(&self, frame: Released) {
        let (header, codec, access_unit) = match Header::take(&frame.bytes) {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!("frame {}: {error}", frame.number);
                return self.console.lock().lost(frame.number..frame.number + 1, true);
            }
        };
        let access_unit_at = frame.bytes.len() - access_unit.len();
        let arrival = Arrival {
            first_shard: frame.timing.first_shard,
            complete: frame.timing.complete,
            released: frame.timing.released,
        };
        let ticket = self.console.lock().released(&header, frame.number, arrival);
        let origin = Origin::Frame { ticket, number: frame.number };
        self.decode(Job { origin, header: Arc::new(header), codec, bytes: frame.bytes, access_unit_at });
    }

    fn decode(&self, job: Job) {
        if self.jobs.send(job).is_err() {
            tracing::error!("the decoder has ended");
        }
    }

    fn message(&self, bytes: &[u8], now: MonoTime) {
        match Message::from_bytes(bytes) {
            Ok(Message::Layout(layout)) => self.console.lock().layout(layout),
            Ok(Message::Receipt(receipt)) => self.console.lock().receipt(&receipt, now),
            Ok(Message::Drill(news)) => self.console.lock().drill(&news, now),
            Ok(Message::Ladder(position)) => self.console.lock().ladder(position, now),
            Ok(Message::Vitals(vitals)) => self.console.lock().vitals(vitals),
            Ok(Message::Pattern(pattern)) => self.console.lock().pattern(pattern),
            Ok(Message::Answer(answer)) => self.console.lock().answer(answer, now),
            Ok(Message::StillRefused { source, why }) => self.console.lock().stills.refused(source, why, now),
            Ok(Message::Cameras(offers)) => self.console.lock().cameras.set_offers(offers),
            Ok(Message::Arrangement(arrangement)) => self.console.lock().arrangement(arrangement),
            Ok(Message::LayoutAnswer(answer)) => self.console.lock().layout_answer(answer, now),
            Ok(
                Message::Mark(_)
                | Message::Cursor(_)
                | Message::Call(_)
                | Message::StillWish(_)
                | Message::Camera(_)
                | Message::Judged(_)
                | Message::LayoutWish(_)
                | Message::Decodes(_),
            ) => {
                tracing::warn!("theatre sent what is a console's to send; it is left out");
            }
            Err(error) => tracing::warn!("a message from theatre is left out: {error}"),
        }
    }

    /// Does what the mentor asked; the driver's answer takes it about a millisecond.
    fn drill(&self, ask: Ask, now: MonoTime) {
        let done = match ask {
            Ask::Begin(drill) => self.handle.drill(drill).map(drop),
            Ask::End => self.handle.end_drill(),
        };
        if let Err(refused) = done {
            self.console.lock().drills.refused(refused.to_string());
        }
        self.refresh(&self.handle.facts(), now);
        self.waker.wake();
    }

    /// Whether theatre gets this, now or never. Only a full queue is worth another try.
    fn tell(&self, news: &News) -> bool {
        match Message::Drill(news.clone()).to_bytes() {
            Ok(bytes) => self.handle.send_message(bytes) != Err(SendError::QueueFull),
            Err(error) => {
                tracing::error!("{error}; theatre is not told of a drill");
                true
            }
        }
    }

    fn look(&self, looks: u32, now: MonoTime) {
        let facts = self.handle.facts();
        self.refresh(&facts, now);
        if looks == 0 {
            let console = self.console.lock();
            let record = record(&facts, console.position(), |path| console.drills.on(path), now);
            console.frames.records.write(Record::Link(record));
        }
    }

    fn refresh(&self, facts: &Facts, now: MonoTime) {
        let paths = present(facts).map(path).collect();
        let mut console = self.console.lock();
        console.link(paths, now);
        console.stills.progress(facts.session.bulk_progress);
        console.own_drill(facts.drill(), now, |news| self.tell(news));
    }
}

/// The paths that were not removed.
fn present(facts: &Facts) -> impl Iterator<Item = &driver::PathFacts> {
    facts.paths.iter().filter(|path| path.facts.state != State::Removed)
}

fn path(path: &driver::PathFacts) -> Path {
    let facts = &path.facts;
    Path {
        name: path.name.clone(),
        condition: match facts.state {
            State::Connecting => Condition::Connecting,
            State::Live => Condition::Live,
            State::Dark => Condition::Dark,
            State::Down | State::Removed => Condition::Down,
        },
        reason: facts.why.clone(),
        rtt: facts.rtt.map(|rtt| rtt.smoothed),
        loss_pct: match (facts.loss_in_pct, facts.loss_out_pct) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        },
    }
}

/// The link's line of the trace, with what theatre told of it; `drill` tells who drills the path of a name. While the clock is
/// unknown its time is this machine's own.
fn record(
    facts: &Facts,
    theatre: Option<&Position>,
    drill: impl Fn(&str) -> Option<&'static str>,
    now: MonoTime,
) -> LinkFacts {
    let clock = facts.session.clock;
    let paths = present(facts).map(|path| PathFacts {
        name: path.name.clone(),
        state: format!("{:?}", path.facts.state).to_lowercase(),
        rtt_ms: path.facts.rtt.map(|rtt| rtt.smoothed.as_secs_f64() * 1e3),
        loss_in_pct: path.facts.loss_in_pct.map(f64::from),
        loss_out_pct: path.facts.loss_out_pct.map(f64::from),
        bytes_in: path.traffic.udp_received_bytes,
        bytes_out: path.traffic.udp_sent_bytes,
        drill: drill(&path.name).map(str::to_owned),
    });
    LinkFacts {
        at_us: clock.unwrap_or(ClockOffset::THEATRE).session(now).0,
        participant: None,
        offset_us: clock.map(|clock| clock.offset_us),
        uncertainty_us: clock.map(|clock| clock.uncertainty_us),
        policy: theatre.and_then(|theatre| theatre.spreading).map(|spreading| spreading.word().to_owned()),
        budget_bps: theatre.and_then(|theatre| theatre.budget_bps),
        paths: paths.collect(),
    }
}
