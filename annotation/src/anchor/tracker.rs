//! Follows the scene from picture to picture. What came of it for marks is `track`'s.
//!
//! From each picture to the next the motion is added up, which drifts. So some pictures are kept as keys with the pose
//! they had, and the newest is compared with the oldest of them that is near: what it finds replaces the sum, and drift grows with the
//! number of keys between two places, not with time. A place that is come back to is found by its own key.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::time::SessionTime;

use super::blocks::View;
use super::correlation::Correlator;
use super::luma::Luma;
use super::motion::{Motion, Point};

/// Without any motion found for so long, the picture is of something else: the time after which a picture that does not
/// change counts as frozen. Shorter, a wipe across the lens or a flash would cost every mark.
pub const LOST_FOR: Duration = Duration::from_millis(500);
/// Keys that are kept: what a scope looks at in some minutes, five megabytes.
const KEYS: usize = 24;
/// A picture becomes a key where none is nearer at every corner, in pixels. Farther apart, what is near has moved otherwise
/// than what is deep; closer together, drift grows with their number.
const KEY_EVERY: f32 = 12.0;
/// While all is well, every so many pictures one is compared with a key in place of the picture before: often enough that
/// drift between is none.
const CHECK_EVERY: u32 = 4;

/// Where the scene lies in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// Counts scenes: poses of different ones have nothing to do with each other.
    pub scene: u32,
    /// From the scene's first picture to this.
    pub motion: Motion,
    /// The picture's lower right corner, from its middle.
    pub half: Point,
    /// How sure that is.
    pub grip: Grip,
}

/// Whether the scene was found in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grip {
    /// It was.
    Firm,
    /// Not since then; where it lies now is not known.
    LostSince(SessionTime),
}

/// Follows one source.
#[derive(Debug)]
pub struct Tracker {
    correlator: Correlator,
    previous: Option<(View, Pose)>,
    keys: VecDeque<(View, Motion)>,
    /// Pictures since one was compared with a key.
    unchecked: u32,
    /// While the scene is lost, the key that is tried next.
    tried: usize,
}

impl Default for Tracker {
    fn default() -> Self {
        Self { correlator: Correlator::new(), previous: None, keys: VecDeque::new(), unchecked: 0, tried: 0 }
    }
}

impl Tracker {
    /// Takes the next picture, captured at `captured`.
    pub fn see(&mut self, luma: Luma, captured: SessionTime) -> Pose {
        let half = luma.half();
        let view = View::of(luma, &mut self.correlator);
        let Some((before, pose)) = self.previous.take() else { return self.begin(view, 0, half) };
        if before.luma().size() != view.luma().size() {
            return self.begin(view, pose.scene + 1, half);
        }
        self.unchecked += 1;
        match (self.found(&before, &view, pose), pose.grip) {
            (Some(motion), _) => {
                let pose = Pose { motion, grip: Grip::Firm, ..pose };
                self.keep(&view, pose);
                self.previous = Some((view, pose));
                pose
            }
            (None, Grip::LostSince(since)) if captured.since(since) >= LOST_FOR => {
                self.begin(view, pose.scene + 1, half)
            }
            (None, grip) => {
                let since = if let Grip::LostSince(since) = grip { since } else { captured };
                let pose = Pose { grip: Grip::LostSince(since), ..pose };
                self.previous = Some((view, pose));
                pose
            }
        }
    }

    /// From the scene's first picture to `view`, which comes after `before` with its `pose`. One comparison tells, but where
    /// the first one tried finds nothing.
    fn found(&mut self, before: &View, view: &View, pose: Pose) -> Option<Motion> {
        let is_firm = pose.grip == Grip::Firm;
        if is_firm && self.unchecked >= CHECK_EVERY {
            // From one picture to the next the scene moves little: where it was tells which key is near.
            let checked = self.by_key(view, Some(pose.motion), pose.half);
            return checked.or_else(|| self.summed(before, view, pose));
        }
        let summed = if is_firm { self.summed(before, view, pose) } else { None };
        summed.or_else(|| self.by_key(view, None, pose.half))
    }

    fn summed(&mut self, before: &View, view: &View, pose: Pose) -> Option<Motion> {
        let step = before.motion_to(view, Point::default(), &mut self.correlator)?;
        Some(pose.motion.then(step))
    }

    /// A scene begins with this picture.
    fn begin(&mut self, view: View, scene: u32, half: Point) -> Pose {
        let pose = Pose { scene, motion: Motion::NONE, half, grip: Grip::Firm };
        self.keys.clear();
        self.keys.push_back((view.clone(), pose.motion));
        self.unchecked = 0;
        self.previous = Some((view, pose));
        pose
    }

    /// The pose by the oldest key near the `expected` one, which drifted least, or else the nearest; where nothing is
    /// expected, by each key at its turn.
    fn by_key(&mut self, view: &View, expected: Option<Motion>, half: Point) -> Option<Motion> {
        self.unchecked = 0;
        let (key, guess) = match expected {
            Some(expected) => {
                let way = |motion: Motion| motion.back().then(expected);
                let reach = |key: &(View, Motion)| way(key.1).reach(half);
                let nearest = || self.keys.iter().min_by(|one, other| reach(one).total_cmp(&reach(other)));
                let key = self.keys.iter().find(|key| reach(key) < KEY_EVERY).or_else(nearest)?;
                (key, way(key.1).of_middle())
            }
            None => {
                self.tried = (self.tried + 1) % self.keys.len().max(1);
                (self.keys.get(self.tried)?, Point::default())
            }
        };
        let motion = key.0.motion_to(view, guess, &mut self.correlator)?;
        Some(key.1.then(motion))
    }

    /// Keeps the picture as a key if none is near. The one that is farthest away makes room.
    fn keep(&mut self, view: &View, pose: Pose) {
        let away = |motion: Motion| motion.back().then(pose.motion).reach(pose.half);
        if self.keys.iter().any(|(_, motion)| away(*motion) < KEY_EVERY) {
            return;
        }
        if self.keys.len() == KEYS {
            let places = self.keys.iter().enumerate().map(|(place, (_, motion))| (place, away(*motion)));
            if let Some((farthest, _)) = places.max_by(|one, other| one.1.total_cmp(&other.1)) {
                self.keys.remove(farthest);
            }
        }
        self.keys.push_back((view.clone(), pose.motion));
    }
}
