use std::time::Duration;

use untxt_core::{
    domain::{EventKind, FailureCode, PageState, TaskId, TaskState},
    storage::{ObjectKey, StoredObject},
};
use untxt_database::{
    documents, objects,
    tasks::{self, Begun, Plan, Refusal, RequestKey},
    testing::TestPostgres,
};

use crate::{
    fixtures::{LEASE, a_document, a_task_with_pages, a_user, claim_page, claim_task},
    scene::{Scene, number, read},
};

#[tokio::test]
async fn failed_pages_are_read_again_and_the_others_stay() {
    let scene = Scene::with(&[0.9, -1.0, 0.6]).await;
    assert_eq!(scene.task().await.state, TaskState::DoneWithErrors);
    let run = scene.run(Plan::ReadUnread).await;
    assert_eq!((run.state, run.pages.total, run.pages.done, run.pages.low), (TaskState::Queued, 3, 2, 1));
    let pages = scene.pages().await;
    let states: Vec<_> = pages.iter().map(|page| (page.state, page.task)).collect();
    let kept = (PageState::Done, scene.first);
    assert_eq!((states[0], states[1].0, states[2]), (kept, PageState::Queued, kept));
    assert!(scene.read_next(run.id, 0.8).await.is_last, "one page was to be read");
    assert_eq!(scene.finish(run.id).await, TaskState::Done);
    let (task, pages) = (scene.task().await, scene.pages().await);
    assert_eq!((task.id, task.pages.done, task.pages.failed, task.pages.low), (run.id, 3, 0, 1));
    assert_eq!((pages[1].task, pages[1].state, pages[1].other), (run.id, PageState::Done, None));
    let story = [
        EventKind::TaskQueued,
        EventKind::TaskStarted,
        EventKind::PageStarted,
        EventKind::PageDone,
        EventKind::TaskDone,
    ];
    assert_eq!(scene.told(run.id).await, story);
    assert_eq!(scene.begin(Plan::ReadUnread).await, Begun::Refused(Refusal::NothingUnread));
}

#[tokio::test]
async fn an_older_result_is_shown_until_a_better_one_is_there() {
    let scene = Scene::with(&[0.6, 0.9, 0.8]).await;
    let run = scene.run(Plan::ReadAll).await;
    assert_eq!(run.pages.done, 0, "three pages to read");
    for page in scene.pages().await {
        assert_eq!((page.task, page.state), (scene.first, PageState::Done), "no page vanishes");
        assert_eq!(page.reread.map(|reread| reread.state), Some(PageState::Queued));
    }
    scene.read_next(run.id, 0.95).await;
    scene.read_next(run.id, 0.5).await;
    assert!(scene.read_next(run.id, -1.0).await.is_last);
    assert_eq!(scene.finish(run.id).await, TaskState::Done);
    let (task, pages) = (scene.task().await, scene.pages().await);
    assert_eq!((task.pages.done, task.pages.failed, task.pages.low), (3, 0, 0), "what is shown counts");

    assert_eq!(pages[0].task, run.id, "better");
    let older = pages[0].other.expect("the older one");
    assert_eq!((older.task, older.is_newer, older.is_undecided), (scene.first, false, false));
    assert_eq!((pages[1].task, pages[1].mean_confidence), (scene.first, Some(0.9)), "worse");
    let newer = pages[1].other.expect("the newer one");
    assert_eq!((newer.task, newer.mean_confidence), (run.id, 0.5));
    assert!(newer.is_newer && newer.is_undecided);
    let failed = pages[2].reread.expect("read again");
    assert_eq!((pages[2].task, pages[2].state), (scene.first, PageState::Done), "failed");
    assert_eq!((failed.state, failed.failure), (PageState::Failed, Some(FailureCode::Timeout)));
    assert!(scene.told(run.id).await.contains(&EventKind::PageKept));
}

#[tokio::test]
async fn a_person_accepts_the_newer_result_or_goes_back_to_the_older_one() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let run = scene.run(read(2)).await;
    scene.read_next(run.id, 0.6).await;
    scene.finish(run.id).await;
    let show = |task| Plan::Show(vec![(number(2), task)]);

    let Begun::New(accepted) = scene.begin(show(run.id)).await else { panic!("refused") };
    assert_eq!((accepted.pages.done, accepted.pages.low), (2, 1));
    assert_eq!(scene.pages().await[1].task, run.id, "at once");
    assert!(matches!(scene.begin(show(run.id)).await, Begun::Existing(_)), "the same wish again");
    assert_eq!(scene.begin(show(scene.first)).await, Begun::Refused(Refusal::StillOpen));
    assert_eq!(scene.start(accepted.id).await, 0, "nothing to read");
    assert_eq!(scene.finish(accepted.id).await, TaskState::Done);

    let Begun::New(back) = scene.begin(show(scene.first)).await else { panic!("refused") };
    scene.start(back.id).await;
    scene.finish(back.id).await;
    let page = &scene.pages().await[1];
    let other = page.other.expect("the newer one");
    assert_eq!((page.task, other.task, other.is_undecided), (scene.first, run.id, false));
    assert_eq!(scene.begin(show(TaskId::generate())).await, Begun::Refused(Refusal::NoSuchResult(number(2))));
}

#[tokio::test]
async fn keeping_the_older_result_is_a_decision_too() {
    let scene = Scene::with(&[0.9]).await;
    let run = scene.run(Plan::ReadAll).await;
    scene.read_next(run.id, 0.6).await;
    scene.finish(run.id).await;
    let kept = scene.run(Plan::Show(vec![(number(1), scene.first)])).await;
    scene.finish(kept.id).await;
    let page = &scene.pages().await[0];
    let other = page.other.expect("still within reach");
    assert_eq!((page.task, other.task, other.is_undecided), (scene.first, run.id, false));
}

#[tokio::test]
async fn a_stopped_run_leaves_what_was_there_and_what_it_had_read() {
    let scene = Scene::with(&[0.6, 0.6, -1.0]).await;
    let run = scene.run(Plan::ReadAll).await;
    let stopped = scene.stop(run.id).await;
    assert_eq!((stopped.task.state, stopped.next), (TaskState::Cancelled, None));
    let (task, pages) = (scene.task().await, scene.pages().await);
    assert_eq!((task.id, task.state), (scene.first, TaskState::DoneWithErrors), "as if nothing had been");
    assert_eq!((pages[0].reread, pages[2].failure), (None, Some(FailureCode::Timeout)));

    let run = scene.run(Plan::ReadAll).await;
    scene.read_next(run.id, 0.9).await;
    let next = scene.stop(run.id).await.next.expect("something to put together");
    assert_eq!((next.pages.done, next.pages.failed, next.pages.low), (2, 1, 1));
    let pages = scene.pages().await;
    assert_eq!((pages[0].task, pages[1].task), (run.id, scene.first));
    assert_eq!((pages[2].state, pages[2].failure), (PageState::Failed, Some(FailureCode::Timeout)));
    assert_eq!(scene.start(next.id).await, 0);
    assert_eq!(scene.finish(next.id).await, TaskState::DoneWithErrors);
    assert_eq!(scene.task().await.id, next.id);
}

#[tokio::test]
async fn whoever_stops_what_reads_nothing_stops_the_pdf_and_nothing_else() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let run = scene.run(read(2)).await;
    scene.read_next(run.id, 0.6).await;
    scene.finish(run.id).await;
    let Begun::New(choice) = scene.begin(Plan::Show(vec![(number(2), run.id)])).await else { panic!("refused") };
    let claimed = claim_task(&scene.worker, choice.id, LEASE).await.expect("claimed");
    let stopped = scene.stop(choice.id).await;
    assert_eq!((stopped.task.state, stopped.next), (TaskState::Cancelled, None));
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    let late = tasks::begin_known_pages(&mut tx, &claimed).await;
    assert!(matches!(late, Err(untxt_database::Error::LeaseLost)), "{late:?}");
    drop(tx);
    let (task, pages) = (scene.task().await, scene.pages().await);
    assert_eq!((task.id, task.state), (choice.id, TaskState::Cancelled), "it never says done");
    assert_eq!((pages[1].task, scene.pdf().await), (run.id, Some(run.id)), "the choice stays, and the older PDF");
    assert_eq!(scene.told(choice.id).await, [EventKind::TaskQueued, EventKind::TaskCancelled]);

    // All pages are read, and the PDF is being made.
    let run = scene.run(read(1)).await;
    assert!(scene.read_next(run.id, 0.95).await.is_last);
    let claimed = claim_task(&scene.worker, run.id, LEASE).await.expect("claimed");
    assert_eq!(scene.stop(run.id).await.next, None, "there is nothing to put together");
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    let late = tasks::finish(&mut tx, &claimed, Ok(claimed.attempt)).await;
    assert!(matches!(late, Err(untxt_database::Error::LeaseLost)), "{late:?}");
    drop(tx);
    assert_eq!((scene.task().await.state, scene.pages().await[0].task), (TaskState::Cancelled, run.id));
    let pdf = scene.run(Plan::ReadUnread).await;
    assert_eq!(scene.finish(pdf.id).await, TaskState::Done, "it can be made later");
}

#[tokio::test]
async fn what_a_stopped_run_had_read_stays_when_its_putting_together_is_stopped_too() {
    let scene = Scene::with(&[0.6, 0.6]).await;
    let run = scene.run(Plan::ReadAll).await;
    scene.read_next(run.id, 0.9).await;
    let next = scene.stop(run.id).await.next.expect("something to put together");
    assert_eq!(scene.stop(next.id).await.task.state, TaskState::Cancelled);
    assert_eq!(scene.task().await.id, next.id);
    assert_eq!(scene.pages().await[0].task, run.id);
}

#[tokio::test]
async fn pages_that_a_stop_left_unread_are_read_later_or_said_to_be_missing() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let first = a_task_with_pages(&backend, &worker, owner, 3).await;
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let document = tasks::find(&mut tx, first).await.expect("an answer").expect("the task").document;
    drop(tx);
    let scene = Scene { postgres, backend, worker, owner, document, first };
    scene.read_next(first, 0.9).await;
    scene.stop(first).await;
    let run = scene.run(read(2)).await;
    assert!(scene.read_next(run.id, 0.9).await.is_last);
    assert_eq!(scene.finish(run.id).await, TaskState::DoneWithErrors, "page 3 has no text");
    let states: Vec<_> = scene.pages().await.iter().map(|page| page.state).collect();
    assert_eq!(states, [PageState::Done, PageState::Done, PageState::Cancelled]);
    let run = scene.run(Plan::ReadUnread).await;
    scene.read_next(run.id, 0.9).await;
    assert_eq!(scene.finish(run.id).await, TaskState::Done);
}

#[tokio::test]
async fn a_document_that_could_not_be_opened_is_tried_from_the_beginning() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let found = a_document(&backend, owner).await;
    let (document, first) = (found.document.id, found.task.id);
    let claimed = claim_task(&worker, first, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    tasks::fail(&mut tx, &claimed, FailureCode::Crashed).await.expect("failed");
    tx.commit().await.expect("committed");
    let scene = Scene { postgres, backend, worker, owner, document, first };
    assert_eq!(scene.begin(read(1)).await, Begun::Refused(Refusal::NoSuchPage(number(1))));
    let Begun::New(run) = scene.begin(Plan::ReadUnread).await else { panic!("refused") };
    assert_eq!((run.is_rerun, run.pages.total), (false, 0));
    let claimed = claim_task(&scene.worker, run.id, LEASE).await.expect("claimed");
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    tasks::begin_pages(&mut tx, &claimed, 1).await.expect("begun");
    tx.commit().await.expect("committed");
    scene.read_next(run.id, 0.9).await;
    assert_eq!(scene.finish(run.id).await, TaskState::Done);
}

#[tokio::test]
async fn a_run_that_fails_before_it_reads_leaves_what_was_there() {
    let scene = Scene::with(&[0.9, -1.0]).await;
    let Begun::New(run) = scene.begin(Plan::ReadUnread).await else { panic!("refused") };
    let claimed = claim_task(&scene.worker, run.id, LEASE).await.expect("claimed");
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    tasks::fail(&mut tx, &claimed, FailureCode::MalwareFound).await.expect("failed");
    tx.commit().await.expect("committed");
    let (task, pages) = (scene.task().await, scene.pages().await);
    assert_eq!((task.id, task.state), (scene.first, TaskState::DoneWithErrors));
    assert_eq!((pages[1].state, pages[1].failure), (PageState::Failed, Some(FailureCode::Timeout)));
    assert!(matches!(scene.begin(Plan::ReadUnread).await, Begun::New(_)), "it can be tried again");
}

#[tokio::test]
async fn of_twenty_runs_at_once_one_begins() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let mut runs = tokio::task::JoinSet::new();
    let scene = std::sync::Arc::new(scene);
    let key = RequestKey { tag: [1; 32], request: [2; 32] };
    for index in 0..20 {
        let scene = std::sync::Arc::clone(&scene);
        let key = (index % 2 == 0).then_some(key);
        runs.spawn(async move { scene.begin_as(scene.owner, read(1), key).await.expect("the document") });
    }
    let (mut new, mut same, mut refused) = (0, 0, 0);
    while let Some(begun) = runs.join_next().await {
        match begun.expect("no panic") {
            Begun::New(_) => new += 1,
            Begun::Existing(_) => same += 1,
            Begun::Refused(refusal) => {
                assert_eq!(refusal, Refusal::StillOpen);
                refused += 1;
            }
        }
    }
    assert_eq!((new, new + same + refused), (1, 20));
    assert!(same == 9 || same == 0, "the key gives the same run: {same}");
}

#[tokio::test]
async fn a_key_means_one_wish_and_strangers_have_none() {
    let scene = Scene::with(&[0.9]).await;
    let stranger = a_user(&scene.backend, "bob").await.as_owner();
    assert_eq!(scene.begin_as(stranger, Plan::ReadAll, None).await, None);
    let key = RequestKey { tag: [1; 32], request: [2; 32] };
    let Some(Begun::New(run)) = scene.begin_as(scene.owner, Plan::ReadAll, Some(key)).await else { panic!("refused") };
    scene.start(run.id).await;
    scene.read_next(run.id, 0.9).await;
    scene.finish(run.id).await;
    let again = scene.begin_as(scene.owner, Plan::ReadAll, Some(key)).await;
    assert!(matches!(again, Some(Begun::Existing(task)) if task.id == run.id), "long after it has ended");
    let other = RequestKey { request: [3; 32], ..key };
    let reused = scene.begin_as(scene.owner, read(1), Some(other)).await;
    assert_eq!(reused, Some(Begun::Refused(Refusal::KeyReused)));
}

#[tokio::test]
async fn deleting_takes_every_run_along() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let run = scene.run(read(2)).await;
    scene.read_next(run.id, 0.95).await;
    scene.finish(run.id).await;
    let open = scene.run(read(1)).await;
    claim_page(&scene.worker, open.id, LEASE).await.expect("a page");
    let mut tx = scene.backend.begin_as(scene.owner).await.expect("a transaction");
    assert_eq!(
        documents::shred(&mut tx, scene.document, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::Done
    );
    tx.commit().await.expect("committed");
    assert_eq!(scene.postgres.superuser_psql("select count(*) from pages, task_events, tasks, documents"), "0");
}

#[tokio::test]
async fn a_document_is_read_only_so_often() {
    let scene = Scene::with(&[0.5]).await;
    for _ in 1..5 {
        let task = scene.run(Plan::ReadAll).await.id;
        scene.read_next(task, 0.6).await;
        scene.finish(task).await;
    }
    assert_eq!(scene.begin(Plan::ReadAll).await, Begun::Refused(Refusal::TooManyRuns { max_runs: 5 }));
    let mut shown = 0;
    loop {
        let page = scene.pages().await.remove(0);
        let other = page.other.expect("two results").task;
        match scene.begin(Plan::Show(vec![(page.number, other)])).await {
            Begun::New(task) => {
                shown += 1;
                scene.start(task.id).await;
                scene.finish(task.id).await;
            }
            refused => {
                assert_eq!(refused, Begun::Refused(Refusal::TooManyRuns { max_runs: 10 }));
                break;
            }
        }
    }
    assert_eq!(shown, 5, "what was read can still be chosen from, but not for ever");
}

#[tokio::test]
async fn runs_that_never_happened_do_not_count_but_not_for_ever() {
    let scene = Scene::with(&[0.5]).await;
    let stop_one = async || {
        let Begun::New(run) = scene.begin(Plan::ReadAll).await else { panic!("refused") };
        scene.stop(run.id).await;
    };
    for _ in 0..20 {
        stop_one().await;
    }
    let run = scene.run(Plan::ReadAll).await.id;
    scene.read_next(run, 0.6).await;
    scene.finish(run).await;
    for _ in 20..50 {
        stop_one().await;
    }
    assert_eq!(scene.begin(Plan::ReadAll).await, Begun::Refused(Refusal::TooManyRuns { max_runs: 50 }));
}

#[tokio::test]
async fn nobody_chooses_between_results_of_a_document_in_quarantine() {
    let scene = Scene::with(&[0.5]).await;
    let task = scene.run(Plan::ReadAll).await.id;
    scene.read_next(task, 0.4).await;
    scene.finish(task).await;
    let page = scene.pages().await.remove(0);
    let choice = Plan::Show(vec![(page.number, page.other.expect("two results").task)]);
    let Begun::New(found) = scene.begin(Plan::ReadAll).await else { panic!("refused") };
    let claimed = claim_task(&scene.worker, found.id, LEASE).await.expect("claimed");
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    tasks::fail(&mut tx, &claimed, FailureCode::MalwareFound).await.expect("failed");
    tx.commit().await.expect("committed");
    assert_eq!(scene.begin(choice.clone()).await, Begun::Refused(Refusal::Quarantined));
    let passed = scene.run(Plan::ReadAll).await.id;
    scene.read_next(passed, 0.4).await;
    scene.finish(passed).await;
    let page = scene.pages().await.remove(0);
    let choice = Plan::Show(vec![(page.number, page.other.expect("two results").task)]);
    assert!(matches!(scene.begin(choice).await, Begun::New(_)), "the scanner let it pass");
}

#[tokio::test]
async fn only_the_newest_searchable_pdf_is_kept() {
    let scene = Scene::with(&[0.5, 0.5]).await;
    let superseded = async || {
        let mut tx = scene.worker.begin_system().await.expect("a transaction");
        tasks::list_superseded_pdfs(&mut tx, scene.document).await.expect("listed")
    };
    let first = ObjectKey::SearchablePdf(scene.document, scene.first, 2);
    let task = scene.run(Plan::ReadAll).await.id;
    assert_eq!(superseded().await, [], "while it is read again the PDF of before is there");
    scene.read_next(task, 0.6).await;
    scene.stop(task).await;
    assert_eq!(superseded().await, [], "and when that is stopped");
    let task = scene.task().await.id;
    scene.start(task).await;
    scene.finish(task).await;
    assert_eq!(superseded().await, [first]);
    let stored = StoredObject { key: first, stored_at: 1_000_000_000 };
    let newest = StoredObject { key: ObjectKey::SearchablePdf(scene.document, task, 2), ..stored };
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    let orphans = objects::find_orphans(&mut tx, &[stored, newest], Duration::from_secs(60)).await.expect("an answer");
    assert_eq!(orphans, [first], "the clean-up finds what could not be removed then");
}

#[tokio::test]
async fn a_run_without_a_searchable_pdf_leaves_the_older_one() {
    let scene = Scene::with(&[0.5]).await;
    let superseded = async || {
        let mut tx = scene.worker.begin_system().await.expect("a transaction");
        tasks::list_superseded_pdfs(&mut tx, scene.document).await.expect("listed")
    };
    let run = scene.run(Plan::ReadAll).await.id;
    scene.read_next(run, 0.9).await;
    assert_eq!(scene.finish_with(run, false).await, TaskState::DoneWithErrors);
    assert_eq!((scene.task().await.id, scene.pdf().await), (run, Some(scene.first)), "of the older reading");
    assert_eq!(superseded().await, []);
    let stored =
        StoredObject { key: ObjectKey::SearchablePdf(scene.document, scene.first, 2), stored_at: 1_000_000_000 };
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    assert_eq!(objects::find_orphans(&mut tx, &[stored], Duration::ZERO).await.expect("an answer"), []);
    drop(tx);
    let next = scene.run(Plan::ReadUnread).await.id;
    assert_eq!(scene.finish(next).await, TaskState::Done, "nothing was to be read");
    assert_eq!((scene.pdf().await, superseded().await), (Some(next), vec![stored.key]));
}
