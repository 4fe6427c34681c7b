use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use metrics::{counter, histogram};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::{GeneratedKey, KeyContext, Kms, KmsError, WrappedKey};
use crate::telemetry::chain;

/// A provider that may be slow or away: no operation takes longer than its time limit, waiting for a place included, and
/// no more run at once than there are places. Counts them.
#[derive(Debug)]
pub(super) struct Bounded {
    provider: Arc<dyn Kms>,
    places: Semaphore,
    timeout: Duration,
}

impl Bounded {
    pub(super) fn new(provider: Arc<dyn Kms>, places: usize, timeout: Duration) -> Self {
        Self { provider, places: Semaphore::new(places), timeout }
    }

    async fn run<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, KmsError>> + Send,
    ) -> Result<T, KmsError> {
        let started = Instant::now();
        let placed = async {
            let _place = self.places.acquire().await.map_err(|error| KmsError::Unavailable(error.into()))?;
            work.await
        };
        let result = tokio::time::timeout(self.timeout, placed).await;
        let result = result.unwrap_or_else(|late| Err(KmsError::Unavailable(late.into())));
        let outcome = match &result {
            Ok(_) => "done",
            Err(KmsError::Unavailable(_)) => "unavailable",
            Err(KmsError::Denied(_)) => "denied",
            Err(KmsError::Refused) => "refused",
        };
        counter!("untxt_kms_operations_total", "operation" => operation, "outcome" => outcome).increment(1);
        histogram!("untxt_kms_seconds", "operation" => operation).record(started.elapsed().as_secs_f64());
        if let Err(KmsError::Denied(cause)) = &result {
            tracing::error!(
                kms.key_id = self.provider.key_id(),
                kms.operation = operation,
                error = chain(cause.as_ref()),
                "the key service denies this process: its credentials, its role or the state of the key need a look"
            );
        }
        result
    }
}

#[async_trait]
impl Kms for Bounded {
    fn key_id(&self) -> String {
        self.provider.key_id()
    }

    fn holds(&self, key_id: &str) -> bool {
        self.provider.holds(key_id)
    }

    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KmsError> {
        self.run("generate", self.provider.generate(context)).await
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        self.run("wrap", self.provider.wrap(key, context)).await
    }

    async fn unwrap(&self, key_id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.run("unwrap", self.provider.unwrap(key_id, wrapped, context)).await
    }

    async fn check(&self) -> Result<(), KmsError> {
        self.run("check", self.provider.check()).await
    }
}
