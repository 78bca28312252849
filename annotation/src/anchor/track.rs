//! Where a source's scene was in each of its pictures, and so how far it has moved under a mark. Finding it in a picture
//! is `tracker`'s.

use std::collections::VecDeque;
use std::time::Duration;

use protocol::geometry::ImagePoint;
use protocol::time::SessionTime;

use super::motion::Point;
use super::tracker::{Grip, Pose};

/// Pictures that are remembered: five minutes at 60 a second, for marks drawn on a still that was looked at for long.
/// A mark on an older one counts as moved.
pub const REMEMBERED: usize = 18_000;

/// Where a picture's pose is not known, that of one so little older stands for it: a flash or a lost picture is bridged, and
/// no hand moves a scope far meanwhile.
const BRIDGED: Duration = Duration::from_millis(100);

/// How the picture under a mark has moved since the mark was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moved {
    /// So far at the mark's place, as a part of the picture's width.
    By(f32),
    /// Nobody can say: the picture the mark was drawn on is not remembered, or the scene is not found at present.
    Unknown,
    /// It is of something else now.
    Elsewhere,
}

/// The poses of one source, by capture time.
#[derive(Debug, Clone, Default)]
pub struct Track {
    poses: VecDeque<(SessionTime, Pose)>,
}

impl Track {
    /// A picture captured at `captured` has this pose. One that is not newer than the last is left out.
    pub fn note(&mut self, captured: SessionTime, pose: Pose) {
        if self.poses.back().is_some_and(|(newest, _)| *newest >= captured) {
            return;
        }
        if self.poses.len() == REMEMBERED {
            self.poses.pop_front();
        }
        self.poses.push_back((captured, pose));
    }

    /// How the picture has moved, from the one captured at `since` to the newest, at the place of `points` that it moved
    /// most.
    pub fn moved(&self, since: SessionTime, points: &[ImagePoint]) -> Moved {
        let Some((_, now)) = self.poses.back() else { return Moved::Unknown };
        let later = self.poses.partition_point(|(captured, _)| *captured <= since);
        let Some(then) = self.firm_before(later, since) else { return Moved::Unknown };
        if then.scene != now.scene {
            return Moved::Elsewhere;
        }
        if now.grip != Grip::Firm || then.half != now.half {
            return Moved::Unknown;
        }
        let motion = then.motion.back().then(now.motion);
        let at = |point: &Point| (motion.of(*point) - point).norm() / (2.0 * now.half.re);
        Moved::By(corners(points, now.half).iter().map(at).fold(0.0, f32::max))
    }

    /// The newest pose before place `later` if the scene was found in that picture, or else in one shortly before `since`.
    fn firm_before(&self, later: usize, since: SessionTime) -> Option<Pose> {
        let mut before = self.poses.range(..later).rev();
        let firm = |(_, pose): &&(SessionTime, Pose)| pose.grip == Grip::Firm;
        let newest = before.next()?;
        let close = before.take_while(|(captured, _)| since.since(*captured) <= BRIDGED);
        std::iter::once(newest).chain(close).find(firm).map(|(_, pose)| *pose)
    }
}

/// The corners of the rectangle around `points`, from the picture's middle.
fn corners(points: &[ImagePoint], half: Point) -> Vec<Point> {
    let side = |of: fn(&ImagePoint) -> u16| {
        let ends = [points.iter().map(of).min(), points.iter().map(of).max()];
        ends.map(|end| f32::from(end.unwrap_or(u16::MAX / 2)) / f32::from(u16::MAX) * 2.0 - 1.0)
    };
    let (across, down) = (side(|point| point.x), side(|point| point.y));
    across.iter().flat_map(|x| down.map(|y| Point::new(x * half.re, y * half.im))).collect()
}
