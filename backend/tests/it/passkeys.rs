//! Passkeys, with a device that lies when it is told to.

use http::Method;
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp, json},
    passkey_device::{Device, Lie},
    people::{PASSWORD, Person},
    second_factor::enrol,
};

const PASSKEYS: &str = "/api/v1/account/passkeys";
const SESSION: &str = "/api/v1/session";
const LIES: [Lie; 8] =
    [Lie::NotVerified, Lie::Origin, Lie::Framed, Lie::Server, Lie::Challenge, Lie::Key, Lie::Type, Lie::Person];

impl TestApp {
    async fn ask_for_passkey(&self) -> Value {
        let asked = self.send(json(Method::POST, "/api/v1/session/passkey/begin", &json!({}))).await;
        assert_eq!(asked.status, 200, "{:?}", asked.body);
        asked.json()
    }

    async fn show_passkey(&self, credential: &Value) -> Answer {
        let body = json!({ "credential": credential });
        self.send(json(Method::POST, "/api/v1/session/passkey", &body)).await
    }

    async fn log_in_with(&self, device: &mut Device) -> Answer {
        let asked = self.ask_for_passkey().await;
        self.show_passkey(&device.answer(&asked, None)).await
    }
}

async fn ask_for_new(app: &TestApp, person: &Person) -> Value {
    let asked = person.ask(app, Method::POST, &format!("{PASSKEYS}/begin"), &json!({})).await;
    assert_eq!(asked.status, 200, "{:?}", asked.body);
    asked.json()
}

async fn add(app: &TestApp, person: &Person, name: &str) -> (Device, String) {
    let (device, said) = Device::make(&ask_for_new(app, person).await, None);
    let body = json!({ "name": name, "credential": said });
    let added = person.ask(app, Method::POST, PASSKEYS, &body).await;
    assert_eq!(added.status, 201, "{:?}", added.body);
    (device, added.json()["id"].as_str().expect("an id").to_owned())
}

fn person_of(answer: &Answer, like: &Person) -> Person {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    Person { cookies: answer.cookies(), ..like.clone() }
}

#[tokio::test]
async fn a_passkey_lets_its_person_in_without_password_and_code() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (_, _, ada) = enrol(&app, &ada).await;
    let (mut phone, id) = add(&app, &ada, "My phone").await;
    let answer = app.log_in_with(&mut phone).await;
    assert_eq!(answer.json()["user"]["login"], "ada");
    let again = person_of(&answer, &ada);
    let listed = again.get(&app, PASSKEYS).await.json();
    assert_eq!((&listed["passkeys"][0]["id"], &listed["passkeys"][0]["name"]), (&json!(id), &json!("My phone")));
    assert!(listed["passkeys"][0]["last_used_at"].is_string());
    assert_eq!(again.get(&app, "/api/v1/account").await.json()["passkeys"], 1);
    let said = app.postgres.superuser_psql(
        "select string_agg(action || ' ' || outcome || ' ' || coalesce(detail, ''), ',' order by position)
        from audit_events where action like 'passkey%' or action like '%login%' and detail = 'passkey'",
    );
    assert_eq!(said, "passkey_added ok begun,passkey_added ok ,login_success ok passkey");
    // The same device isn't asked to make a second one.
    let asked = ask_for_new(&app, &ada).await;
    assert_eq!(asked["options"]["excludeCredentials"].as_array().map(Vec::len), Some(1));

    let removed = ada.delete(&app, &format!("{PASSKEYS}/{id}")).await;
    assert_eq!(removed.status, 204, "{:?}", removed.body);
    app.log_in_with(&mut phone).await.is_problem(403, "passkey_refused");
}

#[tokio::test]
async fn no_lie_of_a_device_or_a_page_lets_anybody_in() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (mut phone, _) = add(&app, &ada, "My phone").await;
    for lie in LIES {
        let asked = app.ask_for_passkey().await;
        let code = if lie == Lie::Challenge { (401, "login_expired") } else { (403, "passkey_refused") };
        app.show_passkey(&phone.answer(&asked, Some(lie))).await.is_problem(code.0, code.1);
        // The challenge is used up by what was wrong with it.
        if lie != Lie::Challenge {
            app.show_passkey(&phone.answer(&asked, None)).await.is_problem(401, "login_expired");
        }
        // So many failures from one address would be slowed down.
        let _ = app.postgres.superuser_psql("delete from login_failures");
    }
    for said in [json!({}), json!("x"), json!({ "id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {} })]
    {
        app.show_passkey(&said).await.is_problem(403, "passkey_refused");
    }
    assert_eq!(app.log_in_with(&mut phone).await.status, 200);
    assert_eq!(app.count("sessions"), 2);
}

#[tokio::test]
async fn what_a_lying_device_makes_is_not_taken() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    for lie in LIES.into_iter().filter(|lie| !matches!(lie, Lie::Key | Lie::Person)) {
        let asked = ask_for_new(&app, &ada).await;
        let body = json!({ "name": "x", "credential": Device::make(&asked, Some(lie)).1 });
        let code = if lie == Lie::Challenge { (401, "login_expired") } else { (403, "passkey_refused") };
        ada.ask(&app, Method::POST, PASSKEYS, &body).await.is_problem(code.0, code.1);
    }
    let (_, said) = Device::make(&ask_for_new(&app, &ada).await, None);
    for name in [String::new(), "\u{202e}x".to_owned(), "x".repeat(101)] {
        let body = json!({ "name": name, "credential": said });
        ada.ask(&app, Method::POST, PASSKEYS, &body).await.is_problem(422, "invalid_name");
    }
    assert_eq!(app.count("passkeys"), 0);
}

#[tokio::test]
async fn an_answer_is_good_once_for_five_minutes_and_for_whoever_was_asked() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (mut phone, _) = add(&app, &ada, "My phone").await;
    let asked = app.ask_for_passkey().await;
    let said = phone.answer(&asked, None);
    assert_eq!(app.show_passkey(&said).await.status, 200);
    app.show_passkey(&said).await.is_problem(401, "login_expired");

    let asked = app.ask_for_passkey().await;
    let _ = app.postgres.superuser_psql("update passkey_challenges set expires_at = expires_at - interval '5 minutes'");
    app.show_passkey(&phone.answer(&asked, None)).await.is_problem(401, "login_expired");

    // What one was asked, no other can take; and who makes a passkey doesn't show one.
    let (_, said) = Device::make(&ask_for_new(&app, &ada).await, None);
    let body = json!({ "name": "x", "credential": said });
    bob.ask(&app, Method::POST, PASSKEYS, &body).await.is_problem(401, "login_expired");
    assert_eq!(ada.ask(&app, Method::POST, PASSKEYS, &body).await.status, 201);
    let (_, said) = Device::make(
        &json!({ "options": {
        "rp": { "id": "localhost" }, "user": { "id": "AAAAAAAAAAAAAAAAAAAAAA" },
        "challenge": app.ask_for_passkey().await["options"]["challenge"],
    } }),
        None,
    );
    let body = json!({ "name": "x", "credential": said });
    ada.ask(&app, Method::POST, PASSKEYS, &body).await.is_problem(401, "login_expired");
}

#[tokio::test]
async fn a_copied_key_is_refused_when_its_counter_runs_behind() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (mut phone, _) = add(&app, &ada, "My phone").await;
    phone.counter = 40;
    assert_eq!(app.log_in_with(&mut phone).await.status, 200);
    phone.counter = 40;
    app.log_in_with(&mut phone).await.is_problem(403, "passkey_refused");
    assert_eq!(app.log_in_with(&mut phone).await.status, 200, "42 comes after 41");
}

#[tokio::test]
async fn whoever_is_disabled_or_another_gets_nothing_by_a_passkey() {
    let app = TestApp::start().await;
    let (ada, bob, root) = (app.person("ada").await, app.person("bob").await, app.admin("root").await);
    let (mut phone, id) = add(&app, &ada, "My phone").await;
    bob.delete(&app, &format!("{PASSKEYS}/{id}")).await.is_problem(404, "passkey_not_found");
    // Bob can't prove who he is with the phone of Ada.
    let asked = app.ask_for_passkey().await;
    let proof = json!({ "passkey": phone.answer(&asked, None) });
    bob.ask(&app, Method::POST, "/api/v1/session/step-up", &proof).await.is_problem(403, "passkey_refused");
    let change = json!({ "is_disabled": true });
    let disabled = root.ask(&app, Method::PATCH, &format!("/api/v1/users/{}", ada.id), &change).await;
    assert_eq!(disabled.status, 204, "{:?}", disabled.body);
    app.log_in_with(&mut phone).await.is_problem(403, "passkey_refused");
}

#[tokio::test]
async fn a_passkey_proves_again_who_somebody_is() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (_, _, ada) = enrol(&app, &ada).await;
    let (mut phone, _) = add(&app, &ada, "My phone").await;
    let _ = app.postgres.superuser_psql("update sessions set verified_at = verified_at - interval '16 minutes'");
    let begin = format!("{PASSKEYS}/begin");
    ada.ask(&app, Method::POST, &begin, &json!({})).await.is_problem(403, "step_up_required");
    let proof = json!({ "passkey": phone.answer(&app.ask_for_passkey().await, None) });
    let answer = ada.ask(&app, Method::POST, "/api/v1/session/step-up", &proof).await;
    let fresh = person_of(&answer, &ada);
    ada.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    assert_eq!(fresh.ask(&app, Method::POST, &begin, &json!({})).await.status, 200);
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (_, first) = add(&app, &ada, "My phone").await;
    let (mut key, second) = add(&app, &ada, "Key").await;
    let _ = app.postgres.superuser_psql("update users set has_password = false where login = 'ada'");
    let _ = app.log_in("ada", PASSWORD).await;
    let paths = [first, second].map(|id| format!("{PASSKEYS}/{id}"));
    // Two at once: one of them waits, and sees what the other one left.
    let (one, other) = tokio::join!(ada.delete(&app, &paths[0]), ada.delete(&app, &paths[1]));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!((statuses, app.count("passkeys")), ([204, 409], 1));
    if one.status == 204 {
        assert_eq!(app.log_in_with(&mut key).await.status, 200);
    }
}

#[tokio::test]
async fn a_server_without_a_name_or_with_providers_only_takes_no_passkey() {
    let app = TestApp::with(|settings| settings.server.public_url = "https://127.0.0.1:8443".to_owned()).await;
    let begin = json(Method::POST, "/api/v1/session/passkey/begin", &json!({}));
    app.send(begin).await.is_problem(409, "passkeys_off");
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (mut phone, _) = add(&app, &ada, "My phone").await;
    let mut settings = app.settings.clone();
    settings.oidc.sso_only = true;
    let strict = app.another_backend_with(&settings);
    let said = phone.answer(&app.ask_for_passkey().await, None);
    let body = json!({ "credential": said });
    strict.send(json(Method::POST, "/api/v1/session/passkey", &body)).await.is_problem(403, "sso_only");
    assert_eq!(app.count("sessions"), 1);
}
