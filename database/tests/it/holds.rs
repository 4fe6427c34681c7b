//! Legal holds, where the programs do not ask first.

use untxt_core::domain::{DocumentId, UserId};
use untxt_database::{
    Database, Error, PgConnection, Result,
    documents::{self, ShredWish, Shredding},
    holds::{self, Held, Hold},
    tasks,
    testing::TestPostgres,
};

use crate::fixtures::{a_document, a_task_with_pages, a_user};

async fn an_admin(backend: &Database, postgres: &TestPostgres) -> UserId {
    let id = a_user(backend, "root").await;
    let _ = postgres.superuser_psql(&format!("update users set role = 'admin' where id = '{id}'"));
    id
}

async fn hold(backend: &Database, admin: UserId, document: DocumentId) -> Result<Option<Hold>> {
    let mut tx = backend.begin_as(admin).await?;
    let held = holds::set(&mut tx, admin, Held::Document(document), "2026/7").await?;
    tx.commit().await?;
    Ok(held)
}

#[tokio::test]
async fn nobody_deletes_pages_of_what_is_held() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await;
    let task = a_task_with_pages(&backend, &worker, alice.as_owner(), 2).await;
    let mut tx = worker.begin_system().await.expect("a transaction");
    let document = tasks::find(&mut tx, task).await.expect("an answer").expect("the task").document;
    drop(tx);
    let deleted = async |database: &Database| {
        let mut tx = database.begin_as(alice).await.expect("a transaction");
        let sql = "with x as (delete from pages returning 1) select count(*) from x";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *tx).await.expect("a count")
    };
    let _ = postgres.superuser_psql(
        "update documents set trashed_at = now() - interval '2 days', shred_at = now() - interval '1 day',
            trash_reason = 'person'",
    );
    assert_eq!((deleted(&backend).await, deleted(&worker).await), (2, 2), "it is due");
    let admin = an_admin(&backend, &postgres).await;
    assert!(hold(&backend, admin, document).await.expect("an answer").is_some());
    assert_eq!((deleted(&backend).await, deleted(&worker).await), (0, 0), "it is held");
}

#[tokio::test]
async fn a_hold_and_a_deletion_that_wait_do_not_wait_for_each_other() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let (alice, admin) = (a_user(&backend, "alice").await.as_owner(), an_admin(&backend, &postgres).await);
    let (first, second) =
        (a_document(&backend, alice).await.document.id, a_document(&backend, alice).await.document.id);
    let shred = async |tx: &mut PgConnection, id| documents::shred(tx, id, ShredWish::AtOnce).await;
    // The hold of the second document waits for the deletion of the first, and the deletion of the second for the hold.
    let mut before = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(shred(&mut before, first).await.expect("an answer"), Shredding::Done);
    let later = async {
        postgres.wait_for_waiting(1).await;
        let mut tx = backend.begin_as(alice).await.expect("a transaction");
        shred(&mut tx, second).await
    };
    let end = async {
        postgres.wait_for_waiting(2).await;
        before.commit().await
    };
    let (held, shredded, ended) = tokio::join!(hold(&backend, admin, second), later, end);
    ended.expect("committed");
    assert!(matches!(held, Ok(Some(_))), "{held:?}");
    assert!(matches!(&shredded, Err(Error::Conflict(constraint)) if constraint == holds::HELD), "{shredded:?}");
}
