//! A key service of ours over TLS, as others describe theirs. It checks requests as they say they do, with real
//! cryptography behind; it proves how we ask and what we make of answers, and nothing about the real service.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    rand,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use untxt_core::tls;

use crate::site::Site;

/// What a service does with a request: its head and its body.
pub(super) type Handler = Arc<dyn Fn(&Parts, &[u8]) -> (u16, Value) + Send + Sync>;

/// How the stub answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// With this status, once or for ever.
    Status(u16, bool),
    /// With what is no JSON.
    Garbage,
    /// With JSON of another form.
    Other,
    /// Not within any time limit.
    Never,
}

/// A running stub; it ends with the runtime of its test.
pub(super) struct Stub {
    pub(super) port: u16,
    service: Arc<Service>,
}

struct Service {
    handler: Handler,
    mood: Mutex<Mood>,
    asked: Mutex<Vec<String>>,
}

impl Stub {
    /// Serves on a free port, to clients with a certificate if `is_mutual`.
    pub(super) async fn start(site: &Site, is_mutual: bool, handler: Handler) -> Self {
        let client_ca = is_mutual.then(|| site.cert("clients.pem"));
        let tls = tls::server(&site.cert("storage.crt"), &site.cert("storage.key"), client_ca.as_deref(), &[]);
        let acceptor = TlsAcceptor::from(tls.expect("a TLS configuration"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let service = Arc::new(Service { handler, mood: Mutex::new(Mood::Well), asked: Mutex::default() });
        let stub = Self { port, service: Arc::clone(&service) };
        #[expect(clippy::disallowed_methods, reason = "it ends with the runtime of its test")]
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                let (acceptor, service) = (acceptor.clone(), Arc::clone(&service));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| Arc::clone(&service).answer(request));
                    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        stub
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.service.mood.lock().expect("the mood") = mood;
    }

    /// Gives methods and paths of all requests since the last time.
    pub(super) fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.service.asked.lock().expect("what was asked"))
    }
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        self.asked.lock().expect("what was asked").push(format!("{} {}", parts.method, parts.uri.path()));
        let mood = {
            let mut mood = self.mood.lock().expect("the mood");
            let now = *mood;
            if let Mood::Status(_, true) = now {
                *mood = Mood::Well;
            }
            now
        };
        let (status, body) = match mood {
            Mood::Well => {
                let (status, answer) = (self.handler)(&parts, &body);
                (status, answer.to_string())
            }
            Mood::Status(status, _) => {
                (status, json!({"errors": ["as told"], "error": {"message": "as told"}}).to_string())
            }
            Mood::Garbage => (200, "<html>".to_owned()),
            Mood::Other => (200, json!({"hello": "world"}).to_string()),
            Mood::Never => {
                tokio::time::sleep(Duration::from_secs(600)).await;
                (200, String::new())
            }
        };
        let status = StatusCode::from_u16(status).expect("a status");
        Ok(Response::builder().status(status).body(Full::new(Bytes::from(body))).expect("an answer"))
    }
}

/// An AES-256-GCM key as services have them inside.
pub(super) struct Inside(LessSafeKey);

impl Inside {
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("randomness");
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key")))
    }

    pub(super) fn encrypt(&self, aad: &[u8], text: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        rand::fill(&mut nonce).expect("randomness");
        let mut sealed = text.to_vec();
        let aad = Aad::from(aad);
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed).expect("sealed");
        [&nonce[..], &sealed].concat()
    }

    pub(super) fn decrypt(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk()?;
        let mut text = sealed.to_vec();
        let length = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}
