//! The key service is away, or denies.

use std::sync::atomic::Ordering;

use crate::{app::TestApp, people::pdf};

const DOCUMENTS: &str = "/api/v1/documents";

#[tokio::test]
async fn with_the_key_service_away_known_owners_go_on_and_others_lose_nothing() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let bytes = pdf(50_000);
    let document = ada.upload(&app, "before.pdf", &bytes).await.json();
    app.switch.is_down.store(true, Ordering::SeqCst);

    let original = format!("{DOCUMENTS}/{}/original", document["id"].as_str().expect("an id"));
    assert_eq!(ada.get(&app, &original).await.body, bytes, "her key is still kept");
    assert_eq!(ada.get(&app, DOCUMENTS).await.json()["documents"][0]["name"], "before.pdf");
    assert_eq!(ada.upload(&app, "meanwhile.pdf", &pdf(60_000)).await.status, 202);

    let (documents, objects) = (app.count("documents"), app.objects.keys().len());
    let refused = bob.upload_with_key(&app, "once", "new.pdf", &pdf(70_000)).await;
    refused.is_problem(503, "key_service_unavailable");
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!((app.count("documents"), app.objects.keys().len()), (documents, objects), "nothing is left of it");

    app.switch.is_down.store(false, Ordering::SeqCst);
    assert_eq!(bob.upload_with_key(&app, "once", "new.pdf", &pdf(70_000)).await.status, 202, "the same request again");
}

#[tokio::test]
async fn a_key_service_that_denies_has_a_code_of_its_own() {
    let app = TestApp::start().await;
    let bob = app.person("bob").await;
    app.switch.denies.store(true, Ordering::SeqCst);
    let refused = bob.upload_with_key(&app, "once", "new.pdf", &pdf(70_000)).await;
    refused.is_problem(503, "key_service_denied");
    assert_eq!(refused.header("retry-after"), "60");
    assert!(!refused.text().contains("as told"), "the cause is for the log");
}
