//! Stand-ins for the devices of a room, made of what real ones gave: each can fail and return.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use capture::vitals::wfdb::{Form, Named, Record};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use harness::process::Program;
use program::clock;
use protocol::time::MonoTime;
use rustix::process::Signal;

use crate::stage::SOON;
use crate::vitals::{Monitor, number};

/// Pictures of a recording that a camera sends again and again.
const PICTURES: u32 = 200;
const BED: &str = "OR^3^1";
const BETWEEN: Duration = Duration::from_millis(200);

fn gstreamer(folder: &Path, name: &str, pipeline: &str) -> Program {
    let mut command = Command::new("gst-launch-1.0");
    command.arg("-q").args(pipeline.split_whitespace());
    Program::start("gst-launch-1.0", command, &folder.join(format!("{name}.log"))).expect("a pipeline")
}

/// A camera that sends JPEG over RTP (RFC 2435), in a process of its own.
pub struct Camera {
    folder: PathBuf,
    name: &'static str,
    fps: u32,
    port: u16,
    program: Option<Program>,
}

impl Camera {
    /// It shows the first pictures of `clip`, which is neither moved nor changed.
    pub fn start(folder: &Path, name: &'static str, clip: &Path, fps: u32, port: u16) -> Self {
        let pictures = folder.join(name);
        fs::create_dir_all(&pictures).expect("a folder");
        let cut = format!(
            "filesrc location={} ! decodebin ! identity eos-after={} ! videoconvert ! video/x-raw,format=I420 \
             ! jpegenc quality=92 ! multifilesink location={}/%05d.jpg",
            clip.display(),
            PICTURES + 1,
            pictures.display()
        );
        let mut cut = gstreamer(folder, &format!("{name}-cut"), &cut);
        assert!(cut.wait(SOON).expect("it ends").success(), "{}", cut.printed());
        let mut camera = Self { folder: folder.into(), name, fps, port, program: None };
        camera.return_();
        camera
    }

    /// Its table in theatre's configuration.
    pub fn described(&self, source: &str) -> String {
        let port = self.port;
        match source {
            // The surgeon's picture never comes over a network kind; a technician who wires it so says how himself.
            "endoscope" => format!(
                "[source.endoscope]\nrole = \"endoscope\"\nkind = \"gstreamer\"\nbin = \"udpsrc address=127.0.0.1 port={port} \
                 caps=application/x-rtp,media=video,clock-rate=90000,encoding-name=JPEG,payload=26 \
                 ! rtpjpegdepay ! jpegdec\"\n"
            ),
            _ => format!(
                "[source.{source}]\nrole = \"{source}\"\nkind = \"rtp\"\nlisten = \"127.0.0.1:{port}\"\nencoding = \"jpeg\"\n"
            ),
        }
    }

    /// It is gone at once.
    pub fn fail(&mut self) {
        let mut program = self.program.take().expect("it runs");
        program.signal(Signal::KILL).expect("it runs");
        program.wait(SOON).expect("it is gone");
    }

    /// It sends, from its first picture.
    pub fn return_(&mut self) {
        let pictures = self.folder.join(self.name);
        let pipeline = format!(
            "multifilesrc location={}/%05d.jpg stop-index={} loop=true caps=image/jpeg,framerate={}/1 ! jpegparse \
             ! identity sleep-time={} ! rtpjpegpay ! udpsink host=127.0.0.1 port={}",
            pictures.display(),
            PICTURES - 1,
            self.fps,
            // What is read from files has no time that a sink could keep.
            1_000_000 / self.fps,
            self.port
        );
        self.program = Some(gstreamer(&self.folder, self.name, &pipeline));
    }
}

/// A run of X-ray in a file that somebody else may take away.
pub struct Run {
    original: PathBuf,
    file: PathBuf,
}

impl Run {
    pub fn put(folder: &Path, original: &Path) -> Self {
        let run = Self { original: original.into(), file: folder.join("run.dcm") };
        run.return_();
        run
    }

    /// Its table in theatre's configuration.
    pub fn described(&self, source: &str) -> String {
        format!(
            "[source.{source}]\nrole = \"fluoroscopy\"\nkind = \"dicom\"\nlocation = \"{}\"\n\
             mask = \"none\"\nmask_decided_by = \"whoever looked at the recording\"\nmask_pictures_seen = true\n",
            self.file.display()
        )
    }

    /// Nearly nothing is left of it.
    pub fn fail(&self) {
        File::options().write(true).open(&self.file).and_then(|file| file.set_len(2_000)).expect("it can be cut");
    }

    pub fn return_(&self) {
        fs::copy(&self.original, &self.file).expect("it can be copied");
    }
}

/// Recordings of vital signs: a monitor's numbers minute by minute, and the curves of another.
#[derive(Clone)]
pub struct Recordings {
    pub numbers: PathBuf,
    pub curves: PathBuf,
}

/// Vital signs of the recordings.
pub enum Feed {
    /// A monitor that sends them.
    Hl7 {
        listener: SocketAddr,
        begun: MonoTime,
        numbers: Arc<Record>,
        curves: Arc<Record>,
        monitor: Option<(Sender<()>, JoinHandle<()>)>,
    },
    /// The recordings themselves, which theatre plays from a folder.
    Recorded { originals: Recordings, folder: PathBuf },
}

impl Feed {
    pub fn hl7(recordings: &Recordings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let [numbers, curves] = [&recordings.numbers, &recordings.curves]
            .map(|recording| Arc::new(Record::open(recording).expect("a record")));
        Self::Hl7 { listener, begun: clock::now(), numbers, curves, monitor: None }
    }

    pub fn recorded(folder: &Path, originals: &Recordings) -> Self {
        Self::Recorded { originals: originals.clone(), folder: folder.join("vitals") }
    }

    /// The table `[vitals]`.
    pub fn described(&self) -> String {
        match self {
            Self::Hl7 { listener, .. } => {
                format!("[vitals]\nkind = \"hl7\"\nlisten = \"{listener}\"\nbed = \"{BED}\"\n")
            }
            Self::Recorded { originals, folder } => {
                let record = |original: &Path| folder.join(original.file_name().expect("a name")).display().to_string();
                let records = [record(&originals.numbers), record(&originals.curves)];
                format!("[vitals]\nkind = \"wfdb\"\nrecords = {records:?}\n")
            }
        }
    }

    /// The monitor's cable is pulled; the recordings are taken away.
    pub fn fail(&mut self) {
        match self {
            Self::Hl7 { monitor, .. } => {
                let (sending, thread) = monitor.take().expect("it sends");
                drop(sending);
                thread.join().expect("theatre took everything");
            }
            Self::Recorded { folder, .. } => fs::remove_dir_all(folder).expect("it was there"),
        }
    }

    /// The monitor's numbers and curves come; so do the recordings', once they are there.
    pub fn return_(&mut self) {
        match self {
            Self::Hl7 { listener, begun, numbers, curves, monitor } => {
                let (sending, stopped) = bounded(0);
                let (listener, begun, records) = (*listener, *begun, [Arc::clone(numbers), Arc::clone(curves)]);
                let work = move || send(&records, begun, &mut Monitor::connect(listener), &stopped);
                let thread = Builder::new().name("monitor".into()).spawn(work).expect("a thread");
                *monitor = Some((sending, thread));
            }
            Self::Recorded { originals, folder } => {
                fs::create_dir_all(&*folder).expect("a folder");
                for original in [&originals.numbers, &originals.curves] {
                    let text = fs::read_to_string(original).expect("a header");
                    let signals = text.lines().skip(1).filter_map(|line| line.split_whitespace().next());
                    let samples =
                        signals.filter(|name| !name.starts_with('#')).map(|name| original.with_file_name(name));
                    for file in samples.chain([original.clone()]).collect::<BTreeSet<_>>() {
                        fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("it can be copied");
                    }
                }
            }
        }
    }
}

/// A minute of the numbers and what has gone by of the curves every 200 ms, on a clock that began at `begun`, until told to
/// stop.
fn send([numbers, curves]: &[Arc<Record>; 2], begun: MonoTime, monitor: &mut Monitor, stopped: &Receiver<()>) {
    let frame = || (clock::now().since(begun).as_secs_f64() * curves.frames_hz()) as u64;
    let mut sent = frame();
    for minute in (0..numbers.frames()).cycle() {
        // Nothing ever comes: the pace of a monitor.
        if stopped.recv_timeout(BETWEEN) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let due = frame();
        assert!(due < curves.frames(), "the recording is over");
        let observations = [self::numbers(numbers, minute, &moment(curves, due)), self::curves(curves, sent..due)];
        let answer = monitor.send("R01", (BED, "4711"), &observations.concat().join("\r"));
        assert!(answer.contains("MSA|AA|17\r"), "{answer}");
        sent = due;
    }
}

/// What the monitor's clock showed at a frame of the recording.
fn moment(record: &Record, frame: u64) -> String {
    let after = Duration::from_secs_f64(frame as f64 / record.frames_hz());
    let (seconds, ms) = (after.as_secs(), after.subsec_millis());
    format!("2024010112{:02}{:02}.{ms:03}", seconds / 60, seconds % 60)
}

/// The curves of these frames of the recording, as a monitor writes them (IHE PCD TF, Waveform Content Module).
fn curves(record: &Record, frames: Range<u64>) -> Vec<String> {
    let moment = moment(record, frames.start);
    let mut written = Vec::new();
    for (channels, _, frames) in record.between(frames.start, frames.end) {
        for channel in channels.iter().filter(|channel| channel.named.form == Form::Curve) {
            let Named { term, unit, .. } = channel.named;
            let signal = &channel.signal;
            let samples = frames
                .clone()
                .flat_map(|frame| (0..signal.samples_per_frame).map(move |number| (frame, number)))
                .map(|(frame, number)| channel.sample(frame, number).expect("it was taken"))
                .map(|sample| format!("{:.3}", f64::from(sample - signal.baseline) / signal.gain));
            let (samples, place) = (samples.collect::<Vec<_>>().join("^"), format!("1.2.{}", term.0 % 7));
            let rate_hz = record.frames_hz() * signal.samples_per_frame as f64;
            written.push(format!(
                "OBX|1|NA|{}^{}^MDC|{place}.1|{samples}|{}^UNIT^MDC|||||R|||{moment}",
                term.0, signal.description, unit.0
            ));
            written.push(format!("OBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|{place}.1.1|{rate_hz}|264608^MDC_DIM_PER_SEC^MDC"));
        }
    }
    written
}

/// What the monitor showed in `minute` of the recording, said to be of `moment`.
fn numbers(record: &Record, minute: u64, moment: &str) -> Vec<String> {
    let channels = record.between(minute, minute + 1).flat_map(|(channels, _, frames)| {
        channels.iter().filter_map(move |channel| Some((channel, channel.sample(frames.start, 0)?)))
    });
    channels
        .map(|(channel, sample)| {
            let value = f64::from(sample - channel.signal.baseline) / channel.signal.gain;
            number(channel.named.term, &channel.signal.description, value.round() as u32, moment)
        })
        .collect()
}
