//! Sessions that must not be: wrong and expired certificates, other versions, ports in use, broken configurations.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;

use protocol::ids::Epoch;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, ServerConfig};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use transport::driver::tls::{ALPN, Files};
use transport::driver::{End, Error, start};
use transport::hello::{Hello, Role};

use crate::certificates::{Made, make};
use crate::ends::{any_port, config, console, theatre};

#[test]
fn a_console_that_expects_another_theatre_says_which_certificate_it_got_and_which_file_to_mend() {
    let [us, peer, other] = ["theatre", "console", "other"].map(|name| make("wrong_theatre", name, 2099));
    let theatre = theatre(1, us.trusting(&peer), &[any_port()]).unwrap();
    let console = console(2, peer.trusting(&other), theatre.handle.listening());
    let why = console.wait_for_refusal();
    assert!(why.contains("other.pem") && why.matches("SHA-256 ").count() == 2, "{why}");
}

#[test]
fn a_console_that_theatre_does_not_expect_is_told_so() {
    let [us, peer, other] = ["theatre", "console", "other"].map(|name| make("wrong_console", name, 2099));
    let theatre = theatre(1, us.trusting(&other), &[any_port()]).unwrap();
    let console = console(2, peer.trusting(&us), theatre.handle.listening());
    let why = console.wait_for_refusal();
    assert!(why.contains("the peer refuses this end's certificate: it is not the one the peer expects"), "{why}");
}

#[test]
fn an_end_whose_own_certificate_has_expired_does_not_start() {
    let (us, peer) = (make("own_expired", "theatre", 2021), make("own_expired", "console", 2099));
    let error = theatre(1, us.trusting(&peer), &[any_port()]).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("theatre.pem expired on Fri, 31 Dec 2021") && text.contains("make a new one"), "{text}");
}

#[test]
fn a_theatre_whose_certificate_has_expired_is_refused_with_the_date() {
    let (us, peer) = (make("peer_expired", "theatre", 2021), make("peer_expired", "console", 2099));
    let server = RawServer::start(&us, &peer, Vec::new());
    let console = console(2, peer.trusting(&us), &[server.address]);
    let why = console.wait_for_refusal();
    assert!(why.contains("theatre.pem expired on Fri, 31 Dec 2021"), "{why}");
}

#[test]
fn a_theatre_of_another_version_is_refused_and_both_versions_are_named() {
    let (us, peer) = (make("other_version", "theatre", 2099), make("other_version", "console", 2099));
    let hello = Hello { version: 9, epoch: Epoch(1), role: Role::Theatre };
    let server = RawServer::start(&us, &peer, hello.to_bytes().unwrap());
    let console = console(2, peer.trusting(&us), &[server.address]);
    let why = console.wait_for_refusal();
    assert!(why.contains("version 9") && why.contains(&format!("version {}", protocol::VERSION)), "{why}");
}

#[test]
fn theatre_tells_a_console_of_another_version_its_own_and_serves_the_next() {
    let (us, peer) = (make("old_console", "theatre", 2099), make("old_console", "console", 2099));
    let theatre = theatre(1, us.trusting(&peer), &[any_port()]).unwrap();
    let address = *theatre.handle.listening().first().unwrap();
    let old = Hello { version: 9, epoch: Epoch(5), role: Role::Console }.to_bytes().unwrap();
    let (answer, closed) = runtime().block_on(raw_hello(address, &us, &peer, old));
    assert_eq!(answer.unwrap(), Hello::new(Epoch(1), Role::Theatre).to_bytes().unwrap());
    assert!(closed.contains("version 9"), "{closed}");
    let (answer, closed) = runtime().block_on(raw_hello(address, &us, &peer, vec![0xff; 5000]));
    assert!(answer.is_none() && closed.contains("greeting"), "an endless hello is cut off: {closed}");
    let console = console(6, peer.trusting(&us), &[address]);
    assert_eq!(console.wait_for_peer(), (Epoch(1), false));
}

#[test]
fn two_consoles_facing_each_other_are_told() {
    let (us, peer) = (make("same_role", "a", 2099), make("same_role", "b", 2099));
    let listening = config(Role::Console, 1, us.trusting(&peer), vec![End::Listen(any_port())]);
    let (handle, _events) = start(listening).unwrap();
    let console = console(2, peer.trusting(&us), handle.listening());
    assert!(console.wait_for_refusal().contains("Console like this end"));
}

#[test]
fn a_port_in_use_names_the_path_and_the_address() {
    let (us, peer) = (make("port_in_use", "theatre", 2099), make("port_in_use", "console", 2099));
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = theatre(1, us.trusting(&peer), &[any_port(), address]).err().unwrap();
    assert!(matches!(error, Error::Socket(_)));
    let text = error.to_string();
    assert!(text.contains("path.1.listen") && text.contains(&address.to_string()), "{text}");
}

#[test]
fn broken_files_are_named() {
    let (us, peer) = (make("broken_files", "theatre", 2099), make("broken_files", "console", 2099));
    let good = us.trusting(&peer);
    for (files, part) in [
        (Files { key: "/nowhere/key.pem".into(), ..good.clone() }, "/nowhere/key.pem"),
        (Files { certificate: us.key.clone(), ..good.clone() }, "holds no certificate"),
        (Files { key: peer.key.clone(), ..good.clone() }, "do not belong together"),
    ] {
        let text = theatre(1, files, &[any_port()]).err().unwrap().to_string();
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn paths_that_cannot_work_are_refused_at_the_start() {
    let (us, peer) = (make("paths", "theatre", 2099), make("paths", "console", 2099));
    let address: SocketAddr = "127.0.0.1:4433".parse().unwrap();
    for (ends, part) in [
        (vec![], "path: there is no path to the peer"),
        (vec![End::Listen(address), End::Listen(address)], "path.1.listen: 127.0.0.1:4433 is taken by path.0"),
        (
            vec![End::Dial("theatre.example".into())],
            "path.0.dial: `theatre.example` is no address; write host and port",
        ),
    ] {
        let text = start(config(Role::Console, 1, us.trusting(&peer), ends)).err().unwrap().to_string();
        assert!(text.contains(part), "{text}");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn read(made: &Made) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    (CertificateDer::from_pem_file(&made.certificate).unwrap(), PrivateKeyDer::from_pem_file(&made.key).unwrap())
}

fn roots(made: &Made) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(read(made).0).unwrap();
    Arc::new(roots)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A QUIC server that knows nothing of this product but its certificates, on a thread of its own.
struct RawServer {
    address: SocketAddr,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RawServer {
    /// Answers each connection's first stream with `hello`.
    fn start(us: &Made, peer: &Made, hello: Vec<u8>) -> Self {
        let config = server_config(us, peer);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (bound, address) = crossbeam_channel::bounded(1);
        let serve = move || {
            runtime().block_on(async {
                let server = Endpoint::server(config, any_port()).unwrap();
                bound.send(server.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = accept_with(server, hello) => {}
                    _ = stopped => {}
                }
            });
        };
        let thread = std::thread::Builder::new().name("raw server".to_owned()).spawn(serve).unwrap();
        Self { address: address.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn server_config(us: &Made, peer: &Made) -> ServerConfig {
    let (certificate, key) = read(us);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(peer), provider()).build().unwrap();
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()))
}

async fn accept_with(server: Endpoint, hello: Vec<u8>) {
    while let Some(incoming) = server.accept().await {
        let Ok(connection) = incoming.await else { continue };
        let Ok((mut send, _receive)) = connection.accept_bi().await else { continue };
        send.write_all(&hello).await.unwrap();
        send.finish().unwrap();
        connection.closed().await;
    }
}

/// Says `hello` to a theatre; gives what it answered, if anything, and how it closed.
async fn raw_hello(address: SocketAddr, us: &Made, peer: &Made, hello: Vec<u8>) -> (Option<Vec<u8>>, String) {
    let (certificate, key) = read(peer);
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots(us))
        .with_client_auth_cert(vec![certificate], key)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let config = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let endpoint = Endpoint::client(any_port()).unwrap();
    let connection = endpoint.connect_with(config, address, "theatre").unwrap().await.unwrap();
    let (mut send, mut receive) = connection.open_bi().await.unwrap();
    // The far end may stop listening before the end of an endless hello.
    let _ = send.write_all(&hello).await;
    let _ = send.finish();
    let answer = receive.read_to_end(1000).await.ok();
    (answer, connection.closed().await.to_string())
}
