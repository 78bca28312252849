//! A UDP socket that remembers what the system said of the last datagram sent. quinn's own writes that to its log and goes on,
//! and so does this; what it means is `fault`'s.

use std::fmt;
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::task::{Context, Poll};

use quinn::udp::{RecvMeta, Transmit, UdpSocketState};
use quinn::{AsyncUdpSocket, Runtime, TokioRuntime, UdpPoller};
use rustix::io::Errno;

use super::fault::Fault;

/// Asked of the kernel for each socket; it gives what it allows. The usual 208 KiB hold 90 packets, less than one large
/// frame that comes while the thread waits for a processor.
const BUFFER_BYTES: usize = 2 << 20;
/// The last datagram was sent.
const SENT: i32 = 0;

/// A socket of one path.
pub struct Watched {
    /// Receives, waits and keeps tokio's readiness.
    socket: Arc<dyn AsyncUdpSocket>,
    /// The same socket, to send by.
    raw: UdpSocket,
    state: UdpSocketState,
    /// What the last datagram met: [`SENT`] or an errno.
    last: AtomicI32,
}

impl Watched {
    /// Takes over a bound socket. Needs a running tokio runtime.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn new(socket: UdpSocket) -> io::Result<Arc<Self>> {
        let raw = socket.try_clone()?;
        let socket = TokioRuntime.wrap_udp_socket(socket)?;
        let state = UdpSocketState::new((&raw).into())?;
        state.set_recv_buffer_size((&raw).into(), BUFFER_BYTES)?;
        state.set_send_buffer_size((&raw).into(), BUFFER_BYTES)?;
        Ok(Arc::new(Self { socket, raw, state, last: AtomicI32::new(SENT) }))
    }

    /// Why the last datagram could not be sent; `None` if it was, or nothing was yet.
    pub fn fault(&self) -> Option<Fault> {
        match self.last.load(Ordering::Relaxed) {
            SENT => None,
            errno => Fault::of(Errno::from_raw_os_error(errno)),
        }
    }
}

impl AsyncUdpSocket for Watched {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        self.socket.clone().create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        match self.state.try_send((&self.raw).into(), transmit) {
            // Sent by the one that keeps the readiness, so that it is waited for.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return self.socket.try_send(transmit),
            // Lost, as on any line: QUIC goes on, and the next may pass.
            Err(error) => self.last.store(error.raw_os_error().unwrap_or(SENT), Ordering::Relaxed),
            Ok(()) => self.last.store(SENT, Ordering::Relaxed),
        }
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_recv(context, buffers, meta)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.state.max_gso_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Watched").field(&self.raw).finish()
    }
}
