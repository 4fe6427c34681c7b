use std::{fmt, path::PathBuf, time::Duration};

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Request, StatusCode, request::Builder};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    KeyContext, Kms, KmsError, WrappedKey,
    binding::bind,
    private_file,
    rest::{Answer, Login, Rest, Token},
};
use crate::{config, tls::TlsError};

/// A token from a file is read anew after this time, so that an agent may renew it there.
const FILE_TOKEN_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// What begins everything that the transit engine encrypted, before the version of its key.
const PREFIX: &[u8] = b"vault:v";
/// More than a wrapped key has.
const MAX_WRAPPED: usize = 4096;

/// A key of type `aes256-gcm96` in the transit engine of HashiCorp Vault or OpenBao; the context is associated data.
///
/// Wrapped keys are the engine's own text, `vault:v1:…`, which names the version of its key: rotating that needs
/// nothing here.
#[derive(Debug)]
pub(super) struct VaultKms {
    rest: Rest,
    address: String,
    namespace: String,
    mount: String,
    key_name: String,
    way: Way,
    login: Login,
}

/// How this process shows who it is.
enum Way {
    TokenFile(PathBuf),
    AppRole { role_id: String, secret_id_path: PathBuf },
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenFile(_) => "TokenFile(..)",
            Self::AppRole { .. } => "AppRole(..)",
        })
    }
}

#[derive(Serialize)]
struct Encrypt<'a> {
    plaintext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct Decrypt<'a> {
    ciphertext: &'a str,
    associated_data: &'a str,
}

#[derive(Serialize)]
struct AppRole<'a> {
    role_id: &'a str,
    secret_id: &'a str,
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Encrypted {
    ciphertext: String,
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Decrypted {
    plaintext: String,
}

#[derive(Deserialize)]
struct LoggedIn {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: String,
    /// Seconds.
    lease_duration: u64,
}

impl VaultKms {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When a certificate can't be used.
    pub(super) fn new(vault: &config::Vault) -> Result<Self, TlsError> {
        let identity = vault.cert_path.as_deref().zip(vault.key_path.as_deref());
        let way = match (&vault.token_path, &vault.secret_id_path) {
            (None, Some(path)) => Way::AppRole { role_id: vault.role_id.clone(), secret_id_path: path.clone() },
            (path, _) => Way::TokenFile(path.clone().unwrap_or_default()),
        };
        Ok(Self {
            rest: Rest::new(vault.ca_path.as_deref(), identity)?,
            address: vault.address.trim_end_matches('/').to_owned(),
            namespace: vault.namespace.clone(),
            mount: vault.mount.clone(),
            key_name: vault.key_name.clone(),
            way,
            login: Login::default(),
        })
    }

    /// Asks the transit engine; a token that it refuses is fetched anew once.
    async fn ask(&self, operation: &str, body: &(impl Serialize + Sync)) -> Result<Answer, KmsError> {
        let path = format!("{}/{operation}/{}", self.mount, self.key_name);
        let mut is_last = false;
        loop {
            let token = self.login.token(self.log_in()).await?;
            let answer = self.rest.post(|| self.head(&path).header("x-vault-token", token.as_str()), body).await?;
            let is_refused = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
            if !is_refused || is_last {
                return Ok(answer);
            }
            self.login.forget(&token).await;
            is_last = true;
        }
    }

    async fn log_in(&self) -> Result<Token, KmsError> {
        let (role_id, path) = match &self.way {
            Way::TokenFile(path) => {
                let text = private_file::read(path).map_err(|error| KmsError::Denied(error.into()))?;
                return Ok(Token { text, lifetime: FILE_TOKEN_LIFETIME });
            }
            Way::AppRole { role_id, secret_id_path } => (role_id, secret_id_path),
        };
        let secret_id = private_file::read(path).map_err(|error| KmsError::Denied(error.into()))?;
        let body = AppRole { role_id, secret_id: &secret_id };
        let answer = self.rest.post(|| self.head("auth/approle/login"), &body).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.denied());
        }
        let LoggedIn { auth } = answer.json()?;
        Ok(Token { text: Zeroizing::new(auth.client_token), lifetime: Duration::from_secs(auth.lease_duration) })
    }

    fn head(&self, path: &str) -> Builder {
        let head = Request::builder().uri(format!("{}/v1/{path}", self.address)).header("x-vault-request", "true");
        if self.namespace.is_empty() { head } else { head.header("x-vault-namespace", &self.namespace) }
    }
}

#[async_trait]
impl Kms for VaultKms {
    /// Names no host, which may move; two Vaults need keys of different names.
    fn key_id(&self) -> String {
        format!("vault:{}/{}/{}", self.namespace, self.mount, self.key_name)
    }

    fn holds(&self, key_id: &str) -> bool {
        key_id == self.key_id()
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        let plaintext = Zeroizing::new(BASE64_STANDARD.encode(key));
        let associated_data = BASE64_STANDARD.encode(bind(&self.key_id(), context));
        let body = Encrypt { plaintext: &plaintext, associated_data: &associated_data };
        let answer = self.ask("encrypt", &body).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.denied());
        }
        let Data { data: Encrypted { ciphertext } } = answer.json()?;
        if !ciphertext.as_bytes().starts_with(PREFIX) || ciphertext.len() > MAX_WRAPPED {
            return Err(KmsError::Unavailable("its answer has another form".into()));
        }
        Ok(WrappedKey { key_id: self.key_id(), bytes: ciphertext.into_bytes() })
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let text = std::str::from_utf8(wrapped).map_err(|_| KmsError::Refused)?;
        if !self.holds(key_id) || !wrapped.starts_with(PREFIX) || wrapped.len() > MAX_WRAPPED {
            return Err(KmsError::Refused);
        }
        let associated_data = BASE64_STANDARD.encode(bind(key_id, context));
        let answer = self.ask("decrypt", &Decrypt { ciphertext: text, associated_data: &associated_data }).await?;
        match answer.status {
            StatusCode::OK => {
                let Data { data: decrypted } = answer.json::<Data<Decrypted>>()?;
                BASE64_STANDARD.decode(&decrypted.plaintext).map(Zeroizing::new).map_err(|_| KmsError::Refused)
            }
            StatusCode::BAD_REQUEST => Err(KmsError::Refused),
            _ => Err(answer.denied()),
        }
    }
}
