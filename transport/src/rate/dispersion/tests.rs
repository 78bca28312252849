//! Trains over bottlenecks that stay, change and stall.

use super::*;

/// Trains of `count` datagrams of 1000 bytes, sent `sent_us` and arriving `arrived_us` apart.
fn trains(dispersion: &mut Dispersion, trains: u64, count: u64, sent_us: u64, arrived_us: u64) {
    (0..trains).for_each(|_| train(dispersion, count, sent_us, |n| n * arrived_us));
}

/// One of them, whose datagrams arrive so long after the first is sent.
fn train(dispersion: &mut Dispersion, count: u64, sent_us: u64, arrived_us: impl Fn(u64) -> u64) {
    let start = dispersion.last.map_or(0, |last| last.number + 1);
    for n in 0..count {
        let from_us = start * 10_000;
        let (number, sent_us, arrived_us) = (start + n, from_us + n * sent_us, from_us + arrived_us(n));
        dispersion.record(Arrival { number, bytes: 1000, sent_us, arrived_us });
    }
}

#[test]
fn five_trains_tell_the_bottleneck_and_five_others_its_change() {
    let mut dispersion = Dispersion::default();
    trains(&mut dispersion, 5, 20, 0, 500);
    assert_eq!(dispersion.limit_bps(), None);
    trains(&mut dispersion, 25, 20, 0, 500);
    assert_eq!(dispersion.limit_bps(), Some(16_000_000));
    trains(&mut dispersion, 9, 20, 0, 1_000);
    assert_eq!(dispersion.limit_bps(), Some(8_000_000));
}

#[test]
fn a_line_that_gets_much_thinner_shows_before_the_first_train_has_passed_it() {
    let mut dispersion = Dispersion::default();
    trains(&mut dispersion, 30, 20, 0, 500);
    train(&mut dispersion, 12, 0, |n| n * 4_000);
    assert_eq!(dispersion.limit_bps(), Some(2_000_000));
}

#[test]
fn a_pause_in_a_train_and_jitter_of_12_ms_are_no_thinner_line() {
    let mut dispersion = Dispersion::default();
    trains(&mut dispersion, 30, 20, 0, 500);
    train(&mut dispersion, 20, 0, |n| n * 500 + if n > 9 { 150_000 } else { 0 });
    train(&mut dispersion, 20, 0, |n| n * 1_100);
    trains(&mut dispersion, 1, 1, 0, 0);
    assert_eq!(dispersion.limit_bps(), Some(16_000_000));
}

#[test]
fn the_highest_estimate_of_half_a_second_counts() {
    let mut dispersion = Dispersion::default();
    trains(&mut dispersion, 30, 20, 0, 1_000);
    // A train each 200 ms.
    trains(&mut dispersion, 3, 20, 0, 1_400);
    assert_eq!(dispersion.limit_bps(), Some(8_000_000));
    trains(&mut dispersion, 40, 20, 0, 1_400);
    assert_eq!(dispersion.limit_bps(), Some(5_714_285));
}

#[test]
fn trains_that_arrive_as_they_were_sent_show_no_limit_and_lift_one() {
    let mut dispersion = Dispersion::default();
    trains(&mut dispersion, 40, 20, 1_000, 1_000);
    assert_eq!(dispersion.limit_bps(), None, "paced, and no bottleneck");
    trains(&mut dispersion, 10, 20, 0, 2_000);
    assert_eq!(dispersion.limit_bps(), Some(4_000_000));
    trains(&mut dispersion, 20, 20, 1_600, 1_600);
    assert_eq!(dispersion.limit_bps(), Some(5_000_000), "it passed all it was sent");
    trains(&mut dispersion, 20, 20, 0, 10);
    assert_eq!(dispersion.limit_bps(), None, "faster than matters");
}

#[test]
fn lost_datagrams_neither_hurry_nor_slow_the_estimate() {
    let mut dispersion = Dispersion::default();
    for number in (0..600u64).filter(|number| number % 7 != 3) {
        let (from_us, n) = (number / 20 * 33_000, number % 20);
        let arrival = Arrival { number, bytes: 1000, sent_us: from_us, arrived_us: from_us + n * 1_000 };
        dispersion.record(arrival);
    }
    assert_eq!(dispersion.limit_bps(), Some(8_000_000));
}

#[test]
fn memory_is_bounded_and_single_datagrams_say_nothing() {
    let mut dispersion = Dispersion::default();
    trains(&mut dispersion, 1_000, 3, 0, 9_000);
    assert_eq!(dispersion.limit_bps(), None);
    trains(&mut dispersion, 2, 100_000, 0, 500);
    assert!(dispersion.train.len() <= MAX_STEPS && dispersion.samples.len() <= MAX_SAMPLES);
}
