//! The driver on real loopback sockets, with certificates made for each test.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "what fails here fails the test")]

mod certificates;
mod changes;
mod directions;
mod drills;
mod ends;
mod lines;
mod namespaces;
mod nat;
mod pictures;
mod refusals;
mod sessions;
mod silence;
mod uplinks;
