use http::Method;
use serde_json::{Value, json};
use untxt_core::domain::{DocumentId, TrashReason};
use untxt_database::documents::{self, ShredWish, Shredding, Trashed};
use uuid::Uuid;

use crate::{
    app::TestApp,
    people::{Person, pdf},
};

const HOLDS: &str = "/api/v1/legal-holds";

struct Scene {
    app: TestApp,
    root: Person,
    ada: Person,
    at: String,
    id: DocumentId,
}

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let (root, ada) = (app.admin("root").await, app.person("ada").await);
        let answer = ada.upload(&app, "a.pdf", &pdf(100)).await;
        let id = answer.json()["id"].as_str().expect("an id").parse().expect("an id");
        Self { at: answer.header("location").to_owned(), app, root, ada, id }
    }

    /// Holds something; gives where the hold is.
    async fn hold(&self, what: &str, id: &str) -> String {
        let made = self.root.post(&self.app, HOLDS, &json!({ "reference": "2026/7", what: id })).await;
        assert_eq!(made.status, 201, "{}", made.text());
        format!("{HOLDS}/{}", made.json()["id"].as_str().expect("an id"))
    }

    async fn lift(&self, hold: &str) {
        assert_eq!(self.root.delete(&self.app, hold).await.status, 204);
    }

    async fn delete_forever(&self) -> crate::app::Answer {
        self.ada.delete(&self.app, &format!("{}?forever=true", self.at)).await
    }

    async fn restore(&self) -> u16 {
        self.ada.ask(&self.app, Method::POST, &format!("{}/restore", self.at), &json!({})).await.status.as_u16()
    }

    async fn trashed(&self) -> Value {
        self.ada.get(&self.app, "/api/v1/documents?trash=true").await.json()["documents"].clone()
    }

    /// What a worker makes of what is due: how many documents it finds, and what becomes of this one.
    async fn shred_due(&self) -> (usize, Shredding) {
        let worker = self.app.postgres.worker().await;
        let mut tx = worker.begin_system().await.expect("a transaction");
        let due = documents::list_due(&mut tx, None, 10).await.expect("a list").len();
        drop(tx);
        let mut tx = worker.begin_as(self.ada.id.as_owner()).await.expect("a transaction");
        let became = documents::shred(&mut tx, self.id, ShredWish::WhenDue).await.expect("an answer");
        tx.commit().await.expect("committed");
        (due, became)
    }
}

#[tokio::test]
async fn what_is_held_outlasts_its_owner_and_the_trash() {
    let scene = Scene::start().await;
    for (what, id) in [("document", scene.id.to_string()), ("user", scene.ada.id.to_string())] {
        let hold = scene.hold(what, &id).await;
        scene.delete_forever().await.is_problem(409, "held");
        assert_eq!(scene.ada.delete(&scene.app, &scene.at).await.status, 204, "into the trash it goes");
        let emptied = scene.ada.delete(&scene.app, "/api/v1/trash").await.json();
        assert_eq!(emptied, json!({"shredded": 0, "retained": 1}));
        assert_eq!(scene.shred_due().await, (0, Shredding::Held));
        // Its time is over, but it is there: so it is shown, and comes back.
        assert_eq!(scene.trashed().await[0]["id"], scene.id.to_string(), "{what}");
        assert_eq!(scene.restore().await, 200);
        scene.lift(&hold).await;
    }
    let [first, second] =
        [scene.hold("document", &scene.id.to_string()).await, scene.hold("user", &scene.ada.id.to_string()).await];
    assert_eq!(scene.ada.delete(&scene.app, &scene.at).await.status, 204);
    scene.ada.delete(&scene.app, "/api/v1/trash").await;
    scene.lift(&first).await;
    assert_eq!(scene.shred_due().await, (0, Shredding::Held), "another hold keeps it");
    scene.lift(&second).await;
    assert_eq!(scene.trashed().await, json!([]), "its time was over");
    assert_eq!(scene.restore().await, 404);
    assert_eq!(scene.shred_due().await, (1, Shredding::Done));
}

#[tokio::test]
async fn what_is_held_outlasts_the_rule_of_its_folder() {
    let scene = Scene::start().await;
    let folder = Uuid::now_v7();
    let _ = scene.app.postgres.superuser_psql(&format!(
        "insert into folders (id, owner_id, name_sealed, colour, delete_days)
        values ('{folder}', '{}', '', '#000000', 1);
        update documents set folder_id = '{folder}', created_at = now() - interval '3 days'",
        scene.ada.id
    ));
    let worker = scene.app.postgres.worker().await;
    let expire = async || {
        let mut tx = worker.begin_as(scene.ada.id.as_owner()).await.expect("a transaction");
        let became = documents::trash(&mut tx, scene.id, std::time::Duration::ZERO, TrashReason::Retention).await;
        tx.commit().await.expect("committed");
        became.expect("an answer")
    };
    let hold = scene.hold("document", &scene.id.to_string()).await;
    assert_eq!(expire().await, Some(Trashed::Unchanged));
    scene.lift(&hold).await;
    assert_eq!(expire().await, Some(Trashed::Now));
}

#[tokio::test]
async fn a_hold_that_is_set_while_a_document_is_deleted_keeps_it() {
    let scene = Scene::start().await;
    // Somebody sets it after the question and before the deletion.
    let _ = scene.app.postgres.superuser_psql(&format!(
        "create function set_hold() returns trigger language plpgsql security definer as $$
        begin
            insert into public.legal_holds (id, user_id, reference, set_by)
            values (gen_random_uuid(), '{}', '1', '{}');
            return new;
        end $$;
        create trigger a_hold before insert on shreds for each row execute function set_hold()",
        scene.ada.id, scene.root.id
    ));
    scene.delete_forever().await.is_problem(409, "held");
    assert_eq!((scene.app.count("documents"), scene.app.count("shreds"), scene.app.count("legal_holds")), (1, 0, 0));
}

#[tokio::test]
async fn a_hold_waits_for_deletions_that_were_let_through() {
    let scene = Scene::start().await;
    let backend = scene.app.postgres.backend().await;
    let mut deleting = backend.begin_as(scene.ada.id).await.expect("a transaction");
    let became = documents::shred(&mut deleting, scene.id, ShredWish::AtOnce).await.expect("an answer");
    assert_eq!(became, Shredding::Done);
    let wish = json!({ "reference": "2026/7", "user": scene.ada.id.to_string() });
    let setting = scene.root.post(&scene.app, HOLDS, &wish);
    let committing = async {
        scene.app.postgres.wait_for_waiting(1).await;
        deleting.commit().await.expect("committed");
    };
    let (made, ()) = tokio::join!(setting, committing);
    assert_eq!(made.status.as_u16(), 201);
    assert_eq!(scene.app.count("documents"), 0);
}

#[tokio::test]
async fn holds_are_listed_and_the_record_names_what_is_held() {
    let scene = Scene::start().await;
    let (document, user) = (scene.id.to_string(), scene.ada.id.to_string());
    let first = scene.hold("document", &document).await;
    scene.hold("user", &user).await;
    let list = scene.root.get(&scene.app, HOLDS).await.json();
    let holds = list["legal_holds"].as_array().expect("a list");
    assert_eq!((holds.len(), &list["next"]), (2, &Value::Null));
    assert_eq!((&holds[0]["user"], &holds[0]["reference"]), (&json!(user), &json!("2026/7")));
    assert_eq!((&holds[1]["document"], &holds[1]["set_by"]), (&json!(document), &json!(scene.root.id.to_string())));
    let behind = format!("{HOLDS}?before={}", holds[0]["id"].as_str().expect("an id"));
    assert_eq!(scene.root.get(&scene.app, &behind).await.json()["legal_holds"], json!([holds[1]]));
    scene.lift(&first).await;
    scene.root.delete(&scene.app, &first).await.is_problem(404, "hold_not_found");
    let said = scene.app.postgres.superuser_psql(
        "select action || ' ' || outcome || ' ' || coalesce(object_id::text, '') from audit_events
        where action like 'legal%' order by position",
    );
    let said: Vec<_> = said.lines().map(str::trim).collect();
    let hold = first.rsplit('/').next().expect("an id");
    assert_eq!(
        said,
        [
            format!("legal_hold_set ok {document}"),
            format!("legal_hold_set ok {user}"),
            "legal_holds_listed ok".to_owned(),
            "legal_holds_listed ok".to_owned(),
            format!("legal_hold_lifted ok {document}"),
            format!("legal_hold_lifted refused {hold}"),
        ]
    );
}

#[tokio::test]
async fn bad_wishes_say_what_to_send() {
    let scene = Scene::start().await;
    let (document, nobody) = (scene.id.to_string(), Uuid::now_v7().to_string());
    let long = "x".repeat(65);
    for wish in [
        json!({ "reference": "2026/7" }),
        json!({ "reference": "2026/7", "document": document, "user": nobody }),
        json!({ "reference": "", "document": document }),
        json!({ "reference": " 7", "document": document }),
        json!({ "reference": long, "document": document }),
        json!({ "reference": "line\nbreak", "document": document }),
        json!({ "reference": "Ångström", "document": document }),
    ] {
        scene.root.post(&scene.app, HOLDS, &wish).await.is_problem(422, "invalid_hold");
    }
    for (what, code) in [("document", "document_not_found"), ("user", "user_not_found"), ("team", "team_not_found")] {
        let wish = json!({ "reference": "2026/7", what: nobody });
        scene.root.post(&scene.app, HOLDS, &wish).await.is_problem(404, code);
    }
    assert_eq!(scene.app.count("legal_holds"), 0);
    let _ = scene.app.postgres.superuser_psql("update sessions set verified_at = now() - interval '1 hour'");
    let wish = json!({ "reference": "2026/7", "document": document });
    scene.root.post(&scene.app, HOLDS, &wish).await.is_problem(403, "step_up_required");
}
