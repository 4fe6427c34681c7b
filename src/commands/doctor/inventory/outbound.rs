//! Hops from a process to the servers that it needs.

use std::path::PathBuf;

use untxt_core::config::{MalwareScan, Provider, RootKey};

use super::{
    super::hop::{Hop, Probe, Protection, Speech},
    Inventory, authority,
};

impl Inventory<'_> {
    pub(super) fn sql(&self) -> Hop {
        let database = &self.settings.database;
        let identity = Some((database.cert_path.clone(), database.key_path.clone()));
        let probe = self.probe(
            Speech::Postgres(database.clone()),
            database.host.clone(),
            vec![database.ca_path.clone()],
            identity,
        );
        Hop {
            client_identity: "client certificate whose CN is the role, scram-sha-256",
            probe: Some(Probe { at: (database.host.clone(), database.port), ..probe }),
            ..self.outgoing(
                "sql",
                "Postgres",
                (&database.host, database.port),
                "Postgres",
                "sealed values, states, names of accounts",
            )
        }
    }

    pub(super) fn listen(&self) -> Hop {
        Hop { id: "listen", protocol: "Postgres LISTEN/NOTIFY", data: "ids and event numbers", ..self.sql() }
    }

    pub(super) fn queue(&self) -> Hop {
        let redis = &self.settings.redis;
        let speech = Speech::Redis { user: redis.user.clone(), password: redis.password.clone() };
        let identity = Some((redis.cert_path.clone(), redis.key_path.clone()));
        let probe = self.probe(speech, redis.host.clone(), vec![redis.ca_path.clone()], identity);
        Hop {
            client_identity: "client certificate of the Redis intermediate, ACL user with password",
            probe: Some(Probe { at: (redis.host.clone(), redis.port), ..probe }),
            ..self.outgoing("queue", "Redis", (&redis.host, redis.port), "Redis", "ids, kinds, trace ids")
        }
    }

    pub(super) fn objects(&self) -> Hop {
        let storage = &self.settings.storage;
        let at = storage
            .endpoint
            .as_deref()
            .map_or_else(|| (format!("s3.{}.amazonaws.com", storage.region), 443), authority);
        let identity = storage.cert_path.clone().zip(storage.key_path.clone());
        let is_mutual = identity.is_some();
        let roots = storage.ca_path.clone().into_iter().collect();
        let probe = self.probe(Speech::Http { path: "/", needs_hsts: false }, at.0.clone(), roots, identity);
        Hop {
            client_identity: if is_mutual { "client certificate, SigV4" } else { "SigV4" },
            protection: if is_mutual { Protection::Mutual } else { Protection::Outside },
            probe: Some(Probe { at: at.clone(), ..probe }),
            ..self.outgoing("objects", "S3", (&at.0, at.1), "S3 over HTTPS", "sealed objects")
        }
    }

    pub(super) fn keys(&self, id: &'static str, key: &RootKey) -> Vec<Hop> {
        let single = |url: &str, ca: &Option<PathBuf>| vec![(authority(url), ca.clone())];
        let (service, ends) = match key.provider {
            None | Some(Provider::Local | Provider::Pkcs11) => return Vec::new(),
            Some(Provider::Aws) => {
                let region = key.aws.key_id.split(':').nth(3).unwrap_or_default();
                let public = format!("https://kms.{region}.amazonaws.com");
                ("AWS KMS", single(key.aws.endpoint.as_deref().unwrap_or(&public), &key.aws.ca_path))
            }
            Some(Provider::Azure) => {
                let mut ends = single(&key.azure.vault_url, &key.azure.ca_path);
                ends.extend(single(&key.azure.login_url, &key.azure.ca_path));
                ("Azure Key Vault", ends)
            }
            Some(Provider::Gcp) => ("Google Cloud KMS", single(&key.gcp.endpoint, &key.gcp.ca_path)),
            Some(Provider::Vault) => ("Vault", single(&key.vault.address, &key.vault.ca_path)),
        };
        let identity = match key.provider {
            Some(Provider::Vault) => key.vault.cert_path.clone().zip(key.vault.key_path.clone()),
            _ => None,
        };
        let hop = |(at, ca): ((String, u16), Option<PathBuf>)| {
            let speech = Speech::Http { path: "/", needs_hsts: false };
            let probe = self.probe(speech, at.0.clone(), ca.into_iter().collect(), identity.clone());
            Hop {
                client_identity: "credentials of the provider",
                protection: Protection::Outside,
                probe: Some(Probe { at: at.clone(), ..probe }),
                ..self.outgoing(id, service, (&at.0, at.1), "HTTPS", "owner keys to be wrapped and opened")
            }
        };
        ends.into_iter().map(hop).collect()
    }

    pub(super) fn malware(&self) -> Option<Hop> {
        let malware = &self.settings.malware;
        if malware.scan == MalwareScan::Off {
            return None;
        }
        let data = "documents in clear";
        if let Some(path) = &malware.socket_path {
            let probe = self.probe(Speech::ClamdSocket(path.clone()), String::new(), Vec::new(), None);
            let hop = self.outgoing("malware", "clamd", (&path.to_string_lossy(), 0), "clamd, Unix socket", data);
            return Some(Hop {
                port: None,
                client_identity: "permissions of the socket",
                server_identity: "path of the socket",
                protection: Protection::Local,
                probe: Some(probe),
                ..hop
            });
        }
        let identity = Some((malware.cert_path.clone(), malware.key_path.clone()));
        let probe = self.probe(Speech::Clamd, malware.host.clone(), vec![malware.ca_path.clone()], identity);
        Some(Hop {
            probe: Some(Probe { at: (malware.host.clone(), malware.port), ..probe }),
            ..self.outgoing("malware", "TLS proxy of clamd", (&malware.host, malware.port), "clamd over TLS", data)
        })
    }

    pub(super) fn traces(&self) -> Option<Hop> {
        let traces = &self.settings.traces;
        if traces.endpoint.is_empty() {
            return None;
        }
        let at = authority(&traces.endpoint);
        let identity = Some((traces.cert_path.clone(), traces.key_path.clone()));
        let probe = self.probe(
            Speech::Http { path: "/", needs_hsts: false },
            at.0.clone(),
            vec![traces.ca_path.clone()],
            identity,
        );
        Some(Hop {
            probe: Some(Probe { at: at.clone(), ..probe }),
            ..self.outgoing("traces", "collector", (&at.0, at.1), "OTLP over HTTPS", "names of steps, ids, durations")
        })
    }
}
