//! People with accounts and sessions.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, phc::PasswordHash},
};
use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};
use untxt_core::domain::{Role, UserId};
use untxt_database::users;

use crate::app::{Answer, TestApp, json, request};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) cookies: Vec<String>,
}

impl TestApp {
    /// Makes an account; its hash is a cheap one, because tests log in often.
    pub(crate) async fn create_user(&self, login: &str) -> UserId {
        let id = UserId::generate();
        let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).expect("parameters"));
        let hash: PasswordHash = cheap.hash_password(PASSWORD.as_bytes()).expect("a hash");
        let mut tx = self.db.begin_as(id).await.expect("a transaction");
        users::create(&mut tx, id, login, &hash.to_string(), Role::User).await.expect("a user");
        tx.commit().await.expect("committed");
        id
    }

    pub(crate) async fn log_in(&self, login: &str, password: &str) -> Answer {
        self.send(json(Method::POST, "/api/v1/session", &json!({ "login": login, "password": password }))).await
    }

    pub(crate) async fn person(&self, login: &str) -> Person {
        let id = self.create_user(login).await;
        let answer = self.log_in(login, PASSWORD).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        Person { id, cookies: answer.cookies() }
    }

    /// Gives an administrator.
    pub(crate) async fn admin(&self, login: &str) -> Person {
        let person = self.person(login).await;
        let _ = self.postgres.superuser_psql(&format!("update users set role = 'admin' where id = '{}'", person.id));
        person
    }
}

impl Person {
    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        request(method, path).header("cookie", self.cookie())
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookies.join("; ")
    }

    pub(crate) async fn get(&self, app: &TestApp, path: &str) -> Answer {
        app.send(self.request(Method::GET, path).body(Body::empty()).expect("good")).await
    }

    pub(crate) async fn delete(&self, app: &TestApp, path: &str) -> Answer {
        app.send(self.request(Method::DELETE, path).body(Body::empty()).expect("good")).await
    }

    pub(crate) async fn ask(&self, app: &TestApp, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        app.send(request.body(Body::from(body.to_string())).expect("good")).await
    }

    pub(crate) async fn post(&self, app: &TestApp, path: &str, body: &Value) -> Answer {
        self.ask(app, Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, app: &TestApp, path: &str, body: &Value) -> Answer {
        self.ask(app, Method::PATCH, path, body).await
    }

    pub(crate) async fn upload(&self, app: &TestApp, name: &str, bytes: &[u8]) -> Answer {
        app.send(self.upload_request(None, name, bytes)).await
    }

    pub(crate) async fn upload_with_key(&self, app: &TestApp, key: &str, name: &str, bytes: &[u8]) -> Answer {
        app.send(self.upload_request(Some(key), name, bytes)).await
    }

    pub(crate) fn upload_request(&self, key: Option<&str>, name: &str, bytes: &[u8]) -> Request<Body> {
        let mut request = self
            .request(Method::POST, "/api/v1/documents")
            .header("content-type", "multipart/form-data; boundary=edge");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        request.body(Body::from(multipart(name, bytes))).expect("good")
    }
}

/// Writes a body with one file.
pub(crate) fn multipart(name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--edge--\r\n"].concat()
}

/// Something that looks like a PDF of about that size.
pub(crate) fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..size.saturating_sub(9)).map(|index| u8::try_from(index * 31 % 251).expect("small")));
    bytes
}
