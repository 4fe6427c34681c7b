use std::{fmt, io, path::Path, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    clock,
    crypto::kms::{
        KmsError, private_file,
        rest::{Token, unavailable},
    },
};

/// How long a token that we sign is good; Google takes up to an hour.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// Where a machine of Google's learns its token: a link-local address that no router forwards, which speaks plain HTTP.
const METADATA: &str = "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token";
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);
const MAX_ANSWER: usize = 16 << 10;

/// Who this process is to Google.
pub(super) enum Account {
    /// A service account with a key: it signs its tokens itself (a JWT for one audience, Google's AIP-4111).
    Key { key: EncodingKey, key_id: String, email: String, audience: String },
    /// The service account of this machine.
    Machine(Box<Client<HttpConnector, Empty<Bytes>>>),
}

#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    /// Seconds since 1970.
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct MachineToken {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key { .. } => "Key(..)",
            Self::Machine(_) => "Machine",
        })
    }
}

impl Account {
    /// Reads the JSON of a service account.
    pub(super) fn read(path: &Path, endpoint: &str) -> io::Result<Self> {
        let text = private_file::read(path)?;
        // Its own message could quote the key.
        let invalid =
            || io::Error::new(io::ErrorKind::InvalidData, "encryption.gcp.credentials_path is no service account");
        let file: KeyFile = serde_json::from_str(&text).map_err(|_| invalid())?;
        let key = EncodingKey::from_rsa_pem(file.private_key.as_bytes()).map_err(|_| invalid())?;
        let (key_id, email) = (file.private_key_id.clone(), file.client_email.clone());
        Ok(Self::Key { key, key_id, email, audience: format!("{endpoint}/") })
    }

    pub(super) fn of_machine() -> Self {
        Self::Machine(Box::new(Client::builder(TokioExecutor::new()).build_http()))
    }

    /// Makes or fetches a token.
    pub(super) async fn token(&self) -> Result<Token, KmsError> {
        match self {
            Self::Key { key, key_id, email, audience } => {
                let iat = clock::now().unix_timestamp();
                let exp = iat.saturating_add_unsigned(LIFETIME.as_secs());
                let claims = Claims { iss: email, sub: email, aud: audience, iat, exp };
                let header = Header { kid: Some(key_id.clone()), ..Header::new(Algorithm::RS256) };
                let text =
                    jsonwebtoken::encode(&header, &claims, key).map_err(|error| KmsError::Denied(error.into()))?;
                Ok(Token { text: Zeroizing::new(text), lifetime: LIFETIME })
            }
            Self::Machine(client) => {
                timeout(METADATA_TIMEOUT, ask_machine(client, METADATA)).await.map_err(unavailable)?
            }
        }
    }
}

async fn ask_machine(client: &Client<HttpConnector, Empty<Bytes>>, address: &str) -> Result<Token, KmsError> {
    let request = Request::get(address).header("metadata-flavor", "Google").body(Empty::new()).map_err(unavailable)?;
    let answer = client.request(request).await.map_err(unavailable)?;
    if !answer.status().is_success() {
        return Err(KmsError::Denied("this machine has no service account".into()));
    }
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(KmsError::Unavailable)?;
    let body = Zeroizing::new(body.to_bytes().to_vec());
    let token: MachineToken = serde_json::from_slice(&body).map_err(|_| unavailable("its answer has another form"))?;
    Ok(Token { text: Zeroizing::new(token.access_token), lifetime: Duration::from_secs(token.expires_in) })
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn the_machine_is_asked_as_google_wants_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}/token", listener.local_addr().expect("an address"));
        let client = Client::builder(TokioExecutor::new()).build_http();
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("asked");
            let mut asked = vec![0; 1024];
            let length = stream.read(&mut asked).await.expect("read");
            let body = r#"{"access_token":"ya29.c","expires_in":3599,"token_type":"Bearer"}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.expect("answered");
            String::from_utf8_lossy(&asked[..length]).to_lowercase()
        };
        let (token, asked) = tokio::join!(ask_machine(&client, &address), server);
        let token = token.expect("a token");
        assert_eq!((token.text.as_str(), token.lifetime.as_secs()), ("ya29.c", 3599));
        assert!(asked.starts_with("get /token") && asked.contains("metadata-flavor: google"), "{asked}");
    }
}
