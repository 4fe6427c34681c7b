//! Tags.

use serde_json::json;

use crate::{app::TestApp, people::Person};

const TAGS: &str = "/api/v1/tags";

#[tokio::test]
async fn tags_are_made_listed_changed_and_deleted() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    assert_eq!(ada.get(&app, TAGS).await.json(), json!({ "tags": [] }));
    let made = ada.post(&app, TAGS, &json!({ "name": "Urgent" })).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let made = made.json();
    let wanted = json!({
        "id": made["id"], "name": "Urgent", "colour": "#64748b", "documents": 0, "created_at": made["created_at"],
    });
    assert_eq!(made, wanted);
    assert_eq!(ada.get(&app, TAGS).await.json(), json!({ "tags": [made] }));
    let at = format!("{TAGS}/{}", made["id"].as_str().expect("an id"));
    let changed = ada.patch(&app, &at, &json!({ "name": "urgent", "colour": "#ff0000" })).await.json();
    assert_eq!((&changed["name"], &changed["colour"]), (&json!("urgent"), &json!("#ff0000")));
    for (body, status, code) in [
        (json!({ "name": "URGENT" }), 409, "name_taken"),
        (json!({ "name": "" }), 422, "invalid_name"),
        (json!({ "name": "a", "colour": "#fff" }), 422, "invalid_colour"),
        (json!({ "colour": "#ffffff" }), 400, "bad_request"),
    ] {
        ada.post(&app, TAGS, &body).await.is_problem(status, code);
    }
    let other = ada.make(&app, TAGS, &json!({ "name": "Other" })).await;
    ada.patch(&app, &format!("{TAGS}/{other}"), &json!({ "name": "Urgent" })).await.is_problem(409, "name_taken");
    assert_eq!(ada.delete(&app, &at).await.status, 204);
    ada.delete(&app, &at).await.is_problem(404, "tag_not_found");
    assert_eq!(ada.get(&app, TAGS).await.json()["tags"][0]["id"], json!(other));
}

#[tokio::test]
async fn two_at_once_make_one_tag_and_a_thousand_are_the_limit() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let again = Person { cookies: app.log_in("ada", crate::people::PASSWORD).await.cookies(), ..ada.clone() };
    let name = json!({ "name": "same" });
    let (one, two) = tokio::join!(ada.post(&app, TAGS, &name), again.post(&app, TAGS, &name));
    let mut answers = [one.status.as_u16(), two.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [201, 409]);
    let _ = app.postgres.superuser_psql(
        "insert into tags (id, owner_id, name_sealed, colour)
        select gen_random_uuid(), owner_id, name_sealed, colour from tags, generate_series(1, 999)",
    );
    ada.post(&app, TAGS, &json!({ "name": "one more" })).await.is_problem(409, "too_many_tags");
}
