//! The transit engine of Vault and OpenBao, as its documentation describes it: a stub of ours.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::request::Parts;
use serde_json::{Value, json};
use untxt_core::config::{Encryption, Provider};

use super::{
    a_context, contract, first, is_denied, moods, nobody,
    stub::{Handler, Inside, Stub},
};
use crate::site::Site;

fn refuse(status: u16, reason: &str) -> (u16, Value) {
    (status, json!({"errors": [reason]}))
}

/// Answers as Vault does: transit keys `root` and `other`, the token `hvs.root`, one `AppRole` that gives it.
fn transit() -> Handler {
    let keys = [("root", Inside::new()), ("other", Inside::new())];
    Arc::new(move |head: &Parts, body: &[u8]| {
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let text = |name: &str| body[name].as_str().expect("a text").to_owned();
        let bytes = |name: &str| BASE64_STANDARD.decode(text(name)).expect("base64");
        assert_eq!(
            (head.method.as_str(), &head.headers["content-type"]),
            ("POST", &"application/json".parse().expect("good"))
        );
        assert_eq!(
            (&head.headers["x-vault-request"], &head.headers["x-vault-namespace"]),
            (&"true".parse().expect("good"), &"clinic".parse().expect("good"))
        );
        let path: Vec<_> = head.uri.path().split('/').skip(1).collect();
        if path == ["v1", "auth", "approle", "login"] {
            if (text("role_id"), text("secret_id")) != ("role".to_owned(), "secret".to_owned()) {
                return refuse(400, "invalid role or secret ID");
            }
            return (200, json!({"auth": {"client_token": "hvs.root", "lease_duration": 3600}}));
        }
        if head.headers.get("x-vault-token").is_none_or(|token| token != "hvs.root") {
            return refuse(403, "permission denied");
        }
        let ["v1", "transit", verb, name] = path[..] else { return refuse(404, "no handler for route") };
        let Some((_, key)) = keys.iter().find(|(known, _)| *known == name) else {
            return refuse(400, "encryption key not found");
        };
        let aad = bytes("associated_data");
        if verb == "encrypt" {
            let sealed = BASE64_STANDARD.encode(key.encrypt(&aad, &bytes("plaintext")));
            return (200, json!({"data": {"ciphertext": format!("vault:v1:{sealed}"), "key_version": 1}}));
        }
        let ciphertext = text("ciphertext");
        let sealed = ciphertext.strip_prefix("vault:v1:").and_then(|text| BASE64_STANDARD.decode(text).ok());
        match sealed.and_then(|sealed| key.decrypt(&aad, &sealed)) {
            Some(text) => (200, json!({"data": {"plaintext": BASE64_STANDARD.encode(text)}})),
            None => refuse(400, "cipher: message authentication failed"),
        }
    })
}

fn secret(site: &Site, name: &str, text: &str) -> std::path::PathBuf {
    let path = site.path(name);
    fs::write(&path, format!("{text}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("mode");
    path
}

fn settings(site: &Site, port: u16, key: &str) -> Encryption {
    let mut encryption = nobody();
    encryption.current.provider = Some(Provider::Vault);
    let vault = &mut encryption.current.vault;
    vault.address = format!("https://localhost:{port}/");
    vault.namespace = "clinic".to_owned();
    vault.key_name = key.to_owned();
    vault.role_id = "role".to_owned();
    vault.secret_id_path = Some(secret(site, "secret-id", "secret"));
    vault.ca_path = Some(site.cert("root.crt"));
    vault.cert_path = Some(site.cert("backend.crt"));
    vault.key_path = Some(site.cert("backend.key"));
    encryption
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transit_engine_keeps_the_contract() {
    let site = Site::new();
    let stub = Stub::start(&site, true, transit()).await;
    let [kms, stranger] = ["root", "other"].map(|key| first(&settings(&site, stub.port, key)));
    assert_eq!(kms.key_id(), "vault:clinic/transit/root");
    contract::keep(Arc::clone(&kms), stranger, "vault").await;
    stub.take_asked();
    kms.generate(&a_context()).await.expect("made");
    assert_eq!(stub.take_asked(), ["POST /v1/transit/encrypt/root"], "the login is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_of_a_transit_engine_are_borne() {
    let site = Site::new();
    let stub = Stub::start(&site, true, transit()).await;
    moods::are_borne(&stub, &settings(&site, stub.port, "root")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_from_a_file_is_read_anew_when_it_is_refused() {
    let site = Site::new();
    let stub = Stub::start(&site, true, transit()).await;
    let mut encryption = settings(&site, stub.port, "root");
    encryption.current.vault.role_id.clear();
    encryption.current.vault.secret_id_path = None;
    encryption.current.vault.token_path = Some(secret(&site, "token", "hvs.revoked"));
    let kms = first(&encryption);
    is_denied(kms.check().await);
    fs::remove_file(site.path("token")).expect("removed");
    is_denied(kms.check().await);
    secret(&site, "token", "hvs.root");
    kms.check().await.expect("the new token");

    let mut stranger = settings(&site, stub.port, "root");
    stranger.current.vault.secret_id_path = Some(secret(&site, "guess", "guess"));
    is_denied(first(&stranger).check().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_ours_hears_nothing() {
    let site = Site::new();
    let stub = Stub::start(&site, true, transit()).await;
    let mut encryption = settings(&site, stub.port, "root");
    encryption.current.vault.ca_path = Some(site.cert("clients.pem"));
    super::is_unavailable(first(&encryption).check().await);
    assert_eq!(stub.take_asked(), [""; 0]);
}
