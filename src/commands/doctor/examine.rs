//! One hop, tried: first as the right client, then in every way that must fail.

use std::{io, path::PathBuf, sync::Arc};

use futures::future::join_all;
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs::default_provider,
    pki_types::UnixTime,
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::{
    diagnose::{diagnose, served},
    finding::{Finding, finding},
    hop::{Hop, Probe, Protection, Speech},
    identity::{self, Forger, Shown},
    logins::try_logins,
    peer::{Peer, describe},
    wire::{Answer, Call, speak},
};

/// A name that no certificate has (RFC 6761).
const WRONG_HOST: &str = "elsewhere.untxt.invalid";

/// What is known about a hop after it was tried.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Examined {
    #[serde(flatten)]
    pub(super) hop: Hop,
    pub(super) verdict: Verdict,
    pub(super) peer: Option<Peer>,
    /// What must fail, and did.
    pub(super) refused: Vec<&'static str>,
    /// What could not be tried from here, with the reason.
    pub(super) not_tried: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// How good a hop is: computed, never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Good,
    Weak,
    Unprobed,
    /// Others try it; this process has no certificate to do so.
    Listed,
}

/// Who tries, and when it is.
#[derive(Clone, Debug)]
pub(super) struct Doctor {
    pub(super) now: OffsetDateTime,
    /// Folder with the client authorities and their keys, for certificates that are genuine but out of date.
    pub(super) authority: Option<PathBuf>,
}

/// The result of one thing that must fail.
pub(super) struct Attempt {
    pub(super) name: &'static str,
    pub(super) outcome: Result<(), Finding>,
}

#[derive(Debug)]
struct Clock(OffsetDateTime);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.unix_timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

impl Doctor {
    /// Tries a hop.
    pub(super) async fn examine(&self, hop: Hop) -> Examined {
        let mut examined = Examined {
            hop,
            verdict: Verdict::Listed,
            peer: None,
            refused: Vec::new(),
            not_tried: Vec::new(),
            findings: Vec::new(),
        };
        let Some(probe) = examined.hop.probe.clone() else { return examined };
        if let Err(error) = Box::pin(self.try_hop(&probe, &mut examined)).await {
            examined.findings.push(finding("own_files_unusable", format!("{error:#}")));
        }
        examined.verdict = judge(&examined.findings);
        examined
    }

    async fn try_hop(&self, probe: &Probe, examined: &mut Examined) -> anyhow::Result<()> {
        if matches!(examined.hop.protection, Protection::RedirectOnly | Protection::Local) {
            let call = Call { tls: None, name: String::new(), message: probe.greeting() };
            examined.findings.extend(diagnose(probe, speak(probe, call).await).err());
            return Ok(());
        }
        let own = probe.identity.as_ref().map(identity::read).transpose()?;
        if let Some(files) = &probe.identity {
            examined.findings.extend(identity::examine(files, self.now)?);
        }
        let forger = Forger::new(own.as_ref())?;
        let is_edge = examined.hop.protection == Protection::ServerOnly;
        let trial = Trial { doctor: self, probe, own, forger, roots: identity::roots(&probe.roots, is_edge)? };
        match diagnose(probe, trial.right().await?) {
            Ok(negotiated) => {
                let negotiated = negotiated.ok_or_else(|| anyhow::anyhow!("nothing was negotiated"))?;
                let (peer, found) = describe(&negotiated, self.now)?;
                examined.peer = Some(peer);
                examined.findings.extend(found);
            }
            Err(found) => {
                // Whoever refuses the right client proves nothing by refusing others.
                examined.findings.push(found);
                return Ok(());
            }
        }
        let attempts = trial.attempts(examined.hop.protection, &mut examined.not_tried)?;
        let config = trial.config()?;
        let (attempts, logins) = futures::join!(join_all(attempts), try_logins(probe, config));
        for attempt in attempts.into_iter().chain(logins) {
            match attempt.outcome {
                Ok(()) => examined.refused.push(attempt.name),
                Err(found) => examined.findings.push(found),
            }
        }
        Ok(())
    }
}

/// Weak beats unprobed: what was seen counts.
pub(super) fn judge(findings: &[Finding]) -> Verdict {
    match findings {
        [] => Verdict::Good,
        all if all.iter().any(|found| found.is_weakness) => Verdict::Weak,
        _ => Verdict::Unprobed,
    }
}

struct Trial<'a> {
    doctor: &'a Doctor,
    probe: &'a Probe,
    own: Option<Shown>,
    forger: Forger,
    roots: Arc<RootCertStore>,
}

/// Something that must fail, by what differs from the right client.
struct Wrong {
    name: &'static str,
    code: &'static str,
    tls: Option<Arc<ClientConfig>>,
    host: String,
}

impl<'a> Trial<'a> {
    async fn right(&self) -> anyhow::Result<Answer> {
        let message = self.probe.greeting();
        Ok(speak(self.probe, Call { tls: Some(self.config()?), name: self.probe.name.clone(), message }).await)
    }

    fn config(&self) -> anyhow::Result<Arc<ClientConfig>> {
        self.client(&self.roots, self.own.as_ref(), &TLS13)
    }

    fn client(
        &self,
        roots: &Arc<RootCertStore>,
        shown: Option<&Shown>,
        version: &'static SupportedProtocolVersion,
    ) -> anyhow::Result<Arc<ClientConfig>> {
        let clock = Arc::new(Clock(self.doctor.now));
        let builder = ClientConfig::builder_with_details(Arc::new(default_provider()), clock)
            .with_protocol_versions(&[version])?
            .with_root_certificates(Arc::clone(roots));
        Ok(Arc::new(match shown {
            Some(shown) => builder.with_client_auth_cert(shown.chain.clone(), shown.key.clone_key())?,
            None => builder.with_no_client_auth(),
        }))
    }

    /// Makes everything that must fail; each differs from the right client in one thing.
    fn attempts(
        &self,
        protection: Protection,
        not_tried: &mut Vec<String>,
    ) -> anyhow::Result<Vec<impl Future<Output = Attempt> + use<'a>>> {
        let own = self.own.as_ref();
        let mut all = vec![
            self.wrong("wrong CA", "wrong_ca_trusted", self.client(&self.forger.roots()?, own, &TLS13)?),
            Wrong {
                host: WRONG_HOST.to_owned(),
                ..self.wrong("wrong host name", "wrong_host_trusted", self.config()?)
            },
        ];
        if protection != Protection::Outside {
            let plain = Wrong { tls: None, ..self.wrong("plaintext", "plaintext_accepted", self.config()?) };
            all.extend([plain, self.wrong("TLS 1.2", "old_tls_accepted", self.client(&self.roots, own, &TLS12)?)]);
        }
        if protection == Protection::Mutual {
            self.add_certificates(&mut all, not_tried)?;
        }
        Ok(all.into_iter().map(|wrong| attempt(self.probe, wrong)).collect())
    }

    fn add_certificates(&self, all: &mut Vec<Wrong>, not_tried: &mut Vec<String>) -> anyhow::Result<()> {
        let now = self.doctor.now;
        let show = |shown: Option<&Shown>| self.client(&self.roots, shown, &TLS13);
        all.push(self.wrong("no client certificate", "no_certificate_accepted", show(None)?));
        let (foreign, alone) = (self.forger.foreign(now)?, self.forger.self_signed(now)?);
        all.push(self.wrong("foreign client certificate", "foreign_certificate_accepted", show(Some(&foreign))?));
        all.push(self.wrong("self-signed client certificate", "self_signed_certificate_accepted", show(Some(&alone))?));
        match &self.probe.server_identity {
            Some(files) => {
                let shown = identity::read(files)?;
                all.push(self.wrong(
                    "server certificate as client",
                    "server_certificate_accepted",
                    show(Some(&shown))?,
                ));
            }
            None => not_tried.push("server certificate as client: this process has none".to_owned()),
        }
        let (Some(authority), Some(own)) = (&self.doctor.authority, &self.own) else {
            not_tried.push("expired and future client certificates: they need --authority".to_owned());
            return Ok(());
        };
        let old = self.forger.genuine(authority, own, now - Duration::DAY * 2, now - Duration::HOUR * 2)?;
        let new = self.forger.genuine(authority, own, now + Duration::HOUR * 2, now + Duration::DAY)?;
        all.push(self.wrong("expired client certificate", "expired_certificate_accepted", show(Some(&old))?));
        all.push(self.wrong("future client certificate", "future_certificate_accepted", show(Some(&new))?));
        Ok(())
    }

    fn wrong(&self, name: &'static str, code: &'static str, tls: Arc<ClientConfig>) -> Wrong {
        Wrong { name, code, tls: Some(tls), host: self.probe.name.clone() }
    }
}

async fn attempt(probe: &Probe, wrong: Wrong) -> Attempt {
    let call = Call { tls: wrong.tls, name: wrong.host, message: probe.knock() };
    let outcome = match speak(probe, call).await {
        Answer::Said(said, _) if probe.is_served(&said) => Err(finding(wrong.code, served(&probe.speech, &said))),
        Answer::Said(said, _) if probe.is_busy(&said) => Err(finding("undecided", served(&probe.speech, &said))),
        // It is us who must refuse these two, for what the certificate says: a connection that broke proves nothing.
        Answer::Refused(error) if is_for_us_to_refuse(wrong.code) && !is_of_tls(&error) => {
            Err(finding("undecided", format!("{}: {error}", wrong.name)))
        }
        // Said no, in its own words; or by TLS or by closing.
        Answer::Said(..) | Answer::Refused(_) | Answer::Closed(_) | Answer::NoTls => Ok(()),
        Answer::Unreachable(error) => Err(finding("undecided", format!("{}: {error}", wrong.name))),
        Answer::Late => Err(finding("undecided", format!("{}: no answer in time", wrong.name))),
    };
    Attempt { name: wrong.name, outcome }
}

fn is_for_us_to_refuse(code: &str) -> bool {
    matches!(code, "wrong_ca_trusted" | "wrong_host_trusted")
}

fn is_of_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|source| source.is::<rustls::Error>())
}

impl Speech {
    /// Its name, for details.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Http { .. } | Self::Redirect => "HTTP",
            Self::Redis { .. } => "Redis",
            Self::Postgres(_) => "Postgres",
            Self::Clamd | Self::ClamdSocket(_) => "clamd",
        }
    }
}
