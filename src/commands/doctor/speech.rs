//! What is said to each kind of server, and what its answer means.

use secrecy::ExposeSecret;

use super::hop::{Probe, Speech};

impl Probe {
    /// What the right client says first.
    pub(super) fn greeting(&self) -> Vec<u8> {
        match &self.speech {
            Speech::Http { path, .. } => self.get(path),
            Speech::Redirect => self.get("/"),
            Speech::Redis { user, password } => log_in(user, password.expose_secret()),
            Speech::Postgres(database) => start(&database.user, &database.name),
            Speech::Clamd | Speech::ClamdSocket(_) => b"zPING\0".to_vec(),
        }
    }

    /// What somebody says who must not get as far: without a password.
    pub(super) fn knock(&self) -> Vec<u8> {
        match &self.speech {
            Speech::Redis { .. } => b"PING\r\n".to_vec(),
            _ => self.greeting(),
        }
    }

    /// Says whether the server served: it listened to what was said, even if it then asked for a password. A proxy that
    /// says 400 to plain HTTP or to a missing certificate does not serve.
    pub(super) fn is_served(&self, said: &[u8]) -> bool {
        match &self.speech {
            Speech::Http { .. } => said.starts_with(b"HTTP/1.") && status(said) != "400",
            Speech::Redirect => said.starts_with(b"HTTP/1."),
            Speech::Redis { .. } => said.starts_with(b"+") || said.starts_with(b"-"),
            Speech::Postgres(_) => said.starts_with(b"R"),
            Speech::Clamd | Speech::ClamdSocket(_) => said.starts_with(b"PONG"),
        }
    }

    /// Says whether the server refused because it has too much to do (SQLSTATE 53) or stops (57): that is no answer.
    pub(super) fn is_busy(&self, said: &[u8]) -> bool {
        let is_state = |class: &[u8]| said.windows(class.len()).any(|part| part == class);
        matches!(self.speech, Speech::Postgres(_))
            && said.starts_with(b"E")
            && (is_state(b"\0C53") || is_state(b"\0C57"))
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let name = if self.name.is_empty() { "localhost" } else { &self.name };
        format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n").into_bytes()
    }
}

/// Redis's AUTH.
pub(super) fn log_in(user: &str, password: &str) -> Vec<u8> {
    let words = ["AUTH", user, password].map(|word| format!("${}\r\n{word}\r\n", word.len()));
    format!("*3\r\n{}", words.concat()).into_bytes()
}

/// The first message to Postgres, version 3.0.
pub(super) fn start(user: &str, database: &str) -> Vec<u8> {
    let text = format!("user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(text.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &[0, 3, 0, 0], text.as_bytes()].concat()
}

pub(super) fn status(said: &[u8]) -> String {
    String::from_utf8_lossy(said).split(' ').nth(1).unwrap_or_default().to_owned()
}

/// The first line of an answer, without what a terminal would obey.
pub(super) fn first_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    text.chars()
        .map(|letter| if letter == '\0' { ' ' } else { letter })
        .take_while(|letter| !"\r\n".contains(*letter))
        .filter(|letter| !letter.is_control())
        .take(160)
        .collect()
}
