use http::{HeaderMap, header::AUTHORIZATION};
use untxt_core::domain::Role;
use untxt_database::{
    Database,
    tokens::{self, Found},
};

use super::secret::Secret;

/// Who comes with a token.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    pub(crate) token: Found,
    pub(crate) role: Role,
}

/// Says whether a request brings a token, good or not: then nothing else of it counts.
pub(crate) fn is_brought(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION)
}

/// Finds who comes with `Authorization: Bearer untxt_…`, and notes that the token is in use. `None`: nobody that we know, for
/// whatever reason.
pub(crate) async fn authenticate(db: &Database, headers: &HeaderMap) -> untxt_database::Result<Option<Entered>> {
    let Some(secret) = find_secret(headers) else { return Ok(None) };
    let mut tx = db.begin_system().await?;
    let Some(token) = tokens::find(&mut tx, &secret.hash()).await? else { return Ok(None) };
    let Some(role) = tokens::enter(&mut tx, token.user, token.id).await? else { return Ok(None) };
    tx.commit().await?;
    Ok(Some(Entered { token, role }))
}

/// Reads the one header there may be; the scheme's case does not count (RFC 9110 §11.1).
fn find_secret(headers: &HeaderMap) -> Option<Secret> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::read(token))?
}

#[cfg(test)]
mod tests {
    use std::{slice, time::Duration};

    use untxt_core::domain::{Scope, TokenId, UserId};
    use untxt_database::{testing::TestPostgres, tokens::NewToken, users};

    use super::*;

    fn headers(secret: &Secret) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {}", secret.text()).parse().expect("a header"))])
    }

    #[tokio::test]
    async fn a_token_lets_its_person_in_until_it_is_revoked_has_run_out_or_they_are_disabled() {
        untxt_core::tls::install_provider();
        let postgres = TestPostgres::start().await;
        let db = postgres.backend().await;
        let user = UserId::generate();
        let mut tx = db.begin_as(user).await.expect("a transaction");
        users::create(&mut tx, user, "ada", "-", untxt_core::domain::Role::User).await.expect("a user");
        let secrets: Vec<_> = (0..2).map(|_| Secret::generate().expect("random")).collect();
        let ids = [TokenId::generate(), TokenId::generate()];
        for (secret, id) in secrets.iter().zip(ids) {
            let (hash, scopes, life) = (&secret.hash(), &[Scope::Search][..], Duration::from_secs(60));
            let new = NewToken { id, user, name: "n", hash, scopes, life };
            tokens::create(&mut tx, new, 9).await.expect("stored").expect("few");
        }
        tx.commit().await.expect("committed");

        let [first, second] = [headers(&secrets[0]), headers(&secrets[1])];
        let entered = authenticate(&db, &first).await.expect("an answer").expect("ada");
        assert_eq!(entered.token, Found { id: ids[0], user, scopes: vec![Scope::Search] });
        assert_eq!(entered.role.as_str(), "user");
        let unknown = headers(&Secret::generate().expect("random"));
        assert!(authenticate(&db, &unknown).await.expect("an answer").is_none());
        assert!(authenticate(&db, &HeaderMap::new()).await.expect("an answer").is_none());

        let is_let_in = async |headers| authenticate(&db, headers).await.expect("an answer").is_some();
        let _ = postgres.superuser_psql("update users set disabled_at = now()");
        assert!(!is_let_in(&first).await);
        let _ = postgres.superuser_psql("update users set disabled_at = null");
        assert!(is_let_in(&first).await);
        let mut tx = db.begin_as(user).await.expect("a transaction");
        assert!(tokens::revoke(&mut tx, ids[0]).await.expect("revoked"));
        tx.commit().await.expect("committed");
        assert!(!is_let_in(&first).await && is_let_in(&second).await);
        let _ = postgres
            .superuser_psql("update api_tokens set created_at = created_at - interval '1 day', expires_at = now()");
        assert!(!is_let_in(&second).await);
    }

    #[test]
    fn one_bearer_header_brings_a_token_and_nothing_else_does() {
        let text = Secret::generate().expect("random").text();
        let find = |values: &[String]| {
            let headers = values.iter().map(|value| (AUTHORIZATION, value.parse().expect("a header")));
            find_secret(&headers.collect::<HeaderMap>()).is_some()
        };
        assert!(find(&[format!("Bearer {text}")]) && find(&[format!("bearer {text}")]));
        for bad in [text.clone(), format!("Basic {text}"), format!("Bearer  {text}"), "Bearer".to_owned()] {
            assert!(!find(slice::from_ref(&bad)), "{bad}");
        }
        assert!(!find(&[]) && !find(&[format!("Bearer {text}"), format!("Bearer {text}")]));
    }
}
