//! A house with people of every role and tokens of every scope, and what the owner has in it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use untxt_core::domain::Scope;

use crate::{
    app::TestApp,
    people::{PASSWORD, Person, pdf},
    worker::Worker,
};

/// Everybody with a login but the owner.
pub(super) const PEOPLE: [&str; 4] = ["stranger", "reviewer", "auditor", "admin"];

/// With whom the owner shares document and folder, and what they may do.
pub(super) const GUESTS: [(&str, &str); 2] = [("viewer", "read"), ("corrector", "correct")];

pub(super) struct House {
    pub(super) app: TestApp,
    worker: Worker,
    /// By scope.
    pub(super) tokens: BTreeMap<&'static str, String>,
}

/// What there is to ask for, made anew for each route.
pub(super) struct Things {
    pub(super) document: String,
    pub(super) task: String,
    folder: String,
    tag: String,
    session: String,
    token: String,
    /// Nobody of the columns.
    pub(super) user: String,
    pub(super) login: String,
    invitation: String,
    /// Of what the user above has.
    hold: String,
    /// What lets in the owner.
    identity: String,
    passkey: String,
    /// Of the owner, with the user above in it.
    team: String,
    /// Of the document with that user, and of the folder.
    shares: [String; 2],
    /// Of the document.
    link: String,
    /// By the administrator, to what the user above has.
    emergency: String,
}

impl House {
    pub(super) async fn build() -> Self {
        let app = TestApp::with(|settings| {
            settings.links.enabled = true;
            settings.emergency.enabled = true;
        })
        .await;
        let worker = Worker::start(&app).await;
        for name in PEOPLE.into_iter().chain(GUESTS.map(|(name, _)| name)).chain(["owner"]) {
            let id = app.create_user(name).await;
            if let "reviewer" | "auditor" | "admin" = name {
                let _ = app.postgres.superuser_psql(&format!("update users set role = '{name}' where id = '{id}'"));
            }
        }
        let mut house = Self { app, worker, tokens: BTreeMap::new() };
        for scope in Scope::ALL {
            let whose = match scope {
                Scope::AuditRead => "auditor",
                Scope::Queue => "admin",
                _ => "owner",
            };
            house
                .tokens
                .insert(scope.as_str(), house.log_in(whose).await.make_token(&house.app, "kept", *scope).await.1);
        }
        house
    }

    pub(super) async fn log_in(&self, name: &str) -> Person {
        let answer = self.app.log_in(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{name}: {:?}", answer.body);
        let id = answer.json()["user"]["id"].as_str().expect("an id").parse().expect("an id");
        Person { id, cookies: answer.cookies() }
    }

    /// Gives the owner a document that was read, a folder, a tag, a session and a token, and invites somebody; what was there
    /// before goes.
    pub(super) async fn furnish(&self) -> Things {
        let sql = |sql: &str| self.app.postgres.superuser_psql(sql).trim().to_owned();
        let _ = sql("delete from document_tags; delete from tags; delete from teams; delete from legal_holds; \
             delete from invitations; delete from identities; delete from passkeys; \
             delete from emergency_accesses; \
             delete from api_tokens where name = 'thing'");
        let owner = self.log_in("owner").await;
        let document = owner.upload(&self.app, "scan.pdf", &pdf(300)).await.json();
        let task = id_of(&document["task"]);
        self.worker.read(&self.app, task.parse().expect("an id"), 1, &[]).await;
        let name = uuid::Uuid::new_v4().to_string();
        let make = async |path: &str| id_of(&owner.post(&self.app, path, &json!({ "name": name })).await.json());
        let invitation = sql(&format!(
            "insert into invitations (id, login, role, secret_hash, user_id) \
             select gen_random_uuid(), '{name}', 'user', sha256('{name}'), id from users where login = 'admin' returning id"
        ));
        let (document, folder) = (id_of(&document), make("/api/v1/folders").await);
        let login = format!("user-{name}");
        let user = self.app.create_user(&login).await.to_string();
        let hold = sql(&format!(
            "insert into legal_holds (id, user_id, reference, set_by) \
             select gen_random_uuid(), '{user}', '1', id from users where login = 'admin' returning id"
        ));
        let identity = sql(&format!(
            "insert into identities (id, user_id, provider, subject_hash) \
             values (gen_random_uuid(), '{}', 'clinic', sha256('{name}')) returning id",
            owner.id
        ));
        let passkey = sql(&format!(
            "insert into passkeys (id, user_id, credential_id, name, static_state, dynamic_state, transports) \
             values (gen_random_uuid(), '{}', sha256('{name}'), 'Key', '\\x00', '\\x00000000000000', 0) returning id",
            owner.id
        ));
        let paths = [format!("/api/v1/documents/{document}/shares"), format!("/api/v1/folders/{folder}/shares")];
        let share = async |path: &str, login: &str, right: &str| {
            id_of(&owner.post(&self.app, path, &json!({ "login": login, "right": right })).await.json())
        };
        for (guest, right) in GUESTS {
            for path in &paths {
                share(path, guest, right).await;
            }
        }
        let shares = [share(&paths[0], &login, "read").await, share(&paths[1], &login, "read").await];
        let link = sql(&format!(
            "insert into links (id, owner_id, document_id, made_by, token_hash, formats, expires_at) \
             select gen_random_uuid(), owner_id, id, owner_id, sha256('{name}'), '{{text}}', now() + interval '1 day' \
             from documents where id = '{document}' returning id"
        ));
        let wish = json!({ "user": user, "reason": "nobody else is here", "minutes": 5 });
        let emergency = self.log_in("admin").await.post(&self.app, "/api/v1/emergency-access", &wish).await.json();
        let team = make("/api/v1/teams").await;
        let member = json!({ "login": login });
        let added = owner.post(&self.app, &format!("/api/v1/teams/{team}/members"), &member).await;
        assert_eq!(added.status, 204, "{:?}", added.body);
        Things {
            document,
            task,
            folder,
            tag: make("/api/v1/tags").await,
            session: sql(&format!(
                "select id from sessions where user_id = '{}' order by created_at desc limit 1",
                owner.id
            )),
            token: owner.make_token(&self.app, "thing", Scope::Search).await.0,
            user,
            login,
            invitation: invitation.lines().next().expect("an id").to_owned(),
            hold: hold.lines().next().expect("an id").to_owned(),
            identity: identity.lines().next().expect("an id").to_owned(),
            passkey: passkey.lines().next().expect("an id").to_owned(),
            team,
            shares,
            emergency: id_of(&emergency),
            link: link.lines().next().expect("an id").to_owned(),
        }
    }
}

impl Person {
    /// Gives the id of a new token, and the token.
    pub(super) async fn make_token(&self, app: &TestApp, name: &str, scope: Scope) -> (String, String) {
        let wish = json!({ "name": name, "scopes": [scope.as_str()], "expires_in_days": 1 });
        let made = self.post(app, "/api/v1/tokens", &wish).await.json();
        (id_of(&made), made["secret"].as_str().expect("a token").to_owned())
    }
}

impl Things {
    pub(super) fn fill(&self, path: &str) -> String {
        let [of_document, of_folder] = &self.shares;
        let share = if path.starts_with("/api/v1/folders") { of_folder } else { of_document };
        path.replace("{document}", &self.document)
            .replace("{task}", &self.task)
            .replace("{folder}", &self.folder)
            .replace("{tag}", &self.tag)
            .replace("{session}", &self.session)
            .replace("{token}", &self.token)
            .replace("{user}", &self.user)
            .replace("{team}", &self.team)
            .replace("{share}", share)
            .replace("{invitation}", &self.invitation)
            .replace("{hold}", &self.hold)
            .replace("{link}", &self.link)
            .replace("{emergency}", &self.emergency)
            .replace("{what}", "text")
            .replace("{identity}", &self.identity)
            .replace("{passkey}", &self.passkey)
            .replace("{provider}", "nowhere")
            .replace("{page}", "1")
            .replace("{format}", "txt")
    }
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("no id: {made}")).to_owned()
}
