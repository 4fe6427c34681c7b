//! A root key in a hardware security module, over PKCS #11 (OASIS, version 2.40 and later).
//!
//! It promises that the key is one that can't leave the module, that no call of the vendor's library holds up the
//! runtime, that a module that is gone and comes back is used again, and that a wrong PIN is tried once, not until the
//! token is locked. It refuses to know how the key got there.

mod module;
mod token;

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::rand;
use cryptoki::{
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use zeroize::Zeroizing;

use super::{KeyContext, Kms, KmsError, WrappedKey, binding::bind};
use crate::config::Pkcs11;
use module::Module;
use token::{OpenSession, Token};

/// First byte of what this wraps: the format.
const FORMAT: u8 = 1;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Threads that may be inside the library: a module that hangs takes no more.
const MAX_THREADS: usize = 16;

/// An AES-256 key of a hardware security module.
///
/// Wrapped keys are `0x01 | nonce (12) | ciphertext | tag (16)`, AES-GCM, the id of the key and the context being the
/// associated data.
#[derive(Debug)]
pub(super) struct Pkcs11Kms {
    token: Arc<Token>,
    id: String,
    threads: Arc<Semaphore>,
}

impl Pkcs11Kms {
    /// Takes the settings; the library is loaded when it is first needed.
    pub(super) fn new(settings: &Pkcs11) -> Self {
        let id = format!("pkcs11:token={};object={}", escape(&settings.token_label), escape(&settings.key_label));
        let token = Token::new(Module::of(&settings.module_path), settings);
        Self { token: Arc::new(token), id, threads: Arc::new(Semaphore::new(MAX_THREADS)) }
    }

    /// Runs a call of the library on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Fn(&OpenSession) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, KmsError> {
        let place = Arc::clone(&self.threads).acquire_owned().await.map_err(unavailable)?;
        let token = Arc::clone(&self.token);
        let done = spawn_blocking(move || {
            let done = token.with_session(work);
            drop(place);
            done
        });
        done.await.map_err(unavailable)?
    }
}

#[async_trait]
impl Kms for Pkcs11Kms {
    fn key_id(&self) -> String {
        self.id.clone()
    }

    fn holds(&self, key_id: &str) -> bool {
        key_id == self.id
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        let (key, aad) = (Zeroizing::new(key.to_vec()), bind(&self.id, context));
        let bytes = self.run(move |open| encrypt(open, &key, &aad)).await?;
        Ok(WrappedKey { key_id: self.id.clone(), bytes })
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let is_whole = wrapped.len() > 1 + NONCE_LEN + TAG_LEN && wrapped.first() == Some(&FORMAT);
        if !self.holds(key_id) || !is_whole {
            return Err(KmsError::Refused);
        }
        let (wrapped, aad) = (wrapped.to_vec(), bind(&self.id, context));
        self.run(move |open| decrypt(open, &wrapped, &aad)).await?.ok_or(KmsError::Refused)
    }
}

fn encrypt(open: &OpenSession, key: &[u8], aad: &[u8]) -> Result<Vec<u8>, Error> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| Error::Pkcs11(RvError::RandomNoRng, cryptoki::context::Function::Encrypt))?;
    let ciphertext = {
        let parameters = GcmParams::new(&mut nonce, aad, TAG_BITS.into())?;
        open.session.encrypt(&Mechanism::AesGcm(parameters), open.key, key)?
    };
    // Read after the call: some modules take no nonce of others and leave their own there.
    Ok([&[FORMAT], &nonce[..], &ciphertext].concat())
}

/// Gives `None` if the bytes or the associated data are not what was wrapped.
fn decrypt(open: &OpenSession, wrapped: &[u8], aad: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let Some((nonce, ciphertext)) = wrapped.get(1..).and_then(|rest| rest.split_first_chunk::<NONCE_LEN>()) else {
        return Ok(None);
    };
    let mut nonce = *nonce;
    let parameters = GcmParams::new(&mut nonce, aad, TAG_BITS.into())?;
    match open.session.decrypt(&Mechanism::AesGcm(parameters), open.key, ciphertext) {
        Ok(key) => Ok(Some(Zeroizing::new(key))),
        // Modules don't agree on what they say to a wrong tag (SoftHSM: a general error). It is one if they can still
        // decrypt what they encrypted just now.
        Err(error) => match is_well(open) {
            Ok(()) => Ok(None),
            Err(_) => Err(error),
        },
    }
}

const TAG_BITS: u64 = 128;

fn is_well(open: &OpenSession) -> Result<(), Error> {
    let wrapped = encrypt(open, &[0; 32], b"")?;
    let (nonce, ciphertext) = wrapped.get(1..).and_then(|rest| rest.split_first_chunk()).ok_or(Error::InvalidValue)?;
    let mut nonce: [u8; NONCE_LEN] = *nonce;
    let parameters = GcmParams::new(&mut nonce, b"", TAG_BITS.into())?;
    open.session.decrypt(&Mechanism::AesGcm(parameters), open.key, ciphertext).map(drop)
}

/// Escapes a label as a PKCS #11 URI does (RFC 7512, section 2.3).
fn escape(label: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    label
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KmsError {
    KmsError::Unavailable(error.into())
}
