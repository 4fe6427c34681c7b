//! What each process needs, and combinations that make no sense.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::{MalwareScan, Problems, Settings};
use crate::crypto::MAX_RANDOM_NONCES;

/// The process that the settings are for; each needs other sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// `untxt backend`.
    Backend,
    /// `untxt worker`.
    Worker,
    /// `untxt migrate` and `untxt user`: the database alone.
    Migrate,
    /// `untxt storage`.
    Store,
    /// `untxt health`: asks another process.
    Probe,
    /// `untxt export` and `untxt import`: the database, the objects and the root key.
    Backup,
    /// `untxt keys`: the database and the root key.
    Keys,
}

impl Process {
    /// Its name, in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backend => "untxt-backend",
            Self::Worker => "untxt-worker",
            Self::Store => "untxt-storage",
            Self::Migrate | Self::Probe | Self::Backup | Self::Keys => "untxt",
        }
    }
}

impl Settings {
    pub(super) fn validate(&self, process: Process, problems: &mut Problems) {
        match process {
            Process::Store => {
                self.validate_store(problems);
                self.validate_monitoring(problems);
            }
            Process::Probe => self.validate_probe(problems),
            Process::Migrate => self.validate_database(problems),
            Process::Backup => {
                self.validate_database(problems);
                self.validate_storage(problems);
                self.encryption.validate(problems);
                self.signing.validate(problems);
            }
            Process::Keys => {
                self.validate_database(problems);
                self.encryption.validate(problems);
            }
            Process::Worker => {
                self.validate_shared(problems);
                self.validate_worker(problems);
                self.trash.validate(problems);
                self.audit.validate(problems);
                self.validate_malware(problems);
                self.validate_monitoring(problems);
                self.validate_traces(problems);
            }
            Process::Backend => {
                self.validate_shared(problems);
                self.validate_server(problems);
                // The backend writes them into every task; the worker reads them there.
                need("worker.languages", &self.worker.languages, problems);
                self.validate_session(problems);
                self.links.validate(problems);
                self.emergency.validate(problems);
                self.mail.validate(problems);
                self.oidc.validate(problems);
                self.trash.validate(problems);
                self.signing.validate(problems);
                self.validate_monitoring(problems);
                self.validate_traces(problems);
            }
        }
    }

    fn validate_shared(&self, problems: &mut Problems) {
        self.validate_database(problems);
        need("redis.host", &self.redis.host, problems);
        need("redis.user", &self.redis.user, problems);
        need_secret("redis.password", &self.redis.password, 16, problems);
        need_file("redis.ca_path", &self.redis.ca_path, problems);
        need_file("redis.cert_path", &self.redis.cert_path, problems);
        need_file("redis.key_path", &self.redis.key_path, problems);
        self.validate_storage(problems);
        self.validate_limits(problems);
        self.encryption.validate(problems);
    }

    fn validate_database(&self, problems: &mut Problems) {
        let database = &self.database;
        need("database.host", &database.host, problems);
        need("database.name", &database.name, problems);
        need("database.user", &database.user, problems);
        need_secret("database.password", &database.password, 1, problems);
        need_file("database.ca_path", &database.ca_path, problems);
        need_file("database.cert_path", &database.cert_path, problems);
        need_file("database.key_path", &database.key_path, problems);
        if database.max_connections == 0 {
            problems.add("database.max_connections", "must be at least 1");
        }
    }

    fn validate_storage(&self, problems: &mut Problems) {
        let storage = &self.storage;
        need("storage.bucket", &storage.bucket, problems);
        need_secret("storage.access_key_id", &storage.access_key_id, 1, problems);
        need_secret("storage.secret_access_key", &storage.secret_access_key, 1, problems);
        if storage.endpoint.as_ref().is_some_and(|endpoint| !endpoint.starts_with("https://")) {
            problems.add("storage.endpoint", "must begin with https://, because objects never travel in clear");
        }
        for (path, value) in [
            ("storage.ca_path", &storage.ca_path),
            ("storage.cert_path", &storage.cert_path),
            ("storage.key_path", &storage.key_path),
        ] {
            if let Some(value) = value {
                need_file(path, value, problems);
            }
        }
        if storage.cert_path.is_some() != storage.key_path.is_some() {
            problems.add("storage.cert_path", "needs storage.key_path too, and the other way round");
        }
    }

    fn validate_server(&self, problems: &mut Problems) {
        need_file("server.cert_path", &self.server.cert_path, problems);
        need_file("server.key_path", &self.server.key_path, problems);
        if !self.server.public_url.starts_with("https://") {
            problems.add("server.public_url", "must begin with https://, because browsers are served over TLS only");
        }
        if self.server.redirect_bind == Some(self.server.bind) {
            problems.add("server.redirect_bind", "must differ from server.bind");
        }
    }

    fn validate_session(&self, problems: &mut Problems) {
        need_secret("session.signing_key", &self.session.signing_key, 32, problems);
        if !(1..=15).contains(&self.session.access_minutes) {
            problems.add("session.access_minutes", "must be 1 to 15");
        }
        if self.session.idle_minutes < self.session.access_minutes {
            problems.add("session.idle_minutes", "must not be shorter than session.access_minutes");
        }
        if self.session.absolute_hours == 0 {
            problems.add("session.absolute_hours", "must be at least 1");
        }
    }

    fn validate_limits(&self, problems: &mut Problems) {
        let limits = &self.limits;
        for (path, value) in [
            ("limits.max_file_bytes", limits.max_file_bytes),
            ("limits.max_pages", limits.max_pages.into()),
            ("limits.max_page_pixels", limits.max_page_pixels),
            ("limits.max_readings", limits.max_readings.into()),
            ("limits.page_timeout_seconds", limits.page_timeout_seconds.into()),
            ("limits.task_timeout_seconds", limits.task_timeout_seconds.into()),
        ] {
            if value == 0 {
                problems.add(path, "must be at least 1");
            }
        }
        // Each attempt at a page seals one value under the same key of its document.
        let values =
            u128::from(limits.max_pages) * u128::from(limits.max_readings) * u128::from(self.worker.max_attempts);
        if values >= u128::from(MAX_RANDOM_NONCES) {
            problems.add("limits.max_pages", "times limits.max_readings and worker.max_attempts must be below 2^32");
        }
        if limits.allowed_types.is_empty() {
            problems.add("limits.allowed_types", "must name at least one type");
        }
        if limits.child_memory_bytes < 256 << 20 {
            problems.add("limits.child_memory_bytes", "must be at least 268435456 (256 MiB)");
        }
    }

    fn validate_worker(&self, problems: &mut Problems) {
        if self.worker.lease_seconds < 5 {
            problems.add("worker.lease_seconds", "must be at least 5, because leases are renewed every quarter");
        }
        if self.worker.max_attempts == 0 {
            problems.add("worker.max_attempts", "must be at least 1");
        }
        // An upload is stored before its row is committed, which the database's time limits bound. AWS dates an object of
        // many parts by its begin, and each part of an upload may take its time.
        let (least, why) = match self.storage.endpoint {
            Some(_) => (60, "must be at least 60, because an upload is stored before its row"),
            None => (3600, "must be at least 3600: AWS dates a large object by the begin of its upload"),
        };
        if self.worker.clean_up_after_seconds < least {
            problems.add("worker.clean_up_after_seconds", why);
        }
        if self.worker.pages_per_child == 0 {
            problems.add("worker.pages_per_child", "must be at least 1");
        }
    }

    fn validate_malware(&self, problems: &mut Problems) {
        let malware = &self.malware;
        if malware.scan == MalwareScan::Off {
            return;
        }
        if malware.timeout_seconds == 0 {
            problems.add("malware.timeout_seconds", "must be at least 1");
        }
        if malware.socket_path.is_none() {
            let or = "is needed, or malware.socket_path";
            if malware.host.is_empty() {
                problems.add("malware.host", or);
            }
            need_file("malware.ca_path", &malware.ca_path, problems);
            need_file("malware.cert_path", &malware.cert_path, problems);
            need_file("malware.key_path", &malware.key_path, problems);
        } else if !malware.host.is_empty() {
            problems.add("malware.host", "must be empty when malware.socket_path is set");
        }
    }

    fn validate_monitoring(&self, problems: &mut Problems) {
        let monitoring = &self.monitoring;
        if monitoring.bind.is_some() {
            need_file("monitoring.cert_path", &monitoring.cert_path, problems);
            need_file("monitoring.key_path", &monitoring.key_path, problems);
            need_file("monitoring.client_ca_path", &monitoring.client_ca_path, problems);
        }
    }

    fn validate_traces(&self, problems: &mut Problems) {
        let traces = &self.traces;
        if traces.endpoint.is_empty() {
            return;
        }
        if !traces.endpoint.starts_with("https://") {
            problems.add("traces.endpoint", "must begin with https://: spans don't travel in clear");
        }
        need_file("traces.ca_path", &traces.ca_path, problems);
        need_file("traces.cert_path", &traces.cert_path, problems);
        need_file("traces.key_path", &traces.key_path, problems);
    }

    fn validate_probe(&self, problems: &mut Problems) {
        let monitoring = &self.monitoring;
        if monitoring.bind.is_none() {
            problems.add("monitoring.bind", "is needed: it is where the process is asked");
        }
        need_file("monitoring.probe_ca_path", &monitoring.probe_ca_path, problems);
        need_file("monitoring.probe_cert_path", &monitoring.probe_cert_path, problems);
        need_file("monitoring.probe_key_path", &monitoring.probe_key_path, problems);
    }

    fn validate_store(&self, problems: &mut Problems) {
        if self.store.directory.as_os_str().is_empty() {
            problems.add("store.directory", "is needed");
        }
        need_file("store.cert_path", &self.store.cert_path, problems);
        need_file("store.key_path", &self.store.key_path, problems);
        need_file("store.client_ca_path", &self.store.client_ca_path, problems);
        need("storage.bucket", &self.storage.bucket, problems);
        need_secret("storage.access_key_id", &self.storage.access_key_id, 1, problems);
        need_secret("storage.secret_access_key", &self.storage.secret_access_key, 16, problems);
    }
}

pub(super) fn need(path: &str, value: &str, problems: &mut Problems) {
    if value.is_empty() {
        problems.add(path, "is needed");
    }
}

pub(super) fn need_secret(path: &str, value: &SecretString, min_bytes: usize, problems: &mut Problems) {
    let length = value.expose_secret().len();
    if length == 0 {
        problems.add(path, "is needed; there is no default");
    } else if length < min_bytes {
        problems.add(path, format!("must be at least {min_bytes} bytes"));
    }
}

pub(super) fn need_file(path: &str, value: &Path, problems: &mut Problems) {
    if value.as_os_str().is_empty() {
        problems.add(path, "is needed");
    } else if let Err(error) = std::fs::File::open(value) {
        problems.add(path, format!("{} can't be read: {error}", value.display()));
    }
}
