//! The settings file of each process, rendered from the data folder, readable by the account of our processes only.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use secrecy::ExposeSecret;
use toml::{Table, Value};
use untxt_core::config::SandboxLayer;

use super::{folder::DataFolder, secrets::Secrets};

/// Name of the bucket; the store serves one.
const BUCKET: &str = "untxt";

/// First lines of every file.
const TITLE: &str = "# Written by `untxt up` at each start; changes here are lost.
# On one machine the root key is a file, too: encryption.accept_key_file says that its operator knows.
";

/// Where everything listens in this run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) postgres: u16,
    pub(super) redis: u16,
    pub(super) store: u16,
}

/// What the settings are made of.
pub(super) struct SettingsFiles<'a> {
    pub(super) data: &'a DataFolder,
    /// Files of the public keys that check receipts, the newest first.
    pub(super) public_keys: &'a [PathBuf],
    pub(super) secrets: &'a Secrets,
    pub(super) ports: Ports,
    pub(super) listen: SocketAddr,
    pub(super) redirect: Option<SocketAddr>,
    pub(super) public_url: &'a str,
    pub(super) languages: &'a str,
    pub(super) accept_without: &'a [SandboxLayer],
    pub(super) clamd: Option<&'a Path>,
    /// Where the backend and the first worker answer monitors.
    pub(super) monitors: [Option<SocketAddr>; 2],
    pub(super) collector: Option<&'a str>,
    /// As the operator wrote it.
    pub(super) mail: Option<Table>,
    /// Days that a public link lasts at most; `None`: there are none.
    pub(super) link_days: Option<u32>,
    pub(super) emergency_minutes: Option<u32>,
    /// As well.
    pub(super) oidc: Option<Table>,
}

impl SettingsFiles<'_> {
    /// Writes `conf/{backend,worker,migrate,backup,restore,storage}.toml`.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        self.data.make("conf")?;
        for (name, sections) in [
            (
                "backend",
                vec![
                    self.server(),
                    self.database("backend"),
                    self.redis("backend"),
                    self.storage("backend"),
                    self.encryption(),
                    self.receipt_keys(),
                    self.session(),
                    self.mail(),
                    self.links(),
                    self.emergency(),
                    self.oidc(),
                    self.worker(),
                    self.monitoring(self.monitors[0]),
                    self.traces("backend"),
                ],
            ),
            (
                "worker",
                vec![
                    self.database("worker"),
                    self.redis("worker"),
                    self.storage("worker"),
                    self.encryption(),
                    self.signing(),
                    self.worker(),
                    self.malware(),
                    self.monitoring(self.monitors[1]),
                    self.traces("worker"),
                ],
            ),
            ("migrate", vec![self.database("migrate")]),
            ("backup", vec![self.database("backup"), self.storage("backup"), self.encryption(), self.receipt_keys()]),
            // Whoever restores owns the tables.
            ("restore", vec![self.database("migrate"), self.storage("backup"), self.encryption(), self.receipt_keys()]),
            ("storage", vec![self.store(), self.store_credentials()]),
        ] {
            let table: Table =
                sections.into_iter().map(|(section, keys)| (section.to_owned(), Value::Table(keys))).collect();
            let text = format!("{TITLE}\n{table}");
            self.data.write(&format!("conf/{name}.toml"), &text)?;
        }
        Ok(())
    }

    fn server(&self) -> (&'static str, Table) {
        let mut keys = table([
            ("bind", self.listen.to_string().into()),
            ("public_url", self.public_url.into()),
            ("cert_path", self.cert("server.crt")),
            ("key_path", self.cert("server.key")),
        ]);
        if let Some(redirect) = self.redirect {
            keys.insert("redirect_bind".to_owned(), redirect.to_string().into());
        }
        ("server", keys)
    }

    fn database(&self, process: &str) -> (&'static str, Table) {
        let password = match process {
            "backend" => &self.secrets.postgres_backend,
            "worker" => &self.secrets.postgres_worker,
            "backup" => &self.secrets.postgres_backup,
            _ => &self.secrets.postgres_migrate,
        };
        let keys = table([
            ("host", "localhost".into()),
            ("port", i64::from(self.ports.postgres).into()),
            ("user", format!("untxt_{process}").into()),
            ("password", password.expose_secret().into()),
            ("ca_path", self.cert("root.crt")),
            ("cert_path", self.cert(&format!("{process}.crt"))),
            ("key_path", self.cert(&format!("{process}.key"))),
        ]);
        ("database", keys)
    }

    fn redis(&self, process: &str) -> (&'static str, Table) {
        let password = if process == "backend" { &self.secrets.redis_backend } else { &self.secrets.redis_worker };
        let keys = table([
            ("host", "localhost".into()),
            ("port", i64::from(self.ports.redis).into()),
            ("user", format!("untxt_{process}").into()),
            ("password", password.expose_secret().into()),
            ("ca_path", self.cert("root.crt")),
            ("cert_path", self.cert(&format!("redis-{process}.crt"))),
            ("key_path", self.cert(&format!("redis-{process}.key"))),
        ]);
        ("redis", keys)
    }

    fn storage(&self, process: &str) -> (&'static str, Table) {
        let (section, mut keys) = self.store_credentials();
        keys.extend(table([
            ("endpoint", format!("https://localhost:{}", self.ports.store).into()),
            ("ca_path", self.cert("root.crt")),
            ("cert_path", self.cert(&format!("{process}.crt"))),
            ("key_path", self.cert(&format!("{process}.key"))),
        ]));
        (section, keys)
    }

    /// One machine holds everything, so its operator has accepted that the root key is there, too.
    fn encryption(&self) -> (&'static str, Table) {
        let keys = [
            ("provider", "local".into()),
            ("accept_key_file", true.into()),
            ("key_path", self.path("root-key/root.key")),
        ];
        ("encryption", table(keys))
    }

    fn signing(&self) -> (&'static str, Table) {
        ("signing", table([("key_path", self.path("signing/signing.key"))]))
    }

    /// Who only checks receipts has no use for the private half.
    fn receipt_keys(&self) -> (&'static str, Table) {
        let keys = self.public_keys.iter().map(|path| path.display().to_string().into());
        ("signing", table([("public_keys", Value::Array(keys.collect()))]))
    }

    fn session(&self) -> (&'static str, Table) {
        ("session", table([("signing_key", self.secrets.session_key.expose_secret().into())]))
    }

    /// One child: `up` starts a worker for each core.
    fn worker(&self) -> (&'static str, Table) {
        let accept_without: Vec<Value> = self.accept_without.iter().map(|layer| layer.name().into()).collect();
        let keys = [
            ("children", 1.into()),
            ("languages", self.languages.into()),
            ("accept_without", accept_without.into()),
            // The store is in this folder, too.
            ("claim_bucket", true.into()),
        ];
        ("worker", table(keys))
    }

    fn malware(&self) -> (&'static str, Table) {
        let keys = match self.clamd {
            Some(socket) => {
                table([("scan", "required".into()), ("socket_path", socket.to_string_lossy().into_owned().into())])
            }
            None => Table::new(),
        };
        ("malware", keys)
    }

    /// Further workers get the address in their environment.
    fn monitoring(&self, bind: Option<SocketAddr>) -> (&'static str, Table) {
        let keys = if let Some(bind) = bind {
            table([
                ("bind", bind.to_string().into()),
                ("cert_path", self.cert("monitoring.crt")),
                ("key_path", self.cert("monitoring.key")),
                ("client_ca_path", self.cert("monitors.pem")),
                ("probe_ca_path", self.cert("root.crt")),
                ("probe_cert_path", self.cert("monitor.crt")),
                ("probe_key_path", self.cert("monitor.key")),
            ])
        } else {
            Table::new()
        };
        ("monitoring", keys)
    }

    fn mail(&self) -> (&'static str, Table) {
        ("mail", self.mail.clone().unwrap_or_default())
    }

    fn links(&self) -> (&'static str, Table) {
        let keys = match self.link_days {
            Some(days) => table([("enabled", true.into()), ("max_days", i64::from(days).into())]),
            None => Table::new(),
        };
        ("links", keys)
    }

    fn emergency(&self) -> (&'static str, Table) {
        let keys = match self.emergency_minutes {
            Some(minutes) => table([("enabled", true.into()), ("max_minutes", i64::from(minutes).into())]),
            None => Table::new(),
        };
        ("emergency", keys)
    }

    fn oidc(&self) -> (&'static str, Table) {
        ("oidc", self.oidc.clone().unwrap_or_default())
    }

    fn traces(&self, process: &str) -> (&'static str, Table) {
        let keys = match self.collector {
            Some(collector) => table([
                ("endpoint", collector.into()),
                ("ca_path", self.cert("root.crt")),
                ("cert_path", self.cert(&format!("{process}.crt"))),
                ("key_path", self.cert(&format!("{process}.key"))),
            ]),
            None => Table::new(),
        };
        ("traces", keys)
    }

    /// What the store checks signatures with.
    fn store_credentials(&self) -> (&'static str, Table) {
        let keys = table([
            ("bucket", BUCKET.into()),
            ("access_key_id", self.secrets.store_id.expose_secret().into()),
            ("secret_access_key", self.secrets.store_secret.expose_secret().into()),
        ]);
        ("storage", keys)
    }

    fn store(&self) -> (&'static str, Table) {
        let keys = table([
            ("bind", format!("127.0.0.1:{}", self.ports.store).into()),
            ("directory", self.path("store")),
            ("cert_path", self.cert("storage.crt")),
            ("key_path", self.cert("storage.key")),
            ("client_ca_path", self.cert("clients.pem")),
        ]);
        ("store", keys)
    }

    fn cert(&self, name: &str) -> Value {
        self.path(&format!("certs/{name}"))
    }

    fn path(&self, name: &str) -> Value {
        let path: PathBuf = self.data.path(name);
        path.to_string_lossy().into_owned().into()
    }
}

/// Reads the one section of a file that stands behind an option of this name; the backend checks what stands there.
pub(super) fn read_section(name: &str, file: &Path) -> anyhow::Result<Table> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("--{name}: {shown} can't be read"))?;
    // The error itself would show the line, which may be that of the password.
    let mut table: Table =
        text.parse().map_err(|error: toml::de::Error| anyhow!("--{name}: {shown} is no TOML: {}", error.message()))?;
    match (table.remove(name), table.is_empty()) {
        (Some(Value::Table(section)), true) => Ok(section),
        _ => bail!("--{name}: {shown} must have the section [{name}] and nothing else"),
    }
}

fn table<const N: usize>(keys: [(&str, Value); N]) -> Table {
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_of_mail_shows_no_password() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let read = |text: &str| {
            std::fs::write(file.path(), text).expect("written");
            read_section("mail", file.path())
        };
        assert_eq!(read("[mail]\nhost = 'mail.internal'").expect("good").len(), 1);
        let refused = read("[mail]\npassword = 'hunter2").expect_err("it has no end");
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
        read("[mail]\n[server]").expect_err("something else");
        std::fs::write(file.path(), "[[oidc.providers]]\nid = 'clinic'").expect("written");
        assert_eq!(read_section("oidc", file.path()).expect("good")["providers"].as_array().map(Vec::len), Some(1));
    }
}
