//! A new password by mail, with a mail server that takes the letters over TLS.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use untxt_core::config::{Mail, MailTls};

use crate::{
    app::{Answer, TestApp, json},
    live::Socket,
    people::{PASSWORD, Person},
    second_factor::{enrol, second_step},
    server::Running,
    smtp::{MailServer, Manner},
};

const RESETS: &str = "/api/v1/password-resets";
const CONFIRM: &str = "/api/v1/password-resets/confirm";
const MAIL: &str = "/api/v1/account/mail";
const ADDRESS: &str = "ada@clinic.example";
const NEW_PASSWORD: &str = "seven quiet herons over the mill";

async fn app_with(server: &MailServer) -> TestApp {
    TestApp::with(|settings| settings.mail = server.settings()).await
}

impl TestApp {
    async fn ask_for_link(&self, name: &str) -> Answer {
        self.send(json(Method::POST, RESETS, &json!({ "name": name }))).await
    }

    async fn reset_with(&self, token: &str, password: &str) -> Answer {
        self.send(json(Method::POST, CONFIRM, &json!({ "token": token, "password": password }))).await
    }

    /// Gives action, outcome, actor, object and detail of the lines about resets, oldest first.
    fn resets_told(&self) -> String {
        self.postgres.superuser_psql(
            "select string_agg(concat_ws(' ', action, outcome, detail), '; ' order by position)
            from audit_events where action like 'PASSWORD_RESET%'",
        )
    }

    /// Waits until so many lines of the record are about letters that were not taken, and gives why.
    async fn undelivered(&self, wanted: usize) -> String {
        let failed = "from audit_events where action = 'PASSWORD_RESET_EMAIL_FAILED'";
        for _ in 0..3000 {
            if self.postgres.superuser_psql(&format!("select count(*) {failed}")).trim() == wanted.to_string() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.postgres.superuser_psql(&format!(
            "select string_agg(concat_ws(' ', outcome, detail), '; ' order by position) {failed}"
        ))
    }
}

/// Somebody with an address.
async fn ada(app: &TestApp) -> Person {
    let ada = app.person("ada").await;
    assert_eq!(ada.ask(app, Method::PUT, MAIL, &json!({ "mail": ADDRESS })).await.status, 204);
    ada
}

fn token(letter: &str) -> &str {
    let link = letter.split("https://localhost:8443/password-reset#").nth(1).expect(letter);
    link.split_whitespace().next().expect("a token")
}

#[tokio::test]
async fn a_link_gives_a_new_password_once_and_ends_every_session() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let ada = ada(&app).await;
    let elsewhere = Person { cookies: app.log_in("ada", PASSWORD).await.cookies(), ..ada.clone() };
    let program = json!({ "name": "n", "scopes": ["search"], "expires_in_days": 1 });
    assert_eq!(ada.post(&app, "/api/v1/tokens", &program).await.status, 201);

    let asked = app.ask_for_link("ADA").await;
    assert_eq!((asked.status, asked.json()), (StatusCode::ACCEPTED, json!({ "valid_minutes": 15 })));
    let letters = server.letters(1).await;
    for part in [
        "From: UNTXT <untxt@clinic.example>",
        "To: ada@clinic.example",
        "Auto-Submitted: auto-generated",
        "15 Minuten",
        "möchte",
    ] {
        assert!(letters[0].contains(part), "{part}: {}", letters[0]);
    }
    let token = token(&letters[0]).to_owned();
    assert_eq!(token.len(), 64);

    app.reset_with(&token, "short").await.is_problem(422, "weak_password");
    assert_eq!(ada.get(&app, "/api/v1/session").await.status, 200, "a weak password changes nothing");
    let done = app.reset_with(&token, NEW_PASSWORD).await;
    assert_eq!((done.status, done.cookies().len(), done.body.len()), (StatusCode::NO_CONTENT, 0, 0));
    app.reset_with(&token, "another quiet heron at the mill").await.is_problem(404, "link_not_good");
    for person in [&ada, &elsewhere] {
        person.get(&app, "/api/v1/session").await.is_problem(401, "not_logged_in");
    }
    assert_eq!(app.count("api_tokens"), 1, "as with any new password");
    app.log_in("ada", PASSWORD).await.is_problem(401, "wrong_credentials");
    assert_eq!(app.log_in("ada", NEW_PASSWORD).await.status, 200);
    assert!(server.letters(2).await[1].contains("Tokens for programs go on"));
    assert_eq!(
        app.resets_told(),
        "PASSWORD_RESET_REQUESTED ok; PASSWORD_RESET_FAILED refused weak_password; PASSWORD_RESET_COMPLETED ok; \
         PASSWORD_RESET_TOKEN_INVALID refused link_not_good"
    );
    let about = "select count(*) from audit_events where action like 'PASSWORD_RESET%' and object_id = ";
    assert_eq!(app.postgres.superuser_psql(&format!("{about} '{}'", ada.id)), "3");
}

#[tokio::test]
async fn the_token_and_the_address_are_written_down_nowhere_else() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    ada(&app).await;
    app.ask_for_link(ADDRESS).await;
    let letters = server.letters(1).await;
    let token = token(&letters[0]);
    let rows = |table: &str| {
        app.postgres.superuser_psql(&format!("select coalesce(string_agg(t::text, ' '), '') from {table} t"))
    };
    assert!(!rows("password_resets").is_empty());
    for table in ["password_resets", "audit_events", "login_failures", "users", "sessions"] {
        let rows = rows(table);
        assert!(!rows.contains(token), "{table}: {rows}");
        assert!(table == "users" || !rows.contains("clinic.example"), "{table}: {rows}");
    }
}

#[tokio::test]
async fn nobody_learns_whether_a_name_is_somebodys() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let (admin, bob) = (app.admin("admin").await, app.person("bob").await);
    ada(&app).await;
    let carol = app.person("carol").await;
    carol.ask(&app, Method::PUT, MAIL, &json!({ "mail": "carol@clinic.example" })).await;
    let path = format!("/api/v1/users/{}", carol.id);
    assert_eq!(admin.patch(&app, &path, &json!({ "is_disabled": true })).await.status, 204);
    assert!(!bob.cookies.is_empty());
    let long = "x".repeat(300);
    let mut answers = Vec::new();
    for name in ["ada", ADDRESS, "bob", "carol", "nobody", "nobody@clinic.example", "", &long, "a\r\nBcc: b@c"] {
        let before = (app.count("login_failures"), app.count("audit_events"));
        let began = Instant::now();
        let answer = app.ask_for_link(name).await;
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(300), "{name}: {took:?}");
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        answers.push((answer.status, answer.body.clone(), headers));
        // Counted by name and by network, and one line: the same for everybody. What comes after the answer is not waited for.
        assert_eq!(app.count("audit_events"), before.1 + 1, "{name}");
        let names = app.postgres.superuser_psql("select count(*) from login_failures where kind = 'reset'");
        assert!(names.parse::<usize>().expect("a number") > before.0, "{name}");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let letters = server.letters(2).await;
    assert!(letters.iter().all(|letter| letter.contains("To: ada@clinic.example")), "{letters:?}");
    let why = app.postgres.superuser_psql(
        "select string_agg(concat_ws(' ', detail, object_kind, case when login_mark is null then 'known' else 'marked' end), '; ' order by position)
        from audit_events where action = 'PASSWORD_RESET_REQUESTED'",
    );
    assert_eq!(
        why,
        "user known; user known; no_address user known; disabled user known; marked; marked; marked; marked; marked"
    );
}

#[tokio::test]
async fn a_link_runs_out_and_ends_with_the_next_one_and_with_what_it_was_for() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let ada = ada(&app).await;
    app.ask_for_link("ada").await;
    let letters = server.letters(1).await;
    let first = token(&letters[0]).to_owned();
    app.ask_for_link("ada").await;
    let letters = server.letters(2).await;
    let second = token(&letters[1]).to_owned();
    app.reset_with(&first, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    let left = "select round(extract(epoch from expires_at - clock_timestamp()) / 60) from password_resets";
    assert_eq!(app.postgres.superuser_psql(left), "15");
    for bad in ["", "nonsense", &"0".repeat(64), &second[..63]] {
        app.reset_with(bad, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    }
    let put = |change: &str| {
        let _ = app.postgres.superuser_psql("update password_resets set expires_at = now() + interval '15 minutes'");
        let _ = app.postgres.superuser_psql(change);
    };
    put("update password_resets set expires_at = now()");
    app.reset_with(&second, NEW_PASSWORD).await.is_problem(404, "link_not_good");
    for change in
        ["update users set disabled_at = now()", "update users set mail = null", "update users set password_hash = 'x'"]
    {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &hex(&second));
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = app.postgres.superuser_psql(&format!(
            "insert into password_resets (user_id, token_hash) values ('{}', decode('{hash}', 'hex'))
            on conflict (user_id) do update set token_hash = excluded.token_hash",
            ada.id
        ));
        put(change);
        assert_eq!(app.count("password_resets"), 0, "{change}");
        app.reset_with(&second, NEW_PASSWORD).await.is_problem(404, "link_not_good");
        let _ = app.postgres.superuser_psql("update users set disabled_at = null");
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits")).collect()
}

#[tokio::test]
async fn codes_are_asked_for_after_a_reset_and_wrong_ones_stay_counted() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let (_, codes, _) = enrol(&app, &ada(&app).await).await;
    let locked = "update users set failed_logins = 9, locked_until = now() + interval '1 hour'";
    let _ = app.postgres.superuser_psql(locked);
    app.ask_for_link("ada").await;
    let letters = server.letters(1).await;
    assert_eq!(app.reset_with(token(&letters[0]), NEW_PASSWORD).await.status, 204);
    app.log_in("ada", NEW_PASSWORD).await.is_problem(429, "too_many_attempts");
    let _ = app.postgres.superuser_psql("update users set locked_until = null");
    let first = app.log_in("ada", NEW_PASSWORD).await;
    assert_eq!((first.status, first.cookies().len()), (StatusCode::ACCEPTED, 0));
    let pending = first.json()["pending"].as_str().expect("a token").to_owned();
    assert_eq!(second_step(&app, &pending, &codes[0]).await.status, 200);

    // Without codes it is the wrong passwords that are forgotten.
    let bob = app.person("bob").await;
    assert_eq!(bob.ask(&app, Method::PUT, MAIL, &json!({ "mail": "bob@clinic.example" })).await.status, 204);
    let _ = app.postgres.superuser_psql(locked);
    app.ask_for_link("bob").await;
    let letters = server.letters(3).await;
    let letter = letters.iter().find(|letter| letter.contains("To: bob@clinic.example")).expect("a letter");
    assert_eq!(app.reset_with(token(letter), NEW_PASSWORD).await.status, 204);
    assert_eq!(app.log_in("bob", NEW_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn nobody_is_flooded_with_letters() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let again = app.another_backend();
    ada(&app).await;
    for name in ["ada", "nobody"] {
        for _ in 0..3 {
            assert_eq!(app.ask_for_link(name).await.status, 202);
        }
        let other = again.send(json(Method::POST, RESETS, &json!({ "name": name.to_uppercase() }))).await;
        other.is_problem(429, "too_many_attempts");
        assert!(other.header("retry-after").parse::<u32>().expect("seconds") > 850);
    }
    // By another name she is the same person.
    assert_eq!(app.ask_for_link(ADDRESS).await.status, 202);
    assert_eq!(app.undelivered(1).await, "refused too_many_attempts");
    assert_eq!(server.letters(3).await.len(), 3);
    for number in 0..11 {
        assert_eq!(app.ask_for_link(&format!("somebody{number}")).await.status, 202);
    }
    app.ask_for_link("somebody else").await.is_problem(429, "too_many_attempts");
    let _ = app.postgres.superuser_psql("update login_failures set until_at = now()");
    assert_eq!(app.ask_for_link("ada").await.status, 202);
    assert_eq!(server.letters(4).await.len(), 4);
}

#[tokio::test]
async fn a_server_that_is_not_the_right_one_hears_nothing_and_the_record_says_so() {
    let (server, stranger) = (MailServer::start(Manner::Implicit).await, MailServer::start(Manner::Implicit).await);
    let root = stranger.folder.path().join("root.crt");
    let app = TestApp::with(|settings| settings.mail = settings_with(&server, |mail| mail.ca_path = Some(root))).await;
    ada(&app).await;
    assert_eq!(app.ask_for_link("ada").await.status, 202, "whoever asks does not learn it");
    assert_eq!(app.undelivered(1).await, "failed mail_untrusted");
    let app = TestApp::with(|settings| {
        settings.mail = settings_with(&server, |mail| mail.host = "127.0.0.2".to_owned());
    })
    .await;
    ada(&app).await;
    app.ask_for_link("ada").await;
    assert_eq!(app.undelivered(1).await, "failed mail_unreachable");
    assert_eq!((server.heard(), stranger.heard()), (String::new(), String::new()));
}

fn settings_with(server: &MailServer, change: impl FnOnce(&mut Mail)) -> Mail {
    let mut mail = server.settings();
    change(&mut mail);
    mail
}

#[tokio::test]
async fn starttls_comes_before_anything_of_a_letter_or_there_is_none() {
    let server = MailServer::start(Manner::Starttls).await;
    let app = app_with(&server).await;
    ada(&app).await;
    app.ask_for_link("ada").await;
    server.letters(1).await;
    assert_eq!(server.heard_in_clear(), "EHLO clinic.example\r\nSTARTTLS\r\n");
    assert!(server.heard().contains("AUTH PLAIN") && server.heard().contains("RCPT TO:<ada@clinic.example>"));

    // A server, or somebody on the way, who says that there is no TLS.
    let plain = MailServer::start(Manner::Plain).await;
    for (tls, why) in [(MailTls::Starttls, "failed mail_unfit"), (MailTls::Implicit, "failed mail_untrusted")] {
        let app = TestApp::with(|settings| settings.mail = settings_with(&plain, |mail| mail.tls = tls)).await;
        ada(&app).await;
        app.ask_for_link("ada").await;
        assert_eq!(app.undelivered(1).await, why);
        if tls == MailTls::Starttls {
            assert_eq!(plain.heard(), "EHLO clinic.example\r\n");
        }
    }
}

#[tokio::test]
async fn a_letter_that_is_refused_is_on_record_without_the_address() {
    let server = MailServer::start(Manner::Refusing).await;
    let app = app_with(&server).await;
    ada(&app).await;
    app.ask_for_link("ada").await;
    assert_eq!(app.undelivered(1).await, "failed mail_refused");
    let record = app.postgres.superuser_psql("select string_agg(e::text, ' ') from audit_events e");
    assert!(!record.contains("clinic"), "{record}");
}

#[tokio::test]
async fn a_server_without_mail_says_so() {
    let app = TestApp::start().await;
    app.ask_for_link("ada").await.is_problem(404, "no_mail");
    let limits =
        app.send(crate::app::request(Method::GET, "/api/v1/limits").body(axum::body::Body::empty()).expect("good"));
    assert_eq!(limits.await.json()["sends_mail"], false);
}

#[tokio::test]
async fn an_address_is_set_with_a_fresh_proof_and_the_one_of_before_is_told() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let ada = ada(&app).await;
    assert_eq!(ada.get(&app, "/api/v1/account").await.json()["mail"], ADDRESS);
    let set = async |mail: Value| ada.ask(&app, Method::PUT, MAIL, &json!({ "mail": mail })).await;
    for bad in ["", "ada", "a b@c.d", "a@b\r\nBcc: c@d", "<a@b.c>", "a@b,c@d"] {
        set(bad.into()).await.is_problem(422, "invalid_mail");
    }
    assert_eq!(set("Ada@Clinic.Example".into()).await.status, 204, "the same");
    assert_eq!(set("ada@home.example".into()).await.status, 204);
    let letters = server.letters(1).await;
    assert!(letters[0].contains("To: ada@clinic.example") && letters[0].contains("another address"), "{letters:?}");
    assert_eq!(set(Value::Null).await.status, 204);
    assert_eq!(ada.get(&app, "/api/v1/account").await.json()["mail"], Value::Null);
    let _ = app.postgres.superuser_psql("update sessions set verified_at = verified_at - interval '16 minutes'");
    set(ADDRESS.into()).await.is_problem(403, "step_up_required");
    // Two may have the same one, and each gets a letter about their own login.
    let both = app.person("bob").await;
    assert_eq!(both.ask(&app, Method::PUT, MAIL, &json!({ "mail": ADDRESS })).await.status, 204);
    let _ = app.postgres.superuser_psql("update users set mail = 'ada@clinic.example'");
    app.ask_for_link(ADDRESS).await;
    let letters = server.letters(4).await;
    for login in ["the login ada", "the login bob"] {
        assert!(letters[2..].iter().any(|letter| letter.contains(login)), "{letters:?}");
    }
}

#[tokio::test]
async fn whoever_is_invited_may_have_an_address_at_once() {
    let server = MailServer::start(Manner::Implicit).await;
    let app = app_with(&server).await;
    let admin = app.admin("admin").await;
    let wish = |mail: &str| json!({ "login": "carol", "role": "user", "mail": mail });
    admin.post(&app, "/api/v1/invitations", &wish("carol")).await.is_problem(422, "invalid_mail");
    let invited = admin.post(&app, "/api/v1/invitations", &wish("Carol@Clinic.Example")).await.json();
    assert_eq!(invited["mail"], "carol@clinic.example");
    let secret = invited["link"].as_str().expect("a link").split('#').nth(1).expect("a secret").to_owned();
    let accepted = json!({ "secret": secret, "password": PASSWORD });
    assert_eq!(app.send(json(Method::POST, "/api/v1/invitations/accept", &accepted)).await.status, 200);
    app.ask_for_link("carol").await;
    assert!(server.letters(1).await[0].contains("To: carol@clinic.example"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_closes_the_sockets_in_every_process() {
    let server = MailServer::start(Manner::Implicit).await;
    let running = Box::pin(Running::with(|settings| settings.mail = server.settings())).await;
    let ada = ada(&running.app).await;
    let mut socket = Socket::of(&running, &ada).await;
    running.app.ask_for_link("ada").await;
    let letters = server.letters(1).await;
    // Another process takes it: the database tells this one.
    let body = json!({ "token": token(&letters[0]), "password": NEW_PASSWORD });
    assert_eq!(running.app.another_backend().send(json(Method::POST, CONFIRM, &body)).await.status, 204);
    assert_eq!(socket.close_code().await, 4401);
}
