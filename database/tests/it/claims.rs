use std::{collections::BTreeSet, time::Duration};

use untxt_core::{
    domain::{EventKind, EventSeq, FailureCode, PageState, TaskState},
    queue::QueueKind,
};
use untxt_database::{
    Database, Error, events, pages,
    pages::{Completed, Retried},
    tasks,
    testing::TestPostgres,
    turns::{self, Asking, Turn},
};

use crate::fixtures::{
    LEASE, MAX_ATTEMPTS, NO_TIME, a_document, a_result, a_task_with_pages, a_user, claim_page, claim_task, copies_of,
};

async fn sweep(worker: &Database, stale: Duration) -> Vec<QueueKind> {
    let mut tx = worker.begin_system().await.expect("a transaction");
    let entries = tasks::sweep(&mut tx, MAX_ATTEMPTS, stale).await.expect("swept");
    tx.commit().await.expect("committed");
    entries.iter().map(|entry| entry.kind).collect()
}

#[tokio::test]
async fn one_of_many_claimers_gets_the_task() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_document(&backend, owner).await.task.id;
    let mut claims = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let worker = worker.clone();
        claims.spawn(async move { claim_task(&worker, task, LEASE).await });
    }
    let claimed: Vec<_> = claims.join_all().await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 1);
    assert_eq!((claimed[0].state, claimed[0].attempt, claimed[0].owner), (TaskState::Inspecting, 1, owner));
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_nothing() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_document(&backend, owner).await.task.id;
    let stale = claim_task(&worker, task, NO_TIME).await.expect("claimed");
    let fresh = claim_task(&worker, task, LEASE).await.expect("claimed again");
    assert_eq!((fresh.attempt, fresh.tries), (2, 2));
    let mut tx = worker.begin_system().await.expect("a transaction");
    for refused in [
        tasks::extend_lease(&mut tx, &stale, LEASE).await,
        tasks::begin_pages(&mut tx, &stale, 3).await,
        tasks::fail(&mut tx, &stale, FailureCode::Unreadable).await,
        tasks::release(&mut tx, &stale, NO_TIME).await,
        tasks::finish(&mut tx, &stale, Err(FailureCode::Internal)).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::LeaseLost)), "{refused:?}");
    }
    tasks::begin_pages(&mut tx, &fresh, 1).await.expect("begun");
    tx.commit().await.expect("committed");

    let stale = claim_page(&worker, task, NO_TIME).await.expect("a page");
    let fresh = claim_page(&worker, task, LEASE).await.expect("the page again");
    assert_eq!((stale.page, fresh.page, fresh.attempt), (fresh.page, stale.page, 2));
    let mut tx = worker.begin_system().await.expect("a transaction");
    for refused in [
        pages::extend_lease(&mut tx, &stale, LEASE).await,
        pages::complete(&mut tx, &stale, &a_result(0.9)).await.map(|_| ()),
        pages::fail(&mut tx, &stale, FailureCode::Timeout).await.map(|_| ()),
        pages::release(&mut tx, &stale, NO_TIME).await,
        pages::retry_or_fail(&mut tx, &stale, FailureCode::Timeout, MAX_ATTEMPTS).await.map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::LeaseLost)), "{refused:?}");
    }
    let done = pages::complete(&mut tx, &fresh, &a_result(0.9)).await.expect("completed");
    assert!(done.is_last);
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    let twice = pages::complete(&mut tx, &fresh, &a_result(0.9)).await;
    assert!(matches!(twice, Err(Error::LeaseLost)), "{twice:?}");
}

#[tokio::test]
async fn eight_workers_read_forty_pages_with_gapless_events_and_one_end() {
    const PAGES: u32 = 40;
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, PAGES).await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let worker = worker.clone();
        workers.spawn(async move {
            let mut last = 0;
            while let Some(claimed) = claim_page(&worker, task, LEASE).await {
                let mut tx = worker.begin_system().await.expect("a transaction");
                let Completed { is_last } = match claimed.page.get() % 10 {
                    0 => pages::fail(&mut tx, &claimed, FailureCode::Unreadable).await,
                    1 => pages::complete(&mut tx, &claimed, &a_result(0.5)).await,
                    _ => pages::complete(&mut tx, &claimed, &a_result(0.9)).await,
                }
                .expect("ended");
                tx.commit().await.expect("committed");
                last += u32::from(is_last);
            }
            last
        });
    }
    assert_eq!(workers.join_all().await.into_iter().sum::<u32>(), 1);

    let mut finishers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let worker = worker.clone();
        finishers.spawn(async move {
            let claimed = claim_task(&worker, task, LEASE).await?;
            let mut tx = worker.begin_system().await.expect("a transaction");
            let state = tasks::finish(&mut tx, &claimed, Ok(claimed.attempt)).await.expect("finished");
            tx.commit().await.expect("committed");
            Some(state)
        });
    }
    let ends: Vec<_> = finishers.join_all().await.into_iter().flatten().collect();
    assert_eq!(ends, [TaskState::DoneWithErrors]);

    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let ended = tasks::find(&mut tx, task).await.expect("an answer").expect("the task");
    assert_eq!((ended.pages.total, ended.pages.done, ended.pages.failed, ended.pages.low), (40, 36, 4, 4));
    assert_eq!(ended.pdf_attempt, Some(2));
    let events = events::after(&mut tx, task, EventSeq(0), 1000).await.expect("events");
    let seqs: Vec<_> = events.iter().map(|event| event.seq.0).collect();
    assert_eq!(seqs, (1..=i64::from(2 + 2 * PAGES + 1)).collect::<Vec<_>>());
    assert_eq!(ended.last_seq.0, seqs.len() as i64);
    let done: BTreeSet<_> =
        events.iter().filter(|event| event.kind == EventKind::PageDone).filter_map(|event| event.page).collect();
    assert_eq!(done.len(), 36);
    let last = events.last().expect("an event");
    assert_eq!((last.kind, last.pages), (EventKind::TaskDoneWithErrors, ended.pages));
    let list = pages::list(&mut tx, task).await.expect("pages");
    assert!(list.iter().all(|page| (page.state == PageState::Failed) == (page.number.get() % 10 == 0)));
}

#[tokio::test]
async fn a_release_gives_the_try_back_and_a_crash_does_not() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 1).await;
    for attempt in 1..=4 {
        let claimed = claim_page(&worker, task, LEASE).await.expect("a page");
        assert_eq!((claimed.attempt, claimed.tries), (attempt, 1));
        let mut tx = worker.begin_system().await.expect("a transaction");
        pages::release(&mut tx, &claimed, NO_TIME).await.expect("released");
        tx.commit().await.expect("committed");
    }
    let mut outcomes = Vec::new();
    for _ in 0..MAX_ATTEMPTS {
        let claimed = claim_page(&worker, task, LEASE).await.expect("a page");
        let mut tx = worker.begin_system().await.expect("a transaction");
        outcomes
            .push(pages::retry_or_fail(&mut tx, &claimed, FailureCode::Timeout, MAX_ATTEMPTS).await.expect("ended"));
        tx.commit().await.expect("committed");
        assert_eq!(claim_page(&worker, task, LEASE).await, None);
        let _ = postgres.superuser_psql("update pages set next_try_at = now() where state = 'queued'");
    }
    let again = |seconds| Retried::Again { delay: Duration::from_secs(seconds) };
    assert_eq!(outcomes, [again(1), again(2), Retried::Failed(Completed { is_last: true })]);

    let claimed = claim_task(&worker, task, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(
        tasks::finish(&mut tx, &claimed, Err(FailureCode::Internal)).await.expect("finished"),
        TaskState::Failed
    );
    let failed = tasks::find(&mut tx, task).await.expect("an answer").expect("the task");
    assert_eq!(failed.failure, Some(FailureCode::Timeout));
}

#[tokio::test]
async fn a_page_that_kills_its_worker_ends_and_the_others_go_on() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 2).await;
    for _ in 0..MAX_ATTEMPTS {
        assert_eq!(claim_page(&worker, task, NO_TIME).await.map(|claimed| claimed.page.get()), Some(1));
    }
    let second = claim_page(&worker, task, LEASE).await.expect("a page");
    assert_eq!(second.page.get(), 2);
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &second, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    assert_eq!(sweep(&worker, LEASE).await, [QueueKind::Finish]);

    // The searchable PDF kills its workers too: the text stays, and the task ends without it.
    for _ in 0..MAX_ATTEMPTS {
        claim_task(&worker, task, NO_TIME).await.expect("claimed");
    }
    assert_eq!(claim_task(&worker, task, NO_TIME).await, None);
    assert_eq!(sweep(&worker, NO_TIME).await, []);
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let ended = tasks::find(&mut tx, task).await.expect("an answer").expect("the task");
    assert_eq!((ended.state, ended.pages.done, ended.pages.failed), (TaskState::DoneWithErrors, 1, 1));
}

#[tokio::test]
async fn the_sweeper_wakes_what_lost_its_wake_up_once() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_document(&backend, owner).await.task.id;
    let stale = Duration::from_secs(1);
    assert_eq!(sweep(&worker, LEASE).await, [], "it was dispatched just now");
    tokio::time::sleep(stale).await;
    assert_eq!(sweep(&worker, stale).await, [QueueKind::Inspect]);
    assert_eq!(sweep(&worker, stale).await, []);

    let claimed = claim_task(&worker, task, LEASE).await.expect("claimed");
    assert_eq!(sweep(&worker, NO_TIME).await, [], "somebody works on it");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::begin_pages(&mut tx, &claimed, 1).await.expect("begun");
    tx.commit().await.expect("committed");
    assert_eq!(sweep(&worker, NO_TIME).await, [QueueKind::Recognise]);
    let page = claim_page(&worker, task, LEASE).await.expect("a page");
    assert_eq!(sweep(&worker, NO_TIME).await, [], "somebody reads it");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &page, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    assert_eq!(sweep(&worker, NO_TIME).await, [QueueKind::Finish]);

    let mut elected = worker.begin_system().await.expect("a transaction");
    tasks::sweep(&mut elected, MAX_ATTEMPTS, NO_TIME).await.expect("swept");
    assert_eq!(sweep(&worker, NO_TIME).await, [], "another one sweeps");
}

#[tokio::test]
async fn the_sweeper_wakes_what_lost_its_worker_as_soon_as_the_lease_has_ended() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 1).await;
    assert_eq!(sweep(&worker, LEASE).await, [], "its first page waits for the wake-ups of the inspection");
    let brief = Duration::from_millis(300);
    claim_page(&worker, task, brief).await.expect("a page");
    tokio::time::sleep(brief).await;
    assert_eq!(sweep(&worker, LEASE).await, [QueueKind::Recognise], "its worker began just now, but this is news");
    assert_eq!(sweep(&worker, LEASE).await, [], "and no news the second time");
    let page = claim_page(&worker, task, LEASE).await.expect("the page again");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::release(&mut tx, &page, NO_TIME).await.expect("released");
    tx.commit().await.expect("committed");
    assert_eq!(sweep(&worker, LEASE).await, [QueueKind::Recognise]);

    let inspected = a_document(&backend, owner).await.task.id;
    claim_task(&worker, inspected, brief).await.expect("claimed");
    tokio::time::sleep(brief).await;
    assert_eq!(sweep(&worker, LEASE).await, [QueueKind::Inspect]);
    assert_eq!(sweep(&worker, LEASE).await, []);
}

#[tokio::test]
async fn an_inspection_that_kills_its_workers_fails() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_document(&backend, owner).await.task.id;
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(claim_task(&worker, task, NO_TIME).await.map(|claimed| claimed.attempt), Some(attempt));
    }
    assert_eq!(claim_task(&worker, task, LEASE).await, None);
    assert_eq!(sweep(&worker, NO_TIME).await, []);
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let ended = tasks::find(&mut tx, task).await.expect("an answer").expect("the task");
    assert_eq!((ended.state, ended.failure), (TaskState::Failed, Some(FailureCode::Crashed)));
}

#[tokio::test]
async fn what_used_up_its_attempts_ends_however_many_wait_before_it() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let first = a_document(&backend, owner).await;
    let exhausted = a_document(&backend, owner).await.task.id;
    let _ = postgres.superuser_psql(&format!(
        "with copies as ({})
        insert into tasks (id, document_id, owner_id, languages, trace, created_at, dispatched_at)
        select gen_random_uuid(), id, owner_id, 'eng', gen_random_uuid(), now() - interval '1 h', now() from copies",
        copies_of(first.document.id, 200)
    ));
    for _ in 0..MAX_ATTEMPTS {
        claim_task(&worker, exhausted, NO_TIME).await.expect("claimed");
    }
    assert_eq!(sweep(&worker, LEASE).await, [], "those who wait were told of just now");
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let ended = tasks::find(&mut tx, exhausted).await.expect("an answer").expect("the task");
    assert_eq!(ended.state, TaskState::Failed);
}

#[tokio::test]
async fn a_commit_is_all_that_a_worker_needs_to_find_an_upload() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let asking = Asking {
        open_task: None,
        stored_lease: None,
        lease: LEASE,
        max_attempts: MAX_ATTEMPTS,
        max_pages_per_owner: 0,
    };
    let task = a_document(&backend, owner).await.task.id;
    // No entry was ever pushed. A slot that asks finds it at once, the sweeper after it was not told of for a while.
    let _ = postgres.superuser_psql("update tasks set dispatched_at = now() - interval '16 s'");
    assert_eq!(sweep(&worker, Duration::from_secs(15)).await, [QueueKind::Inspect]);
    let mut tx = worker.begin_system().await.expect("a transaction");
    let turn = turns::take(&mut tx, &asking).await.expect("an answer");
    assert!(matches!(&turn, Turn::Task(claimed) if claimed.task == task), "{turn:?}");
    // A slot that dies before its commit has taken nothing.
    drop(tx);
    let mut tx = worker.begin_system().await.expect("a transaction");
    let again = turns::take(&mut tx, &asking).await.expect("an answer");
    assert!(matches!(&again, Turn::Task(claimed) if claimed.task == task && claimed.attempt == 1), "{again:?}");
    // Put off because something did not answer: nobody's turn until the pause is over, and no try is used up.
    let Turn::Task(claimed) = again else { return };
    tasks::release(&mut tx, &claimed, LEASE).await.expect("released");
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(turns::take(&mut tx, &asking).await.expect("an answer"), Turn::Rest);
    drop(tx);
    let _ = postgres.superuser_psql("update tasks set next_try_at = now()");
    let mut tx = worker.begin_system().await.expect("a transaction");
    let Turn::Task(last) = turns::take(&mut tx, &asking).await.expect("an answer") else { panic!("no turn") };
    assert_eq!((last.attempt, last.tries), (2, 1));
}

#[tokio::test]
async fn a_final_state_never_changes() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_document(&backend, owner).await.task.id;
    let claimed = claim_task(&worker, task, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::fail(&mut tx, &claimed, FailureCode::Encrypted).await.expect("failed");
    tx.commit().await.expect("committed");
    for sql in ["update tasks set state = 'queued', ended_at = null", "update tasks set last_seq = last_seq + 1"] {
        let mut tx = worker.begin_system().await.expect("a transaction");
        let refused = sqlx::query(sql).execute(&mut *tx).await.map_err(Error::from);
        assert!(matches!(&refused, Err(Error::Conflict(name)) if name == "tasks_final"), "{refused:?}");
    }
}
