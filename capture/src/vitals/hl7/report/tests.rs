//! What is read of messages.

use proptest::prelude::*;

use super::*;

const HEADER: &str = "MSH|^~\\&|M|||||||ORU^R01|1|P|2.6\rOBR|1|||X|||20240101120000\r";

fn report(observations: &str) -> Report {
    let text = format!("{HEADER}{observations}");
    read(&Message::read(text.as_bytes()).unwrap(), false).unwrap()
}

#[test]
fn numbers_are_read_with_unit_place_and_time() {
    let report = report(
        "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X\r\
         OBX|2|NM|147842^MDC_ECG_HEART_RATE^MDC|1.5.1.1|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||20240101115959.5\r\
         OBX|3|NM|150344^MDC_TEMP^MDC|1.6.1.1|36.8|268192^MDC_DIM_DEGC^MDC|||||F\r",
    );
    let [rate, temperature] = report.numbers[..] else { panic!("{report:?}") };
    assert_eq!((rate.term, rate.unit, rate.place.numbers), (terms::HEART_RATE, terms::BEAT_PER_MIN, [1, 5, 1]));
    assert_eq!(rate.reading, Reading::Valid(Decimal { mantissa: 72, exponent: 0 }));
    assert_eq!(temperature.at.unwrap().0 - rate.at.unwrap().0, 500_000, "OBR-7 stands in for OBX-14");
    assert_eq!((report.newest.values().next().copied(), report.left_out), (temperature.at, 0));
}

#[test]
fn a_value_that_the_device_does_not_vouch_for_is_no_value_or_a_doubted_one() {
    let reading = |value: &str, flags: &str, status: &str| {
        let number = format!("OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1|{value}|||{flags}|||{status}\r");
        report(&number).numbers[0].reading
    };
    let value = Decimal { mantissa: 97, exponent: 0 };
    assert_eq!(reading("97", "N", "R"), Reading::Valid(value));
    for flag in ["QUES", "L~QUES", "DEMO"] {
        assert_eq!(reading("97", flag, "R"), Reading::Questionable(value), "{flag}");
    }
    for (text, flags, status) in [("", "", "R"), ("97", "", "X"), ("97", "INV", "R"), ("n/a", "", "R"), ("1e9", "", "")]
    {
        assert_eq!(reading(text, flags, status), Reading::Unavailable, "{text} {flags} {status}");
    }
}

#[test]
fn what_no_table_knows_is_counted_and_left_out() {
    let report = report(
        "OBX|1|NM|0002-4a05^NBPs^MDIL||122|0004-0f20^mmHg^MDIL|||||F\r\
         OBX|2|NM|147842^HR^99LOCAL||72||||||F\rOBX|3|ST|147842^MDC_ECG_HEART_RATE^MDC||hello||||||F\r",
    );
    assert_eq!((report.is_empty(), report.left_out), (true, 3));
}

proptest! {
    #[test]
    fn whatever_an_observation_holds_is_read_or_left_out(
        fields in prop::collection::vec("[0-9A-Z^~.&\\\\ -]{0,12}", 0..16), is_alarm: bool, kind in 0..3_usize,
    ) {
        let start = ["OBX|1|NM|147842^X^MDC|", "OBX|1|NA|131330^X^MDC|", "OBX|1|ST|196616^MDC_EVT_ALARM^MDC|"][kind];
        let text = format!("{HEADER}{start}{}\rOBX|2|NM|0^MDC_ATTR_SAMP_RATE^MDC|1|{}\r", fields.join("|"), fields.concat());
        let report = read(&Message::read(text.as_bytes()).unwrap(), is_alarm).unwrap();
        prop_assert!(report.numbers.len() + report.waves.len() + report.alarms.len() <= 2);
    }
}
