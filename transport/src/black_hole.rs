//! The largest datagrams one path passes, at its sending end, from what the peer tells of their fate. A path may begin to
//! swallow large ones without a word while small ones pass (a black hole, RFC 2923 section 2.1). Sending is the session's.
//!
//! Datagram Packetization Layer Path MTU Discovery (RFC 8899): a black hole is found by loss (section 4.3), the path falls
//! to a base size at once, and probes that carry nothing search upwards (section 5.2). Unlike there the search is of a few
//! sizes, all probed together, so that it is over in one round trip.

use std::time::Duration;

use protocol::time::MonoTime;

/// What a path falls to, in bytes: any IPv4 host takes 576 (RFC 1122 section 3.3.2), and a frame costs 5 % more in headers.
pub const BASE_BYTES: usize = 600;
/// Sizes probed, in bytes, beside the largest the connection takes: a step costs 10 % of a frame's datagrams at most.
const SIZES: [usize; 3] = [BASE_BYTES, 800, 1000];
/// Datagrams are told apart by size in these classes; those up to the first bound always have to pass.
const BOUNDS: [usize; 4] = [BASE_BYTES / 2, SIZES[0], SIZES[1], SIZES[2]];
/// As many of a class in a row, none arriving, are no chance: at 30 % loss less than one in a million.
const LOST: u32 = 12;
/// They must come in as many groups with smaller ones arriving between: what takes one frame is a burst or a full queue.
const GROUPS: u32 = 3;
/// Probes of each size before the search rests (MAX_PROBES, RFC 8899 section 5.1.2).
const PROBES: u32 = 3;
/// The first rest between searches. Probes carry nothing, so this guards against a hole that opens and closes.
const MIN_REST: Duration = Duration::from_secs(1);
/// The longest rest. PMTU_RAISE_TIMER is 600 s (RFC 8899 section 5.1.1); a path that carries no video is worth 3 KB a minute.
const MAX_REST: Duration = Duration::from_secs(60);

/// What a path passes, as far as known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Whatever the connection takes.
    #[default]
    Everything,
    /// Datagrams of up to so many bytes.
    UpTo(usize),
    /// Not even [`BASE_BYTES`]: small signs of life alone.
    Little,
}

/// One direction of one path.
#[derive(Debug, Default)]
pub struct BlackHole {
    reach: Reach,
    runs: [Run; BOUNDS.len()],
    search: Search,
    rest: Duration,
    fell: Option<MonoTime>,
}

/// What was lost in a row of one class.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    lost: u32,
    groups: u32,
    /// Whether a smaller one has arrived since the last was lost.
    apart: bool,
}

#[derive(Debug, Clone, Copy, Default)]
enum Search {
    /// There is nothing to search for.
    #[default]
    Over,
    /// So many probes of each size are left.
    Probing(u32),
    /// It begins again at this time.
    Resting(MonoTime),
}

impl Reach {
    /// The largest datagram that passes, of those up to `most` bytes; `None` if it is too small for video.
    pub fn bytes(self, most: usize) -> Option<usize> {
        match self {
            Self::Everything => Some(most),
            Self::UpTo(bytes) => Some(bytes.min(most)),
            Self::Little => None,
        }
    }

    /// Whether the fate of a datagram of `bytes` says nothing but how large it was.
    pub fn is_beyond(self, bytes: usize) -> bool {
        match self {
            Self::Everything => false,
            Self::UpTo(passes) => bytes > passes,
            Self::Little => bytes > BOUNDS[0],
        }
    }

    /// What is wrong, in words for people.
    pub fn notice(self) -> Option<String> {
        match self {
            Self::Everything => None,
            Self::UpTo(bytes) => Some(format!(
                "datagrams above {bytes} bytes vanish on this line, so video goes in smaller ones; its operator can say why"
            )),
            Self::Little => Some(format!(
                "datagrams of {BASE_BYTES} bytes vanish on this line, so it carries no video; its operator can say why"
            )),
        }
    }
}

impl BlackHole {
    /// What the path passes.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// A datagram of `bytes` arrived or was `lost`; in the order they were sent. Says whether the path has just fallen.
    pub fn record(&mut self, bytes: usize, lost: bool, now: MonoTime) -> bool {
        let class = BOUNDS.iter().filter(|bound| bytes > **bound).count();
        if lost {
            if let Some(run) = class.checked_sub(1).and_then(|at| self.runs.get_mut(at)) {
                run.lose();
            }
            return false;
        }
        if self.reach.is_beyond(bytes) && bytes >= BASE_BYTES {
            self.reach = Reach::UpTo(bytes);
        }
        self.runs.iter_mut().take(class).for_each(|run| *run = Run::default());
        self.runs.iter_mut().skip(class).for_each(|run| run.apart = run.lost > 0);
        self.judge(now)
    }

    /// Sizes of the probes to send now, on a connection that takes up to `most` bytes: above what is known to pass. To be
    /// asked once each probe interval.
    pub fn probes(&mut self, most: usize, now: MonoTime) -> impl Iterator<Item = usize> + use<> {
        let passes = self.reach.bytes(most).unwrap_or(0);
        if passes >= most {
            (self.reach, self.search) = (Reach::Everything, Search::Over);
        }
        if let Search::Resting(until) = self.search
            && until <= now
        {
            self.search = Search::Probing(PROBES);
        }
        let probing = match self.search {
            Search::Probing(0) => {
                self.rest_from(now);
                false
            }
            Search::Probing(left) => {
                self.search = Search::Probing(left - 1);
                true
            }
            Search::Over | Search::Resting(_) => false,
        };
        SIZES.into_iter().chain([most]).filter(move |bytes| probing && (passes + 1..=most).contains(bytes))
    }

    /// Falls if a class that ought to pass does not.
    fn judge(&mut self, now: MonoTime) -> bool {
        let swallowed = |(_, run): &(&usize, &Run)| run.lost >= LOST && run.groups >= GROUPS && run.apart;
        let Some((bound, _)) = BOUNDS.iter().zip(&self.runs).find(swallowed) else { return false };
        let to = if *bound < BASE_BYTES { Reach::Little } else { Reach::UpTo(BASE_BYTES) };
        let falls = !self.reach.is_beyond(bound + 1);
        self.runs = Default::default();
        if falls {
            self.reach = to;
            self.search_after_fall(now);
        }
        falls
    }

    /// At once, but after a rest if the path fell lately: a hole that comes and goes must not have a frame each time.
    fn search_after_fall(&mut self, now: MonoTime) {
        let lately = self.fell.replace(now).is_some_and(|fell| now.since(fell) < 2 * MAX_REST);
        if lately {
            self.rest_from(now);
        } else {
            (self.search, self.rest) = (Search::Probing(PROBES), Duration::ZERO);
        }
    }

    fn rest_from(&mut self, now: MonoTime) {
        self.rest = (2 * self.rest).clamp(MIN_REST, MAX_REST);
        self.search = Search::Resting(now + self.rest);
    }
}

impl Run {
    fn lose(&mut self) {
        if self.apart || self.lost == 0 {
            self.groups = self.groups.saturating_add(1);
        }
        self.apart = false;
        self.lost = self.lost.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
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
}
