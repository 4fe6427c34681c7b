//! A document that was read, and everybody who touches it.

use untxt_core::domain::{
    DocumentId, EventKind, EventSeq, FailureCode, OwnerId, PageNumber, ReadingSettings, TaskId, TaskQueue, TaskState,
};
use untxt_database::{
    Database, documents, events,
    pages::{self, Completed, Page},
    tasks::{self, Begun, NewRun, Plan, RequestKey, Stopped, Task},
    testing::TestPostgres,
};
use uuid::Uuid;

use crate::fixtures::{LEASE, a_result, a_task_with_pages, a_user, claim_page, claim_task};

/// A document and everybody who touches it.
pub(crate) struct Scene {
    pub(crate) postgres: TestPostgres,
    pub(crate) backend: Database,
    pub(crate) worker: Database,
    pub(crate) owner: OwnerId,
    pub(crate) document: DocumentId,
    pub(crate) first: TaskId,
}

impl Scene {
    /// Begins with a document that was read with these confidences; a negative one is a page that failed.
    pub(crate) async fn with(confidences: &[f32]) -> Self {
        let postgres = TestPostgres::start().await;
        let (backend, worker) = (postgres.backend().await, postgres.worker().await);
        let owner = a_user(&backend, "alice").await.as_owner();
        let count = u32::try_from(confidences.len()).expect("a few pages");
        let first = a_task_with_pages(&backend, &worker, owner, count).await;
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        let document = tasks::find(&mut tx, first).await.expect("an answer").expect("the task").document;
        drop(tx);
        let scene = Self { postgres, backend, worker, owner, document, first };
        for confidence in confidences {
            scene.read_next(first, *confidence).await;
        }
        scene.finish(first).await;
        scene
    }

    pub(crate) async fn begin_as(&self, owner: OwnerId, plan: Plan, key: Option<RequestKey>) -> Option<Begun> {
        let settings = ReadingSettings::of_languages("deu");
        let (id, document, trace) = (TaskId::generate(), self.document, Uuid::now_v7());
        let mut tx = self.backend.begin_as(owner).await.expect("a transaction");
        let queue = TaskQueue::default();
        let new = NewRun { id, document, settings: &settings, queue, plan, max_runs: 5, key, trace };
        let begun = tasks::begin(&mut tx, &new).await.expect("an answer");
        tx.commit().await.expect("committed");
        begun
    }

    pub(crate) async fn begin(&self, plan: Plan) -> Begun {
        self.begin_as(self.owner, plan, None).await.expect("the document")
    }

    /// Begins a run that somebody is at work on.
    pub(crate) async fn run(&self, plan: Plan) -> Task {
        let Begun::New(task) = self.begin(plan).await else { panic!("refused") };
        self.start(task.id).await;
        task
    }

    /// Gives how many pages are to be read.
    pub(crate) async fn start(&self, task: TaskId) -> u32 {
        let claimed = claim_task(&self.worker, task, LEASE).await.expect("claimed");
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        let to_read = tasks::begin_known_pages(&mut tx, &claimed).await.expect("begun");
        tx.commit().await.expect("committed");
        to_read
    }

    /// Reads the next page with this confidence; with a negative one it fails.
    pub(crate) async fn read_next(&self, task: TaskId, confidence: f32) -> Completed {
        let page = claim_page(&self.worker, task, LEASE).await.expect("a page");
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        let completed = if confidence < 0.0 {
            pages::fail(&mut tx, &page, FailureCode::Timeout).await.expect("failed")
        } else {
            pages::complete(&mut tx, &page, &a_result(confidence)).await.expect("completed")
        };
        tx.commit().await.expect("committed");
        completed
    }

    pub(crate) async fn finish(&self, task: TaskId) -> TaskState {
        self.finish_with(task, true).await
    }

    /// Ends a task with or without a searchable PDF.
    pub(crate) async fn finish_with(&self, task: TaskId, has_pdf: bool) -> TaskState {
        let claimed = claim_task(&self.worker, task, LEASE).await.expect("claimed");
        assert_eq!(claimed.state, TaskState::Finishing);
        let mut tx = self.worker.begin_system().await.expect("a transaction");
        let pdf = (has_pdf && claimed.pages.done > 0).then_some(claimed.attempt);
        let state = tasks::finish(&mut tx, &claimed, pdf.ok_or(FailureCode::Internal)).await.expect("finished");
        tx.commit().await.expect("committed");
        state
    }

    pub(crate) async fn stop(&self, task: TaskId) -> Stopped {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        let stopped = tasks::cancel(&mut tx, task).await.expect("an answer").expect("the task");
        tx.commit().await.expect("committed");
        stopped
    }

    /// The task that says what the document shows.
    pub(crate) async fn task(&self) -> Task {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        documents::find(&mut tx, self.document).await.expect("an answer").expect("the document").task
    }

    /// The run whose searchable PDF there is.
    pub(crate) async fn pdf(&self) -> Option<TaskId> {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        let found = documents::find(&mut tx, self.document).await.expect("an answer").expect("the document");
        found.pdf.map(|pdf| pdf.task)
    }

    pub(crate) async fn pages(&self) -> Vec<Page> {
        let task = self.task().await;
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        pages::list(&mut tx, task.id).await.expect("pages")
    }

    pub(crate) async fn told(&self, task: TaskId) -> Vec<EventKind> {
        let mut tx = self.backend.begin_as(self.owner).await.expect("a transaction");
        let events = events::after(&mut tx, task, EventSeq(0), 100).await.expect("events");
        assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == EventSeq(seq)), "a gap");
        events.iter().map(|event| event.kind).collect()
    }
}

pub(crate) fn number(page: u32) -> PageNumber {
    PageNumber::new(page).expect("from 1")
}

pub(crate) fn read(page: u32) -> Plan {
    Plan::ReadPages([number(page)].into())
}
