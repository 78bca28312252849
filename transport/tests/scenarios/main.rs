//! Two sessions over emulated paths in virtual time: what a surgeon and a mentor would notice.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails here fails the test")]

mod black_holes;
mod changes;
mod clock;
mod cuts;
mod day;
mod hostile;
mod lanes;
mod loss;
mod pipeline;
mod policies;
mod rates;
mod restarts;
mod world;
