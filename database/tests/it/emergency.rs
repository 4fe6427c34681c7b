//! Access in an emergency as the database itself enforces it, as the backend's role.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use untxt_core::domain::{DocumentId, EmergencyId, Role, UserId};
use untxt_database::{
    Database, PgConnection, Transaction,
    documents::{self, Filter},
    emergency::{self, NewEmergency, Read, Wanted},
    tasks,
    testing::TestPostgres,
};

use crate::fixtures::{LEASE, a_result, a_task_with_pages, a_user, claim_page};

const ROLES: [Role; 2] = [Role::Admin, Role::Reviewer];

struct Scene {
    postgres: TestPostgres,
    backend: Database,
    olga: UserId,
    rita: UserId,
    document: DocumentId,
    other: DocumentId,
}

/// Olga has two documents, one of which was read; Rita is a reviewer.
async fn scene() -> Scene {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (olga, rita) = (a_user(&backend, "olga").await, a_user(&backend, "rita").await);
    let task = a_task_with_pages(&backend, &worker, olga.as_owner(), 1).await;
    let page = claim_page(&worker, task, LEASE).await.expect("a page");
    let mut tx = worker.begin_system().await.expect("a transaction");
    untxt_database::pages::complete(&mut tx, &page, &a_result(0.9)).await.expect("completed");
    let document = tasks::find(&mut tx, task).await.expect("an answer").expect("the task").document;
    tx.commit().await.expect("committed");
    let _ = postgres.superuser_psql(&format!(
        "update users set role = 'reviewer' where id = '{rita}';
        insert into documents (
            id, owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, content_tag
        )
        select gen_random_uuid(), owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, sha256('other')
        from documents where id = '{document}'"
    ));
    let other = postgres.superuser_psql(&format!("select id from documents where id <> '{document}'"));
    Scene { postgres, backend, olga, rita, document, other: other.trim().parse().expect("an id") }
}

impl Scene {
    async fn as_rita(&self) -> Transaction {
        self.acting_as(self.rita).await
    }

    /// A transaction of somebody who is logged in, on a server that allows it.
    async fn acting_as(&self, who: UserId) -> Transaction {
        let mut tx = self.backend.begin_as(who).await.expect("a transaction");
        emergency::allow(&mut tx, &ROLES).await.expect("allowed");
        tx
    }

    async fn take(&self, who: UserId, wanted: Wanted) -> Option<EmergencyId> {
        let mut tx = self.acting_as(who).await;
        let id = EmergencyId::generate();
        let new = NewEmergency { id, wanted, minutes: 60, reference: Some("2026/7"), reason_sealed: b"sealed" };
        let begun = emergency::begin(&mut tx, &new).await.expect("an answer");
        tx.commit().await.expect("committed");
        begun.map(|begun| {
            assert_eq!(begun.owner, self.olga.as_owner());
            assert_eq!(begun.ends_at - begun.created_at, time::Duration::HOUR);
            id
        })
    }

    /// Rows of documents, runs, pages, events and owner keys of Olga that somebody sees.
    async fn seen(&self, tx: &mut PgConnection) -> [i64; 5] {
        let mut seen = [0; 5];
        for (table, count) in ["documents", "tasks", "pages", "task_events", "owner_keys"].iter().zip(&mut seen) {
            let sql = format!("select count(*) from {table} where owner_id = $1");
            let rows = sqlx::query_scalar(AssertSqlSafe(sql)).bind(self.olga.as_uuid()).fetch_one(&mut *tx).await;
            *count = rows.expect("a count");
        }
        seen
    }

    async fn sees(&self) -> [i64; 5] {
        let mut tx = self.as_rita().await;
        self.seen(&mut tx).await
    }

    fn sql(&self, sql: &str) {
        let _ = self.postgres.superuser_psql(sql);
    }
}

const NOTHING: [i64; 5] = [0; 5];

#[tokio::test]
async fn one_document_is_read_and_nothing_else_until_it_ends() {
    let scene = scene().await;
    assert_eq!(scene.sees().await, NOTHING);
    let id = scene.take(scene.rita, Wanted::Document(scene.document)).await.expect("begun");
    let seen = scene.sees().await;
    assert_eq!((seen[0], seen[1], seen[2], seen[4]), (1, 1, 1, 1), "{seen:?}");
    assert!(seen[3] > 0, "{seen:?}");
    let mut tx = scene.as_rita().await;
    assert!(documents::find(&mut tx, scene.document).await.expect("an answer").is_some());
    assert_eq!(documents::find(&mut tx, scene.other).await.expect("an answer"), None);
    assert_eq!(emergency::find_running(&mut tx, scene.olga.as_owner()).await.expect("an answer"), None);
    // Reading, and nothing else.
    for change in [
        "select count(*) from (select from documents where owner_id = $1 for no key update) as rows",
        "select count(*) from (select from tasks where owner_id = $1 for no key update) as rows",
        "select count(*) from (select from pages where owner_id = $1 for no key update) as rows",
        "with gone as (delete from documents where owner_id = $1 returning 1) select count(*) from gone",
        "with gone as (delete from pages where owner_id = $1 returning 1) select count(*) from gone",
        "select count(*) from folders where owner_id = $1",
        "select count(*) from label_keys where owner_id = $1",
        "select count(*) from key_events where owner_id = $1",
        "select count(*) from list_shared_documents(null, null, 10) where $1::uuid is not null",
        "select count(*) from list_shared_for_search(null, 10) where $1::uuid is not null",
    ] {
        let rows = sqlx::query_scalar::<_, i64>(change).bind(scene.olga.as_uuid()).fetch_one(&mut *tx).await;
        assert_eq!(rows.expect("a count"), 0, "{change}");
    }
    for refused in [
        "insert into shares (id, owner_id, document_id, user_id, rank, granted_by)
            values (gen_random_uuid(), $1, $2, current_actor(), 1, current_actor())",
        "insert into links (id, owner_id, document_id, made_by, token_hash, formats, expires_at)
            values (gen_random_uuid(), $1, $2, current_actor(), sha256('x'), '{text}', now() + interval '1 hour')",
        "insert into tasks (id, document_id, owner_id, languages, trace, last_seq)
            select gen_random_uuid(), $2, $1, 'eng', gen_random_uuid(), 0",
        "insert into emergency_accesses (id, made_by, owner_id, reason_sealed, ends_at)
            select gen_random_uuid(), current_actor(), $1, 'x'::bytea, now() + interval '1 hour' where $2::uuid is not null",
        "update emergency_accesses set ends_at = now() + interval '20 hours' where owner_id = $1 and $2::uuid is not null",
        "delete from emergency_reads where $1::uuid is not null and $2::uuid is not null",
    ] {
        let mut tx = scene.as_rita().await;
        let done =
            sqlx::query(refused).bind(scene.olga.as_uuid()).bind(scene.document.as_uuid()).execute(&mut *tx).await;
        let error = done.expect_err(refused).into_database_error().expect("an error of the database");
        // Row-level security and grants, or the trigger that asks who may share.
        let is_refused = error.code().as_deref() == Some("42501") || error.constraint() == Some("shares_right");
        assert!(is_refused, "{refused}: {error}");
    }
    // A program's token, or a server that no longer allows it, does not say so; nobody else has it.
    let mut silent = scene.backend.begin_as(scene.rita).await.expect("a transaction");
    assert_eq!(scene.seen(&mut silent).await, NOTHING);
    emergency::allow(&mut silent, &[Role::Admin]).await.expect("an answer");
    assert_eq!(scene.seen(&mut silent).await, NOTHING);
    let eve = a_user(&scene.backend, "eve").await;
    scene.sql(&format!("update users set role = 'admin' where id = '{eve}'"));
    let mut hers = scene.acting_as(eve).await;
    assert_eq!(scene.seen(&mut hers).await, NOTHING);
    // Nobody has to end it.
    scene.sql(
        "update emergency_accesses set created_at = created_at - interval '2 hours', ends_at = ends_at - interval '61 minutes'",
    );
    assert_eq!(scene.sees().await, NOTHING);
    let mut tx = scene.as_rita().await;
    let listed = emergency::list(&mut tx, None, None, 10).await.expect("a list");
    assert_eq!(listed.iter().map(|one| (one.id, one.is_running)).collect::<Vec<_>>(), [(id, false)]);
}

#[tokio::test]
async fn all_of_an_owner_is_read_but_what_lies_in_the_trash() {
    let scene = scene().await;
    let id = scene.take(scene.rita, Wanted::Person(scene.olga)).await.expect("begun");
    assert_eq!(scene.sees().await[0], 2);
    let mut tx = scene.as_rita().await;
    assert_eq!(emergency::find_running(&mut tx, scene.olga.as_owner()).await.expect("an answer"), Some(id));
    drop(tx);
    scene.sql(
        "update documents set trashed_at = now(), shred_at = now() + interval '1 day', trash_reason = 'person'
        where id in (select document_id from tasks)",
    );
    let seen = scene.sees().await;
    assert_eq!((seen[0], seen[1], seen[2], seen[4]), (1, 0, 0, 1));
    let mut tx = scene.as_rita().await;
    let of_rita = documents::list(&mut tx, scene.rita.as_owner(), &Filter::default(), 10).await.expect("a list");
    assert!(of_rita.is_empty(), "lists of one's own stay as they are");
}

#[tokio::test]
async fn it_ends_by_hand_and_with_the_role_and_never_comes_back() {
    let scene = scene().await;
    let wanted = Wanted::Document(scene.document);
    let id = scene.take(scene.rita, wanted).await.expect("begun");
    let mut eve = scene.backend.begin_as(scene.olga).await.expect("a transaction");
    assert_eq!(emergency::end(&mut eve, id).await.expect("an answer"), None, "its owner is no administrator");
    drop(eve);
    let mut tx = scene.as_rita().await;
    let ended = emergency::end(&mut tx, id).await.expect("an answer").expect("hers");
    assert_eq!((ended.owner, ended.document), (scene.olga.as_owner(), Some(scene.document)));
    assert!(emergency::end(&mut tx, id).await.expect("an answer").is_some(), "twice is fine");
    tx.commit().await.expect("committed");
    assert_eq!(scene.sees().await, NOTHING);
    for (lost, back) in [
        ("disabled_at = now()", "disabled_at = null"),
        ("role = 'user'", "role = 'reviewer'"),
        ("role = 'admin'", "role = 'reviewer'"),
    ] {
        scene.take(scene.rita, wanted).await.expect("begun");
        assert_eq!(scene.sees().await[0], 1);
        scene.sql(&format!("update users set {lost} where id = '{}'", scene.rita));
        assert_eq!(scene.sees().await, NOTHING, "{lost}");
        scene.sql(&format!("update users set {back} where id = '{}'", scene.rita));
        assert_eq!(scene.sees().await, NOTHING, "{back}");
    }
}

#[tokio::test]
async fn only_who_may_takes_it_and_only_of_what_is_there() {
    let scene = scene().await;
    let unknown = DocumentId::generate();
    assert_eq!(scene.take(scene.rita, Wanted::Document(unknown)).await, None);
    assert_eq!(scene.take(scene.rita, Wanted::Person(scene.rita)).await, None, "her own");
    assert_eq!(scene.take(scene.rita, Wanted::Team(unknown.as_uuid().into())).await, None);
    let plain = a_user(&scene.backend, "plain").await;
    for role in ["user", "auditor"] {
        scene.sql(&format!("update users set role = '{role}' where id = '{plain}'"));
        assert_eq!(scene.take(plain, Wanted::Document(scene.document)).await, None, "{role}");
    }
    scene.sql(&format!("update users set role = 'reviewer', disabled_at = now() where id = '{plain}'"));
    assert_eq!(scene.take(plain, Wanted::Document(scene.document)).await, None, "disabled");
    scene.sql("update documents set trashed_at = now(), shred_at = now() + interval '1 day', trash_reason = 'person'");
    assert_eq!(scene.take(scene.rita, Wanted::Document(scene.document)).await, None, "in the trash");
    assert_eq!(scene.postgres.superuser_psql("select count(*) from emergency_accesses").trim(), "0");
}

#[tokio::test]
async fn what_was_read_is_noted_also_when_it_ends_meanwhile() {
    let scene = scene().await;
    let (read, second) = (Read::Document(scene.document), Duration::from_secs(1));
    let note = async |within| {
        let mut tx = scene.as_rita().await;
        let by = emergency::note_read(&mut tx, read, within).await.expect("an answer");
        tx.commit().await.expect("committed");
        by
    };
    assert_eq!(note(second).await, None);
    let id = scene.take(scene.rita, Wanted::Person(scene.olga)).await.expect("begun");
    assert_eq!((note(second).await, note(second).await), (Some(id), Some(id)));
    scene.sql("update emergency_accesses set ended_at = now() - interval '10 seconds'");
    assert_eq!((note(second).await, note(Duration::from_secs(60)).await), (None, Some(id)));
    // Who sees it: whose documents they are, who took it, and who reads the record; not what others have.
    let eve = a_user(&scene.backend, "eve").await;
    for (who, count) in [(scene.olga, 1), (scene.rita, 1), (eve, 0)] {
        let mut tx = scene.backend.begin_as(who).await.expect("a transaction");
        for of in [None, Some(scene.document)] {
            let listed = emergency::list(&mut tx, of, None, 10).await.expect("a list");
            assert_eq!(listed.len(), count);
            assert!(listed.iter().all(|one| one.documents_read == 1 && one.last_read_at.is_some()));
        }
        assert!(emergency::list(&mut tx, Some(scene.other), None, 10).await.expect("a list").is_empty());
    }
    scene.sql(&format!("update users set role = 'auditor' where id = '{eve}'"));
    let mut tx = scene.backend.begin_as(eve).await.expect("a transaction");
    assert_eq!(emergency::list(&mut tx, None, None, 10).await.expect("a list").len(), 1);
    assert!(emergency::list(&mut tx, None, Some(id), 10).await.expect("a list").is_empty());
}

/// Somebody is disabled while they take it: of the two, the second waits, and nothing runs afterwards.
#[tokio::test]
async fn nobody_takes_it_while_they_are_disabled() {
    let scene = scene().await;
    let admin = a_user(&scene.backend, "root").await;
    scene.sql(&format!("update users set role = 'admin' where id = '{admin}'"));
    let mut disabling = scene.backend.begin_as(admin).await.expect("a transaction");
    sqlx::query("select disable_user($1)").bind(scene.rita.as_uuid()).execute(&mut *disabling).await.expect("disabled");
    let commit = async {
        scene.postgres.wait_for_waiting(1).await;
        disabling.commit().await
    };
    let (taken, committed) = tokio::join!(scene.take(scene.rita, Wanted::Document(scene.document)), commit);
    committed.expect("committed");
    assert_eq!(taken, None);
    let mut taking = scene.as_rita().await;
    scene.sql(&format!("update users set disabled_at = null where id = '{}'", scene.rita));
    let new = NewEmergency {
        id: EmergencyId::generate(),
        wanted: Wanted::Document(scene.document),
        minutes: 5,
        reference: None,
        reason_sealed: b"sealed",
    };
    assert!(emergency::begin(&mut taking, &new).await.expect("an answer").is_some());
    let disable = async {
        let mut tx = scene.backend.begin_as(admin).await.expect("a transaction");
        sqlx::query("select disable_user($1)").bind(scene.rita.as_uuid()).execute(&mut *tx).await.expect("disabled");
        tx.commit().await
    };
    let commit = async {
        scene.postgres.wait_for_waiting(1).await;
        taking.commit().await
    };
    let (disabled, committed) = tokio::join!(disable, commit);
    disabled.and(committed).expect("committed");
    scene.sql(&format!("update users set disabled_at = null where id = '{}'", scene.rita));
    assert_eq!(scene.sees().await, NOTHING);
}
