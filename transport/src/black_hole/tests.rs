//! What counts as a black hole, what does not, and how the search goes.

use proptest::prelude::*;

use super::*;

const MOST: usize = 1162;

/// A path that passes up to `mtu` bytes gets frames of `shards` datagrams of the largest size known to pass, with two
/// small ones and the probes after each, from `from` on. Gives how many frames had lost something.
fn frames(hole: &mut BlackHole, from: u64, count: u64, shards: usize, passes: impl Fn(usize) -> bool) -> u64 {
    let mut hit = 0;
    for frame in from..from + count {
        let now = MonoTime(frame * 33_000);
        let bytes = hole.reach().bytes(MOST);
        if let Some(bytes) = bytes {
            for _ in 0..shards {
                hole.record(bytes, !passes(bytes), now);
            }
            hit += u64::from(!passes(bytes));
        }
        hole.record(40, false, now);
        for bytes in hole.probes(MOST, now) {
            hole.record(bytes, !passes(bytes), now);
        }
        hole.record(40, false, now);
    }
    hit
}

#[test]
fn a_hole_is_found_after_three_frames_and_the_largest_size_that_passes_right_after() {
    for (mtu, reach) in
        [(1161, Reach::UpTo(1000)), (900, Reach::UpTo(800)), (799, Reach::UpTo(600)), (500, Reach::Little)]
    {
        let mut hole = BlackHole::default();
        assert_eq!(frames(&mut hole, 0, 30, 25, |_| true), 0);
        let hit = frames(&mut hole, 30, 10, 25, |bytes| bytes <= mtu);
        assert_eq!((hit, hole.reach()), (if mtu < BASE_BYTES { 6 } else { 3 }, reach), "{mtu}");
    }
}

#[test]
fn a_hole_that_closes_is_left_within_the_rest_of_the_search() {
    let mut hole = BlackHole::default();
    frames(&mut hole, 0, 10, 25, |bytes| bytes <= 900);
    assert_eq!(hole.reach(), Reach::UpTo(800));
    frames(&mut hole, 10, 100, 25, |_| true);
    assert_eq!(hole.reach(), Reach::Everything);
    assert_eq!(hole.probes(MOST, MonoTime(u64::MAX / 2)).count(), 0, "there is nothing left to search for");
}

#[test]
fn a_hole_that_comes_and_goes_every_two_seconds_has_three_frames_a_minute_in_the_end() {
    let mut hole = BlackHole::default();
    let mut two_seconds =
        |from| frames(&mut hole, from, 5, 25, |bytes| bytes <= 900) + frames(&mut hole, from + 5, 55, 25, |_| true);
    let settled = (0..60).map(|n| two_seconds(n * 60)).sum::<u64>();
    assert!(settled < 3 * 12, "{settled} in the first two minutes");
    let hit: u64 = (60..360).map(|n| two_seconds(n * 60)).sum();
    assert!(hit <= 3 * 10, "{hit} in ten minutes");
}

#[test]
fn darkness_bursts_and_random_loss_are_no_black_holes() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut hole = BlackHole::default();
    for n in 0..1_000_000u64 {
        let bytes = if n % 20 < 18 { 1087 } else { 40 };
        // Three in ten at random; each second 200 ms of nothing and a queue that takes the end of each frame.
        let lost = rng.f64() < 0.3 || n % 600 < 120 || n % 20 > 6 && n % 20 < 18;
        assert!(!hole.record(bytes, lost, MonoTime(n * 1_600)), "{n}");
    }
}

#[test]
fn frames_of_one_datagram_need_twelve_of_them() {
    let mut hole = BlackHole::default();
    assert_eq!(frames(&mut hole, 0, 40, 1, |bytes| bytes <= 900), u64::from(LOST));
    assert_eq!(hole.reach(), Reach::UpTo(800));
}

#[test]
fn smaller_frames_that_pass_hide_nothing() {
    let mut hole = BlackHole::default();
    for n in 0..12 {
        hole.record(1087, true, MonoTime(n));
        hole.record(700, false, MonoTime(n));
    }
    assert_eq!(hole.reach(), Reach::UpTo(BASE_BYTES));
}

proptest! {
    #[test]
    fn whatever_is_told_the_reach_stays_within_what_was_sent_and_probes_within_the_connection(
        fates in prop::collection::vec((1usize..1163, any::<bool>(), 0u64..200_000), 1..400), most in 1usize..1163,
    ) {
        let (mut hole, mut now) = (BlackHole::default(), MonoTime(0));
        for (bytes, lost, later_us) in fates {
            now = MonoTime(now.0 + later_us);
            hole.record(bytes, lost, now);
            prop_assert!(hole.probes(most, now).all(|bytes| bytes <= most));
            prop_assert!(hole.reach().bytes(MOST).is_none_or(|bytes| (BASE_BYTES..=MOST).contains(&bytes)));
        }
    }
}
