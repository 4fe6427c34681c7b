use std::time::Duration;

use untxt_database::{login_failures, testing::TestPostgres};

use crate::fixtures::a_user;

#[tokio::test]
async fn a_network_is_refused_after_fifty_failures_until_its_window_ends() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    for _ in 0..50 {
        assert_eq!(login_failures::find_network(&mut tx, &[1; 32]).await.expect("an answer"), None);
        login_failures::record_network(&mut tx, &[1; 32]).await.expect("counted");
    }
    let left = login_failures::find_network(&mut tx, &[1; 32]).await.expect("an answer").expect("refused");
    assert!(left > Duration::from_secs(290) && left <= Duration::from_secs(300), "{left:?}");
    assert_eq!(login_failures::find_network(&mut tx, &[2; 32]).await.expect("an answer"), None);
    tx.commit().await.expect("committed");
    let _ = postgres.superuser_psql("update login_failures set until_at = now()");
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(login_failures::find_network(&mut tx, &[1; 32]).await.expect("an answer"), None);
    login_failures::record_network(&mut tx, &[1; 32]).await.expect("counted");
    assert_eq!(login_failures::find_network(&mut tx, &[1; 32]).await.expect("an answer"), None, "counted anew");
}

#[tokio::test]
async fn a_stranger_is_locked_longer_and_longer() {
    let backend = TestPostgres::start().await.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    let mut seconds = Vec::new();
    for _ in 0..30 {
        login_failures::record_stranger(&mut tx, &[1; 32]).await.expect("counted");
        let left = login_failures::find_stranger(&mut tx, &[1; 32]).await.expect("an answer");
        seconds.push(left.map_or(0.0, |left| left.as_secs_f64()).ceil());
    }
    assert_eq!(seconds[..8], [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 8.0]);
    assert_eq!(seconds[29], 900.0);
}

#[tokio::test]
async fn the_oldest_are_forgotten_beyond_ten_thousand() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let _ = postgres.superuser_psql(
        "insert into login_failures (kind, mark, count, last_at, until_at)
        select 'stranger', sha256(n::text::bytea), 9, now() - n * interval '1 second', now() + interval '1 hour'
        from generate_series(1, 10500) n",
    );
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(login_failures::trim(&mut tx).await.expect("trimmed"), 499, "one more than the bound stays");
    tx.commit().await.expect("committed");
    let oldest = postgres.superuser_psql("select count(*) from login_failures where mark = sha256('10500')");
    assert_eq!(oldest, "0");
    // Whoever acts for a person has no business here.
    let alice = a_user(&backend, "alice").await;
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(login_failures::trim(&mut tx).await.expect("an answer"), 0);
    assert!(login_failures::record_stranger(&mut tx, &[1; 32]).await.is_err());
}
