//! Waiting for what is written to files, without asking in vain: the system tells of each change (inotify(7)).

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;

/// Calls `find` now and after every change in `folder` until it finds something.
///
/// # Errors
/// Nothing within `limit`, told with `what` was looked for; or `find` failed.
pub fn until<T>(folder: &Path, what: &str, limit: Duration, mut find: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&watch, folder, inotify::WatchFlags::MODIFY | inotify::WatchFlags::CREATE)?;
    let deadline = program::clock::now() + limit;
    loop {
        if let Some(found) = find()? {
            return Ok(found);
        }
        let left = deadline.since(program::clock::now());
        if left.is_zero() {
            bail!("{what}: not within {limit:?}");
        }
        poll(&mut [PollFd::new(&watch, PollFlags::IN)], Some(&rustix::time::Timespec::try_from(left)?))?;
        let mut events = [0; 4096];
        while rustix::io::read(&watch, &mut events).is_ok_and(|read| read > 0) {}
    }
}
