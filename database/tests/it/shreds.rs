use std::time::Duration;

use untxt_core::{
    domain::{Colour, DocumentId, FolderId, OwnerId, Retention, TaskId, TrashReason},
    lifecycle::Lifecycle,
    receipts::{Signed, SigningKey},
};
use untxt_database::{
    Database, Error,
    documents::{self, Filed, Filing, ShredWish, Shredding, Trashed},
    folders::{self, FolderContent},
    pages,
    search::{self, PageIndex, Reading},
    shreds, tasks,
    testing::TestPostgres,
};
use uuid::Uuid;

use crate::fixtures::{LEASE, a_document, a_result, a_task_with_pages, a_user, claim_page};

async fn shred(database: &Database, owner: OwnerId, id: DocumentId, wish: ShredWish) -> Result<bool, Error> {
    let mut tx = database.begin_as(owner).await?;
    let shredding = documents::shred(&mut tx, id, wish).await?;
    tx.commit().await?;
    Ok(shredding == Shredding::Done)
}

async fn trash(database: &Database, owner: OwnerId, id: DocumentId, delay: Duration) {
    let mut tx = database.begin_as(owner).await.expect("a transaction");
    let trashed = documents::trash(&mut tx, id, delay, TrashReason::Person).await.expect("an answer");
    assert_eq!(trashed, Some(Trashed::Now));
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn no_document_goes_without_a_line() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let id = a_document(&backend, owner).await.document.id;
    let quietly = format!(
        "do $$ begin delete from documents where id = '{id}'; set constraints all immediate;
        exception when check_violation then null; end $$"
    );
    let _ = postgres.superuser_psql(&quietly);
    assert_eq!(postgres.superuser_psql("select count(*) from documents"), "1");
    assert!(shred(&backend, owner, id, ShredWish::AtOnce).await.expect("shredded"));
    assert!(!shred(&backend, owner, id, ShredWish::AtOnce).await.expect("an answer"), "once");
    assert_eq!(postgres.superuser_psql("select count(*) from shreds"), "1");
}

#[tokio::test]
async fn a_document_that_is_put_under_a_rule_just_now_is_kept() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let id = a_document(&backend, owner).await.document.id;
    let folder = FolderId::generate();
    let mut filing = backend.begin_as(owner).await.expect("a transaction");
    let retention = Retention { keep_days: Some(10), delete_days: None };
    let content = FolderContent { parent: None, name_sealed: b"sealed", colour: Colour::DEFAULT, retention };
    folders::insert(&mut filing, folder, owner, &content).await.expect("inserted");
    let into = Filing { folder: Some(Some(folder)), tags: None };
    assert_eq!(documents::file(&mut filing, id, &into).await.expect("filed"), Filed::Done);
    let mut shredding = backend.begin_as(owner).await.expect("a transaction");
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        filing.commit().await
    };
    let (shredded, committed) = tokio::join!(documents::shred(&mut shredding, id, ShredWish::AtOnce), later);
    committed.expect("committed");
    assert!(matches!(shredded, Ok(Shredding::Retained { .. })), "{shredded:?}");
    drop(shredding);
    // Nor does it get away from the rule.
    for elsewhere in [None, Some(None)] {
        let filing = Filing { folder: elsewhere, tags: None };
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        let filed = documents::file(&mut tx, id, &filing).await.expect("an answer");
        assert_eq!(matches!(filed, Filed::Retained { .. }), elsewhere.is_some(), "{filed:?}");
    }
}

#[tokio::test]
async fn a_line_is_about_a_document_of_its_owner() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let (alice, bob) = (a_user(&backend, "alice").await.as_owner(), a_user(&backend, "bob").await.as_owner());
    let id = a_document(&backend, alice).await.document.id;
    for foreign in [id, DocumentId::generate()] {
        let mut tx = backend.begin_as(bob).await.expect("a transaction");
        let forged = sqlx::query(
            "insert into shreds (document_id, owner_id, reason, requested_by, requested_at, quiet_at)
            values ($1, $2, 'person', $2, now(), now())",
        )
        .bind(foreign.as_uuid())
        .bind(bob.as_uuid())
        .execute(&mut *tx)
        .await
        .expect_err("refused");
        let constraint = forged.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("shreds_document"), "{forged}");
    }
    assert!(shred(&backend, alice, id, ShredWish::AtOnce).await.expect("shredded"));
}

#[tokio::test]
async fn a_worker_shreds_what_is_due_and_nothing_else() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let mut ids = Vec::new();
    for delay in [None, Some(Duration::from_secs(3600)), Some(Duration::ZERO)] {
        let task = a_task_with_pages(&backend, &worker, owner, 2).await;
        let mut tx = backend.begin_as(owner).await.expect("a transaction");
        let id = tasks::find(&mut tx, task).await.expect("an answer").expect("the task").document;
        tx.commit().await.expect("committed");
        if let Some(delay) = delay {
            trash(&backend, owner, id, delay).await;
        }
        ids.push(id);
    }
    let mut tx = worker.begin_system().await.expect("a transaction");
    let due = documents::list_due(&mut tx, None, 9).await.expect("a list");
    assert_eq!(due.iter().map(|due| (due.owner, due.document)).collect::<Vec<_>>(), [(owner, ids[2])]);
    assert_eq!(documents::list_due(&mut tx, due.last().copied(), 9).await.expect("a list"), []);
    tx.commit().await.expect("committed");
    for (id, is_due) in ids.iter().zip([false, false, true]) {
        assert_eq!(shred(&worker, owner, *id, ShredWish::WhenDue).await.expect("an answer"), is_due);
    }
    let at_once = shred(&worker, owner, ids[1], ShredWish::AtOnce).await;
    assert!(!at_once.is_ok_and(|is_shredded| is_shredded), "its role may not");
    assert_eq!(postgres.superuser_psql("select count(*) from documents"), "2");
    assert_eq!(postgres.superuser_psql("select count(*) from pages"), "4");
    assert_eq!(postgres.superuser_psql("select reason || (requested_at <= shredded_at) from shreds"), "trashtrue");
}

#[tokio::test]
async fn objects_are_counted_once_and_a_receipt_never_changes() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let id = a_document(&backend, owner).await.document.id;
    assert!(shred(&backend, owner, id, ShredWish::AtOnce).await.expect("shredded"));
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(shreds::count_waiting(&mut tx).await.expect("counted").receipts, 1);
    let look = shreds::begin_look(&mut tx, id).await.expect("asked").expect("a look");
    // Five are found, and again those that a removal that broke off has left; one comes late.
    for found in [5, 2] {
        shreds::count_objects(&mut tx, &look, found).await.expect("counted");
    }
    shreds::mark_removed(&mut tx, &look).await.expect("marked");
    let look = shreds::begin_look(&mut tx, id).await.expect("asked").expect("again");
    shreds::count_objects(&mut tx, &look, 1).await.expect("counted");
    let shred = shreds::mark_removed(&mut tx, &look).await.expect("marked");
    assert_eq!(shred.objects, Some(6));
    let key = SigningKey::generate().expect("a key");
    let signed = Signed::make(&shred, Uuid::nil(), &key).expect("signed");
    assert!(shreds::sign(&mut tx, id, &signed).await.expect("stored"));
    assert!(!shreds::sign(&mut tx, id, &signed).await.expect("an answer"), "once");
    assert_eq!(shreds::begin_look(&mut tx, id).await.expect("an answer"), None);
    assert_eq!(shreds::count_waiting(&mut tx).await.expect("counted").receipts, 0);
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_as(owner).await.expect("a transaction");
    let stored = shreds::find(&mut tx, id).await.expect("an answer").expect("the line");
    let read = stored.signed.as_ref().expect("signed").verify(&[key.public()]);
    assert_eq!(read.expect("a good signature"), stored, "the row says what was signed");
    for change in ["objects = 0", "receipt = null, signature = null, signing_key = null", "reason = 'person'"] {
        let _ = postgres.superuser_psql(&format!(
            "do $$ begin update shreds set {change}; exception when check_violation then null; end $$"
        ));
    }
    assert_eq!(shreds::find(&mut tx, id).await.expect("an answer"), Some(stored));
}

#[tokio::test]
async fn two_who_look_at_once_count_no_object_twice_and_nothing_found_is_not_removed() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let id = a_document(&backend, owner).await.document.id;
    assert!(shred(&backend, owner, id, ShredWish::AtOnce).await.expect("shredded"));
    let mut first = worker.begin_system().await.expect("a transaction");
    let late = shreds::begin_look(&mut first, id).await.expect("asked").expect("a look");
    first.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(shreds::begin_look(&mut tx, id).await.expect("asked"), None, "somebody looks");
    assert_eq!(shreds::list_removing(&mut tx, None, true, 9).await.expect("a list"), []);
    shreds::mark_removed(&mut tx, &late).await.expect_err("an original there must have been");
    // The first takes too long, and finds what the second is about to remove.
    let _ = postgres.superuser_psql("update shreds set next_look_at = now()");
    let look = shreds::begin_look(&mut tx, id).await.expect("asked").expect("a look");
    shreds::count_objects(&mut tx, &look, 3).await.expect("counted");
    assert_eq!(shreds::mark_removed(&mut tx, &look).await.expect("marked").objects, Some(3));
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    let lost = shreds::count_objects(&mut tx, &late, 3).await;
    assert!(matches!(lost, Err(Error::LeaseLost)), "{lost:?}");
    let lost = shreds::mark_removed(&mut tx, &late).await;
    assert!(matches!(lost, Err(Error::LeaseLost)), "{lost:?}");
    assert_eq!(postgres.superuser_psql("select objects from shreds"), "3");
}

/// Runs a statement as a role that logged in as itself, and says which constraint refuses it.
async fn refusal(database: &Database, owner: OwnerId, sql: &'static str) -> Option<String> {
    let mut tx = database.begin_as(owner).await.expect("a transaction");
    match sqlx::query(sql).execute(&mut *tx).await.map_err(Error::from) {
        Ok(_) => None,
        Err(Error::Conflict(constraint)) => Some(constraint),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_database_refuses_to_delete_what_a_rule_keeps_and_what_no_rule_lets_a_worker_trash() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let _ = a_document(&backend, owner).await;
    let trash = "update documents set trashed_at = now(), shred_at = now(), trash_reason = 'retention'";
    let by_person = "update documents set trashed_at = now(), shred_at = now(), trash_reason = 'person'";
    let by_rule = Some("documents_trash_by_rule".to_owned());
    assert_eq!(refusal(&worker, owner, trash).await, by_rule, "no rule lets it go");
    let folder = Uuid::now_v7();
    let _ = postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour, keep_days, delete_days)
        select '{folder}', owner_id, '', '#000000', 30, 40 from documents;
        update documents set folder_id = '{folder}'"
    ));
    let delete = "delete from documents";
    assert_eq!(refusal(&backend, owner, delete).await, Some(documents::RETAINED.to_owned()));
    assert_eq!(refusal(&worker, owner, trash).await, by_rule, "not yet");
    let _ = postgres.superuser_psql("update documents set created_at = now() - interval '41 days'");
    assert_eq!(refusal(&backend, owner, delete).await, None);
    assert_eq!(refusal(&worker, owner, trash).await, None);
    assert_eq!(refusal(&worker, owner, by_person).await, by_rule);
    let _ = postgres.superuser_psql(by_person);
    for (change, refused) in [
        ("update documents set trashed_at = null, shred_at = null, trash_reason = null", by_rule.clone()),
        ("update documents set shred_at = shred_at + interval '1 hour'", None),
        (
            "update documents set shred_at = shred_at - interval '1 hour', trashed_at = trashed_at - interval '1 hour'",
            by_rule.clone(),
        ),
    ] {
        assert_eq!(refusal(&worker, owner, change).await, refused, "{change}");
    }
}

#[tokio::test]
async fn who_deletes_and_who_indexes_wait_for_each_other_but_not_in_a_circle() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let owner = a_user(&backend, "alice").await.as_owner();
    let task = a_task_with_pages(&backend, &worker, owner, 2).await;
    let mut readings: Vec<Reading> = Vec::new();
    for _ in 0..2 {
        let claimed = claim_page(&worker, task, LEASE).await.expect("a page");
        let mut tx = worker.begin_system().await.expect("a transaction");
        pages::complete(&mut tx, &claimed, &a_result(0.9)).await.expect("completed");
        tx.commit().await.expect("committed");
        // The last page first, as missing rows are listed.
        readings
            .insert(0, Reading { document: claimed.document, task: TaskId::from(task.as_uuid()), page: claimed.page });
    }
    let _ = postgres.superuser_psql("delete from search_pages");
    let index = PageIndex { generation: 1, segment: -1, tokens: &[7] };
    let mut tx = worker.begin_system().await.expect("a transaction");
    search::keep(&mut tx, &readings).await.expect("kept");
    assert!(search::insert_old(&mut tx, owner, readings[0], index).await.expect("inserted"));
    let (deleting, document) = (backend.clone(), readings[0].document);
    let deletion =
        Lifecycle::default().spawn(async move { shred(&deleting, owner, document, ShredWish::AtOnce).await });
    let waits = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..2000 {
        if postgres.superuser_psql(waits) != "0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(search::insert_old(&mut tx, owner, readings[1], index).await.expect("no deadlock"));
    tx.commit().await.expect("committed");
    assert!(deletion.await.expect("no panic").expect("no deadlock"));
    assert_eq!(postgres.superuser_psql("select count(*) from search_pages"), "0");
}
