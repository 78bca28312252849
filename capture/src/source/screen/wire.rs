//! The connection to an X server. Servers hang, stopped or with a dead driver under them, and say nothing of it: so none is
//! waited for longer than [`PATIENCE`], and none once its pictures are wanted no more.

use std::io::{self, IoSlice};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::time::Duration;

use program::clock;
use protocol::time::MonoTime;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as reach, socket_with};
use x11rb::errors::{ConnectError, DisplayParsingError};
use x11rb::reexports::x11rb_protocol::parse_display::{ConnectAddress, parse_display};
use x11rb::reexports::x11rb_protocol::xauth::{Family, get_auth};
use x11rb::rust_connection::{DefaultStream, PollMode, RustConnection, Stream};
use x11rb::utils::RawFdContainer;

use crate::source::pace::Waiter;

/// A server that sends nothing for so long hangs: it takes milliseconds, and theatre ends within five seconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a stop is looked for while a server is waited for.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// The bytes of a connection.
pub struct Wire {
    stream: DefaultStream,
    /// What ends every wait; none while the source is being opened.
    stop: OnceLock<Waiter>,
}

/// Connects to the server called `display`, or to the environment's, and tells which of its screens is meant.
///
/// # Errors
/// There is none, it refuses, or it hangs.
pub fn connect(display: Option<&str>) -> Result<(RustConnection<Wire>, usize), ConnectError> {
    let parsed = parse_display(display)?;
    let screen = parsed.screen.into();
    let mut fault = ConnectError::from(DisplayParsingError::Unknown);
    for address in parsed.connect_instruction() {
        match stream(&address) {
            Ok((stream, (family, peer))) => {
                // A server that wants none needs none; any other says so.
                let (name, data) = get_auth(family, &peer, parsed.display).ok().flatten().unwrap_or_default();
                let wire = Wire { stream, stop: OnceLock::new() };
                return Ok((RustConnection::connect_to_stream_with_auth_info(wire, screen, name, data)?, screen));
            }
            Err(error) => fault = error.into(),
        }
    }
    Err(fault)
}

/// A stream to `address`, and whose it is for the server's list of who may connect.
fn stream(address: &ConnectAddress<'_>) -> io::Result<(DefaultStream, (Family, Vec<u8>))> {
    match address {
        ConnectAddress::Hostname(host, port) => {
            let mut fault = io::Error::from(io::ErrorKind::NotFound);
            for address in (*host, *port).to_socket_addrs()? {
                match TcpStream::connect_timeout(&address, PATIENCE) {
                    Ok(stream) => return DefaultStream::from_tcp_stream(stream),
                    Err(error) => fault = error,
                }
            }
            Err(fault)
        }
        ConnectAddress::Socket(path) => {
            // A server that hangs takes nobody in, and once enough wait for that, whoever blocks here waits for ever.
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
            reach(&socket, &SocketAddrUnix::new(path.as_str())?)?;
            DefaultStream::from_unix_stream(UnixStream::from(socket))
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Wire {
    /// Lets no wait outlast `stop` from now on.
    pub fn obey(&self, stop: &Waiter) {
        self.stop.get_or_init(|| stop.clone());
    }

    fn is_stopped(&self) -> bool {
        self.stop.get().is_some_and(|stop| stop.until(MonoTime(0)).is_break())
    }
}

impl Stream for Wire {
    fn poll(&self, mode: PollMode) -> io::Result<()> {
        let readable = if mode.readable() { PollFlags::IN } else { PollFlags::empty() };
        let writable = if mode.writable() { PollFlags::OUT } else { PollFlags::empty() };
        let deadline = clock::now() + PATIENCE;
        loop {
            let mut ends = [PollFd::new(&self.stream, readable | writable)];
            match poll(&mut ends, Some(&LOOK)) {
                Ok(0) | Err(Errno::INTR) if self.is_stopped() => {
                    return Err(io::Error::other("its pictures are wanted no more"));
                }
                Ok(0) | Err(Errno::INTR) if clock::now() < deadline => {}
                Ok(0) | Err(Errno::INTR) => {
                    let told = format!("it has said nothing for {} s and hangs; end it", PATIENCE.as_secs());
                    return Err(io::Error::new(io::ErrorKind::TimedOut, told));
                }
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read(&self, bytes: &mut [u8], handles: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.stream.read(bytes, handles)
    }

    fn write(&self, bytes: &[u8], handles: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.stream.write(bytes, handles)
    }

    fn write_vectored(&self, bytes: &[IoSlice<'_>], handles: &mut Vec<RawFdContainer>) -> io::Result<usize> {
        self.stream.write_vectored(bytes, handles)
    }
}
