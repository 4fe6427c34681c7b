//! What the end of a conversation means for whoever has to mend it.

use std::io::{self, ErrorKind};

use rustls::{AlertDescription as Alert, CertificateError, Error as TlsError};

use super::{
    finding::{Finding, finding},
    hop::{Probe, Speech},
    speech::{first_line, status},
    wire::{Answer, Negotiated},
};

/// Says what kept the right client from being served; gives what was negotiated if nothing did.
pub(super) fn diagnose(probe: &Probe, answer: Answer) -> Result<Option<Negotiated>, Finding> {
    let (said, negotiated) = match answer {
        Answer::Said(said, negotiated) => (said, negotiated),
        Answer::NoTls => return Err(finding("no_tls", "")),
        Answer::Late => return Err(finding("no_answer", "")),
        Answer::Unreachable(error) => return Err(finding(code_of(&error, "unexpected_answer"), error.to_string())),
        // Who closes at the sight of a greeting does not know it.
        Answer::Refused(error) => return Err(finding(code_of(&error, "no_tls"), error.to_string())),
        Answer::Closed(error) => {
            let code = if probe.identity.is_some() { "client_certificate_refused" } else { "unexpected_answer" };
            return Err(finding(code_of(&error, code), error.to_string()));
        }
    };
    let line = served(&probe.speech, &said);
    let code = match &probe.speech {
        Speech::Http { path, needs_hsts: true } if status(&said) != "200" => {
            return Err(finding("unexpected_answer", format!("{path}: {line}")));
        }
        Speech::Http { needs_hsts: true, .. } if !has_hsts(&said) => "no_hsts",
        Speech::Redirect if !is_redirect(&said) => "plain_port_answers",
        Speech::Redis { .. } if said.starts_with(b"+OK") => return Ok(negotiated),
        Speech::Redis { .. } if said.starts_with(b"-") => "login_refused",
        Speech::Postgres(_) if said.starts_with(b"E") => "login_refused",
        _ if probe.is_served(&said) => return Ok(negotiated),
        _ => "unexpected_answer",
    };
    Err(finding(code, line))
}

/// The begin of an answer, with who spoke.
pub(super) fn served(speech: &Speech, said: &[u8]) -> String {
    match speech {
        Speech::Postgres(_) if said.starts_with(b"R") => "Postgres asks for a password".to_owned(),
        _ => format!("{} says: {}", speech.name(), first_line(said)),
    }
}

fn has_hsts(said: &[u8]) -> bool {
    String::from_utf8_lossy(said).to_ascii_lowercase().contains("\r\nstrict-transport-security:")
}

fn is_redirect(said: &[u8]) -> bool {
    status(said) == "308" && String::from_utf8_lossy(said).to_ascii_lowercase().contains("\r\nlocation: https://")
}

/// Names what an error means; that code if it says no more than that the connection ended.
fn code_of(error: &io::Error, ended: &'static str) -> &'static str {
    if let Some(error) = error.get_ref().and_then(|source| source.downcast_ref::<TlsError>()) {
        return code_of_tls(error);
    }
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::NotFound | ErrorKind::PermissionDenied => "connection_refused",
        ErrorKind::TimedOut | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "no_answer",
        _ if error.to_string().contains("lookup") => "name_not_found",
        _ => ended,
    }
}

fn code_of_tls(error: &TlsError) -> &'static str {
    match error {
        TlsError::InvalidCertificate(reason) => match reason {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => "wrong_ca",
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate_expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "certificate_not_yet_valid",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "name_not_in_certificate"
            }
            _ => "certificate_unusable",
        },
        TlsError::PeerIncompatible(_)
        | TlsError::AlertReceived(
            Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity | Alert::IllegalParameter,
        ) => "cipher_mismatch",
        TlsError::AlertReceived(_) => "client_certificate_refused",
        TlsError::InvalidMessage(_) => "no_tls",
        _ => "unexpected_answer",
    }
}
