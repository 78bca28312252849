//! What becomes of messages: values, times, answers, and whose they are.

mod devices;

use std::time::Duration;

use proptest::prelude::*;
use protocol::vitals::Origin;

use super::super::message::Fault;
use super::*;

const MOMENT: &str = "20240101120000.000+0000";
const BED: &str = "OR^3^1";

struct Bench {
    desk: Desk,
    hub: Arc<Hub>,
}

/// A message as monitors send one.
struct Sent<'a> {
    /// Application and facility.
    sender: &'a str,
    place: &'a str,
    patient: &'a str,
    observations: &'a str,
}

impl Default for Sent<'_> {
    fn default() -> Self {
        let observations = "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.5.1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||20240101120000.000";
        Self { sender: "MON|OR3", place: BED, patient: "4711^^^H^MR||Doe^Jane", observations }
    }
}

impl Sent<'_> {
    fn text(&self) -> String {
        let Self { sender, place, patient, observations } = self;
        format!(
            "MSH|^~\\&|{sender}|||20240101120000||ORU^R01^ORU_R01|17|P|2.6\rPID|||{patient}\rNK1|1|Doe^John\r\
             PV1||I|{place}\rOBR|1|||X|||20240101120000\r{observations}\r"
        )
    }
}

impl Bench {
    fn new(bed: &str) -> Self {
        let hub = Arc::new(Hub::new(Origin::Monitor, [], MonoTime(0)));
        Self { desk: Desk::new(bed, Arc::clone(&hub)), hub }
    }

    fn take(&mut self, message: &[u8], seconds: u64) -> (Outcome, Option<String>) {
        let (outcome, answer) = self.desk.take(message, MOMENT, MonoTime(seconds * 1_000_000));
        (outcome, answer.map(|answer| String::from_utf8_lossy(&answer).into_owned()))
    }

    fn sent(&mut self, message: &Sent<'_>, seconds: u64) -> Outcome {
        self.take(message.text().as_bytes(), seconds).0
    }

    /// How old each number is, in seconds.
    fn ages(&self, seconds: u64) -> Vec<(String, u64)> {
        let shown = self.hub.shown(MonoTime(seconds * 1_000_000), Duration::from_secs(4)).numbers;
        shown.into_iter().map(|number| (number.label, number.age.as_secs())).collect()
    }

    fn numbers(&self, seconds: u64) -> Vec<(String, String)> {
        let shown = self.hub.shown(MonoTime(seconds * 1_000_000), Duration::from_secs(4));
        shown.numbers.into_iter().map(|number| (number.label, number.text)).collect()
    }
}

fn refused(refusal: Refusal) -> Outcome {
    Outcome::Refused(refusal)
}

#[test]
fn a_message_of_this_bed_is_taken_and_answered() {
    let mut bench = Bench::new(BED);
    let (outcome, answer) = bench.take(Sent::default().text().as_bytes(), 100);
    assert_eq!(outcome, Outcome::Accepted);
    assert!(answer.unwrap().contains("MSA|AA|17\r"));
    assert_eq!(bench.numbers(101), [("HR".to_owned(), "72".to_owned())]);
    assert_eq!(bench.desk.counted(), Counted { accepted: 1, ..Counted::default() });
}

#[test]
fn messages_of_other_beds_and_of_none_are_rejected_and_counted() {
    for (bed, place, outcome) in [
        (BED, "OR^3^1^H^^N", Outcome::Accepted),
        (BED, " OR ^3^1", Outcome::Accepted),
        ("OR^^7", "OR^^7", Outcome::Accepted),
        (BED, "OR^3^2", refused(Refusal::OtherBed)),
        (BED, "OR^3", refused(Refusal::OtherBed)),
        ("OR^3", "OR^3^1", refused(Refusal::OtherBed)),
        ("OR", "OR^3^1", refused(Refusal::OtherBed)),
        ("OR^3^1^H", "OR^3^1^G", refused(Refusal::OtherBed)),
        (BED, "", refused(Refusal::NoBed)),
        (BED, "\"\"", refused(Refusal::NoBed)),
    ] {
        let mut bench = Bench::new(bed);
        let sent = Sent { place, ..Sent::default() };
        assert_eq!(bench.sent(&sent, 100), outcome, "{bed} and {place}");
        assert_eq!(bench.desk.counted().other_bed, u64::from(outcome != Outcome::Accepted));
        assert_eq!(bench.numbers(101).is_empty(), outcome != Outcome::Accepted);
    }
}

#[test]
fn another_patient_stops_the_vital_signs_and_no_word_of_anybody_comes_back() {
    let mut bench = Bench::new(BED);
    assert_eq!(bench.sent(&Sent::default(), 1), Outcome::Accepted);
    let renamed = Sent { patient: "4711^^^H^MR||Doe^Janet", ..Sent::default() };
    assert_eq!(bench.sent(&renamed, 2), Outcome::Accepted, "the number decides, where there is one");
    let other = Sent { patient: "4712^^^H^MR||Roe^Rita", ..Sent::default() };
    let (outcome, answer) = bench.take(other.text().as_bytes(), 3);
    assert_eq!((outcome, bench.numbers(3)), (refused(Refusal::OtherPatient), vec![]));
    let answer = answer.unwrap();
    assert!(answer.contains("MSA|AR|17\r") && ["4712", "Roe", "Rita", "Doe"].iter().all(|word| !answer.contains(word)));
    assert_eq!(bench.sent(&Sent::default(), 4), refused(Refusal::OtherPatient));
    assert_eq!(bench.sent(&other, 5), refused(Refusal::OtherPatient));
    bench.hub.confirm(MonoTime(6_000_000));
    assert_eq!((bench.sent(&other, 7), bench.numbers(7).len()), (Outcome::Accepted, 1));
}

#[test]
fn a_patient_without_a_number_is_known_by_name_and_a_message_without_a_patient_claims_nothing() {
    let mut bench = Bench::new(BED);
    for (patient, outcome) in [
        ("^^^H^PI||^^^^^^L", Outcome::Accepted),
        ("||Doe^Jane", Outcome::Accepted),
        ("^^^H^PI||^^^^^^L", Outcome::Accepted),
        ("||Doe^Jane^M", Outcome::Accepted),
        ("||Roe^Jane", refused(Refusal::OtherPatient)),
    ] {
        assert_eq!(bench.sent(&Sent { patient, ..Sent::default() }, 1), outcome, "{patient}");
    }
    for nobody in ["||\"\"", "\"\"||\"\"", "&&^^^H||\"\"^\"\"", "~||&\"\"& ^ "] {
        let mut bench = Bench::new(BED);
        for patient in [nobody, "||Doe^Jane", nobody] {
            assert_eq!(bench.sent(&Sent { patient, ..Sent::default() }, 1), Outcome::Accepted, "{nobody}: {patient}");
        }
    }
    let two = format!("{}PID|||2\r", Sent::default().text());
    assert_eq!(Bench::new(BED).take(two.as_bytes(), 1).0, refused(Refusal::TwoPatients));
}

#[test]
fn values_get_the_sessions_time_by_the_devices_clock() {
    let mut bench = Bench::new(BED);
    let at = |moment: &str| {
        format!(
            "OBX|1|NM|150301^MDC_PRESS_CUFF_SYS^MDC|1.1.1.1|118|266016^MDC_DIM_MMHG^MDC|||||R|||20240101115800\r\
             OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.5.1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||{moment}"
        )
    };
    let first = at("20240101120001");
    bench.sent(&Sent { observations: &first, ..Sent::default() }, 1_000);
    let (heart, cuff) = ("HR".to_owned(), "NIBP".to_owned());
    assert_eq!(bench.ages(1_000), [(heart.clone(), 0), (cuff.clone(), 121)]);
    // This one was under way for three seconds longer.
    let second = at("20240101120011");
    bench.sent(&Sent { observations: &second, ..Sent::default() }, 1_013);
    assert_eq!(bench.ages(1_013), [(heart, 3), (cuff, 134)]);
}

#[test]
fn a_curve_is_sent_on_in_pieces_without_a_gap() {
    let mut bench = Bench::new(BED);
    let samples = (0..250).map(|number| (number % 100).to_string()).collect::<Vec<_>>().join("^");
    let observations = format!(
        "OBX|1|NA|131330^MDC_ECG_ELEC_POTL_II^MDC|1.1.1.1|{samples}|266418^MDC_DIM_MILLI_VOLT^MDC|||||R|||20240101120000.000\r\
         OBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1.1.1.1.1|250|264608^MDC_DIM_PER_SEC^MDC"
    );
    assert_eq!(bench.sent(&Sent { observations: &observations, ..Sent::default() }, 100), Outcome::Accepted);
    let [curve] = &bench.hub.shown(MonoTime(100_000_000), Duration::from_secs(7)).curves[..] else { panic!("one") };
    assert_eq!(curve.label, "II");
    assert_eq!(curve.sweep.lines.iter().map(Vec::len).collect::<Vec<_>>(), [250]);
    // It came as it ended: a second long, and up to now.
    let begins = curve.sweep.head - curve.sweep.lines[0][0].across;
    assert!((begins - 1.0 / 7.0).abs() < 1e-3, "{begins}");
}

#[test]
fn two_places_of_one_term_are_two_channels() {
    let mut bench = Bench::new(BED);
    let observations = "OBX|1|NM|150344^MDC_TEMP^MDC|1.6.1.1|36.8|268192^MDC_DIM_DEGC^MDC|||||R\r\
                        OBX|2|NM|150344^MDC_TEMP^MDC|1.6.2.1|35.1|268192^MDC_DIM_DEGC^MDC|||||R";
    bench.sent(&Sent { observations, ..Sent::default() }, 1);
    let named = |label: &str, text: &str| (label.to_owned(), text.to_owned());
    assert_eq!(bench.numbers(1), [named("Temp", "36.8"), named("Temp 2", "35.1")]);
}

/// Observations of a temperature in each of these places, so many seconds after noon.
fn probes(places: impl IntoIterator<Item = u16>, second: u16) -> String {
    let moment = format!("2024010112{:02}{:02}", second / 60, second % 60);
    let probe = |place: u16| {
        format!("OBX|1|NM|150344^MDC_TEMP^MDC|1.6.{place}.1|36.{place}|268192^MDC_DIM_DEGC^MDC|||||R|||{moment}")
    };
    places.into_iter().map(probe).collect::<Vec<_>>().join("\r")
}

#[test]
fn a_probe_that_lives_is_shown_under_its_name_after_a_device_has_invented_many() {
    let mut bench = Bench::new(BED);
    bench.sent(&Sent { observations: &probes([1, 2], 1), ..Sent::default() }, 1);
    for second in 2..400 {
        let observations = probes([1_000 + second, 2], second);
        bench.sent(&Sent { observations: &observations, ..Sent::default() }, second.into());
        let shown = bench.numbers(second.into());
        assert!(shown.contains(&("Temp 2".to_owned(), "36.2".to_owned())), "{second}: {shown:?}");
        assert!(shown.iter().any(|(_, text)| *text == format!("36.{}", 1_000 + second)), "{second}: {shown:?}");
    }
    bench.sent(&Sent { observations: &probes(0..100, 400), ..Sent::default() }, 400);
    assert_eq!(bench.desk.counted().left_out, 36, "what there is no room for is counted");
}

#[test]
fn another_patients_probes_are_counted_from_the_first_again() {
    let mut bench = Bench::new(BED);
    bench.sent(&Sent { observations: &probes([1, 2], 1), ..Sent::default() }, 1);
    let other = probes([3], 4);
    let other = Sent { patient: "4712", observations: &other, ..Sent::default() };
    assert_eq!(bench.sent(&other, 2), refused(Refusal::OtherPatient));
    bench.hub.confirm(MonoTime(3_000_000));
    assert_eq!(bench.sent(&other, 4), Outcome::Accepted);
    assert_eq!(bench.numbers(4), [("Temp".to_owned(), "36.3".to_owned())]);
}

#[test]
fn what_cannot_be_taken_is_answered_with_what_to_mend() {
    let good = Sent::default().text();
    for (message, refusal, code) in [
        (good.replace("ORU^R01^ORU_R01", "ADT^A01"), Refusal::Type, "MSA|AR|17\rERR|||200^"),
        (good.replace("|17|", "||"), Refusal::ControlId, "MSA|AE|\rERR|||101^"),
        (good.replace("|P|2.6\r", "|P|2.6||||||UNICODE UTF-16\r"), Fault::CharacterSet.into(), "MSA|AE|17\rERR|||102^"),
        (good.replace("OR^3^1", "OR^3^\u{fc}"), Fault::Encoding.into(), "MSA|AE|17\rERR|||102^"),
        (good.replace("^MDC|", "^LOCAL|"), Refusal::Nothing, "MSA|AE|17\rERR|||207^"),
        (format!("{good}{}", "A\r".repeat(5_000)), Fault::Segments.into(), "MSA|AE|17\rERR|||100^"),
    ] {
        let (outcome, answer) = Bench::new(BED).take(message.as_bytes(), 1);
        assert_eq!(outcome, refused(refusal));
        let answer = answer.unwrap();
        assert!(answer.contains(code), "{answer}");
    }
    let (outcome, answer) = Bench::new(BED).take(b"hello", 1);
    assert_eq!((outcome, answer), (refused(Fault::NoHeader.into()), None));
}

#[test]
fn letters_of_segments_that_are_dropped_unread_do_not_matter() {
    let text = Sent { patient: "4711^^^H^MR||M\u{fc}ller", ..Sent::default() }.text();
    let latin: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    assert_eq!(Bench::new(BED).take(&latin, 1).0, Outcome::Accepted);
}

proptest! {
    #[test]
    fn whatever_comes_is_taken_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0..500_usize, at in 0..500_usize,
    ) {
        let mut bench = Bench::new(BED);
        let mut good = Sent::default().text().into_bytes();
        good.truncate(good.len() - cut.min(good.len()));
        let at = at.min(good.len());
        good.splice(at..at, bytes);
        let (outcome, _) = bench.take(&good, u64::MAX / 1_000_000);
        prop_assert_eq!(bench.desk.counted().accepted, u64::from(outcome == Outcome::Accepted));
    }
}

#[test]
fn a_reading_without_a_value_is_told_as_such() {
    let mut bench = Bench::new(BED);
    let observations = "OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.3.1.1||262688^MDC_DIM_PERCENT^MDC|||||X";
    bench.sent(&Sent { observations, ..Sent::default() }, 1);
    assert_eq!(bench.numbers(1), [("SpO2".to_owned(), "-".to_owned())]);
}
