use aws_lc_rs::hmac;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use untxt_core::{clock, config::SecondFactorRule};

use crate::{
    app::{Answer, TestApp, json},
    people::{PASSWORD, Person},
};

const SESSION: &str = "/api/v1/session";
const FACTOR: &str = "/api/v1/account/second-factor";

/// An app as people have it, written once more from RFC 6238: a secret, and the step of 30 s when it was read.
pub(crate) struct Phone {
    secret: Vec<u8>,
    step: i64,
}

impl Phone {
    fn read(secret: &str) -> Self {
        let bits = secret.bytes().flat_map(|letter| {
            let value = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
            (0..5).rev().map(move |bit| value >> bit & 1)
        });
        let bits: Vec<_> = bits.collect();
        let secret = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | bit)).collect();
        Self { secret, step: clock::now().unix_timestamp() / 30 }
    }

    /// The code that it shows so many steps after the secret was read, whenever the test gets there. Those of now and
    /// of the next step are taken at once; a test that is slow has one step more for the first, and two for the second.
    fn code(&self, steps: i64) -> String {
        let step = (self.step + steps).to_be_bytes();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.secret), &step);
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 15);
        let four: [u8; 4] = tag[offset..offset + 4].try_into().expect("four");
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Sets up codes; gives the phone, the recovery codes, and the person with the new cookies.
pub(crate) async fn enrol(app: &TestApp, person: &Person) -> (Phone, Vec<String>, Person) {
    let begun = person.ask(app, Method::POST, FACTOR, &json!({})).await;
    assert_eq!(begun.status, 200, "{:?}", begun.body);
    let phone = Phone::read(begun.json()["secret"].as_str().expect("text"));
    let confirm = json!({ "code": phone.code(0) });
    let answer = person.ask(app, Method::POST, &format!("{FACTOR}/confirm"), &confirm).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let codes = answer.json()["recovery_codes"].as_array().expect("codes").clone();
    let codes = codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect();
    (phone, codes, Person { cookies: answer.cookies(), ..person.clone() })
}

async fn first_step(app: &TestApp, login: &str) -> String {
    let answer = app.log_in(login, PASSWORD).await;
    assert_eq!((answer.status, answer.cookies().len()), (StatusCode::ACCEPTED, 0), "{:?}", answer.body);
    answer.json()["pending"].as_str().expect("a token").to_owned()
}

pub(crate) async fn second_step(app: &TestApp, pending: &str, code: &str) -> Answer {
    let body = json!({ "pending": pending, "code": code });
    app.send(json(Method::POST, "/api/v1/session/second-factor", &body)).await
}

#[tokio::test]
async fn a_login_asks_for_a_code_and_takes_each_once() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let other = Person { cookies: app.log_in("ada", PASSWORD).await.cookies(), ..ada.clone() };
    let (phone, codes, ada_now) = enrol(&app, &ada).await;
    assert_eq!(codes.len(), 10);
    assert_eq!(ada_now.get(&app, SESSION).await.status, 200);
    ada.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    other.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    let account = ada_now.get(&app, "/api/v1/account").await.json();
    assert_eq!(account["second_factor"]["recovery_codes"], 10);
    ada_now.ask(&app, Method::POST, FACTOR, &json!({})).await.is_problem(409, "second_factor_there");

    let pending = first_step(&app, "ada").await;
    second_step(&app, &pending, "000000").await.is_problem(403, "wrong_code");
    // What confirmed the app is used up.
    second_step(&app, &pending, &phone.code(0)).await.is_problem(403, "wrong_code");
    let code = phone.code(1);
    let answer = second_step(&app, &pending, &format!("{} {}", &code[..3], &code[3..])).await;
    assert_eq!((answer.status, &answer.json()["user"]["login"]), (StatusCode::OK, &json!("ada")));
    second_step(&app, &pending, &code).await.is_problem(403, "wrong_code");
    // Neither the pending token nor the cookies of before are a session.
    let forged = Person { cookies: vec![format!("__Host-untxt_access={pending}")], ..ada };
    forged.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    second_step(&app, "nonsense", &code).await.is_problem(401, "login_expired");
    second_step(&app, &forged.cookies[0], &code).await.is_problem(401, "login_expired");
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_new_ones_replace_all() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (_, codes, ada) = enrol(&app, &ada).await;
    let stored = app.postgres.superuser_psql("select string_agg(recovery_codes::text, ' ') from recovery_codes");
    assert!(!stored.contains(&codes[0].replace('-', "")));
    let pending = first_step(&app, "ada").await;
    assert_eq!(second_step(&app, &pending, &codes[0].to_uppercase()).await.status, 200);
    second_step(&app, &pending, &codes[0]).await.is_problem(403, "wrong_code");
    let renewed = ada.ask(&app, Method::POST, "/api/v1/account/recovery-codes", &json!({})).await.json();
    assert_eq!(renewed["recovery_codes"].as_array().expect("codes").len(), 10);
    second_step(&app, &pending, &codes[1]).await.is_problem(403, "wrong_code");
    let new = renewed["recovery_codes"][0].as_str().expect("text").to_owned();
    assert_eq!(second_step(&app, &pending, &new).await.status, 200);
}

#[tokio::test]
async fn guessing_codes_locks_the_login_and_another_password_ends_the_first_step() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (_, codes, ada) = enrol(&app, &ada).await;
    let pending = first_step(&app, "ada").await;
    for _ in 0..5 {
        second_step(&app, &pending, "000000").await.is_problem(403, "wrong_code");
    }
    second_step(&app, &pending, &codes[0]).await.is_problem(429, "too_many_attempts");
    app.log_in("ada", PASSWORD).await.is_problem(429, "too_many_attempts");
    let _ = app.postgres.superuser_psql("update users set failed_logins = 0, locked_until = null");
    let change = json!({ "old": PASSWORD, "new": "seven quiet herons over the mill" });
    assert_eq!(ada.ask(&app, Method::POST, "/api/v1/account/password", &change).await.status, 200);
    second_step(&app, &pending, &codes[0]).await.is_problem(401, "login_expired");
}

#[tokio::test]
async fn a_fresh_proof_needs_a_code_and_so_does_giving_them_up() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let (phone, codes, ada) = enrol(&app, &ada).await;
    let _ = app.postgres.superuser_psql("update sessions set verified_at = verified_at - interval '16 minutes'");
    ada.ask(&app, Method::DELETE, FACTOR, &json!({ "code": codes[0] })).await.is_problem(403, "step_up_required");
    let path = "/api/v1/session/step-up";
    ada.ask(&app, Method::POST, path, &json!({ "password": PASSWORD })).await.is_problem(403, "wrong_code");
    let answer = ada.ask(&app, Method::POST, path, &json!({ "code": phone.code(1) })).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let ada = Person { cookies: answer.cookies(), ..ada };
    ada.ask(&app, Method::DELETE, FACTOR, &json!({ "code": "000000" })).await.is_problem(403, "wrong_code");
    assert_eq!(ada.ask(&app, Method::DELETE, FACTOR, &json!({ "code": codes[0] })).await.status, 204);
    assert_eq!(app.log_in("ada", PASSWORD).await.status, 200);
    assert_eq!(app.count("recovery_codes"), 0);
}

#[tokio::test]
async fn who_has_to_have_codes_sets_them_up_before_anything_else() {
    let app = TestApp::with(|settings| settings.session.second_factor = SecondFactorRule::Admins).await;
    let (admin, bob) = (app.admin("admin").await, app.person("bob").await);
    assert_eq!(bob.get(&app, "/api/v1/documents").await.status, 200);
    for path in ["/api/v1/documents", "/api/v1/sessions", "/api/v1/tokens", "/api/v1/users"] {
        admin.get(&app, path).await.is_problem(403, "second_factor_needed");
    }
    assert_eq!(admin.get(&app, SESSION).await.json()["must_enrol"], json!(true));
    let (_, codes, admin) = enrol(&app, &admin).await;
    assert_eq!(admin.get(&app, SESSION).await.json()["must_enrol"], json!(false));
    assert_eq!(admin.get(&app, "/api/v1/users").await.status, 200);
    admin.ask(&app, Method::DELETE, FACTOR, &json!({ "code": codes[0] })).await.is_problem(403, "second_factor_needed");
}

#[tokio::test]
async fn an_administrator_helps_whoever_lost_everything() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("admin").await, app.person("bob").await);
    let (_, _, bob) = enrol(&app, &bob).await;
    let path = format!("/api/v1/users/{}/second-factor", bob.id);
    bob.delete(&app, &path).await.is_problem(403, "not_allowed");
    let listed: Value = admin.get(&app, "/api/v1/users").await.json();
    assert_eq!(listed["users"][1]["has_second_factor"], true);
    assert_eq!(admin.delete(&app, &path).await.status, 204);
    admin.delete(&app, &path).await.is_problem(404, "no_second_factor");
    bob.get(&app, SESSION).await.is_problem(401, "not_logged_in");
    assert_eq!(app.log_in("bob", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_secret_lies_sealed_and_opens_for_its_person_only() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.person("ada").await, app.person("bob").await);
    let (phone, _, _) = enrol(&app, &ada).await;
    let (_, _, _) = enrol(&app, &bob).await;
    let stored = app.postgres.superuser_psql("select encode(secret_sealed, 'hex') from second_factors");
    assert!(!stored.contains(&hex::encode(&phone.secret)));
    // Somebody who can write to the database gives Bob the secret of Ada, whose codes he knows.
    let _ = app.postgres.superuser_psql(&format!(
        "update second_factors set secret_sealed = (select secret_sealed from second_factors where user_id = '{}')
        where user_id = '{}'",
        ada.id, bob.id
    ));
    let pending = first_step(&app, "bob").await;
    second_step(&app, &pending, &phone.code(1)).await.is_problem(500, "damaged");
}
