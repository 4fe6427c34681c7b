use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt, stream};
use untxt_core::{
    domain::{DocumentId, EventKind, FailureCode, PageNumber, TaskQueue, TaskState},
    queue::{Queue, QueueEntry, QueueKind},
    storage::{ObjectKey, ObjectStore},
};
use untxt_database::{pages, tasks};
use uuid::Uuid;

use crate::{
    house::{House, LEASE, tesseract_child},
    pages::{encrypted_pdf, tiff_of, width},
};

#[tokio::test]
async fn a_document_goes_from_queued_to_done() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[320, 321, 322, 323, 324])).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.total, task.pages.done), (TaskState::Done, 5, 5));
    for number in 1..=5 {
        let content = house.open_page(&upload, number).await;
        assert_eq!(content.text.trim(), format!("page {}", 319 + number));
    }
    assert!(house.open_pdf(&upload, &task).starts_with(b"%PDF-"));
    let events = house.events(upload.task).await;
    assert_eq!(events.first().map(|event| event.kind), Some(EventKind::TaskQueued));
    assert_eq!(events.last().map(|event| event.kind), Some(EventKind::TaskDone));
    assert_eq!(house.objects.count(), 7, "original, five pictures, PDF");
    assert!(worker.stop().await < Duration::from_secs(2), "an idle worker stops at once");
    house.no_child_is_left().await;
}

#[tokio::test]
async fn tesseract_reads_a_document_on_the_same_line() {
    let house = House::build().await;
    let worker = house.worker_with(tesseract_child(), LEASE).await;
    let upload = house.upload(tiff_of(&[600, 601])).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 2));
    assert!(house.open_page(&upload, 2).await.engine.starts_with("tesseract "));
    worker.stop().await;
}

#[tokio::test]
async fn a_killed_child_costs_no_page_and_none_is_read_twice() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::SLOW; 8])).await;
    house.wait_for(upload.task, |task| task.pages.done >= 1).await;
    for child in house.children() {
        let pid = rustix::process::Pid::from_raw(child.cast_signed()).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
    }
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done, task.pages.failed), (TaskState::Done, 8, 0));
    assert_eq!(house.count_events(upload.task, EventKind::PageDone).await, 8);
    assert!(house.count_events(upload.task, EventKind::PageRetried).await >= 1, "a page was hit");
    worker.stop().await;
}

#[tokio::test]
async fn two_workers_share_a_task_and_no_page() {
    let house = House::build().await;
    let (one, other) = (house.worker().await, house.worker().await);
    let upload = house.upload(tiff_of(&[width::SLOW; 20])).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 20));
    assert_eq!(house.count_events(upload.task, EventKind::PageStarted).await, 20);
    assert_eq!(house.count_events(upload.task, EventKind::PageDone).await, 20);
    assert_eq!(house.count_events(upload.task, EventKind::TaskDone).await, 1);
    tokio::join!(one.stop(), other.stop());
}

#[tokio::test]
async fn bad_pages_fail_alone_and_say_why() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload =
        house.upload(tiff_of(&[width::GOOD, width::PANICS, width::GOOD, width::OVERFLOWS, width::HANGS])).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done, task.pages.failed), (TaskState::DoneWithErrors, 2, 3));
    let events = house.events(upload.task).await;
    let failures: Vec<_> = events
        .iter()
        .filter(|event| event.kind == EventKind::PageFailed)
        .map(|event| (event.page.map(|page| page.get()), event.failure.as_ref().map(|failure| failure.code)))
        .collect();
    assert!(failures.contains(&(Some(2), Some(FailureCode::Crashed))), "{failures:?}");
    assert!(failures.contains(&(Some(4), Some(FailureCode::Crashed))), "{failures:?}");
    assert!(failures.contains(&(Some(5), Some(FailureCode::Timeout))), "{failures:?}");
    assert!(house.open_pdf(&upload, &task).starts_with(b"%PDF-"));
    worker.stop().await;
}

#[tokio::test]
async fn a_task_that_took_all_its_time_keeps_what_was_read_and_gives_up_the_rest() {
    let house = House::build().await;
    let worker = house.worker_in_a_hurry(Duration::from_secs(2)).await;
    let pages = [width::GOOD, width::HANGS, width::HANGS, width::GOOD, width::GOOD];
    let upload = house.upload(tiff_of(&pages)).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done, task.pages.failed), (TaskState::DoneWithErrors, 1, 4));
    let events = house.events(upload.task).await;
    let failures: Vec<_> = events.iter().filter_map(|event| Some(event.failure.as_ref()?.code)).collect();
    assert_eq!(failures, [FailureCode::TaskTimeout; 4]);
    worker.stop().await;
}

#[tokio::test]
async fn a_stopped_task_frees_its_readers_long_before_its_lease_ends_and_keeps_what_was_read() {
    /// No heartbeat would notice in time by itself.
    const LONG_LEASE: Duration = Duration::from_secs(60);
    let house = House::build().await;
    let worker = house.worker_with(house.bad_child(), LONG_LEASE).await;
    let upload = house.upload(tiff_of(&[width::GOOD, width::HANGS, width::HANGS, width::GOOD])).await;
    house.wait_for(upload.task, |task| task.pages.done >= 1).await;
    house.wait_for_event(upload.task, EventKind::PageStarted, 3).await;
    let readers = house.children();
    let stopped = house.cancel(upload.task).await;
    let begin = Instant::now();
    assert_eq!((stopped.state, stopped.pages.done), (TaskState::Cancelled, 1));
    while house.children().iter().any(|child| readers.contains(child)) {
        assert!(begin.elapsed() < LONG_LEASE / 3, "the readers go on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(house.open_page(&upload, 1).await.text.trim(), "page 320");
    assert_eq!(house.objects.count(), 2, "the original, and the picture of the page that was read");
    // both slots are free again
    let other = house.upload(tiff_of(&[width::GOOD; 4])).await;
    assert_eq!(house.end_of(other.task).await.state, TaskState::Done);
    assert_eq!(house.events(upload.task).await.last().map(|event| event.kind), Some(EventKind::TaskCancelled));
    worker.stop().await;
}

#[tokio::test]
async fn a_locked_document_fails_at_once() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(encrypted_pdf()).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.failure), (TaskState::Failed, Some(FailureCode::Encrypted)));
    let rubbish = house.upload(b"II*\0 and nothing behind it".to_vec()).await;
    let task = house.end_of(rubbish.task).await;
    assert_eq!((task.state, task.failure), (TaskState::Failed, Some(FailureCode::Unreadable)));
    worker.stop().await;
}

#[tokio::test]
async fn an_outage_of_the_store_uses_up_no_attempt() {
    let house = House::build().await;
    let upload = house.upload(tiff_of(&[width::GOOD; 3])).await;
    house.objects.is_away.store(true, Ordering::SeqCst);
    let worker = house.worker().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(house.task(upload.task).await.state, TaskState::Queued);
    let attempts = house.postgres.superuser_psql(&format!(
        "select attempt > 1, tries from tasks where id = '{}' and state = 'queued'",
        upload.task
    ));
    assert_eq!(attempts.trim(), "t|0", "tried more than once, and none of it counts");
    house.objects.is_away.store(false, Ordering::SeqCst);
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 3));
    worker.stop().await;
}

#[tokio::test]
async fn what_no_row_names_is_removed_and_the_rest_stays() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[320, 321, 322])).await;
    let task = house.end_of(upload.task).await;
    worker.stop().await;
    let strays = [
        ObjectKey::Original(DocumentId::generate()),
        ObjectKey::PageImage(upload.document, upload.task, PageNumber::from_index(0), 7),
    ];
    for stray in &strays {
        let body = stream::iter([Ok(Bytes::from_static(b"left behind"))]).boxed();
        house.objects.put(stray, body).await.expect("stored");
    }
    let cleaning = house.cleaning_worker().await;
    let begin = Instant::now();
    while house.objects.count() > 5 {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody cleaned up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    cleaning.stop().await;
    assert_eq!(house.objects.count(), 5, "original, three pictures, PDF");
    assert!(strays.iter().all(|stray| house.objects.sealed(stray).is_none()));
    assert!(house.open_pdf(&upload, &task).starts_with(b"%PDF-"));
}

#[tokio::test]
async fn nothing_is_removed_from_a_bucket_that_may_be_anothers() {
    let store = async |house: &House, key, bytes: &'static [u8]| {
        let body = stream::iter([Ok(Bytes::from_static(bytes))]).boxed();
        house.objects.put(&key, body).await.expect("stored");
    };
    let house = House::build().await;
    let stray = ObjectKey::Original(DocumentId::generate());
    // Before any worker could say whose bucket it is: another installation's document, or what a crash has left.
    store(&house, stray, b"whose?").await;
    let worker = house.cleaning_worker().await;
    let upload = house.upload(tiff_of(&[width::GOOD])).await;
    assert_eq!(house.end_of(upload.task).await.state, TaskState::Done);
    tokio::time::sleep(Duration::from_secs(1)).await;
    worker.stop().await;
    assert!(house.objects.sealed(&stray).is_some() && house.objects.sealed(&ObjectKey::Installation).is_none());

    house.objects.delete(&[stray]).await.expect("deleted");
    house.worker().await.stop().await;
    let id = house.postgres.superuser_psql("select id from installation");
    assert_eq!(house.objects.sealed(&ObjectKey::Installation).expect("claimed"), id.trim().as_bytes());

    store(&house, ObjectKey::Installation, b"01a20350-9c0a-7519-8adb-0df224b5d569").await;
    let refused = house.worker().await.ended().await;
    assert!(matches!(refused, Err(untxt_worker::Error::ForeignBucket)), "{refused:?}");
}

#[tokio::test]
async fn no_transaction_waits_for_the_store_when_a_bucket_is_claimed() {
    let house = House::build().await;
    let (asked, let_go) = house.objects.before_list.close();
    let worker = house.worker().await;
    asked.await.expect("the new bucket is listed");
    let waiting = house.postgres.superuser_psql(
        "select count(*) from pg_stat_activity
        where datname = current_database() and usename = 'untxt_worker' and state like 'idle in transaction%'",
    );
    assert_eq!(waiting.trim(), "0");
    // On a busy machine the start may have gone on without an answer of the store.
    drop(let_go);
    let upload = house.upload(tiff_of(&[width::GOOD])).await;
    assert_eq!(house.end_of(upload.task).await.state, TaskState::Done);
    worker.stop().await;
}

#[tokio::test]
async fn without_a_queue_the_database_is_asked() {
    let house = House::build().await;
    house.queue.is_away.store(true, Ordering::SeqCst);
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::GOOD; 12])).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 12));
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_without_a_database_leaves_wake_ups_to_others() {
    const ENTRIES: usize = 6;
    let house = House::build().await;
    let worker = house.worker().await;
    let before = house.upload(tiff_of(&[width::GOOD])).await;
    house.end_of(before.task).await;
    let taken = || house.queue.taken.load(Ordering::SeqCst);
    let taken_before = taken();
    house.let_workers_in(false);
    let upload = house.upload(tiff_of(&[width::GOOD; 3])).await;
    for _ in 1..ENTRIES {
        let entry = QueueEntry::new(QueueKind::Inspect, upload.task, TaskQueue::Interactive, Uuid::now_v7());
        house.queue.push(&entry).await.expect("pushed");
    }
    let (begin, mut last) = (Instant::now(), (taken_before, Instant::now()));
    // Until it has taken some and then rests from it for longer than one question takes.
    while last.0 == taken_before || last.1.elapsed() < Duration::from_secs(3) {
        assert!(begin.elapsed() < Duration::from_secs(30), "it goes on taking what it can't look up");
        if taken() != last.0 {
            last = (taken(), Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(house.queue.waiting(), ENTRIES, "nothing is swallowed");
    house.let_workers_in(true);
    assert_eq!(house.end_of(upload.task).await.state, TaskState::Done);
    worker.stop().await;
    assert_eq!(house.queue.acknowledged.load(Ordering::SeqCst), taken(), "and nothing is left behind");
}

#[tokio::test]
async fn who_could_not_ask_goes_on_when_the_database_is_back() {
    let house = House::build().await;
    let worker = house.worker_without_reminders().await;
    let upload = house.upload(tiff_of(&[width::GOOD; 40])).await;
    for _ in 0..3 {
        let before = house.task(upload.task).await.pages.done;
        while house.task(upload.task).await.pages.done == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        house.let_workers_in(false);
        tokio::time::sleep(Duration::from_millis(300)).await;
        house.let_workers_in(true);
    }
    assert_eq!(house.end_of(upload.task).await.state, TaskState::Done);
    worker.stop().await;
}

#[tokio::test]
async fn repeated_wake_ups_change_nothing() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::SLOW; 4])).await;
    for kind in [QueueKind::Inspect, QueueKind::Recognise, QueueKind::Finish].into_iter().cycle().take(30) {
        house
            .queue
            .push(&QueueEntry::new(kind, upload.task, TaskQueue::Interactive, Uuid::now_v7()))
            .await
            .expect("pushed");
    }
    house.end_of(upload.task).await;
    for kind in [EventKind::TaskStarted, EventKind::TaskDone] {
        assert_eq!(house.count_events(upload.task, kind).await, 1, "{kind}");
    }
    assert_eq!(house.count_events(upload.task, EventKind::PageDone).await, 4);
    worker.stop().await;
}

#[tokio::test]
async fn a_stolen_page_is_abandoned_and_read_by_its_new_owner() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::HANGS, width::GOOD])).await;
    house.wait_for(upload.task, |task| task.pages.done == 1).await;
    // As if another worker had claimed it after this one was frozen for longer than the lease.
    let _updated = house.postgres.superuser_psql(&format!(
        "update pages set lease_token = gen_random_uuid(), attempt = attempt + 1 \
         where task_id = '{}' and page_number = 1",
        upload.task
    ));
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.failed), (TaskState::DoneWithErrors, 1));
    assert_eq!(house.count_events(upload.task, EventKind::PageFailed).await, 1);
    worker.stop().await;
}

#[tokio::test]
async fn a_page_that_was_read_for_nothing_is_charged_too() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::SLOW])).await;
    house.wait_for_event(upload.task, EventKind::PageStarted, 1).await;
    let (read, let_go) = house.objects.before_put.close();
    read.await.expect("its picture is stored");
    // As if another worker had claimed it, and held on to it.
    let _updated = house.postgres.superuser_psql(&format!(
        "update pages set lease_token = gen_random_uuid(), lease_until = lease_until + interval '1 hour' \
         where task_id = '{}'",
        upload.task
    ));
    let_go.send(()).expect("it waits");
    let charged = || {
        let spent =
            house.postgres.superuser_psql(&format!("select read_seconds from tasks where id = '{}'", upload.task));
        spent.trim().parse::<f64>().expect("seconds")
    };
    let begin = Instant::now();
    while charged() == 0.0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "nobody charged for it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_stopping_worker_hands_its_pages_back() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::SLOW; 12])).await;
    house.wait_for(upload.task, |task| task.pages.done >= 1).await;
    assert!(worker.stop().await < Duration::from_secs(11));
    house.no_child_is_left().await;
    let open = house.postgres.superuser_psql(&format!(
        "select count(*) from pages where task_id = '{}' and state = 'processing'",
        upload.task
    ));
    assert_eq!(open.trim(), "0", "nothing waits for a lease to run out");
    let successor = house.worker().await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 12));
    assert_eq!(house.count_events(upload.task, EventKind::PageDone).await, 12);
    successor.stop().await;
}

#[tokio::test]
async fn what_a_dead_worker_held_is_taken_over() {
    let house = House::build().await;
    let upload = house.upload(tiff_of(&[width::GOOD; 3])).await;
    let (dead, lease) = (house.postgres.worker().await, Duration::from_secs(1));
    let mut tx = dead.begin_system().await.expect("a transaction");
    let inspected = tasks::claim(&mut tx, upload.task, lease, 3).await.expect("asked").expect("claimed");
    tasks::begin_pages(&mut tx, &inspected, 3).await.expect("begun");
    let held = pages::claim_next(&mut tx, upload.task, lease, 3, None).await.expect("asked").expect("claimed");
    tx.commit().await.expect("committed");
    let worker = house.worker().await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 3));
    assert_eq!(house.count_events(upload.task, EventKind::PageDone).await, 3);
    // It was only slow: what it writes now is refused.
    let mut tx = dead.begin_system().await.expect("a transaction");
    let too_late = pages::fail(&mut tx, &held, FailureCode::Crashed).await;
    assert!(matches!(too_late, Err(untxt_database::Error::LeaseLost)));
    worker.stop().await;
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_page_is_read() {
    let house = House::build().await;
    let worker = house.worker_with(house.bad_child(), Duration::from_secs(1)).await;
    // The page is killed after three seconds, twice; nobody may take it over meanwhile.
    let upload = house.upload(tiff_of(&[width::HANGS])).await;
    let task = house.end_of(upload.task).await;
    assert_eq!((task.state, task.failure), (TaskState::Failed, Some(FailureCode::Timeout)));
    assert_eq!(house.count_events(upload.task, EventKind::PageStarted).await, 1);
    assert_eq!(house.count_events(upload.task, EventKind::PageRetried).await, 1);
    worker.stop().await;
}
