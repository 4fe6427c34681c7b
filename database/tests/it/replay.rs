//! What an operator has done about what was given up, beside reading a document that nobody could open.

use untxt_core::domain::{FailureCode, PageNumber, PageState, TaskId, TaskState};
use untxt_database::{
    dead_letters::{self, Which},
    pages,
    tasks::{self, Begun, Plan, Refusal, Task},
};

use crate::{
    fixtures::{LEASE, MAX_ATTEMPTS, NO_TIME, claim_page, claim_task},
    scene::{Scene, number, read},
};

impl Scene {
    async fn replay(&self, task: TaskId) -> Begun {
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        let begun = tasks::replay(&mut tx, task).await.expect("an answer").expect("the task");
        tx.commit().await.expect("committed");
        begun
    }

    /// As [`Self::replay`], and somebody begins.
    async fn replayed(&self, task: TaskId) -> Task {
        let Begun::New(new) = self.replay(task).await else { panic!("refused") };
        self.start(new.id).await;
        new
    }

    /// Reads the next page for the last time.
    async fn give_up_next(&self, task: TaskId) {
        let page = claim_page(&self.worker, task, LEASE).await.expect("a page");
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        pages::retry_or_fail(&mut tx, &page, FailureCode::Timeout, 1).await.expect("failed");
        tx.commit().await.expect("committed");
    }

    /// Lists the letters that nobody has answered: of which task, and which page.
    async fn unanswered(&self) -> Vec<(TaskId, Option<u32>)> {
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        let letters = dead_letters::list(&mut tx, Which::Unanswered, 10).await.expect("listed");
        letters.iter().map(|letter| (letter.task, letter.page.map(PageNumber::get))).collect()
    }

    async fn sweep(&self) {
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        tasks::sweep(&mut tx, MAX_ATTEMPTS, LEASE).await.expect("swept");
        tx.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn a_page_that_was_given_up_and_shows_an_older_text_is_read_again() {
    let scene = Scene::with(&[0.9, 0.9, 0.9]).await;
    let run = scene.run(Plan::ReadPages([1, 3].map(number).into())).await;
    scene.read_next(run.id, -1.0).await;
    scene.read_next(run.id, 0.95).await;
    assert_eq!(scene.finish(run.id).await, TaskState::Done, "every page has a text");
    let new = scene.replayed(run.id).await;
    assert_eq!((new.pages.total, new.pages.done), (3, 2));
    scene.give_up_next(new.id).await;
    assert_eq!(scene.pages().await[0].reread.map(|reread| reread.state), Some(PageState::Failed));
    assert_eq!(scene.finish(new.id).await, TaskState::Done);
    // Tried again since; that it failed again is the newer task's affair.
    assert_eq!(scene.replay(run.id).await, Begun::Refused(Refusal::NothingUnread));
    assert!(matches!(scene.replay(new.id).await, Begun::New(_)));
}

#[tokio::test]
async fn what_a_run_was_to_read_that_nobody_could_begin_is_read() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let Begun::New(run) = scene.begin(read(2)).await else { panic!("refused") };
    for _ in 0..MAX_ATTEMPTS {
        claim_task(&scene.worker, run.id, NO_TIME).await.expect("claimed");
    }
    scene.sweep().await;
    assert_eq!(scene.task().await.id, scene.first, "the run is void");
    let new = scene.replayed(run.id).await;
    assert_eq!(claim_page(&scene.worker, new.id, LEASE).await.map(|page| page.page.get()), Some(2));
    assert!(claim_page(&scene.worker, new.id, LEASE).await.is_none(), "no other was to be read");
}

#[tokio::test]
async fn a_searchable_pdf_that_killed_its_workers_is_made_without_reading_anything() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let run = scene.run(Plan::ReadAll).await;
    scene.read_next(run.id, 0.95).await;
    scene.read_next(run.id, 0.95).await;
    for _ in 0..MAX_ATTEMPTS {
        claim_task(&scene.worker, run.id, NO_TIME).await.expect("claimed");
    }
    scene.sweep().await;
    assert_eq!(scene.task().await.failure, Some(FailureCode::Internal), "there is no PDF");
    let Begun::New(new) = scene.replay(run.id).await else { panic!("refused") };
    assert_eq!(scene.start(new.id).await, 0, "nothing is read");
    assert_eq!(scene.finish(new.id).await, TaskState::Done);
    assert_eq!(scene.replay(run.id).await, Begun::Refused(Refusal::NothingUnread));
    assert_eq!(scene.begin(Plan::ReadUnread).await, Begun::Refused(Refusal::NothingUnread));
}

#[tokio::test]
async fn a_letter_is_answered_by_who_reads_its_page_and_by_nobody_else() {
    let scene = Scene::with(&[0.9, 0.9]).await;
    let run = scene.run(Plan::ReadAll).await;
    scene.give_up_next(run.id).await;
    scene.read_next(run.id, 0.5).await;
    scene.finish(run.id).await;
    let letter = vec![(run.id, Some(1))];
    assert_eq!(scene.unanswered().await, letter);
    let other = scene.run(read(2)).await;
    assert_eq!(scene.unanswered().await, letter, "another page is read");
    scene.read_next(other.id, 0.6).await;
    scene.finish(other.id).await;
    let choice = scene.run(Plan::Show(vec![(number(2), other.id)])).await;
    scene.finish(choice.id).await;
    assert_eq!(scene.unanswered().await, letter, "nothing is read");
    let again = scene.run(read(1)).await;
    assert_eq!(scene.unanswered().await, []);
    scene.stop(again.id).await;
    assert_eq!(scene.unanswered().await, letter, "stopped before anybody had read it");
    let again = scene.replayed(run.id).await;
    scene.read_next(again.id, 0.95).await;
    assert_eq!(scene.unanswered().await, []);
}

#[tokio::test]
async fn a_letter_of_a_whole_document_is_answered_by_who_opens_it() {
    let scene = Scene::with(&[0.5]).await;
    let run = scene.run(Plan::ReadAll).await;
    scene.read_next(run.id, 0.4).await;
    scene.finish(run.id).await;
    let Begun::New(broken) = scene.begin(Plan::ReadAll).await else { panic!("refused") };
    for _ in 0..MAX_ATTEMPTS {
        claim_task(&scene.worker, broken.id, NO_TIME).await.expect("claimed");
    }
    scene.sweep().await;
    let letter = vec![(broken.id, None)];
    assert_eq!(scene.unanswered().await, letter);
    let choice = scene.run(Plan::Show(vec![(number(1), run.id)])).await;
    scene.finish(choice.id).await;
    assert_eq!(scene.unanswered().await, letter, "nothing was opened to be read");
    scene.replayed(broken.id).await;
    assert_eq!(scene.unanswered().await, []);
}
