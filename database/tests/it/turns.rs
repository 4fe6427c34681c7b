//! Whose turn it is.

use std::{collections::BTreeMap, time::Duration};

use untxt_core::{
    domain::{FailureCode, OwnerId, ReadingSettings, TaskId, TaskQueue, TaskState},
    lifecycle::Lifecycle,
};
use untxt_database::{
    Database, documents,
    pages::{self, ClaimedPage},
    tasks::{self, NewRun, Plan},
    testing::TestPostgres,
    turns::{self, Asking, Turn},
    workers,
};
use uuid::Uuid;

use crate::fixtures::{
    LEASE, MAX_ATTEMPTS, NO_TIME, a_document, a_result, a_task_in, a_task_with_pages, a_user, claim_page, copies_of,
};

const ASKING: Asking =
    Asking { open_task: None, stored_lease: None, lease: LEASE, max_attempts: MAX_ATTEMPTS, max_pages_per_owner: 0 };

async fn take(worker: &Database, asking: &Asking) -> Turn {
    loop {
        let mut tx = worker.begin_system().await.expect("a transaction");
        match turns::take(&mut tx, asking).await.expect("an answer") {
            Turn::Again => {}
            turn => {
                tx.commit().await.expect("committed");
                return turn;
            }
        }
    }
}

async fn take_page(worker: &Database) -> ClaimedPage {
    match take(worker, &ASKING).await {
        Turn::Page(page) => *page,
        other => panic!("a page was expected: {other:?}"),
    }
}

async fn complete(worker: &Database, page: &ClaimedPage) {
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, page, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
}

/// Reads as one slot does, and gives whose page it was each time.
async fn read_in_turn(worker: &Database, turns: usize) -> Vec<TaskId> {
    let mut order = Vec::new();
    for _ in 0..turns {
        let page = take_page(worker).await;
        order.push(page.task);
        complete(worker, &page).await;
    }
    order
}

#[tokio::test]
async fn a_single_page_comes_next_beside_a_thousand() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let bob = a_user(&backend, "bob").await.as_owner();
    let long = a_task_with_pages(&backend, &worker, alice, 1000).await;
    // Both slots of the installation read her pages when his comes.
    let hers = [take_page(&worker).await, take_page(&worker).await];
    assert_eq!(hers.each_ref().map(|page| (page.task, page.page.get())), [(long, 1), (long, 2)]);
    let single = a_task_with_pages(&backend, &worker, bob, 1).await;
    complete(&worker, &hers[0]).await;
    // The slot that is free first still has her document open.
    let next = take(&worker, &Asking { open_task: Some(long), ..ASKING }).await;
    let Turn::Page(next) = next else { panic!("{next:?}") };
    assert_eq!((next.task, next.is_last_open), (single, true));
    assert_eq!(take_page(&worker).await.task, long, "and then hers again");
}

#[tokio::test]
async fn owners_alternate_page_by_page_and_documents_of_one_owner_begin_first() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let bob = a_user(&backend, "bob").await.as_owner();
    let (hers, his) =
        (a_task_with_pages(&backend, &worker, alice, 20).await, a_task_with_pages(&backend, &worker, bob, 20).await);
    let order = read_in_turn(&worker, 8).await;
    let of = |task| order.iter().filter(|turn| **turn == task).count();
    assert_eq!((of(hers), of(his)), (4, 4), "{order:?}");
    assert!(order.windows(2).all(|pair| pair[0] != pair[1]), "{order:?}");

    // A new document of hers begins before the old one goes on; it does not cost him his turns.
    let second = a_document(&backend, alice).await.task.id;
    let mut seen = Vec::new();
    for _ in 0..2 {
        match take(&worker, &Asking { open_task: Some(hers), ..ASKING }).await {
            Turn::Page(page) => {
                seen.push(page.task);
                complete(&worker, &page).await;
            }
            Turn::Task(task) => {
                seen.push(task.task);
                assert_eq!(task.state, TaskState::Inspecting);
            }
            other => panic!("{other:?}"),
        }
    }
    seen.sort_unstable();
    let mut expected = [his, second];
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_slot_goes_on_with_the_document_that_it_has_open() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let older = a_task_with_pages(&backend, &worker, alice, 5).await;
    let younger = a_task_with_pages(&backend, &worker, alice, 5).await;
    let first = read_in_turn(&worker, 2).await;
    assert_eq!(first, [older, younger], "the first page of each");
    for open in [younger, older, younger] {
        let Turn::Page(page) = take(&worker, &Asking { open_task: Some(open), ..ASKING }).await else {
            panic!("no page")
        };
        assert_eq!(page.task, open);
        // While this page is stored it keeps no slot busy, and the next one is not the last.
        let asking = Asking { open_task: Some(open), stored_lease: Some(page.lease_token), ..ASKING };
        let Turn::Page(next) = take(&worker, &asking).await else { panic!("no page") };
        assert_eq!(next.task, open);
        complete(&worker, &page).await;
        let mut tx = worker.begin_system().await.expect("a transaction");
        pages::release(&mut tx, &next, NO_TIME).await.expect("released");
        tx.commit().await.expect("committed");
    }
    assert_eq!(read_in_turn(&worker, 1).await, [older], "else the oldest");
}

#[tokio::test]
async fn bulk_waits_but_never_starves() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let bob = a_user(&backend, "bob").await.as_owner();
    let bulk = a_task_in(&backend, &worker, bob, TaskQueue::Bulk, 40).await;
    let interactive = a_task_with_pages(&backend, &worker, alice, 200).await;
    let order = read_in_turn(&worker, 80).await;
    let bulk_turns: Vec<_> = order.iter().enumerate().filter(|(_, task)| **task == bulk).map(|(at, _)| at).collect();
    assert_eq!(bulk_turns.len(), 10, "one in eight: {bulk_turns:?}");
    assert!(bulk_turns.windows(2).all(|pair| pair[1] - pair[0] == 8), "evenly: {bulk_turns:?}");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    tasks::cancel(&mut tx, interactive).await.expect("stopped");
    tx.commit().await.expect("committed");
    assert_eq!(read_in_turn(&worker, 20).await, [bulk; 20], "every turn when nobody else waits");
}

#[tokio::test]
async fn nobody_has_more_pages_in_work_than_the_cap() {
    const CAP: u32 = 3;
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let bob = a_user(&backend, "bob").await.as_owner();
    a_task_with_pages(&backend, &worker, alice, 50).await;
    a_task_in(&backend, &worker, alice, TaskQueue::Bulk, 50).await;
    let his = a_task_with_pages(&backend, &worker, bob, 2).await;
    let asking = Asking { max_pages_per_owner: CAP, ..ASKING };
    let mut slots = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (worker, asking) = (worker.clone(), asking);
        slots.spawn(async move { take(&worker, &asking).await });
    }
    let mut in_work: BTreeMap<OwnerId, u32> = BTreeMap::new();
    let mut pages = Vec::new();
    for turn in slots.join_all().await {
        match turn {
            Turn::Page(page) => {
                *in_work.entry(page.owner).or_default() += 1;
                pages.push(*page);
            }
            Turn::Rest => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(in_work, BTreeMap::from([(alice, CAP), (bob, 2)]), "all at once, and over both queues");
    assert_eq!(take(&worker, &asking).await, Turn::Rest);
    let hers = pages.iter().find(|page| page.owner == alice).expect("a page");
    complete(&worker, hers).await;
    let Turn::Page(next) = take(&worker, &asking).await else { panic!("her turn again") };
    assert_eq!(next.owner, alice);
    assert_ne!(next.task, his);
    // What a dead worker held counts until its lease ends, and no longer.
    let _ = postgres.superuser_psql("update pages set lease_until = now() - interval '1 s' where state = 'processing'");
    let mut attempts = Vec::new();
    while let Turn::Page(page) = take(&worker, &asking).await {
        attempts.push(page.attempt);
    }
    assert_eq!(attempts.len(), CAP as usize + 2, "as many again");
    assert!(attempts.contains(&2), "pages of the dead among them");
}

#[tokio::test]
async fn the_cap_holds_when_both_queues_are_asked_at_the_same_moment() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let interactive = a_task_with_pages(&backend, &worker, alice, 5).await;
    let bulk = a_task_in(&backend, &worker, alice, TaskQueue::Bulk, 5).await;
    let asking = Asking { max_pages_per_owner: 1, ..ASKING };
    let mut first = worker.begin_system().await.expect("a transaction");
    let taken = turns::take_page_of(&mut first, interactive, &asking).await.expect("an answer");
    assert!(matches!(taken, Turn::Page(_)), "{taken:?}");
    let other = worker.clone();
    let second = Lifecycle::default().spawn(async move {
        let mut tx = other.begin_system().await.expect("a transaction");
        let taken = turns::take_page_of(&mut tx, bulk, &asking).await.expect("an answer");
        tx.commit().await.expect("committed");
        taken
    });
    while postgres.superuser_psql("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "0" {
        assert!(!second.is_finished(), "the second one did not wait for the first");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    first.commit().await.expect("committed");
    assert_eq!(second.await.expect("no panic"), Turn::Rest);
}

#[tokio::test]
async fn what_needs_its_end_or_lost_its_worker_is_somebodys_turn() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    assert_eq!(take(&worker, &ASKING).await, Turn::Rest);
    let task = a_document(&backend, alice).await.task.id;
    let Turn::Task(dead) = take(&worker, &Asking { lease: NO_TIME, ..ASKING }).await else { panic!("no task") };
    let Turn::Task(inspected) = take(&worker, &ASKING).await else { panic!("no task") };
    assert_eq!((dead.task, inspected.task, inspected.attempt), (task, task, 2));
    assert_eq!(take(&worker, &ASKING).await, Turn::Rest, "somebody works on it");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::begin_pages(&mut tx, &inspected, 1).await.expect("begun");
    let first = turns::take_page_of(&mut tx, task, &ASKING).await.expect("an answer");
    tx.commit().await.expect("committed");
    let Turn::Page(page) = first else { panic!("{first:?}") };
    assert!(page.is_last_open);
    complete(&worker, &page).await;
    let Turn::Task(finishing) = take(&worker, &ASKING).await else { panic!("no task") };
    assert_eq!((finishing.task, finishing.state), (task, TaskState::Finishing));
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::finish(&mut tx, &finishing, Ok(finishing.attempt)).await.expect("finished");
    tx.commit().await.expect("committed");
    assert_eq!(take(&worker, &ASKING).await, Turn::Rest);
}

#[tokio::test]
async fn every_end_of_a_task_is_counted_once() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let open = || postgres.superuser_psql("select coalesce(sum(open_tasks), 0) from turns");
    let stopped = a_task_with_pages(&backend, &worker, alice, 2).await;
    let deleted = a_document(&backend, alice).await;
    a_task_with_pages(&backend, &worker, alice, 1).await;
    assert_eq!(open(), "3");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    tasks::cancel(&mut tx, stopped).await.expect("stopped");
    tasks::cancel(&mut tx, stopped).await.expect("stopped twice");
    tx.commit().await.expect("committed");
    assert_eq!(open(), "2");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(
        documents::shred(&mut tx, deleted.document.id, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    // One that ended already doesn't count again.
    let of_stopped = tasks::find(&mut tx, stopped).await.expect("an answer").expect("the task").document;
    assert_eq!(
        documents::shred(&mut tx, of_stopped, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    tx.commit().await.expect("committed");
    assert_eq!(open(), "1");
    let page = take_page(&worker).await;
    complete(&worker, &page).await;
    assert_eq!(open(), "1", "its end is still to be made");
    let Turn::Task(finishing) = take(&worker, &ASKING).await else { panic!("no task") };
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::finish(&mut tx, &finishing, Err(FailureCode::Internal)).await.expect("finished");
    turns::forget_idle(&mut tx).await.expect("forgotten");
    tx.commit().await.expect("committed");
    assert_eq!(open(), "0");
    assert_eq!(postgres.superuser_psql("select count(*) from turns"), "1", "served a moment ago");
    let _ = postgres.superuser_psql("update turns set served_at = now() - interval '2 days'");
    let mut tx = worker.begin_system().await.expect("a transaction");
    turns::forget_idle(&mut tx).await.expect("forgotten");
    tx.commit().await.expect("committed");
    assert_eq!(postgres.superuser_psql("select count(*) from turns"), "0");
}

#[tokio::test]
async fn many_slots_take_every_page_once_and_none_rests_too_early() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let mut expected = 0;
    for (person, pages) in [("alice", 30), ("bob", 7), ("carol", 1)] {
        let owner = a_user(&backend, person).await.as_owner();
        a_task_with_pages(&backend, &worker, owner, pages).await;
        expected += pages as usize;
    }
    let mut slots = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let worker = worker.clone();
        slots.spawn(async move {
            let mut read = Vec::new();
            loop {
                match take(&worker, &ASKING).await {
                    Turn::Page(page) => {
                        complete(&worker, &page).await;
                        read.push((page.task, page.page));
                    }
                    Turn::Task(task) => {
                        let mut tx = worker.begin_system().await.expect("a transaction");
                        tasks::finish(&mut tx, &task, Err(FailureCode::Internal)).await.expect("finished");
                        tx.commit().await.expect("committed");
                    }
                    _ => return read,
                }
            }
        });
    }
    let mut read: Vec<_> = slots.join_all().await.into_iter().flatten().collect();
    read.sort_unstable();
    let all = read.len();
    read.dedup();
    assert_eq!((all, read.len()), (expected, expected));
    assert_eq!(postgres.superuser_psql("select count(*) from tasks where ended_at is null"), "0");
}

/// Prints what a choice costs in a long queue; the figures are in docs/decisions/0013.
#[tokio::test]
async fn a_choice_does_not_grow_with_the_queue() {
    const TASKS: u32 = 10_000;
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let long = a_task_with_pages(&backend, &worker, alice, 10_000).await;
    let document = a_document(&backend, alice).await.document.id;
    // Without its trigger: ten thousand changes of one row in one transaction are no upload.
    let _ = postgres.superuser_psql(&format!(
        "set session_replication_role = replica;
        with copies as ({})
        insert into tasks (id, document_id, owner_id, languages, trace, queue)
        select gen_random_uuid(), id, '{alice}', 'eng', gen_random_uuid(),
            case when row_number() over () % 4 = 0 then 'bulk' else 'interactive' end
        from copies;
        update turns set open_tasks = open_tasks + {TASKS};
        analyze",
        copies_of(document, TASKS)
    ));
    assert_eq!(claim_page(&worker, long, LEASE).await.map(|page| page.page.get()), Some(1));
    let begin = std::time::Instant::now();
    for _ in 0..20 {
        assert!(matches!(take(&worker, &ASKING).await, Turn::Task(_)));
    }
    println!("a turn among {TASKS} tasks takes {:?}", begin.elapsed() / 20);
    // What the planner touches, not the clock, is what must not grow.
    let rows = postgres.superuser_psql(
        "select pg_stat_reset();
        select choose_task(null, null, 3, 0);
        select pg_stat_force_next_flush();
        select pg_sleep(0.1);
        select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'tasks'",
    );
    let rows: u32 = rows.lines().last().and_then(|line| line.parse().ok()).expect("a number");
    assert!(rows < 200, "{rows} tasks were looked at");
}

async fn place_of(backend: &Database, owner: OwnerId, task: TaskId) -> turns::Place {
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    turns::places(&mut tx).await.expect("places").remove(&task).expect("a place")
}

fn a_worker(slots: u32, page_seconds: Option<f32>) -> workers::Worker {
    workers::Worker { id: Uuid::now_v7(), version: "0".to_owned(), slots, page_seconds, dropped_entries: 2 }
}

#[tokio::test]
async fn the_place_in_the_queue_is_what_is_read_before() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let [alice, bob, carol] =
        [a_user(&backend, "alice").await, a_user(&backend, "bob").await, a_user(&backend, "carol").await]
            .map(untxt_core::domain::UserId::as_owner);
    a_task_with_pages(&backend, &worker, alice, 30).await;
    a_task_with_pages(&backend, &worker, bob, 30).await;
    read_in_turn(&worker, 3).await;
    let younger = a_task_with_pages(&backend, &worker, alice, 3).await;
    let hers = a_task_with_pages(&backend, &worker, carol, 40).await;
    // First pages come first, so his younger document is laid behind his older one only from its second page on.
    read_in_turn(&worker, 1).await;
    let (place, younger_place) = (place_of(&backend, carol, hers).await, place_of(&backend, alice, younger).await);
    assert_eq!((place.workers, place.remaining), (0, None), "nobody is there to read");
    let order = read_in_turn(&worker, 12).await;
    let first = order.iter().position(|task| *task == hers).expect("hers was read");
    assert_eq!(place.pages_before, first as u64, "{order:?}");
    assert!(younger_place.pages_before >= 20, "{younger_place:?}");
}

#[tokio::test]
async fn workers_that_are_alive_say_how_long_it_takes() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, alice, 10).await;
    let (fresh, busy) = (a_worker(2, None), a_worker(2, Some(4.0)));
    let mut tx = worker.begin_system().await.expect("a transaction");
    workers::report(&mut tx, &fresh).await.expect("reported");
    tx.commit().await.expect("committed");
    let place = place_of(&backend, alice, task).await;
    assert_eq!((place.pages_before, place.workers, place.remaining), (0, 1, None), "nothing was read yet");
    let mut tx = worker.begin_system().await.expect("a transaction");
    for _ in 0..2 {
        workers::report(&mut tx, &busy).await.expect("reported");
    }
    tx.commit().await.expect("committed");
    let place = place_of(&backend, alice, task).await;
    // Ten pages of four seconds in four slots.
    assert_eq!((place.workers, place.remaining), (2, Some(Duration::from_secs(10))));
    let _ = postgres
        .superuser_psql(&format!("update workers set seen_at = now() - interval '20 s' where id = '{}'", fresh.id));
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(
        workers::list(&mut tx, 10).await.expect("listed"),
        std::slice::from_ref(&busy),
        "the silent one is gone"
    );
    workers::leave(&mut tx, busy.id).await.expect("left");
    tx.commit().await.expect("committed");
    assert_eq!(place_of(&backend, alice, task).await.workers, 0);
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert!(turns::places(&mut tx).await.expect("places").is_empty(), "nobody's");
}

const COMPARE_PLACES: &str = include_str!("places.sql");

#[tokio::test]
async fn every_place_is_what_a_comparison_with_each_owner_gives() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let mut owners = Vec::new();
    let mut seed: u32 = 7;
    let mut next = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) % below
    };
    for person in 0..12 {
        let owner = a_user(&backend, &format!("person-{person}")).await.as_owner();
        for _ in 0..1 + next(5) {
            let queue = if next(3) == 0 { TaskQueue::Bulk } else { TaskQueue::Interactive };
            a_task_in(&backend, &worker, owner, queue, 2 + next(9)).await;
        }
        owners.push(owner);
    }
    read_in_turn(&worker, 20).await;
    a_document(&backend, owners[3]).await;
    for owner in owners {
        let differing = postgres.superuser_psql(&COMPARE_PLACES.replace("OWNER", &owner.to_string()));
        assert_eq!(differing, "0", "of {owner}");
    }
}

#[tokio::test]
async fn pages_that_nobody_is_to_read_are_not_waited_for() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, alice, 10).await;
    let read = take_page(&worker).await;
    complete(&worker, &read).await;
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    tasks::cancel(&mut tx, task).await.expect("stopped");
    let settings = ReadingSettings::of_languages("eng");
    let new = NewRun {
        id: TaskId::generate(),
        document: read.document,
        settings: &settings,
        queue: TaskQueue::Interactive,
        plan: Plan::ReadPages([read.page].into()),
        max_runs: 20,
        key: None,
        trace: Uuid::now_v7(),
    };
    tasks::begin(&mut tx, &new).await.expect("an answer").expect("the document");
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    workers::report(&mut tx, &a_worker(1, Some(4.0))).await.expect("reported");
    tx.commit().await.expect("committed");
    let place = place_of(&backend, alice, new.id).await;
    assert_eq!(place.remaining, Some(Duration::from_secs(4)), "one page, and not ten");
}
