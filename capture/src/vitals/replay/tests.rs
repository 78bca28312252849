//! Recordings played: made up for the test, and real ones where there are any.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ::vitals::panel::Panel;
use ::vitals::terms;

use super::*;

/// A folder for a record, gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &[u8])]) -> Self {
        let folder = std::env::temp_dir().join(format!("replay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        Self(folder)
    }

    fn record(&self, name: &str) -> Record {
        Record::open(&self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The real record `name`; says so and gives `None` without the folder that holds it.
fn real(name: &str) -> Option<Record> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os("REALDATA").map_or(repository.join("../shared/realdata"), PathBuf::from);
    let path = folder.join("vitals").join(name);
    if !path.with_file_name(format!("{}.hea", path.file_name()?.to_string_lossy())).is_file() {
        println!("no record {name}: set REALDATA to the folder that holds it; this test did not run");
        return None;
    }
    Some(Record::open(&path).unwrap())
}

/// What comes of playing `record` from 10 s on, asked for five times a second for so long.
fn played(record: Record, seconds: u64) -> Vec<Vitals> {
    let mut player = Player::new(record);
    let mut now = MonoTime(10_000_000);
    let mut values = Vec::new();
    for _ in 0..=seconds * 5 {
        values.extend(player.values(now));
        now = now + Duration::from_millis(200);
    }
    values
}

fn curve(values: &[Vitals], term: vitals::Term) -> Vec<&Piece> {
    let pieces = values.iter().filter_map(|vitals| if let Vitals::Wave(piece) = vitals { Some(piece) } else { None });
    pieces.filter(|piece| piece.channel.term == term).collect()
}

fn numbers(values: &[Vitals], term: vitals::Term) -> Vec<(u64, String)> {
    let numerics = values.iter().flat_map(|vitals| match vitals {
        Vitals::Numerics(numerics) => numerics.clone(),
        _ => Vec::new(),
    });
    let ours = numerics.filter(|numeric| numeric.channel.term == term);
    ours.map(|numeric| (numeric.at.0 / 1_000_000, numeric.reading.value().unwrap().to_string())).collect()
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

#[test]
fn a_record_is_played_in_a_loop_without_a_gap_at_its_end() {
    let samples: Vec<i16> = (0..125).collect();
    let header = b"rec 1 125 125\nrec.dat 16 200/mV 12 0 0 0 0 II\n";
    let folder = Folder::new("loop", &[("rec.hea", header), ("rec.dat", &bytes(&samples))]);
    let values = played(folder.record("rec"), 3);
    let pieces = curve(&values, terms::ECG_II);
    let all: Vec<i16> = pieces.iter().flat_map(|piece| piece.samples.clone()).collect();
    assert_eq!(all[..375], [samples.clone(), samples.clone(), samples].concat());
    for pair in pieces.windows(2) {
        let lasts_us = pair[0].samples.len() as u64 * 8_000;
        assert_eq!(pair[1].first.0, pair[0].first.0 + lasts_us);
    }
    assert_eq!(pieces[0].scale.value(), 0.005);
}

#[test]
fn silence_between_segments_stays_silence() {
    let header = b"rec/4 1 100 300\nrec_layout 0\nrec_1 100\n~ 100\nrec_2 100\n";
    let one = b"rec_1 1 100 100\nrec_1.dat 16 200/mV 12 0 0 0 0 II\n";
    let two = b"rec_2 1 100 100\nrec_2.dat 16 200/mV 12 0 0 0 0 II\n";
    let samples = bytes(&[7; 100]);
    let files: [(&str, &[u8]); 5] =
        [("rec.hea", header), ("rec_1.hea", one), ("rec_2.hea", two), ("rec_1.dat", &samples), ("rec_2.dat", &samples)];
    let folder = Folder::new("segments", &files);
    let values = played(folder.record("rec"), 2);
    let pieces = curve(&values, terms::ECG_II);
    let times: Vec<u64> = pieces.iter().map(|piece| piece.first.0).collect();
    assert!(times.iter().all(|us| !(11_000_000..12_000_000).contains(us)), "{times:?}");
    assert!(times.iter().any(|us| *us >= 12_000_000));
}

#[test]
fn a_machine_that_slept_leaves_a_gap_instead_of_rushing() {
    let header = b"rec 1 125 12500\nrec.dat 16 200/mV 12 0 0 0 0 II\n";
    let folder = Folder::new("slept", &[("rec.hea", header), ("rec.dat", &bytes(&[1; 12_500]))]);
    let mut player = Player::new(folder.record("rec"));
    player.values(MonoTime(0));
    // In its middle, beyond its end, and after many rounds.
    for woken in [60_000_000, 150_000_000, 3_600_000_000] {
        let values = player.values(MonoTime(woken));
        let samples: usize = curve(&values, terms::ECG_II).iter().map(|piece| piece.samples.len()).sum();
        assert!(samples <= 140, "{samples} samples at once");
    }
}

#[test]
fn a_number_beyond_what_a_decimal_holds_is_not_sent() {
    let header = b"rec 2 1 2\nrec.dat 16 1e-300/bpm 12 0 0 0 0 HR\nrec.dat 16 10/bpm 12 0 0 0 0 PULSE\n";
    let folder = Folder::new("beyond", &[("rec.hea", header), ("rec.dat", &bytes(&[7, 700, 7, 701]))]);
    let values = played(folder.record("rec"), 1);
    assert_eq!(numbers(&values, terms::HEART_RATE), []);
    assert_eq!(numbers(&values, terms::PULSE_RATE)[0].1, "70.0");
}

#[test]
fn what_is_no_record_is_told_with_its_file() {
    let header = b"rec 1 125 125\nrec.dat 16 200/mV 12 0 0 0 0 II\n";
    for (name, files, told) in [
        ("absent", &[][..], "rec.hea: "),
        ("empty", &[("rec.hea", &b""[..])], "rec.hea: it is empty"),
        ("no-signals", &[("rec.hea", &header[..])], "rec.dat: "),
        ("no-samples", &[("rec.hea", &header[..]), ("rec.dat", b"")], "it holds no signal that has a name here"),
    ] {
        let folder = Folder::new(name, files);
        let error = Record::open(&folder.0.join("rec")).unwrap_err().to_string();
        assert!(error.contains(told), "{name}: {error}");
    }
}

#[test]
fn real_curves_of_an_intensive_care_monitor_have_their_units_and_rates() {
    let Some(record) = real("03700181") else { return };
    let values = played(record, 10);
    let ecg = curve(&values, terms::ECG);
    assert!(ecg.iter().all(|piece| piece.rate_mhz.get() == 500_000 && piece.unit == terms::MILLIVOLT));
    let pressure = curve(&values, terms::ARTERIAL);
    let first = f64::from(pressure[0].samples[0]) * pressure[0].scale.value() + pressure[0].offset.value();
    assert!((first - (1605.0 - 943.0) / 12.84).abs() < 0.01, "{first} mmHg: the header tells the first sample");
    assert_eq!(curve(&values, terms::IMPEDANCE).len(), pressure.len());
}

#[test]
fn all_samples_of_real_records_add_up_to_what_their_headers_say() {
    for (name, term, none, checksum) in [
        ("03700181", terms::ECG, -2_048, -11_266),
        ("03700181", terms::ARTERIAL, -2_048, -23_651),
        ("100", terms::ECG_II, -2_048, -22_131),
        ("s0010_re", terms::ECG_II, i16::MIN.into(), -16_369),
    ] {
        let Some(record) = real(name) else { return };
        let mut sum = 0_i64;
        for (channels, _, frames) in record.between(0, u64::MAX) {
            let channel = channels.iter().find(|channel| channel.named.term == term).unwrap();
            let places =
                frames.flat_map(|frame| (0..channel.signal.samples_per_frame).map(move |number| (frame, number)));
            sum += places.map(|(frame, number)| i64::from(channel.sample(frame, number).unwrap_or(none))).sum::<i64>();
        }
        assert_eq!(sum as i16, checksum, "{name}");
    }
}

#[test]
fn real_numbers_keep_their_drop_outs() {
    let Some(record) = real("s25047_numerics/s25047-2704-05-04-10-44n") else { return };
    assert_eq!(record.frames(), 72);
    let mut player = Player::new(record);
    // Once a minute, from the first on.
    let values: Vec<Vitals> =
        (0..10).flat_map(|minute| player.values(MonoTime(10_000_000 + minute * 60_000_001))).collect();
    let rate = numbers(&values, terms::HEART_RATE);
    assert_eq!(rate.len(), 10);
    assert_eq!((rate[0].1.as_str(), rate[6].1.as_str()), ("101.3", "0.0"));
    let cuff: Vec<u64> = numbers(&values, vitals::Term(150_301)).into_iter().map(|(at, _)| (at - 10) / 60).collect();
    assert_eq!(cuff, [2, 3, 6, 7], "nothing stands in for what was not measured");
}

#[test]
fn real_records_of_every_packing_are_played_to_a_panel() {
    for (name, label) in [("100", "II"), ("s0010_re", "II"), ("03700181", "ECG")] {
        let Some(record) = real(name) else { return };
        let mut panel = Panel::default();
        played(record, 5).into_iter().for_each(|vitals| panel.take(vitals));
        let curves = panel.curves(SessionTime(15_000_000), Duration::from_secs(4));
        let curve = curves.iter().find(|curve| curve.label == label).unwrap();
        assert!(curve.sweep.lines.len() <= 3, "{name}: {} lines", curve.sweep.lines.len());
        let (low, high) = curve.sweep.range.unwrap();
        assert!(high - low > 0.3 && high - low < 20.0, "{name}: {low} to {high} mV");
    }
}
