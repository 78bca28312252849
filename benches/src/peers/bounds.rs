//! What our own system is held to over each link, beside what was measured.

use super::results::Figures;

/// Bounds over one link. Latencies come on top of the codec's own floor of the same pass.
#[derive(Debug, Clone, Copy, Default)]
struct Bounds {
    p50_over_ms: Option<f64>,
    p99_over_ms: Option<f64>,
    lost: bool,
    freezes: bool,
    gaps: bool,
    bytes: Option<f64>,
}

/// Of 30 frames a second, one in a hundred may be lost where the link's other bounds allow it.
const WHOLE_FPS: f64 = 29.7;
/// The share of the codec's own bytes that a rate worth its name keeps.
const KEPT: f64 = 0.95;

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is bounded.
    pub what: &'static str,
    /// What was measured, if anything was.
    pub measured: Option<f64>,
    /// What it is held to.
    pub bound: Bound,
}

/// What a figure is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// No more than this.
    Most(f64),
    /// No less than this.
    Least(f64),
}

impl Line {
    /// Whether the bound is kept. Nothing measured is not.
    pub fn is_kept(&self) -> bool {
        self.measured.is_some_and(|measured| match self.bound {
            Bound::Most(most) => measured <= most,
            Bound::Least(least) => measured >= least,
        })
    }
}

/// The bounds of `profile` beside the figures of ours and the floor.
pub fn lines(profile: &str, ours: &Figures, floor: &Figures) -> Vec<Line> {
    let bounds = of(profile);
    let over = |floor: Option<f64>, over: Option<f64>| Some(floor? + over?);
    let none = |wanted: bool| wanted.then_some(0.0);
    let lines = [
        ("p50, ms", ours.p50, over(floor.p50, bounds.p50_over_ms)),
        ("p99, ms", ours.p99, over(floor.p99, bounds.p99_over_ms)),
        ("lost", Some(ours.lost), none(bounds.lost)),
        ("freezes", Some(ours.freezes), none(bounds.freezes)),
        ("gaps over two frames", Some(ours.gaps), none(bounds.gaps)),
        ("bytes over encoded", ours.bytes, bounds.bytes),
    ];
    let most = lines
        .into_iter()
        .filter_map(|(what, measured, bound)| Some(Line { what, measured, bound: Bound::Most(bound?) }));
    most.chain(rate(ours, floor)).collect()
}

/// Over a squeezed link the rate has to follow, over all others it has to stay.
fn rate(ours: &Figures, floor: &Figures) -> Vec<Line> {
    let Some(squeeze) = ours.squeeze else {
        let kept = (floor.encoded_bps > 0.0).then(|| ours.encoded_bps / floor.encoded_bps);
        return vec![
            Line {
                what: "frames decoded in time each second",
                measured: Some(ours.fps),
                bound: Bound::Least(WHOLE_FPS),
            },
            Line { what: "bits encoded over the codec's own", measured: kept, bound: Bound::Least(KEPT) },
        ];
    };
    vec![
        Line { what: "freezes", measured: Some(ours.freezes), bound: Bound::Most(0.0) },
        Line { what: "encoder under the new capacity after, s", measured: squeeze.followed_s, bound: Bound::Most(1.0) },
        Line { what: "queue under 30 ms after, s", measured: squeeze.drained_s, bound: Bound::Most(2.0) },
        Line { what: "95 % of the rate again after, s", measured: squeeze.regained_s, bound: Bound::Most(5.0) },
    ]
}

/// The longest one-way times are those of the profiles: 15 ms over `burst`, 37 over `lte`, 18 over the path that `cut` leaves.
fn of(profile: &str) -> Bounds {
    let whole = Bounds { lost: true, freezes: true, ..Bounds::default() };
    match profile {
        "wan" => Bounds { p50_over_ms: Some(12.0), p99_over_ms: Some(18.0), ..Bounds::default() },
        "lossy" => Bounds {
            p50_over_ms: Some(14.0),
            p99_over_ms: Some(25.0),
            lost: true,
            bytes: Some(2.6),
            ..Bounds::default()
        },
        "burst" => Bounds { p99_over_ms: Some(15.0 + 12.0), bytes: Some(2.6), ..whole },
        "lte" => Bounds { p99_over_ms: Some(37.0 + 12.0), bytes: Some(2.6), ..whole },
        "cut" => Bounds { p99_over_ms: Some(18.0 + 12.0), gaps: true, bytes: Some(2.2), ..whole },
        "cutlossy" => Bounds { p99_over_ms: Some(18.0 + 12.0), gaps: true, bytes: Some(2.6), ..whole },
        "lte4" => Bounds { bytes: Some(1.75), ..whole },
        "leo" => Bounds { freezes: true, ..Bounds::default() },
        _ => Bounds::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::squeeze::Squeeze;
    use super::*;

    const FLOOR: Figures = Figures {
        p50: Some(8.0),
        p95: Some(10.0),
        p99: Some(12.0),
        max: Some(20.0),
        lost: 0.0,
        damaged: 0.0,
        freezes: 0.0,
        gaps: 0.0,
        bytes: None,
        cpu_ms: 0.0,
        frames: 600.0,
        fps: 30.0,
        encoded_bps: 6e6,
        squeeze: None,
    };

    #[test]
    fn latency_bounds_stand_on_the_floor() {
        let ours = Figures { p50: Some(19.0), p99: Some(40.0), ..FLOOR };
        let lines = lines("wan", &ours, &FLOOR);
        assert_eq!(
            lines.iter().take(2).map(|line| (line.bound, line.is_kept())).collect::<Vec<_>>(),
            [(Bound::Most(20.0), true), (Bound::Most(30.0), false)]
        );
    }

    #[test]
    fn nothing_measured_keeps_no_bound() {
        let nothing = Figures { p99: None, ..FLOOR };
        let first = lines("cut", &nothing, &FLOOR).into_iter().next().unwrap();
        assert_eq!((first.what, first.is_kept()), ("p99, ms", false));
    }

    #[test]
    fn a_rate_given_up_is_a_bound_missed_but_over_a_squeezed_link() {
        let halved = Figures { encoded_bps: 3e6, ..FLOOR };
        let kept = |lines: Vec<Line>| {
            lines.into_iter().filter(|line| !line.is_kept()).map(|line| line.what).collect::<Vec<_>>()
        };
        assert_eq!(kept(lines("leo", &halved, &FLOOR)), ["bits encoded over the codec's own"]);
        let squeeze = Some(Squeeze { followed_s: Some(0.4), drained_s: Some(2.1), regained_s: None });
        let squeezed = Figures { squeeze, ..halved };
        assert_eq!(
            kept(lines("squeeze", &squeezed, &FLOOR)),
            ["queue under 30 ms after, s", "95 % of the rate again after, s"]
        );
    }
}
