//! Hops to a process that listens.

use std::net::SocketAddr;

use super::{
    super::hop::{Hop, Probe, Protection, Speech},
    Inventory, authority,
};

impl Inventory<'_> {
    pub(super) fn https(&self) -> Hop {
        let server = &self.settings.server;
        let (name, _) = authority(&server.public_url);
        // A private installation signs it with its own root, a public one has it from somebody the system knows.
        let roots = vec![self.settings.database.ca_path.clone()];
        let probe = self.probe(Speech::Http { path: "/health", needs_hsts: true }, name, roots, None);
        Hop {
            client: "browser, API client".to_owned(),
            server: self.name(),
            is_inbound: true,
            client_identity: "session or API token; Origin for WSS",
            server_identity: "server certificate",
            protection: Protection::ServerOnly,
            probe: Some(Probe { at: reach(server.bind), ..probe }),
            ..listener(
                "https",
                server.bind,
                "HTTPS, WSS, SSE",
                "documents, results, sessions",
                "documents in clear to whoever holds a session",
            )
        }
    }

    pub(super) fn redirect(&self) -> Option<Hop> {
        let bind = self.settings.server.redirect_bind?;
        let probe = self.probe(Speech::Redirect, String::new(), Vec::new(), None);
        Some(Hop {
            client: "browser".to_owned(),
            server: self.name(),
            is_inbound: true,
            client_identity: "none",
            server_identity: "none",
            protection: Protection::RedirectOnly,
            probe: Some(Probe { at: reach(bind), ..probe }),
            ..listener(
                "redirect",
                bind,
                "HTTP",
                "the path of a request; the answer is 308",
                "a path is read by whoever listens; HSTS keeps browsers away",
            )
        })
    }

    pub(super) fn monitoring(&self) -> Option<Hop> {
        let monitoring = &self.settings.monitoring;
        let bind = monitoring.bind?;
        let has_probe = !monitoring.probe_cert_path.as_os_str().is_empty();
        let identity = Some((monitoring.probe_cert_path.clone(), monitoring.probe_key_path.clone()));
        let speech = Speech::Http { path: "/live", needs_hsts: false };
        let probe = self.probe(speech, "monitoring".to_owned(), vec![monitoring.probe_ca_path.clone()], identity);
        Some(Hop {
            client: "Prometheus, untxt health".to_owned(),
            server: self.name(),
            is_inbound: true,
            client_identity: "client certificate of the monitors' intermediate",
            server_identity: "server certificate",
            protection: Protection::Mutual,
            probe: has_probe.then(|| Probe { at: reach(bind), ..probe }),
            ..listener("monitoring", bind, "HTTPS", "counts and states", "how busy it is")
        })
    }

    /// The store has no client certificate: those who have one try it.
    pub(super) fn store(&self) -> Hop {
        Hop {
            client: "backend, worker, backup".to_owned(),
            server: self.name(),
            is_inbound: true,
            client_identity: "client certificate, SigV4",
            server_identity: "server certificate",
            protection: Protection::Mutual,
            ..listener(
                "store",
                self.settings.store.bind,
                "S3 over HTTPS",
                "sealed objects",
                "sizes and times of objects",
            )
        }
    }
}

fn listener(id: &'static str, bind: SocketAddr, protocol: &'static str, data: &'static str, risk: &'static str) -> Hop {
    Hop {
        id,
        client: String::new(),
        server: String::new(),
        host: bind.ip().to_string(),
        port: Some(bind.port()),
        is_inbound: true,
        protocol,
        client_identity: "",
        server_identity: "",
        data,
        risk,
        protection: Protection::Mutual,
        probe: None,
    }
}

/// Gives where a listener of this machine can be reached.
fn reach(bind: SocketAddr) -> (String, u16) {
    let host = match (bind.ip().is_unspecified(), bind.is_ipv4()) {
        (true, true) => "127.0.0.1".to_owned(),
        (true, false) => "::1".to_owned(),
        (false, _) => bind.ip().to_string(),
    };
    (host, bind.port())
}
