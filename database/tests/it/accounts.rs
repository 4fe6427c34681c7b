use std::time::Duration;

use untxt_core::domain::{Role, SessionId, UserId};
use untxt_database::{
    Error,
    sessions::{self, Rotated},
    testing::TestPostgres,
    users,
};

use crate::fixtures::a_user;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_login_is_found_without_an_actor_and_taken_once() {
    let backend = TestPostgres::start().await.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert!(!users::is_any(&mut tx).await.expect("an answer"));
    let alice = a_user(&backend, "Alice@Example").await;
    assert!(users::is_any(&mut tx).await.expect("an answer"));
    let found = users::find_by_login(&mut tx, "ALICE@example").await.expect("an answer").expect("alice");
    assert_eq!((found.user.id, found.user.login.as_str(), found.locked_for), (alice, "alice@example", None));
    assert!(users::find_by_login(&mut tx, "bob").await.expect("an answer").is_none());

    let other = UserId::generate();
    let mut tx = backend.begin_as(other).await.expect("a transaction");
    let taken = users::create(&mut tx, other, "alice@example", "-", Role::User).await;
    assert!(matches!(taken, Err(Error::Conflict(name)) if name == "users_login_key"));
}

#[tokio::test]
async fn failed_logins_lock_longer_and_longer() {
    let backend = TestPostgres::start().await.backend().await;
    let alice = a_user(&backend, "alice").await;
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let mut locked = Vec::new();
    for _ in 0..30 {
        locked.push(users::record_failed_login(&mut tx, alice).await.expect("counted"));
    }
    assert_eq!(locked[..4], [None; 4]);
    assert!(locked[4].is_some_and(|left| left <= Duration::from_secs(1)));
    assert!(locked[29].is_some_and(|left| left > Duration::from_secs(890) && left <= Duration::from_secs(900)));
    assert!(users::admit(&mut tx, alice).await.expect("an answer"));
    let found = users::find_by_login(&mut tx, "alice").await.expect("an answer").expect("alice");
    assert_eq!(found.locked_for, None);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_copy_ends_the_session() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let id = SessionId::generate();
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    sessions::create(&mut tx, id, alice, &[1; 32], HOUR).await.expect("a session");
    tx.commit().await.expect("committed");

    let mut tx = backend.begin_system().await.expect("a transaction");
    let rotated = sessions::rotate(&mut tx, &[1; 32], &[2; 32], HOUR).await.expect("an answer");
    assert!(matches!(rotated, Rotated::Live(session) if session.id == id && session.user == alice));
    // The answer was lost: the old token is good for a moment.
    let rotated = sessions::rotate(&mut tx, &[1; 32], &[3; 32], HOUR).await.expect("an answer");
    assert!(matches!(rotated, Rotated::Live(_)));
    assert_eq!(sessions::rotate(&mut tx, &[1; 32], &[4; 32], HOUR).await.expect("an answer"), Rotated::Unknown);
    tx.commit().await.expect("committed");

    let _ = postgres.superuser_psql("update sessions set rotated_at = rotated_at - interval '1 minute'");
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(sessions::rotate(&mut tx, &[2; 32], &[5; 32], HOUR).await.expect("an answer"), Rotated::Reused(id));
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    assert!(!sessions::is_live(&mut tx, id, HOUR).await.expect("an answer"));
    assert_eq!(sessions::rotate(&mut tx, &[3; 32], &[6; 32], HOUR).await.expect("an answer"), Rotated::Unknown);
}

#[tokio::test]
async fn a_session_ends_by_logout_idleness_age_and_password() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let ids: Vec<_> = (0..4).map(|_| SessionId::generate()).collect();
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    for (id, hash) in ids.iter().zip(1..) {
        sessions::create(&mut tx, *id, alice, &[hash; 32], HOUR).await.expect("a session");
        assert!(sessions::is_live(&mut tx, *id, HOUR).await.expect("an answer"));
    }
    sessions::end(&mut tx, ids[0]).await.expect("ended");
    tx.commit().await.expect("committed");
    let _ = postgres.superuser_psql(&format!(
        "update sessions set last_used_at = last_used_at - interval '2 hours' where id = '{}';
         update sessions set expires_at = clock_timestamp() where id = '{}'",
        ids[1], ids[2]
    ));
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let mut live = Vec::new();
    for id in &ids {
        live.push(sessions::is_live(&mut tx, *id, HOUR).await.expect("an answer"));
    }
    assert_eq!(live, [false, false, false, true]);
}

#[tokio::test]
async fn a_person_comes_in_with_a_session_of_their_own_and_else_nobody_does() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let (alice, mallory) = (a_user(&backend, "alice").await, a_user(&backend, "mallory").await);
    let (id, ended) = (SessionId::generate(), SessionId::generate());
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    sessions::create(&mut tx, id, alice, &[1; 32], HOUR).await.expect("a session");
    sessions::create(&mut tx, ended, alice, &[2; 32], HOUR).await.expect("a session");
    sessions::end(&mut tx, ended).await.expect("ended");
    tx.commit().await.expect("committed");
    let _ = postgres.superuser_psql(&format!(
        "update users set role = 'auditor' where id = '{alice}';
         update sessions set last_used_at = last_used_at - interval '50 minutes'"
    ));

    for (user, session) in [(mallory, id), (alice, ended), (alice, SessionId::generate())] {
        // Also a transaction that was somebody's is nobody's then.
        let mut tx = backend.begin_as(alice).await.expect("a transaction");
        assert_eq!(sessions::enter(&mut tx, user, session, HOUR).await.expect("an answer"), None);
        assert!(users::find(&mut tx, alice).await.expect("an answer").is_none());
    }
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(sessions::enter(&mut tx, alice, id, HOUR).await.expect("an answer"), Some(Role::Auditor));
    assert_eq!(users::find(&mut tx, alice).await.expect("an answer").expect("alice").id, alice);
    assert!(users::find(&mut tx, mallory).await.expect("an answer").is_none());
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    let just_now = Duration::from_secs(60);
    assert!(sessions::is_live(&mut tx, id, just_now).await.expect("an answer"), "it counts as used");
    assert!(!sessions::is_live(&mut tx, ended, just_now).await.expect("an answer"));
}
