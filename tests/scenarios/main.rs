//! Scenarios: what users and peers would notice, with the real programs, sockets and windows; and the shape of the
//! house itself. Logic in virtual time is tested beside the code.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a scenario that cannot go on has failed")]

mod clips;
mod colours;
mod drills;
mod faults;
mod house;
mod ladder;
mod operation;
mod people;
mod pixels;
mod stage;
mod states;
mod supervision;
mod survival;
mod windows;
