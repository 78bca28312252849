//! The ladder in virtual time: 720p30 at 6 Mbit/s, judged ten times a second.

use proptest::prelude::*;
use protocol::geometry::SizePx;

use super::*;

const CONFIGURED: u32 = 6_000_000;
const BEAT: Duration = Duration::from_millis(100);

struct Bench {
    ladder: Ladder,
    now: MonoTime,
    made_bytes: u64,
    /// Times the ordered rate that the encoder makes.
    makes: f64,
    steps: Vec<(u64, Rung)>,
}

impl Bench {
    fn new() -> Self {
        let canvas = SizePx { width: 1280, height: 720 };
        let ladder = Ladder::new(Shape { canvas, configured_bps: CONFIGURED });
        Self { ladder, now: MonoTime(1_000_000), made_bytes: 0, makes: 1.0, steps: Vec::new() }
    }

    fn beat(&mut self, budget_kbps: Option<u64>) {
        let budget_bps = budget_kbps.map(|kbps| kbps * 1_000);
        let ordered = budget_bps.unwrap_or(u64::MAX).clamp(LEAST_BPS.into(), CONFIGURED.into());
        let rate = if self.ladder.rung() >= Rung::HalfRate { self.makes / 2.0 } else { self.makes };
        if self.ladder.rung().has_video() {
            self.made_bytes += (ordered as f64 * rate.max(1.0) / 80.0) as u64;
        }
        self.now = self.now + BEAT;
        let seen = Seen { budget_bps, made_bytes: self.made_bytes, interval: Duration::from_micros(33_333) };
        let before = self.ladder.rung();
        let changed = self.ladder.judge(&seen, self.now);
        assert_eq!(changed, before != self.ladder.rung());
        assert_eq!(self.ladder.cause().is_none(), self.ladder.rung() == Rung::Full);
        if changed {
            self.steps.push((self.now.0 / 100_000 - 10, self.ladder.rung()));
        }
    }

    /// What is given up after `ms` with this budget.
    fn rung_after(&mut self, ms: u64, budget_kbps: Option<u64>) -> Rung {
        (0..ms / 100).for_each(|_| self.beat(budget_kbps));
        self.ladder.rung()
    }
}

#[test]
fn while_nothing_limits_or_the_lines_carry_the_configured_rate_nothing_is_given_up() {
    let mut bench = Bench::new();
    assert_eq!(bench.rung_after(60_000, None), Rung::Full);
    assert_eq!(bench.rung_after(60_000, Some(5_800)), Rung::Full);
    assert_eq!(bench.rung_after(60_000, Some(90_000)), Rung::Full);
}

#[test]
fn each_thing_is_given_up_when_the_lines_carry_too_little_for_it() {
    let table = [
        (5_000, Rung::Bitrate),
        (3_100, Rung::Bitrate),
        (3_000, Rung::Insets),
        (1_600, Rung::Insets),
        (1_400, Rung::HalfRate),
        (290, Rung::HalfRate),
        (200, Rung::Stills),
        (80, Rung::Voice),
    ];
    for (kbps, rung) in table {
        let mut bench = Bench::new();
        assert_eq!(bench.rung_after(4_000, Some(kbps)), rung, "{kbps} kbit/s");
        assert_eq!(bench.ladder.cause(), Some(Cause::Lines));
    }
}

#[test]
fn it_steps_down_within_a_second_and_stops_video_only_after_two_more() {
    let mut bench = Bench::new();
    bench.rung_after(10_000, Some(8_000));
    assert_eq!(bench.rung_after(500, Some(1_000)), Rung::Full, "a moment is no reason");
    assert_eq!(bench.rung_after(100, Some(1_000)), Rung::HalfRate);
    assert_eq!(bench.rung_after(2_000, Some(100)), Rung::HalfRate);
    assert_eq!(bench.rung_after(200, Some(100)), Rung::Voice);
}

#[test]
fn a_dip_within_a_shortage_takes_no_more_than_the_shortage_itself() {
    let mut bench = Bench::new();
    bench.rung_after(400, Some(5_000));
    assert_eq!(bench.rung_after(200, Some(300)), Rung::Bitrate);
}

#[test]
fn it_climbs_one_rung_at_a_time_with_a_wait_before_each() {
    let mut bench = Bench::new();
    bench.rung_after(2_000, Some(1_000));
    bench.steps.clear();
    assert_eq!(bench.rung_after(20_000, Some(9_000)), Rung::Full);
    let rungs: Vec<Rung> = bench.steps.iter().map(|step| step.1).collect();
    assert_eq!(rungs, [Rung::Insets, Rung::Bitrate, Rung::Full]);
    assert!(bench.steps.array_windows().all(|[one, next]| next.0 - one.0 >= 30), "{:?}", bench.steps);
}

#[test]
fn a_budget_that_is_just_enough_does_not_bring_a_rung_back() {
    let mut bench = Bench::new();
    assert_eq!(bench.rung_after(2_000, Some(1_500)), Rung::HalfRate);
    assert_eq!(bench.rung_after(60_000, Some(1_700)), Rung::HalfRate, "that would fit, without room");
    assert_eq!(bench.rung_after(1_000, Some(1_900)), Rung::HalfRate);
    assert_eq!(bench.ladder.cause(), Some(Cause::Recovering), "the wait is told");
    assert_eq!(bench.rung_after(3_000, Some(1_900)), Rung::Insets);
}

#[test]
fn without_video_nothing_is_measured_so_it_is_tried_again_and_less_often_each_time() {
    let mut bench = Bench::new();
    assert_eq!(bench.rung_after(3_000, Some(200)), Rung::Stills);
    bench.steps.clear();
    bench.rung_after(300_000, Some(200));
    let tries: Vec<u64> = bench.steps.iter().filter(|step| step.1 == Rung::HalfRate).map(|step| step.0).collect();
    let gaps: Vec<u64> = tries.array_windows().map(|[one, next]| (next - one) / 10).collect();
    assert_eq!(gaps[..4], [25, 45, 65, 65], "seconds");
    // The line is back: the next try shows it, and what follows goes at its usual speed.
    let until = bench.now;
    while bench.ladder.rung() != Rung::Full && bench.now.since(until) < Duration::from_secs(120) {
        let measured = if bench.ladder.rung().has_video() { 9_000 } else { 200 };
        bench.beat(Some(measured));
    }
    assert!(bench.now.since(until) < Duration::from_secs(62 + 62 + 10), "{:?}", bench.now.since(until));
    assert_eq!(bench.ladder.rung(), Rung::Full);
}

#[test]
fn a_try_goes_on_while_the_budget_rises_and_ends_when_it_does_not() {
    let mut bench = Bench::new();
    assert_eq!(bench.rung_after(3_000, Some(60)), Rung::Voice);
    assert_eq!(bench.rung_after(20_000, Some(60)), Rung::HalfRate, "by way of the rung between");
    for second in 0..9 {
        let kbps = 60 * 12_u64.pow(second) / 10_u64.pow(second);
        assert_eq!(bench.rung_after(1_000, Some(kbps)), Rung::HalfRate, "a fifth more each second: {kbps}");
    }
    assert_eq!(bench.rung_after(3_500, Some(240)), Rung::HalfRate);
    assert_eq!(bench.rung_after(2_000, Some(240)), Rung::Stills);
}

#[test]
fn an_encoder_that_ignores_its_order_is_named_with_figures_and_costs_a_rung() {
    let mut bench = Bench::new();
    bench.makes = 1.9;
    assert_eq!(bench.rung_after(1_800, Some(5_000)), Rung::Insets);
    let Some(Cause::Encoder { made_bps, ordered_bps: 5_000_000 }) = bench.ladder.cause() else {
        panic!("{:?}", bench.ladder.cause());
    };
    assert!((9_400_000..9_600_000).contains(&made_bps), "{made_bps}");
    assert_eq!(bench.rung_after(2_000, Some(5_000)), Rung::HalfRate, "half of the pictures fit");
    bench.steps.clear();
    bench.rung_after(300_000, Some(5_000));
    assert!(bench.steps.len() < 22, "it is tried less and less often: {:?}", bench.steps);
}

#[test]
fn an_encoder_at_its_least_is_not_blamed_for_lines_that_carry_less() {
    let mut bench = Bench::new();
    bench.rung_after(5_000, Some(100));
    assert_eq!((bench.ladder.rung(), bench.ladder.cause()), (Rung::Voice, Some(Cause::Lines)));
    assert_eq!(bench.steps.len(), 2, "half the rate, then no video: {:?}", bench.steps);
}

#[test]
fn an_encoder_that_makes_too_much_where_nothing_limits_is_left_alone() {
    let mut bench = Bench::new();
    bench.makes = 3.0;
    assert_eq!(bench.rung_after(10_000, Some(7_000)), Rung::Full);
}

/// Budgets in kbit/s, each with the tenths of a second it lasts.
fn budgets() -> impl Strategy<Value = Vec<(Option<u64>, u64)>> {
    proptest::collection::vec((proptest::option::weighted(0.9, 50..9_000u64), 1..80u64), 1..60)
}

proptest! {
    #[test]
    fn whatever_the_lines_do_it_climbs_by_single_rungs_and_never_sooner_than_its_patience(budgets in budgets()) {
        let mut bench = Bench::new();
        let mut last = (0, Rung::Full);
        for (kbps, tenths) in budgets {
            bench.steps.clear();
            (0..tenths).for_each(|_| bench.beat(kbps));
            for step in bench.steps.clone() {
                if step.1 < last.1 {
                    prop_assert_eq!(Some(step.1), Rung::ALL.into_iter().rev().find(|rung| *rung < last.1));
                    prop_assert!(step.0 - last.0 >= 30, "{:?} after {:?}", step, last);
                }
                last = step;
            }
        }
    }

    #[test]
    fn a_budget_that_trembles_around_any_value_does_not_make_it_flap(
        around in 60..7_000u64, trembles in proptest::collection::vec(85..=115u64, 1_200)
    ) {
        let mut bench = Bench::new();
        trembles.iter().for_each(|percent| bench.beat(Some(around * percent / 100)));
        // Two minutes. Tries where nothing is measured are seven at most, each with its end.
        prop_assert!(bench.steps.len() <= 16, "{:?}", bench.steps);
        let with_video = bench.steps.iter().filter(|step| step.1.has_video()).count();
        prop_assert!(with_video <= 9, "{:?}", bench.steps);
    }

    #[test]
    fn a_lasting_budget_leaves_it_at_what_fits(kbps in 290..9_000u64) {
        let mut bench = Bench::new();
        bench.rung_after(3_000, Some(kbps));
        let settled = bench.ladder.rung();
        prop_assert!(bench.steps.len() <= 1, "{:?}", bench.steps);
        prop_assert_eq!(bench.rung_after(120_000, Some(kbps)), settled);
    }
}
