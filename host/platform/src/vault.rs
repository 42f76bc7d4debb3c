//! Secrets at rest: encrypted with the platform's key, readable by the platform alone.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use rand::RngCore as _;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Error, error::Result};

/// Length of the nonce that stands before each ciphertext, in bytes.
const NONCE: usize = 24;

/// Encrypts and decrypts with XChaCha20-Poly1305.
#[derive(Clone)]
pub struct Vault(XChaCha20Poly1305);

impl Vault {
    /// `key` is 32 bytes in base64.
    pub fn new(key: &SecretString) -> Result<Self> {
        let bytes = STANDARD.decode(key.expose_secret().trim()).ok().filter(|k| k.len() == 32).ok_or_else(|| {
            Error::Config(
                "PLATFORM_KEY must be 32 random bytes in base64: make one with `openssl rand -base64 32`".into(),
            )
        })?;
        Ok(Self(XChaCha20Poly1305::new(bytes.as_slice().into())))
    }

    /// A new random key, in the form `new` takes.
    pub fn random_key() -> SecretString {
        let mut bytes = [0u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        STANDARD.encode(bytes).into()
    }

    /// Encrypts `secret`. It decrypts only under the same `context`, such as the row it belongs to.
    pub fn seal(&self, context: &str, secret: &SecretString) -> Vec<u8> {
        let mut sealed = vec![0u8; NONCE];
        rand::rng().fill_bytes(&mut sealed);
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: context.as_bytes() };
        let ciphertext = self
            .0
            .encrypt(XNonce::from_slice(&sealed), payload)
            .expect("a few bytes are never too long for the cipher");
        sealed.extend(ciphertext);
        sealed
    }

    /// What `seal` sealed under the same `context`.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<SecretString> {
        let (nonce, msg) = sealed.split_at_checked(NONCE).ok_or(Error::Vault)?;
        let payload = Payload { msg, aad: context.as_bytes() };
        let bytes = self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Error::Vault)?;
        String::from_utf8(bytes).map(Into::into).map_err(|_| Error::Vault)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_only_with_its_key_and_context() {
        let vault = Vault::new(&Vault::random_key()).unwrap();
        let sealed = vault.seal("agent 1", &"123:abc".to_owned().into());
        assert_eq!(vault.open("agent 1", &sealed).unwrap().expose_secret(), "123:abc");
        assert!(vault.open("agent 2", &sealed).is_err());
        assert!(Vault::new(&Vault::random_key()).unwrap().open("agent 1", &sealed).is_err());
        assert!(!sealed.windows(7).any(|w| w == b"123:abc"));
    }

    #[test]
    fn a_key_of_another_length_says_how_to_make_one() {
        let error = Vault::new(&"c2hvcnQ=".to_owned().into()).unwrap_err();
        assert!(error.to_string().contains("openssl rand"));
    }
}
