//! Source kind `vitals`: the patient's vital signs as a picture, for those who look at the canvas. The same values by the
//! same rules as the console's panel: late ones grey with their age, gone ones gone, gaps left open.
//!
//! Positions are in units of 1/640 of the picture's width, from its corner.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};
use gstreamer_video::VideoInfo;
use gstreamer_video::prelude::*;
use media::picture::{self, Picture, Pool};
use program::clock;
use protocol::colour::Colour;
use protocol::geometry::SizePx;
use protocol::vitals::{FeedState, Origin, Priority};
use vitals::NO_ALARMS;
use vitals::age::{Standing, spoken};
use vitals::panel::{Curve, Number, Told};
use vitals::terms::Group;

use super::Event;
use super::pace::{Thread, Waiter};
use super::scene::frame::Frame;
use super::scene::glyph::{self, Style};
use super::scene::pixel::{self, Codes, Rgb};
use super::scene::stroke::{Point, Stroke, point};
use crate::vitals::hub::{Hub, Shown};

/// Size of the picture: that of a monitor's screen, as the scene `monitor` has it.
const SIZE: SizePx = SizePx { width: 640, height: 480 };
/// Pictures come so often: a curve moves by eight pixels between two.
const INTERVAL: Duration = Duration::from_millis(100);
/// Curves are swept once in this time: at 25 mm/s as on a monitor of this shape.
const SPAN: Duration = Duration::from_secs(6);

/// Left and right end of the curves.
const SWEEP: (f32, f32) = (12.0, 440.0);
/// Top of the uppermost curve and number, and the bottom of the last.
const FIELD: (f32, f32) = (44.0, 438.0);
/// Curves and numbers that have room.
const LANES: usize = 4;
/// See [`LANES`].
const ROWS: usize = 7;
/// Left and right end of the numbers.
const NUMBERS: (f32, f32) = (456.0, 630.0);

const GROUND: Rgb = [0.025, 0.035, 0.055];
const RULE: Rgb = [0.14, 0.17, 0.21];
const GREY: Rgb = [0.55, 0.60, 0.66];
const AMBER: Rgb = [1.0, 0.72, 0.15];
const RED: Rgb = [1.0, 0.35, 0.30];

/// Begins to draw what `hub` holds.
///
/// # Errors
/// No memory or no thread, in one line.
pub fn open(
    name: &str,
    hub: Arc<Hub>,
    mut deliver: impl FnMut(Picture) + Send + 'static,
) -> Result<(Receiver<Event>, Thread), String> {
    let info = picture::i420(SIZE, Colour::default()).map_err(|error| error.to_string())?;
    let pool = Pool::new(&info).map_err(|error| error.to_string())?;
    let work = move |waiter: &Waiter, events: &Sender<Event>| run(&hub, &info, &pool, (waiter, events), &mut deliver);
    Thread::start(format!("vitals {name}"), work)
}

fn run(
    hub: &Hub,
    info: &VideoInfo,
    pool: &Pool,
    (waiter, events): (&Waiter, &Sender<Event>),
    deliver: &mut impl FnMut(Picture),
) {
    let mut due = clock::now();
    while waiter.until(due).is_continue() {
        let now = clock::now();
        match drawn(&hub.shown(now, SPAN), info, pool) {
            Ok(buffer) => deliver(Picture { buffer, info: info.clone(), captured: now }),
            Err(error) => {
                // Full cannot be: this is the only event, and the thread ends with it.
                events.try_send(Event::Failed { what: error.to_string() }).ok();
                return;
            }
        }
        due = (due + INTERVAL).max(now);
    }
}

fn drawn(shown: &Shown, info: &VideoInfo, pool: &Pool) -> Result<gstreamer::Buffer, picture::Error> {
    let mut picture = picture::write(pool.buffer()?, info)?;
    let strides = picture.plane_stride().to_vec();
    let strides_bytes =
        [0, 1, 2].map(|plane: usize| strides.get(plane).map_or(0, |stride| stride.unsigned_abs() as usize));
    let [luma, cb, cr, _] = picture.planes_data_mut();
    let frame = Frame::new([luma, cb, cr], strides_bytes, SIZE.width.into(), SIZE.height.into());
    let frame = frame.ok_or(picture::Error::NoMemory(info.size()))?;
    Screen { frame }.draw(shown);
    Ok(picture.into_buffer())
}

/// What is drawn on.
struct Screen<'a> {
    frame: Frame<'a>,
}

impl Screen<'_> {
    fn draw(&mut self, shown: &Shown) {
        let [y, cb, cr] = pixel::codes(GROUND);
        self.frame.luma.fill(y);
        self.frame.cb.fill(cb);
        self.frame.cr.fill(cr);
        self.rules();
        self.heading(shown);
        let height = (FIELD.1 - FIELD.0) / LANES as f32;
        for (lane, curve) in shown.curves.iter().take(LANES).enumerate() {
            self.curve(curve, FIELD.0 + height * lane as f32, height);
        }
        let height = (FIELD.1 - FIELD.0) / ROWS as f32;
        for (row, number) in shown.numbers.iter().take(ROWS).enumerate() {
            self.number(number, FIELD.0 + height * row as f32);
        }
        self.text(NO_ALARMS, point(16.0, 453.0), 11.0, AMBER);
        let left_out = shown.numbers.len().saturating_sub(ROWS) + shown.curves.len().saturating_sub(LANES);
        if left_out > 0 {
            let text = format!("+{left_out} more");
            self.text(&text, point(NUMBERS.1 - glyph::width(&text, 11.0), 453.0), 11.0, AMBER);
        }
    }

    fn rules(&mut self) {
        let (left, right) = (0.0, f32::from(SIZE.width));
        for ends in [
            [point(left, FIELD.0 - 4.0), point(right, FIELD.0 - 4.0)],
            [point(left, FIELD.1 + 4.0), point(right, FIELD.1 + 4.0)],
            [point(NUMBERS.0 - 8.0, FIELD.0 - 4.0), point(NUMBERS.0 - 8.0, FIELD.1 + 4.0)],
        ] {
            self.line(ends, 0.8, RULE);
        }
    }

    /// Where it comes from and how it stands, and the most urgent alarm.
    fn heading(&mut self, shown: &Shown) {
        let (text, ink) = match (shown.feed.state, shown.feed.origin) {
            (FeedState::PatientChanged, _) => ("OTHER PATIENT: CONFIRM IN THEATRE", RED),
            (FeedState::Waiting, _) => ("WAITING FOR THE MONITOR", AMBER),
            (FeedState::Silent, _) => ("NOTHING COMES FROM THE MONITOR", RED),
            (FeedState::Live, Origin::Monitor) => ("VITALS", GREY),
            (FeedState::Live, Origin::Recording) => ("RECORDING - NO PATIENT", AMBER),
            (FeedState::Live, Origin::Generated) => ("SIMULATION - NO PATIENT", AMBER),
        };
        self.text(text, point(16.0, 14.0), 13.0, ink);
        if let Some(alarm) = shown.alarms.first() {
            let text = format!("{} {}", signs(alarm.priority), alarm.text);
            let left = NUMBERS.1 - glyph::width(&text, 13.0);
            self.text(&text, point(left, 14.0), 13.0, urgent(alarm));
        }
    }

    fn curve(&mut self, curve: &Curve, top: f32, height: f32) {
        let ink = ink(curve.group);
        self.text(&curve.label, point(SWEEP.0 + 2.0, top + 2.0), 9.0, ink);
        let Some((low, high)) = curve.sweep.range else { return };
        // A flat line stays in the middle instead of filling the lane with its noise.
        let span = (high - low).max(f32::EPSILON * high.abs().max(1.0));
        let (room, bottom) = (height - 22.0, top + height - 5.0);
        let place = |at: &vitals::sweep::Point| {
            let up = if high > low { (at.value - low) / span } else { 0.5 };
            point(SWEEP.0 + at.across * (SWEEP.1 - SWEEP.0), bottom - up * room)
        };
        for line in &curve.sweep.lines {
            for [from, to] in line.array_windows() {
                self.line([place(from), place(to)], 1.0, ink);
            }
        }
    }

    fn number(&mut self, number: &Number, top: f32) {
        let is_late = number.standing == Standing::Late;
        let ink = if is_late { GREY } else { ink(number.group) };
        self.text(&number.label, point(NUMBERS.0, top + 2.0), 9.0, ink);
        // What is not of this moment, or a cuff's, is told by its age alone: it matters more than the unit.
        let age = spoken(number.age);
        let doubt = if number.is_questionable { " ?" } else { "" };
        let beside = match is_late || number.group == Group::Cuff {
            true => format!("{age} ago{doubt}"),
            false => format!("{}{doubt}  {age}", number.unit),
        };
        let left = NUMBERS.1 - glyph::width(&beside, 8.0);
        self.text(&beside, point(left, top + 2.5), 8.0, ink);
        if let Some(alarm) = &number.alarm {
            let after = NUMBERS.0 + glyph::width(&number.label, 9.0) + 8.0;
            self.text(signs(alarm.priority), point(after, top + 2.0), 9.0, urgent(alarm));
        }
        let height = (30.0_f32).min((NUMBERS.1 - NUMBERS.0) / glyph::width(&number.text, 1.0).max(0.1));
        let left = NUMBERS.1 - glyph::width(&number.text, height);
        self.text(&number.text, point(left, top + 18.0 + (30.0 - height) / 2.0), height, ink);
    }

    fn text(&mut self, text: &str, at: Point, height: f32, ink: Rgb) {
        let style = Style { height, pen: height / 13.0, ink: codes(ink) };
        glyph::write(&mut self.frame, &text.to_uppercase(), at, style);
    }

    fn line(&mut self, ends: [Point; 2], radius: f32, ink: Rgb) {
        Stroke { ends, radii: [radius; 2] }.draw(&mut self.frame, codes(ink));
    }
}

fn codes(ink: Rgb) -> Codes {
    pixel::codes(ink)
}

/// The colour of what a value is about, as monitors have it.
fn ink(group: Group) -> Rgb {
    match group {
        Group::Heart => [0.25, 0.92, 0.35],
        Group::Oxygen => [0.25, 0.82, 0.95],
        Group::Pressure => [0.98, 0.42, 0.40],
        Group::Cuff => [0.90, 0.55, 0.95],
        Group::Breath => [0.96, 0.88, 0.40],
        Group::Other => [0.88, 0.90, 0.93],
    }
}

/// The colour of an alarm: grey if its device has not spoken of it for long.
fn urgent(alarm: &Told) -> Rgb {
    match (alarm.standing, alarm.priority) {
        (Standing::Current, Priority::High) => RED,
        (Standing::Current, _) => AMBER,
        (Standing::Late | Standing::Gone, _) => GREY,
    }
}

/// As IEC 60601-1-8 marks priorities.
fn signs(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "!!!",
        Priority::Medium => "!!",
        Priority::Low | Priority::Unknown => "!",
    }
}

#[cfg(test)]
mod tests;
