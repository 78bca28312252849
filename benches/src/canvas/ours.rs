//! Theatre's canvas, fed with pictures and composing on a thread of its own as `capture-node` does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use capture::canvas::{Canvas, Inlet};
use media::picture::Picture;
use protocol::ids::Epoch;
use protocol::time::MonoTime;

use crate::stage::{Measured, NAMES, PICTURES, Room, WARM_UP, paced, pictures, theatre, us};

/// What it comes to.
///
/// # Errors
/// It does not compose.
pub fn measure(room: Room, seconds: u32) -> Result<Measured> {
    let (mut canvas, mut inlets) = Canvas::new(&theatre(), Epoch(1), program::clock::now())?;
    let pictures = pictures(canvas.layout())?;
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    let composer = thread::Builder::new().name("composer".into()).spawn(move || -> Result<Vec<u64>> {
        let mut delays_us = Vec::new();
        while !stop.load(Ordering::Acquire) {
            canvas.wait(Duration::from_millis(100), program::clock::now());
            let Some(composed) = canvas.step(program::clock::now())? else { continue };
            delays_us.push(us(program::clock::now().since(composed.in_slot)));
        }
        Ok(delays_us)
    })?;
    let cpu_percent = paced(seconds, |number, now| {
        feed(&mut inlets, &pictures, room, number, now);
        Ok(())
    })?;
    stopped.store(true, Ordering::Release);
    let delays_us = composer.join().map_err(|_| anyhow::anyhow!("the composer failed"))??;
    Ok(Measured { cpu_percent, delays_us: delays_us.into_iter().skip(WARM_UP as usize).collect() })
}

/// Insets first, so that the primary's canvas finds them.
fn feed(inlets: &mut [Inlet], pictures: &[Vec<Picture>], room: Room, number: u32, now: MonoTime) {
    for (place, (inlet, pictures)) in inlets.iter_mut().zip(pictures).enumerate().rev() {
        let gives = place + 1 < NAMES.len() || room.gives(number);
        if let Some(picture) = pictures.get(number as usize % PICTURES).filter(|_| gives) {
            inlet.deliver(&Picture { captured: now, ..picture.clone() });
        }
    }
}
