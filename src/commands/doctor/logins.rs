//! Logins that must fail although the certificate is right.

use std::sync::Arc;

use rustls::ClientConfig;
use secrecy::SecretString;
use untxt_core::config;
use untxt_database::Database;

use super::{
    diagnose::served,
    examine::Attempt,
    finding::{Finding, finding},
    hop::{Probe, Speech},
    speech::{log_in, start},
    wire::{Answer, Call, speak},
};

/// No password: it is longer than nothing and tells nobody anything.
const WRONG_PASSWORD: &str = "not-the-password-of-anybody";

/// Tries what this kind of server must refuse; and that it takes the right login where that needs a conversation.
pub(super) async fn try_logins(probe: &Probe, tls: Arc<ClientConfig>) -> Vec<Attempt> {
    match &probe.speech {
        Speech::Redis { user, .. } => {
            let ask = |message: Vec<u8>| ask(probe, &tls, message);
            let (nobody, default, wrong) = futures::join!(
                ask(b"PING\r\n".to_vec()),
                ask(log_in("default", "")),
                ask(log_in(user, WRONG_PASSWORD)),
            );
            vec![
                judge("Redis without a login", "default_user_accepted", probe, nobody, b"+"),
                judge("Redis default user", "default_user_accepted", probe, default, b"+"),
                judge("wrong password", "wrong_password_accepted", probe, wrong, b"+"),
            ]
        }
        Speech::Postgres(database) => {
            let other = if database.user == "untxt_worker" { "untxt_backend" } else { "untxt_worker" };
            let wrong = config::Database { password: SecretString::from(WRONG_PASSWORD), ..database.clone() };
            let role = config::Database { user: other.to_owned(), ..database.clone() };
            let (superuser, right, wrong, role) = futures::join!(
                ask(probe, &tls, start("postgres", &database.name)),
                connect(database),
                connect(&wrong),
                connect(&role),
            );
            let refused = |name, code, result: Result<(), untxt_database::Error>| Attempt {
                name,
                outcome: match result {
                    Ok(()) => Err(finding(code, "the login succeeded")),
                    Err(untxt_database::Error::Refused(_)) => Ok(()),
                    Err(error) => Err(finding("undecided", format!("{name}: {error}"))),
                },
            };
            let mut attempts = vec![
                judge("superuser over TCP", "superuser_accepted", probe, superuser, b"R"),
                refused("wrong password", "wrong_password_accepted", wrong),
                refused("another role", "other_role_accepted", role),
            ];
            if let Err(error) = right {
                let found = finding("login_refused", error.to_string());
                attempts.push(Attempt { name: "login", outcome: Err(found) });
            }
            attempts
        }
        _ => Vec::new(),
    }
}

async fn ask(probe: &Probe, tls: &Arc<ClientConfig>, message: Vec<u8>) -> Answer {
    speak(probe, Call { tls: Some(Arc::clone(tls)), name: probe.name.clone(), message }).await
}

async fn connect(settings: &config::Database) -> Result<(), untxt_database::Error> {
    let settings = config::Database { max_connections: 1, ..settings.clone() };
    let database = Database::connect(&settings, "untxt-doctor").await?;
    database.close().await;
    Ok(())
}

fn judge(name: &'static str, code: &'static str, probe: &Probe, answer: Answer, accepted: &[u8]) -> Attempt {
    let outcome: Result<(), Finding> = match answer {
        Answer::Said(said, _) if said.starts_with(accepted) => Err(finding(code, served(&probe.speech, &said))),
        Answer::Said(said, _) if probe.is_busy(&said) => Err(finding("undecided", served(&probe.speech, &said))),
        Answer::Said(..) | Answer::Refused(_) | Answer::Closed(_) => Ok(()),
        Answer::Unreachable(error) => Err(finding("undecided", format!("{name}: {error}"))),
        Answer::NoTls | Answer::Late => Err(finding("undecided", format!("{name}: no answer"))),
    };
    Attempt { name, outcome }
}
