//! Certificates and keys from files, made into TLS configurations. Which peer is trusted is `pin`'s.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
pub use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;

use super::pin::{self, Pin, Validity};

/// Both ends name this protocol in the handshake. Its version is the hello's matter, so that two versions can tell each
/// other apart in words.
pub const ALPN: &[u8] = b"telementoring";

/// Where one end's certificates lie, all in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// This end's certificate.
    pub certificate: PathBuf,
    /// This end's private key.
    pub key: PathBuf,
    /// The one certificate the peer must present.
    pub peer_certificate: PathBuf,
}

/// This end's identity and the peer it trusts.
#[derive(Debug)]
pub struct Credentials {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    files: Files,
    pin: Arc<Pin>,
}

/// Why certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the {what} {}: {source}; check the path and its permissions", file.display())]
    Read {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{} holds no {what} in PEM: {reason}", file.display())]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        file: PathBuf,
        /// What is wrong.
        reason: rustls::pki_types::pem::Error,
    },
    /// This end's own certificate is outside its validity.
    #[error("this end's certificate {} {validity}", file.display())]
    Validity {
        /// Which file.
        file: PathBuf,
        /// In which way.
        validity: Validity,
    },
    /// Certificate and key are not usable together.
    #[error("{} and {} do not belong together: {source}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS said.
        source: rustls::Error,
    },
    /// TLS 1.3 for QUIC is not available from the provider built in.
    #[error("TLS cannot be set up: {0}; this build is broken, install a released one")]
    Setup(String),
}

impl Credentials {
    /// Reads the files and checks this end's own certificate at `now`.
    ///
    /// # Errors
    /// Names the file and how to mend it.
    pub fn load(files: &Files, now: UnixTime) -> Result<Self, Error> {
        let certificate: CertificateDer<'static> = read("certificate", &files.certificate)?;
        let key: PrivateKeyDer<'static> = read("private key", &files.key)?;
        let peer = read("peer's certificate", &files.peer_certificate)?;
        pin::check_validity(&certificate, now)
            .map_err(|validity| Error::Validity { file: files.certificate.clone(), validity })?;
        let pin = Pin::new(peer, files.peer_certificate.clone());
        Ok(Self { certificate, key, files: files.clone(), pin })
    }

    /// Whole days from `now` until this end's certificate is no longer valid; negative afterwards.
    pub fn days_left(&self, now: UnixTime) -> Option<i64> {
        pin::days_left(&self.certificate, now)
    }

    /// The verifier, to ask for the reason of a refusal.
    pub fn pin(&self) -> Arc<Pin> {
        self.pin.clone()
    }

    /// The private key's bytes, to derive what must outlive the program.
    pub fn key_der(&self) -> &[u8] {
        self.key.secret_der()
    }

    /// Configuration of the end that dials.
    ///
    /// # Errors
    /// If certificate and key do not belong together.
    pub fn client(&self) -> Result<QuicClientConfig, Error> {
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(setup)?
            .dangerous()
            .with_custom_certificate_verifier(self.pin.clone());
        let chain = vec![self.certificate.clone()];
        let mut config =
            builder.with_client_auth_cert(chain, self.key.clone_key()).map_err(|error| self.pair(error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // A resumed session would not look at the certificate's dates again.
        config.resumption = Resumption::disabled();
        QuicClientConfig::try_from(config).map_err(setup)
    }

    /// Configuration of the end that listens.
    ///
    /// # Errors
    /// If certificate and key do not belong together.
    pub fn server(&self) -> Result<QuicServerConfig, Error> {
        let builder = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(setup)?
            .with_client_cert_verifier(self.pin.clone());
        let chain = vec![self.certificate.clone()];
        let mut config = builder.with_single_cert(chain, self.key.clone_key()).map_err(|error| self.pair(error))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.send_tls13_tickets = 0;
        QuicServerConfig::try_from(config).map_err(setup)
    }

    fn pair(&self, source: rustls::Error) -> Error {
        Error::Pair { certificate: self.files.certificate.clone(), key: self.files.key.clone(), source }
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn setup(error: impl std::fmt::Display) -> Error {
    Error::Setup(error.to_string())
}

fn read<T: PemObject>(what: &'static str, file: &Path) -> Result<T, Error> {
    let bytes = std::fs::read(file).map_err(|source| Error::Read { what, file: file.to_owned(), source })?;
    T::from_pem_slice(&bytes).map_err(|reason| Error::Pem { what, file: file.to_owned(), reason })
}
