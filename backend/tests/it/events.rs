use untxt_core::domain::TaskId;

use crate::{app::TestApp, people::pdf, worker::Worker};

#[tokio::test]
async fn events_are_numbered_without_gaps_and_can_be_replayed() {
    let app = TestApp::start().await;
    let ada = app.person("ada").await;
    let answer = ada.upload(&app, "a.pdf", &pdf(100)).await;
    let task: TaskId = answer.json()["task"]["id"].as_str().expect("an id").parse().expect("an id");
    Worker::start(&app).await.read(&app, task, 2, &[2]).await;
    let path = format!("/api/v1/tasks/{task}/events");
    let all = ada.get(&app, &path).await.json()["events"].as_array().expect("a list").clone();
    let kinds: Vec<_> = all.iter().map(|event| event["type"].as_str().expect("a type")).collect();
    assert_eq!(
        kinds,
        [
            "task.queued",
            "task.started",
            "page.started",
            "page.done",
            "page.started",
            "page.failed",
            "task.done_with_errors"
        ]
    );
    for (index, event) in all.iter().enumerate() {
        assert_eq!(event["seq"], index + 1);
        assert!(event["pages"]["total"].is_number() && event["task"] == task.to_string());
    }
    let rest = ada.get(&app, &format!("{path}?after=5")).await.json()["events"].as_array().expect("a list").clone();
    assert_eq!(rest, all[5..]);
    ada.get(&app, &format!("{path}?after=now")).await.is_problem(400, "bad_request");
}
