//! What can be wrong with paths as they are written, by key and how to mend it. Finding it is `super`'s and `check`'s.

use super::MAX_PATHS;

/// Why paths cannot be used. Each names the key to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No way to the peer.
    #[error("path: there is no path to the peer; add a table [path.NAME] with the key `listen` or `dial`")]
    Absent,
    /// More than can be named.
    #[error("path: {0} paths are too many; at most {MAX_PATHS} are possible")]
    TooMany(usize),
    /// Two paths cannot be told apart by people.
    #[error("path.{0}: there is a path of this name already; give this one another")]
    Named(String),
    /// Neither end would open the connection.
    #[error(
        "path.{path}: the key `listen` or `dial` is missing; write listen = \"0.0.0.0:7001\" at the end that the other \
         can reach, and dial = \"192.0.2.1:7001\" with its address at the other"
    )]
    Endless {
        /// The path's name.
        path: String,
    },
    /// Both ways at once.
    #[error("path.{path}: the keys `listen` and `dial` exclude each other; keep one, and the other one at the peer")]
    BothEnds {
        /// The path's name.
        path: String,
    },
    /// An address to dial is none.
    #[error("path.{path}.dial: `{dial}` is no address; write host and port, such as \"192.0.2.1:7001\"")]
    Address {
        /// The path's name.
        path: String,
        /// What stands there.
        dial: String,
    },
    /// An address of this machine is none.
    #[error("path.{path}.{key}: `{text}` is no address; write {wanted}")]
    Local {
        /// The path's name.
        path: String,
        /// The key.
        key: &'static str,
        /// What stands there.
        text: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// A name that no interface can have.
    #[error(
        "path.{path}.interface: `{interface}` is no interface's name; write one that `ip link` lists, such as \"wwan0\""
    )]
    Interface {
        /// The path's name.
        path: String,
        /// What stands there.
        interface: String,
    },
    /// Two uplinks for one path.
    #[error("path.{path}: the keys `bind` and `interface` exclude each other; keep one")]
    BothUplinks {
        /// The path's name.
        path: String,
    },
    /// A listener has its address already.
    #[error("path.{path}.bind: a path that listens names its address in `listen`; write it there, or use `interface`")]
    BindsListener {
        /// The path's name.
        path: String,
    },
    /// An IPv4 socket reaches no IPv6 address, nor the other way round.
    #[error("path.{path}.bind: from this address `dial` cannot be reached: one is IPv4 and the other IPv6; change one")]
    Families {
        /// The path's name.
        path: String,
    },
    /// Two paths of one session cannot tell themselves apart.
    #[error("path.{path}.{key}: {address} is taken by path.{other}; each path needs an address or port of its own")]
    Shared {
        /// The path's name.
        path: String,
        /// Its key.
        key: &'static str,
        /// What both use.
        address: String,
        /// The other's name.
        other: String,
    },
}
