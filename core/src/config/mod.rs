//! The one configuration: defaults compiled in, then a file, then the environment.
//!
//! It promises that every problem is reported at once with the path of its setting, that an unknown key is an error,
//! and that no value can ask for less than verified TLS. It refuses to know what the settings are used for: a
//! constructor receives its section, never the tree.

mod alias;
mod audit;
mod emergency;
mod encryption;
mod guard;
mod layers;
mod links;
mod mail;
mod oidc;
mod problem;
mod sections;
mod shredding;
mod validate;
mod validate_encryption;

use std::path::Path;

pub use audit::Audit;
pub use emergency::Emergency;
pub use encryption::{Aws, Azure, AzureAlgorithm, Encryption, Gcp, Pkcs11, Provider, RootKey, Vault};
pub use links::Links;
pub use mail::{Mail, MailTls};
pub use oidc::{Oidc, OidcProvider};
pub use problem::{Problem, Problems};
pub use sections::{
    Database, Limits, Log, LogFormat, Malware, MalwareScan, Monitoring, Redis, SandboxLayer, SecondFactorRule, Server,
    Session, Settings, Storage, Store, Traces, Worker,
};
pub use shredding::{Signing, Trash};
pub use validate::Process;

/// The commented defaults, which are also the list of every key there is.
pub const DEFAULTS: &str = include_str!("untxt.toml");

impl Settings {
    /// Reads the settings for one process from the defaults, the file and this process's environment.
    ///
    /// # Errors
    /// All problems found, each with the path of its setting and where the value came from.
    pub fn load(file: Option<&Path>, process: Process) -> Result<Self, Problems> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())));
        Self::load_from(file, environment, process)
    }

    /// Reads the settings with the given environment instead of this process's.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_from(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        process: Process,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut layers = layers::Layers::defaults();
        if let Some(path) = file {
            layers.add_file(path, &mut problems);
        }
        layers.add_environment(environment, &mut problems);
        let settings: Option<Self> = layers.into_settings(&mut problems);
        match settings {
            Some(settings) => {
                settings.validate(process, &mut problems);
                problems.into_result(settings)
            }
            None => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Settings, Problems> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("untxt.toml");
        let pem = folder.path().join("any.pem");
        std::fs::write(&pem, "-").expect("a file");
        std::fs::write(&file, toml.replace("PEM", &pem.display().to_string())).expect("a file");
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load_from(Some(&file), environment, Process::Migrate)
    }

    const GOOD: &str = "[database]\nuser='u'\npassword='p'\nca_path='PEM'\ncert_path='PEM'\nkey_path='PEM'\n";

    fn messages(problems: &Problems) -> Vec<&str> {
        problems.as_slice().iter().map(|problem| problem.path.as_str()).collect()
    }

    #[test]
    fn file_beats_default_and_environment_beats_file() {
        let settings = load(&format!("{GOOD}port=6000\n"), &[("UNTXT_DATABASE__NAME", "x")]).expect("good");
        assert_eq!((settings.database.port, settings.database.name.as_str()), (6000, "x"));
        assert_eq!(load(GOOD, &[("UNTXT_DATABASE__PORT", "7000")]).expect("good").database.port, 7000);
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_path() {
        let problems = load(
            "[database]\nhots='x'\nport='5432'\n[server]\nbind='nonsense'\nredirect_bind='8080'\n",
            &[("UNTXT_REDIS__PORT", "many"), ("UNTXT_NO__SUCH", "1")],
        )
        .expect_err("bad");
        assert_eq!(
            messages(&problems),
            ["database.hots", "database.port", "UNTXT_REDIS__PORT", "no.such", "server.bind", "server.redirect_bind"]
        );
    }

    #[test]
    fn a_document_has_fewer_values_than_its_key_may_seal() {
        let complaints = |readings: &str| {
            let environment = [("UNTXT_LIMITS__MAX_PAGES", "1000000"), ("UNTXT_LIMITS__MAX_READINGS", readings)];
            let mut problems = Problems::default();
            load(GOOD, &environment).expect("good").validate(Process::Worker, &mut problems);
            problems.to_string().contains("must be below 2^32")
        };
        assert!(!complaints("1431"), "three attempts of each");
        assert!(complaints("1432"));
    }

    #[test]
    fn a_word_that_is_no_choice_is_a_problem() {
        let problems = load("[log]\nformat='xml'\n[encryption]\nprovider='none'\n", &[]).expect_err("bad");
        assert_eq!(messages(&problems), ["encryption.provider", "log.format"]);
        assert!(problems.to_string().contains("`json` or `text`"), "{problems}");
    }

    #[test]
    fn a_layer_of_the_sandbox_is_accepted_by_its_name_only() {
        assert_eq!(load(GOOD, &[]).expect("good").worker.accept_without, []);
        let accepted = load(GOOD, &[("UNTXT_WORKER__ACCEPT_WITHOUT", "landlock,seccomp")]).expect("good");
        assert_eq!(accepted.worker.accept_without, [SandboxLayer::Landlock, SandboxLayer::Seccomp]);
        for name in ["all", "Landlock", "true"] {
            let problems = load(GOOD, &[("UNTXT_WORKER__ACCEPT_WITHOUT", name)]).expect_err(name);
            assert_eq!(messages(&problems), ["worker.accept_without"]);
        }
    }

    #[test]
    fn every_old_name_is_an_alias_of_a_known_setting() {
        for (name, path) in alias::ALIASES {
            assert!(layers::Layers::defaults().knows(path), "{name} points to {path}");
        }
        let settings =
            load(GOOD, &[("DB_HOST", "pg.internal"), ("MAX_FILE_SIZE", "7"), ("ALLOWED_FILE_TYPES", "image/png")]);
        let settings = settings.expect("good");
        assert_eq!((settings.database.host.as_str(), settings.limits.max_file_bytes), ("pg.internal", 7));
        assert_eq!(settings.limits.allowed_types, [crate::domain::MediaType::Png]);
    }

    #[test]
    fn nothing_may_ask_for_less_than_verified_tls() {
        for (name, value) in [
            ("SSL_ENABLED", "false"),
            ("DB_SSL_ENABLED", "True"),
            ("REDIS_TLS_ENABLED", "0"),
            ("REDIS_TLS_VERIFY", ""),
            ("DB_SSL_MODE", "require"),
            ("DATABASE_URL", "postgres://u:p@h/d?sslmode=disable"),
            ("REDIS_URL", "redis://h"),
            ("UNTXT_STORAGE__ENDPOINT", "http://s3"),
            ("UNTXT_SERVER__PUBLIC_URL", "http://untxt"),
            ("REDIS_HOST", "redis://h:6379"),
            ("DB_HOST", "h?sslmode=prefer"),
        ] {
            let problems = load(GOOD, &[(name, value)]).expect_err(name);
            assert!(problems.to_string().contains("refused"), "{name}: {problems}");
        }
        load(GOOD, &[("SSL_ENABLED", "true"), ("DB_SSL_MODE", "verify-full")]).expect("good");
    }

    /// Loads for a process that needs the root key, and gives what is wrong with that.
    fn encryption_problems(toml: &str, environment: &[(&str, &str)]) -> Vec<Problem> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("untxt.toml");
        std::fs::write(&file, toml.replace("PEM", &file.display().to_string())).expect("a file");
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let problems = Settings::load_from(Some(&file), environment, Process::Backup).expect_err("no database");
        let of_encryption =
            |problem: &&Problem| !problem.path.starts_with("database.") && !problem.path.starts_with("storage.");
        problems.as_slice().iter().filter(of_encryption).cloned().collect()
    }

    #[test]
    fn somebody_has_to_be_named_who_holds_the_root_key() {
        for (toml, path, word) in [
            ("", "encryption.provider", "there is no default"),
            ("[encryption]\nprovider='none'", "encryption.provider", "there is no \"none\""),
            ("[encryption]\nprovider='local'\nkey_path='PEM'", "encryption.accept_key_file", "must be true"),
            ("[encryption]\nprovider='local'\naccept_key_file=true", "encryption.key_path", "is needed"),
        ] {
            let problems = encryption_problems(toml, &[]);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].path == path && problems[0].message.contains(word), "{problems:?}");
        }
        let file = "[encryption]\nprovider='local'\naccept_key_file=true\nkey_path='PEM'";
        assert_eq!(encryption_problems(file, &[]), []);
        let moving = format!("{file}\n[encryption.previous]\nprovider='local'\nkey_path='/nowhere'");
        assert_eq!(encryption_problems(&moving, &[])[0].path, "encryption.previous.key_path");
    }

    #[test]
    fn every_provider_says_what_it_lacks() {
        for (provider, needs) in [
            ("aws", &["aws.key_id"][..]),
            (
                "azure",
                &["azure.vault_url", "azure.key_name", "azure.tenant_id", "azure.client_id", "azure.client_secret"],
            ),
            ("gcp", &["gcp.project_id", "gcp.location", "gcp.key_ring", "gcp.key_name"]),
            ("vault", &["vault.address", "vault.key_name", "vault.token_path"]),
            ("pkcs11", &["pkcs11.module_path", "pkcs11.pin_path", "pkcs11.token_label", "pkcs11.key_label"]),
        ] {
            for path in ["encryption", "encryption.previous"] {
                let current = if path == "encryption" {
                    ""
                } else {
                    "[encryption]\nprovider='local'\naccept_key_file=true\nkey_path='PEM'\n"
                };
                let problems = encryption_problems(&format!("{current}[{path}]\nprovider='{provider}'"), &[]);
                let lacking: Vec<_> =
                    problems.iter().filter(|problem| !problem.message.contains("was built without")).collect();
                let expected: Vec<_> = needs.iter().map(|key| format!("{path}.{key}")).collect();
                assert_eq!(lacking.iter().map(|problem| problem.path.clone()).collect::<Vec<_>>(), expected);
                let is_built = provider.parse::<Provider>().expect("a provider").is_built();
                assert_eq!(problems.len() == lacking.len(), is_built, "{problems:?}");
            }
        }
    }

    #[test]
    fn what_a_provider_is_told_has_to_be_safe() {
        for (section, line, path) in [
            ("aws", "key_id='alias/untxt'", "aws.key_id"),
            ("aws", "key_id='arn:aws:kms:eu-central-1:1:alias/untxt'", "aws.key_id"),
            ("aws", "access_key_id='A'", "aws.access_key_id"),
            ("aws", "endpoint='https:///'", "aws.endpoint"),
            ("azure", "key_name='a/b'", "azure.key_name"),
            ("gcp", "key_ring='..'", "gcp.key_ring"),
            ("vault", "mount='transit/../sys'", "vault.mount"),
            ("vault", "role_id='r'", "vault.role_id"),
            ("vault", "cert_path='PEM'", "vault.cert_path"),
        ] {
            let toml = format!("[encryption]\nprovider='{section}'\n[encryption.{section}]\n{line}");
            let problems = encryption_problems(&toml, &[]);
            let path = format!("encryption.{path}");
            let is_refused = |problem: &Problem| problem.path == path && problem.message != "is needed";
            assert!(problems.iter().any(is_refused), "{line}: {problems:?}");
        }
        let plain = encryption_problems("[encryption.vault]\naddress='http://vault'", &[]);
        assert!(plain[0].message.contains("nothing may travel in clear"), "{plain:?}");
    }

    #[test]
    fn a_provider_of_logins_is_asked_over_tls_and_its_secret_is_in_a_file_of_ours() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "s3cret").expect("a file");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let complaints = |toml: &str| {
            let mut problems = Problems::default();
            let toml = toml.replace("SECRET", &secret.display().to_string());
            load(&format!("{GOOD}{toml}"), &[]).map(|settings| settings.oidc.validate(&mut problems))?;
            problems.into_result(())
        };
        let keys = [
            ("id", "'clinic'"),
            ("label", "'Clinic'"),
            ("issuer", "'https://id.clinic.example/realms/staff'"),
            ("client_id", "'untxt'"),
            ("client_secret_path", "'SECRET'"),
        ];
        let with = |key: &str, value: &str| {
            let lines = keys.iter().filter(|(known, _)| *known != key).map(|(key, value)| format!("{key}={value}\n"));
            format!("[[oidc.providers]]\n{}{key}={value}\n", lines.collect::<String>())
        };
        let good = with("id", "'clinic'");
        complaints(&good).expect("good");
        complaints(&format!("{good}{}", with("id", "'other'"))).expect("two");
        for (key, bad) in [
            ("id", "'Clinic/..'"),
            ("id", "''"),
            ("label", "''"),
            ("issuer", "'http://id.clinic.example'"),
            ("issuer", "'https://id.clinic.example/?x'"),
            ("issuer", "'https://a@id.clinic.example'"),
            ("issuer", "'id.clinic.example'"),
            ("client_id", "''"),
            ("client_secret_path", "'/nowhere'"),
            ("ca_path", "'/nowhere'"),
            ("hosts", "['https://other.example']"),
            ("domains", "['ada@clinic.example']"),
        ] {
            let problems = complaints(&with(key, bad)).expect_err(bad);
            assert_eq!(messages(&problems), [format!("oidc.providers[0].{key}")], "{bad}");
        }
        let problems = complaints(&format!("{good}{good}")).expect_err("twice");
        assert_eq!(messages(&problems), ["oidc.providers[1].id"]);
        complaints("[oidc]\nsso_only=true").expect_err("nobody could come in");
        complaints(&with("client_secret", "'in clear'")).expect_err("a secret in the settings");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        assert!(complaints(&good).expect_err("others can read it").to_string().contains("chmod 600"));
    }

    #[test]
    fn mail_goes_over_tls_or_not_at_all() {
        let complaints = |toml: &str| {
            let mut problems = Problems::default();
            load(&format!("{GOOD}[mail]\n{toml}"), &[]).map(|settings| settings.mail.validate(&mut problems))?;
            problems.into_result(())
        };
        assert!(complaints("").is_ok(), "off");
        let good = "host='mail.internal'\nfrom='untxt@clinic.example'\n";
        for more in ["", "tls='starttls'\nport=587", "user='u'\npassword='p'\nca_path='Cargo.toml'"] {
            complaints(&format!("{good}{more}")).expect(more);
        }
        for (bad, path) in [
            ("tls='none'", "mail.tls"),
            ("tls='opportunistic'", "mail.tls"),
            ("tls=false", "mail.tls"),
            ("user='u'", "mail.password"),
            ("password='p'", "mail.user"),
            ("ca_path='/nowhere'", "mail.ca_path"),
            ("port=0", "mail.port"),
            ("port=587", "mail.port"),
            ("tls='starttls'", "mail.port"),
        ] {
            assert_eq!(messages(&complaints(&format!("{good}{bad}")).expect_err(bad)), [path]);
        }
        assert_eq!(messages(&complaints("host='http://mail'\nfrom='a@b'").expect_err("a scheme")), ["mail.host"]);
        assert_eq!(messages(&complaints("host='mail.internal'").expect_err("nobody")), ["mail.from"]);
    }

    #[test]
    fn old_names_reach_the_provider_and_no_other_algorithm() {
        let key = "arn:aws:kms:eu-central-1:111122223333:key/k";
        let old = [
            ("KMS_PROVIDER", "AWS_KMS"),
            ("AWS_KMS_KEY_ID", key),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("ENCRYPTION_ALGORITHM", "AES-256-GCM"),
            ("ENCRYPTION_ENABLED", "true"),
        ];
        let settings = load(GOOD, &old).expect("good");
        let current = &settings.encryption.current;
        assert_eq!((current.provider, current.aws.key_id.as_str()), (Some(Provider::Aws), key));
        for keys in [&settings.storage.access_key_id, &current.aws.access_key_id] {
            assert_eq!(secrecy::ExposeSecret::expose_secret(keys), "id");
        }
        let deep = load(GOOD, &[("UNTXT_ENCRYPTION__PREVIOUS__VAULT__MOUNT", "old")]).expect("good");
        assert_eq!(deep.encryption.previous.vault.mount, "old");
        for (name, value) in
            [("ENCRYPTION_ALGORITHM", "none"), ("ENCRYPTION_ALGORITHM", "AES-128-GCM"), ("ENCRYPTION_ENABLED", "false")]
        {
            assert_eq!(messages(&load(GOOD, &[(name, value)]).expect_err(value)), [name]);
        }
        assert_eq!(
            messages(&load(GOOD, &[("KMS_PROVIDER", "vaultwarden")]).expect_err("unknown")),
            ["encryption.provider"]
        );
    }

    #[test]
    fn a_secret_may_come_from_a_file_and_is_never_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("password");
        std::fs::write(&secret, "from-a-file\n").expect("a file");
        let path = secret.display().to_string();
        for name in ["UNTXT_DATABASE__PASSWORD_FILE", "DB_PASSWORD_FILE"] {
            let settings = load(GOOD, &[(name, &path)]).expect("good");
            assert_eq!(secrecy::ExposeSecret::expose_secret(&settings.database.password), "from-a-file");
            assert!(!format!("{settings:?}").contains("from-a-file"));
        }
        assert_eq!(messages(&load(GOOD, &[("DB_PASSWORD_FILE", "/nowhere")]).expect_err("bad")), ["DB_PASSWORD_FILE"]);
    }
}
