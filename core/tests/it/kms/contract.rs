//! What every provider promises.

use std::sync::Arc;

use futures::future::join_all;
use untxt_core::{
    crypto::{KeyContext, Kms, KmsError},
    domain::OwnerId,
};

/// Tries everything; `stranger` holds another root key of the same provider.
pub(super) async fn keep(kms: Arc<dyn Kms>, stranger: Arc<dyn Kms>, provider: &str) {
    kms.check().await.expect("it works");
    assert!(kms.key_id().starts_with(&format!("{provider}:")) || provider == "local", "{}", kms.key_id());
    assert!(kms.holds(&kms.key_id()) && !kms.holds(&stranger.key_id()) && !kms.holds(""));
    what_is_wrapped_is_unwrapped(kms.as_ref()).await;
    no_other_context_opens(kms.as_ref()).await;
    no_changed_byte_opens(kms.as_ref(), provider).await;
    no_other_root_key_opens(kms.as_ref(), stranger.as_ref()).await;
    many_at_once(kms.as_ref()).await;
}

async fn what_is_wrapped_is_unwrapped(kms: &dyn Kms) {
    for context in contexts(OwnerId::generate()) {
        let made = kms.generate(&context).await.expect("made");
        let other = kms.generate(&context).await.expect("made");
        assert_eq!(made.key.len(), 32);
        assert!(made.key != other.key && made.wrapped != other.wrapped);
        assert_eq!(made.wrapped.key_id, kms.key_id());
        let found = made.wrapped.bytes.windows(32).any(|bytes| bytes == made.key.as_slice());
        assert!(!found, "the key is not in what is stored");
        assert_eq!(kms.unwrap(&made.wrapped.key_id, &made.wrapped.bytes, &context).await.expect("unwrapped"), made.key);
        let wrapped = kms.wrap(&made.key, &context).await.expect("wrapped");
        assert_eq!(kms.unwrap(&wrapped.key_id, &wrapped.bytes, &context).await.expect("unwrapped"), made.key);
        assert_ne!(wrapped, made.wrapped);
    }
}

async fn no_other_context_opens(kms: &dyn Kms) {
    let owner = OwnerId::generate();
    let all: Vec<_> = contexts(owner).into_iter().chain(contexts(OwnerId::generate())).collect();
    let made = kms.generate(&all[0]).await.expect("made");
    for other in all.iter().filter(|other| **other != all[0]) {
        is_refused(kms, &made.wrapped.bytes, other).await;
    }
}

async fn no_changed_byte_opens(kms: &dyn Kms, provider: &str) {
    let context = KeyContext::OwnerKey { owner: OwnerId::generate(), version: 1 };
    let wrapped = kms.wrap(&[7; 32], &context).await.expect("wrapped").bytes;
    for index in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[index] ^= 1;
        let refused = kms.unwrap(&kms.key_id(), &changed, &context).await;
        // Some bytes say which key it is (moto), or which version (Azure); to another one all access is denied.
        let names_the_key = matches!((provider, index), ("aws", 0..36) | ("azure", 2..34));
        let is_refused = matches!(refused, Err(KmsError::Refused));
        assert!(is_refused || (names_the_key && refused.is_err()), "byte {index}: {refused:?}");
    }
    for length in [0, 1, wrapped.len() / 2, wrapped.len() - 1] {
        is_refused(kms, &wrapped[..length], &context).await;
    }
    for garbage in [vec![0; 10_000], b"vault:v1:AAAA".to_vec(), vec![1; 20]] {
        is_refused(kms, &garbage, &context).await;
    }
}

async fn no_other_root_key_opens(kms: &dyn Kms, stranger: &dyn Kms) {
    let context = KeyContext::Backup;
    let foreign = stranger.wrap(&[7; 32], &context).await.expect("wrapped");
    assert!(kms.unwrap(&kms.key_id(), &foreign.bytes, &context).await.is_err());
    let refused = kms.unwrap(&foreign.key_id, &foreign.bytes, &context).await;
    assert!(matches!(refused, Err(KmsError::Refused)), "{refused:?}");
}

async fn many_at_once(kms: &dyn Kms) {
    let context = KeyContext::Check;
    let works = (0..60).map(|_| async {
        let made = kms.generate(&context).await.expect("made");
        assert_eq!(kms.unwrap(&made.wrapped.key_id, &made.wrapped.bytes, &context).await.expect("unwrapped"), made.key);
    });
    join_all(works).await;
}

async fn is_refused(kms: &dyn Kms, wrapped: &[u8], context: &KeyContext) {
    let refused = kms.unwrap(&kms.key_id(), wrapped, context).await;
    assert!(matches!(refused, Err(KmsError::Refused)), "{context:?}, {} bytes: {refused:?}", wrapped.len());
}

fn contexts(owner: OwnerId) -> Vec<KeyContext> {
    vec![
        KeyContext::OwnerKey { owner, version: 1 },
        KeyContext::OwnerKey { owner, version: 2 },
        KeyContext::IndexKey { owner, version: 1 },
        KeyContext::Backup,
        KeyContext::Check,
    ]
}
