use std::{collections::BTreeMap, time::Duration};

use futures::TryStreamExt;
use untxt_core::{
    domain::{FolderId, Scope, SessionId, TagId, TaskId, TokenId, UserId},
    storage::ObjectKey,
};
use untxt_database::{
    Error,
    backup::{CleanUpPause, Layout, Restore, Sequence, Snapshot, Table},
    objects, pages, sessions, tasks,
    testing::{Role, TestPostgres},
    tokens::{self, NewToken},
};

use crate::fixtures::{LEASE, MAX_ATTEMPTS, a_document, a_result, a_task_with_pages, a_user, claim_page, claim_task};

/// Everything that a snapshot gives.
struct Taken {
    layout: Layout,
    sequences: Vec<Sequence>,
    rows: BTreeMap<String, Vec<u8>>,
    objects: Vec<ObjectKey>,
}

async fn take(postgres: &TestPostgres) -> Taken {
    let mut snapshot = Snapshot::take(&postgres.settings(Role::Backup)).await.expect("a snapshot");
    let (layout, sequences) =
        (snapshot.layout().await.expect("a layout"), snapshot.sequences().await.expect("sequences"));
    let mut rows = BTreeMap::new();
    for table in &layout.tables {
        rows.insert(table.name.clone(), read(&mut snapshot, table).await.expect("rows"));
    }
    let objects = snapshot.objects().await.expect("objects");
    snapshot.close().await.expect("closed");
    Taken { layout, sequences, rows, objects }
}

async fn read(snapshot: &mut Snapshot, table: &Table) -> untxt_database::Result<Vec<u8>> {
    let pieces: Vec<_> = snapshot.read(table).await?.try_collect().await?;
    Ok(pieces.concat())
}

async fn restore(postgres: &TestPostgres, taken: &Taken) -> untxt_database::Result<u64> {
    let mut restore = Restore::begin(&postgres.settings(Role::Migrate)).await?;
    assert_eq!(restore.layout().await?, taken.layout);
    for table in &taken.layout.tables {
        let rows = &taken.rows[&table.name];
        let mut incoming = restore.write(table).await?;
        // Pieces of an odd size, as they come out of a file.
        for piece in rows.chunks(1013) {
            incoming.send(piece).await?;
        }
        incoming.finish().await?;
        let stored: Vec<_> = restore.read(table).await?.try_collect().await?;
        assert!(stored.concat() == *rows, "the rows of {} come back byte by byte", table.name);
    }
    restore.set_sequences(&taken.sequences).await?;
    let open = restore.settle().await?;
    restore.commit().await?;
    Ok(open)
}

/// Fills a database: a page that is read, one that is being read, one that waits; a task that is being looked into, and
/// one that waits; a login.
async fn fill(postgres: &TestPostgres) -> TaskId {
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await;
    let task = a_task_with_pages(&backend, &worker, alice.as_owner(), 3).await;
    let first = claim_page(&worker, task, LEASE).await.expect("claimed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    pages::complete(&mut tx, &first, &a_result(0.9)).await.expect("completed");
    tx.commit().await.expect("committed");
    claim_page(&worker, task, LEASE).await.expect("claimed");
    let bob = a_user(&backend, "bob").await;
    let inspected = a_document(&backend, bob.as_owner()).await.task.id;
    claim_task(&worker, inspected, LEASE).await.expect("claimed");
    a_document(&backend, bob.as_owner()).await;
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    sessions::create(&mut tx, SessionId::generate(), alice, &[1; 32], LEASE).await.expect("a session");
    let (id, hash, scopes) = (TokenId::generate(), &[2; 32], &[Scope::Search][..]);
    let token = NewToken { id, user: alice, name: "scanner", hash, scopes, life: LEASE };
    tokens::create(&mut tx, token, 9).await.expect("stored").expect("few");
    tx.commit().await.expect("committed");
    file_all(postgres, alice);
    share_all(postgres, alice, bob);
    task
}

/// Has somebody share a folder with another, who shares it on with a team that its maker has left.
fn share_all(postgres: &TestPostgres, owner: UserId, other: UserId) {
    let (team, first, later) = (UserId::generate(), UserId::generate(), UserId::generate());
    let folder = format!("(select id from folders where owner_id = '{owner}' and parent_id is not null)");
    let _ = postgres.superuser_psql(&format!(
        "insert into teams (id, name, created_by) values ('{team}', 'ward', '{owner}');
        insert into team_members (team_id, user_id, is_manager) values ('{team}', '{other}', true);
        delete from team_members where team_id = '{team}' and user_id = '{owner}';
        insert into shares (id, owner_id, folder_id, user_id, rank, granted_by)
            values ('{later}', '{owner}', {folder}, '{other}', 3, '{owner}');
        insert into shares (id, owner_id, folder_id, team_id, rank, granted_by)
            values ('{first}', '{owner}', {folder}, '{team}', 1, '{other}')"
    ));
}

/// Puts all documents of a person into a folder that was made before the one that it is in, and gives them a tag.
fn file_all(postgres: &TestPostgres, owner: UserId) {
    let (low, top, tag) = (FolderId::generate(), FolderId::generate(), TagId::generate());
    let _ = postgres.superuser_psql(&format!(
        "insert into label_keys (owner_id, owner_key_version, wrapped_key) values ('{owner}', 1, 'wrapped');
        insert into folders (id, owner_id, parent_id, name_sealed, colour, keep_days) values
            ('{low}', '{owner}', '{top}', 'sealed', '#000000', null), ('{top}', '{owner}', null, 'sealed', '#000000', 9);
        insert into tags (id, owner_id, name_sealed, colour) values ('{tag}', '{owner}', 'sealed', '#000000');
        update documents set folder_id = '{low}' where owner_id = '{owner}';
        insert into document_tags select id, '{tag}', owner_id from documents where owner_id = '{owner}'"
    ));
}

/// What a later migration might bring.
const LATER: &str = "set role untxt_owner;
    create sequence counted;
    create table later (
        id bigint primary key generated always as identity,
        label text,
        twice bigint generated always as (id * 2) stored
    );
    alter table later enable row level security;
    alter table later force row level security";

/// What a person of a fresh installation finds: one admin, and no more.
async fn a_fresh_installation() -> TestPostgres {
    let postgres = TestPostgres::start().await;
    let _ = postgres.superuser_psql(
        "insert into users (id, login, password_hash, role) values (gen_random_uuid(), 'admin', '-', 'admin');
        insert into installed_languages (code) values ('eng')",
    );
    postgres
}

#[tokio::test]
async fn no_table_and_no_column_is_left_out() {
    let postgres = TestPostgres::start().await;
    let _ = postgres.superuser_psql(LATER);
    let mut snapshot = Snapshot::take(&postgres.settings(Role::Backup)).await.expect("a snapshot");
    let layout = snapshot.layout().await.expect("a layout");
    let mut found: Vec<_> = layout
        .tables
        .iter()
        .flat_map(|table| table.columns.iter().map(move |column| format!("{}.{column}", table.name)))
        .collect();
    found.sort_unstable();
    let there = postgres.superuser_psql(
        "select table_name || '.' || column_name
        from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and is_generated = 'NEVER'
            and table_name <> '_sqlx_migrations'
        order by (table_name || '.' || column_name)::text collate \"C\"",
    );
    assert_eq!(found, there.lines().collect::<Vec<_>>());
    assert!(found.contains(&"later.label".to_owned()) && !found.contains(&"later.twice".to_owned()));
    for table in &layout.tables {
        read(&mut snapshot, table).await.expect("every table can be read");
    }
    assert!(layout.version() >= 6);
}

#[tokio::test]
async fn what_is_restored_is_the_same_and_goes_on() {
    let from = TestPostgres::start().await;
    let _ = from.superuser_psql(LATER);
    let _ = from.superuser_psql(
        "select nextval('counted') from generate_series(1, 3);
        insert into later (label) values ('one'), ('two')",
    );
    let task = fill(&from).await;
    let taken = take(&from).await;
    assert_eq!(taken.objects.len(), 4, "three documents and a picture: {:?}", taken.objects);

    let to = a_fresh_installation().await;
    let _ = to.superuser_psql(LATER);
    assert_eq!(restore(&to, &taken).await.expect("restored"), 3);

    let counts = "select (select count(*) from users), (select count(*) from documents), (select count(*) from pages),
        (select count(*) from task_events), (select string_agg(login, ',' order by login) from users)";
    assert_eq!(to.superuser_psql(counts), from.superuser_psql(counts));
    let filed = "select folder_id, tag_id, keep_until from documents d
        join document_tags t on t.document_id = d.id
        join document_retention r on r.document_id = d.id and keep_until is not null";
    assert_eq!(to.superuser_psql(filed), from.superuser_psql(filed));
    assert!(!to.superuser_psql(filed).is_empty(), "it is in its folder, has its tag, and is kept");
    assert_eq!(to.superuser_psql("select nextval('counted')"), "4");
    let added = to.superuser_psql("insert into later (label) values ('three'); select id, twice from later order by 1");
    assert_eq!(added, "1|2\n2|4\n3|6");
    assert_eq!(to.superuser_psql("select count(*) from sessions where ended_at is null"), "0", "logins are over");
    assert_eq!(to.superuser_psql("select count(*) from api_tokens"), "0", "one may have been revoked since");
    assert_eq!(to.superuser_psql("select count(*) from tasks where lease_token is not null"), "0");
    let pages = format!("select state, tries from pages where task_id = '{task}' order by page_number");
    assert_eq!(to.superuser_psql(&pages), "done|1\nqueued|0\nqueued|0", "handed back, and no attempt was used");
    let guards = "select string_agg(tgname::text || tgenabled::text, ',' order by tgname) from pg_trigger where not tgisinternal";
    assert_eq!(to.superuser_psql(guards), from.superuser_psql(guards));
    let open = "select count(*) from pg_class where relrowsecurity and not relforcerowsecurity";
    assert_eq!(to.superuser_psql(open), "0");

    let worker = to.worker().await;
    let mut tx = worker.begin_system().await.expect("a transaction");
    let pushed = tasks::sweep(&mut tx, MAX_ATTEMPTS, Duration::ZERO).await.expect("swept");
    assert_eq!(pushed.len(), 3, "the sweeper wakes what is not ended");
    drop(tx);
    claim_page(&worker, task, LEASE).await.expect("a page can be claimed again");
}

#[tokio::test]
async fn a_snapshot_is_one_moment() {
    let postgres = TestPostgres::start().await;
    fill(&postgres).await;
    let mut snapshot = Snapshot::take(&postgres.settings(Role::Backup)).await.expect("a snapshot");
    let before = snapshot.objects().await.expect("objects").len();
    let backend = postgres.backend().await;
    let carol = a_user(&backend, "carol").await;
    a_document(&backend, carol.as_owner()).await;
    assert_eq!(snapshot.objects().await.expect("objects").len(), before);
    snapshot.close().await.expect("closed");
    assert_eq!(take(&postgres).await.objects.len(), before + 1);
}

#[tokio::test]
async fn an_installation_in_use_is_left_alone() {
    let from = TestPostgres::start().await;
    fill(&from).await;
    let taken = take(&from).await;
    let used = TestPostgres::start().await;
    fill(&used).await;
    let before = used.superuser_psql("select id from documents order by 1");
    let refused = restore(&used, &taken).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    let given_up = a_fresh_installation().await;
    let restore = Restore::begin(&given_up.settings(Role::Migrate)).await.expect("begun");
    restore.abandon().await.expect("abandoned");
    assert_eq!(used.superuser_psql("select id from documents order by 1"), before);
    assert_eq!(given_up.superuser_psql("select login from users"), "admin");
}

#[tokio::test]
async fn nobody_cleans_up_the_store_while_objects_wait_for_their_rows() {
    let postgres = TestPostgres::start().await;
    let worker = postgres.worker().await;
    let settings = postgres.settings(Role::Migrate);
    let mut tx = a_transaction(&worker).await;
    assert!(objects::try_begin_clean_up(&mut tx).await.expect("an answer"));
    assert!(CleanUpPause::begin(&settings).await.expect("an answer").is_none(), "a worker is at it");
    drop(tx);
    let mut waiting = 0;
    let mut pause = loop {
        // The rollback of a transaction that was dropped takes a moment.
        match CleanUpPause::begin(&settings).await.expect("an answer") {
            Some(pause) => break pause,
            None if waiting < 100 => waiting += 1,
            None => panic!("the worker has ended long ago"),
        }
    };
    let mut tx = a_transaction(&worker).await;
    assert!(!objects::try_begin_clean_up(&mut tx).await.expect("an answer"), "objects are being restored");
    pause.check().await.expect("it lasts");
}

#[tokio::test]
async fn rows_that_break_a_constraint_are_refused_altogether() {
    let from = TestPostgres::start().await;
    fill(&from).await;
    let mut taken = take(&from).await;
    let nobody = a_fresh_installation().await;
    let nothing = take(&nobody).await.rows["owner_keys"].clone();
    taken.rows.insert("owner_keys".to_owned(), nothing);
    let refused = restore(&nobody, &taken).await;
    assert!(matches!(&refused, Err(Error::Conflict(name)) if name == "documents_owner_key_fkey"), "{refused:?}");
    assert_eq!(nobody.superuser_psql("select login from users"), "admin", "nothing has happened");
}

#[tokio::test]
async fn only_the_backup_role_reads_everything_and_it_changes_nothing() {
    let postgres = TestPostgres::start().await;
    fill(&postgres).await;
    let mut as_worker = Snapshot::take(&postgres.settings(Role::Worker)).await.expect("a snapshot");
    let layout = take(&postgres).await.layout;
    let documents = layout.tables.iter().find(|table| table.name == "documents").expect("the table");
    assert!(read(&mut as_worker, documents).await.is_err(), "less than everything is an error");

    let backup = postgres.connect(Role::Backup).await;
    for sql in ["delete from pages", "update users set role = 'admin'", "insert into installed_languages values ('x')"]
    {
        let mut tx = a_transaction(&backup).await;
        assert!(sqlx::query(sql).execute(&mut *tx).await.is_err(), "{sql}");
    }
}

async fn a_transaction(database: &untxt_database::Database) -> untxt_database::Transaction {
    database.begin_system().await.expect("a transaction")
}

#[tokio::test]
async fn pages_come_some_at_a_time_and_each_once() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let alice = a_user(&backend, "alice").await;
    let task = a_task_with_pages(&backend, &worker, alice.as_owner(), 5).await;
    while let Some(claimed) = claim_page(&worker, task, LEASE).await {
        let mut tx = a_transaction(&worker).await;
        pages::complete(&mut tx, &claimed, &a_result(0.9)).await.expect("completed");
        tx.commit().await.expect("committed");
    }
    let mut snapshot = Snapshot::take(&postgres.settings(Role::Backup)).await.expect("a snapshot");
    let document = snapshot.documents(None, 10).await.expect("documents")[0].id;
    let (mut seen, mut last) = (Vec::new(), None);
    loop {
        let some = snapshot.pages(document, last, 2).await.expect("pages");
        assert!(some.len() <= 2, "no more than were asked for");
        let Some(page) = some.last() else { break };
        last = Some((page.task, page.number));
        seen.extend(some.iter().map(|page| (page.task, page.number.get())));
    }
    assert_eq!(seen, [1, 2, 3, 4, 5].map(|number| (task, number)));
}
