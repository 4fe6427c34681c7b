//! Azure Key Vault, as its documentation describes it: a stub of ours, with a real RSA key.

use std::sync::Arc;

use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::request::Parts;
use serde_json::{Value, json};
use untxt_core::{
    config::{AzureAlgorithm, Encryption, Provider},
    crypto::KmsError,
};

use super::{
    a_context, contract, first, is_denied, moods, nobody,
    stub::{Handler, Stub},
};
use crate::site::Site;

const VERSION: &str = "0123456789abcdef0123456789abcdef";
const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

struct RsaKey {
    name: &'static str,
    public: OaepPublicEncryptingKey,
    private: OaepPrivateDecryptingKey,
}

impl RsaKey {
    fn new(name: &'static str) -> Self {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
        let public = OaepPublicEncryptingKey::new(private.public_key()).expect("a public key");
        assert!(!AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&private).expect("DER").as_ref().is_empty());
        Self { name, public, private: OaepPrivateDecryptingKey::new(private).expect("a private key") }
    }

    fn wrap(&self, key: &[u8]) -> Vec<u8> {
        let mut wrapped = vec![0; self.public.ciphertext_size()];
        self.public.encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut wrapped, None).expect("wrapped");
        wrapped
    }

    fn unwrap(&self, wrapped: &[u8]) -> Option<Vec<u8>> {
        let mut key = vec![0; self.private.min_output_size()];
        self.private.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut key, None).ok().map(|key| key.to_vec())
    }
}

fn refuse(status: u16, code: &str) -> (u16, Value) {
    (status, json!({"error": {"code": code, "message": "as documented"}}))
}

/// Answers as Azure does: the login of one client, and RSA keys `root` and `other`.
fn vault() -> Handler {
    let keys = [RsaKey::new("root"), RsaKey::new("other")];
    Arc::new(move |head: &Parts, body: &[u8]| {
        if head.uri.path() == "/tenant/oauth2/v2.0/token" {
            let form = String::from_utf8_lossy(body).into_owned();
            let is_known =
                form.contains(&format!("client_id={CLIENT}")) && form.contains("client_secret=p%40ss%2Bword");
            assert!(form.contains("grant_type=client_credentials"), "{form}");
            assert!(form.contains(".default") && form.contains("scope=https%3A%2F%2F"), "{form}");
            let answer = json!({"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ.token"});
            return if is_known { (200, answer) } else { (401, json!({"error": "invalid_client"})) };
        }
        if head.headers.get("authorization").is_none_or(|token| token != "Bearer eyJ.token") {
            return refuse(401, "Unauthorized");
        }
        assert_eq!(head.uri.query(), Some("api-version=7.4"));
        let path: Vec<_> = head.uri.path().split('/').skip(1).collect();
        let find = |name: &str| keys.iter().find(|key| key.name == name);
        let kid = |name: &str| format!("https://localhost/keys/{name}/{VERSION}");
        match (head.method.as_str(), &path[..]) {
            ("GET", ["keys", name]) if find(name).is_some() => (200, json!({"key": {"kid": kid(name), "kty": "RSA"}})),
            ("POST", ["keys", name, VERSION, verb]) if find(name).is_some() => {
                let body: Value = serde_json::from_slice(body).expect("JSON");
                let key = find(name).expect("there");
                let value = BASE64_URL_SAFE_NO_PAD.decode(body["value"].as_str().expect("text")).expect("base64url");
                let done = match (*verb, body["alg"].as_str()) {
                    ("wrapkey", Some("RSA-OAEP-256")) => Some(key.wrap(&value)),
                    ("unwrapkey", Some("RSA-OAEP-256")) => key.unwrap(&value),
                    _ => None,
                };
                match done {
                    Some(done) => (200, json!({"kid": kid(name), "value": BASE64_URL_SAFE_NO_PAD.encode(done)})),
                    None => refuse(400, "BadParameter"),
                }
            }
            _ => refuse(404, "KeyNotFound"),
        }
    })
}

fn settings(site: &Site, port: u16, key: &str) -> Encryption {
    let mut encryption = nobody();
    encryption.current.provider = Some(Provider::Azure);
    let azure = &mut encryption.current.azure;
    azure.vault_url = format!("https://localhost:{port}/");
    azure.login_url = format!("https://localhost:{port}");
    azure.key_name = key.to_owned();
    azure.tenant_id = "tenant".to_owned();
    azure.client_id = CLIENT.to_owned();
    azure.client_secret = "p@ss+word".into();
    azure.ca_path = Some(site.cert("root.crt"));
    encryption
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_vault_keeps_the_contract() {
    let site = Site::new();
    let stub = Stub::start(&site, false, vault()).await;
    let [kms, stranger] = ["root", "other"].map(|key| first(&settings(&site, stub.port, key)));
    contract::keep(Arc::clone(&kms), stranger, "azure").await;
    stub.take_asked();
    kms.generate(&a_context()).await.expect("made");
    assert_eq!(stub.take_asked(), [format!("POST /keys/root/{VERSION}/wrapkey")], "login and version are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_of_a_key_vault_are_borne() {
    let site = Site::new();
    let stub = Stub::start(&site, false, vault()).await;
    moods::are_borne(&stub, &settings(&site, stub.port, "root")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_or_asks_for_another_algorithm_is_denied() {
    let site = Site::new();
    let stub = Stub::start(&site, false, vault()).await;
    let mut stranger = settings(&site, stub.port, "root");
    stranger.current.azure.client_secret = "guess".into();
    is_denied(first(&stranger).check().await);
    let mut aes = settings(&site, stub.port, "root");
    aes.current.azure.algorithm = AzureAlgorithm::A256Kw;
    is_denied(first(&aes).check().await);
    is_denied(first(&settings(&site, stub.port, "missing")).check().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_version_leads_to_another_address() {
    let site = Site::new();
    let stub = Stub::start(&site, false, vault()).await;
    let kms = first(&settings(&site, stub.port, "root"));
    let mut stored = kms.generate(&a_context()).await.expect("made").wrapped.bytes;
    stored[2..34].copy_from_slice(b"../../../secrets/0123456789abcde");
    stub.take_asked();
    let refused = kms.unwrap(&kms.key_id(), &stored, &a_context()).await;
    assert!(matches!(refused, Err(KmsError::Refused)), "{refused:?}");
    assert_eq!(stub.take_asked(), [""; 0]);
}
