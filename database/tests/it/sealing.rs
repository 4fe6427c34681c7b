//! Batches of the record: nothing is lost on the way into them, and whatever a superuser does to it later is named.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sqlx::AssertSqlSafe;
use time::OffsetDateTime;
use untxt_core::{
    audit::{
        AuditAction, AuditEntry, AuditFormat, AuditOutcome, AuditReport, AuditVerifier, BatchHead, Finding, SignedHead,
    },
    domain::UserId,
    receipts::SigningKey,
};
use untxt_database::{
    Database, audit, installation,
    testing::{Role, TestPostgres},
};

const AT_ONCE: u32 = 2000;

/// Lets whoever is superuser change what never changes.
const AS_ATTACKER: &str = "set session_replication_role = replica;";

fn key() -> SigningKey {
    SigningKey::generate().expect("a key")
}

async fn record(database: &Database, entries: usize) {
    let mut tx = database.begin_system().await.expect("a transaction");
    for _ in 0..entries {
        let entry = AuditEntry::new(AuditAction::PageRead, AuditOutcome::Ok);
        audit::record(&mut tx, &AuditEntry { actor: Some(UserId::generate()), ..entry }).await.expect("recorded");
    }
    tx.commit().await.expect("committed");
}

/// Seals once, as a worker does; gives the head if there was something to seal.
async fn seal(worker: &Database, key: &SigningKey) -> Option<(BatchHead, SignedHead)> {
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert!(audit::try_begin_sealing(&mut tx).await.expect("an answer"));
    let last = audit::last_head(&mut tx).await.expect("an answer");
    let sealed = audit::seal_next(&mut tx, key, last, None, AT_ONCE).await.expect("sealed");
    tx.commit().await.expect("committed");
    sealed
}

async fn seal_all(worker: &Database, key: &SigningKey) {
    while seal(worker, key).await.is_some() {}
}

async fn export(database: &Database) -> String {
    let (mut walk, mut text) = (audit::AuditWalk::new(None, None), String::new());
    loop {
        let mut tx = database.begin_system().await.expect("a transaction");
        let lines = walk.next(&mut tx).await.expect("a step");
        if lines.is_empty() {
            return text;
        }
        lines.iter().for_each(|line| AuditFormat::Jsonl.write(line, &mut text));
    }
}

async fn verify(postgres: &TestPostgres, key: &SigningKey, heads: &[SignedHead]) -> AuditReport {
    let text = export(&postgres.worker().await).await;
    let mut verifier = AuditVerifier::new(vec![key.public()], heads);
    text.lines().for_each(|line| verifier.take(line));
    verifier.finish()
}

/// Puts rows into the record in one statement.
fn fill(postgres: &TestPostgres, rows: u32) {
    let _ = postgres.superuser_psql(&format!(
        "insert into audit_events (at, action, outcome, actor, object_kind, object_id, page_number, address)
        select now(), 'page_read', 'ok', gen_random_uuid(), 'document', gen_random_uuid(),
            1 + n % 100, '192.0.2.7'
        from generate_series(1, {rows}) n"
    ));
}

#[tokio::test]
async fn of_a_hundred_thousand_rows_each_that_was_tampered_with_is_named() {
    let postgres = TestPostgres::start().await;
    let (worker, key) = (postgres.worker().await, key());
    fill(&postgres, 100_000);
    seal_all(&worker, &key).await;
    let report = verify(&postgres, &key, &[]).await;
    assert_eq!((report.is_good(), report.batches, report.rows), (true, 50, 100_000), "{:?}", report.findings);

    let tampered = postgres.superuser_psql(&format!(
        "{AS_ATTACKER}
        update audit_events set actor = gen_random_uuid() where position = 31415;
        delete from audit_events where position = 27182;
        -- 70000 and 70001 change places
        update audit_events one set (at, actor, object_id, page_number) = (
            select at, actor, object_id, page_number from audit_events other where other.position = 140001 - one.position
        ) where position in (70000, 70001);
        insert into audit_events (position, at, action, outcome)
            overriding system value values (200000, now() - interval '10 hours', 'logout', 'ok')"
    ));
    assert_eq!(tampered, "");
    let found = verify(&postgres, &key, &[]).await;
    let of = |number: u64| (number, i64::try_from(number).expect("a position"));
    let expected = [(27182, "removed"), (31415, "changed"), (70000, "changed"), (70001, "changed")];
    for (number, what) in expected {
        let (number, position) = of(number);
        let finding = match what {
            "removed" => Finding::RowRemoved { number, position },
            _ => Finding::RowChanged { number, position },
        };
        assert!(found.findings.contains(&finding), "{finding}: {:?}", found.findings);
    }
    let inserted = |finding: &&Finding| matches!(finding, Finding::RowInserted { number: None, position: 200_000, .. });
    assert_eq!(found.findings.iter().filter(inserted).count(), 1, "{:?}", found.findings);
    assert_eq!(found.findings.len(), 5, "and nothing else: {:?}", found.findings);
}

#[tokio::test]
async fn batches_that_a_superuser_removes_or_changes_are_named() {
    let postgres = TestPostgres::start().await;
    let (worker, key) = (postgres.worker().await, key());
    let mut heads = Vec::new();
    for _ in 0..4 {
        record(&worker, 3).await;
        heads.push(seal(&worker, &key).await.expect("sealed").1);
    }
    assert!(verify(&postgres, &key, &heads).await.is_good());
    let copy = "create table kept as table audit_batches";
    let _ = postgres.superuser_psql(copy);
    for (change, expected) in [
        ("delete from audit_batches where number = 2", Finding::BatchesMissing { first: 2, last: 2 }),
        (
            "update audit_batches set positions = array[1, 2, 4] where number = 2",
            Finding::LeavesChanged { number: 2, first: 4, last: 6 },
        ),
        (
            "update audit_batches set positions = null, hashes = null where number = 2",
            Finding::LeavesMissing { number: 2 },
        ),
        ("delete from audit_batches where number = 4", Finding::HeadMissing { number: 4 }),
    ] {
        let _ = postgres.superuser_psql(&format!("{AS_ATTACKER} {change}"));
        let findings = verify(&postgres, &key, &heads).await.findings;
        assert!(findings.contains(&expected), "{change}: {findings:?}");
        let _ = postgres.superuser_psql(&format!(
            "{AS_ATTACKER} delete from audit_batches; insert into audit_batches select * from kept"
        ));
    }
    // Rows and batches of the end, removed together: only a head that was kept elsewhere tells.
    let _ = postgres.superuser_psql(&format!(
        "{AS_ATTACKER} delete from audit_events where position > 9; delete from audit_batches where number = 4"
    ));
    assert!(verify(&postgres, &key, &[]).await.is_good());
    assert_eq!(verify(&postgres, &key, &heads).await.findings, [Finding::HeadMissing { number: 4 }]);
    record(&worker, 1).await;
    seal_all(&worker, &key).await;
    assert_eq!(verify(&postgres, &key, &heads).await.findings, [Finding::HeadMissing { number: 4 }], "also later");
}

#[tokio::test]
async fn writers_and_sealers_at_once_lose_nothing() {
    const WRITERS: usize = 8;
    const EACH: usize = 40;
    let postgres = TestPostgres::start().await;
    let (backend, worker, key) = (postgres.backend().await, postgres.worker().await, key());
    // It takes its place first and is committed last.
    let mut late = backend.begin_system().await.expect("a transaction");
    let entry = AuditEntry::new(AuditAction::Logout, AuditOutcome::Ok);
    audit::record(&mut late, &entry).await.expect("recorded");
    let write = async |writer: usize| {
        for turn in 0..EACH {
            let mut tx = backend.begin_system().await.expect("a transaction");
            let entry = AuditEntry::new(AuditAction::PageRead, AuditOutcome::Ok);
            audit::record(&mut tx, &entry).await.expect("recorded");
            tokio::time::sleep(Duration::from_millis(((writer + turn) % 5) as u64)).await;
            if turn % 10 == 9 {
                drop(tx);
            } else {
                tx.commit().await.expect("committed");
            }
        }
    };
    let is_written = AtomicBool::new(false);
    let writing = async {
        futures::future::join_all((0..WRITERS).map(write)).await;
        is_written.store(true, Ordering::SeqCst);
    };
    let sealing = async {
        let mut sealed = 0;
        while !is_written.load(Ordering::SeqCst) {
            sealed += seal(&worker, &key).await.map_or(0, |(head, _)| head.rows);
        }
        sealed
    };
    let ((), sealed) = tokio::join!(writing, sealing);
    assert!(sealed > 0, "some were sealed meanwhile");
    seal_all(&worker, &key).await;
    late.commit().await.expect("committed");
    seal_all(&worker, &key).await;
    let report = verify(&postgres, &key, &[]).await;
    assert_eq!((report.findings.as_slice(), report.rows, report.unsealed), (&[][..], 8 * 36 + 1, 0));
    let last = postgres.superuser_psql("select position from audit_events where action = 'logout'");
    let number = postgres.superuser_psql(
        "select b.first_row + array_position(b.positions, e.position) - 1 = 289
        from audit_batches b join audit_events e on e.position = any (b.positions) where e.action = 'logout'",
    );
    assert_eq!((last.as_str(), number.as_str()), ("1", "t"), "begun first, sealed last");
}

#[tokio::test]
async fn who_is_killed_while_sealing_has_sealed_nothing_and_two_never_seal_at_once() {
    let postgres = TestPostgres::start().await;
    let (worker, key) = (postgres.worker().await, key());
    record(&worker, 5).await;
    let mut killed = worker.begin_system().await.expect("a transaction");
    assert!(audit::try_begin_sealing(&mut killed).await.expect("an answer"));
    let sealed = audit::seal_next(&mut killed, &key, None, None, AT_ONCE).await.expect("sealed").expect("a batch");
    assert_eq!(sealed.0.rows, 5);
    let mut other = worker.begin_system().await.expect("a transaction");
    assert!(!audit::try_begin_sealing(&mut other).await.expect("an answer"), "somebody does");
    let gone = postgres.superuser_psql(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where state = 'idle in transaction' and query like '%audit_unsealed%' and datname = current_database()",
    );
    assert_eq!(gone, "1");
    killed.commit().await.expect_err("it is dead");
    drop(other);
    record(&worker, 1).await;
    let (head, _) = seal(&worker, &key).await.expect("sealed");
    assert_eq!((head.number, head.first, head.rows), (1, 1, 6));
    let report = verify(&postgres, &key, &[]).await;
    assert_eq!((report.is_good(), report.rows), (true, 6));
}

#[tokio::test]
async fn a_row_that_was_removed_before_it_was_sealed_leaves_a_hole_that_is_named() {
    let postgres = TestPostgres::start().await;
    let (worker, key) = (postgres.worker().await, key());
    record(&worker, 3).await;
    let _ = postgres.superuser_psql(&format!("{AS_ATTACKER} delete from audit_events where position = 2"));
    seal_all(&worker, &key).await;
    let findings = verify(&postgres, &key, &[]).await.findings;
    assert_eq!(findings, [Finding::RowRemovedBeforeSeal { number: 2, position: 2 }]);
}

#[tokio::test]
async fn only_what_is_older_than_six_years_goes_and_heads_stay() {
    let postgres = TestPostgres::start().await;
    let (worker, key) = (postgres.worker().await, key());
    let mut tx = worker.begin_system().await.expect("a transaction");
    let installation = installation::id(&mut tx).await.expect("an id");
    let now = postgres.superuser_psql("select extract(epoch from now())::bigint").parse().expect("a time");
    let now = OffsetDateTime::from_unix_timestamp(now).expect("a time");
    // Two batches of long ago, and one of last year.
    let mut last: Option<(BatchHead, SignedHead)> = None;
    for (days, rows) in [(3000, 1..=3_i64), (2300, 4..=5), (300, 6..=7)] {
        let _ = postgres.superuser_psql(&format!(
            "insert into audit_events (at, action, outcome)
            select now() - interval '{days} days', 'page_read', 'ok' from generate_series({}, {})",
            rows.start(),
            rows.end()
        ));
        let loaded = audit::list_by_positions(&mut tx, &rows.collect::<Vec<_>>()).await.expect("rows");
        let filling: Vec<_> = loaded.into_iter().map(|row| (row.position, Some(row))).collect();
        let previous = last.as_ref().map(|(head, signed)| (head, signed));
        let sealed_at = now - time::Duration::days(days);
        let (head, leaves) = BatchHead::after(previous, installation, sealed_at).fill(&filling);
        let signed = head.sign(&key).expect("signed");
        audit::seal(&mut tx, &head, &signed, &leaves).await.expect("sealed");
        last = Some((head, signed));
    }
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(audit::expire(&mut tx, 9).await.expect("an answer"), 0, "no head lets anything go");
    let seven_years = Duration::from_secs(2557 * 86_400);
    let before = audit::find_expiry(&mut tx, seven_years, None).await.expect("an answer").expect("a time");
    assert!(audit::seal_next(&mut tx, &key, last, Some(before), AT_ONCE).await.expect("sealed").is_some());
    tx.commit().await.expect("committed");
    let mut tx = worker.begin_system().await.expect("a transaction");
    assert_eq!(audit::expire(&mut tx, 9).await.expect("an answer"), 1, "one is older than seven years");
    assert_eq!(audit::find_expiry(&mut tx, seven_years, Some(before)).await.expect("an answer"), None, "it was said");
    tx.commit().await.expect("committed");
    assert_eq!(postgres.superuser_psql("select count(*), min(position) from audit_events"), "4|4");
    let report = verify(&postgres, &key, &[]).await;
    assert!(report.is_good(), "{:?}", report.findings);
    assert_eq!((report.expired.map(|expired| expired.0), report.rows, report.batches), (Some(3), 4, 4));
    // Whatever a head says, six years stay.
    let mut tx = worker.begin_system().await.expect("a transaction");
    let last = audit::last_head(&mut tx).await.expect("an answer");
    let too_early = now - time::Duration::minutes(1);
    assert!(audit::seal_next(&mut tx, &key, last, Some(too_early), AT_ONCE).await.expect("sealed").is_some());
    assert_eq!(audit::expire(&mut tx, 9).await.expect("an answer"), 1, "that of 2300 days");
    tx.commit().await.expect("committed");
    assert_eq!(postgres.superuser_psql("select count(*), min(position) from audit_events"), "2|6");
    let findings = verify(&postgres, &key, &[]).await.findings;
    assert_eq!(findings, [Finding::ExpiredEarly { number: 5, days: 0 }], "and who said so is named");
}

#[tokio::test]
async fn nobody_changes_what_was_sealed() {
    let postgres = TestPostgres::start().await;
    let (worker, key) = (postgres.worker().await, key());
    record(&worker, 2).await;
    seal_all(&worker, &key).await;
    for role in [Role::Backend, Role::Worker, Role::Backup, Role::Migrate] {
        let database = postgres.connect(role).await;
        for sql in [
            "update audit_batches set signing_key = 'x'",
            "update audit_batches set positions = null, hashes = null",
            "delete from audit_batches",
            "truncate audit_batches",
        ] {
            let mut tx = database.begin_system().await.expect("a transaction");
            assert!(sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await.is_err(), "{role:?} {sql}");
        }
        if role != Role::Worker {
            let mut tx = database.begin_system().await.expect("a transaction");
            assert!(audit::expire(&mut tx, 1).await.is_err(), "{role:?}");
        }
        database.close().await;
    }
    for sql in ["update audit_batches set number = 9", "delete from audit_batches", "truncate audit_batches"] {
        let _ = postgres.superuser_psql(&format!(
            "do $$ begin set local role untxt_owner; {sql}; raise 'done'; exception when check_violation then null; end $$"
        ));
    }
    let as_nobody = postgres.backend().await;
    let mut tx = as_nobody.begin_as(UserId::generate()).await.expect("a transaction");
    let seen: i64 =
        sqlx::query_scalar("select count(*) from audit_batches").fetch_one(&mut *tx).await.expect("a count");
    assert_eq!(seen, 0);
    assert!(verify(&postgres, &key, &[]).await.is_good());
}
