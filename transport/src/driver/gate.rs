//! Where a drill takes hold: between quinn and the UDP sockets of one path, so that QUIC's own packets suffer like
//! everything else. What becomes of each datagram is [`crate::drill::lane`]'s.

use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use protocol::time::MonoTime;
use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::time::Sleep;

use crate::drill::Period;
use crate::drill::lane::Lane;

/// The timer's grain. A full kernel buffer is tried again after it.
const TICK: Duration = Duration::from_millis(1);
/// Batches taken from the kernel in one go while a drill holds; then others have their turn.
const BATCHES: usize = 32;

/// One path's drill, shared with every socket of that path.
#[derive(Debug)]
pub struct Gate {
    now: fn() -> MonoTime,
    shared: Mutex<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    period: Option<Period>,
    sockets: Vec<Weak<Task>>,
}

/// The task that reads a socket, to be woken when something is to be done there.
#[derive(Debug, Default)]
struct Task(Mutex<Option<Waker>>);

impl Gate {
    /// An open gate on the clock `now`.
    pub fn new(now: fn() -> MonoTime) -> Arc<Self> {
        Arc::new(Self { now, shared: Mutex::default() })
    }

    /// From now on the path's drill is `period`.
    pub fn impose(&self, period: Option<Period>) {
        let mut shared = lock(&self.shared);
        shared.period = period;
        shared.sockets.retain(|task| task.upgrade().is_some_and(|task| task.wake()));
    }

    /// `socket` behind this gate.
    pub fn before(self: &Arc<Self>, socket: Arc<dyn AsyncUdpSocket>) -> Arc<dyn AsyncUdpSocket> {
        let task = Arc::new(Task::default());
        let mut shared = lock(&self.shared);
        // A path may take another socket: those of earlier ones are forgotten here.
        shared.sockets.retain(|task| task.strong_count() > 0);
        shared.sockets.push(Arc::downgrade(&task));
        drop(shared);
        Arc::new(Gated { socket, gate: Arc::clone(self), task, lanes: Mutex::default() })
    }
}

impl Task {
    /// Always true, for `retain`.
    fn wake(&self) -> bool {
        if let Some(waker) = &*lock(&self.0) {
            waker.wake_by_ref();
        }
        true
    }

    fn is(&self, waker: &Waker) {
        let mut task = lock(&self.0);
        if !task.as_ref().is_some_and(|task| task.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }
}

/// A socket behind a gate.
struct Gated {
    socket: Arc<dyn AsyncUdpSocket>,
    gate: Arc<Gate>,
    task: Arc<Task>,
    lanes: Mutex<Lanes>,
}

/// Both directions of one socket.
#[derive(Default)]
struct Lanes {
    out: Lane<Packet>,
    inward: Lane<(RecvMeta, Vec<u8>)>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// A datagram on its way out.
struct Packet {
    bytes: Vec<u8>,
    template: Transmit<'static>,
}

impl Gated {
    /// The lanes, with the drill as it is now.
    fn lanes(&self) -> (MutexGuard<'_, Lanes>, MonoTime) {
        let (period, now) = (lock(&self.gate.shared).period, (self.gate.now)());
        let mut lanes = lock(&self.lanes);
        lanes.out.impose(period, now);
        lanes.inward.impose(period, now);
        (lanes, now)
    }
}

impl AsyncUdpSocket for Gated {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Arc::clone(&self.socket).create_io_poller()
    }

    fn try_send(&self, transmit: &Transmit) -> io::Result<()> {
        let (mut lanes, now) = self.lanes();
        if lanes.out.is_clear(now) {
            drop(lanes);
            return self.socket.try_send(transmit);
        }
        let template = Transmit { contents: &[], segment_size: None, ..*transmit };
        for bytes in transmit.contents.chunks(transmit.segment_size.unwrap_or(usize::MAX).max(1)) {
            let template = Transmit { contents: &[], ..template };
            lanes.out.offer(Packet { bytes: bytes.to_vec(), template }, bytes.len(), now);
        }
        drop(lanes);
        self.task.wake();
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        self.task.is(context.waker());
        for _ in 0..BATCHES {
            let (mut lanes, now) = self.lanes();
            lanes.flush(&*self.socket, now);
            let given = lanes.give(buffers, metas, now);
            if given > 0 {
                return Poll::Ready(Ok(given));
            }
            lanes.set_timer(context, now);
            match self.socket.poll_recv(context, buffers, metas) {
                Poll::Ready(Ok(count)) if !lanes.inward.is_clear(now) => {
                    let came = buffers.iter().zip(&*metas).take(count);
                    came.for_each(|(buffer, meta)| lanes.take(buffer, meta, now));
                }
                other => return other,
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    fn max_transmit_segments(&self) -> usize {
        self.socket.max_transmit_segments()
    }

    fn max_receive_segments(&self) -> usize {
        self.socket.max_receive_segments()
    }

    fn may_fragment(&self) -> bool {
        self.socket.may_fragment()
    }
}

impl Lanes {
    /// Sends what is due.
    fn flush(&mut self, socket: &dyn AsyncUdpSocket, now: MonoTime) {
        while let Some(Packet { bytes, template }) = self.out.due(now) {
            let sent = socket.try_send(&Transmit { contents: bytes, ..*template });
            if sent.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                return;
            }
            // Any other failure loses the datagram, as UDP may.
            self.out.pop();
        }
    }

    /// Takes what came into one buffer; the kernel may have put several datagrams into it.
    fn take(&mut self, buffer: &[u8], meta: &RecvMeta, now: MonoTime) {
        for bytes in buffer.get(..meta.len).unwrap_or_default().chunks(meta.stride.max(1)) {
            let meta = RecvMeta { len: bytes.len(), stride: bytes.len(), ..*meta };
            self.inward.offer((meta, bytes.to_vec()), bytes.len(), now);
        }
    }

    /// Hands in what is due, one datagram a buffer; gives how many.
    fn give(&mut self, buffers: &mut [IoSliceMut<'_>], metas: &mut [RecvMeta], now: MonoTime) -> usize {
        let mut given = 0;
        for (buffer, meta) in buffers.iter_mut().zip(metas) {
            let Some((due, bytes)) = self.inward.due(now) else { break };
            if let Some(room) = buffer.get_mut(..bytes.len()) {
                room.copy_from_slice(bytes);
                *meta = *due;
                given += 1;
            }
            self.inward.pop();
        }
        given
    }

    /// Has the task woken when the next datagram of either lane is due.
    fn set_timer(&mut self, context: &mut Context, now: MonoTime) {
        let due = [self.out.next_due(), self.inward.next_due()].into_iter().flatten().min();
        self.timer = due.map(|due| Box::pin(tokio::time::sleep(due.since(now).max(TICK))));
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(context).is_ready()
        {
            context.waker().wake_by_ref();
        }
    }
}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gated").field(&self.socket).finish()
    }
}

/// No panic can leave what is locked here half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
