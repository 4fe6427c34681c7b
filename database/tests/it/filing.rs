use untxt_core::domain::TagId;
use untxt_database::{
    pages,
    search::{self, Filter},
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
        let near = search::find_near(&mut tx, &[2, 9], &filter, 9).await.expect("answered");
        assert_eq!(found, near.found);
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
