//! A folder with certificates, and a store that runs in it as a process of its own.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tempfile::TempDir;
use untxt_core::{
    config,
    lifecycle::Lifecycle,
    storage::{S3Store, server},
    tls,
};

pub(crate) const BUCKET: &str = "untxt-test";
const ACCESS_KEY: &str = "store-access-key";
const SECRET_KEY: &str = "store-secret-key-store-secret-key";

/// Everything that a hop needs, in a folder that is gone at the end.
pub(crate) struct Site {
    folder: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        tls::install_provider();
        let folder = tempfile::tempdir().expect("a folder");
        tls::init_certificates(&folder.path().join("certs"), &[]).expect("certificates");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn cert(&self, name: &str) -> PathBuf {
        self.folder.path().join("certs").join(name)
    }

    /// Gives the TLS configuration of the backend.
    pub(crate) fn client_tls(&self) -> Arc<rustls::ClientConfig> {
        let (cert, key) = (self.cert("backend.crt"), self.cert("backend.key"));
        tls::private_client(&self.cert("root.crt"), Some((&cert, &key))).expect("a TLS configuration")
    }
}

/// A running store; killed when dropped.
pub(crate) struct StoreProcess {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl StoreProcess {
    /// Starts a store over the site's folder `objects`, in a process of its own, and waits until it listens.
    pub(crate) fn start(site: &Site) -> Self {
        let port = free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        write_settings(site, address);
        let child = Command::new("/proc/self/exe")
            .args(["storage::run_store", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .current_dir(site.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the store doesn't come up");
            #[expect(clippy::disallowed_methods, reason = "not on the runtime of anything under test")]
            std::thread::sleep(Duration::from_millis(30));
        }
        Self { child, address }
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited");
    }
}

impl Drop for StoreProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a client of the store at `address`.
pub(crate) fn client(site: &Site, address: SocketAddr) -> S3Store {
    client_with(&section(site, address))
}

pub(crate) fn client_with(storage: &config::Storage) -> S3Store {
    S3Store::new(storage).expect("a client")
}

/// Gives the section that the backend of a site has for the store at `address`.
pub(crate) fn section(site: &Site, address: SocketAddr) -> config::Storage {
    config::Storage {
        endpoint: Some(format!("https://localhost:{}", address.port())),
        region: "us-east-1".to_owned(),
        bucket: BUCKET.to_owned(),
        access_key_id: SecretString::from(ACCESS_KEY),
        secret_access_key: SecretString::from(SECRET_KEY),
        ca_path: Some(site.cert("root.crt")),
        cert_path: Some(site.cert("backend.crt")),
        key_path: Some(site.cert("backend.key")),
        path_style: true,
        kms_key_id: None,
    }
}

/// The body of the store's process: serves until a signal comes.
pub(crate) async fn serve_here() {
    tls::install_provider();
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).expect("set");
    let settings = load(Path::new("untxt.toml"));
    let lifecycle = Lifecycle::on_signals().expect("signals");
    server::serve(&settings, &lifecycle).await.expect("served");
    assert!(lifecycle.wait(Duration::from_secs(10)).await, "everything ended");
}

pub(crate) fn load(file: &Path) -> config::Settings {
    config::Settings::load_from(Some(file), [], config::Process::Store).expect("good settings")
}

/// Writes the settings of a store at `address` and gives their file.
pub(crate) fn write_settings(site: &Site, address: SocketAddr) -> PathBuf {
    let text = format!(
        "[store]\nbind = '{address}'\ndirectory = '{}'\ncert_path = '{}'\nkey_path = '{}'\nclient_ca_path = '{}'\n\
         [storage]\nbucket = '{BUCKET}'\naccess_key_id = '{ACCESS_KEY}'\nsecret_access_key = '{SECRET_KEY}'\n",
        site.path("objects").display(),
        site.cert("storage.crt").display(),
        site.cert("storage.key").display(),
        site.cert("clients.pem").display(),
    );
    let file = site.path("untxt.toml");
    fs::write(&file, text).expect("written");
    file
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}
