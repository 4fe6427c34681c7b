//! A key file.

use untxt_core::{config::Provider, crypto::LocalKms};

use super::{a_context, contract, first, nobody};

#[tokio::test]
async fn a_key_file_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let services = ["one.key", "two.key"].map(|name| {
        let mut encryption = nobody();
        encryption.current.provider = Some(Provider::Local);
        encryption.current.key_path = folder.path().join(name);
        LocalKms::create(&encryption.current.key_path).expect("made");
        first(&encryption)
    });
    let [kms, stranger] = services;
    contract::keep(kms, stranger, "local").await;
}

#[tokio::test]
async fn keys_move_from_one_provider_to_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut encryption = nobody();
    encryption.current.provider = Some(Provider::Local);
    encryption.current.key_path = folder.path().join("old.key");
    LocalKms::create(&encryption.current.key_path).expect("made");
    let context = a_context();
    let stored = first(&encryption).generate(&context).await.expect("made");

    encryption.previous = encryption.current.clone();
    encryption.current.key_path = folder.path().join("new.key");
    LocalKms::create(&encryption.current.key_path).expect("made");
    let services = untxt_core::crypto::connect(&encryption).expect("both");
    assert!(!services[0].holds(&stored.wrapped.key_id), "the new one wraps from now on");
    let old = services.iter().find(|kms| kms.holds(&stored.wrapped.key_id)).expect("the previous one");
    assert_eq!(
        old.unwrap(&stored.wrapped.key_id, &stored.wrapped.bytes, &context).await.expect("unwrapped"),
        stored.key
    );
}
