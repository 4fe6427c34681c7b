use sqlx::AssertSqlSafe;
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditEntry, AuditObject, AuditOutcome, Credential, LoginMark},
    domain::{DocumentId, PageNumber, SessionId, UserId},
};
use untxt_database::{
    Database, audit,
    testing::{Role, TestPostgres},
};
use uuid::Uuid;

use crate::fixtures::a_user;

fn a_page_read(actor: UserId) -> AuditEntry {
    AuditEntry {
        actor: Some(actor),
        via: Some(Credential::Session(SessionId::generate())),
        owner: Some(actor.as_owner()),
        object: Some(AuditObject::page(DocumentId::generate(), PageNumber::from_index(6))),
        address: "::ffff:192.0.2.7".parse().ok(),
        request_id: Some(Uuid::new_v4()),
        count: Some(1),
        detail: Some(AuditDetail::new("json")),
        login: Some(LoginMark::new(b"secret", "anna")),
        ..AuditEntry::new(AuditAction::PageRead, AuditOutcome::Ok)
    }
}

async fn record(database: &Database, entry: &AuditEntry) {
    let mut tx = database.begin_system().await.expect("a transaction");
    audit::record(&mut tx, entry).await.expect("recorded");
    tx.commit().await.expect("committed");
}

async fn tries(database: &Database, actor: UserId, sql: &str) -> Result<u64, sqlx::Error> {
    let mut tx = database.begin_as(actor).await.expect("a transaction");
    Ok(sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut *tx).await?.rows_affected())
}

#[tokio::test]
async fn every_role_adds_lines_and_all_that_they_say_is_there() {
    let postgres = TestPostgres::start().await;
    let actor = UserId::generate();
    let entry = a_page_read(actor);
    for role in [Role::Backend, Role::Worker, Role::Backup] {
        let database = postgres.connect(role).await;
        record(&database, &entry).await;
        record(&database, &AuditEntry::new(AuditAction::LoginSuccess, AuditOutcome::Refused)).await;
        // Few connections at once are let in as some roles.
        database.close().await;
    }
    let seen = postgres.superuser_psql(
        "select distinct action, outcome, actor, session_id is not null, token_id is null, owner_id = actor, object_kind,
            object_id is not null, page_number, host(address), request_id is not null, count, detail,
            octet_length(login_mark)
        from audit_events order by 1",
    );
    let read = format!("page_read|ok|{actor}|t|t|t|document|t|7|192.0.2.7|t|1|json|16");
    assert_eq!(seen, format!("login_failure|refused||f|t|||f|||f|||\n{read}"));
    assert_eq!(postgres.superuser_psql("select count(*) from audit_events join audit_unsealed using (position)"), "6");
}

#[tokio::test]
async fn what_is_rolled_back_leaves_nothing() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    audit::record(&mut tx, &a_page_read(UserId::generate())).await.expect("recorded");
    drop(tx);
    record(&backend, &a_page_read(UserId::generate())).await;
    let left = "select (select count(*) from audit_events), (select count(*) from audit_unsealed)";
    assert_eq!(postgres.superuser_psql(left), "1|1");
}

#[tokio::test]
async fn nobody_changes_a_line() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let admin = a_user(&backend, "admin").await;
    let _ = postgres.superuser_psql("update users set role = 'admin'");
    record(&backend, &a_page_read(admin)).await;
    for role in [Role::Backend, Role::Worker, Role::Backup, Role::Migrate] {
        let database = postgres.connect(role).await;
        for sql in [
            "update audit_events set outcome = 'ok'",
            "delete from audit_events",
            "truncate audit_events",
            "insert into audit_events (position, action, outcome) overriding system value values (1, 'logout', 'ok')",
            "insert into audit_events (at, action, outcome) values (now() - interval '1 day', 'logout', 'ok')",
            "insert into audit_unsealed values (99)",
            "alter table audit_events disable trigger user",
        ] {
            let refused = tries(&database, admin, sql).await;
            assert!(refused.is_err(), "{role:?} {sql}: {refused:?}");
        }
        database.close().await;
    }
    // Nor does the owner of the tables, or a superuser, by a slip.
    for sql in ["update audit_events set outcome = 'ok'", "delete from audit_events", "truncate audit_events"] {
        for whoever in ["untxt_owner", "postgres"] {
            let _ = postgres.superuser_psql(&format!(
                "do $$ begin set local role {whoever}; {sql}; raise 'done'; exception when check_violation then null; end $$"
            ));
        }
    }
    assert_eq!(postgres.superuser_psql("select count(*), min(outcome) from audit_events"), "1|ok");
}

#[tokio::test]
async fn only_administrators_and_auditors_read_the_record() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (alice, admin) = (a_user(&backend, "alice").await, a_user(&backend, "admin").await);
    let _ = postgres.superuser_psql("update users set role = 'admin' where login = 'admin'");
    record(&backend, &a_page_read(alice)).await;
    let count = async |database: &Database, actor: UserId| -> i64 {
        let mut tx = database.begin_as(actor).await.expect("a transaction");
        sqlx::query_scalar("select count(*) from audit_events").fetch_one(&mut *tx).await.expect("a count")
    };
    assert_eq!(count(&backend, alice).await, 0, "not even one's own");
    assert_eq!(count(&backend, UserId::generate()).await, 0);
    assert_eq!(count(&backend, admin).await, 1);
    assert_eq!(count(&worker, alice).await, 1, "it seals them");
    let unsealed = tries(&backend, admin, "select * from audit_unsealed").await;
    assert!(unsealed.is_err(), "{unsealed:?}");
}

#[tokio::test]
async fn nothing_that_somebody_typed_gets_in() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let nobody = UserId::generate();
    let id = Uuid::new_v4();
    for values in [
        "('page_read' || chr(10), 'ok', null, null, null)".to_owned(),
        "('seite gelesen', 'ok', null, null, null)".to_owned(),
        "('page_read', 'fine', null, null, null)".to_owned(),
        "('page_read', 'ok', 'Befund Müller', null, null)".to_owned(),
        "('page_read', 'ok', 'a' || chr(13) || chr(10) || 'b', null, null)".to_owned(),
        "('page_read', 'ok', '{\"a\":1}', null, null)".to_owned(),
        "('page_read', 'ok', null, 'A Document', null)".to_owned(),
        format!("('page_read', 'ok', null, null, '{id}')"),
        "('page_read', 'ok', repeat('a', 49), null, null)".to_owned(),
    ] {
        let sql = format!("insert into audit_events (action, outcome, detail, object_kind, object_id) values {values}");
        let refused = tries(&backend, nobody, &sql).await;
        assert!(refused.is_err(), "{values}");
    }
    let net = tries(
        &backend,
        nobody,
        "insert into audit_events (action, outcome, address) values ('logout', 'ok', '10.0.0.0/8')",
    );
    assert!(net.await.is_err());
}
