//! The largest datagrams one path passes, at its sending end, from what the peer tells of their fate. A path may begin to
//! swallow large ones without a word while small ones pass (a black hole, RFC 2923 section 2.1). Sending is the session's.
//!
//! Datagram Packetization Layer Path MTU Discovery (RFC 8899): a black hole is found by loss (section 4.3), the path falls
//! to a base size at once, and probes that carry nothing search upwards (section 5.2). Unlike there the search is of a few
//! sizes, all probed together, so that it is over in one round trip.

#[cfg(test)]
mod tests;

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
