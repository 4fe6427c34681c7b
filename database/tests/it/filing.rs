use untxt_database::testing::TestPostgres;
use uuid::Uuid;

use crate::fixtures::{a_document, a_user};

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
