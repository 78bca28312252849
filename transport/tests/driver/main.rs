//! The driver on real loopback sockets, with certificates made for each test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test")]

mod certificates;
mod changes;
mod directions;
mod ends;
mod nat;
mod refusals;
mod sessions;
mod uplinks;
