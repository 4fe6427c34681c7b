//! Tables of earlier versions: what a plan and a dry run say of them, and that what comes out is what a new installation
//! has.

use futures::TryStreamExt;
use untxt_database::{
    Error,
    backup::{Layout, Migration, OLDEST_FOR_BACKUP, Restore, Snapshot},
    migrate::{compare, migrate, newest, plan, rehearse},
    testing::{Role, TestPostgres},
};

/// Before keys had a life, before the search.
const EARLIER: i64 = 17;

/// Two persons with a key each, as that version stored them.
const PERSONS: &str = "insert into users (id, login, password_hash, role)
        select ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'person ' || n, '-', 'user' from generate_series(1, 2) n;
    insert into owner_keys (owner_id, version, kms_key_id, wrapped, wrapped_index_key)
        select id, 1, 'local-1', '\\x01', '\\x02' from users";

/// Names everything in the catalog that a migration could have made, by the names that Postgres has for it.
const CATALOG: &str = "select
    (select string_agg(oid || ' ' || relname, ' ' order by oid) from pg_class where relnamespace = 'public'::regnamespace),
    (select string_agg(oid || ' ' || proname, ' ' order by oid) from pg_proc where pronamespace = 'public'::regnamespace),
    (select string_agg(oid || ' ' || polname, ' ' order by oid) from pg_policy),
    (select string_agg(attrelid || ' ' || attname, ' ' order by attrelid, attnum) from pg_attribute where attrelid > 16384)";

fn level(postgres: &TestPostgres) -> String {
    postgres.superuser_psql("select max(version) from _sqlx_migrations")
}

#[tokio::test]
async fn a_plan_names_what_is_pending_and_changes_nothing() {
    let postgres = TestPostgres::start_at(EARLIER).await;
    let _ = postgres.superuser_psql(PERSONS);
    let before = postgres.superuser_psql(CATALOG);
    let settings = postgres.settings(Role::Migrate);
    let found = plan(&settings).await.expect("a plan");
    assert_eq!((found.level, found.newest, found.old_keys), (EARLIER, newest(), None));
    let first = &found.pending[0];
    assert_eq!((first.version, first.description.as_str(), first.in_transaction), (18, "key lifecycle", true));
    assert!(first.tables.iter().any(|table| table.name == "owner_keys" && table.bytes > 0), "{first:?}");
    assert_eq!(found.pending.last().map(|last| last.version), Some(newest()));
    assert_eq!((postgres.superuser_psql(CATALOG), level(&postgres)), (before, EARLIER.to_string()));

    migrate(&settings).await.expect("migrated");
    let found = plan(&settings).await.expect("a plan");
    assert_eq!((found.level, found.pending.len(), found.old_keys), (newest(), 0, Some(2)));
}

#[tokio::test]
async fn a_plan_refuses_what_a_newer_version_left_and_what_was_changed() {
    let postgres = TestPostgres::start().await;
    let settings = postgres.settings(Role::Migrate);
    let _ = postgres.superuser_psql("update _sqlx_migrations set checksum = '\\x00' where version = 3");
    let changed = plan(&settings).await;
    assert!(matches!(&changed, Err(Error::Migration(_))), "{changed:?}");
    let newer = TestPostgres::start().await;
    let _ = newer.superuser_psql(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (9001, 'from the future', true, '', 0)",
    );
    let settings = newer.settings(Role::Migrate);
    assert!(matches!(plan(&settings).await, Err(Error::NewerData { found: 9001, .. })));
    assert!(matches!(rehearse(&settings).await, Err(Error::NewerData { found: 9001, .. })));
}

#[tokio::test]
async fn a_dry_run_does_everything_and_leaves_nothing() {
    let postgres = TestPostgres::start_at(EARLIER).await;
    let _ = postgres.superuser_psql(PERSONS);
    let before = postgres.superuser_psql(CATALOG);
    let settings = postgres.settings(Role::Migrate);
    let pending: Vec<_> = plan(&settings).await.expect("a plan").pending.iter().map(|one| one.version).collect();
    let found = rehearse(&settings).await.expect("rehearsed");
    assert_eq!(found.done.iter().map(|one| one.version).collect::<Vec<_>>(), pending);
    assert!(found.left.is_empty() && found.done[0].closed.contains(&"owner_keys".to_owned()), "{found:?}");
    assert_eq!((postgres.superuser_psql(CATALOG), level(&postgres)), (before, EARLIER.to_string()));
    assert_eq!(postgres.superuser_psql("select count(*) from owner_keys"), "2");
    migrate(&settings).await.expect("what was rehearsed works");
}

#[tokio::test]
async fn a_dry_run_tells_what_would_fail() {
    let postgres = TestPostgres::start_at(EARLIER).await;
    let _ = postgres.superuser_psql("set role untxt_owner; create table search_pages (of_somebody_else text)");
    let settings = postgres.settings(Role::Migrate);
    let refused = rehearse(&settings).await.expect_err("a table is in the way").to_string();
    assert!(refused.contains("search_pages"), "{refused}");
    assert_eq!(level(&postgres), EARLIER.to_string());
    // For real it stops in the same place, and goes on when the table is out of the way.
    migrate(&settings).await.expect_err("a table is in the way");
    assert_eq!(level(&postgres), "18");
    let _ = postgres.superuser_psql("drop table search_pages");
    migrate(&settings).await.expect("it goes on");
    assert!(compare(&settings).await.expect("compared").is_none());
}

#[tokio::test]
async fn tables_of_every_version_become_those_of_a_new_installation() {
    for earlier in [0, 1, 8, 12, EARLIER, newest() - 1] {
        let postgres = TestPostgres::start_at(earlier).await;
        let settings = postgres.settings(Role::Migrate);
        migrate(&settings).await.expect("migrated");
        let found = compare(&settings).await.expect("compared");
        assert!(found.is_none(), "from {earlier}: {found:#?}");
        assert!(found.compared > 400, "{} things", found.compared);
    }
}

#[tokio::test]
async fn whatever_differs_from_a_new_installation_is_named() {
    let postgres = TestPostgres::start().await;
    let settings = postgres.settings(Role::Migrate);
    let before = postgres.superuser_psql(CATALOG);
    assert!(compare(&settings).await.expect("compared").is_none());
    assert_eq!(postgres.superuser_psql(CATALOG), before, "comparing leaves nothing");
    for (change, missing, unexpected) in [
        ("drop index documents_owner_id_id_idx", "index documents_owner_id_id_idx", ""),
        ("create index mine on documents (created_at)", "", "index mine"),
        ("alter table documents no force row level security", "table documents", "table documents"),
        ("grant delete on users to untxt_worker", "table users", "table users"),
        ("grant select (metadata_sealed) on documents to untxt_worker", "column documents", "column documents"),
        ("drop policy documents_seen on documents", "policy documents.documents_seen", ""),
        ("alter table tasks disable trigger tasks_final", "trigger tasks.tasks_final", "trigger tasks.tasks_final"),
        ("alter table documents drop constraint documents_size_bytes_check", "constraint documents.", ""),
        ("alter table users alter column login drop not null", "column users.login", "column users.login"),
        ("grant execute on function count_keys() to public", "function count_keys()", "function count_keys()"),
        ("alter sequence search_positions increment by 2", "sequence search_positions", "sequence search_positions"),
    ] {
        let changed = TestPostgres::start().await;
        let _ = changed.superuser_psql(change);
        let found = compare(&changed.settings(Role::Migrate)).await.expect("compared");
        let is_named = |lines: &[String], start: &str| match start {
            "" => lines.is_empty(),
            start => lines.iter().any(|line| line.starts_with(start)),
        };
        assert!(is_named(&found.missing, missing) && is_named(&found.unexpected, unexpected), "{change}: {found:#?}");
    }
}

#[tokio::test]
async fn earlier_versions_can_be_backed_up_by_this_one() {
    for earlier in [OLDEST_FOR_BACKUP, 12, EARLIER, newest() - 1] {
        let postgres = TestPostgres::start_at(earlier).await;
        let _ = postgres.superuser_psql(PERSONS);
        let mut snapshot = Snapshot::take(&postgres.settings(Role::Backup)).await.expect("a snapshot");
        let layout = snapshot.layout().await.expect("a layout");
        assert!(layout.version() <= earlier);
        for table in &layout.tables {
            let rows: Vec<_> = snapshot.read(table).await.expect("rows").try_collect().await.expect("rows");
            assert!(!rows.is_empty(), "{}", table.name);
        }
        snapshot.sequences().await.expect("sequences");
        assert_eq!(snapshot.objects().await.expect("objects"), []);
        let keys = snapshot.one_owner_key_of_each_root().await.expect("keys");
        assert_eq!(keys.len(), 1, "at {earlier}");
        assert_eq!((keys[0].kms_key_id.as_str(), keys[0].index_generation), ("local-1", 1));
    }
}

/// Restores the persons and keys of a snapshot, those tables alone.
async fn restore_persons(from: &TestPostgres, to: &TestPostgres) -> untxt_database::Result<usize> {
    let mut snapshot = Snapshot::take(&from.settings(Role::Backup)).await?;
    let layout = snapshot.layout().await?;
    let mut restore = Restore::begin(&to.settings(Role::Migrate)).await?;
    assert!(restore.go_back_to(&layout).await?, "its tables are known");
    for table in
        layout.tables.iter().filter(|table| matches!(table.name.as_str(), "users" | "owner_keys" | "installation"))
    {
        let rows: Vec<_> = snapshot.read(table).await?.try_collect().await?;
        let mut incoming = restore.write(table).await?;
        incoming.send(&rows.concat()).await?;
        incoming.finish().await?;
    }
    let later = restore.migrate_on().await?;
    restore.settle().await?;
    restore.commit().await?;
    Ok(later)
}

#[tokio::test]
async fn rows_of_an_earlier_version_are_restored_and_migrated_on() {
    let (from, to) = (TestPostgres::start_at(EARLIER).await, TestPostgres::start().await);
    let _ = from.superuser_psql(PERSONS);
    let installation = to.superuser_psql("select id from installation");
    let later = restore_persons(&from, &to).await.expect("restored");
    assert_eq!(later, plan(&from.settings(Role::Migrate)).await.expect("a plan").pending.len());
    let keys = "select count(*), min(state), min(index_wrapped_by), min(encode(wrapped, 'hex')) from owner_keys";
    assert_eq!(to.superuser_psql(keys), "2|active|root|01");
    let tags =
        "select count(*) from owner_keys where wrapped_tag_key is null and (index_generation, tag_generation) = (1, 1)";
    assert_eq!(to.superuser_psql(tags), "2", "the index key is the tag key, until a worker wraps it for itself");
    assert_eq!(to.superuser_psql("select id from installation"), installation, "it stays what it was");
    assert!(compare(&to.settings(Role::Migrate)).await.expect("compared").is_none());
}

/// A document with a page that was read before there was an index, and one that was not.
const PAGES: &str = "insert into documents (
            id, owner_id, media_type, size_bytes, metadata_sealed, owner_key_version, wrapped_key, content_tag
        )
        select id, id, 'application/pdf', 1, '-', 1, '-', decode(repeat('07', 32), 'hex') from users;
    set session_replication_role = replica;
    insert into tasks (id, document_id, owner_id, languages, preset, text_mode, queue, last_seq, trace)
        select id, id, id, 'eng', 'auto', 'skip', 'interactive', 1, id from users;
    insert into pages (task_id, page_number, owner_id) select id, 1, id from users;
    update pages
        set
            state = 'done', ended_at = now(), width = 1, height = 1, dpi = 1, mean_confidence = 1, image_attempt = 1,
            image_media_type = 'image/png', content_sealed = '-'
        where owner_id::text like '%1'";

#[tokio::test]
async fn pages_of_before_the_index_are_a_gap_in_it() {
    let postgres = TestPostgres::start_at(EARLIER).await;
    let _ = postgres.superuser_psql(PERSONS);
    let _ = postgres.superuser_psql(PAGES);
    migrate(&postgres.settings(Role::Migrate)).await.expect("migrated");
    let gaps = postgres.superuser_psql("select string_agg(owner_id::text, ',') from search_gaps");
    assert_eq!(gaps, "00000000-0000-7000-8000-000000000001");
    let tags =
        postgres.superuser_psql("select count(*) from documents where tag_generation = 1 and content_tag is not null");
    assert_eq!(tags, "2", "they stay valid");
}

#[tokio::test]
async fn what_an_extension_brought_stays_where_it_is() {
    let (from, to) = (TestPostgres::start_at(EARLIER).await, TestPostgres::start().await);
    let _ = from.superuser_psql(PERSONS);
    let _ = to.superuser_psql(
        "create function public.theirs() returns int language sql as 'select 1';
        create table public.of_theirs (id int);
        create view public.seen as select public.theirs() as one;
        create sequence public.counted;
        alter extension plpgsql add function public.theirs();
        alter extension plpgsql add table public.of_theirs;
        alter extension plpgsql add view public.seen;
        alter extension plpgsql add sequence public.counted",
    );
    restore_persons(&from, &to).await.expect("restored");
    assert_eq!(to.superuser_psql("select count(*) from owner_keys"), "2");
    assert_eq!(to.superuser_psql("select one, (select count(*) from of_theirs) from seen"), "1|0");
    // Nor does it keep a backup from being taken, although it has no primary key.
    let mut snapshot = Snapshot::take(&to.settings(Role::Backup)).await.expect("a snapshot");
    let layout = snapshot.layout().await.expect("a layout");
    assert!(layout.tables.iter().all(|table| table.name != "of_theirs"));
}

#[tokio::test]
async fn a_backup_of_a_newer_or_a_strange_version_is_not_taken() {
    let (earlier, to) = (TestPostgres::start_at(EARLIER).await, TestPostgres::start().await);
    let before = to.superuser_psql(CATALOG);
    let mut snapshot = Snapshot::take(&earlier.settings(Role::Backup)).await.expect("a snapshot");
    let layout = snapshot.layout().await.expect("a layout");
    let mut newer = layout.clone();
    newer.migrations.push(Migration { version: 9001, checksum: "00".to_owned() });
    let mut changed = layout.clone();
    changed.migrations[3].checksum = "00".to_owned();
    let mut other_tables = layout;
    other_tables.tables.pop();
    for strange in [newer, changed, other_tables] {
        assert!(!goes_back(&to, &strange).await);
        assert_eq!(to.superuser_psql(CATALOG), before);
    }
}

async fn goes_back(to: &TestPostgres, layout: &Layout) -> bool {
    let mut restore = Restore::begin(&to.settings(Role::Migrate)).await.expect("begun");
    let is_known = restore.go_back_to(layout).await.expect("an answer");
    restore.abandon().await.expect("abandoned");
    is_known
}
