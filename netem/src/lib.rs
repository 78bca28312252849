//! A seeded emulator of network paths: what they do to datagrams, by the named profiles every test and bench shares.
//!
//! The core takes time as a number and returns verdicts; it opens no socket and reads no clock. Feature `relay` adds
//! a UDP relay that does to real datagrams what the core says. Nothing here knows QUIC, frames or marks.
//!
//! ```
//! use netem::link::{Link, Verdict};
//! use netem::profile::Profile;
//!
//! let profile = Profile::by_name("wan")?;
//! let mut link = Link::new(profile.paths[0].clone(), 7);
//! assert_eq!(link.offer(1_000, 1200), Verdict::DeliverAt(11_000));
//! # Ok::<(), netem::profile::Unknown>(())
//! ```

mod channel;
pub mod impairment;
pub mod link;
pub mod profile;
mod queue;
#[cfg(feature = "relay")]
pub mod relay;
