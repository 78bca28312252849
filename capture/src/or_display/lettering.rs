//! Makes pixels of notices, on a thread of its own: text takes some ten milliseconds, and no picture waits for it.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use annotation::raster::{Overlay, Rect};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use media::caption::{self, Letters};
use media::slot::Slot;
use protocol::geometry::SizePx;

use super::notices::Order;
use crate::local::{Notice, Severity};

/// How long the thread waits for an order at a time. Nothing depends on it: whatever is put wakes it.
const WAIT: Duration = Duration::from_secs(1);
/// How much of the picture a notice's ground takes away, of 255: enough to read on tissue, little enough to see it.
const VEIL: u8 = 150;
/// The parts of a picture's width from its edges to the first notice, and from a notice's edge to its letters.
const MARGIN: u16 = 80;
const PADDING: u16 = 200;

/// The thread; ends and joins when dropped.
pub struct Lettering {
    orders: Arc<Slot<Work>>,
    made: Arc<Slot<(Order, Overlay)>>,
    came: Receiver<()>,
    seen: u64,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Clone)]
enum Work {
    Make(Order),
    End,
}

impl Lettering {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gave none.
    pub fn start() -> std::io::Result<Self> {
        let (orders, made) = (Arc::<Slot<Work>>::default(), Arc::<Slot<(Order, Overlay)>>::default());
        // Capacity 1: a second result before the display looked is found in the slot all the same.
        let (come, came) = bounded(1);
        let (work, into) = (Arc::clone(&orders), Arc::clone(&made));
        let thread = Builder::new().name("lettering".into()).spawn(move || run(&work, &into, &come))?;
        Ok(Self { orders, made, came, seen: 0, thread: Some(thread) })
    }

    /// Takes an order. One that was not begun is forgotten.
    pub fn order(&self, order: Order) {
        self.orders.put(Work::Make(order));
    }

    /// Receives when there is something to [`take`](Self::take).
    pub fn came(&self) -> &Receiver<()> {
        &self.came
    }

    /// The newest order that is done, once.
    pub fn take(&mut self) -> Option<(Order, Overlay)> {
        let (sequence, made) = self.made.newer_than(self.seen)?;
        self.seen = sequence;
        Some(made)
    }
}

impl Drop for Lettering {
    fn drop(&mut self) {
        self.orders.put(Work::End);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread for notices panicked");
        }
    }
}

fn run(orders: &Slot<Work>, made: &Slot<(Order, Overlay)>, come: &Sender<()>) {
    let mut seen = 0;
    loop {
        let Some((sequence, work)) = orders.wait_newer(seen, WAIT) else { continue };
        seen = sequence;
        let Work::Make(order) = work else { return };
        match draw(&order) {
            Ok(overlay) => {
                made.put((order, overlay));
                match come.try_send(()) {
                    Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
                }
            }
            Err(error) => tracing::warn!("a notice is not shown: {error}"),
        }
    }
}

/// The notices above each other in the lower left corner, the first at the bottom.
fn draw(order: &Order) -> Result<Overlay, caption::Error> {
    let (margin, padding) = (order.size.width / MARGIN, order.size.width / PADDING);
    let mut overlay = Overlay::default();
    let mut bottom = order.size.height.saturating_sub(margin);
    for notice in &order.notices {
        let letters = caption::letters(&notice.text, order.size.width)?;
        let (size, rgba) = plate(&letters, padding, colour(notice));
        let Some(y) = bottom.checked_sub(size.height) else { break };
        // What reaches beyond the picture is left out where it is blended.
        overlay.rects.push(Rect { x: margin, y, size, rgba: rgba.into() });
        bottom = y.saturating_sub(padding);
    }
    Ok(overlay)
}

/// Letters of a colour on a dark ground, premultiplied.
fn plate(letters: &Letters, padding: u16, colour: [u8; 3]) -> (SizePx, Vec<u8>) {
    let SizePx { width, height } = letters.size;
    let size = SizePx { width: width + 2 * padding, height: height + 2 * padding };
    let row_bytes = usize::from(size.width) * 4;
    let mut rgba: Vec<u8> = [0, 0, 0, VEIL].repeat(usize::from(size.width) * usize::from(size.height));
    let rows = rgba.chunks_exact_mut(row_bytes.max(4)).skip(padding.into());
    for (row, covered) in rows.zip(letters.coverage.chunks_exact(usize::from(width).max(1))) {
        let pixels = row.as_chunks_mut::<4>().0.iter_mut().skip(padding.into());
        for ([red, green, blue, opacity], covered) in pixels.zip(covered) {
            let part = |of: u8| u8::try_from(u16::from(of) * u16::from(*covered) / 255).unwrap_or(u8::MAX);
            [*red, *green, *blue] = colour.map(part);
            *opacity = VEIL + part(255 - VEIL);
        }
    }
    (size, rgba)
}

/// Light grey, amber and a light red: seen on tissue and told apart by those who do not see colours by their lightness.
fn colour(notice: &Notice) -> [u8; 3] {
    match notice.severity {
        Severity::Quiet => [205, 208, 212],
        Severity::Caution => [255, 196, 84],
        Severity::Alarm => [255, 128, 118],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: SizePx = SizePx { width: 1280, height: 720 };

    fn order(texts: &[&str], severity: Severity) -> Order {
        let notice = |text: &&str| Notice { severity, text: (*text).to_owned() };
        Order { notices: texts.iter().map(notice).collect(), size: SIZE }
    }

    fn drawn(order: &Order) -> Overlay {
        gstreamer::init().unwrap();
        draw(order).unwrap()
    }

    #[test]
    fn a_notice_lies_small_in_the_lower_left_corner_with_letters_on_a_veil() {
        let overlay =
            drawn(&order(&["Mentor's view · Picture rate halved: lines carry 1.2 Mbit/s"], Severity::Caution));
        let [rect] = overlay.rects.as_slice() else { panic!("{} rectangles", overlay.rects.len()) };
        assert!((300..900).contains(&rect.size.width) && (16..40).contains(&rect.size.height), "{:?}", rect.size);
        assert_eq!((rect.x, rect.y + rect.size.height), (16, 704));
        let pixels = rect.rgba.as_chunks::<4>().0;
        let veil = pixels.iter().filter(|pixel| **pixel == [0, 0, 0, VEIL]).count();
        let amber = pixels.iter().filter(|[red, green, blue, _]| *red > 200 && green > blue).count();
        assert!(veil > pixels.len() / 2 && amber > 300, "{veil} and {amber} of {}", pixels.len());
        assert!(pixels.iter().all(|[red, green, blue, opacity]| red.max(green).max(blue) <= opacity));
    }

    #[test]
    fn several_notices_stand_above_each_other_and_lines_make_them_taller() {
        let overlay = drawn(&order(&["one", "two\nlines"], Severity::Quiet));
        let [one, two] = overlay.rects.as_slice() else { panic!("{} rectangles", overlay.rects.len()) };
        assert!(two.y + two.size.height < one.y && two.size.height > one.size.height * 3 / 2, "{one:?} {two:?}");
    }

    #[test]
    fn more_words_than_the_picture_is_wide_are_broken_into_lines() {
        let overlay = drawn(&order(&["word ".repeat(32).as_str()], Severity::Quiet));
        let rect = &overlay.rects[0];
        assert!(rect.x + rect.size.width <= SIZE.width && rect.size.height > 40, "{:?}", rect.size);
    }

    #[test]
    fn the_thread_makes_the_newest_order_and_ends_when_it_is_dropped() {
        gstreamer::init().unwrap();
        let mut lettering = Lettering::start().unwrap();
        let last = order(&["last"], Severity::Quiet);
        lettering.order(order(&["first"], Severity::Quiet));
        lettering.order(last.clone());
        let made = loop {
            lettering.came().recv().unwrap();
            if let Some((made, overlay)) = lettering.take().filter(|(made, _)| *made == last) {
                break (made, overlay);
            }
        };
        assert_eq!(made.1, draw(&last).unwrap());
    }
}
