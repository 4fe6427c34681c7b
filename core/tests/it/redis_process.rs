//! A real Redis with the product's own settings, in the site's folder.

use std::{
    fs,
    process::{Child, Command},
    time::{Duration, Instant},
};

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisResult, TlsCertificates,
    aio::MultiplexedConnection,
};
use secrecy::SecretString;
use untxt_core::{
    config,
    queue::{
        RedisQueue,
        conf::{OPENSSL_CNF, RedisPasswords, RedisPaths, render_redis_conf, render_users_acl},
    },
};

use crate::site::{Site, free_port};

/// A user that only this test has, to look and to destroy.
const ADMIN: &str = "test_admin";
/// SHA-256 of `admin`.
const ADMIN_HASH: &str = "8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918";

/// A running Redis; killed when dropped.
pub(crate) struct RedisProcess {
    child: Child,
    pub(crate) port: u16,
}

impl RedisProcess {
    pub(crate) async fn start(site: &Site) -> Self {
        Self::start_on(site, free_port()).await
    }

    /// Starts Redis on a port, with what is in the folder from before.
    pub(crate) async fn start_on(site: &Site, port: u16) -> Self {
        fs::create_dir_all(site.path("redis")).expect("a folder");
        let (acl, folder) = (site.path("users.acl"), site.path("redis"));
        let (cert, key, client_ca) = (site.cert("redis.crt"), site.cert("redis.key"), site.cert("redis-clients.pem"));
        let paths = RedisPaths { folder: &folder, acl: &acl, cert: &cert, key: &key, client_ca: &client_ca };
        let secret = |text: &str| SecretString::from(text);
        let passwords =
            RedisPasswords { backend: secret("backend"), worker: secret("worker"), health: secret("health") };
        let users = format!("{}user {ADMIN} on #{ADMIN_HASH} ~* &* +@all\n", render_users_acl(&passwords));
        fs::write(&acl, users).expect("written");
        fs::write(site.path("redis.conf"), render_redis_conf(port, &paths)).expect("written");
        fs::write(site.path("openssl.cnf"), OPENSSL_CNF).expect("written");
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "redis-server"])
            .arg(site.path("redis.conf"))
            .env("OPENSSL_CONF", site.path("openssl.cnf"))
            .stdout(fs::File::options().create(true).append(true).open(site.path("redis.log")).expect("a log"))
            .spawn()
            .expect("redis-server is installed");
        let mut process = Self { child, port };
        process.wait_until_ready(site).await;
        process
    }

    async fn wait_until_ready(&mut self, site: &Site) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while let Err(error) = self.admin(site).await {
            assert!(Instant::now() < deadline, "redis doesn't come up: {error}");
            assert!(self.child.try_wait().expect("asked").is_none(), "redis ended at start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn kill(mut self) -> u16 {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited");
        self.port
    }

    /// Connects as the test's own user.
    pub(crate) async fn admin(&self, site: &Site) -> RedisResult<MultiplexedConnection> {
        self.connect(site, Some("redis-worker"), Some((ADMIN, "admin"))).await
    }

    /// Connects with any certificate and user.
    pub(crate) async fn connect(
        &self,
        site: &Site,
        certificate: Option<&str>,
        user: Option<(&str, &str)>,
    ) -> RedisResult<MultiplexedConnection> {
        let read = |name: String| fs::read(site.cert(&name)).expect("a file");
        let identity = certificate.map(|name| ClientTlsConfig {
            client_cert: read(format!("{name}.crt")),
            client_key: read(format!("{name}.key")),
        });
        let address =
            ConnectionAddr::TcpTls { host: "localhost".into(), port: self.port, insecure: false, tls_params: None };
        let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some((user, password)) = user {
            login = login.set_username(user).set_password(password);
        }
        let info = address.into_connection_info()?.set_redis_settings(login);
        let roots = TlsCertificates { client_tls: identity, root_cert: Some(read("root.crt".into())) };
        Client::build_with_tls(info, roots)?.get_multiplexed_async_connection().await
    }
}

impl Drop for RedisProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes the queue of a process: `backend` or `worker`.
pub(crate) fn queue(site: &Site, port: u16, process: &str, consumer: &str) -> RedisQueue {
    RedisQueue::new(&section(site, port, process), consumer).expect("a queue")
}

pub(crate) fn section(site: &Site, port: u16, process: &str) -> config::Redis {
    config::Redis {
        host: "localhost".to_owned(),
        port,
        user: format!("untxt_{process}"),
        password: SecretString::from(process),
        ca_path: site.cert("root.crt"),
        cert_path: site.cert(&format!("redis-{process}.crt")),
        key_path: site.cert(&format!("redis-{process}.key")),
    }
}
