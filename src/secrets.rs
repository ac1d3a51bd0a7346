//! Secrets at rest: sealed with a key that is kept apart from the store, or references (`env:`,
//! `file:`, `cmd:`) that are read when they are needed.

mod key;
mod permissions;
mod reference;
#[cfg(test)]
mod tests;

pub use permissions::check_permissions;

use crate::model::{SecretText, UserError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// How a sealed secret begins; the version of the form `nonce ‖ ciphertext ‖ tag`, in base64.
const VERSION: &str = "v1:";
/// Bound into every sealed secret, so that the key seals nothing else by mistake.
const PURPOSE: &[u8] = b"syncdeck secret v1";

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Vault {
    key: Arc<LessSafeKey>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// Takes the key from the systemd credential `syncdeck.key` (`$CREDENTIALS_DIRECTORY`), else
    /// from the key file in the config folder, which is made (mode 0600) if it is not there.
    ///
    /// # Errors
    /// The key file cannot be read, made, or is damaged.
    pub fn open(config_folder: &Path) -> Result<Self, UserError> {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
        Self::open_with(config_folder, credentials.as_deref().map(Path::new))
    }

    fn open_with(config_folder: &Path, credentials: Option<&Path>) -> Result<Self, UserError> {
        Self::of(&key::load(config_folder, credentials)?)
    }

    /// The same, but `None` where there is no key yet.
    ///
    /// # Errors
    /// The key file cannot be read or is damaged.
    pub fn open_existing(config_folder: &Path) -> Result<Option<Self>, UserError> {
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
        let bytes = key::existing(config_folder, credentials.as_deref().map(Path::new))?;
        bytes.map(|bytes| Self::of(&bytes)).transpose()
    }

    fn of(bytes: &key::Key) -> Result<Self, UserError> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes.as_slice()).map_err(|_| {
            UserError::new(
                "The key of the secrets cannot be used.",
                "It does not have the right length.",
                "Restore syncdeck.key from a backup.",
            )
        })?;
        Ok(Self { key: Arc::new(LessSafeKey::new(key)) })
    }

    /// Seals a clear secret; a reference (`env:NAME`, `file:PATH`, `cmd:COMMAND`) is kept as it is.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn keep(&self, clear: &str) -> Result<SecretText, UserError> {
        if reference::is_reference(clear) {
            return Ok(SecretText::Reference(clear.to_owned()));
        }
        let broken = |_| {
            UserError::new(
                "A secret could not be sealed.",
                "The system gave no randomness.",
                "Try again; restart the machine if it goes on.",
            )
        };
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(broken)?;
        let mut sealed = Zeroizing::new(Vec::with_capacity(clear.len() + 64));
        sealed.extend_from_slice(clear.as_bytes());
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(PURPOSE),
                &mut sealed,
            )
            .map_err(broken)?;
        let whole = [&nonce, sealed.as_slice(), tag.as_ref()].concat();
        let text = format!("{VERSION}{}", BASE64.encode(whole));
        Ok(SecretText::Sealed(text))
    }

    /// The clear text of a kept setting. References are read now.
    ///
    /// # Errors
    /// The reference cannot be read, or the secret was sealed with another key.
    pub fn reveal(&self, kept: &SecretText) -> Result<SecretString, UserError> {
        match kept {
            SecretText::Plain(text) => Ok(SecretString::from(text.as_str())),
            SecretText::Reference(text) => reference::read(text),
            SecretText::Sealed(text) => self.unseal(text),
        }
    }

    /// [`Self::reveal`] of what needs no key.
    ///
    /// # Errors
    /// The reference cannot be read, or the secret is sealed.
    pub fn reveal_without_key(kept: &SecretText) -> Result<SecretString, UserError> {
        match kept {
            SecretText::Plain(text) => Ok(SecretString::from(text.as_str())),
            SecretText::Reference(text) => reference::read(text),
            SecretText::Sealed(_) => Err(UserError::new(
                "A stored secret cannot be opened.",
                "The key file that it was sealed with is not there.",
                "Restore that key file from a backup, or enter the secret again.",
            )),
        }
    }

    fn unseal(&self, text: &str) -> Result<SecretString, UserError> {
        let other_version = || {
            UserError::new(
                "A stored secret cannot be read.",
                "It was sealed by a newer SyncDeck, or is damaged.",
                "Use the newest SyncDeck, or enter the secret again.",
            )
        };
        let encoded = text.strip_prefix(VERSION).ok_or_else(other_version)?;
        let bytes = BASE64.decode(encoded).map_err(|_| other_version())?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(other_version)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let clear = self.key.open_in_place(nonce, Aad::from(PURPOSE), &mut buffer);
        let clear = clear.map_err(|_| {
            UserError::new(
                "A stored secret cannot be opened.",
                "It was sealed with another key than the one in syncdeck.key.",
                "Restore that key file from a backup, or enter the secret again.",
            )
        })?;
        match std::str::from_utf8(clear) {
            Ok(clear) => Ok(SecretString::from(clear)),
            Err(_) => Err(other_version()),
        }
    }
}

/// Whether this text is a reference to a secret that is kept elsewhere.
pub fn is_reference(text: &str) -> bool {
    reference::is_reference(text)
}
