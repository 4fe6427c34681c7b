//! Who is elected, and for how long.

use std::time::Duration;

use tokio::time::sleep;
use untxt_database::{Database, Duty, Election, testing::TestPostgres};

async fn win(worker: &Database, duty: Duty) -> Option<Election> {
    Election::win(worker, duty).await.expect("an answer")
}

#[tokio::test]
async fn one_is_elected_until_it_ends_or_says_nothing() {
    let postgres = TestPostgres::start().await;
    let worker = postgres.worker().await;
    let mut first = win(&worker, Duty::CleanUp).await.expect("elected");
    assert!(win(&worker, Duty::CleanUp).await.is_none());
    win(&worker, Duty::Shred).await.expect("another duty").end().await.expect("ended");
    // As in production, but for how long that is.
    sqlx::query("set local idle_in_transaction_session_timeout = '2s'").execute(first.connection()).await.expect("set");
    for _ in 0..12 {
        sleep(Duration::from_millis(250)).await;
        first.keep().await.expect("still elected");
        assert!(win(&worker, Duty::CleanUp).await.is_none(), "whoever keeps it has it");
    }
    let second = loop {
        match win(&worker, Duty::CleanUp).await {
            Some(second) => break second,
            None => sleep(Duration::from_millis(100)).await,
        }
    };
    first.keep().await.expect_err("it lapsed");
    second.end().await.expect("ended");
    let third = win(&worker, Duty::CleanUp).await.expect("elected");
    third.end().await.expect("ended");
}
