//! The patient's vital signs with the real programs: a monitor sends them by HL7, and a console gets them with their values
//! and times, for as long as they are this patient's.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;

use capture::config::Role;
use harness::certificates;
use harness::display::Display;
use harness::process::{Program, command};
use harness::rig::{files, free_ports, start_theatre};
use program::clock;
use protocol::vitals::{AlarmState, FeedState, Numeric, Priority, Term, Vitals};

use crate::people::peer::{Line, Peer};
use crate::stage::{SOON, done, folder, light, machine};

const HEART_RATE: Term = Term(147_842);
const CUFF_SYSTOLIC: Term = Term(150_301);
const ECG_II: Term = Term(131_330);

/// How far a time may be off: the ways of a message on one machine that has much to do.
const NEAR_US: u64 = 1_000_000;

/// Theatre with one mentor, and a listener for the monitors at `OR^3^1`.
struct Theatre {
    folder: PathBuf,
    program: Program,
    line: Line,
    listener: SocketAddr,
    _display: Display,
}

/// A monitor's connection.
pub struct Monitor(TcpStream);

impl Theatre {
    fn start(name: &str) -> Self {
        let folder = folder(name);
        fs::create_dir_all(folder.join("run")).expect("a folder");
        let own = certificates::make(&folder, "theatre").expect("a certificate");
        let console = certificates::make(&folder, "anna").expect("a certificate");
        let ports = free_ports(2).expect("free ports");
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let mut text = files::theatre(&light(), &folder, &[], &own, &own);
        text.truncate(text.find("[participant.").expect("a participant"));
        text.push_str(&format!("[vitals]\nkind = \"hl7\"\nlisten = \"{listener}\"\nbed = \"OR^3^1\"\n"));
        text.push_str("[source.curves]\nrole = \"vitals\"\nkind = \"vitals\"\n");
        text.push_str(&files::participant("anna", Role::Mentor, &ports, &console));
        fs::write(folder.join("theatre.toml"), text).expect("the folder can be written");
        let display = Display::start_virtual(640, 480, &folder.join("xvfb.log")).expect("a display");
        let program = start_theatre(&folder, &display).expect("theatre starts");
        let line = Line { console, theatre: own.certificate, ports };
        Self { folder, program, line, listener, _display: display }
    }

    fn monitor(&self) -> Monitor {
        Monitor::connect(self.listener)
    }
}

impl Monitor {
    /// Connects to theatre at `listener`, which may still be starting.
    pub fn connect(listener: SocketAddr) -> Self {
        let deadline = clock::now() + SOON;
        loop {
            match TcpStream::connect(listener) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(SOON)).expect("a socket");
                    return Self(stream);
                }
                Err(error) => assert!(clock::now() < deadline, "theatre does not listen to monitors: {error}"),
            }
        }
    }

    /// Sends a message of `kind` about `patient` at `bed`, and gives the answer.
    pub fn send(&mut self, kind: &str, (bed, patient): (&str, &str), observations: &str) -> String {
        let text = format!(
            "MSH|^~\\&|MON|OR3|||20240101120000||ORU^{kind}|17|P|2.6\rPID|||{patient}||Doe^Jane\rPV1||I|{bed}\r\
             OBR|1|||X|||20240101120000\r{observations}\r"
        );
        self.0.write_all(&[b"\x0b", text.as_bytes(), b"\x1c\r"].concat()).expect("theatre listens");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\x1c\r") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).expect("theatre answers");
            answer.extend(byte);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// One number as a monitor writes it.
pub fn number(term: Term, name: &str, value: u32, moment: &str) -> String {
    format!(
        "OBX|1|NM|{}^{name}^MDC|1.1.{}.1|{value}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||{moment}",
        term.0,
        term.0 % 7
    )
}

/// The newest number of `term` with this value.
fn found(term: Term, value: i32) -> impl Fn(&[Vitals]) -> Option<Numeric> {
    move |vitals| {
        let numerics = vitals.iter().rev().filter_map(|vitals| match vitals {
            Vitals::Numerics(numerics) => Some(numerics),
            _ => None,
        });
        let is_it = |numeric: &&Numeric| {
            numeric.channel.term == term && numeric.reading.value().is_some_and(|reading| reading.mantissa == value)
        };
        numerics.flatten().find(is_it).copied()
    }
}

/// Whether the feed stands so.
pub fn stands(state: FeedState) -> impl Fn(&[Vitals]) -> Option<()> {
    move |vitals| {
        let last = vitals.iter().rev().find_map(|vitals| match vitals {
            Vitals::Feed(feed) => Some(feed.state),
            _ => None,
        });
        (last == Some(state)).then_some(())
    }
}

fn confirm(folder: &Path) -> Output {
    let mut command = command("capture-node").expect("it is built");
    command.args(["ctl", "vitals", "confirm", "--config"]).arg(folder.join("theatre.toml")).output().expect("it runs")
}

#[test]
fn vital_signs_by_hl7_reach_a_console_with_their_values_and_times_as_long_as_they_are_this_patients() {
    let _machine = machine();
    let mut theatre = Theatre::start("vitals");
    let mut monitor = theatre.monitor();
    let mut peer = Peer::join(&theatre.line, "wan", 1);
    peer.wait_for_frames(30);
    let here = ("OR^3^1", "4711");

    // The heart rate is of now by the monitor's clock, whatever that shows; the cuff measured a minute before.
    let sent_us = clock::now().0;
    let both = [
        number(HEART_RATE, "MDC_ECG_HEART_RATE", 72, "20240101120100"),
        number(CUFF_SYSTOLIC, "MDC_PRESS_CUFF_SYS", 118, "20240101120000"),
    ];
    assert!(monitor.send("R01", here, &both.join("\r")).contains("MSA|AA|17\r"));
    let rate = peer.wait_for_vitals("the heart rate", found(HEART_RATE, 72));
    assert!(rate.at.0.abs_diff(sent_us) < NEAR_US, "{} for {sent_us}", rate.at.0);
    let cuff = peer.wait_for_vitals("the cuff's value", found(CUFF_SYSTOLIC, 118));
    assert_eq!(rate.at.0 - cuff.at.0, 60_000_000);
    peer.wait_for_vitals("the feed", stands(FeedState::Live));

    let samples: Vec<i16> = (0..250).map(|number| number * 3 - 300).collect();
    let list = samples.iter().map(ToString::to_string).collect::<Vec<_>>().join("^");
    let wave = format!(
        "OBX|1|NA|{}^MDC_ECG_ELEC_POTL_II^MDC|1.1.1.1|{list}|266418^MDC_DIM_MILLI_VOLT^MDC|||||R|||20240101120101.000\r\
         OBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|250|264608^MDC_DIM_PER_SEC^MDC",
        ECG_II.0
    );
    assert!(monitor.send("R01", here, &wave).contains("MSA|AA|17\r"));
    let received = peer.wait_for_vitals("the whole curve", |vitals| {
        let pieces = vitals.iter().filter_map(|vitals| match vitals {
            Vitals::Wave(piece) if piece.channel.term == ECG_II => Some(piece.samples.clone()),
            _ => None,
        });
        let all: Vec<i16> = pieces.flatten().collect();
        (all.len() >= 250).then_some(all)
    });
    assert_eq!(received, samples);

    let alarm = "OBX|1|ST|196616^MDC_EVT_ALARM^MDC|1.2.1.1.1|196652^MDC_EVT_HI_VAL_GT_LIM^MDC|||H~PM~SP\r\
                 OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.2.1.1.2|140\r\
                 OBX|3|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.2.1.1.4|active";
    assert!(monitor.send("R40", here, alarm).contains("MSA|AA|17\r"));
    let told = peer.wait_for_vitals("the alarm", |vitals| {
        vitals.iter().find_map(|vitals| if let Vitals::Alarm(alarm) = vitals { Some(*alarm) } else { None })
    });
    assert_eq!((told.source.term, told.priority, told.state), (HEART_RATE, Priority::Medium, AlarmState::Active));

    let refused = monitor.send("R01", ("OR^4^1", "4711"), &number(HEART_RATE, "X", 180, "20240101120200"));
    assert!(refused.contains("MSA|AR|17\r"), "another bed: {refused}");
    let refused = monitor.send("R01", ("OR^3^1", "4712"), &number(HEART_RATE, "X", 181, "20240101120201"));
    assert!(refused.contains("MSA|AR|17\r"), "another patient: {refused}");
    peer.wait_for_vitals("the stop", stands(FeedState::PatientChanged));
    let confirmed = confirm(&theatre.folder);
    assert!(confirmed.status.success(), "{}", String::from_utf8_lossy(&confirmed.stderr));
    assert_eq!(confirm(&theatre.folder).status.code(), Some(64), "there is nothing more to confirm");
    let again = number(HEART_RATE, "MDC_ECG_HEART_RATE", 73, "20240101120202");
    assert!(monitor.send("R01", ("OR^3^1", "4712"), &again).contains("MSA|AA|17\r"));
    peer.wait_for_vitals("the new patient's heart rate", found(HEART_RATE, 73));
    let seen = peer.leave().vitals;
    assert!([180, 181].into_iter().all(|value| found(HEART_RATE, value)(&seen).is_none()), "nobody else's values");
    theatre.program.stop().expect("theatre ends in order");

    let log = fs::read_to_string(theatre.folder.join("theatre.log")).expect("a log");
    assert!(["4711", "4712", "Doe", "Jane"].iter().all(|word| !log.contains(word)), "no log names a patient");
}

#[test]
fn vital_signs_wait_behind_the_curtain_and_the_newest_come_when_it_opens() {
    let _machine = machine();
    let mut theatre = Theatre::start("vitals-curtain");
    let mut monitor = theatre.monitor();
    let mut peer = Peer::join(&theatre.line, "clean", 1);
    let config = theatre.folder.join("theatre.toml");
    let mut sends = |value, moment| {
        let rate = number(HEART_RATE, "MDC_ECG_HEART_RATE", value, moment);
        assert!(monitor.send("R01", ("OR^3^1", "4711"), &rate).contains("MSA|AA|17\r"));
    };
    sends(72, "20240101120100");
    peer.wait_for_vitals("the heart rate", found(HEART_RATE, 72));
    done(&config, "curtain on");
    sends(73, "20240101120101");
    sends(74, "20240101120102");
    peer.wait_for_frames(peer.frames() + 60);
    let came = peer.wait_for_vitals("a look", |vitals| Some([73, 74].map(|value| found(HEART_RATE, value)(vitals))));
    assert_eq!(came, [None, None], "nothing leaves while it is closed");
    done(&config, "curtain off");
    peer.wait_for_vitals("the newest", found(HEART_RATE, 74));
    assert!(found(HEART_RATE, 73)(&peer.leave().vitals).is_none(), "what it replaced is of no use");
    theatre.program.stop().expect("theatre ends in order");
}
