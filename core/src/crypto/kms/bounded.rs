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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Takes a while, or for ever; knows how many are inside.
    #[derive(Debug, Default)]
    struct Slow {
        hangs: bool,
        inside: AtomicUsize,
        most: AtomicUsize,
    }

    #[async_trait]
    impl Kms for Slow {
        fn key_id(&self) -> String {
            "slow:".to_owned()
        }

        fn holds(&self, _: &str) -> bool {
            true
        }

        async fn wrap(&self, key: &[u8], _: &KeyContext) -> Result<WrappedKey, KmsError> {
            self.most.fetch_max(1 + self.inside.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(if self.hangs { 3_600_000 } else { 20 })).await;
            self.inside.fetch_sub(1, Ordering::SeqCst);
            Ok(WrappedKey { key_id: self.key_id(), bytes: key.to_vec() })
        }

        async fn unwrap(&self, _: &str, wrapped: &[u8], _: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
            Ok(Zeroizing::new(wrapped.to_vec()))
        }
    }

    #[tokio::test]
    async fn no_more_run_at_once_than_there_are_places() {
        let slow = Arc::new(Slow::default());
        let bounded = Bounded::new(slow.clone(), 5, Duration::from_secs(60));
        let works = (0..40).map(|_| bounded.wrap(&[7; 32], &KeyContext::Check));
        for done in futures::future::join_all(works).await {
            done.expect("each has its turn");
        }
        assert_eq!(slow.most.load(Ordering::SeqCst), 5);
    }

    #[tokio::test]
    async fn what_hangs_ends_at_the_time_limit_and_gives_its_place_back() {
        let slow = Arc::new(Slow { hangs: true, ..Slow::default() });
        let bounded = Bounded::new(slow, 2, Duration::from_millis(50));
        let works = (0..6).map(|_| bounded.wrap(&[7; 32], &KeyContext::Check));
        for late in futures::future::join_all(works).await {
            assert!(matches!(late, Err(KmsError::Unavailable(_))), "{late:?}");
        }
        bounded.unwrap("slow:", &[7; 32], &KeyContext::Check).await.expect("there is a place");
    }
}
