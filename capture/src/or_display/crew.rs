//! A second thread that paints with the display's own. It takes bands of rows that nobody has begun yet; the display's thread does
//! whatever it does not get to, and waits for one band at most: one that the second had begun when others took its processor.

use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads that paint, the display's own among them. Two halve the time; the other programs of theatre have work too.
const HANDS: usize = 2;

/// The second thread, as long as it is held.
pub struct Crew {
    _pool: Option<ThreadPool>,
}

impl Crew {
    /// Gathers it round the calling thread: what that one does with `rayon` is shared between the two from then on. Without a
    /// second processor or thread the calling one paints alone. It stays registered with `rayon` as long as it lives.
    pub fn gather() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        let builder = ThreadPoolBuilder::new().num_threads(HANDS.min(processors)).use_current_thread();
        let pool = builder.thread_name(|_| "paint".into()).build();
        Self { _pool: pool.map_err(|error| tracing::error!("no second thread to paint: {error}")).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::full_colour::{BAND, FullColour};
    use super::*;
    use crossbeam_channel::bounded;
    use media::picture::{Picture, i420};
    use protocol::colour::Colour;
    use protocol::geometry::SizePx;
    use protocol::time::MonoTime;

    #[test]
    fn a_picture_is_painted_though_the_second_thread_never_comes() {
        gstreamer::init().unwrap();
        let _crew = Crew::gather();
        let ((begin, begun), (release, held)) = (bounded(1), bounded::<()>(0));
        if rayon::current_num_threads() > 1 {
            rayon::spawn(move || {
                begin.send(()).unwrap();
                held.recv().unwrap_err();
            });
            begun.recv().unwrap();
        }
        let info = i420(SizePx { width: 64, height: 1080 }, Colour::default()).unwrap();
        let buffer = gstreamer::Buffer::from_mut_slice(vec![128; info.size()]);
        let picture = Picture { buffer, info: info.clone(), captured: MonoTime(0) };
        let drawn = |first: usize, rows: &mut [u8], _| rows[0] = (first / BAND) as u8;
        let frame = FullColour::new(&info).unwrap().convert(&picture, drawn).unwrap();
        let bands = frame.plane_data(0).unwrap().chunks(BAND * 64 * 4).map(|band| band[0]);
        assert!(bands.eq(0..17));
        drop(release);
    }
}
