//! Why there is no connection. Which of these it is, `super` finds out.

use super::super::fault::Fault;
use super::super::pin::Refusal;
use super::super::socket;
use crate::hello;

/// Why there is no connection, in words for people. Addresses are left out: the path's name says which it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured name has no address.
    #[error("the address to dial cannot be resolved: {0}; check it, and this machine's name service")]
    Resolve(std::io::Error),
    /// No socket, or nothing to dial with.
    #[error("this machine cannot dial: {0}; check its network")]
    Local(String),
    /// The path's own socket cannot be had.
    #[error(transparent)]
    Socket(#[from] socket::Error),
    /// The path's own address is of the other family.
    #[error("the name to dial has no address of the family of this path's `bind`; change one of them")]
    Family,
    /// Nothing came back, and nothing here says why.
    #[error(
        "the line is up, but nothing answers: the other end's program does not run, the address or port is another's, or a \
         firewall drops UDP or its packets of 1200 bytes"
    )]
    Silence,
    /// A peer that was there is heard no more, and nothing here says why.
    #[error("nothing has come for 30 s, though the line is up here: the other end is off, or the line beyond is down")]
    FellSilent,
    /// Something here says what is wrong with the line.
    #[error(transparent)]
    Line(#[from] Fault),
    /// The peer's certificate is not trusted here.
    #[error(transparent)]
    Certificate(#[from] Refusal),
    /// The peer does not trust this end's certificate.
    #[error("the peer refuses this end's certificate: {0}")]
    RefusedByPeer(&'static str),
    /// The peer speaks something else.
    #[error("the peer is another program: check the address and port")]
    OtherProgram,
    /// The peer is not one to have a session with.
    #[error(transparent)]
    Hello(#[from] hello::Error),
    /// The peer is there and says so itself.
    #[error("the peer ended the connection: {0}")]
    ClosedByPeer(String),
    /// The peer's program died and is there again.
    #[error("the peer's program has restarted")]
    Reset,
    /// Anything else that ended it.
    #[error("the connection was lost: {0}")]
    Lost(String),
}
