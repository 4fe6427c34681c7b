//! The certificates of one installation: a private root, an intermediate each for servers, clients and Redis
//! clients, and one leaf per process and hop.

use std::{
    collections::BTreeSet,
    fs,
    net::IpAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use time::{Duration, OffsetDateTime};
use x509_parser::{extensions::GeneralName, pem::parse_x509_pem};

use super::{
    TlsError,
    authority::{Authority, Leaf, read_text, write},
    pem::read_identity,
};
use crate::clock;

/// Server leaves: Mozilla's modern profile refuses more than 90 days.
const SERVER_DAYS: i64 = 90;
const CLIENT_DAYS: i64 = 30;
/// Redis checks no revocation lists, so its clients get the shortest life.
const REDIS_CLIENT_DAYS: i64 = 7;
const ROOT_DAYS: i64 = 3650;
const INTERMEDIATE_DAYS: i64 = 1825;

/// Servers, each by the name of its files; the second is the name it has as a container.
const SERVERS: &[(&str, &str)] = &[
    ("server", "untxt"),
    ("postgres", "postgres"),
    ("redis", "redis"),
    ("storage", "storage"),
    ("monitoring", "monitoring"),
];
/// Clients of Postgres and of the store: file name, common name (for Postgres the role).
const CLIENTS: &[(&str, &str)] = &[
    ("backend", "untxt_backend"),
    ("worker", "untxt_worker"),
    ("migrate", "untxt_migrate"),
    ("backup", "untxt_backup"),
];
/// Clients of Redis.
const REDIS_CLIENTS: &[(&str, &str)] =
    &[("redis-backend", "untxt_backend"), ("redis-worker", "untxt_worker"), ("redis-health", "untxt_health")];

/// Clients that ask for metrics and health.
const MONITORS: &[(&str, &str)] = &[("monitor", "untxt_monitor")];

/// What a run of [`init_certificates`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// Files that were made or renewed; empty when everything was there and fresh.
    pub made: Vec<PathBuf>,
}

/// Makes whatever certificate is missing in a folder (mode 0700, keys 0600) and renews leaves that have a third of
/// their life left. What is there and fresh stays as it is.
///
/// | file | what it is |
/// |---|---|
/// | `root.crt` | the only root that clients trust |
/// | `ca/` | the authorities with their keys; `root.key` may be kept elsewhere |
/// | `clients.pem`, `redis-clients.pem`, `monitors.pem` | what servers trust: the anchor of one client intermediate |
/// | `server`, `postgres`, `redis`, `storage`, `monitoring` `.crt` `.key` | server leaves with chain, for localhost and `extra_hosts` |
/// | `backend`, `worker`, `migrate`, `backup` `.crt` `.key` | client leaves for Postgres and the store |
/// | `redis-backend`, `redis-worker`, `redis-health` `.crt` `.key` | client leaves for Redis |
/// | `monitor` `.crt` `.key` | client leaf of Prometheus and of `untxt health` |
///
/// # Errors
/// When the folder can't be read or written, or holds something unusable.
pub fn init_certificates(folder: &Path, extra_hosts: &[String]) -> Result<Issued, TlsError> {
    let mut office = Office { folder, issued: Issued::default() };
    make_private_folder(folder)?;
    make_private_folder(&folder.join("ca"))?;
    office.ensure_root()?;
    let servers = office.ensure_intermediate("server-ca", "UNTXT servers", None)?;
    let clients = office.ensure_intermediate("client-ca", "UNTXT clients", Some("clients.pem"))?;
    let redis_clients =
        office.ensure_intermediate("redis-client-ca", "UNTXT Redis clients", Some("redis-clients.pem"))?;
    let monitors = office.ensure_intermediate("monitor-ca", "UNTXT monitors", Some("monitors.pem"))?;
    for (name, container) in SERVERS {
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1", container].map(str::to_owned).to_vec();
        hosts.extend(extra_hosts.iter().cloned());
        office.ensure_leaf(&servers, Leaf { name, common_name: container, hosts: &hosts, days: SERVER_DAYS })?;
    }
    for (name, common_name) in CLIENTS {
        office.ensure_leaf(&clients, Leaf { name, common_name, hosts: &[], days: CLIENT_DAYS })?;
    }
    for (name, common_name) in REDIS_CLIENTS {
        office.ensure_leaf(&redis_clients, Leaf { name, common_name, hosts: &[], days: REDIS_CLIENT_DAYS })?;
    }
    for (name, common_name) in MONITORS {
        office.ensure_leaf(&monitors, Leaf { name, common_name, hosts: &[], days: CLIENT_DAYS })?;
    }
    Ok(office.issued)
}

/// The folder being filled.
struct Office<'a> {
    folder: &'a Path,
    issued: Issued,
}

impl Office<'_> {
    fn ensure_root(&mut self) -> Result<(), TlsError> {
        if !self.folder.join("root.crt").exists() {
            let (root, key) = Authority::create_root("UNTXT private root", ROOT_DAYS)?;
            self.write("ca/root.key", &key, 0o600)?;
            self.write("root.crt", root.pem(), 0o644)?;
        }
        Ok(())
    }

    fn ensure_intermediate(
        &mut self,
        name: &str,
        common_name: &str,
        anchor: Option<&str>,
    ) -> Result<Authority, TlsError> {
        let (cert, key) = (format!("ca/{name}.crt"), format!("ca/{name}.key"));
        if !self.folder.join(&cert).exists() {
            let root = Authority::open(&self.folder.join("root.crt"), &self.folder.join("ca/root.key"))?;
            let made = root.create_intermediate(common_name, INTERMEDIATE_DAYS)?;
            self.write(&key, &made.key, 0o600)?;
            if let Some(anchor) = anchor {
                self.write(anchor, &made.anchor, 0o644)?;
            }
            self.write(&cert, &made.pem, 0o644)?;
        }
        Authority::open(&self.folder.join(cert), &self.folder.join(key))
    }

    fn ensure_leaf(&mut self, authority: &Authority, leaf: Leaf<'_>) -> Result<(), TlsError> {
        let (cert, key) = (format!("{}.crt", leaf.name), format!("{}.key", leaf.name));
        let (cert_path, key_path) = (self.folder.join(&cert), self.folder.join(&key));
        // A crash between the two writes leaves a key without its certificate: that pair is made again.
        if read_identity(&cert_path, &key_path).is_ok() && is_fresh(&cert_path, leaf.hosts)? {
            return Ok(());
        }
        let (chain, secret) = authority.issue(leaf)?;
        self.write(&key, &secret, 0o600)?;
        self.write(&cert, &chain, 0o644)
    }

    fn write(&mut self, name: &str, content: &str, mode: u32) -> Result<(), TlsError> {
        let path = self.folder.join(name);
        write(&path, content, mode)?;
        self.issued.made.push(path);
        Ok(())
    }
}

/// Says whether a leaf has more than a third of its life left and names these hosts and no others.
fn is_fresh(path: &Path, hosts: &[String]) -> Result<bool, TlsError> {
    let unusable = |reason: String| TlsError::Unusable { path: path.to_owned(), reason };
    let text = read_text(path)?;
    let (_, pem) = parse_x509_pem(text.as_bytes()).map_err(|error| unusable(error.to_string()))?;
    let leaf = pem.parse_x509().map_err(|error| unusable(error.to_string()))?;
    let (start, end) = (leaf.validity().not_before.timestamp(), leaf.validity().not_after.timestamp());
    let instant = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| unusable(error.to_string()));
    let (start, end): (OffsetDateTime, OffsetDateTime) = (instant(start)?, instant(end)?);
    let left: Duration = end - clock::now();
    let names = leaf.subject_alternative_name().map_err(|error| unusable(error.to_string()))?;
    let named: BTreeSet<String> =
        names.into_iter().flat_map(|names| &names.value.general_names).filter_map(spell).collect();
    let wanted: BTreeSet<String> = hosts.iter().cloned().collect();
    Ok(left * 3 > end - start && named == wanted)
}

/// Spells a name as it is given with `--host`.
fn spell(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn make_private_folder(path: &Path) -> Result<(), TlsError> {
    let fail = |source| TlsError::Write { path: path.to_owned(), source };
    if !path.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(fail)?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(fail)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::tls;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").mode() & 0o777
    }

    #[test]
    fn a_second_run_changes_nothing_and_a_lost_leaf_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = init_certificates(folder.path(), &[]).expect("certificates");
        assert_eq!(first.made.len(), 2 + 4 * 2 + 3 + 13 * 2);
        assert_eq!(init_certificates(folder.path(), &[]).expect("again").made, Vec::<PathBuf>::new());
        fs::remove_file(folder.path().join("worker.key")).expect("removed");
        assert_eq!(init_certificates(folder.path(), &[]).expect("again").made.len(), 2);
        let hosts = ["scans.example.org".to_owned()];
        assert_eq!(init_certificates(folder.path(), &hosts).expect("again").made.len(), 10, "servers get the new name");
        assert_eq!(init_certificates(folder.path(), &hosts).expect("again").made.len(), 0);
        let hosts = ["10.1.2.3".to_owned()];
        assert_eq!(init_certificates(folder.path(), &hosts).expect("again").made.len(), 10, "another name instead");
    }

    #[test]
    fn keys_and_folders_are_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = init_certificates(folder.path(), &[]).expect("certificates").made;
        for key in made.iter().filter(|path| path.extension().is_some_and(|end| end == "key")) {
            assert_eq!(mode(key), 0o600, "{}", key.display());
        }
        assert_eq!(mode(folder.path()), 0o700);
    }

    /// One handshake in memory: may this client talk to this server?
    fn handshake(folder: &Path, client: &str, trusted_by_server: &str) -> Result<(), rustls::Error> {
        let at = |name: &str| folder.join(name);
        let server = tls::server(&at("storage.crt"), &at("storage.key"), Some(&at(trusted_by_server)), &[]);
        let (cert, key) = (at(&format!("{client}.crt")), at(&format!("{client}.key")));
        let client = tls::private_client(&at("root.crt"), Some((&cert, &key))).expect("a client");
        let mut server = rustls::ServerConnection::new(server.expect("a server")).expect("a connection");
        let name = "localhost".try_into().expect("a name");
        let mut client = rustls::ClientConnection::new(client, name).expect("a connection");
        while client.is_handshaking() || server.is_handshaking() || client.wants_write() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).expect("memory");
            server.read_tls(&mut wire.as_slice()).expect("memory");
            server.process_new_packets()?;
            wire.clear();
            server.write_tls(&mut wire).expect("memory");
            client.read_tls(&mut wire.as_slice()).expect("memory");
            client.process_new_packets()?;
        }
        Ok(())
    }

    #[test]
    fn a_server_trusts_the_clients_of_its_own_intermediate_only() {
        let folder = tempfile::tempdir().expect("a folder");
        init_certificates(folder.path(), &[]).expect("certificates");
        handshake(folder.path(), "worker", "clients.pem").expect("a client");
        handshake(folder.path(), "redis-worker", "redis-clients.pem").expect("a Redis client");
        handshake(folder.path(), "worker", "redis-clients.pem").expect_err("another hop's client");
        handshake(folder.path(), "redis-worker", "clients.pem").expect_err("another hop's client");
        handshake(folder.path(), "postgres", "clients.pem").expect_err("a server is no client");
    }
}
