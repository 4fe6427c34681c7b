//! The old switches that could turn protection off. They are still read, in order to refuse.

use super::Problems;

/// Switches that may only say `true`.
const MUST_BE_TRUE: &[&str] =
    &["SSL_ENABLED", "DB_SSL_ENABLED", "REDIS_TLS_ENABLED", "REDIS_TLS_VERIFY", "ENCRYPTION_ENABLED"];

/// Connection addresses of old, which could smuggle in another mode.
const URLS: &[(&str, &str)] = &[
    ("DATABASE_URL", "DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD"),
    ("REDIS_URL", "REDIS_HOST, REDIS_PORT and REDIS_PASSWORD"),
];

/// Adds a problem if this variable asks for less than verified TLS; says whether the variable is one of these.
pub(super) fn refuse_weaker(name: &str, value: &str, problems: &mut Problems) -> bool {
    if MUST_BE_TRUE.contains(&name) {
        if value != "true" {
            problems.add(name, "refused, because every connection and everything at rest is encrypted and verified; remove it or say true");
        }
        return true;
    }
    if name == "KEY_ROTATION_ENABLED" {
        if value != "true" {
            problems.add(
                name,
                "refused, because keys are always replaced in time; remove it, and set encryption.rotation_days",
            );
        }
        return true;
    }
    if name == "DB_SSL_MODE" {
        if value != "verify-full" {
            problems.add(name, "refused, because anything below verify-full accepts an impostor of the database; remove it or say verify-full");
        }
        return true;
    }
    if name == "ENCRYPTION_ALGORITHM" {
        if value != "AES-256-GCM" {
            problems.add(name, "refused, because everything is sealed with AES-256-GCM; remove it or say AES-256-GCM");
        }
        return true;
    }
    let Some((_, instead)) = URLS.iter().find(|(url, _)| *url == name) else { return false };
    let reason = if value.starts_with("redis://") || value.starts_with("http://") {
        "refused, because this address is not encrypted"
    } else if value.contains("sslmode") || value.contains("sslrootcert") {
        "refused, because an address must not choose the TLS mode, which is verify-full"
    } else {
        "refused, because a password inside an address ends up in logs"
    };
    problems.add(name, format!("{reason}; use {instead}"));
    true
}

/// Adds a problem if a host, name or address carries a scheme or a TLS option.
pub(super) fn refuse_plain_address(path: &str, value: &str, problems: &mut Problems) {
    if let Some(scheme) =
        ["http://", "ws://", "redis://", "postgres://", "postgresql://"].iter().find(|s| value.starts_with(**s))
    {
        let instead =
            if path.ends_with(".host") { "give the bare host name; TLS is always on" } else { "use https://" };
        problems.add(path, format!("{scheme} is refused, because nothing may travel in clear; {instead}"));
    } else if value.contains("sslmode=") || value.contains("#insecure") {
        problems
            .add(path, "a TLS option inside an address is refused, because the mode is always verify-full; remove it");
    }
}
