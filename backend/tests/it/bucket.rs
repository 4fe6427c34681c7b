//! Whose bucket is it?

use std::{sync::atomic::Ordering, time::Duration};

use untxt_backend::{Error, Services};
use untxt_core::{lifecycle::Lifecycle, storage::ObjectKey};

use crate::app::TestApp;

#[tokio::test]
async fn a_bucket_of_another_installation_is_refused() {
    let app = TestApp::start().await;
    let (objects, queue, kms) = (app.objects.clone(), app.queue.clone(), app.kms.clone());
    let services = Services { db: app.db.clone(), objects, queue, kms };
    let lifecycle = Lifecycle::default();
    services.refuse_foreign_bucket(&lifecycle).await.expect("nobody has it yet");
    let ours = app.postgres.superuser_psql("select id from installation");
    app.objects.insert(ObjectKey::Installation, ours.into_bytes());
    services.refuse_foreign_bucket(&lifecycle).await.expect("it is ours");

    app.objects.insert(ObjectKey::Installation, b"01a20350-9c0a-7519-8adb-0df224b5d569".to_vec());
    let refused = services.refuse_foreign_bucket(&lifecycle).await;
    assert!(matches!(refused, Err(Error::ForeignBucket)), "{refused:?}");

    app.objects.is_down.store(true, Ordering::SeqCst);
    services.refuse_foreign_bucket(&lifecycle).await.expect("nobody knows yet");
    assert!(!lifecycle.stop_token().is_cancelled());
    app.objects.is_down.store(false, Ordering::SeqCst);
    let stopped = tokio::time::timeout(Duration::from_secs(20), lifecycle.stop_token().cancelled_owned());
    stopped.await.expect("it stops as soon as it knows");
}
