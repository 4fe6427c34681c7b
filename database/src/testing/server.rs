use std::{
    fs,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use secrecy::SecretString;
use tempfile::TempDir;
use untxt_core::{
    config,
    tls::{init_certificates, install_provider},
};

use super::Role;
use crate::{
    bootstrap,
    conf::{PostgresPaths, RolePasswords, render_pg_hba, render_pg_ident, render_postgresql_conf},
    migrate,
};

/// The migrated database that every test gets a copy of.
pub(super) const TEMPLATE: &str = "untxt_template";
/// The system user that Postgres runs as when the tests run as root, which it refuses.
const SERVER_USER: &str = "postgres";

#[derive(Debug)]
pub(super) struct Server {
    pub(super) folder: PathBuf,
    pub(super) certificates: PathBuf,
    port: u16,
    /// The shell that watches; the end of its input is the sign to clean up.
    _shell: Child,
}

impl Server {
    pub(super) async fn start() -> Self {
        install_provider();
        let bin = find_binaries();
        let folder = TempDir::with_prefix("untxt-postgres-").expect("a folder").keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("permissions");
        let certificates = folder.join("certs");
        init_certificates(&certificates, &[]).expect("certificates");
        let port = free_port();
        lay_out(&folder, &certificates, port, &bin);
        let shell = spawn(&folder, &bin);
        let server = Self { folder, certificates, port, _shell: shell };
        server.prepare().await;
        server
    }

    async fn prepare(&self) {
        let password = |role: Role| SecretString::from(role.name());
        let passwords = RolePasswords {
            backend: password(Role::Backend),
            worker: password(Role::Worker),
            migrate: password(Role::Migrate),
            backup: password(Role::Backup),
        };
        let socket_dir = self.folder.join("socket");
        for _ in 0..200 {
            match bootstrap::prepare(&socket_dir, self.port, TEMPLATE, &passwords).await {
                Ok(()) => {
                    migrate(&self.settings(TEMPLATE, Role::Migrate)).await.expect("migrated");
                    return;
                }
                Err(error) if error.is_temporary() => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(error) => panic!("{error}; the server said:\n{}", self.read_log()),
            }
        }
        panic!("Postgres did not start; it said:\n{}", self.read_log());
    }

    fn read_log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub(super) fn settings(&self, database: &str, role: Role) -> config::Database {
        let file = |suffix: &str| self.certificates.join(format!("{}.{suffix}", role.name()));
        config::Database {
            host: "localhost".to_owned(),
            port: self.port,
            name: database.to_owned(),
            user: format!("untxt_{}", role.name()),
            password: SecretString::from(role.name()),
            ca_path: self.certificates.join("root.crt"),
            cert_path: file("crt"),
            key_path: file("key"),
            max_connections: 8,
        }
    }

    pub(super) fn psql(&self, database: &str, sql: &str) -> String {
        let output = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql])
            .arg("-h")
            .arg(self.folder.join("socket"))
            .args(["-p", &self.port.to_string()])
            .output()
            .expect("psql");
        assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

/// Finds Postgres on the path or where Debian keeps it, the newest first.
fn find_binaries() -> PathBuf {
    let on_path = Command::new("sh").args(["-c", "command -v postgres"]).output().expect("a shell").stdout;
    if let Some(bin) = Path::new(String::from_utf8_lossy(&on_path).trim()).parent().filter(|bin| bin.is_absolute()) {
        return bin.to_owned();
    }
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .expect("Postgres is not installed")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.parse::<u32>().ok())
        .collect();
    versions.sort_unstable();
    Path::new("/usr/lib/postgresql").join(versions.pop().expect("a version").to_string()).join("bin")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// Makes the data folder and the files that the server reads, owned by its system user.
fn lay_out(folder: &Path, certificates: &Path, port: u16, bin: &Path) {
    let (data, socket_dir) = (folder.join("data"), folder.join("socket"));
    fs::create_dir(&data).expect("a folder");
    fs::create_dir(&socket_dir).expect("a folder");
    let tls = ["postgres.crt", "postgres.key", "clients.pem"].map(|name| {
        let copy = folder.join(name);
        fs::copy(certificates.join(name), &copy).expect("a copy");
        copy
    });
    let [cert, key, client_ca] = &tls;
    for path in [&data, &socket_dir, cert, key, client_ca] {
        give_to_server(path);
    }
    run(as_server(&bin.join("initdb"))
        .arg("-D")
        .arg(&data)
        .args(["--username=postgres", "--auth-local=peer", "--auth-host=scram-sha-256"])
        .args(["--encoding=UTF8", "--locale=C", "--data-checksums", "--no-sync"]));
    let paths = PostgresPaths { socket_dir: &socket_dir, cert, key, client_ca };
    // Durability is the one thing that a throw-away server does without.
    let conf = render_postgresql_conf(port, 0, &paths) + "fsync = off\nfull_page_writes = off\n";
    for (name, text) in [
        ("postgresql.conf", conf),
        ("pg_hba.conf", render_pg_hba("all")),
        ("pg_ident.conf", render_pg_ident(&[&system_user()])),
    ] {
        fs::write(data.join(name), text).expect("a file");
        give_to_server(&data.join(name));
    }
}

/// Starts the server under a shell that waits for the end of its input.
fn spawn(folder: &Path, bin: &Path) -> Child {
    let script = r#"
        folder=$1; shift
        "$@" </dev/null >"$folder/log" 2>&1 &
        server=$!
        cat >/dev/null
        kill -INT "$server"
        wait "$server"
        rm -rf "$folder"
    "#;
    let server = as_server(&bin.join("postgres"));
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(folder)
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(folder.join("data"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C is for the tests; the shell still has to clean up after them.
        .process_group(0)
        .spawn()
        .expect("a shell")
}

/// Makes a command that runs as a user Postgres accepts, and dies with its parent.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid", SERVER_USER, "--regid", SERVER_USER, "--init-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(program).current_dir("/");
    command
}

fn give_to_server(path: &Path) {
    if is_root() {
        let id = |flag: &str| id(&[flag, SERVER_USER]).parse().expect("a number");
        chown(path, Some(id("-u")), Some(id("-g"))).expect("an owner");
    }
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

fn is_root() -> bool {
    id(&["-u"]) == "0"
}

fn system_user() -> String {
    id(&["-u", "-n"])
}

fn id(arguments: &[&str]) -> String {
    let output = Command::new("id").args(arguments).output().expect("id");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("a command");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
