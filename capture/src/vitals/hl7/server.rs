//! Takes connections and gives each a thread. Dropping it ends them all.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::thread::{Builder, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};

use super::desk::Desk;
use super::{Error, MAX_CONNECTIONS, connection};
use crate::vitals::hub::Hub;

/// Listens until dropped.
pub struct Server {
    /// Its closing is the signal.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
    address: SocketAddr,
}

impl Server {
    /// Listens at `address` for devices at `bed`, whose vital signs go to `hub`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn start(address: SocketAddr, bed: &str, hub: Arc<Hub>) -> Result<Self, Error> {
        let refused = |reason| Error::Listen { address, reason };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = UnixStream::pair().map_err(Error::Thread)?;
        let desk = Arc::new(Desk::new(bed, hub));
        let thread = Builder::new().name("vitals-hl7".into());
        let thread = thread.spawn(move || listen(&listener, &stopped, &desk)).map_err(Error::Thread)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that listens to monitors panicked");
        }
    }
}

/// A connection being served. Its thread alone holds the socket, so that it is closed when the thread ends: one that is only
/// shut down takes what is sent to it until its window is full, and its sender waits for ever.
struct Served {
    stream: Weak<TcpStream>,
    thread: JoinHandle<()>,
}

fn listen(listener: &TcpListener, stopped: &UnixStream, desk: &Arc<Desk>) {
    let (mut served, mut number) = (Vec::<Served>::new(), 0);
    loop {
        let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                tracing::error!("vitals: cannot wait for monitors: {error}; no vital signs from here on");
                break;
            }
        }
        let [_, stop] = fds;
        if !stop.revents().is_empty() {
            break;
        }
        let (ended, goes_on) = served.into_iter().partition(|served| served.thread.is_finished());
        served = goes_on;
        join(ended);
        let Ok((stream, _)) = listener.accept() else { continue };
        if served.len() >= MAX_CONNECTIONS {
            tracing::warn!("vitals: {MAX_CONNECTIONS} monitors are connected; another one is turned away");
            continue;
        }
        match serve(stream, number, desk) {
            Ok(connection) => served.push(connection),
            Err(error) => tracing::error!("vitals: a monitor cannot be served: {error}"),
        }
        number += 1;
    }
    for stream in served.iter().filter_map(|connection| connection.stream.upgrade()) {
        // One that has ended by itself has nothing left to shut down.
        stream.shutdown(Shutdown::Both).ok();
    }
    join(served);
    tracing::info!("vitals: {}", desk.counted());
}

fn join(connections: Vec<Served>) {
    for connection in connections {
        if connection.thread.join().is_err() {
            tracing::error!("the thread of a monitor's connection panicked");
        }
    }
}

fn serve(stream: TcpStream, number: u64, desk: &Arc<Desk>) -> std::io::Result<Served> {
    stream.set_nonblocking(false)?;
    let (own, desk) = (Arc::new(stream), Arc::clone(desk));
    let stream = Arc::downgrade(&own);
    let thread = Builder::new().name(format!("vitals-hl7-{number}")).spawn(move || connection::serve(&own, &desk))?;
    Ok(Served { stream, thread })
}
