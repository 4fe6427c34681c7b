//! What a worker does to the database and the store, without reading anything.

use std::{sync::Arc, time::Duration};

use untxt_core::{
    crypto::{DocumentKey, KeyRing, Kms, Renewed},
    domain::{DocumentId, FailureCode, MediaType, OwnerId, PageContent, PageNumber, TaskId, Word},
    storage::ObjectKey,
};
use untxt_database::{
    Database, documents, languages,
    owner_keys::{self, Replaced},
    pages::{self, PageResult},
    search::{self, PageIndex},
    tasks, workers,
};
use untxt_page::search::index_words;
use uuid::Uuid;

use crate::app::TestApp;

const LEASE: Duration = Duration::from_secs(60);

pub(crate) struct Worker {
    pub(crate) db: Database,
    ring: KeyRing,
}

pub(crate) fn content(number: PageNumber) -> PageContent {
    content_of("page", 0.9, number)
}

/// Gives what was read of a page: its number behind a word, read so surely.
pub(crate) fn content_of(first: &str, confidence: f32, number: PageNumber) -> PageContent {
    let word = |text: &str, left| Word {
        text: text.to_owned(),
        confidence,
        bounds: [left, 10, left + 40, 30],
        ..Word::default()
    };
    PageContent {
        width: 600,
        height: 800,
        dpi: 300,
        mean_confidence: confidence,
        words: vec![word(first, 10), word(&number.to_string(), 60)],
        text: format!("{first} {number}\n"),
        engine: "simulated 1".to_owned(),
        ..PageContent::default()
    }
}

impl Worker {
    pub(crate) async fn start(app: &TestApp) -> Self {
        Self { db: app.postgres.worker().await, ring: KeyRing::new([app.kms.clone() as Arc<dyn Kms>]) }
    }

    /// Tells which languages are installed.
    pub(crate) async fn report_languages(&self, codes: &[&str]) {
        let codes: Vec<_> = codes.iter().map(|&code| code.to_owned()).collect();
        let mut tx = self.db.begin_system().await.expect("a transaction");
        languages::report(&mut tx, &codes).await.expect("reported");
        tx.commit().await.expect("committed");
    }

    /// Tells that it is alive.
    pub(crate) async fn report_alive(&self, slots: u32, page_seconds: Option<f32>) {
        let alive =
            workers::Worker { id: Uuid::now_v7(), version: "0".to_owned(), slots, page_seconds, dropped_entries: 0 };
        let mut tx = self.db.begin_system().await.expect("a transaction");
        workers::report(&mut tx, &alive).await.expect("reported");
        tx.commit().await.expect("committed");
    }

    /// Reads a document of some pages; those in `broken` fail.
    pub(crate) async fn read(&self, app: &TestApp, task: TaskId, page_count: u32, broken: &[u32]) {
        self.begin(task, page_count).await;
        while self.read_next(app, task, broken).await {}
        self.finish(app, task, broken.len() < page_count as usize).await;
    }

    pub(crate) async fn begin(&self, task: TaskId, page_count: u32) {
        let mut tx = self.db.begin_system().await.expect("a transaction");
        let claimed = tasks::claim(&mut tx, task, LEASE, 3).await.expect("answered").expect("claimed");
        tasks::begin_pages(&mut tx, &claimed, page_count).await.expect("begun");
        tx.commit().await.expect("committed");
    }

    pub(crate) async fn fail(&self, task: TaskId, failure: FailureCode) {
        let mut tx = self.db.begin_system().await.expect("a transaction");
        let claimed = tasks::claim(&mut tx, task, LEASE, 3).await.expect("answered").expect("claimed");
        tasks::fail(&mut tx, &claimed, failure).await.expect("failed");
        tx.commit().await.expect("committed");
    }

    /// Begins to read a document again; gives how many pages are to be read.
    pub(crate) async fn begin_again(&self, task: TaskId) -> u32 {
        let mut tx = self.db.begin_system().await.expect("a transaction");
        let claimed = tasks::claim(&mut tx, task, LEASE, 3).await.expect("answered").expect("claimed");
        let to_read = tasks::begin_known_pages(&mut tx, &claimed).await.expect("begun");
        tx.commit().await.expect("committed");
        to_read
    }

    /// Reads one page, `false` when none waits.
    pub(crate) async fn read_next(&self, app: &TestApp, task: TaskId, broken: &[u32]) -> bool {
        self.read_next_as(app, task, broken, content).await
    }

    /// Reads one page in a certain way, `false` when none waits.
    pub(crate) async fn read_next_as(
        &self,
        app: &TestApp,
        task: TaskId,
        broken: &[u32],
        content: impl Fn(PageNumber) -> PageContent,
    ) -> bool {
        let mut tx = self.db.begin_system().await.expect("a transaction");
        let Some(claimed) = pages::claim_next(&mut tx, task, LEASE, 3, None).await.expect("answered") else {
            return false;
        };
        tx.commit().await.expect("committed");
        let number = claimed.page;
        if broken.contains(&number.get()) {
            let mut tx = self.db.begin_system().await.expect("a transaction");
            pages::fail(&mut tx, &claimed, FailureCode::Unreadable).await.expect("failed");
            tx.commit().await.expect("committed");
            return true;
        }
        let key = self.document_key(claimed.owner, claimed.document).await;
        let image = ObjectKey::PageImage(claimed.document, task, number, claimed.attempt);
        seal_object(app, &key, claimed.owner, image, format!("image of page {number}").as_bytes());
        let content = content(number);
        let sealed = key.seal_page(claimed.owner, task, number, &content).expect("sealed");
        let (generation, segment, tokens) = self.tokens(claimed.owner, &content).await;
        let result = PageResult {
            width: 600,
            height: 800,
            dpi: 300,
            mean_confidence: content.mean_confidence,
            expected_words: 2.0 * content.mean_confidence,
            image_media_type: MediaType::Jpeg,
            content_sealed: &sealed,
            index: PageIndex { generation, segment, tokens: &tokens },
        };
        let mut tx = self.db.begin_system().await.expect("a transaction");
        pages::complete(&mut tx, &claimed, &result).await.expect("completed");
        tx.commit().await.expect("committed");
        true
    }

    /// Makes the tokens of a page; with the number of the index key and the segment that they are for.
    async fn tokens(&self, owner: OwnerId, content: &PageContent) -> (u32, i32, Vec<i64>) {
        let mut tx = self.db.begin_as(owner).await.expect("a transaction");
        let wrapped = owner_keys::find_current(&mut tx, owner).await.expect("answered").expect("a key");
        let segment = search::find_segment(&mut tx, owner).await.expect("answered");
        let key = self.ring.open_owner_key(&wrapped).await.expect("opened");
        let tokens = key.search_key().expect("a key").tokens(segment, &index_words(&content.words));
        (key.index_generation(), segment, tokens)
    }

    /// Gives an owner a new key with a new index key.
    pub(crate) async fn replace_index_key(&self, owner: OwnerId) {
        let mut tx = self.db.begin_as(owner).await.expect("a transaction");
        let current = owner_keys::find_current(&mut tx, owner).await.expect("answered").expect("a key");
        let next = self.ring.create_next(&current, current.version + 1, Renewed::Index).await.expect("made");
        assert!(owner_keys::store_pending(&mut tx, &next).await.expect("stored"));
        assert!(owner_keys::activate(&mut tx, &current, &next, Replaced::Retired).await.expect("activated"));
        tx.commit().await.expect("committed");
    }

    /// Makes one row anew that an older index key made; false: there was none, and nothing is asked under that key any more.
    pub(crate) async fn index_one_anew(&self, owner: OwnerId) -> bool {
        let mut tx = self.db.begin_as(owner).await.expect("a transaction");
        let active = owner_keys::find_current(&mut tx, owner).await.expect("answered").expect("a key");
        let generation = active.index_generation;
        let stale = search::list_stale(&mut tx, owner, generation, 1).await.expect("listed").pop();
        let Some(stale) = stale else {
            search::forget_empty_segments(&mut tx, &active).await.expect("forgotten");
            tx.commit().await.expect("committed");
            return false;
        };
        let loaded = search::load_unindexed(&mut tx, stale.task, stale.page).await.expect("loaded");
        tx.commit().await.expect("committed");
        let (reading, sealed) = loaded.expect("a page");
        let key = self.document_key(owner, reading.document).await;
        let content = key.open_page(owner, stale.task, stale.page, &sealed).expect("opened");
        let segment = stale.segment.expect("a segment");
        let search_key = self.ring.open_owner_key(&active).await.expect("opened").search_key().expect("a key");
        let tokens = search_key.tokens(segment, &index_words(&content.words));
        let mut tx = self.db.begin_as(owner).await.expect("a transaction");
        let index = PageIndex { generation, segment, tokens: &tokens };
        assert!(search::replace(&mut tx, owner, reading, index).await.expect("replaced"));
        tx.commit().await.expect("committed");
        true
    }

    pub(crate) async fn finish(&self, app: &TestApp, task: TaskId, has_pdf: bool) {
        let mut tx = self.db.begin_system().await.expect("a transaction");
        let claimed = tasks::claim(&mut tx, task, LEASE, 3).await.expect("answered").expect("claimed");
        tx.commit().await.expect("committed");
        let pdf_attempt = has_pdf.then_some(claimed.attempt);
        if has_pdf {
            let key = self.document_key(claimed.owner, claimed.document).await;
            let object = ObjectKey::SearchablePdf(claimed.document, task, claimed.attempt);
            seal_object(app, &key, claimed.owner, object, format!("%PDF-1.7 searchable of {task}").as_bytes());
        }
        let mut tx = self.db.begin_system().await.expect("a transaction");
        tasks::finish(&mut tx, &claimed, pdf_attempt.ok_or(FailureCode::Internal)).await.expect("finished");
        tx.commit().await.expect("committed");
    }

    pub(crate) async fn document_key(&self, owner: OwnerId, document: DocumentId) -> DocumentKey {
        let mut tx = self.db.begin_as(owner).await.expect("a transaction");
        let source = documents::find_source(&mut tx, document).await.expect("answered").expect("the document");
        let wrapped = owner_keys::find(&mut tx, owner, source.key.owner_key_version).await.expect("answered");
        let owner_key = self.ring.open_owner_key(&wrapped.expect("the key")).await.expect("opened");
        owner_key.open_document_key(document, &source.key).expect("opened")
    }
}

pub(crate) fn seal_object(app: &TestApp, key: &DocumentKey, owner: OwnerId, object: ObjectKey, plain: &[u8]) {
    let mut sealer = key.sealer_for(owner, &object).expect("a sealer");
    let mut sealed = sealer.update(plain).expect("sealed").to_vec();
    sealed.extend_from_slice(&sealer.finish().expect("sealed"));
    app.objects.insert(object, sealed);
}
