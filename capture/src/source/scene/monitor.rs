//! Scene `monitor`: a patient monitor's screen with sweeping curves and numbers, plainly marked as a simulation.
//!
//! The curves are functions of time (`signals`); what the screen shows at a column is the signal at the moment the
//! sweep last passed it. Positions are in units of 1/640 of the screen's width, from its corner.

pub(crate) mod signals;

use super::frame::Frame;
use super::glyph::{self, Style};
use super::pixel::{self, Codes};
use super::stroke::{Point, Stroke, point};
use super::{Clip, Painter};
use signals::Signal;

/// Size of the screen in units.
const SCREEN: (f32, f32) = (640.0, 480.0);
/// Left and right end of the curves.
const SWEEP: (f32, f32) = (14.0, 452.0);
/// How fast the sweep goes, in units a second: that of 25 mm/s on a screen of this size.
const SWEEP_SPEED: f32 = 76.0;
/// Width of the dark gap in front of the sweep.
const GAP: f32 = 20.0;
/// Steps of a curve, in units: fine enough for the QRS complex.
const STEP: f32 = 1.2;
/// From one curve's middle to the next one's.
const LANE: f32 = 98.0;

/// One curve with its numbers.
struct Lane {
    signal: Signal,
    ink: Codes,
    label: &'static str,
    unit: &'static str,
}

/// The scene.
pub struct Monitor {
    clip: Clip,
    lanes: [Lane; 4],
    ground: Codes,
    rule: Codes,
    amber: Codes,
    grey: Codes,
}

impl Monitor {
    /// The screen.
    pub fn new(clip: Clip) -> Self {
        let lane = |signal, ink, label, unit| Lane { signal, ink: pixel::codes(ink), label, unit };
        Self {
            clip,
            lanes: [
                lane(Signal::Ecg, [0.25, 0.92, 0.35], "HR", "/MIN"),
                lane(Signal::Pleth, [0.25, 0.82, 0.95], "SPO2", "%"),
                lane(Signal::Pressure, [0.98, 0.36, 0.33], "ART", "MMHG"),
                lane(Signal::Breath, [0.96, 0.88, 0.40], "RESP", "/MIN"),
            ],
            ground: pixel::codes([0.025, 0.035, 0.055]),
            rule: pixel::codes([0.14, 0.17, 0.21]),
            amber: pixel::codes([1.0, 0.72, 0.15]),
            grey: pixel::codes([0.55, 0.60, 0.66]),
        }
    }

    fn scale(&self) -> f32 {
        (self.clip.width() as f32 / SCREEN.0).min(self.clip.height() as f32 / SCREEN.1)
    }

    fn furniture(&self, frame: &mut Frame<'_>) {
        let scale = self.scale();
        let rule = |frame: &mut Frame<'_>, from: Point, to: Point| line(frame, [from, to], 0.8, self.rule, scale);
        rule(frame, point(0.0, 42.0), point(SCREEN.0, 42.0));
        rule(frame, point(466.0, 42.0), point(466.0, 440.0));
        rule(frame, point(0.0, 440.0), point(SCREEN.0, 440.0));
        for lane in 1..4 {
            let y = 42.0 + LANE * lane as f32 + 3.0;
            rule(frame, point(466.0, y), point(SCREEN.0, y));
        }
        text(frame, "SIMULATION", point(16.0, 13.0), (17.0, 1.7), self.amber, scale);
        text(frame, "NO PATIENT", point(200.0, 16.0), (11.0, 1.0), self.amber, scale);
        text(frame, "NIBP  118/74  (89)", point(16.0, 454.0), (11.0, 1.0), self.grey, scale);
        text(frame, "T1 36.8", point(466.0, 454.0), (11.0, 1.0), self.grey, scale);
    }

    fn lane(&self, frame: &mut Frame<'_>, index: usize, lane: &Lane, seconds: f32) {
        let scale = self.scale();
        let top = 46.0 + LANE * index as f32;
        let (label, small) = ((10.0, 1.0), (8.0, 0.8));
        text(frame, lane.label, point(478.0, top + 8.0), label, lane.ink, scale);
        text(frame, lane.unit, point(478.0, top + 78.0), small, lane.ink, scale);
        if lane.signal == Signal::Ecg {
            text(frame, "II", point(16.0, top + 6.0), label, lane.ink, scale);
        }
        let value = lane.signal.reading(seconds);
        let height = if lane.signal == Signal::Pressure { 24.0 } else { 46.0 };
        let right = SCREEN.0 - 14.0 - glyph::width(&value, height);
        text(frame, &value, point(right, top + 30.0), (height, height / 15.0), lane.ink, scale);
        self.curve(frame, top + 52.0, lane, seconds);
    }

    fn curve(&self, frame: &mut Frame<'_>, middle: f32, lane: &Lane, seconds: f32) {
        let scale = self.scale();
        let span = SWEEP.1 - SWEEP.0;
        let swept = seconds * SWEEP_SPEED;
        let head = swept % span;
        let place = |x: f32| {
            // Right of the head stands what the sweep before this one drew.
            let behind = if x <= head { head - x } else { head - x + span };
            let value = lane.signal.at(seconds - behind / SWEEP_SPEED);
            point(SWEEP.0 + x, middle - 34.0 * value)
        };
        let mut x = 0.0;
        while x + STEP <= span {
            let gap = x + STEP > head && x < head + GAP;
            let drawn = x + STEP <= swept;
            if !gap && drawn {
                line(frame, [place(x), place(x + STEP)], 1.1, lane.ink, scale);
            }
            x += STEP;
        }
        if head < span - 1.0 {
            line(frame, [place(head); 2], 2.2, lane.ink, scale);
        }
    }
}

impl Painter for Monitor {
    fn paint(&mut self, number: u64, frame: &mut Frame<'_>) {
        let [y, cb, cr] = self.ground;
        frame.luma.fill(y);
        frame.cb.fill(cb);
        frame.cr.fill(cr);
        // It has run for a while when it is first seen, so that the curves are whole.
        let seconds = self.clip.seconds(number) + 10.0;
        self.furniture(frame);
        for (index, lane) in self.lanes.iter().enumerate() {
            self.lane(frame, index, lane, seconds);
        }
    }
}

fn line(frame: &mut Frame<'_>, ends: [Point; 2], radius: f32, ink: Codes, scale: f32) {
    let stroke = Stroke { ends, radii: [radius; 2] };
    stroke.scaled(scale).draw(frame, ink);
}

/// `size` is the height of capitals and the pen's radius.
fn text(frame: &mut Frame<'_>, text: &str, at: Point, size: (f32, f32), ink: Codes, scale: f32) {
    let style = Style { height: size.0 * scale, pen: size.1 * scale, ink };
    glyph::write(frame, text, at * scale, style);
}
