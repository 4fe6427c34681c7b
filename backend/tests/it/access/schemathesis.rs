//! [Schemathesis](https://pypi.org/project/schemathesis/) asks a running server for whatever its description allows, and for
//! what it doesn't: no answer is a fault of ours, undocumented, or of another form.

use std::{env, path::Path, process::Stdio};

use tokio::process::Command;

use crate::{
    people::{Person, pdf},
    server::Running,
};

/// Of each operation; `UNTXT_EXAMPLES=200` takes some minutes.
const EXAMPLES: &str = "20";

#[expect(clippy::disallowed_methods, reason = "how long a test takes is no setting of the server")]
async fn attack(login: Option<(&str, bool)>) {
    let running = Running::with(|settings| {
        settings.limits.requests_per_minute = 0;
        settings.limits.requests_per_minute_of_strangers = 0;
    })
    .await;
    let app = &running.app;
    let person: Option<Person> = match login {
        Some((login, true)) => Some(app.admin(login).await),
        Some((login, false)) => Some(app.person(login).await),
        None => None,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let description = folder.path().join("openapi.json");
    let described = untxt_backend::describe().expect("a description").to_string();
    std::fs::write(&description, described).expect("written");
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/run"));
    command.arg("openapi.py").arg(&description).arg(format!("https://localhost:{}", running.address.port()));
    command.arg(app.postgres.certificates().join("root.crt"));
    command.arg(env::var("UNTXT_EXAMPLES").as_deref().unwrap_or(EXAMPLES)).current_dir(folder.path());
    if let Some(person) = &person {
        person.upload(app, "a.pdf", &pdf(100)).await;
        command.arg(person.cookie());
    }
    let done = command.stdin(Stdio::null()).kill_on_drop(true).output().await.expect("tests/peers/run");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("Test cases"), "it asked nothing: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_an_answer_that_is_not_described() {
    Box::pin(attack(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_no_answer_that_is_not_described() {
    Box::pin(attack(Some(("ada", false)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_gets_no_answer_that_is_not_described() {
    Box::pin(attack(Some(("root", true)))).await;
}
