//! What the record says of logins and accounts.

use http::Method;
use serde_json::json;

use super::record::lines;
use crate::{app::TestApp, people::PASSWORD};

/// Gives `action outcome object-kind detail` of each line, and of whom.
fn said(app: &TestApp) -> Vec<String> {
    let sql = "select coalesce(string_agg(concat_ws(' ', action, outcome, object_kind, detail), '|' order by position), '') \
               from audit_events";
    app.postgres.superuser_psql(sql).trim().split('|').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_failed_login_says_whose_it_would_have_been_and_never_what_was_typed() {
    let app = TestApp::start().await;
    let ada = app.create_user("ada").await;
    app.log_in("ada", "wrong").await.is_problem(401, "wrong_credentials");
    for stranger in ["My Secret Password!", "my secret password!", "another"] {
        app.log_in(stranger, "wrong").await.is_problem(401, "wrong_credentials");
    }
    let lines = lines(&app);
    assert_eq!(lines.len(), 4);
    assert_eq!((&lines[0]["actor"], &lines[0]["object_id"]), (&json!(null), &json!(ada.to_string())));
    assert!(lines[0]["login_mark"].is_null() && lines[1]["object_id"].is_null());
    assert!(lines[1]["login_mark"].is_string());
    assert_eq!(lines[1]["login_mark"], lines[2]["login_mark"]);
    assert_ne!(lines[1]["login_mark"], lines[3]["login_mark"]);
    assert!(!json!(lines).to_string().to_lowercase().contains("secret"));
    for _ in 0..5 {
        app.log_in("ada", "wrong").await;
    }
    app.log_in("ada", PASSWORD).await.is_problem(429, "too_many_attempts");
    let mut lines = self::lines(&app);
    // The fifth failure of hers locks the login; what comes then is refused without a look at the password.
    let actions: Vec<_> = lines[4..].iter().map(|line| line["action"].as_str().expect("an action")).collect();
    assert_eq!(
        actions,
        ["login_failure", "login_failure", "login_failure", "account_locked", "login_failure", "login_failure"]
    );
    let last = lines.pop().expect("a line");
    assert_eq!((&last["detail"], &last["object_id"]), (&json!("too_many_attempts"), &json!(ada.to_string())));
}

#[tokio::test]
async fn each_operation_on_accounts_makes_one_line() {
    let app = TestApp::start().await;
    let (root, ada) = (app.admin("root").await, app.person("ada").await);
    let _ = app.postgres.superuser_psql("set session_replication_role = replica; delete from audit_events");
    let token = json!({ "name": "n", "scopes": ["search"], "expires_in_days": 1 });
    let token = ada.post(&app, "/api/v1/tokens", &token).await.json()["id"].as_str().expect("an id").to_owned();
    ada.get(&app, "/api/v1/tokens").await;
    assert_eq!(ada.delete(&app, &format!("/api/v1/tokens/{token}")).await.status, 204);
    ada.get(&app, "/api/v1/account").await;
    ada.get(&app, "/api/v1/sessions").await;
    ada.get(&app, "/api/v1/users").await.is_problem(403, "not_allowed");
    let invited = root.post(&app, "/api/v1/invitations", &json!({ "login": "bob", "role": "user" })).await.json();
    root.get(&app, "/api/v1/invitations").await;
    root.delete(&app, &format!("/api/v1/invitations/{}", invited["id"].as_str().expect("an id"))).await;
    root.get(&app, "/api/v1/users").await;
    let path = format!("/api/v1/users/{}", ada.id);
    for (is_disabled, status) in [(true, 204), (false, 204)] {
        let answer = root.ask(&app, Method::PATCH, &path, &json!({ "is_disabled": is_disabled })).await;
        assert_eq!(answer.status, status);
    }
    ada.get(&app, "/api/v1/account").await.is_problem(401, "not_logged_in");
    root.get(&app, "/api/v1/audit").await;
    assert_eq!(
        said(&app),
        [
            "token_created ok token",
            "tokens_listed ok token",
            "token_revoked ok token",
            "account_read ok",
            "sessions_listed ok session",
            "users_listed refused user not_allowed",
            "invitation_created ok invitation",
            "invitation_read ok invitation",
            "invitation_revoked ok invitation",
            "users_listed ok user",
            "revoke_user_access ok user",
            "restore_user_access ok user",
            "account_read refused not_logged_in",
            "view_audit_log ok audit",
        ]
    );
    let lines = lines(&app);
    let of = |index: usize, key: &str| lines[index][key].as_str().expect("a value").to_owned();
    assert_eq!(of(0, "object_id"), token);
    assert_eq!(of(10, "object_id"), ada.id.to_string());
    assert_eq!((of(10, "actor"), of(12, "request_id").len()), (root.id.to_string(), 36));
}
