//! What lets in and what is on its way, as each role sees it.

use untxt_database::{Database, Error, identities, testing::TestPostgres};

use crate::fixtures::a_user;

async fn begin(backend: &Database, user: Option<untxt_core::domain::UserId>, hash: [u8; 32]) {
    let mut tx = match user {
        Some(user) => backend.begin_as(user).await,
        None => backend.begin_system().await,
    }
    .expect("a transaction");
    identities::begin(&mut tx, &hash, "clinic").await.expect("begun");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn whoever_is_on_the_way_comes_back_once_as_they_went() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let (alice, bob) = (a_user(&backend, "alice").await, a_user(&backend, "bob").await);
    let take = async |user, hash: [u8; 32], provider: &str| {
        let mut tx = match user {
            Some(user) => backend.begin_as(user).await,
            None => backend.begin_system().await,
        }
        .expect("a transaction");
        let is_good = identities::take(&mut tx, &hash, provider).await.expect("an answer");
        tx.commit().await.expect("committed");
        is_good
    };
    // Whatever is wrong uses it up.
    for (went, came, provider, is_good) in [
        (None, None, "clinic", true),
        (Some(alice), Some(alice), "clinic", true),
        (None, None, "other", false),
        (None, Some(alice), "clinic", false),
        (Some(alice), None, "clinic", false),
        (Some(alice), Some(bob), "clinic", false),
    ] {
        begin(&backend, went, [1; 32]).await;
        assert_eq!(take(came, [1; 32], provider).await, is_good, "{went:?} {came:?} {provider}");
        assert!(!take(went, [1; 32], "clinic").await);
    }
    begin(&backend, None, [2; 32]).await;
    let _ = postgres.superuser_psql("update pending_logins set expires_at = clock_timestamp()");
    assert!(!take(None, [2; 32], "clinic").await, "too late");
    begin(&backend, None, [3; 32]).await;
    begin(&backend, Some(alice), [4; 32]).await;
    let _ = postgres.superuser_psql("update pending_logins set expires_at = clock_timestamp()");
    begin(&backend, None, [5; 32]).await;
    assert_eq!(postgres.superuser_psql("select count(*) from pending_logins"), "1", "the others are forgotten");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    for sql in [
        "select count(*) from pending_logins",
        "with x as (delete from pending_logins returning 1) select count(*) from x",
    ] {
        let answer: Result<i64, _> = sqlx::query_scalar(sql).fetch_one(&mut *tx).await;
        assert!(answer.is_err(), "{sql}: {answer:?}");
        tx = backend.begin_as(alice).await.expect("a transaction");
    }
}

#[tokio::test]
async fn an_identity_is_one_persons_and_lets_in_who_is_not_disabled() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (alice, bob) = (a_user(&backend, "alice").await, a_user(&backend, "bob").await);
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let id = identities::link(&mut tx, alice, "clinic", &[1; 32]).await.expect("linked");
    tx.commit().await.expect("committed");

    let mut tx = backend.begin_as(bob).await.expect("a transaction");
    assert!(identities::list(&mut tx, alice).await.expect("a list").is_empty());
    assert!(!identities::unlink(&mut tx, alice, id).await.expect("an answer"));
    assert!(matches!(identities::note_use(&mut tx, &[1; 32]).await, Err(Error::NotFound(_))));
    let taken = identities::link(&mut tx, bob, "other", &[1; 32]).await;
    assert!(matches!(&taken, Err(Error::Conflict(name)) if name == "identities_subject_hash_key"), "{taken:?}");
    let mut tx = backend.begin_as(bob).await.expect("a transaction");
    let forged = identities::link(&mut tx, alice, "clinic", &[2; 32]).await;
    assert!(matches!(forged, Err(Error::Refused(_))), "{forged:?}");
    let mut tx = worker.begin_as(alice).await.expect("a transaction");
    assert!(identities::list(&mut tx, alice).await.is_err(), "a worker knows none");

    let find = async || {
        let mut tx = backend.begin_system().await.expect("a transaction");
        identities::find(&mut tx, &[1; 32]).await.expect("an answer")
    };
    assert_eq!(find().await, Some(alice));
    let _ = postgres.superuser_psql("update users set disabled_at = now() where login = 'alice'");
    assert_eq!(find().await, None);
}

#[tokio::test]
async fn who_comes_by_a_provider_has_no_password_until_they_set_one() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let carol = untxt_core::domain::UserId::generate();
    let mut tx = backend.begin_as(carol).await.expect("a transaction");
    let made = identities::create_user(&mut tx, carol, "Carol@clinic.example", "nobody knows").await.expect("made");
    assert_eq!(made.login, "carol@clinic.example");
    assert!(!identities::lock_has_password(&mut tx, carol).await.expect("an answer"));
    untxt_database::users::reset_password(&mut tx, carol, "known").await.expect("reset");
    assert!(identities::lock_has_password(&mut tx, carol).await.expect("an answer"));
    tx.commit().await.expect("committed");
}
