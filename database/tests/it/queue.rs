//! The queue over all owners: who may see it, and what it says.

use std::time::Duration;

use untxt_core::domain::{FailureCode, TaskState, UserId};
use untxt_database::{
    Database, Transaction,
    dead_letters::{self, Which},
    pages,
    queue::{self, Totals},
    tasks::{self, Begun, Refusal},
    testing::TestPostgres,
    turns::{self, OpenTask},
    users, workers,
};
use uuid::Uuid;

use crate::fixtures::{LEASE, a_document, a_task_with_pages, a_user, claim_page, claim_task};

async fn an_admin(postgres: &TestPostgres, backend: &Database) -> UserId {
    let id = a_user(backend, "root").await;
    let _ = postgres.superuser_psql("update users set role = 'admin' where login = 'root'");
    id
}

async fn report_alive(worker: &Database) {
    let alive = workers::Worker {
        id: Uuid::now_v7(),
        version: "0".to_owned(),
        slots: 2,
        page_seconds: None,
        dropped_entries: 0,
    };
    let mut tx = worker.begin_system().await.expect("a transaction");
    workers::report(&mut tx, &alive).await.expect("reported");
    tx.commit().await.expect("committed");
}

/// Counts rows of every list: workers, open tasks, letters.
async fn lengths(tx: &mut Transaction) -> [usize; 3] {
    [
        workers::list(tx, 9).await.expect("workers").len(),
        turns::list_open(tx, None, 9).await.expect("tasks").len(),
        dead_letters::list(tx, Which::All, 9).await.expect("letters").len(),
    ]
}

#[tokio::test]
async fn only_administrators_see_the_queue_and_stand_in() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (admin, bob) = (an_admin(&postgres, &backend).await, a_user(&backend, "bob").await);
    let task = a_task_with_pages(&backend, &worker, bob.as_owner(), 2).await;
    let page = claim_page(&worker, task, LEASE).await.expect("a page");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::retry_or_fail(&mut tx, &page, FailureCode::Timeout, 1).await.expect("failed");
    tx.commit().await.expect("committed");
    report_alive(&worker).await;

    let mut nobody = backend.begin_system().await.expect("a transaction");
    let mut as_bob = backend.begin_as(bob).await.expect("a transaction");
    let zeros = Totals { workers: 0, slots: 0, open_tasks: 0, waiting_tasks: 0, longest_wait: None, dead_letters: 0 };
    for tx in [&mut nobody, &mut as_bob] {
        assert!(!users::is_admin(tx).await.expect("an answer"));
        assert_eq!(lengths(tx).await, [0; 3]);
        assert_eq!(queue::count(tx).await.expect("totals"), zeros);
        assert!(!queue::stand_in_for_owner(tx, task).await.expect("an answer"));
    }
    assert!(tasks::find(&mut nobody, task).await.expect("an answer").is_none(), "nobody stands in for anybody");

    let mut as_admin = backend.begin_as(admin).await.expect("a transaction");
    assert!(users::is_admin(&mut as_admin).await.expect("an answer"));
    assert_eq!(lengths(&mut as_admin).await, [1; 3]);
    assert!(tasks::find(&mut as_admin, task).await.expect("an answer").is_none(), "only after standing in");
    assert!(
        !queue::stand_in_for_owner(&mut as_admin, untxt_core::domain::TaskId::generate()).await.expect("an answer")
    );
    assert!(queue::stand_in_for_owner(&mut as_admin, task).await.expect("an answer"));
    assert!(tasks::find(&mut as_admin, task).await.expect("an answer").is_some());
    assert_eq!(lengths(&mut as_admin).await, [0; 3], "now it acts as the owner, who is no administrator");
}

#[tokio::test]
async fn a_worker_sees_the_queue_without_logins_and_is_never_an_administrator() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let admin = an_admin(&postgres, &backend).await;
    a_document(&backend, admin.as_owner()).await;
    let mut tx = worker.begin_as(admin).await.expect("a transaction");
    let open = turns::list_open(&mut tx, None, 9).await.expect("listed");
    assert!(matches!(&open[..], [OpenTask { owner_login: None, .. }]), "{open:?}");
    users::is_admin(&mut tx).await.expect_err("not for workers");
    let mut tx = worker.begin_as(admin).await.expect("a transaction");
    queue::stand_in_for_owner(&mut tx, open[0].task).await.expect_err("not for workers");
}

#[tokio::test]
async fn the_queue_says_who_waits_and_why() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (admin, bob) = (an_admin(&postgres, &backend).await, a_user(&backend, "bob").await.as_owner());
    let read = a_task_with_pages(&backend, &worker, bob, 2).await;
    let put_off = a_task_with_pages(&backend, &worker, bob, 2).await;
    let waiting = a_document(&backend, bob).await.task.id;
    claim_page(&worker, read, LEASE).await.expect("a page");
    let _ = postgres.superuser_psql(&format!(
        "update pages set next_try_at = now() + interval '1 hour' where task_id = '{put_off}';
        update tasks set created_at = created_at - interval '10 minutes' where id = '{read}';
        update tasks set created_at = created_at - interval '5 minutes' where id = '{waiting}';
        update task_events set at = at - interval '10 minutes' where task_id = '{read}';
        update task_events set at = at - interval '5 minutes' where task_id = '{waiting}'"
    ));

    let mut tx = backend.begin_as(admin).await.expect("a transaction");
    let totals = queue::count(&mut tx).await.expect("totals");
    let tasks = turns::list_open(&mut tx, None, 9).await.expect("listed");
    assert_eq!((totals.open_tasks, totals.waiting_tasks), (3, 2));
    let longest = totals.longest_wait.expect("one waits").as_secs();
    assert!((300..600).contains(&longest), "the one that is read doesn't count: {longest}");
    let order: Vec<_> = tasks.iter().map(|task| task.task).collect();
    assert_eq!(order, [read, waiting, put_off], "the oldest first");
    let says: Vec<_> = tasks.iter().map(|task| (task.state, task.in_work, task.paused_for.is_some())).collect();
    assert_eq!(
        says,
        [(TaskState::Processing, 1, false), (TaskState::Queued, 0, false), (TaskState::Processing, 0, true),]
    );
    assert!(tasks.iter().all(|task| task.owner_login.as_deref() == Some("bob")));
    assert!(tasks[2].paused_for > Some(Duration::from_secs(3000)));
    assert_eq!(turns::list_open(&mut tx, None, 2).await.expect("listed").len(), 2, "as many as asked for");
}

#[tokio::test]
async fn what_is_read_again_needs_nobody_any_more() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (admin, bob) = (an_admin(&postgres, &backend).await, a_user(&backend, "bob").await.as_owner());
    let task = a_document(&backend, bob).await.task.id;
    let claimed = claim_task(&worker, task, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::fail(&mut tx, &claimed, FailureCode::Crashed).await.expect("failed");
    tx.commit().await.expect("committed");

    let mut tx = backend.begin_as(admin).await.expect("a transaction");
    assert_eq!(queue::count(&mut tx).await.expect("totals").dead_letters, 1);
    assert!(queue::stand_in_for_owner(&mut tx, task).await.expect("an answer"));
    let trace = Uuid::new_v4();
    let Some(Begun::New(new)) = tasks::begin_replay(&mut tx, task, trace).await.expect("an answer") else {
        panic!("no new task");
    };
    let again = tasks::begin_replay(&mut tx, new.id, trace).await.expect("an answer");
    assert_eq!(again, Some(Begun::Refused(Refusal::StillOpen)));
    tx.commit().await.expect("committed");

    let mut tx = backend.begin_as(admin).await.expect("a transaction");
    assert!(dead_letters::list(&mut tx, Which::Unanswered, 9).await.expect("letters").is_empty());
    assert_eq!(queue::count(&mut tx).await.expect("totals").dead_letters, 0);
    assert_eq!(dead_letters::list(&mut tx, Which::All, 9).await.expect("letters").len(), 1);
}
