use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::counter;

use super::{
    CryptoError, GeneratedKey, IndexWrapping, KeyContext, KeyState, Kms, KmsError, OwnerKey, Renewed, WrappedOwnerKey,
    aead::SecretKey,
    memory,
    owner_key::{Side, SideKey},
};
use crate::{domain::OwnerId, lifecycle::Lifecycle};

/// Owner keys kept at once; each takes about 200 bytes, and a miss costs one call to the KMS.
const MAX_KEYS: usize = 1024;
/// How long a key is kept, counted from its unwrapping (not from its last use).
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// How often an idle process looks for keys that are too old.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// Opens owner keys through the key services and keeps them, bounded, for at most five minutes.
#[derive(Clone)]
pub struct KeyRing {
    /// The first one wraps; each unwraps what its root keys wrapped.
    services: Arc<[Arc<dyn Kms>]>,
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
        f.debug_struct("KeyRing").field("services", &self.services).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Makes a ring over key services: the first one wraps, the others open what they wrapped before.
    #[must_use]
    pub fn new(services: impl Into<Arc<[Arc<dyn Kms>]>>) -> Self {
        Self::with_limits(services, MAX_KEYS, MAX_AGE)
    }

    fn with_limits(services: impl Into<Arc<[Arc<dyn Kms>]>>, max_keys: usize, max_age: Duration) -> Self {
        Self { services: services.into(), kept: Arc::default(), max_keys, max_age }
    }

    /// Gives the id of the root key that wraps now.
    ///
    /// # Errors
    /// [`CryptoError::Kms`] when there is none.
    pub fn root_key_id(&self) -> Result<String, CryptoError> {
        Ok(self.active()?.key_id())
    }

    /// Sees whether every key service works.
    ///
    /// # Errors
    /// [`CryptoError::Kms`].
    pub async fn check(&self) -> Result<(), CryptoError> {
        for service in self.services.iter() {
            service.check().await?;
        }
        Ok(())
    }

    /// Makes a new random owner key, index key and tag key, version 1, to be stored by the caller.
    ///
    /// # Errors
    /// [`CryptoError::Kms`].
    pub async fn create_owner_key(&self, owner: OwnerId) -> Result<WrappedOwnerKey, CryptoError> {
        let sides = (SideKey::generate(1)?, SideKey::generate(1)?);
        self.create(owner, 1, KeyState::Active, sides).await
    }

    /// Makes another version of an owner key, pending, to be stored by the caller. What is not renewed goes on.
    ///
    /// # Errors
    /// [`CryptoError::Kms`].
    pub async fn create_next(
        &self,
        active: &WrappedOwnerKey,
        version: u32,
        renewed: Renewed,
    ) -> Result<WrappedOwnerKey, CryptoError> {
        let before = self.open_owner_key(active).await?;
        let index = match renewed {
            Renewed::Nothing => before.index().go_on()?,
            Renewed::Index | Renewed::All => SideKey::generate(version)?,
        };
        let tags = match renewed {
            Renewed::Nothing | Renewed::Index => before.tags().go_on()?,
            Renewed::All => SideKey::generate(version)?,
        };
        self.create(active.owner, version, KeyState::Pending, (index, tags)).await
    }

    async fn create(
        &self,
        owner: OwnerId,
        version: u32,
        state: KeyState,
        (index, tags): (SideKey, SideKey),
    ) -> Result<WrappedOwnerKey, CryptoError> {
        let GeneratedKey { key, wrapped } = self.active()?.generate(&KeyContext::OwnerKey { owner, version }).await?;
        let key = OwnerKey::new(owner, version, SecretKey::from_bytes(&key)?, index, tags);
        Ok(WrappedOwnerKey {
            owner,
            version,
            state,
            kms_key_id: wrapped.key_id,
            wrapped: wrapped.bytes,
            wrapped_index_key: key.wrap_side_key(Side::Index)?,
            index_wrapping: IndexWrapping::Owner,
            index_generation: key.index_generation(),
            wrapped_tag_key: key.wrap_side_key(Side::Tags)?,
            tag_generation: key.tag_generation(),
        })
    }

    /// Wraps an owner key with the root key that wraps now, and index and tag key with the owner key; `None`: it is so.
    ///
    /// # Errors
    /// [`CryptoError::Kms`].
    pub async fn rewrap(&self, stored: &WrappedOwnerKey) -> Result<Option<WrappedOwnerKey>, CryptoError> {
        let active = self.active()?;
        if stored.kms_key_id == active.key_id() && stored.has_form_of_now() {
            return Ok(None);
        }
        // Not from the cache: what is stored must open, or it would be lost with the old root key.
        let key = self.unwrap(stored).await?;
        let context = KeyContext::OwnerKey { owner: stored.owner, version: stored.version };
        let wrapped = active.wrap(key.key().as_bytes(), &context).await?;
        let after = WrappedOwnerKey {
            kms_key_id: wrapped.key_id,
            wrapped: wrapped.bytes,
            wrapped_index_key: key.wrap_side_key(Side::Index)?,
            index_wrapping: IndexWrapping::Owner,
            wrapped_tag_key: key.wrap_side_key(Side::Tags)?,
            ..stored.clone()
        };
        // It takes the place of the only copy there is.
        let again = self.unwrap(&after).await?;
        let is_same = again.key().as_bytes() == key.key().as_bytes()
            && again.index().key.as_bytes() == key.index().key.as_bytes()
            && again.tags().key.as_bytes() == key.tags().key.as_bytes();
        if is_same { Ok(Some(after)) } else { Err(CryptoError::Corrupt) }
    }

    /// Opens a stored owner key, from the cache if it is there.
    ///
    /// # Errors
    /// [`CryptoError::KeyDestroyed`], [`CryptoError::Kms`] when the key service is down or refuses.
    pub async fn open_owner_key(&self, wrapped: &WrappedOwnerKey) -> Result<Arc<OwnerKey>, CryptoError> {
        if wrapped.state == KeyState::Destroyed {
            return Err(CryptoError::KeyDestroyed);
        }
        if let Some(key) = self.find(wrapped) {
            count_opening("cache");
            return Ok(key);
        }
        let key = Arc::new(self.unwrap(wrapped).await.inspect_err(|_| count_opening("error"))?);
        count_opening("key_service");
        self.keep(wrapped.clone(), Arc::clone(&key));
        Ok(key)
    }

    async fn unwrap(&self, stored: &WrappedOwnerKey) -> Result<OwnerKey, CryptoError> {
        let (owner, version, generation) = (stored.owner, stored.version, stored.index_generation);
        let Some(service) = self.services.iter().find(|service| service.holds(&stored.kms_key_id)) else {
            tracing::error!(wanted.key_id = %stored.kms_key_id, "an owner key was wrapped by a root key that is not here");
            // Nothing is wrong with what is stored: the settings, or the key file, are not those of the others.
            return Err(KmsError::Denied("the root key that wrapped it is not here".into()).into());
        };
        let unwrap = async |wrapped, context| -> Result<SecretKey, CryptoError> {
            SecretKey::from_bytes(&service.unwrap(&stored.kms_key_id, wrapped, &context).await?)
        };
        let key = unwrap(&stored.wrapped, KeyContext::OwnerKey { owner, version }).await?;
        let index = match stored.index_wrapping {
            IndexWrapping::Owner => {
                OwnerKey::open_side_key(owner, &key, Side::Index, generation, &stored.wrapped_index_key)?
            }
            IndexWrapping::Root => {
                let key = unwrap(&stored.wrapped_index_key, KeyContext::IndexKey { owner, version }).await?;
                SideKey { generation, key }
            }
        };
        let tags = match (stored.wrapped_tag_key.as_slice(), generation, stored.tag_generation) {
            // As the first versions stored it. An index key that came later never was the tag key.
            ([], 1, 1) => index.go_on()?,
            ([], ..) => return Err(CryptoError::Corrupt),
            (wrapped, _, generation) => OwnerKey::open_side_key(owner, &key, Side::Tags, generation, wrapped)?,
        };
        Ok(OwnerKey::new(owner, version, key, index, tags))
    }

    fn active(&self) -> Result<&Arc<dyn Kms>, CryptoError> {
        self.services.first().ok_or(CryptoError::Kms(KmsError::Refused))
    }

    /// Forgets keys in time also when nobody asks for one, and tells how much memory there is for them, until the
    /// lifecycle stops.
    pub fn forget_in_time(&self, lifecycle: &Lifecycle) {
        let (ring, stop) = (self.clone(), lifecycle.stop_token());
        lifecycle.spawn(async move {
            memory::tell();
            while stop.run_until_cancelled(tokio::time::sleep(FORGET_EVERY)).await.is_some() {
                ring.forget_expired();
                memory::tell();
            }
        });
    }

    fn forget_expired(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, entry| entry.opened_at.elapsed() < self.max_age);
    }

    fn find(&self, wrapped: &WrappedOwnerKey) -> Option<Arc<OwnerKey>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Its own age alone: a walk over all of them would cost more than the key file. The others are forgotten at the
        // next miss, or in time.
        let entry = kept.get_mut(&(wrapped.owner, wrapped.version))?;
        if entry.wrapped != *wrapped || entry.opened_at.elapsed() >= self.max_age {
            return None;
        }
        entry.used_at = Instant::now();
        Some(Arc::clone(&entry.key))
    }

    fn keep(&self, wrapped: WrappedOwnerKey, key: Arc<OwnerKey>) {
        self.forget_expired();
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

fn count_opening(from: &'static str) {
    counter!("untxt_owner_keys_opened_total", "from" => from).increment(1);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use zeroize::Zeroizing;

    use super::*;
    use crate::{
        crypto::{LocalKms, WrappedKey},
        domain::DocumentId,
    };

    /// Counts the calls of a key file.
    #[derive(Debug)]
    struct CountingKms {
        kms: LocalKms,
        calls: AtomicUsize,
    }

    #[async_trait]
    impl Kms for CountingKms {
        fn key_id(&self) -> String {
            self.kms.key_id()
        }

        fn holds(&self, key_id: &str) -> bool {
            self.kms.holds(key_id)
        }

        async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
            self.kms.wrap(key, context).await
        }

        async fn unwrap(
            &self,
            key_id: &str,
            wrapped: &[u8],
            context: &KeyContext,
        ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
            self.calls.fetch_add(1, Ordering::Relaxed);
            self.kms.unwrap(key_id, wrapped, context).await
        }
    }

    fn a_kms() -> Arc<CountingKms> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("root.key");
        LocalKms::create(&path).expect("made");
        Arc::new(CountingKms { kms: LocalKms::open(&path).expect("opened"), calls: AtomicUsize::new(0) })
    }

    fn a_ring(max_keys: usize, max_age: Duration) -> (Arc<CountingKms>, KeyRing) {
        let kms = a_kms();
        (Arc::clone(&kms), KeyRing::with_limits([kms as Arc<dyn Kms>], max_keys, max_age))
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
        assert_eq!(kms.calls.load(Ordering::Relaxed), 1, "the index key lies under the owner key");
    }

    #[tokio::test]
    async fn the_ring_is_bounded_in_number_and_time() {
        let (_, ring) = a_ring(2, MAX_AGE);
        for _ in 0..5 {
            let stored = ring.create_owner_key(OwnerId::generate()).await.expect("made");
            ring.open_owner_key(&stored).await.expect("opened");
        }
        assert_eq!(ring.kept.lock().expect("lock").len(), 2);
        let (kms, ring) = a_ring(2, Duration::ZERO);
        let stored = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        for _ in 0..2 {
            ring.open_owner_key(&stored).await.expect("opened");
        }
        assert_eq!(kms.calls.load(Ordering::Relaxed), 2, "one that is too old is not taken");
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
            WrappedOwnerKey { index_generation: 2, ..mine.clone() },
            WrappedOwnerKey { tag_generation: 2, ..mine.clone() },
            WrappedOwnerKey { tag_generation: 2, wrapped_tag_key: Vec::new(), ..mine.clone() },
            WrappedOwnerKey { wrapped_tag_key: mine.wrapped_index_key.clone(), ..mine.clone() },
            WrappedOwnerKey { wrapped_index_key: mine.wrapped_tag_key.clone(), ..mine.clone() },
            WrappedOwnerKey { index_wrapping: IndexWrapping::Root, ..mine.clone() },
            WrappedOwnerKey { state: KeyState::Destroyed, ..mine.clone() },
        ];
        for stored in &bad {
            assert!(ring.open_owner_key(stored).await.is_err());
        }
    }

    #[tokio::test]
    async fn the_next_version_opens_what_the_last_one_sealed_once_that_is_wrapped_anew() {
        let (_, ring) = a_ring(8, MAX_AGE);
        let first = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        let old = ring.open_owner_key(&first).await.expect("opened");
        let document = DocumentId::generate();
        let (key, stored) = old.create_document_key(document).expect("made");

        let second = ring.create_next(&first, 2, Renewed::Nothing).await.expect("made");
        assert_eq!((second.version, second.state, second.index_generation), (2, KeyState::Pending, 1));
        let new = ring.open_owner_key(&second).await.expect("opened");
        assert_eq!(new.tag("document", b"x"), old.tag("document", b"x"), "the tag key goes on");
        assert_eq!(new.index().key.as_bytes(), old.index().key.as_bytes(), "and the index key");
        assert!(new.open_document_key(document, &stored).is_err(), "it is still under the first version");
        let rewrapped = new.rewrap(document, &key).expect("wrapped");
        assert!(
            new.open_document_key(document, &rewrapped).is_ok() && old.open_document_key(document, &rewrapped).is_err()
        );
    }

    #[tokio::test]
    async fn an_index_key_and_a_tag_key_are_new_when_that_is_asked_for() {
        let (_, ring) = a_ring(8, MAX_AGE);
        let first = ring.create_owner_key(OwnerId::generate()).await.expect("made");
        let old = ring.open_owner_key(&first).await.expect("opened");
        assert_ne!(old.index().key.as_bytes(), old.tags().key.as_bytes(), "an owner of now has two");
        for (renewed, generations) in [(Renewed::Index, (3, 1)), (Renewed::All, (3, 3))] {
            let next = ring.create_next(&first, 3, renewed).await.expect("made");
            assert_eq!((next.index_generation, next.tag_generation), generations, "named after the version");
            let new = ring.open_owner_key(&next).await.expect("opened");
            assert_ne!(new.index().key.as_bytes(), old.index().key.as_bytes());
            assert_eq!(new.tag("document", b"x") == old.tag("document", b"x"), renewed == Renewed::Index);
        }
    }

    #[tokio::test]
    async fn keys_move_to_another_service_and_out_of_the_old_form() {
        let (old, new) = (a_kms(), a_kms());
        let before = KeyRing::new([Arc::clone(&old) as Arc<dyn Kms>]);
        let owner = OwnerId::generate();
        let made = before.create_owner_key(owner).await.expect("made");
        let opened = before.open_owner_key(&made).await.expect("opened");
        // as it was stored in the first versions
        let context = KeyContext::IndexKey { owner, version: 1 };
        let index_key = old.wrap(opened.index().key.as_bytes(), &context).await.expect("wrapped");
        let wrapped_index_key = index_key.bytes;
        let stored = WrappedOwnerKey {
            wrapped_index_key,
            index_wrapping: IndexWrapping::Root,
            wrapped_tag_key: Vec::new(),
            ..made
        };
        let in_old_form = before.open_owner_key(&stored).await.expect("opened");
        assert_eq!(in_old_form.tags().key.as_bytes(), opened.index().key.as_bytes(), "they were one");

        let both = KeyRing::new([Arc::clone(&new) as Arc<dyn Kms>, old]);
        let moved = both.rewrap(&stored).await.expect("wrapped").expect("it was not so");
        assert_eq!((&moved.kms_key_id, moved.index_wrapping), (&new.key_id(), IndexWrapping::Owner));
        assert_eq!(both.rewrap(&moved).await.expect("it is so"), None);
        let after = KeyRing::new([new as Arc<dyn Kms>]);
        let again = after.open_owner_key(&moved).await.expect("opened");
        assert_eq!(again.tag("document", b"x"), in_old_form.tag("document", b"x"), "tags stay valid");
        let next = after.create_next(&moved, 2, Renewed::Index).await.expect("made");
        let next = after.open_owner_key(&next).await.expect("opened");
        assert_eq!(
            next.tag("document", b"x"),
            in_old_form.tag("document", b"x"),
            "also when the index key is replaced"
        );
        assert!(after.open_owner_key(&stored).await.is_err(), "its root key is not here");
    }
}
