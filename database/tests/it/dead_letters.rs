//! What was given up, and what an operator does about it.

use untxt_core::domain::{FailureCode, TaskState};
use untxt_database::{
    dead_letters::{self, Which},
    events, pages,
    tasks::{self, Begun, Refusal},
    testing::TestPostgres,
    turns,
};

use crate::fixtures::{LEASE, MAX_ATTEMPTS, NO_TIME, a_document, a_task_with_pages, a_user, claim_page, claim_task};

#[tokio::test]
async fn what_was_given_up_is_listed_with_its_reason_and_replayed() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    // One page kills its worker, one times out, one can't be read: the last is the document's fault.
    let task = a_task_with_pages(&backend, &worker, alice, 3).await;
    for _ in 0..MAX_ATTEMPTS {
        claim_page(&worker, task, NO_TIME).await.expect("the first page");
    }
    for failure in [FailureCode::Timeout, FailureCode::Unreadable] {
        let page = claim_page(&worker, task, LEASE).await.expect("a page");
        let mut tx = worker.begin_system().await.expect("a transaction");
        pages::retry_or_fail(&mut tx, &page, failure, 1).await.expect("failed");
        tx.commit().await.expect("committed");
    }
    let crashed = a_document(&backend, alice).await.task.id;
    for _ in 0..MAX_ATTEMPTS {
        claim_task(&worker, crashed, NO_TIME).await.expect("claimed");
    }
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::sweep(&mut tx, MAX_ATTEMPTS, LEASE).await.expect("swept");
    let letters = dead_letters::list(&mut tx, Which::All, 10).await.expect("listed");
    tx.commit().await.expect("committed");
    let mut found: Vec<_> =
        letters.iter().map(|l| (l.task, l.page.map(|page| page.get()), l.reason, l.attempts)).collect();
    found.sort_unstable_by_key(|(_, page, ..)| *page);
    assert_eq!(
        found,
        [
            (crashed, None, FailureCode::Crashed, 3),
            (task, Some(1), FailureCode::Crashed, 3),
            (task, Some(2), FailureCode::Timeout, 1),
        ]
    );

    let mut tx = worker.begin_system().await.expect("a transaction");
    let too_early = tasks::replay(&mut tx, task).await.expect("an answer");
    assert_eq!(too_early, Some(Begun::Refused(Refusal::StillOpen)), "it has not ended");
    let Some(Begun::New(new)) = tasks::replay(&mut tx, crashed).await.expect("an answer") else { panic!("refused") };
    let new = new.id;
    let swept = tasks::sweep(&mut tx, MAX_ATTEMPTS, LEASE).await.expect("swept");
    assert!(swept.iter().any(|entry| entry.task == new), "the next sweep wakes for it");
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let old = tasks::find(&mut tx, crashed).await.expect("an answer").expect("the old task");
    let replayed = tasks::find(&mut tx, new).await.expect("an answer").expect("the new task");
    assert_eq!((old.state, replayed.state), (TaskState::Failed, TaskState::Queued));
    assert_eq!((replayed.document, &replayed.settings, replayed.queue), (old.document, &old.settings, old.queue));
    let told = events::after(&mut tx, new, untxt_core::domain::EventSeq(0), 10).await.expect("events");
    assert_eq!(told.len(), 1);
    drop(tx);
    assert_eq!(claim_task(&worker, new, LEASE).await.map(|claimed| claimed.attempt), Some(1));
    let mut tx = worker.begin_system().await.expect("a transaction");
    let open = turns::list_open(&mut tx, Some(new), 10).await.expect("listed");
    assert!(matches!(&open[..], [one] if one.held_for.is_some() && one.owner == alice));
}

#[tokio::test]
async fn an_operator_stops_a_task_of_anybody() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, alice, 3).await;
    let mut tx = worker.begin_system().await.expect("a transaction");
    let stopped = tasks::cancel(&mut tx, task).await.expect("an answer").expect("the task");
    tx.commit().await.expect("committed");
    assert_eq!(stopped.task.state, TaskState::Cancelled);
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert!(turns::list_open(&mut tx, None, 10).await.expect("listed").is_empty());
    assert!(dead_letters::list(&mut tx, Which::All, 10).await.expect("listed").is_empty(), "it was not given up");
}
