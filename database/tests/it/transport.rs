use std::process::Command;

use tokio_util::sync::CancellationToken;
use untxt_core::tls::init_certificates;
use untxt_database::{
    Database, Error,
    events::{Listener, Notified},
    testing::{Role, TestPostgres},
    users,
};

use crate::fixtures::a_user;

/// What is tried, how it differs from a good connection, and what is said to it.
type Attempt<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// Tries to connect with libpq, which can be asked for what our own client never does; gives what it said.
fn try_psql(postgres: &TestPostgres, changes: &[(&str, &str)]) -> Result<String, String> {
    let settings = postgres.settings(Role::Backend);
    let certificates = postgres.certificates();
    let file = |name: &str| certificates.join(name).display().to_string();
    let mut parameters = vec![
        ("host", "localhost".to_owned()),
        ("hostaddr", "127.0.0.1".to_owned()),
        ("port", settings.port.to_string()),
        ("dbname", settings.name.clone()),
        ("user", settings.user.clone()),
        ("password", Role::Backend.name().to_owned()),
        ("sslmode", "verify-full".to_owned()),
        ("sslrootcert", file("root.crt")),
        ("sslcert", file("backend.crt")),
        ("sslkey", file("backend.key")),
    ];
    for (name, value) in changes {
        let is_ours = certificates.join(value).exists() && !value.is_empty();
        let value = if is_ours { file(value) } else { (*value).to_owned() };
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    let conninfo: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
    let output = Command::new("psql")
        .args(["-X", "-A", "-t", "-d", &conninfo.join(" ")])
        .args(["-c", "select version, client_dn from pg_stat_ssl where pid = pg_backend_pid()"])
        .output()
        .expect("psql");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

#[tokio::test]
async fn only_a_verified_client_over_tls_1_3_gets_in() {
    let postgres = TestPostgres::start().await;
    let good = try_psql(&postgres, &[]).expect("a connection");
    assert!(good.starts_with("TLSv1.3|") && good.contains("CN=untxt_backend"), "{good}");
    let own = [("sslcert", "worker.crt"), ("sslkey", "worker.key")];
    let server = [("sslcert", "postgres.crt"), ("sslkey", "postgres.key")];
    let redis = [("sslcert", "redis-backend.crt"), ("sslkey", "redis-backend.key")];
    let matrix: &[Attempt<'_>] = &[
        ("plaintext", &[("sslmode", "disable")], "no encryption"),
        ("no certificate", &[("sslcert", "/nowhere"), ("sslkey", "/nowhere")], "certificate"),
        ("another role's certificate", &own, "authentication failed"),
        ("a server's certificate", &server, "unknown ca"),
        ("a certificate of the Redis clients", &redis, "unknown ca"),
        ("wrong password", &[("password", "wrong")], "authentication failed"),
        ("TLS 1.2", &[("ssl_max_protocol_version", "TLSv1.2")], "protocol version"),
        ("wrong root", &[("sslrootcert", "clients.pem")], "certificate verify failed"),
        ("wrong host name", &[("host", "elsewhere.example")], "does not match host name"),
        ("superuser", &[("user", "postgres")], "rejects"),
        ("superuser with a role's certificate, plaintext", &[("user", "postgres"), ("sslmode", "disable")], "rejects"),
        ("unknown role", &[("user", "nobody")], "rejects"),
    ];
    for (what, changes, reason) in matrix {
        let said = try_psql(&postgres, changes).expect_err(what);
        assert!(said.to_lowercase().contains(&reason.to_lowercase()), "{what}: {said}");
    }
    let log = postgres.log();
    assert!(!log.contains("select ") && !log.contains("SCRAM-SHA-256$"), "statements or verifiers in the log");
}

#[tokio::test]
async fn every_connection_is_encrypted_and_shows_a_certificate() {
    let postgres = TestPostgres::start().await;
    let (backend, _worker) = (postgres.backend().await, postgres.worker().await);
    a_user(&backend, "alice").await;
    let mut listener = Listener::<Notified>::new(&backend, CancellationToken::new());
    listener.next().await;
    let connections = postgres.superuser_psql(
        "select application_name, ssl and version = 'TLSv1.3' and client_dn like '%CN=' || usename
        from pg_stat_activity join pg_stat_ssl using (pid)
        where datname = current_database() and client_addr is not null
        group by 1, 2 order by 1",
    );
    assert_eq!(connections, "backend|t\nbackend-listener|t\nworker|t");
}

#[tokio::test]
async fn a_lost_connection_is_unavailable_and_the_next_one_works() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    let killed = postgres.superuser_psql(
        "select count(pg_terminate_backend(pid)) > 0 from pg_stat_activity
        where application_name = 'backend' and datname = current_database()",
    );
    assert_eq!(killed, "t");
    let error = users::is_any(&mut tx).await.expect_err("no connection");
    assert!(error.is_temporary(), "{error:?}");
    drop(tx);
    backend.check().await.expect("another connection");
}

#[tokio::test]
async fn our_client_trusts_our_root_and_no_other() {
    let postgres = TestPostgres::start().await;
    let settings = postgres.settings(Role::Backend);
    let folder = tempfile::tempdir().expect("a folder");
    init_certificates(folder.path(), &[]).expect("certificates");
    let mut other_root = settings.clone();
    other_root.ca_path = folder.path().join("root.crt");
    let error = Database::connect(&other_root, "test").await.expect_err("another root");
    let reason = format!("{error:?}");
    assert!(!error.is_temporary() && reason.contains("InvalidCertificate"), "{reason}");
    let mut no_root = settings.clone();
    no_root.ca_path = folder.path().join("empty.crt");
    std::fs::write(&no_root.ca_path, "").expect("a file");
    let error = Database::connect(&no_root, "test").await.expect_err("no root");
    assert!(matches!(error, Error::Tls(_)), "{error:?}");
    let mut elsewhere = settings;
    elsewhere.host = "127.0.0.2".to_owned();
    assert!(Database::connect(&elsewhere, "test").await.is_err());
}

#[tokio::test]
async fn a_server_that_ends_the_greeting_is_down_and_not_wrong() {
    let postgres = TestPostgres::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mut settings = postgres.settings(Role::Backend);
    settings.port = listener.local_addr().expect("its address").port();
    let dying = async {
        loop {
            let (mut greeted, _) = listener.accept().await.expect("a connection");
            let mut greeting = [0; 8];
            tokio::io::AsyncReadExt::read_exact(&mut greeted, &mut greeting).await.expect("the wish for TLS");
        }
    };
    tokio::select! {
        () = dying => {}
        connected = Database::connect(&settings, "test") => {
            let error = connected.expect_err("nobody answers");
            assert!(error.is_temporary(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn the_environment_weakens_nothing() {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "--ignored", "transport::in_a_hostile_environment"])
        .env("PGSSLMODE", "disable")
        .env("PGSSLROOTCERT", "/nowhere")
        .env("PGSSLCERT", "/nowhere")
        .env("PGSSLKEY", "/nowhere")
        .env("PGOPTIONS", "-c untxt.actor=00000000-0000-0000-0000-000000000000")
        .output()
        .expect("this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[tokio::test]
#[ignore = "run by the_environment_weakens_nothing, in an environment of its own"]
async fn in_a_hostile_environment() {
    let postgres = TestPostgres::start().await;
    let backend = postgres.backend().await;
    let mut tx = backend.begin_system().await.expect("a transaction");
    let (ssl, actor): (bool, Option<String>) = sqlx::query_as(
        "select ssl, nullif(current_setting('untxt.actor', true), '') from pg_stat_ssl where pid = pg_backend_pid()",
    )
    .fetch_one(&mut *tx)
    .await
    .expect("an answer");
    assert_eq!((ssl, actor), (true, None));
    let mut other_root = postgres.settings(Role::Backend);
    other_root.ca_path = postgres.certificates().join("clients.pem");
    assert!(Database::connect(&other_root, "test").await.is_err());
}
