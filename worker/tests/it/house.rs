//! A house with a real database, a person in it, and workers that come and go.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::StreamExt;
use tempfile::TempDir;
use untxt_core::{
    config::Monitoring,
    crypto::{DocumentKey, KeyRing, Kms, LocalKms, OwnerKey, Renewed},
    domain::{
        DocumentId, EventKind, EventSeq, MediaType, PageContent, PageNumber, ReadingSettings, Role, TaskEvent, TaskId,
        TaskQueue, UserId,
    },
    lifecycle::Lifecycle,
    queue::{Queue, QueueEntry, QueueKind},
    receipts::{Shred, SigningKey},
    storage::{ObjectKey, ObjectStore},
};
use untxt_database::{
    Database,
    documents::{self, NewDocument},
    events,
    owner_keys::{self, Replaced},
    pages, shreds,
    tasks::{self, Begun, NewRun, Plan, Task},
    testing::TestPostgres,
    users,
};
use untxt_worker::{
    CleanUp, KeyTimes, Services, WorkerOptions,
    malware::Scanner,
    sandbox::{ChildCommand, SandboxOptions},
};
use uuid::Uuid;

use crate::memory::{MemoryObjects, MemoryQueue};

/// Longer than any page of these tests takes.
pub(crate) const LEASE: Duration = Duration::from_secs(4);
/// No test's task takes so long.
const LONG: Duration = Duration::from_secs(3600);

pub(crate) fn tesseract_child() -> ChildCommand {
    ChildCommand::new(env!("CARGO_BIN_EXE_untxt-fault-child"), ["tesseract"])
}

pub(crate) struct House {
    pub(crate) postgres: TestPostgres,
    pub(crate) backend: Database,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) objects: Arc<MemoryObjects>,
    /// Argument of this house's children, to find them among all processes.
    pub(crate) mark: String,
    /// Given to the workers that are started from now on.
    pub(crate) scanner: Option<Scanner>,
    /// Given to the workers that are started from now on.
    pub(crate) signing_key: Option<Arc<SigningKey>>,
    /// Where the workers answer monitors.
    pub(crate) monitoring: Option<Monitoring>,
    keys: KeyRing,
    pub(crate) owner_key: Arc<OwnerKey>,
    person: UserId,
    _folder: TempDir,
}

/// Something uploaded.
pub(crate) struct Upload {
    pub(crate) document: DocumentId,
    pub(crate) task: TaskId,
    pub(crate) key: DocumentKey,
}

/// A worker at work.
pub(crate) struct Running {
    lifecycle: Lifecycle,
    worker: tokio::task::JoinHandle<Result<(), untxt_worker::Error>>,
}

impl Running {
    /// Waits for its end.
    pub(crate) async fn ended(self) -> Result<(), untxt_worker::Error> {
        self.worker.await.expect("no panic")
    }

    /// Asks it to stop, and says how long that took.
    pub(crate) async fn stop(self) -> Duration {
        let begin = Instant::now();
        self.lifecycle.stop();
        self.worker.await.expect("no panic").expect("a clean end");
        begin.elapsed()
    }
}

impl House {
    pub(crate) async fn build() -> Self {
        let postgres = TestPostgres::start().await;
        let backend = postgres.backend().await;
        let folder = tempfile::tempdir().expect("a folder");
        let root_key = folder.path().join("root.key");
        LocalKms::create(&root_key).expect("a root key");
        let keys = KeyRing::new([Arc::new(LocalKms::open(&root_key).expect("the root key")) as Arc<dyn Kms>]);
        let person = UserId::generate();
        let mut tx = backend.begin_as(person).await.expect("a transaction");
        let login = format!("person-{person}");
        users::create(&mut tx, person, &login, "$argon2id$none", Role::User).await.expect("a person");
        let wrapped = keys.create_owner_key(person.as_owner()).await.expect("an owner key");
        let wrapped = owner_keys::insert_or_load(&mut tx, &wrapped).await.expect("a stored key");
        tx.commit().await.expect("committed");
        let owner_key = keys.open_owner_key(&wrapped).await.expect("the owner key");
        let (queue, objects) = (Arc::default(), Arc::default());
        let mark = Uuid::now_v7().to_string();
        Self {
            postgres,
            backend,
            queue,
            objects,
            mark,
            keys,
            owner_key,
            person,
            scanner: None,
            signing_key: None,
            monitoring: None,
            _folder: folder,
        }
    }

    /// Gives the person a new key with a new index key.
    pub(crate) async fn replace_index_key(&self) -> Arc<OwnerKey> {
        let owner = self.person.as_owner();
        let mut tx = self.postgres.worker().await.begin_as(owner).await.expect("a transaction");
        let current = owner_keys::find_current(&mut tx, owner).await.expect("asked").expect("a key");
        let next = self.keys.create_next(&current, current.version + 1, Renewed::Index).await.expect("made");
        assert!(owner_keys::store_pending(&mut tx, &next).await.expect("stored"));
        assert!(owner_keys::activate(&mut tx, &current, &next, Replaced::Retired).await.expect("activated"));
        tx.commit().await.expect("committed");
        self.keys.open_owner_key(&next).await.expect("opened")
    }

    /// Does what the backend does with an upload.
    pub(crate) async fn upload(&self, bytes: Vec<u8>) -> Upload {
        let (document, task) = (DocumentId::generate(), TaskId::generate());
        let (key, wrapped) = self.owner_key.create_document_key(document).expect("a key");
        let object = ObjectKey::Original(document);
        let mut sealer = key.sealer_for(self.person.as_owner(), &object).expect("a sealer");
        let sealed = [sealer.update(&bytes).expect("sealed"), sealer.finish().expect("sealed")].concat();
        let body = futures::stream::iter([Ok(Bytes::from(sealed))]).boxed();
        self.objects.put(&object, body).await.expect("stored");
        let trace = Uuid::now_v7();
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        let new = NewDocument {
            id: document,
            owner: self.person.as_owner(),
            media_type: MediaType::sniff(&bytes).unwrap_or(MediaType::Tiff),
            size_bytes: bytes.len() as u64,
            metadata_sealed: b"not asked for here",
            key: &wrapped,
            content_tag: &self.owner_key.tag("document", &bytes),
            idempotency_tag: None,
            tag_generation: self.owner_key.tag_generation(),
            task,
            settings: &ReadingSettings::of_languages("eng"),
            queue: TaskQueue::Interactive,
            trace,
            folder: None,
            tags: &[],
        };
        documents::insert_with_task(&mut tx, &new).await.expect("inserted");
        tx.commit().await.expect("committed");
        // While the queue is away, the sweeper finds it.
        let _ = self.queue.push(&QueueEntry::new(QueueKind::Inspect, task, TaskQueue::Interactive, trace)).await;
        Upload { document, task, key }
    }

    /// Does what the backend does when the person deletes a document for good.
    pub(crate) async fn shred(&self, document: DocumentId) {
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        let shredding = documents::shred(&mut tx, document, documents::ShredWish::AtOnce).await.expect("an answer");
        assert_eq!(shredding, documents::Shredding::Done);
        tx.commit().await.expect("committed");
    }

    pub(crate) async fn find_shred(&self, document: DocumentId) -> Option<Shred> {
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        shreds::find(&mut tx, document).await.expect("an answer")
    }

    /// Starts a worker with two children that have the bad engine.
    pub(crate) async fn worker(&self) -> Running {
        self.worker_with(self.bad_child(), LEASE).await
    }

    pub(crate) fn bad_child(&self) -> ChildCommand {
        ChildCommand::new(env!("CARGO_BIN_EXE_untxt-fault-child"), ["bad", &self.mark])
    }

    pub(crate) async fn worker_with(&self, child: ChildCommand, lease: Duration) -> Running {
        self.start_worker(child, |options| options.lease = lease).await
    }

    /// Starts a worker that cleans up. Objects in memory are as old as can be, so nothing may be uploaded meanwhile.
    pub(crate) async fn cleaning_worker(&self) -> Running {
        let often = CleanUp { every: Duration::from_millis(200), after: Duration::from_secs(60) };
        self.start_worker(self.bad_child(), |options| options.clean_up = Some(often)).await
    }

    /// Starts a worker that reads stored files again so soon.
    pub(crate) async fn checking_worker(&self, after: Duration) -> Running {
        self.start_worker(self.bad_child(), |options| options.check_after = Some(after)).await
    }

    /// Starts a worker whose readers may spend so long on one task.
    pub(crate) async fn worker_in_a_hurry(&self, task_timeout: Duration) -> Running {
        self.start_worker(self.bad_child(), |options| options.task_timeout = task_timeout).await
    }

    /// Starts a worker that is not told again of what was forgotten.
    pub(crate) async fn worker_without_reminders(&self) -> Running {
        self.start_worker(self.bad_child(), |options| options.stale = LONG).await
    }

    async fn start_worker(&self, child: ChildCommand, change: impl FnOnce(&mut WorkerOptions)) -> Running {
        let services = Services {
            database: self.postgres.worker().await,
            queue: Arc::clone(&self.queue) as Arc<dyn Queue>,
            objects: Arc::clone(&self.objects) as Arc<dyn ObjectStore>,
            keys: self.keys.clone(),
            scanner: self.scanner.clone(),
        };
        let sandbox = SandboxOptions {
            memory_bytes: 1 << 30,
            page_timeout: Duration::from_secs(3),
            pages_per_child: 100,
            max_file_bytes: 16 << 20,
            max_pages: 50,
            max_page_pixels: 40_000_000,
            tessdata_path: None,
            accept_without: Vec::new(),
        };
        let mut options = WorkerOptions {
            children: 2,
            lease: LEASE,
            max_attempts: 3,
            task_timeout: LONG,
            max_pages_per_owner: 0,
            stale: Duration::from_secs(1),
            clean_up: None,
            claims_any_bucket: false,
            check_after: None,
            trash_delay: LONG,
            audit_retention: Duration::from_secs(2192 * 86_400),
            signing_key: self.signing_key.clone(),
            keys: KeyTimes { every: Duration::from_millis(500), max_age: LONG, max_index_age: None, grace: LONG },
            sandbox: Arc::new(sandbox),
            child,
            monitoring: self.monitoring.clone(),
        };
        change(&mut options);
        let lifecycle = Lifecycle::default();
        let worker = lifecycle.spawn(untxt_worker::run_with(services, options, lifecycle.clone()));
        Running { lifecycle, worker }
    }

    pub(crate) async fn task(&self, id: TaskId) -> Task {
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        tasks::find(&mut tx, id).await.expect("asked").expect("the task")
    }

    /// Cuts every worker off from the database, or lets them in again. Connections of the backend stay.
    pub(crate) fn let_workers_in(&self, are_let_in: bool) {
        let limit = if are_let_in { -1 } else { 0 };
        let _ended = self.postgres.superuser_psql(&format!(
            "alter database {} connection limit {limit};
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and usename = 'untxt_worker'",
            self.postgres.database()
        ));
    }

    /// Says how often a task was claimed to be inspected or finished.
    pub(crate) fn attempts(&self, id: TaskId) -> u32 {
        self.postgres
            .superuser_psql(&format!("select attempt from tasks where id = '{id}'"))
            .trim()
            .parse()
            .expect("a number")
    }

    /// Stops a task as its owner does.
    pub(crate) async fn cancel(&self, id: TaskId) -> Task {
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        let stopped = tasks::cancel(&mut tx, id).await.expect("an answer").expect("the task");
        tx.commit().await.expect("committed");
        stopped.task
    }

    /// Has pages of a document read again as its owner does.
    pub(crate) async fn read_again(&self, upload: &Upload, plan: Plan) -> TaskId {
        let settings = ReadingSettings::of_languages("eng");
        let (id, trace) = (TaskId::generate(), Uuid::now_v7());
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        let queue = TaskQueue::default();
        let new =
            NewRun { id, document: upload.document, settings: &settings, queue, plan, max_runs: 20, key: None, trace };
        let begun = tasks::begin(&mut tx, &new).await.expect("an answer");
        tx.commit().await.expect("committed");
        assert!(matches!(begun, Some(Begun::New(_))), "{begun:?}");
        let _ = self.queue.push(&QueueEntry::new(QueueKind::Inspect, id, queue, trace)).await;
        id
    }

    /// Finds the task that says what the document shows.
    pub(crate) async fn current(&self, upload: &Upload) -> Task {
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        documents::find(&mut tx, upload.document).await.expect("asked").expect("the document").task
    }

    /// Lists the pages as the document shows them.
    pub(crate) async fn pages(&self, upload: &Upload) -> Vec<pages::Page> {
        let task = self.current(upload).await.id;
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        pages::list(&mut tx, task).await.expect("pages")
    }

    /// Waits for the final state.
    pub(crate) async fn end_of(&self, id: TaskId) -> Task {
        self.wait_for(id, |task| task.state.is_final()).await
    }

    pub(crate) async fn wait_for(&self, id: TaskId, holds: impl Fn(&Task) -> bool) -> Task {
        let begin = Instant::now();
        loop {
            let task = self.task(id).await;
            if holds(&task) {
                return task;
            }
            assert!(begin.elapsed() < Duration::from_secs(180), "still waiting: {task:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn events(&self, task: TaskId) -> Vec<TaskEvent> {
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        let events = events::after(&mut tx, task, EventSeq(0), 10_000).await.expect("events");
        for (position, event) in events.iter().enumerate() {
            assert_eq!(event.seq.0, i64::try_from(position).expect("few events") + 1, "no gap");
        }
        events
    }

    /// How many events of a kind there are for every page.
    pub(crate) async fn count_events(&self, task: TaskId, kind: EventKind) -> usize {
        self.events(task).await.iter().filter(|event| event.kind == kind).count()
    }

    /// Opens what the first task shows of a page, and its picture.
    pub(crate) async fn open_page(&self, upload: &Upload, number: u32) -> PageContent {
        self.open_page_of(upload, upload.task, number).await
    }

    /// Opens what a task shows of a page, and its picture.
    pub(crate) async fn open_page_of(&self, upload: &Upload, task: TaskId, number: u32) -> PageContent {
        let number = PageNumber::new(number).expect("a page number");
        let mut tx = self.backend.begin_as(self.person).await.expect("a transaction");
        let stored = pages::load_content(&mut tx, task, number).await.expect("asked").expect("the page");
        let sealed = stored.content_sealed.expect("content");
        let content = upload.key.open_page(self.person.as_owner(), stored.page.task, number, &sealed).expect("opens");
        let image = stored.page.image.expect("an image");
        let object = ObjectKey::PageImage(upload.document, stored.page.task, number, image.attempt);
        let picture = self.open_object(upload, &object);
        assert_eq!(MediaType::sniff(&picture), Some(image.media_type));
        content
    }

    pub(crate) fn open_pdf(&self, upload: &Upload, task: &Task) -> Vec<u8> {
        let attempt = task.pdf_attempt.expect("a searchable PDF");
        let object = ObjectKey::SearchablePdf(upload.document, task.id, attempt);
        self.open_object(upload, &object)
    }

    fn open_object(&self, upload: &Upload, object: &ObjectKey) -> Vec<u8> {
        let sealed = self.objects.sealed(object).expect("the object");
        let mut opener = upload.key.opener_for(self.person.as_owner(), object);
        [opener.update(&sealed).expect("opens"), opener.finish().expect("opens")].concat()
    }

    /// Waits until the last reading child is gone; a killed one takes a moment.
    pub(crate) async fn no_child_is_left(&self) {
        for _ in 0..100 {
            if self.children().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("children are left: {:?}", self.children());
    }

    /// Waits until so many events of a kind have been written.
    pub(crate) async fn wait_for_event(&self, task: TaskId, kind: EventKind, count: usize) {
        let begin = Instant::now();
        while self.count_events(task, kind).await < count {
            assert!(begin.elapsed() < Duration::from_secs(180), "still waiting for {count} of {kind:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Finds the reading children of this house.
    pub(crate) fn children(&self) -> Vec<u32> {
        let is_ours = |pid: &u32| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.contains(&self.mark)
        };
        let processes = std::fs::read_dir("/proc").expect("/proc");
        let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(is_ours).collect()
    }
}
