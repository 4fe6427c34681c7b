//! What every provider that is asked by HTTPS makes of bad answers.

use std::{sync::Arc, time::Instant};

use untxt_core::{
    config::Encryption,
    crypto::{Kms, KmsError},
};

use super::{
    a_context, first, is_denied, is_unavailable,
    stub::{Mood, Stub},
};

/// Tries them, with settings that name this stub.
pub(super) async fn are_borne(stub: &Stub, encryption: &Encryption) {
    let (kms, context) = (first(encryption), a_context());
    let stored = kms.generate(&context).await.expect("made");
    for (mood, is_denial) in [
        (Mood::Status(401, false), true),
        (Mood::Status(403, false), true),
        (Mood::Status(404, false), true),
        (Mood::Status(429, false), false),
        (Mood::Status(500, false), false),
        (Mood::Status(503, false), false),
        (Mood::Garbage, false),
        (Mood::Other, false),
    ] {
        stub.set(mood);
        let results = [kms.generate(&context).await.map(drop), unwrap(&kms, &stored).await];
        for result in results {
            if is_denial { is_denied(result) } else { is_unavailable(result) }
        }
    }
    // One hiccup is got over, with a new token if need be.
    for status in [429, 500, 401] {
        stub.set(Mood::Status(status, true));
        unwrap(&kms, &stored).await.expect("tried again");
    }
    stub.take_asked();
    never_waits_for_ever(stub, encryption).await;
    stub.set(Mood::Well);
    unwrap(&kms, &stored).await.expect("it is well again");
}

async fn never_waits_for_ever(stub: &Stub, encryption: &Encryption) {
    let (mut hasty, begun) = (encryption.clone(), Instant::now());
    hasty.timeout_seconds = 1;
    stub.set(Mood::Never);
    is_unavailable(first(&hasty).generate(&a_context()).await);
    assert!(begun.elapsed().as_secs() < 10, "it waits for its time limit, not for the service");
}

async fn unwrap(kms: &Arc<dyn Kms>, stored: &untxt_core::crypto::GeneratedKey) -> Result<(), KmsError> {
    // The context is another one: a service that would not bind it could not be told from one that does.
    let wrapped = &stored.wrapped;
    let other = kms.unwrap(&wrapped.key_id, &wrapped.bytes, &a_context()).await;
    match other {
        Err(KmsError::Refused) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("it opened for another owner"),
    }
}
