use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use form_urlencoded::Serializer;
use http::{Request, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    KeyContext, Kms, KmsError, WrappedKey,
    binding::bind,
    private_file,
    rest::{Answer, Login, Rest, Token, unavailable},
};
use crate::{
    config::{Azure, AzureAlgorithm},
    crypto::{aead::SecretKey, context::length_prefixed},
    tls::TlsError,
};

const API: &str = "api-version=7.4";
/// First byte of what this wraps: the format.
const FORMAT: u8 = 1;
/// Version of the key that wraps, looked up again after this time: so soon is a rotation in Azure followed.
const VERSION_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A key of an Azure Key Vault or Managed HSM, by `wrapKey` and `unwrapKey`.
///
/// Neither takes a context. So a key is sealed with AES-256-GCM under an inner key of its own, the context being the
/// associated data, and Azure wraps that inner key:
/// `0x01 | length (1) | version of Azure's key | length (2, big endian) | wrapped inner key | sealed key`.
/// An RSA key hides what it wraps but doesn't show who wrapped it; an AES key of a Managed HSM does both.
#[derive(Debug)]
pub(super) struct AzureKms {
    rest: Rest,
    vault: String,
    key_name: String,
    algorithm: &'static str,
    way: Way,
    login: Login,
    version: Mutex<Option<(String, Instant)>>,
}

/// How this process shows who it is: OAuth 2.0 client credentials (RFC 6749, section 4.4).
struct Way {
    address: String,
    client_id: String,
    scope: String,
    secret: Secret,
}

enum Secret {
    Shared(SecretString),
    /// A token of the platform that Azure trusts, in a file (RFC 7523, section 2.2).
    Federated(PathBuf),
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Way(..)")
    }
}

#[derive(Serialize)]
struct Operation<'a> {
    alg: &'static str,
    value: &'a str,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Done {
    kid: String,
    value: String,
}

#[derive(Deserialize)]
struct Bundle {
    key: Key,
}

#[derive(Deserialize)]
struct Key {
    kid: String,
}

#[derive(Deserialize)]
struct LoggedIn {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

impl Way {
    fn form(&self) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", &self.client_id).append_pair("scope", &self.scope);
        match &self.secret {
            Secret::Shared(secret) => form.append_pair("client_secret", secret.expose_secret()),
            Secret::Federated(path) => {
                let assertion = private_file::read(path).map_err(|error| KmsError::Denied(error.into()))?;
                form.append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
                form.append_pair("client_assertion", &assertion)
            }
        };
        Ok(Zeroizing::new(form.finish().into_bytes()))
    }
}

/// What [`AzureKms`] stores.
struct Parts<'a> {
    version: &'a str,
    inner: &'a [u8],
    sealed: &'a [u8],
}

impl AzureKms {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When the root certificate can't be read.
    pub(super) fn new(azure: &Azure) -> Result<Self, TlsError> {
        let vault = azure.vault_url.trim_end_matches('/').to_owned();
        // "https://name.vault.azure.net" has its tokens from "https://vault.azure.net", in every cloud.
        let host = vault.strip_prefix("https://").unwrap_or(&vault);
        let service = host.split_once('.').map_or(host, |(_, service)| service);
        let secret = match &azure.token_path {
            Some(path) => Secret::Federated(path.clone()),
            None => Secret::Shared(azure.client_secret.clone()),
        };
        let way = Way {
            address: format!("{}/{}/oauth2/v2.0/token", azure.login_url.trim_end_matches('/'), azure.tenant_id),
            client_id: azure.client_id.clone(),
            scope: format!("https://{service}/.default"),
            secret,
        };
        let algorithm = match azure.algorithm {
            AzureAlgorithm::RsaOaep256 => "RSA-OAEP-256",
            AzureAlgorithm::A256Kw => "A256KW",
        };
        let (rest, key_name) = (Rest::new(azure.ca_path.as_deref(), None)?, azure.key_name.clone());
        Ok(Self { rest, vault, key_name, algorithm, way, login: Login::default(), version: Mutex::default() })
    }

    /// Asks the vault, with `body` or only to look; a token that it refuses is fetched anew once.
    async fn ask(&self, path: &str, body: Option<&Operation<'_>>) -> Result<Answer, KmsError> {
        let address = format!("{}/keys/{}{path}?{API}", self.vault, self.key_name);
        let mut is_last = false;
        loop {
            let token = self.login.token(self.log_in()).await?;
            let bearer = Zeroizing::new(format!("Bearer {}", token.as_str()));
            let head = || Request::builder().uri(&address).header(header::AUTHORIZATION, bearer.as_str());
            let answer = match body {
                Some(body) => self.rest.post(head, body).await?,
                None => self.rest.send(head, Zeroizing::default()).await?,
            };
            if answer.status != StatusCode::UNAUTHORIZED || is_last {
                return Ok(answer);
            }
            self.login.forget(&token).await;
            is_last = true;
        }
    }

    async fn log_in(&self) -> Result<Token, KmsError> {
        let form = self.way.form()?;
        let kind = "application/x-www-form-urlencoded";
        let head = || Request::post(&self.way.address).header(header::CONTENT_TYPE, kind);
        let answer = self.rest.send(head, form).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.denied());
        }
        let LoggedIn { access_token, expires_in } = answer.json()?;
        Ok(Token { text: Zeroizing::new(access_token), lifetime: Duration::from_secs(expires_in) })
    }

    /// Gives the version of the key that wraps now.
    async fn current_version(&self) -> Result<String, KmsError> {
        let mut kept = self.version.lock().await;
        if let Some((version, _)) = kept.as_ref().filter(|(_, at)| at.elapsed() < VERSION_LIFETIME) {
            return Ok(version.clone());
        }
        let answer = self.ask("", None).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.denied());
        }
        let Bundle { key } = answer.json()?;
        let version = key.kid.rsplit('/').next().unwrap_or_default();
        if !is_version(version) {
            return Err(unavailable("its answer has another form"));
        }
        *kept = Some((version.to_owned(), Instant::now()));
        Ok(version.to_owned())
    }

    /// Wraps or unwraps an inner key with one version of Azure's; `None` if Azure says that the bytes are wrong.
    async fn apply(&self, verb: &str, version: &str, value: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, KmsError> {
        let value = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(value));
        let body = Operation { alg: self.algorithm, value: &value };
        let answer = self.ask(&format!("/{version}/{verb}"), Some(&body)).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST => return Ok(None),
            _ => return Err(answer.denied()),
        }
        let done: Done = answer.json()?;
        if !done.kid.ends_with(&format!("/{}/{version}", self.key_name)) {
            return Err(unavailable("it answered with another key"));
        }
        let value = BASE64_URL_SAFE_NO_PAD.decode(&done.value);
        value.map(|value| Some(Zeroizing::new(value))).map_err(|_| unavailable("its answer has another form"))
    }

    fn associated_data(&self, version: &str, context: &KeyContext) -> Vec<u8> {
        length_prefixed(&[&bind(&self.key_id(), context), version.as_bytes()])
    }
}

#[async_trait]
impl Kms for AzureKms {
    /// Names no version: that stands in what was wrapped.
    fn key_id(&self) -> String {
        format!("azure:{}/keys/{}", self.vault, self.key_name)
    }

    fn holds(&self, key_id: &str) -> bool {
        key_id == self.key_id()
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        let version = self.current_version().await?;
        let inner = SecretKey::generate().map_err(unavailable)?;
        let sealed = inner.seal(1, &self.associated_data(&version, context), key).map_err(unavailable)?;
        let refused = || KmsError::Denied("it does not wrap with this key and algorithm".into());
        let wrapped = self.apply("wrapkey", &version, inner.as_bytes()).await?.ok_or_else(refused)?;
        let parts = Parts { version: &version, inner: &wrapped, sealed: &sealed };
        let bytes = parts.join().ok_or_else(|| unavailable("its answer has another form"))?;
        Ok(WrappedKey { key_id: self.key_id(), bytes })
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let parts = Parts::split(wrapped).filter(|_| self.holds(key_id)).ok_or(KmsError::Refused)?;
        let inner = self.apply("unwrapkey", parts.version, parts.inner).await?.ok_or(KmsError::Refused)?;
        let inner = SecretKey::from_bytes(&inner).map_err(|_| KmsError::Refused)?;
        let aad = self.associated_data(parts.version, context);
        inner.open(&aad, parts.sealed).map_err(|_| KmsError::Refused)
    }
}

impl<'a> Parts<'a> {
    fn join(&self) -> Option<Vec<u8>> {
        let version_len = u8::try_from(self.version.len()).ok()?;
        let inner_len = u16::try_from(self.inner.len()).ok()?.to_be_bytes();
        let all = [&[FORMAT, version_len], self.version.as_bytes(), &inner_len, self.inner, self.sealed];
        Some(all.concat())
    }

    fn split(bytes: &'a [u8]) -> Option<Self> {
        let ([FORMAT, version_len], rest) = bytes.split_first_chunk()? else { return None };
        let (version, rest) = rest.split_at_checked(usize::from(*version_len))?;
        let (inner_len, rest) = rest.split_first_chunk()?;
        let (inner, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*inner_len)))?;
        let version = std::str::from_utf8(version).ok().filter(|version| is_version(version))?;
        Some(Self { version, inner, sealed })
    }
}

/// Says whether this can be part of an address, as versions are: 32 letters and digits.
fn is_version(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
