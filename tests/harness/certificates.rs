//! Throw-away identities for runs on one machine. Real sites make their own, as the README says.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, KeyPair};

/// An end's certificate and key, as files.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Makes a self-signed identity called `name` in `folder`, valid for rcgen's default span.
///
/// # Errors
/// The files cannot be written.
pub fn make(folder: &Path, name: &str) -> Result<Identity> {
    make_with(folder, name, CertificateParams::new(vec![name.to_owned()])?)
}

/// Makes an identity that expired at the end of 2001.
///
/// # Errors
/// The files cannot be written.
pub fn make_expired(folder: &Path, name: &str) -> Result<Identity> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(2001, 12, 31);
    make_with(folder, name, params)
}

fn make_with(folder: &Path, name: &str, params: CertificateParams) -> Result<Identity> {
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let identity =
        Identity { certificate: folder.join(format!("{name}.crt")), key: folder.join(format!("{name}.key")) };
    fs::write(&identity.certificate, certificate.pem())
        .with_context(|| format!("writing {}", identity.certificate.display()))?;
    fs::write(&identity.key, key.serialize_pem()).with_context(|| format!("writing {}", identity.key.display()))?;
    Ok(identity)
}
