//! A second thread that paints with the display's own. It takes bands of rows that nobody has begun yet; the display's thread does
//! whatever it does not get to, and so never waits for a processor that others have taken.

use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Threads that paint, the display's own among them. Two halve the time; the other programs of theatre have work too.
const HANDS: usize = 2;

/// The second thread, as long as it is held.
pub struct Crew {
    _pool: Option<ThreadPool>,
}

impl Crew {
    /// Gathers it round the calling thread: what that one does with `rayon` is shared between the two from then on. Without a
    /// second processor or thread the calling one paints alone.
    pub fn gather() -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        let pool = of(HANDS.min(processors)).or_else(|error| {
            tracing::error!("no second thread to paint: {error}");
            of(1)
        });
        Self { _pool: pool.map_err(|error| tracing::error!("{error}")).ok() }
    }
}

fn of(threads: usize) -> Result<ThreadPool, ThreadPoolBuildError> {
    ThreadPoolBuilder::new().num_threads(threads).use_current_thread().thread_name(|_| "paint".into()).build()
}
