//! Stand-ins for the devices of a room, made of what real ones gave: each can fail and return.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use capture::vitals::wfdb::Record;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use harness::process::Program;
use protocol::vitals::FeedState;
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

/// Vital signs of the monitor's numbers in a recording.
pub enum Feed {
    /// A monitor that sends them.
    Hl7 { listener: SocketAddr, record: Arc<Record>, monitor: Option<(Sender<()>, JoinHandle<()>)> },
    /// The recording itself, which theatre plays. Its folder is not there at first.
    Recorded { original: PathBuf, folder: PathBuf },
}

impl Feed {
    pub fn hl7(record: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let record = Arc::new(Record::open(record).expect("a record"));
        Self::Hl7 { listener, record, monitor: None }
    }

    pub fn recorded(folder: &Path, original: &Path) -> Self {
        Self::Recorded { original: original.with_file_name(""), folder: folder.join("vitals") }
    }

    /// The table `[vitals]`.
    pub fn described(&self) -> String {
        match self {
            Self::Hl7 { listener, .. } => {
                format!("[vitals]\nkind = \"hl7\"\nlisten = \"{listener}\"\nbed = \"{BED}\"\n")
            }
            Self::Recorded { folder, .. } => {
                let record = folder.join("s25047-2704-05-04-10-44n");
                format!("[vitals]\nkind = \"wfdb\"\nrecords = [\"{}\"]\n", record.display())
            }
        }
    }

    /// The monitor begins to send; a recording is not there yet.
    pub fn begin(&mut self) {
        if matches!(self, Self::Hl7 { .. }) {
            self.return_();
        }
    }

    /// How the feed stands once it has failed.
    pub fn state_without(&self) -> FeedState {
        match self {
            Self::Hl7 { .. } => FeedState::Silent,
            Self::Recorded { .. } => FeedState::Waiting,
        }
    }

    /// The monitor's cable is pulled; a recording has not been there so far.
    pub fn fail(&mut self) {
        if let Self::Hl7 { monitor, .. } = self
            && let Some((sending, thread)) = monitor.take()
        {
            drop(sending);
            thread.join().expect("theatre took everything");
        }
    }

    /// The monitor's numbers come, minute after minute; so do a recording's, once it is there.
    pub fn return_(&mut self) {
        match self {
            Self::Hl7 { listener, record, monitor } => {
                let (sending, stopped) = bounded(0);
                let (listener, record) = (*listener, Arc::clone(record));
                let work = move || send(&record, &mut Monitor::connect(listener), &stopped);
                let thread = Builder::new().name("monitor".into()).spawn(work).expect("a thread");
                *monitor = Some((sending, thread));
            }
            Self::Recorded { original, folder } => {
                fs::create_dir_all(&*folder).expect("a folder");
                for file in fs::read_dir(original).expect("the recording's folder") {
                    let file = file.expect("a file").path();
                    fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("it can be copied");
                }
            }
        }
    }
}

/// A minute of the recording every 200 ms, until told to stop.
fn send(record: &Record, monitor: &mut Monitor, stopped: &Receiver<()>) {
    for minute in (0..record.frames()).cycle() {
        let answer = monitor.send("R01", (BED, "4711"), &numbers(record, minute).join("\r"));
        assert!(answer.contains("MSA|AA|17\r"), "{answer}");
        // Nothing ever comes: the pace of a monitor.
        if stopped.recv_timeout(BETWEEN) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// What the monitor showed in `minute` of the recording.
fn numbers(record: &Record, minute: u64) -> Vec<String> {
    let moment = format!("2024010112{:02}{:02}", minute / 60, minute % 60);
    let channels = record.between(minute, minute + 1).flat_map(|(channels, _, frames)| {
        channels.iter().filter_map(move |channel| Some((channel, channel.sample(frames.start, 0)?)))
    });
    channels
        .map(|(channel, sample)| {
            let value = f64::from(sample - channel.signal.baseline) / channel.signal.gain;
            number(channel.named.term, &channel.signal.description, value.round() as u32, &moment)
        })
        .collect()
}
