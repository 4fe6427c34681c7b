//! Lays defaults, file and environment over each other. The defaults are the schema: a path they lack is unknown.

use std::{collections::BTreeMap, fs, path::Path};

use toml::{Table, Value};

use super::{DEFAULTS, Problems, Settings, alias::ALIASES, guard};

/// Settings that may come from a file named by `…_FILE`.
const SECRETS: &[&str] = &[
    "database.password",
    "redis.password",
    "storage.access_key_id",
    "storage.secret_access_key",
    "session.signing_key",
    "mail.password",
    "encryption.aws.access_key_id",
    "encryption.aws.secret_access_key",
    "encryption.azure.client_secret",
    "encryption.previous.aws.access_key_id",
    "encryption.previous.aws.secret_access_key",
    "encryption.previous.azure.client_secret",
];

/// `UNTXT_*` variables that are no settings: `./run` takes the data folder from this one.
const RESERVED: &[&str] = &["UNTXT_DATA"];

/// The value of every path, and where it came from.
pub(super) struct Layers {
    values: BTreeMap<String, Value>,
}

impl Layers {
    pub(super) fn defaults() -> Self {
        #[expect(clippy::expect_used, reason = "a test parses the compiled-in file")]
        let table = DEFAULTS.parse::<Table>().expect("untxt.toml is valid");
        Self { values: flatten(table) }
    }

    pub(super) fn add_file(&mut self, path: &Path, problems: &mut Problems) {
        let shown = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return problems.add(shown, format!("can't be read: {error}")),
        };
        match text.parse::<Table>() {
            Ok(table) => {
                for (path, value) in flatten(table) {
                    self.set(&path, value, &format!("in {shown}"), problems);
                }
            }
            Err(error) => problems.add(shown, format!("is no TOML: {}", error.message())),
        }
    }

    /// Adds the environment: first the aliases, then `UNTXT_SECTION__KEY`, which win.
    pub(super) fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        problems: &mut Problems,
    ) {
        let mut own = Vec::new();
        for (name, value) in variables {
            if guard::refuse_weaker(&name, &value, problems) || RESERVED.contains(&name.as_str()) {
                continue;
            }
            if let Some(rest) = name.strip_prefix("UNTXT_") {
                let path = rest.to_lowercase().replace("__", ".");
                own.push((path, name, value));
            } else {
                for path in find_aliases(&name) {
                    self.set_text(&path, &name, value.clone(), problems);
                }
            }
        }
        for (path, name, value) in own {
            self.set_text(&path, &name, value, problems);
        }
    }

    /// Makes the settings; `None` if some value has the wrong form, with the problem added.
    pub(super) fn into_settings(self, problems: &mut Problems) -> Option<Settings> {
        let defaults = Self::defaults().values;
        let mut has_bad_value = false;
        for (path, value) in self.values.iter().filter(|(path, value)| defaults.get(*path) != Some(*value)) {
            let mut alone = defaults.clone();
            alone.insert(path.clone(), value.clone());
            if let Err(error) = Value::Table(unflatten(alone)).try_into::<Settings>() {
                problems.add(path.clone(), error.message());
                has_bad_value = true;
            }
        }
        if has_bad_value {
            return None;
        }
        match Value::Table(unflatten(self.values)).try_into() {
            Ok(settings) => Some(settings),
            Err(error) => {
                problems.add("settings", error.message());
                None
            }
        }
    }

    #[cfg(test)]
    pub(super) fn knows(&self, path: &str) -> bool {
        self.values.contains_key(path)
    }

    fn set_text(&mut self, path: &str, name: &str, text: String, problems: &mut Problems) {
        let (path, text) = match path.strip_suffix("_file").filter(|path| SECRETS.contains(path)) {
            None => (path, text),
            Some(secret) => match fs::read_to_string(&text) {
                Ok(content) => (secret, content.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => return problems.add(name, format!("the file it names can't be read: {error}")),
            },
        };
        let value = match self.values.get(path) {
            Some(Value::Integer(_)) => match text.parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => return problems.add(name, "must be a whole number"),
            },
            Some(Value::Boolean(_)) => match text.parse() {
                Ok(truth) => Value::Boolean(truth),
                Err(_) => return problems.add(name, "must be true or false"),
            },
            Some(Value::Array(_)) => {
                Value::Array(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect())
            }
            _ => Value::String(text),
        };
        self.set(path, value, &format!("from {name}"), problems);
    }

    fn set(&mut self, path: &str, value: Value, source: &str, problems: &mut Problems) {
        let Some(known) = self.values.get_mut(path) else {
            return problems.add(path, format!("unknown key {source}; `untxt config` prints every key there is"));
        };
        if known.type_str() != value.type_str() {
            return problems
                .add(path, format!("must be a {}, {source} it is a {}", known.type_str(), value.type_str()));
        }
        if let Value::String(text) = &value {
            guard::refuse_plain_address(path, text, problems);
        }
        *known = value;
    }
}

/// Finds the paths an old name stands for; the alias of a secret has a `…_FILE` form too.
fn find_aliases(name: &str) -> Vec<String> {
    let paths_of = |alias| ALIASES.iter().filter(move |(known, _)| *known == alias).map(|(_, path)| *path);
    let secrets = name.strip_suffix("_FILE").into_iter().flat_map(paths_of).filter(|path| SECRETS.contains(path));
    paths_of(name).map(str::to_owned).chain(secrets.map(|secret| format!("{secret}_file"))).collect()
}

fn flatten(table: Table) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    for (name, value) in table {
        match value {
            Value::Table(keys) => {
                flat.extend(flatten(keys).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            value => drop(flat.insert(name, value)),
        }
    }
    flat
}

fn unflatten(values: BTreeMap<String, Value>) -> Table {
    let mut root = Table::new();
    for (path, value) in values {
        insert(&mut root, &path, value);
    }
    root
}

fn insert(table: &mut Table, path: &str, value: Value) {
    let Some((section, rest)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return;
    };
    if let Value::Table(keys) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
        insert(keys, rest, value);
    }
}
