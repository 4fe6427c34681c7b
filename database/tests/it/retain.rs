//! What the rules of folders put into the trash.

use std::time::Duration;

use untxt_core::{
    domain::{DocumentId, OwnerId, TaskState, TrashReason},
    lifecycle::Lifecycle,
};
use untxt_database::{
    Database, Error,
    documents::{self, Expired, Filed, Filing, Trashed},
    testing::TestPostgres,
};
use uuid::Uuid;

use crate::fixtures::{a_document, a_user};

/// Makes a folder in another one, with these days.
fn make_folder(postgres: &TestPostgres, owner: OwnerId, parent: Option<Uuid>, delete_days: &str) -> Uuid {
    let id = Uuid::now_v7();
    let parent = parent.map_or_else(|| "null".to_owned(), |parent| format!("'{parent}'"));
    let _ = postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, parent_id, name_sealed, colour, delete_days)
        values ('{id}', '{owner}', {parent}, '', '#000000', {delete_days})"
    ));
    id
}

/// Uploads a document so many days ago, into a folder.
async fn put(postgres: &TestPostgres, backend: &Database, owner: OwnerId, folder: Uuid, days: u32) -> DocumentId {
    let id = a_document(backend, owner).await.document.id;
    let _ = postgres.superuser_psql(&format!(
        "update documents set folder_id = '{folder}', created_at = now() - interval '{days} days' where id = '{id}'"
    ));
    id
}

async fn expired(worker: &Database, owner: OwnerId, after: Option<Expired>, max_rows: u32) -> Vec<Expired> {
    let mut tx = worker.begin_as(owner).await.expect("a transaction");
    documents::list_expired(&mut tx, owner, after, max_rows).await.expect("a list")
}

#[tokio::test]
async fn a_rule_holds_in_its_folder_and_below_down_to_the_next_rule() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (alice, bob) = (a_user(&backend, "alice").await.as_owner(), a_user(&backend, "bob").await.as_owner());
    let free = make_folder(&postgres, alice, None, "null");
    let ruled = make_folder(&postgres, alice, Some(free), "30");
    let below = make_folder(&postgres, alice, Some(ruled), "null");
    let longer = make_folder(&postgres, alice, Some(below), "90");
    let low = make_folder(&postgres, alice, Some(longer), "null");
    let of_bob = make_folder(&postgres, bob, None, "null");
    put(&postgres, &backend, alice, free, 400).await;
    put(&postgres, &backend, alice, ruled, 29).await;
    put(&postgres, &backend, alice, low, 89).await;
    put(&postgres, &backend, bob, of_bob, 400).await;
    let in_trash = put(&postgres, &backend, alice, ruled, 50).await;
    let gone = [
        put(&postgres, &backend, alice, low, 91).await,
        put(&postgres, &backend, alice, below, 32).await,
        put(&postgres, &backend, alice, ruled, 31).await,
    ];
    assert_eq!(trash(&worker, alice, in_trash).await.expect("an answer"), Some(Trashed::Now));
    let all: Vec<_> = expired(&worker, alice, None, 9).await;
    assert_eq!(all.iter().map(|one| one.document).collect::<Vec<_>>(), gone, "the oldest first");
    assert_eq!(expired(&worker, alice, None, 2).await, all[..2]);
    assert_eq!(expired(&worker, alice, Some(all[1]), 2).await, all[2..], "one that stays is passed over");
    assert_eq!(expired(&worker, bob, None, 9).await, []);
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(documents::list_retaining_owners(&mut tx, None, 9).await.expect("a list"), [alice]);
    assert_eq!(documents::list_retaining_owners(&mut tx, Some(alice), 9).await.expect("a list"), []);
}

async fn trash(worker: &Database, owner: OwnerId, id: DocumentId) -> Result<Option<Trashed>, Error> {
    let mut tx = worker.begin_as(owner).await?;
    let trashed = documents::trash(&mut tx, id, Duration::from_secs(3600), TrashReason::Retention).await?;
    tx.commit().await?;
    Ok(trashed)
}

#[tokio::test]
async fn what_leaves_its_folder_is_not_trashed_by_the_rule_there_and_its_reading_goes_on() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let folder = make_folder(&postgres, owner, None, "30");
    let id = put(&postgres, &backend, owner, folder, 31).await;
    assert_eq!(expired(&worker, owner, None, 9).await.len(), 1);
    let mut filing = backend.begin_as(owner).await.expect("a transaction");
    let out = Filing { folder: Some(None), tags: None };
    assert_eq!(documents::file(&mut filing, id, &out).await.expect("filed"), Filed::Done);
    let other = worker.clone();
    let trashing = Lifecycle::default().spawn(async move { trash(&other, owner, id).await });
    let waits = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..2000 {
        if postgres.superuser_psql(waits) != "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    filing.commit().await.expect("committed");
    assert_eq!(trashing.await.expect("no panic").expect("no deadlock"), Some(Trashed::Unchanged));
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    assert!(!documents::is_in_trash(&mut tx, id).await.expect("an answer"));
    let found = documents::find(&mut tx, id).await.expect("an answer").expect("the document");
    assert_eq!(found.task.state, TaskState::Queued);
}
