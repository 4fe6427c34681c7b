use untxt_core::domain::{Colour, FolderId, OwnerId, Retention, TagId};
use untxt_database::{
    Database, Error,
    documents::{self, Filed, Filing},
    folders::{self, FolderContent, Place},
    pages,
    search::{self, Filter},
    tags,
    testing::TestPostgres,
};
use uuid::Uuid;

use crate::fixtures::{LEASE, a_document, a_result, a_task_with_pages, a_user, claim_page};

/// Writes the insertion of a folder with these days.
fn a_folder(id: Uuid, owner: impl std::fmt::Display, parent: &str, keep: &str, delete: &str) -> String {
    format!(
        "insert into folders (id, owner_id, parent_id, name_sealed, colour, keep_days, delete_days)
        values ('{id}', '{owner}', {parent}, '', '#000000', {keep}, {delete});"
    )
}

#[tokio::test]
async fn of_each_number_the_nearest_folder_above_that_has_one_counts() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let document = a_document(&backend, alice.as_owner()).await.document.id;
    let [top, middle, low] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let _ = postgres.superuser_psql(&format!(
        "{}{}{}",
        a_folder(top, alice, "null", "10", "20"),
        a_folder(middle, alice, &format!("'{top}'"), "30", "null"),
        a_folder(low, alice, &format!("'{middle}'"), "null", "null"),
    ));
    let rule = |folder: &str| {
        postgres.superuser_psql(&format!(
            "update documents set folder_id = {folder};
            select keep_until - created_at, delete_at - created_at
            from document_retention join documents on id = document_id where document_id = '{document}'"
        ))
    };
    assert_eq!(rule("null"), "|");
    assert_eq!(rule(&format!("'{top}'")), "10 days|20 days");
    for folder in [middle, low] {
        assert_eq!(rule(&format!("'{folder}'")), "30 days|20 days", "each number for itself");
    }
    let _ = postgres.superuser_psql(&format!("update folders set delete_days = 40 where id = '{low}'"));
    assert_eq!(rule(&format!("'{low}'")), "30 days|40 days");

    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let rule = "select keep_days, delete_days from folder_retention($1)";
    let seen: (Option<i32>, Option<i32>) = sqlx::query_as(rule).bind(low).fetch_one(&mut *tx).await.expect("a rule");
    assert_eq!(seen, (Some(30), Some(40)));
    let bob = a_user(&backend, "bob").await;
    let mut tx = backend.begin_as(bob).await.expect("a transaction");
    let hidden: (Option<i32>, Option<i32>) =
        sqlx::query_as(rule).bind(low).fetch_one(&mut *tx).await.expect("an answer");
    assert_eq!(hidden, (None, None), "of another's folder nothing is told");
    let mut tx = backend.begin_system().await.expect("a transaction");
    let unasked: (Option<i32>, Option<i32>) =
        sqlx::query_as(rule).bind(low).fetch_one(&mut *tx).await.expect("an answer");
    assert_eq!(unasked, (None, None), "and nothing to nobody");
}

#[tokio::test]
async fn a_search_looks_in_folders_and_among_tags() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await;
    let mut documents = Vec::new();
    for _ in 0..3 {
        let task = a_task_with_pages(&backend, &worker, alice.as_owner(), 1).await;
        let page = claim_page(&worker, task, LEASE).await.expect("a page");
        let mut tx = worker.begin_system().await.expect("a transaction");
        pages::complete(&mut tx, &page, &a_result(0.9)).await.expect("completed");
        tx.commit().await.expect("committed");
        documents.push(page.document);
    }
    let [one, two, three] = documents[..] else { panic!("three") };
    let [folder, red, blue] = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let _ = postgres.superuser_psql(&format!(
        "{}
        update documents set folder_id = '{folder}' where id in ('{one}', '{two}');
        insert into tags (id, owner_id, name_sealed, colour)
            values ('{red}', '{alice}', '', '#ff0000'), ('{blue}', '{alice}', '', '#0000ff');
        insert into document_tags (document_id, tag_id, owner_id) values
            ('{one}', '{red}', '{alice}'), ('{one}', '{blue}', '{alice}'), ('{three}', '{red}', '{alice}')",
        a_folder(folder, alice, "null", "null", "null"),
    ));
    let find = async |filter: Filter| {
        let mut tx = backend.begin_as(alice).await.expect("a transaction");
        let wanted = vec![vec![vec![vec![1]]]];
        let mut found: Vec<_> = search::find(&mut tx, &wanted, &filter, 9).await.expect("answered");
        let (misread, near) = (vec![vec![vec![vec![8]]]], vec![vec![2, 9]]);
        let near = search::find_near(&mut tx, &misread, &near, &filter, 9).await.expect("answered");
        assert_eq!(found, near);
        found.drain(..).map(|candidate| candidate.reading.document).collect::<Vec<_>>()
    };
    assert_eq!(find(Filter::default()).await, [three, two, one]);
    let in_folder = Filter { folders: Some(vec![folder.into()]), ..Filter::default() };
    assert_eq!(find(in_folder.clone()).await, [two, one]);
    assert_eq!(find(Filter { folders: Some(Vec::new()), ..Filter::default() }).await, []);
    let tagged = |tags: &[Uuid]| Filter { tags: tags.iter().copied().map(TagId::from).collect(), ..Filter::default() };
    assert_eq!(find(tagged(&[red])).await, [three, one]);
    assert_eq!(find(tagged(&[red, blue])).await, [one]);
    assert_eq!(find(tagged(&[red, Uuid::now_v7()])).await, []);
    assert_eq!(find(Filter { before: Some(two.as_uuid()), ..in_folder.clone() }).await, [one]);
    assert_eq!(find(Filter { from: Some(two.as_uuid()), ..in_folder.clone() }).await, [two]);
    let all = Filter { documents: Some(vec![one, three]), tags: vec![red.into()], ..in_folder };
    assert_eq!(find(all).await, [one]);
}

/// Makes a folder in another one, if that is given.
async fn make_folder(backend: &Database, owner: OwnerId, parent: Option<FolderId>) -> FolderId {
    let id = FolderId::generate();
    let (colour, retention) = (Colour::DEFAULT, Retention::default());
    let content = FolderContent { parent, name_sealed: b"sealed", colour, retention };
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    folders::insert(&mut tx, id, owner, &content).await.expect("inserted");
    tx.commit().await.expect("committed");
    id
}

#[tokio::test]
async fn who_files_a_document_and_who_deletes_the_folder_wait_for_each_other() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await.as_owner();
    let document = a_document(&backend, alice).await.document.id;
    let parent = make_folder(&backend, alice, None).await;
    let into = |folder| Filing { folder: Some(Some(folder)), tags: None };
    for is_filed_first in [true, false] {
        let folder = make_folder(&backend, alice, Some(parent)).await;
        let (mut one, mut two) = (
            backend.begin_as(alice).await.expect("a transaction"),
            backend.begin_as(alice).await.expect("a transaction"),
        );
        if is_filed_first {
            assert_eq!(documents::file(&mut one, document, &into(folder)).await.expect("filed"), Filed::Done);
            let (deleted, committed) = tokio::join!(folders::delete(&mut two, folder), one.commit());
            committed.expect("committed");
            assert!(deleted.expect("deleted"));
            two.commit().await.expect("committed");
        } else {
            assert!(folders::delete(&mut one, folder).await.expect("deleted"));
            let filing = into(folder);
            let (filed, committed) = tokio::join!(documents::file(&mut two, document, &filing), one.commit());
            committed.expect("committed");
            assert!(matches!(&filed, Err(Error::Conflict(name)) if name == documents::FOLDER), "{filed:?}");
        }
        let mut tx = backend.begin_as(alice).await.expect("a transaction");
        let found = documents::find(&mut tx, document).await.expect("an answer").expect("the document");
        assert_eq!(found.document.folder, Some(parent), "nothing is lost");
        assert_eq!(folders::find(&mut tx, folder).await.expect("an answer"), None);
    }
}

#[tokio::test]
async fn a_document_that_is_filed_elsewhere_stays_there_when_its_folder_is_deleted() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await.as_owner();
    let document = a_document(&backend, alice).await.document.id;
    let [parent, other] = [make_folder(&backend, alice, None).await, make_folder(&backend, alice, None).await];
    let folder = make_folder(&backend, alice, Some(parent)).await;
    let filing = |folder| Filing { folder: Some(Some(folder)), tags: None };
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(documents::file(&mut tx, document, &filing(folder)).await.expect("filed"), Filed::Done);
    tx.commit().await.expect("committed");
    let mut one = backend.begin_as(alice).await.expect("a transaction");
    let mut two = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(documents::file(&mut one, document, &filing(other)).await.expect("filed"), Filed::Done);
    let later = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        one.commit().await
    };
    let (deleted, committed) = tokio::join!(folders::delete(&mut two, folder), later);
    committed.expect("committed");
    assert!(deleted.expect("deleted"));
    two.commit().await.expect("committed");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let found = documents::find(&mut tx, document).await.expect("an answer").expect("the document");
    assert_eq!(found.document.folder, Some(other));
}

#[tokio::test]
async fn who_gives_a_tag_waits_for_its_deletion_and_holds_nothing_meanwhile() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await.as_owner();
    let document = a_document(&backend, alice).await.document.id;
    let [kept, given] = [TagId::generate(), TagId::generate()];
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    for tag in [kept, given] {
        tags::insert(&mut tx, tag, alice, b"sealed", Colour::DEFAULT).await.expect("inserted");
    }
    let with = |tags: &[TagId]| Filing { folder: None, tags: Some(tags.to_vec()) };
    assert_eq!(documents::file(&mut tx, document, &with(&[kept])).await.expect("filed"), Filed::Done);
    tx.commit().await.expect("committed");
    let mut one = backend.begin_as(alice).await.expect("a transaction");
    let mut two = backend.begin_as(alice).await.expect("a transaction");
    // As the deletion does it: the tag first, then what hangs on it.
    sqlx::query("select id from tags where id = $1 for update")
        .bind(kept.as_uuid())
        .execute(&mut *two)
        .await
        .expect("locked");
    let waiting = async {
        let filed = documents::file(&mut one, document, &with(&[kept, given])).await;
        drop(one);
        filed
    };
    let deleting = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        assert!(tags::delete(&mut two, kept).await.expect("deleted"), "nobody holds what hangs on it");
        two.commit().await
    };
    let (committed, filed) = tokio::join!(deleting, waiting);
    committed.expect("committed");
    assert!(matches!(&filed, Err(Error::Conflict(name)) if name == documents::TAG), "{filed:?}");
}

#[tokio::test]
async fn nobody_files_in_folders_and_tags_of_others() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let (alice, bob) = (a_user(&backend, "alice").await.as_owner(), a_user(&backend, "bob").await.as_owner());
    let (folder, own) = (make_folder(&backend, alice, None).await, make_folder(&backend, bob, None).await);
    let document = a_document(&backend, bob).await.document.id;
    let tag = TagId::generate();
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    tags::insert(&mut tx, tag, alice, b"sealed", Colour::DEFAULT).await.expect("inserted");
    tx.commit().await.expect("committed");

    let mut tx = backend.begin_as(bob).await.expect("a transaction");
    assert_eq!(folders::find(&mut tx, folder).await.expect("an answer"), None);
    assert_eq!(folders::place(&mut tx, None, Some(folder)).await.expect("an answer"), Place::NoParent);
    assert_eq!(folders::list_with_subfolders(&mut tx, folder).await.expect("an answer"), []);
    assert!(!folders::delete(&mut tx, folder).await.expect("an answer"));
    assert!(!tags::delete(&mut tx, tag).await.expect("an answer"));
    assert_eq!(tags::count_known(&mut tx, &[tag]).await.expect("an answer"), 0);
    tx.commit().await.expect("committed");
    // Whoever forgets to ask is stopped by the constraints.
    let refusal = async |filing: Filing| {
        let mut tx = backend.begin_as(bob).await.expect("a transaction");
        match documents::file(&mut tx, document, &filing).await {
            Err(Error::Conflict(constraint)) => constraint,
            other => panic!("{other:?}"),
        }
    };
    let filing = Filing { folder: Some(Some(folder)), tags: None };
    assert_eq!(refusal(filing).await, documents::FOLDER);
    assert_eq!(refusal(Filing { folder: None, tags: Some(vec![tag]) }).await, documents::TAG);
    let mut tx = backend.begin_as(bob).await.expect("a transaction");
    let content = FolderContent {
        parent: Some(folder),
        name_sealed: b"sealed",
        colour: Colour::DEFAULT,
        retention: Retention::default(),
    };
    let moved = folders::update(&mut tx, own, &content).await;
    assert!(matches!(&moved, Err(Error::Conflict(name)) if name == "folders_parent_fkey"), "{moved:?}");
}
