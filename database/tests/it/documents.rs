use untxt_core::{
    crypto::WrappedOwnerKey,
    domain::{DocumentId, EventKind, EventSeq, OwnerId, ReadingSettings, TaskId, TaskQueue, TaskState},
    lifecycle::Lifecycle,
};
use untxt_database::{
    Error, documents,
    documents::{Filter, Inserted},
    events, owner_keys, pages,
    tasks::{self, Begun, NewRun, Plan},
    testing::TestPostgres,
};
use uuid::Uuid;

use crate::fixtures::{LEASE, a_document, a_key, a_result, a_task_with_pages, a_user, claim_page, upload};

#[tokio::test]
async fn fifty_uploads_with_one_key_are_one_document() {
    let backend = TestPostgres::start().await.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let mut uploads = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let backend = backend.clone();
        uploads.spawn(async move { upload(&backend, owner, Some(&[9; 32])).await });
    }
    let (mut new, mut ids) = (0, Vec::new());
    while let Some(inserted) = uploads.join_next().await {
        let (is_new, found) = match inserted.expect("no panic") {
            Inserted::New(found) => (1, found),
            Inserted::Existing(found) => (0, found),
        };
        new += is_new;
        ids.push((found.document.id, found.task.id));
    }
    ids.dedup();
    assert_eq!((new, ids.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_keys_that_are_made_at_once_are_one_key() {
    let backend = TestPostgres::start().await.backend().await;
    for _ in 0..150 {
        let owner = OwnerId::generate();
        let mut makings = tokio::task::JoinSet::new();
        for maker in 0..8u8 {
            let (backend, key) = (backend.clone(), WrappedOwnerKey { wrapped: vec![maker], ..a_key(owner) });
            makings.spawn(async move {
                let mut tx = backend.begin_as(owner).await.expect("a transaction");
                let stored = owner_keys::insert_or_load(&mut tx, &key).await.expect("a key");
                tx.commit().await.expect("committed");
                stored.wrapped
            });
        }
        let mut stored = makings.join_all().await;
        stored.dedup();
        assert_eq!(stored.len(), 1);
    }
}

#[tokio::test]
async fn the_list_is_newest_first_and_goes_on_after_a_deleted_one() {
    let backend = TestPostgres::start().await.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, a_document(&backend, owner).await.document.id);
    }
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let first = documents::list(&mut tx, owner, &Filter::default(), 2).await.expect("a list");
    assert_eq!(first.iter().map(|found| found.document.id).collect::<Vec<_>>(), ids[..2]);
    assert_eq!(
        documents::shred(&mut tx, ids[1], documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    let rest = documents::list(&mut tx, owner, &Filter { before: Some(ids[1]), ..Filter::default() }, 9)
        .await
        .expect("a list");
    assert_eq!(rest.iter().map(|found| found.document.id).collect::<Vec<_>>(), ids[2..]);
}

#[tokio::test]
async fn a_new_document_has_its_first_event() {
    let backend = TestPostgres::start().await.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let new = a_document(&backend, owner).await;
    assert_eq!((new.task.state, new.task.last_seq), (TaskState::Queued, EventSeq(1)));
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let found = events::after(&mut tx, new.task.id, EventSeq(0), 10).await.expect("events");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].seq, found[0].kind, found[0].document), (EventSeq(1), EventKind::TaskQueued, new.document.id));
}

#[tokio::test]
async fn shredding_stops_the_worker_and_leaves_a_line() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 2).await;
    let claimed = claim_page(&worker, task, LEASE).await.expect("a page");
    let document = claimed.document;
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    assert_eq!(
        documents::shred(&mut tx, document, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    let late = pages::complete(&mut tx, &claimed, &a_result(0.9)).await;
    assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
    assert_eq!(postgres.superuser_psql("select count(*) from pages, task_events, tasks, documents"), "0");
    let line =
        "select reason, requested_by = owner_id, receipt is null, quiet_at > now() + interval '2 minutes' from shreds";
    assert_eq!(postgres.superuser_psql(line), "person|t|t|t", "its worker may be putting an object just now");
}

fn a_run(document: DocumentId, settings: &ReadingSettings) -> NewRun<'_> {
    let (id, queue, plan) = (TaskId::generate(), TaskQueue::default(), Plan::ReadAll);
    NewRun { id, document, settings, queue, plan, max_runs: 20, key: None, trace: Uuid::now_v7() }
}

#[tokio::test]
async fn who_deletes_and_who_begins_a_run_wait_for_each_other_but_not_in_a_circle() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let found = a_document(&backend, owner).await;
    let (document, settings) = (found.document.id, ReadingSettings::of_languages("eng"));
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    // It holds the task from here on.
    tasks::cancel(&mut tx, found.task.id).await.expect("stopped").expect("the task");
    let other = backend.clone();
    let deletion = Lifecycle::default().spawn(async move {
        let mut tx = other.begin_as(owner).await.expect("a transaction");
        let deleted = documents::shred(&mut tx, document, documents::ShredWish::AtOnce).await?;
        tx.commit().await?;
        Ok::<_, Error>(deleted)
    });
    postgres.wait_for_waiting(1).await;
    let begun = tasks::begin(&mut tx, &a_run(document, &settings)).await.expect("no deadlock");
    assert!(matches!(begun, Some(Begun::New(_))), "{begun:?}");
    tx.commit().await.expect("committed");
    assert_eq!(deletion.await.expect("no panic").expect("no deadlock"), documents::Shredding::Done);
    assert_eq!(postgres.superuser_psql("select count(*) from tasks"), "0", "the new run went with it");
}

#[tokio::test]
async fn a_long_document_with_many_readings_is_deleted_piece_by_piece() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 4500).await;
    let read = claim_page(&worker, task, LEASE).await.expect("a page");
    let (document, settings) = (read.document, ReadingSettings::of_languages("eng"));
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &read, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    for _ in 0..3 {
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        let open = documents::find(&mut tx, document).await.expect("an answer").expect("the document").task;
        tasks::cancel(&mut tx, open.id).await.expect("stopped");
        let run = NewRun { plan: Plan::ReadUnread, ..a_run(document, &settings) };
        let begun = tasks::begin(&mut tx, &run).await.expect("an answer");
        assert!(matches!(begun, Some(Begun::New(_))), "{begun:?}");
        tx.commit().await.expect("committed");
    }
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    assert_eq!(
        documents::shred(&mut tx, document, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    tx.commit().await.expect("committed");
    assert_eq!(postgres.superuser_psql("select (select count(*) from pages) + (select count(*) from tasks)"), "0");
}
