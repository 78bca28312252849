//! A theatre that dies without a word: what only the inside of the driver can stage. The rest is in `tests/driver`.

use std::net::UdpSocket;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};

use super::gate::Gate;
use super::*;

fn credentials(directory: &std::path::Path) -> Credentials {
    std::fs::create_dir_all(directory).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["both".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files = tls::Files {
        certificate: directory.join("both.pem"),
        key: directory.join("both.key.pem"),
        peer_certificate: directory.join("both.pem"),
    };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    Credentials::load(&files, UnixTime::now()).unwrap()
}

/// A theatre on a runtime and thread of its own, which vanish like a killed process.
struct Killable {
    kill: tokio::sync::oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Killable {
    fn start(credentials: &Credentials, socket: UdpSocket) -> Self {
        let maker = Maker::new(credentials, Hello::new(Epoch(1), Role::Theatre)).unwrap();
        let (kill, killed) = tokio::sync::oneshot::channel();
        let serve = async move {
            let local = maker.listen(&path("127.0.0.1:0"), socket, &Gate::new(|| MonoTime(0))).unwrap();
            let mut established = Vec::new();
            while let Some(incoming) = local.endpoint().accept().await {
                established.push(maker.accept(incoming).await);
            }
        };
        let run = move || {
            runtime().block_on(async {
                tokio::select! {
                    () = serve => {}
                    _ = killed => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("killable theatre".to_owned()).spawn(run).unwrap();
        Self { kill, thread }
    }

    fn kill(self) {
        drop(self.kill);
        self.thread.join().unwrap();
    }
}

fn path(address: &str) -> PathConfig {
    PathConfig { name: "a".to_owned(), end: End::Dial(address.to_owned()), uplink: Uplink::Routed }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_theatre_killed_and_started_again_resets_old_connections_at_once() {
    let directory = std::env::temp_dir().join(format!("transport-reset-{}", std::process::id()));
    let credentials = credentials(&directory);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let theatre = Killable::start(&credentials, socket);
    let maker = Maker::new(&credentials, Hello::new(Epoch(2), Role::Console)).unwrap();
    let runtime = runtime();
    let address = address.to_string();
    let path = path(&address);
    let gate = Gate::new(|| MonoTime(0));
    let dial = maker.dial(&path, &address, None, &gate, |_| std::future::ready(()));
    let console = runtime.block_on(dial).unwrap();
    theatre.kill();
    let theatre_again = Killable::start(&credentials, UdpSocket::bind(&address).unwrap());
    let ended = runtime.block_on(async {
        let mut probes = tokio::time::interval(Duration::from_millis(20));
        tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                tokio::select! {
                    reason = console.connection.closed() => return reason,
                    _ = probes.tick() => drop(console.connection.send_datagram(vec![0; 40].into())),
                }
            }
        })
        .await
    });
    theatre_again.kill();
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(maker.explain(ended.unwrap()).to_string(), "the peer's program has restarted");
}
