//! The settings of the Redis server, rendered from the templates beside this file.
//!
//! It promises mutual TLS 1.3, one user per process with the commands that the process needs, and that a password
//! appears only as its hash.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

/// Restricts OpenSSL inside Redis; to be named by its environment variable `OPENSSL_CONF`.
pub const OPENSSL_CNF: &str = include_str!("openssl.cnf");

/// Where one server has its things.
#[derive(Clone, Copy, Debug)]
pub struct RedisPaths<'a> {
    /// Folder of the append-only file.
    pub folder: &'a Path,
    /// The file with [`render_users_acl`].
    pub acl: &'a Path,
    /// Certificate of the server: leaf and intermediate.
    pub cert: &'a Path,
    /// Its key.
    pub key: &'a Path,
    /// What client certificates must chain to: `redis-clients.pem`.
    pub client_ca: &'a Path,
}

/// Passwords of the users.
#[derive(Clone, Debug)]
pub struct RedisPasswords {
    /// Of `untxt_backend`.
    pub backend: SecretString,
    /// Of `untxt_worker`.
    pub worker: SecretString,
    /// Of `untxt_health`, which may only ping.
    pub health: SecretString,
}

/// Renders `redis.conf`: loopback only, that port, those files.
#[must_use]
pub fn render_redis_conf(port: u16, paths: &RedisPaths<'_>) -> String {
    let path = |path: &Path| path.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    include_str!("redis.conf")
        .replace("{port}", &port.to_string())
        .replace("{cert}", &path(paths.cert))
        .replace("{key}", &path(paths.key))
        .replace("{client_ca}", &path(paths.client_ca))
        .replace("{acl}", &path(paths.acl))
        .replace("{folder}", &path(paths.folder))
}

/// Renders `users.acl`: one user per process, and nobody can be the default user, who is off and has no password. What it
/// may do is what the append-only file consists of: Redis 7 loads it as that user, and drops what was written in
/// transactions (whatever changes several entries at once) where the user may not do it.
#[must_use]
pub fn render_users_acl(passwords: &RedisPasswords) -> String {
    let hash = |password: &SecretString| hex::encode(digest(&SHA256, password.expose_secret().as_bytes()));
    include_str!("users.acl")
        .replace("{backend_hash}", &hash(&passwords.backend))
        .replace("{worker_hash}", &hash(&passwords.worker))
        .replace("{health_hash}", &hash(&passwords.health))
}
