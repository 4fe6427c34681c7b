use std::time::Duration;

use tokio_util::sync::CancellationToken;
use untxt_core::domain::{EventKind, EventSeq, OwnerId, PageState, TaskId, TaskState};
use untxt_database::{
    Database, Error, documents, events,
    events::{Listener, Withdrawn},
    pages, tasks,
    tasks::Task,
    testing::TestPostgres,
};

use crate::fixtures::{LEASE, a_document, a_result, a_task_with_pages, a_user, claim_page, claim_task};

async fn cancel(backend: &Database, owner: OwnerId, task: TaskId) -> Option<Task> {
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let stopped = tasks::cancel(&mut tx, task).await.expect("an answer");
    tx.commit().await.expect("committed");
    stopped.map(|stopped| stopped.task)
}

#[tokio::test]
async fn a_stopped_task_keeps_what_was_read_and_takes_the_rest_from_its_workers() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 3).await;
    let (read, reading) = (claim_page(&worker, task, LEASE).await, claim_page(&worker, task, LEASE).await);
    let (read, reading) = (read.expect("page 1"), reading.expect("page 2"));
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &read, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");

    let stopped = cancel(&backend, owner, task).await.expect("the task");
    assert_eq!((stopped.state, stopped.pages.done, stopped.pages.failed), (TaskState::Cancelled, 1, 0));
    assert!(stopped.ended_at.is_some());
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let states: Vec<_> = pages::list(&mut tx, task).await.expect("pages").iter().map(|page| page.state).collect();
    assert_eq!(states, [PageState::Done, PageState::Cancelled, PageState::Cancelled]);
    let told = events::after(&mut tx, task, EventSeq(0), 100).await.expect("events");
    assert_eq!(told.last().map(|event| (event.kind, event.seq)), Some((EventKind::TaskCancelled, stopped.last_seq)));
    drop(tx);

    assert!(claim_page(&worker, task, LEASE).await.is_none() && claim_task(&worker, task, LEASE).await.is_none());
    let mut tx = worker.begin_system().await.expect("a transaction");
    let late = pages::complete(&mut tx, &reading, &a_result(0.9)).await;
    assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
    drop(tx);
    assert_eq!(cancel(&backend, owner, task).await, Some(stopped), "the second time nothing happens");
}

#[tokio::test]
async fn a_task_can_be_stopped_at_every_step_and_by_its_owner_only() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let stranger = a_user(&backend, "bob").await.as_owner();

    let queued = a_document(&backend, owner).await.task.id;
    assert_eq!(cancel(&backend, stranger, queued).await, None);
    assert_eq!(cancel(&backend, owner, queued).await.map(|task| task.state), Some(TaskState::Cancelled));

    let inspecting = a_document(&backend, owner).await.task.id;
    let claimed = claim_task(&worker, inspecting, LEASE).await.expect("claimed");
    assert_eq!(cancel(&backend, owner, inspecting).await.map(|task| task.state), Some(TaskState::Cancelled));
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert!(matches!(tasks::begin_pages(&mut tx, &claimed, 3).await, Err(Error::LeaseLost)));
    drop(tx);

    let finishing = a_task_with_pages(&backend, &worker, owner, 1).await;
    let page = claim_page(&worker, finishing, LEASE).await.expect("a page");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &page, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    let claimed = claim_task(&worker, finishing, LEASE).await.expect("claimed");
    assert_eq!(cancel(&backend, owner, finishing).await.map(|task| task.state), Some(TaskState::Cancelled));
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert!(matches!(tasks::finish(&mut tx, &claimed, Ok(1)).await, Err(Error::LeaseLost)));
}

#[tokio::test]
async fn the_backend_may_stop_tasks_and_change_nothing_else() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    a_task_with_pages(&backend, &worker, owner, 1).await;
    for forbidden in [
        "update tasks set state = 'done', ended_at = now()",
        "update tasks set last_seq = 99",
        "update tasks set page_count = 99",
        "update pages set lease_token = null",
        "update pages set content_sealed = 'x'",
    ] {
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        let refused = sqlx::query(forbidden).execute(&mut *tx).await.expect_err(forbidden);
        let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {refused}");
    }
}

#[tokio::test]
async fn workers_hear_of_stopped_and_deleted_tasks() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let stopped = a_document(&backend, owner).await.task.id;
    let deleted = a_document(&backend, owner).await;
    let mut listener = Listener::<Withdrawn>::new(&worker, CancellationToken::new());
    let mut next = async || tokio::time::timeout(Duration::from_secs(10), listener.next()).await.expect("in time");
    assert_eq!(next().await, Some(Withdrawn::Resync));
    cancel(&backend, owner, stopped).await.expect("the task");
    assert_eq!(next().await, Some(Withdrawn::Task(stopped)));
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    assert_eq!(
        documents::shred(&mut tx, deleted.document.id, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    tx.commit().await.expect("committed");
    assert_eq!(next().await, Some(Withdrawn::Task(deleted.task.id)));
}
