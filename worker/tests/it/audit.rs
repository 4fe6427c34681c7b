//! The record of what was done, sealed by workers that come and go.

use std::{
    slice,
    sync::Arc,
    time::{Duration, Instant},
};

use untxt_core::{
    audit::{AuditAction, AuditEntry, AuditFormat, AuditOutcome, AuditReport, AuditVerifier, SignedHead},
    receipts::SigningKey,
    storage::ObjectKey,
};
use untxt_database::{
    audit::{self, AuditWalk},
    testing::Role,
};

use crate::house::House;

async fn record(house: &House, rows: usize) {
    let backend = house.postgres.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    for _ in 0..rows {
        let entry = AuditEntry::new(AuditAction::PageRead, AuditOutcome::Ok);
        audit::record(&mut tx, &entry).await.expect("recorded");
    }
    tx.commit().await.expect("committed");
}

async fn wait_for(house: &House, sql: &str) {
    let begin = Instant::now();
    while house.postgres.superuser_psql(&format!("select {sql}")) != "t" {
        assert!(begin.elapsed() < Duration::from_secs(180), "still waiting for {sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn verify(house: &House, heads: &[SignedHead]) -> AuditReport {
    let database = house.postgres.connect(Role::Backup).await;
    let key = house.signing_key.as_ref().expect("a key").public();
    let (mut verifier, mut walk) = (AuditVerifier::new(vec![key], heads), AuditWalk::new(None, None));
    loop {
        let mut tx = database.begin_system().await.expect("a transaction");
        let lines = walk.next(&mut tx).await.expect("a step");
        if lines.is_empty() {
            return verifier.finish();
        }
        let mut text = String::new();
        lines.iter().for_each(|line| AuditFormat::Jsonl.write(line, &mut text));
        text.lines().for_each(|line| verifier.take(line));
    }
}

#[tokio::test]
async fn workers_seal_one_after_another_and_put_the_head_where_the_database_is_not() {
    let mut house = House::build().await;
    record(&house, 3).await;
    let without_key = house.worker().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    without_key.stop().await;
    assert_eq!(house.postgres.superuser_psql("select count(*) from audit_unsealed"), "3", "nobody could sign");
    house.signing_key = Some(Arc::new(SigningKey::generate().expect("a key")));
    let (first, second) = (house.worker().await, house.worker().await);
    wait_for(&house, "count(*) = 0 from audit_unsealed").await;
    record(&house, 4000).await;
    wait_for(&house, "count(*) = 0 from audit_unsealed").await;
    tokio::join!(first.stop(), second.stop());
    record(&house, 2).await;
    let third = house.worker().await;
    wait_for(&house, "count(*) = 0 from audit_unsealed").await;
    third.stop().await;
    let kept = house.objects.sealed(&ObjectKey::AuditHead(1)).expect("the first head is in the store");
    let kept = SignedHead::from_json(&kept).expect("a head");
    let report = verify(&house, slice::from_ref(&kept)).await;
    assert!(report.is_good(), "{:?}", report.findings);
    assert_eq!((report.rows, report.unsealed), (4005, 0));
    assert!(report.batches >= 4, "no batch has more than 2,000 rows: {report:?}");
    // Made anew by somebody who has the database and the key, but not the store.
    let _ = house.postgres.superuser_psql(
        "set session_replication_role = replica;
        delete from audit_events where position <= 3;
        delete from audit_batches;
        insert into audit_unsealed select position from audit_events",
    );
    let fourth = house.worker().await;
    wait_for(&house, "count(*) = 0 from audit_unsealed").await;
    fourth.stop().await;
    assert!(verify(&house, &[]).await.is_good());
    assert!(!verify(&house, &[kept]).await.is_good());
}
