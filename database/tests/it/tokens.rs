use std::time::Duration;

use untxt_core::domain::{Scope, TokenId};
use untxt_database::{
    Database, Error,
    testing::TestPostgres,
    tokens::{self, NewToken, Token},
};

use crate::fixtures::a_user;

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn a_token(
    backend: &Database,
    user: untxt_core::domain::UserId,
    hash: u8,
    life: Duration,
) -> Result<Option<Token>, Error> {
    let scopes = [Scope::DocumentsRead, Scope::Search];
    let new = NewToken { id: TokenId::generate(), user, name: "a program", hash: &[hash; 32], scopes: &scopes, life };
    let mut tx = backend.begin_as(user).await.expect("a transaction");
    let token = tokens::create(&mut tx, new, 2).await?;
    tx.commit().await.expect("committed");
    Ok(token)
}

#[tokio::test]
async fn a_token_is_listed_without_its_secret_and_is_its_persons_alone() {
    let backend = TestPostgres::start().await.backend().await;
    let (alice, bob) = (a_user(&backend, "alice").await, a_user(&backend, "bob").await);
    let first = a_token(&backend, alice, 1, DAY).await.expect("stored").expect("few");
    let second = a_token(&backend, alice, 2, DAY).await.expect("stored").expect("few");
    assert_eq!(a_token(&backend, alice, 3, DAY).await.expect("an answer"), None, "two are the limit here");
    assert_eq!((first.name.as_str(), first.last_used_at), ("a program", None));
    assert_eq!(first.scopes, [Scope::DocumentsRead, Scope::Search]);

    let mut as_bob = backend.begin_as(bob).await.expect("a transaction");
    assert_eq!(tokens::list(&mut as_bob, alice).await.expect("a list"), []);
    assert!(!tokens::revoke(&mut as_bob, first.id).await.expect("an answer"));
    // Bob's name does not make it his.
    assert_eq!(tokens::enter(&mut as_bob, bob, first.id).await.expect("an answer"), None);
    let mut as_alice = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(tokens::list(&mut as_alice, alice).await.expect("a list"), [second, first.clone()]);
    assert!(tokens::revoke(&mut as_alice, first.id).await.expect("an answer"));
    assert!(!tokens::revoke(&mut as_alice, first.id).await.expect("an answer"));
}

#[tokio::test]
async fn nothing_is_good_for_more_than_a_year() {
    let backend = TestPostgres::start().await.backend().await;
    let alice = a_user(&backend, "alice").await;
    assert!(a_token(&backend, alice, 1, 365 * DAY).await.is_ok());
    assert!(a_token(&backend, alice, 2, 367 * DAY).await.is_err());
}

#[tokio::test]
async fn the_last_use_is_written_once_a_minute_and_makes_nobody_wait() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let token = a_token(&backend, alice, 1, DAY).await.expect("stored").expect("few");
    let last_use = || postgres.superuser_psql("select last_used_at from api_tokens");

    // Two requests at once: the second doesn't wait until the first has ended.
    let mut first = backend.begin_system().await.expect("a transaction");
    let mut second = backend.begin_system().await.expect("a transaction");
    for tx in [&mut first, &mut second] {
        let found = tokens::find(tx, &[1; 32]).await.expect("an answer").expect("alice's");
        assert_eq!((found.id, found.user), (token.id, alice));
        let role = tokens::enter(tx, alice, token.id).await.expect("an answer");
        assert_eq!(role.map(|role| role.as_str()), Some("user"));
        // From here on the transaction is hers.
        assert_eq!(tokens::list(tx, alice).await.expect("a list").len(), 1);
    }
    first.commit().await.expect("committed");
    second.commit().await.expect("committed");

    let used = last_use();
    assert_ne!(used, "");
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert!(tokens::enter(&mut tx, alice, token.id).await.expect("an answer").is_some());
    tx.commit().await.expect("committed");
    assert_eq!(last_use(), used);
    let _ = postgres.superuser_psql("update api_tokens set last_used_at = last_used_at - interval '61 seconds'");
    let mut tx = backend.begin_system().await.expect("a transaction");
    assert!(tokens::enter(&mut tx, alice, token.id).await.expect("an answer").is_some());
    tx.commit().await.expect("committed");
    assert!(last_use() > used);
}

#[tokio::test]
async fn who_is_not_let_in_acts_as_nobody() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let alice = a_user(&backend, "alice").await;
    let token = a_token(&backend, alice, 1, DAY).await.expect("stored").expect("few");
    let _ = postgres.superuser_psql("update users set disabled_at = now()");
    let mut tx = backend.begin_as(alice).await.expect("a transaction");
    assert_eq!(tokens::enter(&mut tx, alice, token.id).await.expect("an answer"), None);
    assert_eq!(tokens::list(&mut tx, alice).await.expect("a list"), []);
    let _ = postgres.superuser_psql(
        "update api_tokens set created_at = now() - interval '2 days', expires_at = now() - interval '1 day'",
    );
    assert_eq!(tokens::find(&mut tx, &[1; 32]).await.expect("an answer"), None);
}
