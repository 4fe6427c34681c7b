//! Whose bucket is it?

use std::{sync::atomic::Ordering, time::Duration};

use untxt_backend::{BucketWatch, Error, Services};
use untxt_core::{lifecycle::Lifecycle, storage::ObjectKey};

use crate::app::TestApp;

#[tokio::test]
async fn a_bucket_of_another_installation_is_refused() {
    let app = TestApp::start().await;
    let (objects, queue, keys) = (app.objects.clone(), app.queue.clone(), app.keys.clone());
    let services = Services { db: app.db.clone(), objects, queue, keys };
    let foreign = b"01a20350-9c0a-7519-8adb-0df224b5d569";
    let (lifecycle, unclaimed) = (Lifecycle::default(), Lifecycle::default());
    let watch = services.refuse_foreign_bucket(&unclaimed).await.expect("nobody has it yet");
    app.objects.insert(ObjectKey::Installation, foreign.to_vec());
    stops(&unclaimed, &watch).await;

    let ours = app.postgres.superuser_psql("select id from installation");
    app.objects.insert(ObjectKey::Installation, ours.into_bytes());
    services.refuse_foreign_bucket(&lifecycle).await.expect("it is ours");

    app.objects.insert(ObjectKey::Installation, foreign.to_vec());
    let refused = services.refuse_foreign_bucket(&lifecycle).await;
    assert!(matches!(refused, Err(Error::ForeignBucket)), "{refused:?}");

    app.objects.is_down.store(true, Ordering::SeqCst);
    let watch = services.refuse_foreign_bucket(&lifecycle).await.expect("nobody knows yet");
    assert!(!lifecycle.stop_token().is_cancelled());
    app.objects.is_down.store(false, Ordering::SeqCst);
    stops(&lifecycle, &watch).await;
}

async fn stops(lifecycle: &Lifecycle, watch: &BucketWatch) {
    let stopped = tokio::time::timeout(Duration::from_secs(30), lifecycle.stop_token().cancelled_owned());
    stopped.await.expect("it stops as soon as it knows");
    assert!(matches!(watch.verdict(), Err(Error::ForeignBucket)), "and says why");
}
