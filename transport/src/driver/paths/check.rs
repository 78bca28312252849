//! Whether one path makes sense, by itself and beside others. Reading it is `super`'s.

use std::net::SocketAddr;

use super::{End, Error, PathConfig, Uplink};

impl PathConfig {
    /// Whether it makes sense, by itself and beside `others`.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn check<'a>(&self, mut others: impl Iterator<Item = &'a Self>) -> Result<(), Error> {
        if let End::Dial(dial) = &self.end
            && !is_address(dial)
        {
            return Err(Error::Address { path: self.name.clone(), dial: dial.clone() });
        }
        self.check_uplink()?;
        let meets =
            |other: &Self| matches!((&self.end, &other.end), (End::Dial(this), End::Dial(other)) if this == other);
        let clashes = |other: &&Self| other.name == self.name || meets(other) || self.shares_socket(other);
        let Some(other) = others.find(clashes) else { return Ok(()) };
        if other.name == self.name {
            return Err(Error::Named(self.name.clone()));
        }
        let (key, address) = match (&self.end, self.socket()) {
            (End::Dial(address), _) if meets(other) => ("dial", address.clone()),
            (End::Dial(_), socket) => ("bind", socket.map(|socket| socket.to_string()).unwrap_or_default()),
            (End::Listen(address), _) => ("listen", address.to_string()),
        };
        Err(Error::Shared { path: self.name.clone(), key, address, other: other.name.clone() })
    }

    fn check_uplink(&self) -> Result<(), Error> {
        let path = || self.name.clone();
        match (&self.end, &self.uplink) {
            (End::Listen(_), Uplink::Address(_)) => Err(Error::BindsListener { path: path() }),
            (End::Dial(dial), Uplink::Address(bind))
                if dial.parse::<SocketAddr>().is_ok_and(|dial| dial.is_ipv4() != bind.is_ipv4()) =>
            {
                Err(Error::Families { path: path() })
            }
            (_, Uplink::Interface(interface)) if !is_interface(interface) => {
                Err(Error::Interface { path: path(), interface: interface.clone() })
            }
            _ => Ok(()),
        }
    }

    /// The socket it asks for, if it does not leave the port to the system.
    fn socket(&self) -> Option<SocketAddr> {
        let address = match (&self.end, &self.uplink) {
            (End::Listen(address), _) | (End::Dial(_), Uplink::Address(address)) => *address,
            (End::Dial(_), Uplink::Routed | Uplink::Interface(_)) => return None,
        };
        (address.port() != 0).then_some(address)
    }

    /// Whether the system would refuse the later of the two sockets.
    fn shares_socket(&self, other: &Self) -> bool {
        let (Some(this), Some(that)) = (self.socket(), other.socket()) else { return false };
        let apart = match (&self.uplink, &other.uplink) {
            (Uplink::Interface(this), Uplink::Interface(that)) => this != that,
            _ => false,
        };
        let overlap = this.ip() == that.ip() || this.ip().is_unspecified() || that.ip().is_unspecified();
        this.port() == that.port() && overlap && !apart
    }
}

/// What Linux takes for an interface's name: `IFNAMSIZ` less its terminating zero (netdevice(7)).
fn is_interface(name: &str) -> bool {
    (1..=15).contains(&name.len())
        && !name.contains(|letter: char| letter == '/' || letter == ':' || letter.is_whitespace())
}

/// Whether `text` has the form `host:port`. Whether the host exists is seen when it is dialled.
fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        let bare_ipv6 = host.contains(':') && !host.starts_with('[');
        !host.is_empty() && !bare_ipv6 && port.parse::<u16>().is_ok_and(|port| port != 0)
    })
}
