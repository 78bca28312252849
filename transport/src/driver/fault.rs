//! Why a line carries nothing, from what the system says of its sockets. Whether a connection stands is `quic`'s; what to do
//! about it is `link`'s.

use rustix::io::Errno;

/// What is wrong with a line, as far as this machine can tell. QUIC's silence says the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// The interface is not there.
    #[error("the network interface of this path is gone: plug the modem or cable in again")]
    NoInterface,
    /// There is no way from here.
    #[error(
        "the line itself is down: this machine has no route by it, or its address is gone; check the cable or modem, and \
         its address"
    )]
    LineDown,
    /// The next hop, or a router after it, gave up.
    #[error(
        "the line is up, but the network says that the other end cannot be reached: check its address and its line"
    )]
    Unreachable,
    /// The other machine answered, and no program listens.
    #[error("the other machine is there, but no program listens at this port: start it, or correct the port in `dial`")]
    Refused,
    /// This machine forbids it.
    #[error("a firewall on this machine forbids sending: allow UDP to the address in `dial`")]
    Forbidden,
    /// Packets do not fit the interface.
    #[error(
        "this line takes no packets of 1200 bytes, which QUIC needs (RFC 9000 section 14): set its interface's MTU to 1280 \
         or more"
    )]
    TooNarrow,
}

impl Fault {
    /// What an error of sending, receiving or connecting says of the line (ip(7), udp(7), ipv6(7)); `None` if it says nothing
    /// that lasts.
    pub fn of(errno: Errno) -> Option<Self> {
        Some(match errno {
            Errno::NODEV | Errno::NXIO => Self::NoInterface,
            // A socket whose address has been taken away gets EINVAL from the route's look-up.
            Errno::NETDOWN | Errno::NETUNREACH | Errno::ADDRNOTAVAIL | Errno::INVAL => Self::LineDown,
            Errno::HOSTUNREACH | Errno::HOSTDOWN => Self::Unreachable,
            Errno::CONNREFUSED => Self::Refused,
            Errno::PERM | Errno::ACCESS => Self::Forbidden,
            Errno::MSGSIZE => Self::TooNarrow,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_of_a_socket_is_told_as_what_is_wrong_with_the_line() {
        for (errno, told) in [
            (Errno::NODEV, "the network interface of this path is gone"),
            (Errno::NXIO, "the network interface of this path is gone"),
            (Errno::NETDOWN, "the line itself is down"),
            (Errno::NETUNREACH, "the line itself is down"),
            (Errno::ADDRNOTAVAIL, "the line itself is down"),
            (Errno::INVAL, "the line itself is down"),
            (Errno::HOSTUNREACH, "the line is up, but the network says"),
            (Errno::CONNREFUSED, "the other machine is there, but no program listens"),
            (Errno::PERM, "a firewall on this machine forbids"),
            (Errno::ACCESS, "a firewall on this machine forbids"),
            (Errno::MSGSIZE, "this line takes no packets of 1200 bytes"),
        ] {
            let text = Fault::of(errno).unwrap().to_string();
            assert!(text.starts_with(told), "{errno}: {text}");
        }
        for passing in [Errno::NOBUFS, Errno::AGAIN, Errno::INTR, Errno::NOMEM] {
            assert_eq!(Fault::of(passing), None, "{passing}");
        }
    }
}
