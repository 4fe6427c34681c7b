//! Google Cloud KMS, as its documentation describes it: a stub of ours.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeySize, PrivateDecryptingKey},
    signature::KeyPair,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use untxt_core::{
    config::{Encryption, Provider},
    crypto::connect,
};

use super::{
    a_context, contract, first, is_denied, is_unavailable, moods, nobody,
    stub::{Handler, Inside, Stub},
};
use crate::site::Site;

const EMAIL: &str = "untxt@clinic.iam.gserviceaccount.com";
const RING: &str = "/v1/projects/clinic/locations/europe-west3/keyRings/untxt/cryptoKeys/";

/// The key of a service account: what Google knows of it, and the file.
struct Account {
    public: Vec<u8>,
    file: String,
}

impl Account {
    fn new() -> Self {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
        let pkcs8: Pkcs8V1Der<'_> = private.as_der().expect("DER");
        let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            BASE64_STANDARD.encode(pkcs8.as_ref())
        );
        let file =
            json!({"type": "service_account", "client_email": EMAIL, "private_key_id": "kid-1", "private_key": pem});
        Self { public: pair.public_key().as_ref().to_vec(), file: file.to_string() }
    }
}

fn crc(bytes: &[u8]) -> String {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes).to_string()
}

fn refuse(status: u16, name: &str) -> (u16, Value) {
    (status, json!({"error": {"code": status, "status": name, "message": "as documented"}}))
}

/// Answers as Google does: keys `root` and `other` for the account; `lies` spoils a checksum.
fn kms(public: Vec<u8>, lies: bool) -> Handler {
    let keys = [("root", Inside::new()), ("other", Inside::new())];
    Arc::new(move |head: &Parts, body: &[u8]| {
        let token = head.headers["authorization"].to_str().expect("text").strip_prefix("Bearer ").expect("a token");
        let mut validation = Validation::new(Algorithm::RS256);
        let host = head.headers["host"].to_str().expect("text");
        validation.set_audience(&[format!("https://{host}/")]);
        validation.set_issuer(&[EMAIL]);
        if jsonwebtoken::decode::<Value>(token, &DecodingKey::from_rsa_der(&public), &validation).is_err() {
            return refuse(401, "UNAUTHENTICATED");
        }
        let named = head.uri.path().strip_prefix(RING).and_then(|rest| rest.split_once(':'));
        let Some((name, verb)) = named else { return refuse(404, "NOT_FOUND") };
        let Some((_, key)) = keys.iter().find(|(known, _)| *known == name) else {
            return refuse(403, "PERMISSION_DENIED");
        };
        let body: Value = serde_json::from_slice(body).expect("JSON");
        let bytes = |name: &str| BASE64_STANDARD.decode(body[name].as_str().expect("text")).expect("base64");
        let aad = bytes("additionalAuthenticatedData");
        assert_eq!(body["additionalAuthenticatedDataCrc32c"], crc(&aad));
        if verb == "encrypt" {
            let text = bytes("plaintext");
            assert_eq!(body["plaintextCrc32c"], crc(&text));
            let sealed = key.encrypt(&aad, &text);
            return (
                200,
                json!({
                    "name": format!("{name}/cryptoKeyVersions/1"), "ciphertext": BASE64_STANDARD.encode(&sealed),
                    "ciphertextCrc32c": crc(&sealed), "verifiedPlaintextCrc32c": !lies,
                    "verifiedAdditionalAuthenticatedDataCrc32c": true,
                }),
            );
        }
        let sealed = bytes("ciphertext");
        assert_eq!(body["ciphertextCrc32c"], crc(&sealed));
        match key.decrypt(&aad, &sealed) {
            Some(text) => (200, json!({"plaintext": BASE64_STANDARD.encode(&text), "plaintextCrc32c": crc(&text)})),
            None => refuse(400, "INVALID_ARGUMENT"),
        }
    })
}

fn settings(site: &Site, port: u16, account: &Account, key: &str) -> Encryption {
    let path = site.path("account.json");
    fs::write(&path, &account.file).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("mode");
    let mut encryption = nobody();
    encryption.current.provider = Some(Provider::Gcp);
    let gcp = &mut encryption.current.gcp;
    gcp.endpoint = format!("https://localhost:{port}");
    gcp.project_id = "clinic".to_owned();
    gcp.location = "europe-west3".to_owned();
    gcp.key_ring = "untxt".to_owned();
    gcp.key_name = key.to_owned();
    gcp.credentials_path = Some(path);
    gcp.ca_path = Some(site.cert("root.crt"));
    encryption
}

#[tokio::test(flavor = "multi_thread")]
async fn google_keeps_the_contract() {
    let (site, account) = (Site::new(), Account::new());
    let stub = Stub::start(&site, false, kms(account.public.clone(), false)).await;
    let [kms, stranger] = ["root", "other"].map(|key| first(&settings(&site, stub.port, &account, key)));
    contract::keep(kms, stranger, "gcp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_of_google_are_borne() {
    let (site, account) = (Site::new(), Account::new());
    let stub = Stub::start(&site, false, kms(account.public.clone(), false)).await;
    moods::are_borne(&stub, &settings(&site, stub.port, &account, "root")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_on_the_way_is_not_taken_and_strangers_are_denied() {
    let (site, account, other) = (Site::new(), Account::new(), Account::new());
    let liar = Stub::start(&site, false, kms(account.public.clone(), true)).await;
    is_unavailable(first(&settings(&site, liar.port, &account, "root")).generate(&a_context()).await);
    let stub = Stub::start(&site, false, kms(account.public.clone(), false)).await;
    is_denied(first(&settings(&site, stub.port, &other, "root")).check().await);
    is_denied(first(&settings(&site, stub.port, &account, "missing")).check().await);

    let encryption = settings(&site, stub.port, &account, "root");
    fs::set_permissions(site.path("account.json"), fs::Permissions::from_mode(0o644)).expect("mode");
    let error = connect(&encryption).expect_err("others can read it").to_string();
    assert!(error.contains("chmod 600"), "{error}");
    fs::set_permissions(site.path("account.json"), fs::Permissions::from_mode(0o600)).expect("mode");
    fs::write(site.path("account.json"), r#"{"private_key": "a secret"}"#).expect("written");
    let error = connect(&encryption).expect_err("no account").to_string();
    assert!(!error.contains("a secret"), "{error}");
}
