//! Scene `tissue`: the operative field through a laparoscope. A gallbladder held by a grasper, liver, fat, a hook.
//!
//! The surface is a texture made once (`field`, out of `organs` and `vessels`). Each frame bends it (`pose`: camera,
//! breath, pulse, the grasper's pull), adds glints where the wet surface mirrors the light (`glints`), draws the
//! `instruments`, and looks at it all through the `scope`. Positions are in units of 1/1280 of the picture's width,
//! from its middle.

mod field;
mod glints;
mod instruments;
mod organs;
mod pose;
mod scope;
mod vessels;

use super::frame::Frame;
use super::stroke::point;
use super::warp::Grid;
use super::{Clip, Painter};
use field::Field;
use glints::Glints;
use pose::{Pose, View};
use scope::Scope;

/// The scene.
pub struct Tissue {
    clip: Clip,
    view: View,
    field: Field,
    grid: Grid,
    half_grid: Grid,
    glints: Glints,
    scope: Scope,
}

impl Tissue {
    /// Makes the surface, which takes a good part of a second at 1280x720.
    pub fn new(clip: Clip) -> Self {
        let (width, height) = (clip.width(), clip.height());
        let view = View::new(width, height);
        Self {
            clip,
            view,
            field: Field::new(width, height, view),
            grid: Grid::new(width, height),
            half_grid: Grid::new(width / 2, height / 2),
            glints: Glints::new(width, height),
            scope: Scope::new(width, height, view),
        }
    }

    fn bend(&mut self, pose: &Pose) {
        let (view, lattice) = (self.view, self.field.lattice());
        let texel = |x: f32, y: f32| lattice.texel(pose.field_from_view(view.unit(point(x, y))));
        self.grid.bend(|x, y| {
            let texel = texel(x, y);
            (texel.x, texel.y)
        });
        self.half_grid.bend(|x, y| {
            let texel = texel(x * 2.0, y * 2.0) * 0.5;
            (texel.x, texel.y)
        });
    }
}

impl Painter for Tissue {
    fn paint(&mut self, number: u64, frame: &mut Frame<'_>) {
        let pose = Pose::at(self.clip.seconds(number));
        self.bend(&pose);
        for (y, row) in frame.luma.rows_mut().enumerate() {
            self.field.luma.sample(&self.grid, y, self.scope.visible(y), row);
        }
        self.glints.find(&self.field, &self.half_grid, &self.scope, self.view, &pose, frame);
        self.glints.add(&mut frame.luma);
        instruments::paint(&pose, self.view, frame);
        self.scope.look(number, frame);
    }
}
