//! Connection ids and stateless resets that outlive the program.
//!
//! When theatre's program dies without a word and starts again, it gets packets of connections it does not know. It
//! answers with a stateless reset (RFC 9000 section 10.3), which the peer believes only if its token comes from the same
//! key as before. So the key is derived from the private key, and the console dials again at once instead of waiting out
//! the idle time-out of 30 s.

use std::sync::Arc;

use quinn::crypto::{CryptoError, HmacKey};
use quinn::{ConnectionId, ConnectionIdGenerator, EndpointConfig};
use rustls::Tls13CipherSuite;
use rustls::crypto::ring;
use rustls::crypto::tls13::OkmBlock;

/// Sets this key apart from whatever else may be derived from the same secret.
const PURPOSE: &[u8] = b"telementoring stateless reset";
/// Bytes of a connection id: RFC 9000 asks for 8 at least in the first one a client chooses; no more is needed.
const ID_BYTES: usize = 8;
/// Bytes of an HMAC-SHA-256.
const TAG_BYTES: usize = 32;

/// An endpoint configuration whose resets a former life's peers believe. `secret` is the private key.
pub fn endpoint_config(secret: &[u8]) -> EndpointConfig {
    let mut config = EndpointConfig::new(Arc::new(ResetKey::derive(secret)));
    // quinn's own generator draws a key at each start and then takes a former life's ids for forgeries.
    config.cid_generator(|| Box::new(RandomIds));
    config
}

struct ResetKey([u8; TAG_BYTES]);

impl ResetKey {
    fn derive(secret: &[u8]) -> Self {
        let mut seed = [0; TAG_BYTES];
        if let Some(suite) = suite() {
            let digest = suite.common.hash_provider.hash(secret);
            seed.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        }
        Self(hmac(&seed, PURPOSE))
    }
}

impl HmacKey for ResetKey {
    fn sign(&self, data: &[u8], signature_out: &mut [u8]) {
        signature_out.iter_mut().zip(hmac(&self.0, data)).for_each(|(to, from)| *to = from);
    }

    fn signature_len(&self) -> usize {
        TAG_BYTES
    }

    fn verify(&self, data: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        let expected = hmac(&self.0, data);
        // Every byte is looked at, so that the time taken tells nothing.
        let differing = expected.iter().zip(signature).fold(0, |bits, (a, b)| bits | (a ^ b));
        if signature.len() == TAG_BYTES && differing == 0 { Ok(()) } else { Err(CryptoError) }
    }
}

struct RandomIds;

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0; ID_BYTES];
        if ring::default_provider().secure_random.fill(&mut id).is_err() {
            tracing::error!("the system gives no random numbers: connection ids will repeat and connections fail");
        }
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        ID_BYTES
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

fn suite() -> Option<&'static Tls13CipherSuite> {
    ring::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13()
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8; TAG_BYTES], data: &[u8]) -> [u8; TAG_BYTES] {
    let mut out = [0; TAG_BYTES];
    if let Some(suite) = suite() {
        let tag = suite.hkdf_provider.hmac_sign(&OkmBlock::new(key), data);
        out.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_private_key_gives_the_same_tokens_and_another_gives_others() {
        let token = |secret: &[u8]| {
            let mut token = [0; TAG_BYTES];
            ResetKey::derive(secret).sign(b"connection id", &mut token);
            token
        };
        assert_eq!(token(b"key"), token(b"key"));
        assert_ne!(token(b"key"), token(b"another"));
        assert!(ResetKey::derive(b"key").verify(b"connection id", &token(b"key")).is_ok());
        assert!(ResetKey::derive(b"key").verify(b"connection id", &token(b"another")).is_err());
        assert!(ResetKey::derive(b"key").verify(b"connection id", &[]).is_err());
    }

    #[test]
    fn the_hmac_is_the_one_of_rfc_4231() {
        // RFC 4231 test case 2 has a key of 4 bytes; HMAC pads a key with zeros, so 32 bytes give the same.
        let mut key = [0; TAG_BYTES];
        key[..4].copy_from_slice(b"Jefe");
        let tag = hmac(&key, b"what do ya want for nothing?");
        assert_eq!(tag[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }
}
