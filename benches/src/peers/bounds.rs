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

/// One line of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What is bounded.
    pub what: &'static str,
    /// What was measured, if anything was.
    pub measured: Option<f64>,
    /// What it may be at most.
    pub bound: f64,
}

impl Line {
    /// Whether the bound is kept. Nothing measured is not.
    pub fn is_kept(&self) -> bool {
        self.measured.is_some_and(|measured| measured <= self.bound)
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
    lines.into_iter().filter_map(|(what, measured, bound)| Some(Line { what, measured, bound: bound? })).collect()
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
    };

    #[test]
    fn latency_bounds_stand_on_the_floor() {
        let ours = Figures { p50: Some(19.0), p99: Some(40.0), ..FLOOR };
        let lines = lines("wan", &ours, &FLOOR);
        assert_eq!(
            lines.iter().map(|line| (line.bound, line.is_kept())).collect::<Vec<_>>(),
            [(20.0, true), (30.0, false)]
        );
    }

    #[test]
    fn nothing_measured_keeps_no_bound() {
        let nothing = Figures { p99: None, ..FLOOR };
        let first = lines("cut", &nothing, &FLOOR).into_iter().next().unwrap();
        assert_eq!((first.what, first.is_kept()), ("p99, ms", false));
    }

    #[test]
    fn links_without_bounds_have_no_lines() {
        assert_eq!(lines("squeeze", &FLOOR, &FLOOR), []);
    }
}
