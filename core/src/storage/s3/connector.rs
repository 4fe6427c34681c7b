use std::{sync::Arc, time::Duration};

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
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// So that a peer that is silently gone is noticed within about a minute.
const KEEPALIVE: Duration = Duration::from_secs(20);

/// Makes the SDK's transport: https only, with our TLS configuration (which the SDK's own client can't take).
pub(super) fn http_client(tls: Arc<rustls::ClientConfig>) -> SharedHttpClient {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(KEEPALIVE));
    // HTTP/1.1 alone: S3 has nothing else, and parts go faster over connections of their own.
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(Arc::unwrap_or_clone(tls))
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(https);
    let connector: SharedHttpConnector = Transport { client }.into_shared();
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Clone, Debug)]
struct Transport {
    client: Client<HttpsConnector<HttpConnector>, SdkBody>,
}

impl AwsConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.client.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let answer = client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}
