//! One session between theatre and a console over one or more paths.
//!
//! The core ([`session::Session`]) is sans-IO: it is handed datagrams, frames, messages and the time, and answers with
//! datagrams and events. It runs the same under quinn, in virtual time and under random input. [`driver`] gives it
//! sockets, TLS and a clock. Frames and messages are opaque bytes: neither video nor marks are known here.
//!
//! The pieces are small and pure, one a module:
//! [`wire`] and [`hello`] (bytes), [`shards`], [`protect`] and [`assembly`] (frames), [`fence`] (when nothing more of a
//! frame can come), [`history`] (sending shards again), [`refresh`] (asking for an independent frame), [`selection`] and [`schedule`] (which
//! path carries what), [`arrivals`], [`black_hole`], [`rate`] and [`budget`] (what the paths carry), [`pacer`] (when shards leave), [`delivery`]
//! (messages), [`voice`], [`bulk`] (large things), [`drill`] (faults on
//! purpose), [`path`], [`connection`], [`loss`], [`rtt`] and [`redial`] (paths), [`clock`] (theatre's time).

pub mod arrivals;
pub mod assembly;
pub mod black_hole;
pub mod budget;
pub mod bulk;
pub mod clock;
pub mod connection;
pub mod delivery;
pub mod drill;
pub mod driver;
pub mod fence;
pub mod hello;
pub mod history;
pub mod loss;
pub mod pacer;
pub mod path;
pub mod protect;
pub mod rate;
pub mod redial;
pub mod refresh;
pub mod rtt;
pub mod schedule;
pub mod selection;
pub mod session;
pub mod shards;
pub mod voice;
pub mod wire;
