use untxt_core::domain::TrashReason;
use untxt_database::{
    documents::{self, Restored, Trashed},
    testing::TestPostgres,
};
use uuid::Uuid;

use crate::{
    fixtures::{LEASE, a_document, a_user},
    shreds::refusal,
};

#[tokio::test]
async fn what_a_person_took_back_from_a_rule_stays_until_the_days_have_passed_anew() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let id = a_document(&backend, owner).await.document.id;
    let folder = Uuid::now_v7();
    let _ = postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour, delete_days)
        select '{folder}', owner_id, '', '#000000', 30 from documents;
        update documents set folder_id = '{folder}', created_at = now() - interval '40 days'"
    ));
    let by_rule = async || {
        let mut tx = worker.begin_as(owner).await.expect("a transaction");
        let expired = documents::list_expired(&mut tx, owner, None, 9).await.expect("a list");
        let trashed = documents::trash(&mut tx, id, LEASE, TrashReason::Retention).await.expect("an answer");
        tx.commit().await.expect("committed");
        (expired.len(), trashed)
    };
    assert_eq!(by_rule().await, (1, Some(Trashed::Now)));
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    assert_eq!(documents::restore(&mut tx, id).await.expect("an answer"), Some(Restored::Back));
    tx.commit().await.expect("committed");
    assert_eq!(by_rule().await, (0, Some(Trashed::Unchanged)), "ten minutes later");
    let trash = "update documents set trashed_at = now(), shred_at = now(), trash_reason = 'retention'";
    assert_eq!(refusal(&worker, owner, trash).await, Some("documents_trash_by_rule".to_owned()));
    let _ = postgres.superuser_psql("update documents set restored_at = now() - interval '31 days'");
    assert_eq!(by_rule().await, (1, Some(Trashed::Now)), "the days have passed anew");
}
