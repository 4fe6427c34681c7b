//! Logins of other services, with a provider that answers over TLS and lies when it is told to.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use untxt_core::{clock, config};

use crate::{
    app::{Answer, TestApp, json, request},
    oidc_provider::{Lie, ProviderServer, Returned, Signing},
    people::{PASSWORD, Person},
    second_factor::{enrol, second_step},
};

const IDENTITIES: &str = "/api/v1/account/identities";

/// Somebody on the way to a provider.
struct Away {
    address: String,
    cookie: String,
}

async fn app_with(providers: &[&ProviderServer], change: impl FnOnce(&mut config::Oidc)) -> TestApp {
    TestApp::with(|settings| {
        settings.oidc.providers = providers.iter().map(|provider| provider.settings()).collect();
        change(&mut settings.oidc);
    })
    .await
}

fn away(answer: &Answer) -> Away {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let cookie = answer.header("set-cookie");
    for part in ["__Host-untxt_oidc=", "HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    Away {
        address: answer.json()["address"].as_str().expect("an address").to_owned(),
        cookie: answer.cookies().join("; "),
    }
}

impl TestApp {
    async fn go_to(&self, provider: &str) -> Away {
        let request = request(Method::POST, &format!("/api/v1/oidc/{provider}")).body(axum::body::Body::empty());
        away(&self.send(request.expect("good")).await)
    }

    async fn come_back(&self, provider: &str, cookie: &str, returned: &Returned) -> Answer {
        let body = json!({ "code": returned.code, "state": returned.state });
        let mut request = json(Method::POST, &format!("/api/v1/oidc/{provider}/finish"), &body);
        request.headers_mut().insert("cookie", cookie.parse().expect("a cookie"));
        self.send(request).await
    }

    /// The whole way there and back.
    async fn log_in_by(&self, provider: &ProviderServer, id: &str) -> Answer {
        let away = self.go_to(id).await;
        let returned = provider.log_in_at(&away.address).await;
        self.come_back(id, &away.cookie, &returned).await
    }

    /// Gives action, outcome and detail of the lines about providers and logins, oldest first.
    fn logins_told(&self) -> String {
        self.postgres.superuser_psql(
            "select coalesce(string_agg(concat_ws(' ', action, outcome, detail), '; ' order by position), '')
            from audit_events where action like 'sso%' or action like 'login%' or action = 'account_created'",
        )
    }

    fn forget_lines(&self) {
        let _ = self.postgres.superuser_psql("set session_replication_role = replica; delete from audit_events");
    }

    fn sessions(&self) -> usize {
        self.count("sessions")
    }
}

impl Person {
    /// Ties what the provider calls them to them.
    async fn tie(&self, app: &TestApp, provider: &ProviderServer, id: &str) -> Answer {
        let begun = self.post(app, &format!("/api/v1/account/oidc/{id}"), &json!({})).await;
        let away = away(&begun);
        let returned = provider.log_in_at(&away.address).await;
        self.bring_back(app, id, &away, &returned).await
    }

    async fn bring_back(&self, app: &TestApp, id: &str, away: &Away, returned: &Returned) -> Answer {
        let mut with = self.clone();
        with.cookies.push(away.cookie.clone());
        let body = json!({ "code": returned.code, "state": returned.state });
        with.post(app, &format!("/api/v1/account/oidc/{id}/finish"), &body).await
    }

    async fn identities(&self, app: &TestApp) -> Vec<Value> {
        self.get(app, IDENTITIES).await.json()["identities"].as_array().expect("a list").clone()
    }
}

#[tokio::test]
async fn a_tied_identity_logs_in_with_every_way_to_sign_that_is_allowed() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let limits = app.send(request(Method::GET, "/api/v1/limits").body(axum::body::Body::empty()).expect("good")).await;
    assert_eq!(limits.json()["providers"], json!([{ "id": "clinic", "label": "The clinic" }]));
    let ada = app.person("ada").await;
    app.forget_lines();
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    for signing in [Signing::Es256, Signing::Rs256, Signing::Ps256, Signing::EdDsa] {
        provider.sign_with(signing);
        let answer = app.log_in_by(&provider, "clinic").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["user"]["login"]), (200, &json!("ada")), "{signing:?}");
        let cookies = answer.cookies();
        assert_eq!(cookies.len(), 3, "{cookies:?}");
        let here = Person { cookies, ..ada.clone() };
        assert_eq!(here.get(&app, "/api/v1/session").await.status, 200);
    }
    let told = "sso_begun ok; login_success ok sso";
    assert_eq!(app.logins_told(), format!("sso_begun ok link; sso_linked ok; {}", [told; 4].join("; ")));
    assert_eq!((app.count("pending_logins"), provider.count("discovery"), provider.count("keys")), (0, 1, 1));
    let listed = ada.identities(&app).await;
    assert_eq!((listed.len(), &listed[0]["provider"]), (1, &json!("clinic")));
    assert!(listed[0]["last_used_at"].is_string());
}

#[tokio::test]
async fn whatever_a_provider_says_wrong_lets_nobody_in_and_makes_one_line() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let ada = app.person("ada").await;
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    let sessions = app.sessions();
    let now = clock::now().unix_timestamp();
    let lies = [
        Lie::RefusesCodes,
        Lie::NoIdToken,
        Lie::NotAToken,
        Lie::Claim("nonce", json!("another")),
        Lie::Without("nonce"),
        Lie::Claim("aud", json!("another server")),
        Lie::Claim("aud", json!(["untxt at the clinic", "another server"])),
        Lie::Claim("aud", json!([])),
        Lie::Without("aud"),
        Lie::Claim("azp", json!("another server")),
        Lie::Claim("iss", json!("https://accounts.example")),
        Lie::Claim("iss", json!(format!("{}/", provider.issuer()))),
        Lie::Without("iss"),
        Lie::Claim("exp", json!(now - 120)),
        Lie::Without("exp"),
        Lie::Claim("iat", json!(now - 3600)),
        Lie::Claim("iat", json!(now + 3600)),
        Lie::Claim("sub", json!("")),
        Lie::Claim("sub", json!("x".repeat(256))),
        Lie::Claim("sub", json!("0002")),
        Lie::Without("sub"),
        Lie::Unsigned,
        Lie::SharedSecret,
        Lie::PublicKeyAsSecret,
        Lie::OtherKey,
        Lie::UnknownKey,
    ];
    for lie in lies {
        app.forget_lines();
        provider.lie(lie.clone());
        let answer = app.log_in_by(&provider, "clinic").await;
        assert_eq!(answer.status, 403, "{lie:?}: {:?}", answer.body);
        answer.is_problem(403, "sso_refused");
        assert!(answer.cookies().iter().all(|cookie| cookie == "__Host-untxt_oidc="), "{lie:?}");
        assert_eq!(app.logins_told(), "sso_begun ok; sso_failed refused sso_refused", "{lie:?}");
        assert_eq!((app.sessions(), app.count("pending_logins")), (sessions, 0), "{lie:?}");
    }
    // Unknown keys are asked for once a minute at most.
    assert_eq!(provider.count("keys"), 1);
    // A clock that is a little off is no lie.
    for honest in [Lie::None, Lie::Claim("exp", json!(now - 20)), Lie::Claim("iat", json!(now + 20))] {
        provider.lie(honest.clone());
        assert_eq!(app.log_in_by(&provider, "clinic").await.status, 200, "{honest:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_no_provider_is_not_asked_further() {
    let provider = ProviderServer::start("clinic");
    for (lie, asked) in [(Lie::OtherIssuer, 0), (Lie::LoginElsewhere, 1), (Lie::KeysInClear, 0)] {
        let app = app_with(&[&provider], |_| {}).await;
        provider.lie(lie.clone());
        let before = provider.count("keys");
        let path = "/api/v1/oidc/clinic";
        app.send(json(Method::POST, path, &json!({}))).await.is_problem(503, "sso_unavailable");
        assert_eq!(provider.count("keys"), before + asked, "{lie:?}");
        assert_eq!(
            (app.logins_told(), app.count("pending_logins")),
            ("sso_begun failed sso_unavailable".to_owned(), 0)
        );
    }
    // Where codes go is looked at before one is sent.
    provider.lie(Lie::TokenElsewhere);
    let app = app_with(&[&provider], |_| {}).await;
    app.log_in_by(&provider, "clinic").await.is_problem(503, "sso_unavailable");
    let app = app_with(&[&provider], |_| {}).await;
    app.send(json(Method::POST, "/api/v1/oidc/another", &json!({}))).await.is_problem(404, "provider_not_found");
}

#[tokio::test]
async fn a_provider_that_is_down_slow_or_endless_costs_ten_seconds_at_most() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let ada = app.person("ada").await;
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    let sessions = app.sessions();
    for (lie, at_most) in [(Lie::Huge, 8), (Lie::Redirects, 8), (Lie::Slow, 12)] {
        app.forget_lines();
        provider.lie(lie.clone());
        let began = Instant::now();
        let answer = app.log_in_by(&provider, "clinic").await;
        // A redirect is an answer, and not the one that was asked for.
        let code = if lie == Lie::Redirects { "sso_refused" } else { "sso_unavailable" };
        answer.is_problem(if lie == Lie::Redirects { 403 } else { 503 }, code);
        assert!(began.elapsed() < Duration::from_secs(at_most), "{lie:?}: {:?}", began.elapsed());
        let outcome = if lie == Lie::Redirects { "refused" } else { "failed" };
        assert_eq!(app.logins_told(), format!("sso_begun ok; sso_failed {outcome} {code}"));
        assert_eq!(app.sessions(), sessions, "{lie:?}");
    }
    assert_eq!(provider.count("keys"), 1, "no redirect is followed");
    provider.lie(Lie::None);
    let away = app.go_to("clinic").await;
    let returned = provider.log_in_at(&away.address).await;
    provider.stop();
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.come_back("clinic", &away.cookie, &returned).await.is_problem(503, "sso_unavailable");
    let elsewhere = app_with(&[&provider], |_| {}).await;
    elsewhere.send(json(Method::POST, "/api/v1/oidc/clinic", &json!({}))).await.is_problem(503, "sso_unavailable");
    assert_eq!((app.sessions(), elsewhere.count("pending_logins")), (sessions, 0));
}

#[tokio::test]
async fn an_impostor_with_another_certificate_is_told_nothing() {
    let (provider, other) = (ProviderServer::start("clinic"), ProviderServer::start("other"));
    let app = app_with(&[&provider], |oidc| oidc.providers[0].ca_path = other.settings().ca_path).await;
    app.send(json(Method::POST, "/api/v1/oidc/clinic", &json!({}))).await.is_problem(503, "sso_unavailable");
    assert_eq!(provider.count("discovery"), 0);
}

#[tokio::test]
async fn what_comes_back_is_good_once_in_its_browser_and_from_its_provider() {
    let (provider, evil) = (ProviderServer::start("clinic"), ProviderServer::start("evil"));
    let app = app_with(&[&provider, &evil], |_| {}).await;
    let ada = app.person("ada").await;
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    let sessions = app.sessions();

    // Of another browser: neither its state nor its code.
    let (away, other) = (app.go_to("clinic").await, app.go_to("clinic").await);
    let returned = provider.log_in_at(&away.address).await;
    app.forget_lines();
    app.come_back("clinic", &other.cookie, &returned).await.is_problem(403, "sso_expired");
    app.come_back("clinic", "", &returned).await.is_problem(403, "sso_expired");
    let of_other = provider.log_in_at(&other.address).await;
    let mixed = Returned { code: returned.code.clone(), state: of_other.state.clone() };
    app.come_back("clinic", &other.cookie, &mixed).await.is_problem(403, "sso_refused");
    let refused = "sso_failed refused sso_expired";
    assert_eq!(app.logins_told(), format!("{refused}; {refused}; sso_failed refused sso_refused"));

    // From another provider.
    let away = app.go_to("clinic").await;
    let returned = provider.log_in_at(&away.address).await;
    app.come_back("evil", &away.cookie, &returned).await.is_problem(403, "sso_expired");
    assert_eq!(evil.count("token"), 0, "no code of one provider goes to another");
    app.come_back("clinic", &away.cookie, &returned).await.is_problem(403, "sso_expired");
    assert_eq!(app.sessions(), sessions);

    // Once.
    let away = app.go_to("clinic").await;
    let returned = provider.log_in_at(&away.address).await;
    assert_eq!(app.come_back("clinic", &away.cookie, &returned).await.status, 200);
    app.come_back("clinic", &away.cookie, &returned).await.is_problem(403, "sso_expired");
    let again = app.go_to("clinic").await;
    let state = provider.log_in_at(&again.address).await.state;
    let replayed = Returned { code: returned.code, state };
    app.come_back("clinic", &again.cookie, &replayed).await.is_problem(403, "sso_refused");

    // In time.
    let away = app.go_to("clinic").await;
    let returned = provider.log_in_at(&away.address).await;
    let _ = app.postgres.superuser_psql("update pending_logins set expires_at = clock_timestamp()");
    app.come_back("clinic", &away.cookie, &returned).await.is_problem(403, "sso_expired");
    assert_eq!(app.sessions(), sessions + 1);
}

#[tokio::test]
async fn a_token_of_one_provider_is_nothing_from_another() {
    let (provider, evil) = (ProviderServer::start("clinic"), ProviderServer::start("evil"));
    let app = app_with(&[&provider, &evil], |_| {}).await;
    let ada = app.person("ada").await;
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    assert_eq!(app.log_in_by(&provider, "clinic").await.status, 200);
    evil.lie(Lie::Token(provider.last_token()));
    app.log_in_by(&evil, "evil").await.is_problem(403, "sso_refused");
    // Nor does the same name for somebody make them the same person.
    evil.lie(Lie::None);
    app.log_in_by(&evil, "evil").await.is_problem(403, "sso_refused");
    evil.lie(Lie::Claim("iss", json!(provider.issuer())));
    app.log_in_by(&evil, "evil").await.is_problem(403, "sso_refused");
    // An honest provider says who answers (RFC 9207).
    let away = app.go_to("clinic").await;
    let returned = provider.log_in_at(&away.address).await;
    let body = json!({ "code": returned.code, "state": returned.state, "iss": evil.issuer() });
    let mut request = json(Method::POST, "/api/v1/oidc/clinic/finish", &body);
    request.headers_mut().insert("cookie", away.cookie.parse().expect("a cookie"));
    app.send(request).await.is_problem(403, "sso_refused");
}

#[tokio::test]
async fn new_keys_of_a_provider_are_found_and_asked_for_once_a_minute() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let ada = app.person("ada").await;
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    provider.renew_keys();
    app.log_in_by(&provider, "clinic").await.is_problem(403, "sso_refused");
    assert_eq!(provider.count("keys"), 1, "they were fetched less than a minute ago");
    // A backend that starts now knows them.
    let later = app.another_backend();
    let begun = later.send(json(Method::POST, "/api/v1/oidc/clinic", &json!({}))).await;
    let away = away(&begun);
    let returned = provider.log_in_at(&away.address).await;
    let body = json!({ "code": returned.code, "state": returned.state });
    let mut request = json(Method::POST, "/api/v1/oidc/clinic/finish", &body);
    request.headers_mut().insert("cookie", away.cookie.parse().expect("a cookie"));
    assert_eq!(later.send(request).await.status, 200);
    assert_eq!(provider.count("keys"), 2);
}

#[tokio::test]
async fn an_identity_is_tied_with_a_fresh_proof_by_whoever_began_it() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let stale = "update sessions set verified_at = verified_at - interval '16 minutes'";
    let _ = app.postgres.superuser_psql(stale);
    ada.post(&app, "/api/v1/account/oidc/clinic", &json!({})).await.is_problem(403, "step_up_required");
    let _ = app.postgres.superuser_psql("update sessions set verified_at = clock_timestamp()");

    // Somebody else's way there is not mine, and neither is a login a tie.
    let away_ada = away(&ada.post(&app, "/api/v1/account/oidc/clinic", &json!({})).await);
    let returned = provider.log_in_at(&away_ada.address).await;
    bob.bring_back(&app, "clinic", &away_ada, &returned).await.is_problem(403, "sso_expired");
    let away_ada = away(&ada.post(&app, "/api/v1/account/oidc/clinic", &json!({})).await);
    let returned = provider.log_in_at(&away_ada.address).await;
    app.come_back("clinic", &away_ada.cookie, &returned).await.is_problem(403, "sso_expired");
    let login = app.go_to("clinic").await;
    let of_login = provider.log_in_at(&login.address).await;
    ada.bring_back(&app, "clinic", &login, &of_login).await.is_problem(403, "sso_expired");
    assert_eq!(app.count("identities"), 0);

    assert_eq!(ada.bring_back(&app, "clinic", &away_ada, &returned).await.status, 204);
    ada.bring_back(&app, "clinic", &away_ada, &returned).await.is_problem(403, "sso_expired");
    bob.tie(&app, &provider, "clinic").await.is_problem(409, "identity_taken");
    ada.tie(&app, &provider, "clinic").await.is_problem(409, "identity_taken");
    assert!(bob.identities(&app).await.is_empty());
    let stored = app.postgres.superuser_psql("select string_agg(t::text, ' ') from identities t");
    assert!(!stored.contains("localhost") && !stored.contains("0001"), "{stored}");

    let id = ada.identities(&app).await[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("{IDENTITIES}/{id}");
    bob.delete(&app, &path).await.is_problem(404, "identity_not_found");
    let _ = app.postgres.superuser_psql(stale);
    ada.delete(&app, &path).await.is_problem(403, "step_up_required");
    let _ = app.postgres.superuser_psql("update sessions set verified_at = clock_timestamp()");
    assert_eq!(ada.delete(&app, &path).await.status, 204);
    ada.delete(&app, &path).await.is_problem(404, "identity_not_found");
    app.log_in_by(&provider, "clinic").await.is_problem(403, "sso_refused");
}

#[tokio::test]
async fn codes_are_asked_for_after_a_login_by_a_provider_and_who_is_disabled_stays_out() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let (admin, ada) = (app.admin("root").await, app.person("ada").await);
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    let (_, codes, ada) = enrol(&app, &ada).await;
    let sessions = app.sessions();
    app.forget_lines();
    let answer = app.log_in_by(&provider, "clinic").await;
    assert_eq!((answer.status.as_u16(), app.sessions()), (202, sessions));
    let pending = answer.json()["pending"].as_str().expect("a token").to_owned();
    assert_eq!(second_step(&app, &pending, &codes[0]).await.status, 200);
    assert_eq!(app.logins_told(), "sso_begun ok; login_begun ok sso; login_success ok recovery_code");

    app.forget_lines();
    let path = format!("/api/v1/users/{}", ada.id);
    assert_eq!(admin.patch(&app, &path, &json!({ "is_disabled": true })).await.status, 204);
    let (of_disabled, body) = (app.log_in_by(&provider, "clinic").await, |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().expect("an object").remove("request_id");
        body
    });
    provider.is_logged_in(json!({ "sub": "a stranger" }));
    let of_stranger = app.log_in_by(&provider, "clinic").await;
    of_disabled.is_problem(403, "sso_refused");
    assert_eq!(body(&of_disabled), body(&of_stranger));
    let told = "sso_begun ok; sso_failed refused sso_refused";
    assert_eq!(app.logins_told(), format!("{told}; {told}"));
}

#[tokio::test]
async fn strangers_get_an_account_only_where_that_is_switched_on_and_by_a_verified_address() {
    let provider = ProviderServer::start("clinic");
    let person = |sub: &str, mail: &str, is_verified: bool| {
        provider.is_logged_in(json!({ "sub": sub, "email": mail, "email_verified": is_verified }));
    };
    let app = app_with(&[&provider], |_| {}).await;
    person("1", "new@clinic.example", true);
    app.log_in_by(&provider, "clinic").await.is_problem(403, "sso_refused");
    assert_eq!(app.count("users"), 0);

    let app = app_with(&[&provider], |oidc| {
        oidc.providers[0].signup = true;
        oidc.providers[0].domains = vec!["Clinic.example".to_owned()];
    })
    .await;
    let ada = app.person("ada@clinic.example").await;
    for (mail, is_verified) in [
        ("new@clinic.example", false),
        ("new@evil.example", true),
        ("new@sub.clinic.example", true),
        ("new@clinic.example@evil.example", true),
        ("new@xclinic.example", true),
        // An account of before is nobody's but its person's.
        ("ada@clinic.example", true),
        ("ADA@clinic.example", true),
        ("", true),
        ("two words@clinic.example", true),
    ] {
        person("1", mail, is_verified);
        app.log_in_by(&provider, "clinic").await.is_problem(403, "sso_refused");
    }
    assert_eq!((app.count("users"), app.count("identities")), (1, 0));
    app.forget_lines();
    person("1", "New@Clinic.example", true);
    let answer = app.log_in_by(&provider, "clinic").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["user"]),
        (
            200,
            &json!({
                "id": answer.json()["user"]["id"], "login": "new@clinic.example", "role": "user",
            })
        )
    );
    assert_eq!(app.logins_told(), "sso_begun ok; account_created ok sso");
    let new = Person { id: ada.id, cookies: answer.cookies() };
    let id = new.identities(&app).await[0]["id"].as_str().expect("an id").to_owned();
    new.delete(&app, &format!("{IDENTITIES}/{id}")).await.is_problem(409, "last_way_in");
    assert_eq!(new.identities(&app).await.len(), 1);
    // The same person with another address is the same person; with one from elsewhere, nobody.
    person("1", "newer@clinic.example", true);
    assert_eq!(app.log_in_by(&provider, "clinic").await.json()["user"]["login"], "new@clinic.example");
    person("1", "newer@evil.example", true);
    app.log_in_by(&provider, "clinic").await.is_problem(403, "sso_refused");
    // Two ways in: one may go.
    person("2", "second@clinic.example", true);
    assert_eq!(new.tie(&app, &provider, "clinic").await.status, 204);
    assert_eq!(new.delete(&app, &format!("{IDENTITIES}/{id}")).await.status, 204);
}

#[tokio::test]
async fn where_providers_are_the_only_way_no_password_says_whether_it_is_right() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let (root, ada) = (app.create_user("root").await, app.person("ada").await);
    assert_eq!(ada.tie(&app, &provider, "clinic").await.status, 204);
    let _ = app.postgres.superuser_psql(&format!("update users set role = 'admin' where id = '{root}'"));
    let mut settings = app.settings.clone();
    settings.oidc.sso_only = true;
    let strict = app.another_backend_with(&settings);
    let log_in = async |login: &str, password: &str| {
        strict.send(json(Method::POST, "/api/v1/session", &json!({ "login": login, "password": password }))).await
    };
    for (login, password) in [("ada", PASSWORD), ("ada", "wrong"), ("root", "wrong"), ("nobody", PASSWORD)] {
        log_in(login, password).await.is_problem(403, "sso_only");
    }
    assert_eq!(log_in("root", PASSWORD).await.status, 200, "for the day on which no provider answers");
    // A right password is counted as a wrong one, so that the count says nothing either.
    let counted = app.postgres.superuser_psql("select failed_logins from users where login = 'ada'");
    assert_eq!(counted, "2");
    assert_eq!(app.log_in_by(&provider, "clinic").await.status, 200);
    let id = ada.identities(&app).await[0]["id"].as_str().expect("an id").to_owned();
    let unlink = ada.request(Method::DELETE, &format!("{IDENTITIES}/{id}")).body(axum::body::Body::empty());
    strict.send(unlink.expect("good")).await.is_problem(409, "last_way_in");
}

#[tokio::test]
async fn nothing_of_a_login_by_a_provider_is_written_down() {
    let provider = ProviderServer::start("clinic");
    let app = app_with(&[&provider], |_| {}).await;
    let away = app.go_to("clinic").await;
    let returned = provider.log_in_at(&away.address).await;
    let rows = |table: &str| {
        app.postgres.superuser_psql(&format!("select coalesce(string_agg(t::text, ' '), '') from {table} t"))
    };
    let kept = rows("pending_logins");
    assert!(kept.contains("clinic"), "{kept}");
    app.come_back("clinic", &away.cookie, &returned).await.is_problem(403, "sso_refused");
    let all = [kept, rows("pending_logins"), rows("audit_events"), rows("identities")].join(" ");
    let secret = away.cookie.split('=').nth(1).expect("a value");
    for text in [secret, &returned.code, &returned.state, &returned.state[6..], "0001"] {
        assert!(!all.contains(text), "{text}: {all}");
    }
    // Whoever never comes back is forgotten by whoever goes next.
    app.go_to("clinic").await;
    let _ = app.postgres.superuser_psql("update pending_logins set expires_at = clock_timestamp()");
    app.go_to("clinic").await;
    assert_eq!(app.count("pending_logins"), 1);
}
