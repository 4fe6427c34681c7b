//! Index keys that are replaced: what is under the old one stays as long as something needs it, and not longer.

use std::{sync::Arc, time::Duration};

use untxt_core::{
    crypto::{KeyState, WrappedOwnerKey},
    lifecycle::Lifecycle,
};
use untxt_worker::{Kept, KeyKeeper, KeyTimes, Rotation};

use crate::keys::{LONG, Safe};

impl Safe {
    /// As if so many pages were in the index under this index key.
    fn index_pages(&self, generation: u32, pages: u32) {
        self.change(&format!(
            "insert into search_segments (owner_id, index_generation, segment, pages) values ('{}', {generation}, 0, {pages})",
            self.owner
        ));
    }

    /// As a worker does when it has made all rows under an index key anew.
    fn forget_pages(&self, generation: u32) {
        self.change(&format!("delete from search_segments where index_generation = {generation}"));
    }

    /// Which index and which tag key there are in which version, "1: 1 1, 2: 2 1".
    fn generations(&self) -> String {
        self.postgres.superuser_psql(
            "select string_agg(format('%s: %s %s', version, index_generation, tag_generation), ', ' order by version)
            from owner_keys where state <> 'destroyed'",
        )
    }

    fn tags(&self) -> String {
        self.postgres.superuser_psql(
            "select format('%s of %s', count(content_tag), count(*)) || coalesce(' under ' || string_agg(
                distinct tag_generation::text, ',') filter (where content_tag is not null), '') from documents",
        )
    }

    fn keeper_of_indexes(&self, max_index_age: Duration) -> KeyKeeper {
        let times = KeyTimes { every: LONG, max_age: LONG, max_index_age: Some(max_index_age), grace: LONG };
        KeyKeeper::new(self.worker.clone(), self.ring(), times)
    }

    async fn tag_under(&self, key: &WrappedOwnerKey) -> [u8; 32] {
        self.ring().open_owner_key(key).await.expect("opened").tag("document", b"x")
    }
}

#[tokio::test]
async fn a_compromised_index_key_stays_until_no_page_is_under_it_and_not_longer() {
    let safe = Safe::build().await;
    let documents = safe.upload_many(3).await;
    safe.index_pages(1, 3);
    let kept = safe.keeper(LONG, Duration::ZERO).rotate(safe.owner, Rotation::Compromised).await.expect("rotated");
    assert_eq!(kept, Kept { rotated: 1, documents: 3, tags: 3, ..Kept::default() });
    assert_eq!(safe.state(), "1 compromised, 2 active / 0");
    assert_eq!(safe.generations(), "1: 1 1, 2: 2 2");
    // Searches still ask it.
    safe.ring().open_owner_key(&safe.version(1).await).await.expect("opened").search_key().expect("a key");
    let keeper = safe.keeper(LONG, LONG);
    assert_eq!(keeper.keep_all(|_| {}).await.expect("kept"), Kept::default());
    safe.index_pages(2, 3);
    safe.forget_pages(1);
    // Whatever its grace: it has none.
    assert_eq!(keeper.keep_all(|_| {}).await.expect("kept"), Kept { destroyed: 1, ..Kept::default() });
    assert_eq!(safe.state(), "1 destroyed, 2 active / 0");
    let gone = safe.version(1).await;
    assert!(gone.wrapped.is_empty() && gone.wrapped_index_key.is_empty() && gone.wrapped_tag_key.is_empty());
    safe.expect_all_open(&documents).await;
    let events = safe.postgres.superuser_psql(
        "select string_agg(operation || ' ' || version || coalesce(' ' || count, ''), ', ' order by id) from key_events",
    );
    assert_eq!(
        events,
        "created 1, created 2, compromised 1, activated 2, index_replaced 2, tags_replaced 2, documents_rewrapped 2 3, \
         tags_forgotten 2 3, destroyed 1"
    );
}

#[tokio::test]
async fn an_index_key_in_two_versions_goes_with_the_last_of_them() {
    let safe = Safe::build().await;
    safe.upload_many(2).await;
    safe.index_pages(1, 2);
    let patient = safe.keeper(LONG, LONG);
    patient.rotate(safe.owner, Rotation::Owner).await.expect("rotated");
    patient.rotate(safe.owner, Rotation::Index).await.expect("rotated");
    assert_eq!(safe.generations(), "1: 1 1, 2: 1 1, 3: 3 1");
    assert_eq!(safe.tags(), "2 of 2 under 1", "they stay valid");
    let lifecycle = Lifecycle::default();
    let safe = Arc::new(safe);
    // Each of several keepers would destroy one, counting on the other.
    let keepers = (0..4).map(|_| {
        let keeper = safe.keeper(LONG, Duration::ZERO);
        lifecycle.spawn(async move { keeper.keep_all(|_| {}).await.expect("kept") })
    });
    for keeper in keepers.collect::<Vec<_>>() {
        keeper.await.expect("no panic");
    }
    assert_eq!(safe.generations(), "2: 1 1, 3: 3 1", "one is left that opens");
    safe.forget_pages(1);
    safe.keeper(LONG, Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!(safe.generations(), "3: 3 1");
}

#[tokio::test]
async fn tags_under_a_key_that_somebody_may_know_are_forgotten_also_those_that_come_late() {
    let safe = Safe::build().await;
    let first = safe.active().await;
    // more than are forgotten at once
    safe.upload_many(510).await;
    let tag = safe.tag_under(&first).await;
    let keeper = safe.keeper(LONG, LONG);
    keeper.rotate(safe.owner, Rotation::Index).await.expect("rotated");
    assert_eq!(safe.tag_under(&safe.active().await).await, tag, "an upload that is sent again is known");
    assert_eq!(safe.tags(), "510 of 510 under 1");

    let before = safe.active().await;
    safe.index_pages(2, 1);
    let kept = keeper.rotate(safe.owner, Rotation::Compromised).await.expect("rotated");
    assert_eq!(kept.tags, 510);
    assert_ne!(safe.tag_under(&safe.active().await).await, tag);
    assert_eq!(safe.tags(), "0 of 510");
    safe.upload_under(&before).await.expect("a slow one");
    safe.upload().await;
    assert_eq!(safe.tags(), "2 of 512 under 1,3");
    assert_eq!(keeper.keep_all(|_| {}).await.expect("kept").tags, 1);
    assert_eq!(safe.tags(), "1 of 512 under 3");
}

#[tokio::test]
async fn an_index_key_is_replaced_in_time_if_that_is_set() {
    let safe = Safe::build().await;
    safe.upload().await;
    assert_eq!(safe.keeper_of_indexes(LONG).keep_all(|_| {}).await.expect("kept"), Kept::default());
    let kept = safe.keeper_of_indexes(Duration::ZERO).keep_all(|_| {}).await.expect("kept");
    assert_eq!(kept, Kept { rotated: 1, documents: 1, ..Kept::default() });
    assert_eq!(safe.generations(), "1: 1 1, 2: 2 1");
    // Its age goes on with it.
    safe.keeper(LONG, LONG).rotate(safe.owner, Rotation::Owner).await.expect("rotated");
    safe.change("update owner_keys set created_at = created_at - interval '2 hours' where version = 2");
    safe.keeper_of_indexes(LONG).keep_all(|_| {}).await.expect("kept");
    assert_eq!(safe.generations(), "1: 1 1, 2: 2 1, 3: 2 1, 4: 4 1");
}

#[tokio::test]
async fn keepers_that_work_at_once_never_bring_an_index_key_back() {
    let safe = Arc::new(Safe::build().await);
    safe.index_pages(1, 1);
    let lifecycle = Lifecycle::default();
    let keepers = (0..4).map(|place| {
        let (keeper, owner) = (safe.keeper(LONG, LONG), safe.owner);
        lifecycle.spawn(async move {
            let mut rotations = [Rotation::Index, Rotation::Owner, Rotation::Owner, Rotation::Compromised];
            rotations.rotate_left(place);
            for rotation in rotations {
                keeper.rotate(owner, rotation).await.expect("rotated or left to another");
            }
        })
    });
    for keeper in keepers.collect::<Vec<_>>() {
        keeper.await.expect("no panic");
    }
    safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept");
    let in_order = safe.postgres.superuser_psql(
        "select bool_and(index_generation >= before and tag_generation >= tags_before) from (
            select
                k.index_generation,
                lag(k.index_generation, 1, 1) over (order by e.id) as before,
                k.tag_generation,
                lag(k.tag_generation, 1, 1) over (order by e.id) as tags_before
            from key_events e
            join owner_keys k using (owner_id, version)
            where e.operation = 'activated'
        ) as activated",
    );
    assert_eq!(in_order, "t", "{}", safe.generations());
    let active = safe.active().await;
    assert!(active.index_generation > 1 && active.tag_generation > 1, "{active:?}");
    assert_eq!(safe.postgres.superuser_psql("select count(*) from owner_keys where state = 'pending'"), "0");
    assert_ne!(safe.version(1).await.state, KeyState::Destroyed, "a page is under its index key");
}

#[tokio::test]
async fn an_owner_of_before_gets_a_tag_key_of_their_own_and_tags_stay_valid() {
    let safe = Safe::build().await;
    // as an earlier version stores it: one key for both
    safe.change("update owner_keys set wrapped_tag_key = null");
    let tag = safe.tag_under(&safe.active().await).await;
    let documents = safe.upload_many(2).await;
    assert_eq!(safe.keeper(LONG, LONG).keep_all(|_| {}).await.expect("kept"), Kept { rewrapped: 1, ..Kept::default() });
    assert!(!safe.active().await.wrapped_tag_key.is_empty());
    safe.keeper(LONG, LONG).rotate(safe.owner, Rotation::Index).await.expect("rotated");
    assert_eq!(safe.tag_under(&safe.active().await).await, tag);
    safe.expect_all_open(&documents).await;
}
