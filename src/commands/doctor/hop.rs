use std::path::PathBuf;

use secrecy::SecretString;
use serde::Serialize;
use untxt_core::config;

/// One edge between two processes, as it is wanted.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Hop {
    /// Stable name, for monitoring.
    pub(super) id: &'static str,
    pub(super) client: String,
    pub(super) server: String,
    /// Host name, address, or path of a Unix socket.
    pub(super) host: String,
    /// Absent for a Unix socket.
    pub(super) port: Option<u16>,
    /// Whether this process is the one that listens.
    pub(super) is_inbound: bool,
    pub(super) protocol: &'static str,
    pub(super) client_identity: &'static str,
    pub(super) server_identity: &'static str,
    pub(super) data: &'static str,
    pub(super) risk: &'static str,
    pub(super) protection: Protection,
    /// How this process can try it; absent where it has no certificate to try it with.
    #[serde(skip)]
    pub(super) probe: Option<Probe>,
}

/// What DESIGN asks of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Protection {
    /// TLS 1.3, both sides verified.
    Mutual,
    /// TLS 1.3, the server verified.
    ServerOnly,
    /// TLS 1.3 to somebody else's service, whose other clients are none of our business.
    Outside,
    /// Plain, and nothing but 308 is ever said.
    RedirectOnly,
    /// A Unix socket of this machine.
    Local,
}

/// How to talk to the server of a hop.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    pub(super) speech: Speech,
    /// Name that the certificate must have; it is also where we connect, unless `at` says otherwise.
    pub(super) name: String,
    pub(super) at: (String, u16),
    /// Roots, in PEM files; none: the system's.
    pub(super) roots: Vec<PathBuf>,
    /// Our certificate and key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
    /// A certificate of ours that is for servers.
    pub(super) server_identity: Option<(PathBuf, PathBuf)>,
}

/// What is said once a connection stands.
#[derive(Clone, Debug)]
pub(super) enum Speech {
    Http { path: &'static str, needs_hsts: bool },
    Redirect,
    Redis { user: String, password: SecretString },
    Postgres(config::Database),
    Clamd,
    ClamdSocket(PathBuf),
}

impl Hop {
    /// Gives where it is, for people.
    pub(super) fn address(&self) -> String {
        self.port.map_or_else(|| self.host.clone(), |port| format!("{}:{port}", self.host))
    }
}
