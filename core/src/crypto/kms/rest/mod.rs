//! Key services that are asked by HTTPS and JSON.
//!
//! It promises https with our own TLS configuration, at most three tries of a request, answers of bounded length, and
//! that what it sends and says about failures holds no key. It refuses to know what is asked.

mod login;

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::CONTENT_TYPE, request::Builder};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::ClientConfig;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::KmsError;
use crate::tls;

pub(super) use login::{Login, Token};

/// One try of a request, so that a lost one leaves time for another.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Pauses before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];
/// An unused connection is kept so long.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// More than any answer has.
const MAX_ANSWER: usize = 64 << 10;
/// What a log gets of a service's own words.
const MAX_REASON: usize = 200;

/// A client of key services, with connections that are used again.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

/// What a service answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Zeroizing<Vec<u8>>,
}

impl Rest {
    /// Makes a client that trusts one root, or the system's.
    pub(super) fn new(ca: Option<&Path>, identity: Option<(&Path, &Path)>) -> Result<Self, tls::TlsError> {
        let tls = match ca {
            Some(ca) => tls::private_client(ca, identity)?,
            None => tls::public_client()?,
        };
        Ok(Self { client: client(tls) })
    }

    /// Posts JSON and gives the answer, whatever its status is, unless it says that the service is busy or broken.
    pub(super) async fn post(
        &self,
        head: impl Fn() -> Builder,
        body: &(impl Serialize + Sync),
    ) -> Result<Answer, KmsError> {
        let body = Zeroizing::new(serde_json::to_vec(body).map_err(unavailable)?);
        let head = || head().method("POST").header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(head, body).await
    }

    /// Sends a request, up to three times; every one of ours may be repeated.
    pub(super) async fn send(&self, head: impl Fn() -> Builder, body: Zeroizing<Vec<u8>>) -> Result<Answer, KmsError> {
        let body = Bytes::from_owner(body);
        let mut pauses = PAUSES.into_iter();
        loop {
            let request = head().body(Full::new(body.clone())).map_err(unavailable)?;
            let failure = match self.send_once(request).await {
                Ok(answer) if !answer.is_trouble() => return Ok(answer),
                Ok(answer) => KmsError::Unavailable(answer.describe().into()),
                Err(error) => error,
            };
            let Some(pause) = pauses.next() else { return Err(failure) };
            sleep(pause).await;
        }
    }

    async fn send_once(&self, request: Request<Full<Bytes>>) -> Result<Answer, KmsError> {
        let answer = async {
            let answer = self.client.request(request).await.map_err(unavailable)?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(KmsError::Unavailable)?;
            Ok(Answer { status: parts.status, body: Zeroizing::new(body.to_bytes().to_vec()) })
        };
        timeout(ATTEMPT_TIMEOUT, answer).await.map_err(unavailable)?
    }
}

impl Answer {
    /// Reads the JSON of a good answer.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, KmsError> {
        // Its own message could quote what it read.
        serde_json::from_slice(&self.body).map_err(|_| KmsError::Unavailable("its answer has another form".into()))
    }

    /// Makes the error of an answer that is neither good nor about the wrapped key: credentials, policy or set-up.
    pub(super) fn denied(&self) -> KmsError {
        KmsError::Denied(self.describe().into())
    }

    /// Gives the machine-readable reason of a refusal; empty if there is none.
    #[cfg(feature = "kms-gcp")]
    pub(super) fn reason(&self) -> String {
        let answer: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        answer.pointer("/error/status").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Busy or broken: the same request may succeed later.
    fn is_trouble(&self) -> bool {
        matches!(self.status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            || self.status.is_server_error()
    }

    /// Gives status and reason of a refusal, in the service's words.
    fn describe(&self) -> String {
        let answer: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let places = ["/error/message", "/error/status", "/error/code", "/errors/0", "/error"];
        let reason = places.into_iter().find_map(|place| answer.pointer(place)?.as_str()).unwrap_or_default();
        let shown: String = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        format!("it answered {}: {shown}", self.status.as_u16())
    }
}

fn client(tls: Arc<ClientConfig>) -> Client<HttpsConnector<HttpConnector>, Full<Bytes>> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let https = HttpsConnectorBuilder::new().with_tls_config(Arc::unwrap_or_clone(tls)).https_only();
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(https.enable_http1().wrap_connector(tcp))
}

pub(super) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KmsError {
    KmsError::Unavailable(error.into())
}
