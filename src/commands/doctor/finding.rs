use serde::Serialize;

/// Something that is not as it should be. The codes are stable; OPERATIONS.md lists them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) cause: &'static str,
    pub(super) mend: &'static str,
    /// What was said, never a secret.
    pub(super) detail: String,
    #[serde(skip)]
    pub(super) is_weakness: bool,
}

/// Code, cause, mend; and whether the hop is weaker than it should be (it could not be probed otherwise).
const FINDINGS: &[(&str, &str, &str, bool)] = &[
    ("connection_refused", "Nobody listens at that address.", "Start the server, or correct host and port.", false),
    ("name_not_found", "The host name has no address.", "Correct the host, or its entry in DNS.", false),
    (
        "no_answer",
        "The server did not answer in time.",
        "Look at the firewall between both, and at the server's load.",
        false,
    ),
    (
        "unexpected_answer",
        "The server answered, but not as it should.",
        "See whether another program listens there; the detail says what came.",
        false,
    ),
    (
        "own_files_unusable",
        "Our certificate, key or root can't be used.",
        "Correct the path, or make the files anew with untxt certs.",
        false,
    ),
    (
        "client_certificate_refused",
        "The server does not take our certificate.",
        "Have it signed by the authority that the server trusts, or renew it.",
        false,
    ),
    (
        "login_refused",
        "The server does not take our name or password.",
        "Set the password that the server has (NOAUTH and WRONGPASS mean this, too).",
        false,
    ),
    (
        "undecided",
        "It could not be seen whether the server refuses this.",
        "Run it again; if it stays, look into the server's log.",
        false,
    ),
    ("no_tls", "The server speaks no TLS.", "Turn TLS on in the server; there is no plain way.", true),
    (
        "wrong_ca",
        "The server's certificate was signed by somebody we don't trust.",
        "Give the server a certificate of our root, or name its root in ca_path.",
        true,
    ),
    (
        "name_not_in_certificate",
        "The server's certificate does not name the host we ask for.",
        "Issue it with that name (untxt certs --host), or correct the host.",
        true,
    ),
    ("certificate_expired", "The server's certificate has expired.", "Renew it and have the server load it.", true),
    ("certificate_not_yet_valid", "The server's certificate is not valid yet.", "Set both clocks, or wait.", true),
    ("certificate_unusable", "The server's certificate can't be verified.", "Issue it anew with untxt certs.", true),
    (
        "cipher_mismatch",
        "There is no TLS version, suite or group that both sides accept.",
        "Allow TLS 1.3 with AES-GCM and X25519 or P-256 in the server.",
        true,
    ),
    (
        "certificate_ends_soon",
        "Less than a sixth of a certificate's life is left.",
        "Renew it: untxt certs does so from a third.",
        true,
    ),
    (
        "own_certificate_expired",
        "Our own certificate is not valid now.",
        "Renew it with untxt certs and start the process again.",
        true,
    ),
    (
        "key_file_open",
        "Others can read or change our key file.",
        "chmod 600 it and give it to the account of the process.",
        true,
    ),
    (
        "plaintext_accepted",
        "The server answers without TLS.",
        "Refuse it in the server: hostnossl reject, port 0, a deny in the bucket's policy.",
        true,
    ),
    ("old_tls_accepted", "The server accepts TLS 1.2.", "Set its lowest version to TLS 1.3.", true),
    (
        "wrong_ca_trusted",
        "A root that signed nothing here was trusted.",
        "Don't use this executable; its verification is broken.",
        true,
    ),
    (
        "wrong_host_trusted",
        "The certificate was taken for a host it can't name.",
        "Issue it for the server's own names only.",
        true,
    ),
    (
        "no_certificate_accepted",
        "The server serves clients without a certificate.",
        "Turn on client certificates: clientcert=verify-full, tls-auth-clients yes, client_ca_path.",
        true,
    ),
    (
        "foreign_certificate_accepted",
        "The server takes client certificates of any authority.",
        "Name our client authority as the only one the server trusts.",
        true,
    ),
    (
        "self_signed_certificate_accepted",
        "The server takes a certificate that its client signed itself.",
        "Name our client authority as the only one the server trusts.",
        true,
    ),
    (
        "server_certificate_accepted",
        "The server takes a server certificate from a client.",
        "Trust the client intermediate alone, and check the extended key usage.",
        true,
    ),
    (
        "expired_certificate_accepted",
        "The server takes a client certificate that has expired.",
        "Turn its checks of validity on, and set its clock.",
        true,
    ),
    (
        "future_certificate_accepted",
        "The server takes a client certificate that is not valid yet.",
        "Turn its checks of validity on, and set its clock.",
        true,
    ),
    (
        "default_user_accepted",
        "Redis answers whoever has not logged in.",
        "Turn the default user off in users.acl.",
        true,
    ),
    ("wrong_password_accepted", "The server takes any password.", "Use scram-sha-256, or a hashed ACL password.", true),
    (
        "superuser_accepted",
        "Postgres lets its superuser try to log in over the network.",
        "Put hostssl all postgres all reject before the other lines of pg_hba.conf.",
        true,
    ),
    (
        "other_role_accepted",
        "Our certificate opens another role.",
        "Set clientcert=verify-full and a password of its own for each role.",
        true,
    ),
    (
        "plain_port_answers",
        "The plain port says something else than 308 to https.",
        "Let nothing but UNTXT's redirect listen there.",
        true,
    ),
    ("no_hsts", "The answer lacks Strict-Transport-Security.", "Let no proxy remove it.", true),
];

/// Makes the finding of a code.
pub(super) fn finding(code: &'static str, detail: impl Into<String>) -> Finding {
    let unknown = (code, "Something unexpected happened.", "Tell us.", true);
    let &(code, cause, mend, is_weakness) = FINDINGS.iter().find(|(known, ..)| *known == code).unwrap_or(&unknown);
    Finding { code, cause, mend, detail: detail.into(), is_weakness }
}

/// Writes all of them as the table of OPERATIONS.md.
pub(super) fn markdown() -> String {
    let rows = FINDINGS
        .iter()
        .map(|(code, cause, mend, weak)| format!("| `{code}` | {cause} | {mend} | {} |\n", if *weak { 1 } else { 2 }));
    format!("| code | cause | mend | exit code |\n|---|---|---|---|\n{}", rows.collect::<String>())
}
