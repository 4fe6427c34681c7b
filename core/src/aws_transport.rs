//! How requests to AWS travel, to S3 and to KMS.
//!
//! It promises https with our own TLS configuration, which the SDK's own client can't take. It refuses to know what is
//! asked.

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

/// Makes the SDK's transport: https only.
pub(crate) fn http_client(tls: Arc<rustls::ClientConfig>) -> SharedHttpClient {
    transport(tls, &[])
}

/// Makes the transport for credentials alone: a cloud hands them out at addresses of the machine itself, in plain HTTP.
/// Everything else is https.
#[cfg(feature = "kms-aws")]
pub(crate) fn credentials_client(tls: Arc<rustls::ClientConfig>) -> SharedHttpClient {
    transport(tls, METADATA_HOSTS)
}

fn transport(tls: Arc<rustls::ClientConfig>, plain_hosts: &'static [&'static str]) -> SharedHttpClient {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(KEEPALIVE));
    // HTTP/1.1 alone: S3 and KMS have nothing else, and parts go faster over connections of their own.
    let https = HttpsConnectorBuilder::new().with_tls_config(Arc::unwrap_or_clone(tls));
    let https = if plain_hosts.is_empty() { https.https_only() } else { https.https_or_http() };
    let https = https.enable_http1().wrap_connector(tcp);
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(https);
    let connector: SharedHttpConnector = Transport { client, plain_hosts }.into_shared();
    http_client_fn(move |_, _| connector.clone())
}

/// The link-local addresses of EC2, ECS and EKS, which no router forwards.
#[cfg(feature = "kms-aws")]
const METADATA_HOSTS: &[&str] =
    &["169.254.169.254", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]"];

#[derive(Clone, Debug)]
struct Transport {
    client: Client<HttpsConnector<HttpConnector>, SdkBody>,
    /// The only hosts that may be asked without TLS.
    plain_hosts: &'static [&'static str],
}

impl Transport {
    fn allows(&self, address: &http::Uri) -> bool {
        address.scheme_str() == Some("https") || address.host().is_some_and(|host| self.plain_hosts.contains(&host))
    }
}

impl AwsConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            if !transport.allows(request.uri()) {
                return Err(ConnectorError::user("nothing may travel in clear".into()));
            }
            let answer = transport.client.request(request).await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_but_the_machines_own_addresses_is_asked_without_tls() {
        crate::tls::install_provider();
        let folder = tempfile::tempdir().expect("a folder");
        crate::tls::init_certificates(folder.path(), &[]).expect("certificates");
        let tls = crate::tls::private_client(&folder.path().join("root.crt"), None).expect("a client");
        let tcp = HttpConnector::new();
        let https = HttpsConnectorBuilder::new().with_tls_config(Arc::unwrap_or_clone(tls)).https_or_http();
        let client = Client::builder(TokioExecutor::new()).build(https.enable_http1().wrap_connector(tcp));
        let transport = Transport { client, plain_hosts: &["169.254.169.254"] };
        for (address, is_allowed) in [
            ("https://kms.eu-central-1.amazonaws.com/", true),
            ("http://169.254.169.254/latest/api/token", true),
            ("http://kms.eu-central-1.amazonaws.com/", false),
            ("http://169.254.169.254.example.org/", false),
            ("http://127.0.0.1/", false),
        ] {
            assert_eq!(transport.allows(&address.parse().expect("an address")), is_allowed, "{address}");
        }
        let refused = transport
            .call(
                HttpRequest::try_from(http::Request::get("http://127.0.0.1/").body(SdkBody::empty()).expect("good"))
                    .expect("good"),
            )
            .await;
        assert!(refused.expect_err("refused").is_user());
    }
}
