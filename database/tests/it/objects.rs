use std::time::Duration;

use untxt_core::{
    domain::{DocumentId, PageNumber, TaskId},
    storage::{ObjectKey, StoredObject},
};
use untxt_database::{Database, documents, objects, pages, tasks, testing::TestPostgres};

use crate::fixtures::{LEASE, NO_TIME, a_document, a_result, a_user, claim_page, claim_task};

const LONG_AGO: i64 = 1_000_000_000;
const IN_AN_HOUR: i64 = 3600;

async fn orphans_among(worker: &Database, keys: &[ObjectKey], stored_at: i64) -> Vec<ObjectKey> {
    let stored: Vec<_> = keys.iter().map(|&key| StoredObject { key, stored_at }).collect();
    let mut tx = worker.begin_system().await.expect("a transaction");
    objects::find_orphans(&mut tx, &stored, Duration::from_secs(60)).await.expect("an answer")
}

#[tokio::test]
async fn only_what_no_row_names_or_may_name_yet_is_an_orphan() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let found = a_document(&backend, owner).await;
    let (document, task) = (found.document.id, found.task.id);
    let claimed = claim_task(&worker, task, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::begin_pages(&mut tx, &claimed, 2).await.expect("begun");
    tx.commit().await.expect("committed");
    claim_page(&worker, task, NO_TIME).await.expect("page 1, and its worker dies");
    let second = claim_page(&worker, task, LEASE).await.expect("page 1 again");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &second, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    claim_page(&worker, task, LEASE).await.expect("page 2");

    let image = |page: u32, attempt| ObjectKey::PageImage(document, task, PageNumber::from_index(page - 1), attempt);
    let pdf = ObjectKey::SearchablePdf(document, task, 1);
    let foreign =
        [ObjectKey::Original(DocumentId::generate()), ObjectKey::SearchablePdf(document, TaskId::generate(), 1)];
    let all = [&[ObjectKey::Original(document), image(1, 1), image(1, 2), image(2, 1), pdf][..], &foreign].concat();
    assert_eq!(orphans_among(&worker, &all, LONG_AGO).await, [&[image(1, 1)][..], &foreign].concat());

    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    tasks::cancel(&mut tx, task).await.expect("an answer").expect("the task");
    tx.commit().await.expect("committed");
    let never_to_be_named = [&[image(1, 1), image(2, 1), pdf][..], &foreign].concat();
    assert_eq!(orphans_among(&worker, &all, LONG_AGO).await, never_to_be_named);

    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    assert_eq!(
        documents::shred(&mut tx, document, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    tx.commit().await.expect("committed");
    let of_others = orphans_among(&worker, &all, LONG_AGO).await;
    assert_eq!(of_others, foreign[..1], "who shreds counts what goes");
    let _ = postgres.superuser_psql("update shreds set objects = 5, objects_removed_at = now()");
    assert_eq!(orphans_among(&worker, &all, LONG_AGO).await, all, "what came late");
}

#[tokio::test]
async fn what_was_stored_just_now_may_be_named_in_a_moment() {
    let postgres = TestPostgres::start().await;
    let worker = postgres.worker().await;
    let unknown = [ObjectKey::Original(DocumentId::generate())];
    let mut tx = worker.begin_system().await.expect("a transaction");
    let now: i64 = sqlx::query_scalar("select extract(epoch from clock_timestamp())::bigint")
        .fetch_one(&mut *tx)
        .await
        .expect("the time");
    drop(tx);
    for stored_at in [now, now - 50, now + IN_AN_HOUR] {
        assert_eq!(orphans_among(&worker, &unknown, stored_at).await, []);
    }
    assert_eq!(orphans_among(&worker, &unknown, now - 70).await, unknown);
}
