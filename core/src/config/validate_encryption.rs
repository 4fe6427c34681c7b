//! What each provider of the root key needs.

use secrecy::ExposeSecret;

use super::{
    Aws, Azure, Encryption, Gcp, Pkcs11, Problems, Provider, RootKey, Vault,
    validate::{need, need_file},
};

/// One provider's section: its path, and where problems go.
struct Section<'a> {
    path: String,
    problems: &'a mut Problems,
}

impl Encryption {
    pub(super) fn validate(&self, problems: &mut Problems) {
        for (path, value) in
            [("encryption.timeout_seconds", self.timeout_seconds), ("encryption.max_connections", self.max_connections)]
        {
            if value == 0 {
                problems.add(path, "must be at least 1");
            }
        }
        if !(1..=90).contains(&self.rotation_days) {
            problems.add("encryption.rotation_days", "must be 1 to 90");
        }
        if self.index_rotation_days != 0 && !(30..=3650).contains(&self.index_rotation_days) {
            problems.add("encryption.index_rotation_days", "must be 0 (never) or 30 to 3650");
        }
        if !(1..=720).contains(&self.grace_hours) {
            problems.add("encryption.grace_hours", "must be 1 to 720");
        }
        match self.current.provider {
            None => problems.add("encryption.provider", "is needed: name who holds the root key; there is no default"),
            Some(Provider::Local) if !self.accept_key_file => problems.add(
                "encryption.accept_key_file",
                "must be true for a root key in a file: whoever takes the machine has the documents and their key; \
                 a key service (encryption.provider) keeps the two apart",
            ),
            Some(_) => {}
        }
        self.current.validate("encryption", problems);
        self.previous.validate("encryption.previous", problems);
    }
}

impl RootKey {
    fn validate(&self, path: &str, problems: &mut Problems) {
        let Some(provider) = self.provider else { return };
        if !provider.is_built() {
            let name = provider.name();
            problems.add(
                format!("{path}.provider"),
                format!(
                    "this executable was built without {name}: take the full image, or build with --features kms-{name}"
                ),
            );
        }
        let mut section = Section { path: format!("{path}.{}", provider.name()), problems };
        match provider {
            Provider::Local => need_file(&format!("{path}.key_path"), &self.key_path, problems),
            Provider::Aws => self.aws.validate(&mut section),
            Provider::Azure => self.azure.validate(&mut section),
            Provider::Gcp => self.gcp.validate(&mut section),
            Provider::Vault => self.vault.validate(&mut section),
            Provider::Pkcs11 => self.pkcs11.validate(&mut section),
        }
    }
}

impl Aws {
    fn validate(&self, section: &mut Section<'_>) {
        let parts: Vec<_> = self.key_id.splitn(6, ':').collect();
        let is_key = matches!(parts[..], ["arn", _, "kms", region, account, key]
            if !region.is_empty() && !account.is_empty() && key.starts_with("key/"));
        if !is_key {
            section.add("key_id", "must be the ARN of a key, arn:aws:kms:REGION:ACCOUNT:key/ID, and no alias");
        }
        if let Some(endpoint) = &self.endpoint {
            section.need_https("endpoint", endpoint);
        }
        let [id, secret] = [&self.access_key_id, &self.secret_access_key].map(|key| key.expose_secret().is_empty());
        if id != secret {
            section.add("access_key_id", "needs secret_access_key too, and the other way round");
        }
        section.need_files([("ca_path", self.ca_path.as_deref())]);
    }
}

impl Azure {
    fn validate(&self, section: &mut Section<'_>) {
        section.need_https("vault_url", &self.vault_url);
        section.need_https("login_url", &self.login_url);
        section.need_names([
            ("key_name", &self.key_name),
            ("tenant_id", &self.tenant_id),
            ("client_id", &self.client_id),
        ]);
        if self.client_secret.expose_secret().is_empty() == self.token_path.is_none() {
            section.add("client_secret", "or token_path is needed, one of the two");
        }
        section.need_files([("token_path", self.token_path.as_deref()), ("ca_path", self.ca_path.as_deref())]);
    }
}

impl Gcp {
    fn validate(&self, section: &mut Section<'_>) {
        section.need_https("endpoint", &self.endpoint);
        section.need_names([
            ("project_id", &self.project_id),
            ("location", &self.location),
            ("key_ring", &self.key_ring),
            ("key_name", &self.key_name),
        ]);
        section
            .need_files([("credentials_path", self.credentials_path.as_deref()), ("ca_path", self.ca_path.as_deref())]);
    }
}

impl Vault {
    fn validate(&self, section: &mut Section<'_>) {
        section.need_https("address", &self.address);
        section.need_names([("key_name", &self.key_name)]);
        for mount in self.mount.split('/') {
            section.need_names([("mount", mount)]);
        }
        let is_role = match (self.role_id.is_empty(), &self.secret_id_path) {
            (true, None) => false,
            (false, Some(_)) => true,
            _ => return section.add("role_id", "needs secret_id_path too, and the other way round"),
        };
        if is_role == self.token_path.is_some() {
            section.add("token_path", "or role_id with secret_id_path is needed, one of the two");
        }
        if self.cert_path.is_some() != self.key_path.is_some() {
            section.add("cert_path", "needs key_path too, and the other way round");
        }
        section.need_files([
            ("token_path", self.token_path.as_deref()),
            ("secret_id_path", self.secret_id_path.as_deref()),
            ("ca_path", self.ca_path.as_deref()),
            ("cert_path", self.cert_path.as_deref()),
            ("key_path", self.key_path.as_deref()),
        ]);
    }
}

impl Pkcs11 {
    fn validate(&self, section: &mut Section<'_>) {
        section.need_files([
            ("module_path", Some(self.module_path.as_path())),
            ("pin_path", Some(self.pin_path.as_path())),
        ]);
        // As PKCS #11 pads them; longer ones name no token.
        for (key, value, max) in [("token_label", &self.token_label, 32), ("key_label", &self.key_label, 255)] {
            if value.is_empty() || value.len() > max {
                section.add(key, format!("must have 1 to {max} bytes"));
            }
        }
    }
}

impl Section<'_> {
    fn add(&mut self, key: &str, message: impl Into<String>) {
        self.problems.add(format!("{}.{key}", self.path), message);
    }

    fn need_https(&mut self, key: &str, value: &str) {
        let host = value.strip_prefix("https://").unwrap_or_default();
        if host.is_empty() || host.starts_with('/') || value.contains(['?', '#', '@']) {
            self.add(key, "must begin with https:// and a host, because keys never travel in clear");
        }
    }

    /// These become parts of addresses.
    fn need_names<const N: usize>(&mut self, names: [(&str, &str); N]) {
        for (key, value) in names {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
            if value.is_empty() {
                need(&format!("{}.{key}", self.path), value, self.problems);
            } else if !value.chars().all(is_name) || value.chars().all(|c| c == '.') {
                self.add(key, "may have letters, digits and -_.: only");
            }
        }
    }

    fn need_files<const N: usize>(&mut self, files: [(&str, Option<&std::path::Path>); N]) {
        for (key, file) in files {
            if let Some(file) = file {
                need_file(&format!("{}.{key}", self.path), file, self.problems);
            }
        }
    }
}
