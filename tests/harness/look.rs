//! Looking at a window until something is to be seen there, without asking in vain: the X server tells of each change (DAMAGE).

use std::time::Duration;

use anyhow::{Result, ensure};
use x11rb::connection::Connection as _;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};

use crate::screen::{Image, Place, Screen};

/// The first thing `find` makes out of the window's pixels, now or after a change of them, waiting for it at most `limit`.
///
/// # Errors
/// Nothing by then, told with `what` was looked for; or the window is gone.
pub fn until<T>(
    (screen, place): &(Screen, Place),
    what: &str,
    limit: Duration,
    mut find: impl FnMut(&Image) -> Option<T>,
) -> Result<T> {
    let server = &screen.connection;
    server.damage_query_version(1, 1)?.reply()?;
    let changes = server.generate_id()?;
    server.damage_create(changes, place.window, ReportLevel::NON_EMPTY)?.check()?;
    let deadline = program::clock::now() + limit;
    let found = loop {
        // Before looking: what changes from here on is told.
        server.damage_subtract(changes, x11rb::NONE, x11rb::NONE)?;
        if let Some(found) = find(&screen.image(place)?) {
            break found;
        }
        ensure!(program::clock::now() < deadline, "{what}: not at the window within {limit:?}");
        screen.wait_for_event(deadline)?;
    };
    server.damage_destroy(changes)?.check()?;
    Ok(found)
}
