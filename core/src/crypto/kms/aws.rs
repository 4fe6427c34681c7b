use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_config::{default_provider::credentials::DefaultCredentialsChain, provider_config::ProviderConfig};
use aws_credential_types::{
    Credentials,
    provider::{self, ProvideCredentials, SharedCredentialsProvider, error::CredentialsError},
};
use aws_sdk_kms::{
    Client,
    config::{Region, http::HttpResponse, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::DataKeySpec,
};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use super::{GeneratedKey, KeyContext, Kms, KmsError, WrappedKey};
use crate::{aws_transport, config::Aws, tls};

/// One try of a request, so that a lost one leaves time for another.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// Tries of one request, credentials excluded.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest ciphertext that `Decrypt` takes, in bytes.
const MAX_WRAPPED: usize = 6144;

/// A symmetric key of AWS KMS. The context is bound as the encryption context, which also stands in CloudTrail.
///
/// The SDK's own copies of an answer (its body, its base64) are freed without being wiped.
#[derive(Debug)]
pub(super) struct AwsKms {
    client: Client,
    arn: String,
}

impl AwsKms {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// When the root certificate can't be read.
    pub(super) fn new(aws: &Aws) -> Result<Self, tls::TlsError> {
        let region = Region::new(aws.key_id.split(':').nth(3).unwrap_or_default().to_owned());
        let tls = client_tls(aws.ca_path.as_deref())?;
        let credentials = if aws.access_key_id.expose_secret().is_empty() {
            SharedCredentialsProvider::new(Role::new(region.clone())?)
        } else {
            let (id, secret) = (aws.access_key_id.expose_secret(), aws.secret_access_key.expose_secret());
            SharedCredentialsProvider::new(Credentials::new(id, secret, None, None, "untxt settings"))
        };
        let mut config = aws_sdk_kms::Config::builder()
            .region(region)
            .credentials_provider(credentials)
            .http_client(aws_transport::http_client(tls))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_PAUSE))
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build());
        config.set_endpoint_url(aws.endpoint.clone());
        Ok(Self { client: Client::from_conf(config.build()), arn: aws.key_id.clone() })
    }
}

#[async_trait]
impl Kms for AwsKms {
    fn key_id(&self) -> String {
        format!("aws:{}", self.arn)
    }

    fn holds(&self, key_id: &str) -> bool {
        key_id.strip_prefix("aws:") == Some(&self.arn)
    }

    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KmsError> {
        let request = self.client.generate_data_key().key_id(&self.arn).key_spec(DataKeySpec::Aes256);
        let answer = request.set_encryption_context(Some(encryption_context(context))).send().await.map_err(sort)?;
        let (Some(key), Some(wrapped)) = (answer.plaintext, answer.ciphertext_blob) else { return Err(incomplete()) };
        let wrapped = WrappedKey { key_id: self.key_id(), bytes: wrapped.into_inner() };
        Ok(GeneratedKey { key: Zeroizing::new(key.into_inner()), wrapped })
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        let request = self.client.encrypt().key_id(&self.arn).plaintext(Blob::new(key));
        let answer = request.set_encryption_context(Some(encryption_context(context))).send().await.map_err(sort)?;
        let bytes = answer.ciphertext_blob.map(Blob::into_inner).ok_or_else(incomplete)?;
        Ok(WrappedKey { key_id: self.key_id(), bytes })
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        if !self.holds(key_id) || !(1..=MAX_WRAPPED).contains(&wrapped.len()) {
            return Err(KmsError::Refused);
        }
        let request = self.client.decrypt().key_id(&self.arn).ciphertext_blob(Blob::new(wrapped));
        let answer = request.set_encryption_context(Some(encryption_context(context))).send().await.map_err(sort)?;
        answer.plaintext.map(|key| Zeroizing::new(key.into_inner())).ok_or_else(incomplete)
    }
}

/// The role that the platform gives this process, looked up when it is first needed and renewed in time.
#[derive(Debug)]
struct Role {
    config: ProviderConfig,
    region: Region,
    chain: Arc<OnceCell<DefaultCredentialsChain>>,
}

impl Role {
    fn new(region: Region) -> Result<Self, tls::TlsError> {
        // STS and the platform's own address, whatever the endpoint of KMS is.
        let http = aws_transport::credentials_client(tls::public_client()?);
        let config = ProviderConfig::without_region().with_region(Some(region.clone())).with_http_client(http);
        Ok(Self { config, region, chain: Arc::default() })
    }
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let build =
            || DefaultCredentialsChain::builder().configure(self.config.clone()).region(self.region.clone()).build();
        provider::future::ProvideCredentials::new(async move {
            self.chain.get_or_init(build).await.provide_credentials().await
        })
    }
}

fn client_tls(ca: Option<&Path>) -> Result<Arc<rustls::ClientConfig>, tls::TlsError> {
    match ca {
        Some(ca) => tls::private_client(ca, None),
        None => tls::public_client(),
    }
}

fn encryption_context(context: &KeyContext) -> HashMap<String, String> {
    context.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn incomplete() -> KmsError {
    KmsError::Unavailable("AWS KMS left something out of its answer".into())
}

/// Sorts an error by what is to be done about it; what is no fault of the network or the key's bytes is for whoever
/// manages credentials, policies and the key's state.
fn sort<E>(error: SdkError<E, HttpResponse>) -> KmsError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let SdkError::ServiceError(answer) = &error else {
        return if lacks_credentials(&error) {
            KmsError::Denied(error.into())
        } else {
            KmsError::Unavailable(error.into())
        };
    };
    match (answer.err().code().unwrap_or_default(), answer.raw().status().as_u16()) {
        ("InvalidCiphertextException" | "IncorrectKeyException", _) => KmsError::Refused,
        ("ThrottlingException" | "LimitExceededException" | "RequestExpired", _) | (_, 408 | 429 | 500..) => {
            KmsError::Unavailable(error.into())
        }
        _ => KmsError::Denied(error.into()),
    }
}

fn lacks_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<CredentialsError>())
        .any(|error| !matches!(error, CredentialsError::ProviderTimedOut(_)))
}
