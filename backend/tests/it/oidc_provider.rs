//! A provider of logins with certificates and keys of its own: as much of OpenID Connect as an honest one needs, and one lie at a
//! time. Tokens are signed here by hand, so that they can be wrong in every way.

use std::{
    collections::HashMap,
    io::Write,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    },
};
use axum::{
    Form, Json, Router,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use axum_server::tls_rustls::RustlsConfig;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use openidconnect::url::Url;
use serde_json::{Value, json};
use untxt_core::{clock, config, lifecycle::Lifecycle, tls};
use uuid::Uuid;

const CLIENT: &str = "untxt at the clinic";
const SECRET: &str = "a secret of the client: 100 % ours";

/// What the provider gets wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lie {
    #[default]
    None,
    /// It knows nobody's code.
    RefusesCodes,
    NoIdToken,
    NotAToken,
    Claim(&'static str, Value),
    Without(&'static str),
    /// No signature at all.
    Unsigned,
    /// Signed with the secret that both sides have.
    SharedSecret,
    /// Signed with its public key, as if that were a secret.
    PublicKeyAsSecret,
    /// Signed by a key that is not its own, under the name of one that is.
    OtherKey,
    /// The name of a key that it never had.
    UnknownKey,
    /// What another provider signed.
    Token(String),
    /// It says to be another.
    OtherIssuer,
    /// Its endpoints are elsewhere.
    TokenElsewhere,
    LoginElsewhere,
    KeysInClear,
    /// It sends us elsewhere instead of answering.
    Redirects,
    Huge,
    Slow,
}

/// How it signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    Es256,
    Rs256,
    Ps256,
    EdDsa,
}

pub(crate) struct ProviderServer {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) state: Arc<Shared>,
    id: String,
    router: Router,
    lifecycle: Lifecycle,
}

pub(crate) struct Shared {
    issuer: String,
    inner: Mutex<Inner>,
}

struct Inner {
    lie: Lie,
    signing: Signing,
    kid: String,
    ec: EcdsaKeyPair,
    rsa: rsa::KeyPair,
    ed: Ed25519KeyPair,
    codes: HashMap<String, Asked>,
    person: Value,
    /// Requests, by path.
    asked: Vec<String>,
    last_token: String,
}

/// What somebody was sent here with.
#[derive(Clone)]
struct Asked {
    challenge: String,
    nonce: String,
    redirect: String,
    person: Value,
}

/// What the browser brings back.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub(crate) code: String,
    pub(crate) state: String,
}

impl ProviderServer {
    pub(crate) fn start(id: &str) -> Self {
        tls::install_provider();
        let folder = tempfile::tempdir().expect("a folder");
        tls::init_certificates(folder.path(), &[]).expect("certificates");
        write_secret(&folder, SECRET);
        let (cert, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
        let config = RustlsConfig::from_config(tls::server(&cert, &key, None, &["http/1.1"]).expect("a configuration"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Shared { issuer: format!("https://localhost:{port}"), inner: Mutex::new(Inner::new()) });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&state));
        let lifecycle = Lifecycle::default();
        let server = axum_server::from_tcp_rustls(listener, config).expect("a server");
        let serving = server.serve(router.clone().into_make_service());
        let stop = lifecycle.stop_token();
        lifecycle.spawn(async move {
            tokio::select! { _ = serving => (), () = stop.cancelled() => () }
        });
        Self { folder, state, id: id.to_owned(), router, lifecycle }
    }

    /// Gives the settings of a client that trusts this provider.
    pub(crate) fn settings(&self) -> config::OidcProvider {
        config::OidcProvider {
            id: self.id.clone(),
            label: format!("The {}", self.id),
            issuer: self.state.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret_path: self.folder.path().join("secret"),
            ca_path: Some(self.folder.path().join("root.crt")),
            hosts: Vec::new(),
            signup: false,
            domains: Vec::new(),
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.state.issuer
    }

    pub(crate) fn lie(&self, lie: Lie) {
        self.state.inner().lie = lie;
    }

    pub(crate) fn sign_with(&self, signing: Signing) {
        self.state.inner().signing = signing;
    }

    /// Takes new keys, under a new name.
    pub(crate) fn renew_keys(&self) {
        let mut inner = self.state.inner();
        let fresh = Inner::new();
        (inner.kid, inner.ec, inner.rsa, inner.ed) = (fresh.kid, fresh.ec, fresh.rsa, fresh.ed);
    }

    /// Says who sits before the browser from now on.
    pub(crate) fn is_logged_in(&self, person: Value) {
        self.state.inner().person = person;
    }

    /// Counts requests for a path.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.state.inner().asked.iter().filter(|asked| *asked == path).count()
    }

    pub(crate) fn last_token(&self) -> String {
        self.state.inner().last_token.clone()
    }

    /// Stops to listen.
    pub(crate) fn stop(&self) {
        self.lifecycle.stop();
    }

    /// Opens an address as a browser does, logs in there, and follows the way back.
    pub(crate) async fn log_in_at(&self, address: &str) -> Returned {
        use tower::ServiceExt;
        let address = Url::parse(address).expect("an address");
        assert!(address.as_str().starts_with(&format!("{}/authorize?", self.issuer())), "{address}");
        let path = format!("/authorize?{}", address.query().expect("a query"));
        let request = http::Request::get(path).body(axum::body::Body::empty()).expect("good");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), 303);
        let back = Url::parse(answer.headers()["location"].to_str().expect("text")).expect("an address");
        assert_eq!((back.query(), back.path()), (None, format!("/oidc/{}", self.id).as_str()), "{back}");
        let pairs = Url::parse(&format!("https://x/?{}", back.fragment().expect("a fragment"))).expect("pairs");
        let find = |name: &str| pairs.query_pairs().find(|(key, _)| key == name).expect("there").1.into_owned();
        Returned { code: find("code"), state: find("state") }
    }
}

fn write_secret(folder: &tempfile::TempDir, secret: &str) {
    let mut file = std::fs::OpenOptions::new();
    let mut file = file.write(true).create(true).mode(0o600).open(folder.path().join("secret")).expect("a file");
    writeln!(file, "{secret}").expect("written");
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("not poisoned")
    }

    /// Notes a request, and gives the lie of the day.
    fn hear(&self, path: &str) -> Lie {
        let mut inner = self.inner();
        inner.asked.push(path.to_owned());
        inner.lie.clone()
    }
}

impl Inner {
    fn new() -> Self {
        Self {
            lie: Lie::None,
            signing: Signing::Es256,
            kid: Uuid::new_v4().to_string(),
            ec: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"),
            rsa: rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key"),
            ed: Ed25519KeyPair::generate().expect("a key"),
            codes: HashMap::new(),
            person: json!({ "sub": "0001" }),
            asked: Vec::new(),
            last_token: String::new(),
        }
    }

    /// Gives the public keys (RFC 7517).
    fn jwks(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        // SEQUENCE { INTEGER of 2048 bits, INTEGER 65537 } (RFC 8017 §A.1.1)
        let rsa = self.rsa.public_key().as_ref();
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "use": "sig", "kid": format!("{}-Es256", self.kid),
              "x": encode(&point[1..33]), "y": encode(&point[33..]) },
            { "kty": "RSA", "use": "sig", "kid": format!("{}-Rs256", self.kid), "n": encode(&rsa[9..265]), "e": "AQAB" },
            { "kty": "RSA", "use": "sig", "kid": format!("{}-Ps256", self.kid), "n": encode(&rsa[9..265]), "e": "AQAB" },
            { "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": format!("{}-EdDsa", self.kid),
              "x": encode(self.ed.public_key().as_ref()) },
        ] })
    }

    fn sign(&self, claims: &Value) -> String {
        let name = match self.signing {
            Signing::Es256 => "ES256",
            Signing::Rs256 => "RS256",
            Signing::Ps256 => "PS256",
            Signing::EdDsa => "EdDSA",
        };
        let kid = format!("{}-{:?}", self.kid, self.signing);
        let (alg, kid) = match self.lie {
            Lie::Unsigned => ("none", kid),
            Lie::SharedSecret | Lie::PublicKeyAsSecret => ("HS256", kid),
            Lie::UnknownKey => (name, "never-heard-of".to_owned()),
            _ => (name, kid),
        };
        let head = json!({ "alg": alg, "kid": kid, "typ": "JWT" }).to_string();
        let text = format!("{}.{}", encode(head.as_bytes()), encode(claims.to_string().as_bytes()));
        format!("{text}.{}", encode(&self.signature(text.as_bytes())))
    }

    fn signature(&self, text: &[u8]) -> Vec<u8> {
        let tag = |key: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec();
        match &self.lie {
            Lie::Unsigned => return Vec::new(),
            Lie::SharedSecret => return tag(SECRET.as_bytes()),
            Lie::PublicKeyAsSecret => return tag(self.ec.public_key().as_ref()),
            Lie::OtherKey => return Self::new().signature(text),
            _ => {}
        }
        let random = SystemRandom::new();
        let mut rsa_signature = vec![0; 256];
        match self.signing {
            Signing::Es256 => return self.ec.sign(&random, text).expect("signed").as_ref().to_vec(),
            Signing::EdDsa => return self.ed.sign(text).as_ref().to_vec(),
            Signing::Rs256 => self.rsa.sign(&RSA_PKCS1_SHA256, &random, text, &mut rsa_signature).expect("signed"),
            Signing::Ps256 => self.rsa.sign(&RSA_PSS_SHA256, &random, text, &mut rsa_signature).expect("signed"),
        }
        rsa_signature
    }
}

async fn discovery(State(state): State<Arc<Shared>>) -> Response {
    let lie = state.hear("discovery");
    let issuer = &state.issuer;
    let mut described = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "PS256", "EdDSA", "HS256", "none"],
    });
    match lie {
        Lie::OtherIssuer => described["issuer"] = json!("https://accounts.example"),
        Lie::TokenElsewhere => described["token_endpoint"] = json!("https://127.0.0.1:1/token"),
        Lie::LoginElsewhere => described["authorization_endpoint"] = json!("https://evil.example/authorize"),
        Lie::KeysInClear => described["jwks_uri"] = json!(issuer.replace("https", "http")),
        _ => {}
    }
    Json(described).into_response()
}

async fn keys(State(state): State<Arc<Shared>>) -> Response {
    state.hear("keys");
    Json(state.inner().jwks()).into_response()
}

/// Takes whoever sits there for logged in, and sends them back at once.
async fn authorize(State(state): State<Arc<Shared>>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    let find = |name: &str| asked.get(name).unwrap_or_else(|| panic!("no {name}")).clone();
    assert_eq!((find("response_type"), find("client_id")), ("code".to_owned(), CLIENT.to_owned()));
    assert_eq!((find("code_challenge_method"), find("response_mode")), ("S256".to_owned(), "fragment".to_owned()));
    assert!(find("scope").split(' ').any(|scope| scope == "openid"));
    let code = Uuid::new_v4().to_string();
    let mut inner = state.inner();
    let person = inner.person.clone();
    let asked =
        Asked { challenge: find("code_challenge"), nonce: find("nonce"), redirect: find("redirect_uri"), person };
    let back = format!("{}#code={code}&state={}", asked.redirect, find("state"));
    inner.codes.insert(code, asked);
    Redirect::to(&back)
}

async fn token(
    State(state): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let lie = state.hear("token");
    match lie {
        Lie::Redirects => return Redirect::temporary(&format!("{}/keys", state.issuer)).into_response(),
        Lie::Huge => return ([("content-type", "application/json")], vec![b' '; 5 << 20]).into_response(),
        Lie::Slow => tokio::time::sleep(Duration::from_secs(60)).await,
        _ => {}
    }
    assert_eq!(headers["authorization"].to_str().expect("text"), basic());
    let mut inner = state.inner();
    let asked = form.get("code").and_then(|code| inner.codes.remove(code));
    let challenge = encode(digest::digest(&digest::SHA256, form["code_verifier"].as_bytes()).as_ref());
    let is_good = |asked: &Asked| asked.challenge == challenge && form.get("redirect_uri") == Some(&asked.redirect);
    let Some(asked) = asked.filter(is_good).filter(|_| lie != Lie::RefusesCodes) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let now = clock::now().unix_timestamp();
    let mut claims = json!({
        "iss": state.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked.nonce,
    });
    let fields = claims.as_object_mut().expect("an object");
    fields.extend(asked.person.as_object().expect("an object").clone());
    match &lie {
        Lie::Claim(name, value) => drop(fields.insert((*name).to_owned(), value.clone())),
        Lie::Without(name) => drop(fields.remove(*name)),
        _ => {}
    }
    let id_token = match &lie {
        Lie::Token(token) => token.clone(),
        Lie::NotAToken => "a.b.c".to_owned(),
        _ => inner.sign(&claims),
    };
    inner.last_token.clone_from(&id_token);
    let mut answer = json!({ "access_token": "unused", "token_type": "Bearer", "id_token": id_token });
    if lie == Lie::NoIdToken {
        answer.as_object_mut().expect("an object").remove("id_token");
    }
    Json(answer).into_response()
}

/// As RFC 6749 §2.3.1 has it: encoded as in a form, then joined.
fn basic() -> String {
    let form = |text: &str| {
        let mut url = Url::parse("https://x").expect("an address");
        url.query_pairs_mut().append_pair("x", text);
        url.query().expect("a query")[2..].to_owned()
    };
    let pair = format!("{}:{}", form(CLIENT), form(SECRET));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
