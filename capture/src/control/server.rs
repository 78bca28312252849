//! The node's end: a thread that takes one request after the other.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};

use super::{Answer, Error, Request, put, take};

/// Takes requests until dropped.
pub struct Server {
    /// Its closing is the signal.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

impl Server {
    /// Listens at `path`, from which a dead predecessor's file is removed first. `answer` is called on the server's
    /// own thread.
    ///
    /// # Errors
    /// [`Error::Socket`] or [`Error::Thread`].
    pub fn start(path: &Path, answer: impl Fn(Request) -> Answer + Send + 'static) -> Result<Self, Error> {
        let refused = |reason| Error::Socket { path: path.into(), reason };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(refused)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let (stop, stopped) = UnixStream::pair().map_err(Error::Thread)?;
        let thread = Builder::new().name("control".into());
        let thread = thread.spawn(move || serve(&listener, &stopped, &answer)).map_err(Error::Thread)?;
        Ok(Self { stop: Some(stop), thread: Some(thread), path: path.into() })
    }

    /// Whether one listens at `path`.
    pub fn is_there(path: &Path) -> bool {
        UnixStream::connect(path).is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the control thread panicked");
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!("control socket: its file stays: {error}");
        }
    }
}

fn serve(listener: &UnixListener, stopped: &UnixStream, answer: &impl Fn(Request) -> Answer) {
    loop {
        let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return tracing::error!("control socket: cannot wait for it: {error}; no requests from here on");
            }
        }
        let [_, stop] = fds;
        if !stop.revents().is_empty() {
            return;
        }
        if let Ok((stream, _)) = listener.accept()
            && let Err(error) = serve_one(stream, answer)
        {
            tracing::warn!("control socket: a request is left out: {error}");
        }
    }
}

fn serve_one(mut stream: UnixStream, answer: &impl Fn(Request) -> Answer) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    match take(&mut stream)? {
        Some(request) => put(&mut stream, &answer(request)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::PathDrill;
    use crate::control::ask;
    use protocol::drill::Effect;
    use std::io::Write;
    use std::os::unix::fs::MetadataExt;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("control-{name}-{}", std::process::id()));
        crate::run_dir::ensure(&folder).unwrap();
        folder
    }

    fn request() -> Request {
        let drill = PathDrill { path: "a".into(), effect: Effect::Cut, seconds: 5 };
        Request::Drill { participant: None, drill }
    }

    fn echo(request: Request) -> Answer {
        match request {
            Request::Drill { drill, .. } => Answer::Done(drill.path),
            _ => Answer::Refused("there is no drill".into()),
        }
    }

    #[test]
    fn each_request_gets_its_answer_over_a_socket_that_is_its_owners_alone() {
        let folder = folder("answers");
        let path = crate::run_dir::control(&folder);
        std::fs::write(&path, "a dead predecessor's").unwrap();
        let server = Server::start(&path, echo).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(ask(&folder, &request()).unwrap(), Answer::Done("a".into()));
        assert_eq!(ask(&folder, &Request::EndDrill).unwrap(), Answer::Refused("there is no drill".into()));
        drop(server);
        assert!(!path.exists());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn who_talks_nonsense_or_hangs_up_costs_the_next_one_nothing() {
        let folder = folder("nonsense");
        let path = crate::run_dir::control(&folder);
        let _server = Server::start(&path, echo).unwrap();
        for bytes in [&b""[..], &[0xff; 4096], &[1, 0, 0, 0, 9]] {
            let mut stream = UnixStream::connect(&path).unwrap();
            stream.write_all(bytes).unwrap();
        }
        assert_eq!(ask(&folder, &request()).unwrap(), Answer::Done("a".into()));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn without_a_node_that_is_said_with_its_folder() {
        let folder = folder("nobody");
        let missing = ask(&folder, &request()).unwrap_err().to_string();
        assert!(missing.starts_with(&format!("no capture-node runs with run_dir {}", folder.display())), "{missing}");
        drop(UnixListener::bind(crate::run_dir::control(&folder)).unwrap());
        assert!(matches!(ask(&folder, &request()), Err(Error::NotRunning { .. })), "a killed one's socket");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
