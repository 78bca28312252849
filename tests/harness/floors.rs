//! What this machine can do at best on the same pictures, measured alone before a session: the encoder straight into
//! the decoder, and the console's window fed from a file.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use capture::canvas::{Canvas, Composed};
use capture::config::{Kind, Theatre};
use capture::node::encoding::CanvasEncoder;
use capture::source;
use capture::vitals::{self, hub::Hub};
use media::decode::Decoder;
use program::trace::Record;
use protocol::ids::Epoch;
use protocol::time::MonoTime;

use crate::certificates;
use crate::display::Display;
use crate::process::{Program, command};
use crate::rig::{START_UP, Setup, files};
use crate::statistics::{Tail, tail};
use crate::trace::Follower;

/// Canvases measured: five seconds at 30 a second.
const CANVASES: usize = 150;
/// Canvases left out first, while sources and caches come up.
const WARM_UP: usize = 15;

/// The floors of one set of pictures on this machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Floors {
    /// The canvas's size.
    pub canvas: (u16, u16),
    /// Canvases a second that the primary drives.
    pub nominal_fps: f64,
    /// Encoder straight into decoder.
    pub codec_ms: Option<Tail>,
    /// Decoded picture to shown, the console fed locally.
    pub present_ms: Option<Tail>,
}

/// Measures both on the pictures of `setup`; the console's window opens on `display`.
///
/// # Errors
/// A source, codec or the console does not work.
pub fn measure(setup: &Setup, display: &Display) -> Result<Floors> {
    let folder = setup.folder.join("floors");
    fs::create_dir_all(&folder)?;
    let recording = folder.join("frames");
    let codec = codec(setup, &folder, &recording)?;
    let present_ms = present(&folder, &recording, display)?;
    // The recording has done its work, and is large.
    fs::remove_file(&recording)?;
    Ok(Floors { present_ms, ..codec })
}

/// Composes, encodes and decodes in one thread, and keeps what was encoded in `recording`.
fn codec(setup: &Setup, folder: &Path, recording: &Path) -> Result<Floors> {
    let theatre = theatre(setup, folder)?;
    media::init_codecs()?;
    let (mut canvas, inlets) = Canvas::new(&theatre, Epoch(0), program::clock::now())?;
    let vitals = theatre.vitals.clone();
    let hub = vitals.as_ref().map(|from| Arc::new(Hub::new(vitals::origin(from), [], program::clock::now())));
    let _vitals = vitals.zip(hub.clone()).map(|(from, hub)| vitals::Keeper::start(from, hub)).transpose()?;
    let mut sources = Vec::new();
    for mut inlet in inlets {
        let name = theatre.source_name(inlet.source()).context("an inlet belongs to a source")?;
        let source = theatre.source.get(name).context("a source has a table")?;
        let deliver = move |picture| drop(inlet.deliver(&picture));
        sources.push(match &hub {
            Some(hub) if source.kind == Kind::Vitals => source::open_vitals(name, Arc::clone(hub), deliver)?,
            _ => source::open(name, source, deliver)?,
        });
    }
    let mut file = BufWriter::new(File::create(recording)?);
    let mut measure = Measure::new(&theatre)?;
    for number in 0..WARM_UP + CANVASES {
        measure.frame(&next(&mut canvas)?, number >= WARM_UP, &mut file)?;
    }
    file.flush()?;
    Ok(measure.floors(&theatre))
}

fn theatre(setup: &Setup, folder: &Path) -> Result<Theatre> {
    let own = certificates::make(folder, "theatre")?;
    let path = folder.join("theatre.toml");
    // A port is named and never opened: nothing is sent anywhere.
    fs::write(&path, files::theatre(&setup.sources, folder, &[9], &own, &own))?;
    Ok(Theatre::load(&path)?)
}

fn next(canvas: &mut Canvas) -> Result<Composed> {
    let deadline = program::clock::now() + START_UP;
    while program::clock::now() < deadline {
        canvas.wait(Duration::from_millis(100), program::clock::now());
        if let Some(composed) = canvas.step(program::clock::now())? {
            return Ok(composed);
        }
    }
    anyhow::bail!("the sources gave no picture within {START_UP:?}")
}

/// The codec at work, with a stop watch.
struct Measure {
    encoder: CanvasEncoder,
    decoder: Decoder,
    times_us: Vec<u64>,
    interval: Duration,
}

impl Measure {
    fn new(theatre: &Theatre) -> Result<Self> {
        Ok(Self {
            encoder: CanvasEncoder::new(theatre.encoder),
            decoder: Decoder::start()?,
            times_us: Vec::new(),
            interval: Duration::ZERO,
        })
    }

    fn frame(&mut self, composed: &Composed, counted: bool, file: &mut impl std::io::Write) -> Result<()> {
        let begin = program::clock::now();
        let unit = self.encoder.encode(composed, false)?;
        self.decoder.decode(&unit.bytes, begin)?;
        if counted {
            self.times_us.push(elapsed_us(begin));
        }
        self.interval = composed.interval;
        let bytes = composed.header.prefix(unit.codec, &unit.bytes)?;
        file.write_all(&u32::try_from(bytes.len())?.to_le_bytes())?;
        Ok(file.write_all(&bytes)?)
    }

    fn floors(self, theatre: &Theatre) -> Floors {
        let size = theatre.canvas.size();
        Floors {
            canvas: (size.width, size.height),
            nominal_fps: 1.0 / self.interval.as_secs_f64(),
            codec_ms: tail(self.times_us),
            present_ms: None,
        }
    }
}

fn elapsed_us(begin: MonoTime) -> u64 {
    u64::try_from(program::clock::now().since(begin).as_micros()).unwrap_or(u64::MAX)
}

/// Lets the console play `recording`, and reads from its trace how long presenting took.
fn present(folder: &Path, recording: &Path, display: &Display) -> Result<Option<Tail>> {
    let trace = folder.join("present.jsonl");
    let mut command = command("mentor-console")?;
    command.arg("--local").arg(recording).arg("--trace").arg(&trace);
    display.give_to(&mut command);
    let mut console = Program::start("mentor-console", command, &folder.join("present.log"))?;
    let presented = |records: &[Record]| -> Vec<u64> {
        let shown = |record: &Record| match record {
            Record::ReceivedFrame(frame) => Some(frame.shown_us?.saturating_sub(frame.decoded_us?)),
            _ => None,
        };
        records.iter().filter_map(shown).skip(WARM_UP).collect()
    };
    let enough = |records: &[Record]| Some(presented(records)).filter(|times| times.len() >= CANVASES);
    let times_us =
        Follower::new(&trace).wait_for_from(&mut [&mut console], "frames of the console alone", START_UP, enough)?;
    console.stop()?;
    Ok(tail(times_us))
}
