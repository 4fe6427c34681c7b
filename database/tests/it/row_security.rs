use sqlx::AssertSqlSafe;
use untxt_core::domain::SessionId;
use untxt_database::{
    Error, PgConnection, Result, documents, languages, owner_keys, pages, sessions, tasks, testing::TestPostgres,
};

use crate::fixtures::{LEASE, a_result, a_task_with_pages, a_user, claim_page};

const TABLES: [&str; 17] = [
    "users",
    "sessions",
    "api_tokens",
    "owner_keys",
    "documents",
    "tasks",
    "pages",
    "task_events",
    "shown_pages",
    "key_events",
    "search_segments",
    "search_gaps",
    "label_keys",
    "folders",
    "tags",
    "document_tags",
    "document_retention",
];

/// Which of them are views.
const VIEWS: [&str; 2] = ["shown_pages", "document_retention"];

async fn count(conn: &mut PgConnection, table: &str) -> Result<i64> {
    Ok(sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(conn).await?)
}

#[tokio::test]
async fn every_table_is_protected_from_its_owner_too() {
    let postgres = TestPostgres::start().await;
    let open = postgres.superuser_psql(
        "select relname from pg_class
        where relkind in ('r', 'p', 'v', 'm') and relnamespace = 'public'::regnamespace
            and not (relrowsecurity and relforcerowsecurity)
            -- a view that reads in the name of who asks
            and not (relkind = 'v' and reloptions @> array['security_invoker=true'])",
    );
    assert_eq!(open, "_sqlx_migrations");
    let tables = postgres.superuser_psql(
        "select string_agg(tablename, ',' order by tablename) from pg_tables
        where schemaname = 'public' and tablename <> '_sqlx_migrations'",
    );
    // what is nobody's in particular, and what only workers see
    // and the tokens of pages, which the backend asks functions for
    let others = [
        "second_factors",
        "recovery_codes",
        "shreds",
        "legal_holds",
        "invitations",
        "password_resets",
        "identities",
        "pending_logins",
        "passkeys",
        "passkey_challenges",
        "login_failures",
        "audit_events",
        "audit_unsealed",
        "audit_batches",
        "search_pages",
        "search_tokens",
        "search_tokens_left",
        "installation",
        "installed_languages",
        "workers",
        "turns",
        "dead_letters",
        "integrity_checks",
        "teams",
        "team_members",
        "shares",
        "links",
        "link_sessions",
        "page_usage",
        "quotas",
        "emergency_accesses",
        "emergency_reads",
    ];
    let mut known = [&TABLES[..], &others].concat();
    known.retain(|name| !VIEWS.contains(name));
    known.sort_unstable();
    assert_eq!(tables, known.join(","));
    let strong = postgres.superuser_psql(
        "select rolname from pg_roles where rolname like 'untxt%'
            and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)",
    );
    // It reads everything, and changes nothing.
    assert_eq!(strong, "untxt_backup");
    let writable = postgres.superuser_psql(
        "select count(*) from information_schema.role_table_grants
        where grantee = 'untxt_backup' and privilege_type <> 'SELECT'",
    );
    assert_eq!(writable, "0");
    // But it writes down that it did.
    let added = postgres.superuser_psql(
        "select distinct table_name, privilege_type from information_schema.role_column_grants
        where grantee = 'untxt_backup' and privilege_type <> 'SELECT'",
    );
    assert_eq!(added, "audit_events|INSERT");
}

#[tokio::test]
async fn the_backend_sees_what_its_actor_owns_and_nothing_without_one() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await;
    let bob = a_user(&backend, "bob").await;
    let task = a_task_with_pages(&backend, &worker, alice.as_owner(), 2).await;
    let page = claim_page(&worker, task, LEASE).await.expect("a page");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &page, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    sessions::create(&mut tx, SessionId::generate(), alice, &[1; 32], LEASE).await.expect("a session");
    tx.commit().await.expect("committed");

    let _ = postgres.superuser_psql(&format!(
        "insert into search_gaps values ('{alice}');
         insert into label_keys values ('{alice}', 1, '');
        insert into api_tokens (id, user_id, name, secret_hash, scopes, expires_at)
            values (gen_random_uuid(), '{alice}', 'n', sha256('x'), '{{search}}', now() + interval '1 day');
        insert into folders (id, owner_id, name_sealed, colour) values (gen_random_uuid(), '{alice}', '', '#000000');
        insert into tags (id, owner_id, name_sealed, colour) values (gen_random_uuid(), '{alice}', '', '#000000');
        insert into document_tags select d.id, t.id, d.owner_id from documents d cross join tags t"
    ));

    let mut nobody = backend.begin_system().await.expect("a transaction");
    let mut as_alice = backend.begin_as(alice).await.expect("a transaction");
    let mut as_bob = backend.begin_as(bob).await.expect("a transaction");
    for table in TABLES {
        assert_eq!(count(&mut nobody, table).await.expect("a count"), 0, "{table}");
        assert!(count(&mut as_alice, table).await.expect("a count") > 0, "{table}");
        let own = i64::from(["users", "owner_keys", "key_events"].contains(&table));
        assert_eq!(count(&mut as_bob, table).await.expect("a count"), own, "{table}");
    }
    let document = tasks::find(&mut as_alice, task).await.expect("an answer").expect("the task").document;
    assert_eq!(documents::find(&mut as_bob, document).await.expect("an answer"), None);
    assert_eq!(
        documents::shred(&mut as_bob, document, documents::ShredWish::AtOnce).await.expect("an answer"),
        documents::Shredding::NotThere
    );
    let list = documents::list(&mut as_bob, alice.as_owner(), &documents::Filter::default(), 10).await.expect("a list");
    assert!(list.is_empty());
    let stolen = owner_keys::find_current(&mut as_bob, alice.as_owner()).await.expect("an answer");
    assert_eq!(stolen, None);
}

#[tokio::test]
async fn nobody_writes_in_the_name_of_another() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let bob = a_user(&backend, "bob").await;
    let mut tx = backend.begin_as(bob).await.expect("a transaction");
    let forged = sessions::create(&mut tx, SessionId::generate(), alice, &[1; 32], LEASE).await;
    assert!(matches!(forged, Err(Error::Refused(_))), "{forged:?}");
}

#[tokio::test]
async fn an_actor_ends_with_its_transaction() {
    let postgres = TestPostgres::start().await;
    let mut settings = postgres.settings(untxt_database::testing::Role::Backend);
    settings.max_connections = 1;
    let backend = untxt_database::Database::connect(&settings, "one").await.expect("a connection");
    a_user(&backend, "alice").await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(count(&mut tx, "users").await.expect("a count"), 0);
}

#[tokio::test]
async fn a_worker_reads_no_people_names_or_tags_and_documents_as_their_owner_only() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await;
    let task = a_task_with_pages(&backend, &worker, alice.as_owner(), 1).await;

    for (sql, allowed) in [
        ("select count(*) from tasks", true),
        ("select count(*) from pages", true),
        ("select count(*) from users", false),
        ("select count(*) from sessions", false),
        ("select count(*) from api_tokens", false),
        ("select count(*) from find_api_token('')", false),
        ("select count(*) from task_events", false),
        ("select count(position) from search_pages", true),
        ("select count(tokens) from search_pages", false),
        ("select count(*) from search_tokens", false),
        ("select count(token) from search_tokens_left", false),
        ("select count(keep_until) from document_retention", true),
        ("select count(keep_days) from folders", true),
        ("select count(name_sealed) from folders", false),
        ("select count(*) from tags", false),
        ("select count(*) from document_tags", false),
        ("select count(metadata_sealed) from documents", false),
        ("select count(content_tag) from documents", false),
        ("select count(*) from find_credentials('alice')", false),
        ("with x as (delete from tasks returning 1) select count(*) from x", false),
        ("with x as (update tasks set owner_id = id returning 1) select count(*) from x", false),
        ("with x as (update documents set size_bytes = 1 returning 1) select count(*) from x", false),
    ] {
        let mut tx = worker.begin_as(alice).await.expect("a transaction");
        let answer: std::result::Result<i64, _> = sqlx::query_scalar(sql).fetch_one(&mut *tx).await;
        assert_eq!(answer.is_ok(), allowed, "{sql}: {answer:?}");
    }
    // It may only once their time in the trash is over.
    for table in ["pages", "documents"] {
        let mut tx = worker.begin_as(alice).await.expect("a transaction");
        let sql = format!("with x as (delete from {table} returning 1) select count(*) from x");
        assert_eq!(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *tx).await.ok(), Some(0_i64), "{table}");
    }
    let mut tx = worker.begin_system().await.expect("a transaction");
    let document = tasks::find(&mut tx, task).await.expect("an answer").expect("the task").document;
    assert_eq!(documents::find_source(&mut tx, document).await.expect("an answer"), None);
    let mut tx = worker.begin_as(alice).await.expect("a transaction");
    assert!(documents::find_source(&mut tx, document).await.expect("an answer").is_some());
    assert!(owner_keys::find(&mut tx, alice.as_owner(), 1).await.expect("an answer").is_some());
}

#[tokio::test]
async fn only_workers_tell_which_languages_are_installed() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let codes = ["eng".to_owned(), "deu".to_owned()];
    for _ in 0..2 {
        let mut tx = worker.begin_system().await.expect("a transaction");
        languages::report(&mut tx, &codes).await.expect("reported");
        tx.commit().await.expect("committed");
    }
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(languages::list(&mut tx).await.expect("a list"), ["deu", "eng"]);
    let forged = languages::report(&mut tx, &codes).await;
    assert!(forged.is_err(), "{forged:?}");
}

#[tokio::test]
async fn a_worker_knows_no_teams_and_no_shares() {
    let postgres = TestPostgres::start().await;
    let worker = postgres.worker().await;
    for table in ["teams", "team_members", "shares", "legal_holds"] {
        let mut tx = worker.begin_system().await.expect("a transaction");
        let refused = count(&mut tx, table).await.expect_err("refused");
        assert!(matches!(refused, Error::Refused(_)), "{table}: {refused}");
    }
}
