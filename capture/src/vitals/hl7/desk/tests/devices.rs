//! Several devices and senders, and one that connects again and again.

use super::super::super::time;
use super::*;

/// So many seconds after noon, as a device writes it.
fn clock(second: i64) -> String {
    time::write(DeviceTime((second + 1_704_110_400) * 1_000_000))
}

/// A number as a device writes it, measured at this second after its noon, from a device that calls itself `device`.
fn number(term: &str, place: &str, value: u32, second: i64, device: &str) -> String {
    let moment = clock(second);
    format!("OBX|1|NM|{term}^MDC|{place}|{value}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R|||{moment}||||{device}")
}

#[test]
fn what_was_measured_before_a_connection_broke_is_no_younger_on_the_next() {
    let mut bench = Bench::new(BED);
    let mut heart = |second: i64, arrives: u64| {
        let observations = number("147842^MDC_ECG_HEART_RATE", "1.5.1.1", 72, second, "");
        let text = Sent { observations: &observations, ..Sent::default() }.text();
        let text = text.replace("|||20240101120000\r", &format!("|||{}\r", clock(second)));
        assert_eq!(bench.take(text.as_bytes(), arrives).0, Outcome::Accepted);
        bench.ages(arrives)
    };
    let aged = |seconds| vec![("HR".to_owned(), seconds)];
    assert_eq!(heart(10, 1_010), aged(0));
    assert_eq!(heart(20, 1_045), aged(25));
    assert_eq!(heart(30, 1_046), aged(16));
    assert_eq!(heart(46, 1_046), aged(0));
}

#[test]
fn each_device_behind_a_gateway_has_its_own_clock() {
    for (names, places) in [(["A", "B"], ["1.5.1.1", "1.7.1.1"]), (["", ""], ["1.5.1.1", "2.7.1.1"])] {
        let mut bench = Bench::new(BED);
        // The ventilator is three minutes slow; how it is called stands once, above all of its numbers.
        let [monitor, ventilator] =
            names.map(|name| format!("OBX|1||70001^MDC_DEV_X_MDS^MDC|1.0.0.0|||||||X|||||||{name}"));
        let heart = number("147842^MDC_ECG_HEART_RATE", places[0], 72, 0, "");
        let breath = number("151562^MDC_RESP_RATE", places[1], 14, -180, "");
        let late = clock(-180);
        let observations = format!("{monitor}\r{heart}\rOBR|2|||X|||{late}\r{ventilator}\r{breath}");
        assert_eq!(bench.sent(&Sent { observations: &observations, ..Sent::default() }, 1_000), Outcome::Accepted);
        assert_eq!(bench.ages(1_000), [("HR".to_owned(), 0), ("Resp".to_owned(), 0)], "{places:?}");
    }
}

#[test]
fn senders_and_devices_that_count_their_places_alike_are_different_channels() {
    for (senders, names) in
        [(["MON|OR3", "POX|OR3"], ["", ""]), (["MON|OR3", "MON|OR4"], ["", ""]), (["GATE|", "GATE|"], ["A^X", "B^X"])]
    {
        let mut bench = Bench::new(BED);
        for second in [1, 2] {
            for (number, (sender, name)) in senders.into_iter().zip(names).enumerate() {
                let value = 90 + number as u32;
                let observations = self::number("150456^MDC_PULS_OXIM_SAT_O2", "1.1.1.150456", value, second, name);
                let sent = Sent { sender, observations: &observations, ..Sent::default() };
                assert_eq!(bench.sent(&sent, second.unsigned_abs()), Outcome::Accepted);
            }
        }
        let named = |label: &str, text: &str| (label.to_owned(), text.to_owned());
        assert_eq!(bench.numbers(2), [named("SpO2", "90"), named("SpO2 2", "91")], "{senders:?} {names:?}");
        let observations = format!(
            "OBX|1|ST|196616^MDC_EVT_ALARM^MDC|1.1.1.150456.1|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|||L~PH~SP\r{}",
            number("150456^MDC_PULS_OXIM_SAT_O2", "1.1.1.150456.2", 84, 3, names[1])
        );
        let alarm = Sent { sender: senders[1], observations: &observations, ..Sent::default() }.text();
        bench.take(alarm.replace("ORU^R01^ORU_R01", "ORU^R40^ORU_R40").as_bytes(), 3);
        let told = bench.hub.shown(MonoTime(3_000_000), Duration::from_secs(4)).alarms;
        assert_eq!(told.iter().map(|alarm| alarm.text.as_str()).collect::<Vec<_>>(), ["SpO2 2 low"]);
    }
}
