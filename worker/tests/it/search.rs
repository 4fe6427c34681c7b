//! The rows of the search index: stored with their pages, and made anew where they are missing or old.

use std::time::Duration;

use untxt_core::crypto::OwnerKey;
use untxt_page::search::index_words;

use crate::{
    house::{House, Upload},
    pages::{tiff_of, width},
};

/// Gives the tokens that a page's row should have.
async fn expected(house: &House, upload: &Upload, key: &OwnerKey, segment: i32) -> String {
    let content = house.open_page_of(upload, upload.task, 1).await;
    let tokens = key.search_key().expect("a key").tokens(segment, &index_words(&content.words));
    assert!(tokens.len() > 2, "{tokens:?}");
    tokens.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn rows(house: &House) -> String {
    house.postgres.superuser_psql(
        "select string_agg(
            format('%s of %s in %s under %s', page_number, sign(position), segment, index_generation),
            '; ' order by page_number
        )
        from search_pages",
    )
}

fn tokens(house: &House) -> String {
    house.postgres.superuser_psql("select array_to_string(tokens, ',') from search_pages where page_number = 1")
}

async fn wait_for(house: &House, wanted: &str) {
    for _ in 0..200 {
        if rows(house) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{} instead of {wanted}", rows(house));
}

#[tokio::test]
async fn rows_that_are_missing_or_old_are_made_anew() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::GOOD; 2])).await;
    house.end_of(upload.task).await;
    worker.stop().await;
    assert_eq!(rows(&house), "1 of 1 in 0 under 1; 2 of 1 in 0 under 1", "stored with the page");
    assert_eq!(tokens(&house), expected(&house, &upload, &house.owner_key, 0).await);

    // as pages are that were read before there was an index
    _ = house.postgres.superuser_psql("delete from search_pages; delete from search_segments");
    let worker = house.worker().await;
    wait_for(&house, "1 of -1 in -1 under 1; 2 of -1 in -1 under 1").await;
    worker.stop().await;
    assert_eq!(tokens(&house), expected(&house, &upload, &house.owner_key, -1).await);
    let newest = "select page_number from search_pages order by position desc limit 1";
    assert_eq!(house.postgres.superuser_psql(newest), "2", "downwards from the newest");

    let new_key = house.replace_index_key().await;
    let worker = house.worker().await;
    wait_for(&house, "1 of -1 in -1 under 2; 2 of -1 in -1 under 2").await;
    assert_eq!(tokens(&house), expected(&house, &upload, &new_key, -1).await);
    let segments = "select string_agg(format('%s: %s', index_generation, pages), '; ') from search_segments";
    for _ in 0..100 {
        if house.postgres.superuser_psql(segments) == "2: 2" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(house.postgres.superuser_psql(segments), "2: 2", "nothing is asked under the old key any more");
    worker.stop().await;
}

#[tokio::test]
async fn what_cannot_be_made_holds_up_nothing_else() {
    let house = House::build().await;
    let worker = house.worker().await;
    let (older, newer) = (house.upload(tiff_of(&[width::GOOD])).await, house.upload(tiff_of(&[width::GOOD; 2])).await);
    for upload in [&older, &newer] {
        house.end_of(upload.task).await;
    }
    worker.stop().await;
    // the newest page has no row and does not open
    _ = house.postgres.superuser_psql(&format!(
        "set session_replication_role = replica;
        update pages set content_sealed = '\\x00' where task_id = '{task}' and page_number = 2;
        delete from search_pages where task_id = '{task}' and page_number = 2",
        task = newer.task,
    ));
    let _new_key = house.replace_index_key().await;
    let worker = house.worker().await;
    wait_for(&house, "1 of 1 in 0 under 2; 1 of 1 in 0 under 2").await;
    worker.stop().await;
}

#[tokio::test]
async fn two_workers_that_are_cut_off_again_and_again_make_every_row_anew() {
    let house = House::build().await;
    let worker = house.worker().await;
    let upload = house.upload(tiff_of(&[width::GOOD; 40])).await;
    house.end_of(upload.task).await;
    worker.stop().await;
    let new_key = house.replace_index_key().await;
    let left = || house.postgres.superuser_psql("select count(*) from search_pages where index_generation = 1");
    assert_eq!(left(), "40");
    let mut seen = vec![left()];
    for _ in 0..10 {
        let workers = [house.worker().await, house.worker().await];
        // somewhere in its work
        tokio::time::sleep(Duration::from_millis(20 * seen.len() as u64)).await;
        house.let_workers_in(false);
        seen.push(left());
        house.let_workers_in(true);
        for worker in workers {
            worker.stop().await;
        }
        if left() == "0" {
            break;
        }
    }
    let worker = house.worker().await;
    let segments = "select string_agg(index_generation::text, ',') from search_segments";
    for _ in 0..200 {
        if house.postgres.superuser_psql(segments) == "2" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!((left().as_str(), house.postgres.superuser_psql(segments).as_str()), ("0", "2"), "{seen:?}");
    assert_eq!(tokens(&house), expected(&house, &upload, &new_key, 0).await);
    // The record has one end of it, and the rows are 40 still.
    let ends = house.postgres.superuser_psql("select count(*) from key_events where operation = 'index_rebuilt'");
    assert_eq!(
        (ends.as_str(), house.postgres.superuser_psql("select count(*) from search_pages").as_str()),
        ("1", "40")
    );
    worker.stop().await;
}
