//! What becomes of a picture on its source's thread: it is left for the display, then handed to `capture-node`. A picture
//! that is the same again and again, from a source that is dead by that, is told apart. What the display makes of it is
//! left to `schedule`.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, TrySendError, bounded};
use media::picture::Picture;
use media::slot::Slot;
use protocol::frame::Freshness;
use protocol::time::MonoTime;

use super::handout::Handout;
use super::input::Deliver;
use crate::signal::{self, Look, Policy, Signal, Stills};

/// Where the newest picture is kept for the display.
pub struct Pictures {
    /// The newest one.
    pub latest: Arc<Slot<Arrived>>,
    /// Receives when there is a newer one.
    pub came: Receiver<()>,
}

/// A picture as it came.
#[derive(Clone)]
pub struct Arrived {
    /// Its pixels.
    pub picture: Picture,
    /// Since when it has come again and again from a source that is dead by that.
    pub repeating: Option<MonoTime>,
}

/// What the source's thread does with a picture: the display first, then `capture-node`, which draws its own conclusions.
pub fn intake(handout: Option<Handout>, policy: Policy) -> (Deliver, Pictures) {
    let latest = Arc::new(Slot::default());
    // Capacity 1: a second picture before the display looked is found in the slot all the same.
    let (come, came) = bounded(1);
    let (slot, ways) = (Arc::clone(&latest), Mutex::new((handout, Signal::new(policy))));
    let deliver = move |picture: Picture| {
        let (handout, signal) = &mut *ways.lock().unwrap_or_else(PoisonError::into_inner);
        // Where standing still proves nothing, nobody looks.
        let repeating = if policy.stills == Stills::Dead { repeating(signal, &picture) } else { None };
        slot.put(Arrived { picture: picture.clone(), repeating });
        match come.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
        if let Some(handout) = handout {
            handout.put(&picture);
        }
    };
    (Arc::new(deliver), Pictures { latest, came })
}

/// Since when `picture` has been the same, if that is long enough for its source to be dead.
fn repeating(signal: &mut Signal, picture: &Picture) -> Option<MonoTime> {
    // That it is dark the surgeon sees.
    signal.picture(Look { print: signal::print(picture)?, is_dark: false }, picture.captured);
    match signal.freshness(Freshness::Live) {
        Freshness::Repeating { since } => Some(since.as_mono_in_theatre()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use media::picture::i420;
    use protocol::colour::Colour;
    use protocol::geometry::SizePx;

    const DEAD: Policy = Policy { stills: Stills::Dead, after: Duration::from_millis(500), repeats: 5 };

    /// What comes of pictures of these greys, 33 ms apart.
    fn repeating(policy: Policy, greys: impl IntoIterator<Item = u8>) -> Vec<Option<MonoTime>> {
        media::init().unwrap();
        let info = i420(SizePx { width: 64, height: 36 }, Colour::default()).unwrap();
        let (deliver, pictures) = intake(None, policy);
        let mut seen = 0;
        let arrive = |(number, grey): (u64, u8)| {
            let buffer = gstreamer::Buffer::from_mut_slice(vec![grey; info.size()]);
            deliver(Picture { buffer, info: info.clone(), captured: MonoTime(number * 33_000) });
            let (sequence, arrived) = pictures.latest.newer_than(seen).unwrap();
            seen = sequence;
            arrived.repeating
        };
        (0..).zip(greys).map(arrive).collect()
    }

    #[test]
    fn a_picture_that_is_the_same_for_half_a_second_is_no_news_until_one_differs() {
        let told = repeating(DEAD, [1, 2].into_iter().chain([3; 20]).chain([4]));
        let since = Some(MonoTime(66_000));
        let first = told.iter().position(Option::is_some).unwrap();
        assert_eq!(first, 2 + 16, "16 intervals are the first that take 500 ms");
        assert!(told[first..22].iter().all(|told| *told == since), "{told:?}");
        assert_eq!(told.last(), Some(&None));
    }

    #[test]
    fn where_an_image_may_be_held_every_picture_is_news() {
        for stills in [Stills::Held, Stills::Natural] {
            assert!(repeating(Policy { stills, ..DEAD }, [3; 60]).iter().all(Option::is_none));
        }
    }
}
