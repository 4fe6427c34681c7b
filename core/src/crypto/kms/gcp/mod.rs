//! A symmetric key of Google Cloud KMS, by `:encrypt` and `:decrypt`.
//!
//! It promises that the context is bound as additional authenticated data and that both sides check CRC-32C of all that
//! travels. It refuses to know where its tokens come from.

mod login;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Request, StatusCode, header};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    KeyContext, Kms, KmsError, WrappedKey,
    binding::bind,
    rest::{Answer, Login, Rest, unavailable},
};
use crate::{config::Gcp, crypto::CryptoError};
use login::Account;

/// More than a wrapped key has.
const MAX_WRAPPED: usize = 4096;

/// A symmetric key of Google Cloud KMS; wrapped keys are its own bytes, which name the version of the key.
#[derive(Debug)]
pub(super) struct GcpKms {
    rest: Rest,
    endpoint: String,
    /// `projects/…/locations/…/keyRings/…/cryptoKeys/…`.
    key: String,
    account: Account,
    login: Login,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Encrypt<'a> {
    plaintext: &'a str,
    additional_authenticated_data: &'a str,
    plaintext_crc32c: String,
    additional_authenticated_data_crc32c: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decrypt<'a> {
    ciphertext: &'a str,
    additional_authenticated_data: &'a str,
    ciphertext_crc32c: String,
    additional_authenticated_data_crc32c: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Encrypted {
    ciphertext: String,
    ciphertext_crc32c: String,
    #[serde(default)]
    verified_plaintext_crc32c: bool,
    #[serde(default)]
    verified_additional_authenticated_data_crc32c: bool,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
struct Decrypted {
    plaintext: String,
    plaintext_crc32c: String,
}

impl GcpKms {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When the root certificate or the service account can't be read.
    pub(super) fn new(gcp: &Gcp) -> Result<Self, CryptoError> {
        let Gcp { project_id, location, key_ring, key_name, .. } = gcp;
        let endpoint = gcp.endpoint.trim_end_matches('/').to_owned();
        let account = match &gcp.credentials_path {
            Some(path) => Account::read(path, &endpoint).map_err(|error| CryptoError::Provider(error.into()))?,
            None => Account::of_machine(),
        };
        Ok(Self {
            rest: Rest::new(gcp.ca_path.as_deref(), None).map_err(|error| CryptoError::Provider(error.into()))?,
            endpoint,
            key: format!("projects/{project_id}/locations/{location}/keyRings/{key_ring}/cryptoKeys/{key_name}"),
            account,
            login: Login::default(),
        })
    }

    /// Asks for an operation; a token that is refused is fetched anew once.
    async fn ask(&self, verb: &str, body: &(impl Serialize + Sync)) -> Result<Answer, KmsError> {
        let address = format!("{}/v1/{}:{verb}", self.endpoint, self.key);
        let mut is_last = false;
        loop {
            let token = self.login.token(self.account.token()).await?;
            let bearer = Zeroizing::new(format!("Bearer {}", token.as_str()));
            let head = || Request::builder().uri(&address).header(header::AUTHORIZATION, bearer.as_str());
            let answer = self.rest.post(head, body).await?;
            if answer.status != StatusCode::UNAUTHORIZED || is_last {
                return Ok(answer);
            }
            self.login.forget(&token).await;
            is_last = true;
        }
    }
}

#[async_trait]
impl Kms for GcpKms {
    fn key_id(&self) -> String {
        format!("gcp:{}", self.key)
    }

    fn holds(&self, key_id: &str) -> bool {
        key_id.strip_prefix("gcp:") == Some(&self.key)
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        let (plaintext, aad) = (Zeroizing::new(BASE64_STANDARD.encode(key)), bind(&self.key_id(), context));
        let body = Encrypt {
            plaintext: &plaintext,
            additional_authenticated_data: &BASE64_STANDARD.encode(&aad),
            plaintext_crc32c: crc32c(key),
            additional_authenticated_data_crc32c: crc32c(&aad),
        };
        let answer = self.ask("encrypt", &body).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.denied());
        }
        let done: Encrypted = answer.json()?;
        if !(done.verified_plaintext_crc32c && done.verified_additional_authenticated_data_crc32c) {
            return Err(damaged());
        }
        let bytes = BASE64_STANDARD.decode(&done.ciphertext).map_err(|_| damaged())?;
        if crc32c(&bytes) != done.ciphertext_crc32c || bytes.len() > MAX_WRAPPED {
            return Err(damaged());
        }
        Ok(WrappedKey { key_id: self.key_id(), bytes })
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        if !self.holds(key_id) || !(1..=MAX_WRAPPED).contains(&wrapped.len()) {
            return Err(KmsError::Refused);
        }
        let aad = bind(key_id, context);
        let body = Decrypt {
            ciphertext: &BASE64_STANDARD.encode(wrapped),
            additional_authenticated_data: &BASE64_STANDARD.encode(&aad),
            ciphertext_crc32c: crc32c(wrapped),
            additional_authenticated_data_crc32c: crc32c(&aad),
        };
        let answer = self.ask("decrypt", &body).await?;
        match answer.status {
            StatusCode::OK => {}
            // A version of the key that is disabled or destroyed is the other reason for this status.
            StatusCode::BAD_REQUEST if answer.reason() != "FAILED_PRECONDITION" => return Err(KmsError::Refused),
            _ => return Err(answer.denied()),
        }
        let done: Decrypted = answer.json()?;
        let key = Zeroizing::new(BASE64_STANDARD.decode(&done.plaintext).map_err(|_| damaged())?);
        if crc32c(&key) == done.plaintext_crc32c { Ok(key) } else { Err(damaged()) }
    }
}

/// Gives the CRC-32C (RFC 3720, appendix B.4) as the API writes it: a decimal number in quotes.
fn crc32c(bytes: &[u8]) -> String {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes).to_string()
}

fn damaged() -> KmsError {
    unavailable("what travelled was changed on the way")
}

#[cfg(test)]
mod tests {
    use super::crc32c;

    #[test]
    fn the_checksum_is_the_one_of_rfc_3720() {
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa_u32.to_string());
        assert_eq!(crc32c(b"123456789"), 0xe306_9283_u32.to_string());
    }
}
