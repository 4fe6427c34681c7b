//! The one place where hops are declared.

mod inbound;
mod outbound;

use std::path::PathBuf;

use untxt_core::config::{Process, Settings};

use super::hop::{Hop, Probe, Protection, Speech};

/// Lists every hop that a process with these settings has.
pub(super) fn inventory(settings: &Settings, process: Process) -> Vec<Hop> {
    let list = Inventory { settings, process };
    let mut hops = Vec::new();
    if process == Process::Backend {
        hops.push(list.https());
        hops.extend(list.redirect());
    }
    if process == Process::Store {
        hops.push(list.store());
    } else {
        hops.push(list.sql());
    }
    if process == Process::Backend {
        hops.push(list.listen());
    }
    if matches!(process, Process::Backend | Process::Worker) {
        hops.push(list.queue());
        hops.extend(list.traces());
    }
    if matches!(process, Process::Backend | Process::Worker | Process::Backup) {
        hops.push(list.objects());
    }
    if matches!(process, Process::Backend | Process::Worker | Process::Backup | Process::Keys) {
        let encryption = &settings.encryption;
        hops.extend(list.keys("keys", &encryption.current));
        hops.extend(list.keys("previous-keys", &encryption.previous));
    }
    if process == Process::Worker {
        hops.extend(list.malware());
    }
    hops.extend(list.monitoring());
    hops
}

struct Inventory<'a> {
    settings: &'a Settings,
    process: Process,
}

impl Inventory<'_> {
    fn name(&self) -> String {
        match self.process {
            Process::Backup => "export, import".to_owned(),
            Process::Migrate => "migrate".to_owned(),
            process => process.name().trim_start_matches("untxt-").to_owned(),
        }
    }

    fn outgoing(
        &self,
        id: &'static str,
        server: &str,
        at: (&str, u16),
        protocol: &'static str,
        data: &'static str,
    ) -> Hop {
        Hop {
            id,
            client: self.name(),
            server: server.to_owned(),
            host: at.0.to_owned(),
            port: Some(at.1),
            is_inbound: false,
            protocol,
            client_identity: "client certificate",
            server_identity: "certificate for its host name",
            data,
            risk: "whoever holds the server sees what passes",
            protection: Protection::Mutual,
            probe: None,
        }
    }

    fn probe(&self, speech: Speech, name: String, roots: Vec<PathBuf>, identity: Option<(PathBuf, PathBuf)>) -> Probe {
        let (server, monitoring) = (&self.settings.server, &self.settings.monitoring);
        let servers = [(&server.cert_path, &server.key_path), (&monitoring.cert_path, &monitoring.key_path)];
        let found = servers.into_iter().find(|(cert, key)| !cert.as_os_str().is_empty() && !key.as_os_str().is_empty());
        let server_identity = found.map(|(cert, key)| (cert.clone(), key.clone()));
        Probe { speech, at: (name.clone(), 443), name, roots, identity, server_identity }
    }
}

/// Gives host and port of an https address.
fn authority(url: &str) -> (String, u16) {
    let rest = url.strip_prefix("https://").unwrap_or(url);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(443)),
        _ => (rest, 443),
    };
    (host.trim_matches(['[', ']']).to_owned(), port)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_address_gives_its_host_and_port() {
        for (url, host, port) in [
            ("https://s3.internal:9443/bucket", "s3.internal", 9443),
            ("https://vault.internal", "vault.internal", 443),
            ("https://[::1]:8443/", "::1", 8443),
            ("https://[::1]/", "::1", 443),
        ] {
            assert_eq!(authority(url), (host.to_owned(), port), "{url}");
        }
    }

    /// Settings with everything that can be on.
    fn settings(process: Process) -> Settings {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("any.pem");
        std::fs::write(&file, "-").expect("a file");
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("permissions");
        let long = "0123456789abcdef0123456789abcdef";
        let mut environment: Vec<(String, String)> = [
            ("SERVER__REDIRECT_BIND", "127.0.0.1:8080"),
            ("DATABASE__USER", "u"),
            ("DATABASE__PASSWORD", long),
            ("REDIS__USER", "u"),
            ("REDIS__PASSWORD", long),
            ("STORAGE__BUCKET", "b"),
            ("STORAGE__ACCESS_KEY_ID", long),
            ("STORAGE__SECRET_ACCESS_KEY", long),
            ("ENCRYPTION__PROVIDER", "vault"),
            ("ENCRYPTION__VAULT__ADDRESS", "https://vault.internal:8200"),
            ("ENCRYPTION__VAULT__KEY_NAME", "k"),
            ("SESSION__SIGNING_KEY", long),
            ("MALWARE__SCAN", "required"),
            ("MALWARE__HOST", "clamd.internal"),
            ("STORE__DIRECTORY", "/"),
            ("MONITORING__BIND", "127.0.0.1:9100"),
            ("TRACES__ENDPOINT", "https://collector.internal:4318/v1/traces"),
        ]
        .map(|(name, value)| (format!("UNTXT_{name}"), value.to_owned()))
        .to_vec();
        let files = [
            "SERVER__CERT_PATH SERVER__KEY_PATH",
            "DATABASE__CA_PATH DATABASE__CERT_PATH DATABASE__KEY_PATH",
            "REDIS__CA_PATH REDIS__CERT_PATH REDIS__KEY_PATH",
            "STORAGE__CA_PATH STORAGE__CERT_PATH STORAGE__KEY_PATH",
            "ENCRYPTION__VAULT__TOKEN_PATH",
            "MALWARE__CA_PATH MALWARE__CERT_PATH MALWARE__KEY_PATH",
            "STORE__CERT_PATH STORE__KEY_PATH STORE__CLIENT_CA_PATH",
            "MONITORING__CERT_PATH MONITORING__KEY_PATH MONITORING__CLIENT_CA_PATH",
            "TRACES__CA_PATH TRACES__CERT_PATH TRACES__KEY_PATH",
        ];
        let path = file.display().to_string();
        environment.extend(files.join(" ").split(' ').map(|name| (format!("UNTXT_{name}"), path.clone())));
        Settings::load_from(None, environment, process).expect("settings")
    }

    #[test]
    fn the_page_on_security_has_every_hop_and_no_other() {
        let page = include_str!("../../../../docs/SECURITY.md");
        let table = page.split("\n## ").find(|part| part.starts_with("Hops")).expect("the table of hops");
        let told: BTreeSet<&str> =
            table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let processes = [Process::Backend, Process::Worker, Process::Migrate, Process::Backup, Process::Store];
        let hops: Vec<Hop> = processes.into_iter().flat_map(|process| inventory(&settings(process), process)).collect();
        assert_eq!(told, hops.iter().map(|hop| hop.id).collect());
        let tls = |hop: &&Hop| !matches!(hop.protection, Protection::RedirectOnly | Protection::Local);
        assert_eq!(hops.iter().filter(|hop| !tls(hop)).map(|hop| hop.id).collect::<Vec<_>>(), ["redirect"]);
    }

    #[test]
    fn the_page_on_operations_has_every_finding() {
        let page = include_str!("../../../../docs/OPERATIONS.md");
        assert!(page.contains(&super::super::finding::markdown()), "untxt doctor --findings prints the table");
    }
}
