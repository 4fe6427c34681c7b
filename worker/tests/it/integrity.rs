//! Stored files that are read again: whatever was done to them is noticed, and what was mended is believed.

use std::time::{Duration, Instant};

use untxt_core::storage::ObjectKey;

use crate::{house::House, pages::tiff_of};

const SOON: Duration = Duration::from_millis(300);

async fn wait_for(house: &House, sql: &str) {
    let begin = Instant::now();
    while house.postgres.superuser_psql(&format!("select {sql}")) != "t" {
        assert!(begin.elapsed() < Duration::from_secs(180), "still waiting for {sql}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_changed_cut_or_lost_file_is_noticed_and_a_restored_one_is_well_again() {
    let house = House::build().await;
    let (good, bad) = (house.upload(tiff_of(&[40])).await, house.upload(tiff_of(&[40])).await);
    let worker = house.checking_worker(SOON).await;
    house.end_of(good.task).await;
    house.end_of(bad.task).await;
    wait_for(&house, "count(*) = 2 and count(damaged_since) = 0 from integrity_checks").await;

    let object = ObjectKey::Original(bad.document);
    let whole = house.objects.sealed(&object).expect("stored");
    let mut flipped = whole.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let damaged = format!(
        "string_agg(document_id::text, ' ') = '{}' from integrity_checks where damaged_since is not null",
        bad.document
    );
    for worse in [Some(flipped.into()), Some(whole.slice(..whole.len() - 1)), None] {
        house.objects.change(&object, worse);
        wait_for(&house, &damaged).await;
        house.objects.change(&object, Some(whole.clone()));
        wait_for(&house, "count(damaged_since) = 0 from integrity_checks").await;
    }
    worker.stop().await;
}
