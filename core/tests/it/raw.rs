//! The store through a bare SDK client over the same transport, for what `S3Store` has no word for.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client,
    config::{Region, retry::RetryConfig},
};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpConnector as AwsConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    shared::IntoShared,
};
use aws_smithy_types::body::SdkBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use secrecy::ExposeSecret;
use untxt_core::config::Storage;

/// Speaks HTTP without TLS and gives what comes back.
pub(crate) fn plain_http(address: SocketAddr) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Speaks to Redis without TLS and gives what comes back.
pub(crate) fn plain_redis(port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
    stream.write_all(b"PING\r\n").expect("written");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Makes a bare SDK client of the store, for what `S3Store` never asks.
pub(crate) fn s3(storage: &Storage, tls: Arc<rustls::ClientConfig>) -> Client {
    let keys = (storage.access_key_id.expose_secret(), storage.secret_access_key.expose_secret());
    let config = aws_sdk_s3::Config::builder()
        .region(Region::new(storage.region.clone()))
        .credentials_provider(Credentials::new(keys.0, keys.1, None, None, "test"))
        .endpoint_url(storage.endpoint.clone().expect("an endpoint"))
        .force_path_style(true)
        .retry_config(RetryConfig::disabled())
        .http_client(transport(tls));
    Client::from_conf(config.build())
}

fn transport(tls: Arc<rustls::ClientConfig>) -> SharedHttpClient {
    let connector: SharedHttpConnector = Transport(https(tls)).into_shared();
    http_client_fn(move |_, _| connector.clone())
}

type Https<B> = hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, B>;

/// Makes a client that offers both versions of HTTP.
pub(crate) fn https<B>(tls: Arc<rustls::ClientConfig>) -> Https<B>
where
    B: http_body::Body + Send,
    B::Data: Send,
{
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(Arc::unwrap_or_clone(tls))
        .https_only()
        .enable_http1()
        .enable_http2()
        .build();
    hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector)
}

#[derive(Debug)]
struct Transport(Https<SdkBody>);

impl AwsConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
