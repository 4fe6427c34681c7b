use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use untxt_core::domain::{EventSeq, SessionId};
use untxt_database::{
    events::{Listener, Notified},
    sessions,
    testing::TestPostgres,
};

use crate::fixtures::{a_document, a_user};

async fn next(listener: &mut Listener<Notified>) -> Option<Notified> {
    timeout(Duration::from_secs(10), listener.next()).await.expect("a notification in time")
}

#[tokio::test]
async fn a_listener_is_told_outlives_its_connection_and_ends_when_told() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let owner = alice.as_owner();
    let stop = CancellationToken::new();
    let mut listener = Listener::<Notified>::new(&backend, stop.clone());
    assert_eq!(next(&mut listener).await, Some(Notified::Resync));

    let task = a_document(&backend, owner).await.task.id;
    assert_eq!(next(&mut listener).await, Some(Notified::Event { owner, task, seq: EventSeq(1) }));

    let session = SessionId::generate();
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    sessions::create(&mut tx, session, alice, &[1; 32], Duration::from_secs(60)).await.expect("a session");
    sessions::end(&mut tx, session).await.expect("ended");
    tx.commit().await.expect("committed");
    assert_eq!(next(&mut listener).await, Some(Notified::SessionEnded { user: alice, session }));

    for _ in 0..3 {
        let killed = postgres.superuser_psql(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where application_name = 'backend-listener' and datname = current_database()",
        );
        assert_eq!(killed, "1");
        assert_eq!(next(&mut listener).await, Some(Notified::Resync));
        let task = a_document(&backend, owner).await.task.id;
        assert_eq!(next(&mut listener).await, Some(Notified::Event { owner, task, seq: EventSeq(1) }));
    }
    stop.cancel();
    assert_eq!(next(&mut listener).await, None);
}

#[tokio::test]
async fn waiting_may_be_cancelled_without_losing_anything() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let owner = a_user(&backend, "alice").await.as_owner();
    let mut listener = Listener::<Notified>::new(&backend, CancellationToken::new());
    assert_eq!(next(&mut listener).await, Some(Notified::Resync));
    for _ in 0..20 {
        assert!(timeout(Duration::from_millis(3), listener.next()).await.is_err());
    }
    let task = a_document(&backend, owner).await.task.id;
    assert_eq!(next(&mut listener).await, Some(Notified::Event { owner, task, seq: EventSeq(1) }));
}
