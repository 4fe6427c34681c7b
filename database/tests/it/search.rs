//! Segments of the search index under an older index key: they go when nothing is under them, whoever stores a page then.

use untxt_core::{crypto::WrappedOwnerKey, domain::TaskId};
use untxt_database::{
    Database, Error, Transaction, owner_keys, pages,
    search::{self, Candidate, Filter, PageIndex, Reading},
    testing::TestPostgres,
};

use crate::fixtures::{LEASE, a_result, a_task_with_pages, a_user, claim_page};

/// A person whose first page is under a new index key, and whose second has been read under the old one, not stored yet.
struct Scene {
    postgres: TestPostgres,
    worker: Database,
    task: TaskId,
    active: WrappedOwnerKey,
}

impl Scene {
    async fn build() -> Self {
        let postgres = TestPostgres::start().await;
        let (backend, worker) = (postgres.backend().await, postgres.worker().await);
        let owner = a_user(&backend, "alice").await.as_owner();
        let task = a_task_with_pages(&backend, &worker, owner, 2).await;
        let mut tx = begin_page(&worker, task).await;
        let old = owner_keys::find_current(&mut tx, owner).await;
        tx.commit().await.expect("committed");
        assert_eq!(old.expect("asked"), None, "of nobody in particular");
        let _ = postgres.superuser_psql(
            "update owner_keys set state = 'retired', retired_at = now();
            insert into owner_keys (
                owner_id, version, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, index_generation, wrapped_tag_key
            )
            select owner_id, 2, kms_key_id, wrapped, wrapped_index_key, index_wrapped_by, 2, wrapped_tag_key from owner_keys",
        );
        let mut tx = worker.begin_as(owner).await.expect("a transaction");
        let active = owner_keys::find_current(&mut tx, owner).await.expect("asked").expect("a key");
        let stale = search::list_stale(&mut tx, owner, 2, 10).await.expect("listed");
        assert_eq!(stale.len(), 1);
        let (reading, _) =
            search::load_unindexed(&mut tx, task, stale[0].page).await.expect("asked").expect("the page");
        let index = PageIndex { generation: 2, segment: 0, tokens: &[4, 5] };
        assert!(search::replace(&mut tx, owner, reading, index).await.expect("replaced"));
        tx.commit().await.expect("committed");
        Self { postgres, worker, task, active }
    }

    async fn forget(&self) -> Result<(), Error> {
        let mut tx = self.worker.begin_as(self.active.owner).await?;
        search::forget_empty_segments(&mut tx, &self.active).await?;
        tx.commit().await
    }

    /// Which segments there are under which index key.
    fn segments(&self) -> String {
        self.postgres.superuser_psql(
            "select string_agg(index_generation || '/' || segment, ' ' order by index_generation) from search_segments",
        )
    }

    fn events(&self) -> String {
        self.postgres.superuser_psql("select count(*) from key_events where operation = 'index_rebuilt'")
    }
}

/// Stores the next page, with tokens of the first index key, in a transaction that is still open.
async fn begin_page(worker: &Database, task: TaskId) -> Transaction {
    let claimed = claim_page(worker, task, LEASE).await.expect("a page");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &claimed, &a_result(0.9)).await.expect("completed");
    tx
}

#[tokio::test]
async fn a_segment_is_not_forgotten_while_a_page_goes_into_it() {
    let scene = Scene::build().await;
    assert_eq!(scene.segments(), "1/0 2/0");
    let tx = begin_page(&scene.worker, scene.task).await;
    let (forgotten, ()) = tokio::join!(scene.forget(), async {
        scene.postgres.wait_for_waiting(1).await;
        tx.commit().await.expect("committed");
    });
    forgotten.expect("looked");
    assert_eq!(scene.segments(), "1/0 2/0", "the page that came meanwhile is found");
    assert_eq!(scene.events(), "0");
}

#[tokio::test]
async fn a_page_that_comes_when_its_segment_is_being_forgotten_begins_it_anew() {
    let scene = Scene::build().await;
    let claimed = claim_page(&scene.worker, scene.task, LEASE).await.expect("a page");
    let mut forgetting = scene.worker.begin_as(scene.active.owner).await.expect("a transaction");
    search::forget_empty_segments(&mut forgetting, &scene.active).await.expect("forgotten");
    let storing = async {
        let mut tx = scene.worker.begin_system().await.expect("a transaction");
        pages::complete(&mut tx, &claimed, &a_result(0.9)).await.expect("completed");
        tx.commit().await.expect("committed");
    };
    tokio::join!(storing, async {
        scene.postgres.wait_for_waiting(1).await;
        forgetting.commit().await.expect("committed");
    });
    assert_eq!(scene.segments(), "1/0 2/0");
    // Once that page is under the new key as well, the old one goes.
    let _ = scene.postgres.superuser_psql("update search_pages set index_generation = 2");
    scene.forget().await.expect("forgotten");
    assert_eq!((scene.segments(), scene.events()), ("2/0".to_owned(), "2".to_owned()));
}

#[tokio::test]
async fn an_index_key_is_not_destroyed_while_a_segment_is_begun_under_it() {
    let scene = Scene::build().await;
    scene.forget().await.expect("forgotten");
    assert_eq!(scene.segments(), "2/0");
    let mut old = scene.active.clone();
    (old.version, old.index_generation) = (1, 1);
    let _ = scene.postgres.superuser_psql("update documents set owner_key_version = 2");
    let destroying = async || {
        let mut tx = scene.worker.begin_as(old.owner).await.expect("a transaction");
        let is_destroyed = owner_keys::destroy(&mut tx, &old).await.expect("an answer");
        tx.commit().await.expect("committed");
        is_destroyed
    };
    let claimed = claim_page(&scene.worker, scene.task, LEASE).await.expect("a page");
    let mut late = scene.worker.begin_system().await.expect("a transaction");
    pages::complete(&mut late, &claimed, &a_result(0.9)).await.expect("completed");
    let (is_destroyed, ()) = tokio::join!(destroying(), async {
        scene.postgres.wait_for_waiting(1).await;
        late.commit().await.expect("committed");
    });
    assert!(!is_destroyed, "a page needs it");

    let _ = scene.postgres.superuser_psql("update search_pages set index_generation = 2");
    scene.forget().await.expect("forgotten");
    assert!(destroying().await);
    let mut tx = scene.worker.begin_as(old.owner).await.expect("a transaction");
    let reading = Reading { document: claimed.document, task: scene.task, page: claimed.page };
    let _ = scene.postgres.superuser_psql(&format!("delete from search_pages where page_number = {}", claimed.page));
    let index = PageIndex { generation: 1, segment: 0, tokens: &[1] };
    let refused = search::insert_old(&mut tx, old.owner, reading, index).await;
    assert!(matches!(&refused, Err(Error::Conflict(name)) if name == "search_segments_index_key"), "{refused:?}");
}

#[tokio::test]
async fn a_gap_is_known_to_its_owner_until_every_page_has_a_row() {
    let scene = Scene::build().await;
    let backend = scene.postgres.backend().await;
    let owner = scene.active.owner;
    let has_gap = async || {
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        search::has_gap(&mut tx, owner).await.expect("asked")
    };
    let close = async || {
        let mut tx = scene.worker.begin_system().await.expect("a transaction");
        search::close_gaps(&mut tx).await.expect("closed");
        tx.commit().await.expect("committed");
    };
    assert!(!has_gap().await);
    let _ = scene.postgres.superuser_psql("create table kept as table search_pages; delete from search_pages");
    let mut tx = scene.worker.begin_system().await.expect("a transaction");
    search::open_gaps(&mut tx, &[owner, owner]).await.expect("opened");
    search::open_gaps(&mut tx, &[owner]).await.expect("opened");
    tx.commit().await.expect("committed");
    close().await;
    assert!(has_gap().await, "a page has no row");
    let _ = scene.postgres.superuser_psql("insert into search_pages table kept");
    close().await;
    assert!(!has_gap().await);
}

#[tokio::test]
async fn a_misread_word_is_looked_for_with_every_other_word_in_every_segment() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 5).await;
    for _ in 0..5 {
        begin_page(&worker, task).await.commit().await.expect("committed");
    }
    let _ = postgres.superuser_psql(
        "update search_pages p
        set segment = v.segment, position = v.page, tokens = v.tokens
        from (values
            (1, 0, array[11, 21]), (2, 0, array[12, 21]), (3, 1, array[32]), (4, 1, array[32, 42]), (5, 1, array[12, 22])
        ) as v (page, segment, tokens)
        where p.page_number = v.page",
    );
    // the two words as they are, and misread, in the tokens of both segments, the newest first
    let wanted = vec![vec![vec![vec![31]], vec![vec![41]]], vec![vec![vec![11]], vec![vec![21], vec![23, 24]]]];
    let near = vec![vec![32, 33], vec![42], vec![12], Vec::new()];
    let find = async |after, limit| {
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        let filter = Filter { after, ..Filter::default() };
        search::find_near(&mut tx, &wanted, &near, &filter, limit).await.expect("answered")
    };
    let pages = |found: &[Candidate]| found.iter().map(|one| one.reading.page.get()).collect::<Vec<_>>();
    let all = find(None, 9).await;
    assert_eq!(pages(&all), [4, 2], "not what has both as they are, one only, or the tokens of another segment");
    assert_eq!(pages(&find(None, 1).await), [4]);
    assert_eq!(pages(&find(Some(all[0].place), 9).await), [2]);
    assert!(find(Some(all[1].place), 9).await.is_empty());
}

/// Whether the list of tokens is that of the tokens that rows have.
fn is_list_right(postgres: &TestPostgres) -> bool {
    let wrong = "select count(*) from (select distinct unnest(tokens) as token from search_pages) there
        full join (select distinct token from search_tokens) listed using (token)
        where there.token is null or listed.token is null";
    postgres.superuser_psql(wrong) == "0"
}

async fn forget_tokens(worker: &Database) -> Result<u64, Error> {
    let mut tx = worker.begin_system().await?;
    let looked_at = search::forget_tokens(&mut tx, None).await?;
    tx.commit().await?;
    Ok(looked_at)
}

#[tokio::test]
async fn the_list_of_tokens_has_those_of_rows_and_forgets_what_none_has_any_more() {
    let Scene { postgres, worker, task, .. } = Scene::build().await;
    assert_eq!(forget_tokens(&worker).await.expect("looked"), 3, "the three of the first index key");
    assert!(is_list_right(&postgres));
    begin_page(&worker, task).await.commit().await.expect("committed");
    assert!(is_list_right(&postgres));

    let _ = postgres.superuser_psql("delete from search_pages where 4 = any(tokens)");
    assert_eq!(postgres.superuser_psql("select count(*) from search_tokens where token in (4, 5)"), "2");
    assert_eq!(forget_tokens(&worker).await.expect("looked"), 2);
    assert!(is_list_right(&postgres));
    assert_ne!(postgres.superuser_psql("select count(*) from search_tokens"), "0");
    assert_eq!(forget_tokens(&worker).await.expect("looked"), 0);
}

#[tokio::test]
async fn a_token_is_not_forgotten_while_a_page_comes_that_has_it() {
    let Scene { postgres, worker, task, .. } = Scene::build().await;
    let _ = forget_tokens(&worker).await.expect("looked");
    begin_page(&worker, task).await.commit().await.expect("committed");
    let _ = postgres.superuser_psql("create table kept as table search_pages; delete from search_pages");
    let mut tx = worker.begin_system().await.expect("a transaction");
    // its tokens are still in the list
    sqlx::query(
        "insert into search_pages (
            task_id, page_number, owner_id, document_id, segment, position, index_generation, tokens
        )
        select task_id, page_number, owner_id, (select document_id from tasks), 0, 1, 1, array[1, 2, 3]
        from pages
        where page_number = 2",
    )
    .execute(&mut *tx)
    .await
    .expect("a row");
    let (forgotten, ()) = tokio::join!(forget_tokens(&worker), async {
        postgres.wait_for_waiting(1).await;
        tx.commit().await.expect("committed");
    });
    forgotten.expect("looked");
    assert!(is_list_right(&postgres), "{}", postgres.superuser_psql("select array_agg(token) from search_tokens"));
}
