//! What every program of the house does around its job: read the clock, its configuration and signals, write its
//! trace, log, and leave with a clear line and the right exit code. Knows nothing of any job.

pub mod clock;
pub mod config;
pub mod exit;
pub mod stop;
pub mod trace;
pub mod worker;
