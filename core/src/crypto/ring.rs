use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{CryptoError, Kms, KmsError, OwnerKey, WrappedOwnerKey, aead::SecretKey, context::length_prefixed};
use crate::{domain::OwnerId, lifecycle::Lifecycle};

/// Owner keys kept at once; each takes about 200 bytes, and a miss costs one call to the KMS.
const MAX_KEYS: usize = 1024;
/// How long a key is kept, counted from its unwrapping (not from its last use).
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// How often an idle process looks for keys that are too old.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// Opens owner keys through the KMS and keeps them, bounded, for at most five minutes.
#[derive(Clone)]
pub struct KeyRing {
    kms: Arc<dyn Kms>,
    kept: Arc<Mutex<HashMap<(OwnerId, u32), Kept>>>,
    max_keys: usize,
    max_age: Duration,
}

struct Kept {
    key: Arc<OwnerKey>,
    /// Compared on every use: a stored key that was changed must not open because the right one is still here.
    wrapped: WrappedOwnerKey,
    opened_at: Instant,
    used_at: Instant,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("kms", &self.kms).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Makes a ring over a KMS.
    #[must_use]
    pub fn new(kms: Arc<dyn Kms>) -> Self {
        Self::with_limits(kms, MAX_KEYS, MAX_AGE)
    }

    fn with_limits(kms: Arc<dyn Kms>, max_keys: usize, max_age: Duration) -> Self {
        Self { kms, kept: Arc::default(), max_keys, max_age }
    }

    /// Makes a new random owner key and index key, version 1, wrapped, to be stored by the caller.
    ///
    /// # Errors
    /// [`CryptoError::Kms`].
    pub async fn create_owner_key(&self, owner: OwnerId) -> Result<WrappedOwnerKey, CryptoError> {
        let version = 1;
        let (key, index_key) = (SecretKey::generate()?, SecretKey::generate()?);
        Ok(WrappedOwnerKey {
            owner,
            version,
            kms_key_id: self.kms.key_id().to_owned(),
            wrapped: self.kms.wrap(key.as_bytes(), &kms_context("owner key", owner, version)).await?,
            wrapped_index_key: self.kms.wrap(index_key.as_bytes(), &kms_context("index key", owner, version)).await?,
        })
    }

    /// Opens a stored owner key, from the cache if it is there.
    ///
    /// # Errors
    /// [`CryptoError::Kms`] when the KMS is down or refuses.
    pub async fn open_owner_key(&self, wrapped: &WrappedOwnerKey) -> Result<Arc<OwnerKey>, CryptoError> {
        if let Some(key) = self.find(wrapped) {
            return Ok(key);
        }
        let (owner, version) = (wrapped.owner, wrapped.version);
        if wrapped.kms_key_id != self.kms.key_id() {
            tracing::error!(
                kms.key_id = self.kms.key_id(),
                wanted.key_id = %wrapped.kms_key_id,
                "an owner key was wrapped by another root key"
            );
            return Err(KmsError::Refused.into());
        }
        let key = self.kms.unwrap(&wrapped.wrapped, &kms_context("owner key", owner, version)).await?;
        let index = self.kms.unwrap(&wrapped.wrapped_index_key, &kms_context("index key", owner, version)).await?;
        let (key, index) = (SecretKey::from_bytes(&key)?, SecretKey::from_bytes(&index)?);
        let key = Arc::new(OwnerKey::new(owner, version, key, index));
        self.keep(wrapped.clone(), Arc::clone(&key));
        Ok(key)
    }

    /// Forgets keys in time also when nobody asks for one, until the lifecycle stops.
    pub fn forget_in_time(&self, lifecycle: &Lifecycle) {
        let (ring, stop) = (self.clone(), lifecycle.stop_token());
        lifecycle.spawn(async move {
            while stop.run_until_cancelled(tokio::time::sleep(FORGET_EVERY)).await.is_some() {
                ring.forget_expired();
            }
        });
    }

    fn forget_expired(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, entry| entry.opened_at.elapsed() < self.max_age);
    }

    fn find(&self, wrapped: &WrappedOwnerKey) -> Option<Arc<OwnerKey>> {
        self.forget_expired();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.get_mut(&(wrapped.owner, wrapped.version))?;
        if entry.wrapped != *wrapped {
            return None;
        }
        entry.used_at = Instant::now();
        Some(Arc::clone(&entry.key))
    }

    fn keep(&self, wrapped: WrappedOwnerKey, key: Arc<OwnerKey>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= self.max_keys {
            // A walk over 1,024 entries costs less than the KMS call that came before it.
            let oldest = kept.iter().min_by_key(|(_, entry)| entry.used_at).map(|(id, _)| *id);
            oldest.and_then(|id| kept.remove(&id));
        }
        let now = Instant::now();
        kept.insert((wrapped.owner, wrapped.version), Kept { key, wrapped, opened_at: now, used_at: now });
    }
}

fn kms_context(what: &str, owner: OwnerId, version: u32) -> Vec<u8> {
    length_prefixed(&[b"untxt", what.as_bytes(), owner.as_uuid().as_bytes(), &version.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use zeroize::Zeroizing;

    use super::*;
    use crate::domain::DocumentId;

    /// Wraps by XOR and counts its calls.
    #[derive(Debug, Default)]
    struct CountingKms {
        calls: AtomicUsize,
    }

    #[async_trait]
    impl Kms for CountingKms {
        fn key_id(&self) -> &str {
            "counting"
        }

        async fn wrap(&self, key: &[u8], context: &[u8]) -> Result<Vec<u8>, KmsError> {
            Ok([key.iter().map(|byte| byte ^ 0x5a).collect(), context.to_vec()].concat())
        }

        async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, KmsError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let (key, bound) = wrapped.split_at_checked(32).ok_or(KmsError::Refused)?;
            if bound != context {
                return Err(KmsError::Refused);
            }
            Ok(Zeroizing::new(key.iter().map(|byte| byte ^ 0x5a).collect()))
        }
    }

    fn a_ring(max_keys: usize, max_age: Duration) -> (Arc<CountingKms>, KeyRing) {
        let kms = Arc::new(CountingKms::default());
        (Arc::clone(&kms), KeyRing::with_limits(kms, max_keys, max_age))
    }

    #[tokio::test]
    async fn a_kept_key_needs_no_kms() {
        let (kms, ring) = a_ring(2, MAX_AGE);
        let stored = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        let document = DocumentId::generate();
        let (_, wrapped) =
            ring.open_owner_key(&stored).await.expect("opened").create_document_key(document).expect("made");
        let again = ring.open_owner_key(&stored).await.expect("opened");
        again.open_document_key(document, &wrapped).expect("opened");
        assert_eq!(kms.calls.load(Ordering::Relaxed), 2, "one for the key, one for the index key");
    }

    #[tokio::test]
    async fn the_ring_is_bounded_in_number_and_time() {
        let (_, ring) = a_ring(2, MAX_AGE);
        for _ in 0..5 {
            let stored = ring.create_owner_key(OwnerId::generate()).await.expect("made");
            ring.open_owner_key(&stored).await.expect("opened");
        }
        assert_eq!(ring.kept.lock().expect("lock").len(), 2);
        let (_, ring) = a_ring(2, Duration::ZERO);
        let stored = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        ring.open_owner_key(&stored).await.expect("opened");
        ring.forget_expired();
        assert!(ring.kept.lock().expect("lock").is_empty());
    }

    #[tokio::test]
    async fn a_changed_or_foreign_key_is_refused_even_if_the_right_one_is_kept() {
        let (_, ring) = a_ring(8, MAX_AGE);
        let mine = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        ring.open_owner_key(&mine).await.expect("opened");
        let others = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        let bad = [
            WrappedOwnerKey { wrapped: others.wrapped, ..mine.clone() },
            WrappedOwnerKey { version: 2, ..mine.clone() },
            WrappedOwnerKey { wrapped_index_key: mine.wrapped.clone(), ..mine.clone() },
            WrappedOwnerKey { kms_key_id: "another".to_owned(), ..mine.clone() },
        ];
        for stored in &bad {
            assert!(ring.open_owner_key(stored).await.is_err());
        }
    }
}
