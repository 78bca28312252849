//! Throw-away certificates in files of the test's own.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use transport::driver::tls::Files;

/// One certificate with its key.
pub struct Made {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Makes a certificate called `name` for the test called `test`, valid up to the end of `until`.
pub fn make(test: &str, name: &str, until: i32) -> Made {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&directory).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 12, 31);
    let certificate = params.self_signed(&key).unwrap();
    let made =
        Made { certificate: directory.join(format!("{name}.pem")), key: directory.join(format!("{name}.key.pem")) };
    std::fs::write(&made.certificate, certificate.pem()).unwrap();
    std::fs::write(&made.key, key.serialize_pem()).unwrap();
    made
}

impl Made {
    /// The files of an end that is this and trusts `peer`.
    pub fn trusting(&self, peer: &Self) -> Files {
        Files {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            peer_certificate: peer.certificate.clone(),
        }
    }
}
