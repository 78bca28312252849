//! Trust in exactly one certificate. Loading it, and our own, is `tls`'s.
//!
//! The peer must present the pinned certificate byte for byte, within its validity, and prove with the TLS 1.3
//! handshake's signature that it holds the key. No authority is asked, so none can vouch for somebody else.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, PeerIncompatible, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

/// SHA-256 of a certificate's DER, as people compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody else's certificate.
    #[error(
        "the peer's certificate is not the one in {file}: got {got}, expected {expected}; \
         copy the peer's own certificate there, at both ends"
    )]
    Other {
        /// What the peer presented.
        got: Fingerprint,
        /// What is pinned.
        expected: Fingerprint,
        /// The file that pins it.
        file: String,
    },
    /// The right certificate outside its validity.
    #[error("the peer's certificate in {file} {validity}")]
    Invalid {
        /// The file that pins it.
        file: String,
        /// In which way.
        validity: Validity,
    },
}

/// How a certificate stands to a moment it is not valid at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Validity {
    /// Its time is over.
    #[error("expired on {0}: make a new one and copy it to the peer")]
    Expired(String),
    /// Its time has not come.
    #[error("is not valid before {0}: check this machine's date, or make a new one")]
    NotYet(String),
    /// Its dates cannot be read.
    #[error("is not a readable X.509 certificate: make a new one")]
    Unreadable,
}

/// A verifier for either end.
#[derive(Debug)]
pub struct Pin {
    certificate: CertificateDer<'static>,
    file: PathBuf,
    algorithms: WebPkiSupportedAlgorithms,
    /// The last refusal: TLS carries only an alert number, people need the reason.
    refusal: Mutex<Option<Refusal>>,
}

impl Fingerprint {
    /// The fingerprint of a certificate's DER bytes.
    pub fn of(der: &[u8]) -> Self {
        let sha256 = ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13().map(|suite| suite.common.hash_provider);
        let digest = sha256.map(|sha256| sha256.hash(der));
        let bytes = digest.as_ref().map_or(&[][..], AsRef::as_ref);
        Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA-256 {}", self.0)
    }
}

/// Checks a certificate's dates against `now`.
///
/// # Errors
/// Which side of its validity `now` lies on.
pub fn check_validity(der: &[u8], now: UnixTime) -> Result<(), Validity> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Validity::Unreadable)?;
    let validity = certificate.validity();
    let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let date = |at: x509_parser::time::ASN1Time| at.to_rfc2822().unwrap_or_else(|_| at.to_string());
    if now_s > validity.not_after.timestamp() {
        Err(Validity::Expired(date(validity.not_after)))
    } else if now_s < validity.not_before.timestamp() {
        Err(Validity::NotYet(date(validity.not_before)))
    } else {
        Ok(())
    }
}

/// Whole days from `now` to the last moment of a certificate's validity; negative after it. `None` if it cannot be read.
pub fn days_left(der: &[u8], now: UnixTime) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let now_s = i64::try_from(now.as_secs()).ok()?;
    Some((certificate.validity().not_after.timestamp() - now_s).div_euclid(24 * 3_600))
}

impl Pin {
    /// Trusts `certificate`, which was read from `file`.
    pub fn new(certificate: CertificateDer<'static>, file: PathBuf) -> Arc<Self> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        Arc::new(Self { certificate, file, algorithms, refusal: Mutex::new(None) })
    }

    /// The reason of the last refusal, once.
    pub fn take_refusal(&self) -> Option<Refusal> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn verify(&self, presented: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
        let Err(refusal) = self.judge(presented, now) else { return Ok(()) };
        let alert = match &refusal {
            Refusal::Invalid { validity: Validity::Expired(_), .. } => CertificateError::Expired,
            Refusal::Invalid { .. } => CertificateError::NotValidYet,
            Refusal::Other { .. } => CertificateError::ApplicationVerificationFailure,
        };
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
        Err(alert.into())
    }

    fn judge(&self, presented: &CertificateDer<'_>, now: UnixTime) -> Result<(), Refusal> {
        let file = self.file.display().to_string();
        if presented.as_ref() != self.certificate.as_ref() {
            let (got, expected) = (Fingerprint::of(presented), Fingerprint::of(&self.certificate));
            return Err(Refusal::Other { got, expected, file });
        }
        check_validity(presented, now).map_err(|validity| Refusal::Invalid { file, validity })
    }
}

/// TLS 1.2 is never offered; its signatures are refused all the same.
fn only_tls13() -> rustls::Error {
    PeerIncompatible::Tls13RequiredForQuic.into()
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        presented: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verify(presented, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Pin {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        presented: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.verify(presented, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DAY_S: u64 = 86_400;

    /// Valid throughout 2030.
    fn certificate() -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::new(vec!["theatre".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2030, 1, 1);
        params.not_after = rcgen::date_time_ymd(2031, 1, 1);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    /// So many days after the start of 1970.
    fn day(days: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(days * DAY_S))
    }

    const MID_2030: u64 = 22_100;

    #[test]
    fn the_pinned_certificate_is_trusted_within_its_dates() {
        let pin = Pin::new(certificate(), "peer.pem".into());
        let presented = pin.certificate.clone();
        assert!(pin.verify(&presented, day(MID_2030)).is_ok());
        assert_eq!(pin.take_refusal(), None);
    }

    #[test]
    fn the_days_that_a_certificate_has_left_are_whole_ones() {
        let ends = certificate();
        let left = |days| days_left(&ends, day(days)).unwrap();
        assert_eq!((left(0) - left(1), left(10) - left(11)), (1, 1));
        assert!(left(100_000) < 0);
        assert_eq!(days_left(b"no certificate", day(0)), None);
    }

    #[test]
    fn an_expired_certificate_says_since_when_and_how_to_mend_it() {
        let pin = Pin::new(certificate(), "peer.pem".into());
        let presented = pin.certificate.clone();
        let alert = pin.verify(&presented, day(MID_2030 + 365)).unwrap_err();
        assert_eq!(alert, CertificateError::Expired.into());
        let text = pin.take_refusal().unwrap().to_string();
        assert!(text.contains("peer.pem expired on Wed, 01 Jan 2031") && text.contains("make a new one"), "{text}");
        assert!(pin.verify(&presented, day(MID_2030 - 365)).is_err());
        let text = pin.take_refusal().unwrap().to_string();
        assert!(text.contains("is not valid before Tue, 01 Jan 2030"), "{text}");
    }

    #[test]
    fn any_other_certificate_is_refused_with_both_fingerprints_and_the_file() {
        let pin = Pin::new(certificate(), "peer.pem".into());
        let other = certificate();
        assert!(pin.verify(&other, day(MID_2030)).is_err());
        let text = pin.take_refusal().unwrap().to_string();
        for part in
            [Fingerprint::of(&other).to_string(), Fingerprint::of(&pin.certificate).to_string(), "peer.pem".into()]
        {
            assert!(text.contains(&part), "{part} in {text}");
        }
    }

    #[test]
    fn a_fingerprint_is_the_sha_256_people_know() {
        let known = "SHA-256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of(b"abc").to_string(), known);
    }
}
