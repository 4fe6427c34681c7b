//! How often the key service is asked.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use untxt_core::{
    crypto::{KeyContext, KeyRing, Kms, KmsError, LocalKms, WrappedKey},
    domain::OwnerId,
};
use zeroize::Zeroizing;

/// Counts what is unwrapped.
#[derive(Debug)]
struct Counting {
    kms: LocalKms,
    unwrapped: AtomicUsize,
}

#[async_trait]
impl Kms for Counting {
    fn key_id(&self) -> String {
        self.kms.key_id()
    }

    fn holds(&self, key_id: &str) -> bool {
        self.kms.holds(key_id)
    }

    async fn wrap(&self, key: &[u8], context: &KeyContext) -> Result<WrappedKey, KmsError> {
        self.kms.wrap(key, context).await
    }

    async fn unwrap(&self, id: &str, wrapped: &[u8], context: &KeyContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.unwrapped.fetch_add(1, Ordering::SeqCst);
        self.kms.unwrap(id, wrapped, context).await
    }
}

/// The workload that the promise of 90 % fewer calls is held against: 1,000 uses of the keys of 50 owners, evenly.
#[tokio::test]
async fn a_thousand_uses_of_fifty_keys_ask_fifty_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    LocalKms::create(&path).expect("made");
    let kms = Arc::new(Counting { kms: LocalKms::open(&path).expect("opened"), unwrapped: AtomicUsize::new(0) });
    let ring = KeyRing::new([kms.clone() as Arc<dyn Kms>]);
    let mut stored = Vec::new();
    for _ in 0..50 {
        stored.push(ring.create_owner_key(OwnerId::generate()).await.expect("made"));
    }
    for use_number in 0..1_000 {
        ring.open_owner_key(&stored[use_number % stored.len()]).await.expect("opened");
    }
    assert_eq!(kms.unwrapped.load(Ordering::SeqCst), 50, "95 % fewer than without the cache");
}
