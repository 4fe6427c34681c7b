use sqlx::AssertSqlSafe;
use untxt_database::{Database, password_resets, testing::TestPostgres, users};

use crate::fixtures::a_user;

async fn take(backend: &Database, hash: [u8; 32]) -> bool {
    let mut tx = backend.begin_system().await.expect("a transaction");
    let taken = password_resets::take(&mut tx, &hash).await.expect("an answer").is_some();
    // Whoever comes second waits here for the first.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    tx.commit().await.expect("committed");
    taken
}

#[tokio::test]
async fn a_link_is_taken_once_by_however_many_at_the_same_time() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert_eq!(password_resets::begin(&mut tx, alice, &[1; 32]).await.expect("an answer"), None, "no address");
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    users::set_mail(&mut tx, alice, Some("Alice@Clinic.Example")).await.expect("set");
    tx.commit().await.expect("committed");
    let mut tx = backend.begin_system().await.expect("a transaction");
    let addressee = password_resets::begin(&mut tx, alice, &[2; 32]).await.expect("an answer").expect("an address");
    assert_eq!((addressee.login.as_str(), addressee.mail.as_deref()), ("alice", Some("alice@clinic.example")));
    tx.commit().await.expect("committed");
    assert!(!take(&backend, [1; 32]).await);
    let taken = futures::future::join_all((0..4).map(|_| take(&backend, [2; 32]))).await;
    assert_eq!(taken.iter().filter(|is_taken| **is_taken).count(), 1);
}

#[tokio::test]
async fn nobody_lists_links_or_sets_the_address_of_another() {
    let postgres = TestPostgres::start().await;
    let (backend, worker) = (postgres.backend().await, postgres.worker().await);
    let (alice, bob) = (a_user(&backend, "alice").await, a_user(&backend, "bob").await);
    for database in [&backend, &worker] {
        for statement in ["select * from password_resets", "delete from password_resets", "select mail from users"] {
            let mut tx = database.begin_as(alice).await.expect("a transaction");
            let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut *tx).await;
            assert!(rows.is_err() || statement.contains("users"), "{statement}");
            assert!(rows.map_or(0, |rows| rows.len()) <= 1, "{statement}");
        }
    }
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    assert!(users::set_mail(&mut tx, bob, Some("alice@clinic.example")).await.is_err());
    assert_eq!(users::find_mail(&mut tx, bob).await.expect("an answer"), None);
}
