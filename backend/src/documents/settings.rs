//! How an upload asks to be read: `?languages=deu,eng&preset=fax&text=redo&queue=bulk`.

use serde::Deserialize;
use untxt_core::domain::{ReadingSettings, TaskQueue};
use untxt_database::languages;

use crate::{App, problem::ApiError};

/// What may be said in the query; all of it may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsQuery {
    /// `auto`, or codes joined by commas.
    languages: Option<String>,
    preset: Option<String>,
    text: Option<String>,
    queue: Option<String>,
}

const BAD_PRESET: ApiError = ApiError::BadRequest("preset is one of auto, clean_scan, fax, photo, book, form");
const BAD_TEXT: ApiError = ApiError::BadRequest("text is one of skip, redo, force");
const BAD_QUEUE: ApiError = ApiError::BadRequest("queue is one of interactive, bulk");
const BAD_LANGUAGES: ApiError = ApiError::BadRequest("languages is auto, or up to eight codes such as deu,eng");
/// Each language makes every page slower.
const MAX_LANGUAGES: usize = 8;

impl SettingsQuery {
    /// Checks the settings against the closed lists and the languages that the workers have. Gives also the queue in
    /// which the document waits.
    pub(super) async fn settle(self, app: &App) -> Result<(ReadingSettings, TaskQueue), ApiError> {
        let preset = self.preset.as_deref().map_or(Ok(Default::default()), str::parse).map_err(|_| BAD_PRESET)?;
        let text_mode = self.text.as_deref().map_or(Ok(Default::default()), str::parse).map_err(|_| BAD_TEXT)?;
        let queue = self.queue.as_deref().map_or(Ok(Default::default()), str::parse).map_err(|_| BAD_QUEUE)?;
        let languages = match self.languages {
            None => app.languages.clone(),
            Some(asked) => check(&asked, app).await?,
        };
        Ok((ReadingSettings { languages, preset, text_mode }, queue))
    }
}

async fn check(asked: &str, app: &App) -> Result<String, ApiError> {
    if asked == "auto" {
        return Ok(asked.to_owned());
    }
    // a plus sign in a query may mean a space
    let codes: Vec<_> = asked.split([',', '+', ' ']).map(str::trim).collect();
    let is_code = |code: &&str| !code.is_empty() && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if codes.len() > MAX_LANGUAGES || !codes.iter().all(is_code) {
        return Err(BAD_LANGUAGES);
    }
    let mut tx = app.db.begin_system().await?;
    let installed = languages::list(&mut tx).await?;
    tx.commit().await?;
    // as long as no worker has told, nobody knows better than the worker that will read it
    let missing = codes.iter().find(|code| !installed.is_empty() && !installed.iter().any(|known| known == *code));
    match missing {
        Some(code) => Err(ApiError::LanguageMissing { code: (*code).to_owned() }),
        None => Ok(codes.join("+")),
    }
}
