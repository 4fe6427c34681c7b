use std::collections::BTreeSet;

use untxt_core::domain::{EventKind, PageNumber, PageState, TaskState};
use untxt_database::tasks::Plan;

use crate::{
    house::{House, LEASE, tesseract_child},
    pages::{tiff_of, width},
};

#[tokio::test]
async fn a_page_that_failed_is_read_by_a_better_reader_and_the_others_are_left_alone() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::GOOD, width::PANICS, width::GOOD])).await;
    assert_eq!(house.end_of(upload.task).await.state, TaskState::DoneWithErrors);
    worker.stop().await;

    let worker = house.worker_with(tesseract_child(), LEASE).await;
    let run = house.read_again(&upload, Plan::ReadUnread).await;
    let task = house.end_of(run).await;
    assert_eq!((task.state, task.pages.done, task.pages.failed), (TaskState::Done, 3, 0));
    assert_eq!(house.count_events(run, EventKind::PageStarted).await, 1);
    assert_eq!(house.open_page_of(&upload, run, 1).await.text.trim(), "page 320");
    assert!(house.open_page_of(&upload, run, 2).await.engine.starts_with("tesseract "));
    assert!(house.open_pdf(&upload, &task).starts_with(b"%PDF-"));
    worker.stop().await;
}

#[tokio::test]
async fn a_page_that_fails_when_it_is_read_again_keeps_its_older_text() {
    let house = House::build().await;
    let worker = house.worker_with(tesseract_child(), LEASE).await;
    let upload = house.upload(tiff_of(&[600, width::HANGS])).await;
    assert_eq!(house.end_of(upload.task).await.state, TaskState::Done);
    worker.stop().await;

    let worker = house.worker().await;
    let chosen = BTreeSet::from([PageNumber::from_index(1)]);
    let run = house.read_again(&upload, Plan::ReadPages(chosen)).await;
    let task = house.end_of(run).await;
    assert_eq!((task.state, task.pages.done, task.pages.failed), (TaskState::Done, 2, 0));
    assert_eq!(house.count_events(run, EventKind::PageKept).await, 1);
    let page = &house.pages(&upload).await[1];
    assert_eq!((page.task, page.state), (upload.task, PageState::Done));
    assert_eq!(page.reread.map(|reread| reread.state), Some(PageState::Failed));
    assert!(house.open_page_of(&upload, run, 2).await.engine.starts_with("tesseract "));
    worker.stop().await;
}

#[tokio::test]
async fn killed_readers_cost_a_run_no_page_and_the_same_text_asks_nothing() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::SLOW; 6])).await;
    house.end_of(upload.task).await;
    let run = house.read_again(&upload, Plan::ReadAll).await;
    house.wait_for(run, |task| task.pages.done >= 1).await;
    for child in house.children() {
        let pid = rustix::process::Pid::from_raw(child.cast_signed()).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
    }
    let task = house.end_of(run).await;
    assert_eq!((task.state, task.pages.done), (TaskState::Done, 6));
    assert_eq!(house.count_events(run, EventKind::PageDone).await, 6);
    for page in house.pages(&upload).await {
        assert_eq!((page.task, page.other, page.reread), (upload.task, None, None), "nothing new to choose");
    }
    worker.stop().await;
}

#[tokio::test]
async fn what_a_stopped_run_had_read_is_put_together_with_the_rest() {
    let house = House::build().await;
    let worker = house.worker_with(tesseract_child(), LEASE).await;
    let upload = house.upload(tiff_of(&[width::SLOW; 6])).await;
    house.end_of(upload.task).await;
    worker.stop().await;

    let worker = house.worker().await;
    let run = house.read_again(&upload, Plan::ReadAll).await;
    house.wait_for(run, |task| task.pages.done >= 1).await;
    let stopped = house.cancel(run).await;
    assert_eq!(stopped.state, TaskState::Cancelled);
    let next = house.current(&upload).await;
    assert_ne!(next.id, run);
    let next = house.end_of(next.id).await;
    assert_eq!((next.state, next.pages.done), (TaskState::Done, 6));
    assert_eq!(house.count_events(next.id, EventKind::PageStarted).await, 0, "nothing is read");
    let of_run = house.pages(&upload).await.iter().filter(|page| page.task == run).count();
    assert_eq!(u32::try_from(of_run), Ok(stopped.pages.done), "words instead of none");
    assert!(house.open_pdf(&upload, &next).starts_with(b"%PDF-"));
    worker.stop().await;
}
