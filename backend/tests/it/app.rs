//! One backend with a fresh database, and how to talk to it without a network.

use std::sync::Arc;

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use untxt_backend::{App, Services};
use untxt_core::{
    config::{self, Settings},
    crypto::{KeyRing, Kms, LocalKms},
    lifecycle::Lifecycle,
    tls,
};
use untxt_database::{Database, testing::TestPostgres};

use crate::seams::{KmsSwitch, MemoryQueue, MemoryStore};

pub(crate) const ORIGIN: &str = "https://localhost:8443";

pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    pub(crate) settings: Settings,
    pub(crate) objects: Arc<MemoryStore>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) kms: Arc<LocalKms>,
    pub(crate) keys: KeyRing,
    /// What stands between the ring and the key file.
    pub(crate) switch: Arc<KmsSwitch>,
    pub(crate) postgres: TestPostgres,
    pub(crate) db: Database,
    pub(crate) lifecycle: Lifecycle,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        tls::install_provider();
        let postgres = TestPostgres::start().await;
        let mut settings: Settings = toml::from_str(config::DEFAULTS).expect("defaults");
        settings.session.signing_key = "a signing key of the tests, long enough".to_owned().into();
        settings.limits.max_file_bytes = 4 << 20;
        change(&mut settings);
        let folder = tempfile::tempdir().expect("a folder");
        let root_key = folder.path().join("root.key");
        LocalKms::create(&root_key).expect("a root key");
        let kms = Arc::new(LocalKms::open(&root_key).expect("a root key"));
        let (objects, queue) = (Arc::<MemoryStore>::default(), Arc::<MemoryQueue>::default());
        let db = postgres.backend().await;
        let switch = Arc::new(KmsSwitch::new(kms.clone()));
        let keys = KeyRing::new([switch.clone() as Arc<dyn Kms>]);
        let services = Services { db: db.clone(), objects: objects.clone(), queue: queue.clone(), keys: keys.clone() };
        let lifecycle = Lifecycle::default();
        let app = Arc::new(App::new(&settings, services, &lifecycle).expect("an app"));
        let router = untxt_backend::router(Arc::clone(&app)).expect("routes");
        Self { app, router, settings, objects, queue, kms, keys, switch, postgres, db, lifecycle, _folder: folder }
    }

    /// Another backend of the same installation, or this one after a restart.
    pub(crate) fn another_backend(&self) -> AnotherBackend {
        self.another_backend_with(&self.settings)
    }

    /// Another backend of the same installation, with other settings.
    pub(crate) fn another_backend_with(&self, settings: &Settings) -> AnotherBackend {
        let Self { db, objects, queue, keys, .. } = self;
        let services = Services { db: db.clone(), objects: objects.clone(), queue: queue.clone(), keys: keys.clone() };
        let app = Arc::new(App::new(settings, services, &self.lifecycle).expect("an app"));
        AnotherBackend(untxt_backend::router(app).expect("routes"))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        ask(&self.router, request).await
    }

    /// Counts rows, over all owners.
    pub(crate) fn count(&self, table: &str) -> usize {
        self.postgres.superuser_psql(&format!("select count(*) from {table}")).trim().parse().expect("a number")
    }
}

pub(crate) struct AnotherBackend(Router);

impl AnotherBackend {
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        ask(&self.0, request).await
    }
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_or_else(|_| Bytes::from_static(b"(broken off)"), |body| body.to_bytes());
    Answer { status: parts.status, headers: parts.headers, body }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Checks that this is a problem with that code, and that it says nothing internal.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{problem}");
        for field in ["type", "title", "detail", "request_id"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        for internal in ["src/", ".rs", "sqlx", "panicked", "select ", "/tmp"] {
            assert!(!self.text().contains(internal), "{problem}");
        }
        self
    }

    /// Gives the cookies of this answer as a browser sends them back.
    pub(crate) fn cookies(&self) -> Vec<String> {
        let set = self.headers.get_all("set-cookie").iter();
        set.map(|cookie| cookie.to_str().expect("text").split(';').next().expect("a pair").to_owned()).collect()
    }
}

pub(crate) fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

pub(crate) fn json(method: Method, path: &str, body: &Value) -> Request<Body> {
    request(method, path).header("content-type", "application/json").body(Body::from(body.to_string())).expect("good")
}
