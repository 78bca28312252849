//! Scenarios: what users and peers would notice, with the real programs, sockets and windows; and the shape of the
//! house itself. Logic in virtual time is tested beside the code.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a scenario that cannot go on has failed")]

mod calls;
mod check;
mod clips;
mod codecs;
mod colours;
mod curtain;
mod drills;
mod faults;
mod hands;
mod house;
mod ladder;
mod layouts;
mod masks;
mod moved;
mod operation;
mod people;
mod pixels;
mod room;
mod site;
mod stage;
mod states;
mod stills;
mod supervision;
mod survival;
mod vitals;
mod windows;
mod wishes;
