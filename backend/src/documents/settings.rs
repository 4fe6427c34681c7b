//! How somebody asks for a document to be read: `?languages=deu,eng&preset=fax&text=redo&queue=bulk`.

use serde::{Deserialize, Serialize};
use untxt_core::domain::{FolderId, ReadingSettings, TagId, TaskQueue, TeamId};
use untxt_database::languages;
use utoipa::IntoParams;

use super::file::check_tags;
use crate::{App, problem::ApiError};

/// What may be said of it; all of it may be left out.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedSettings {
    /// `auto`, or codes joined by commas.
    pub(super) languages: Option<String>,
    pub(super) preset: Option<String>,
    pub(super) text: Option<String>,
    pub(super) queue: Option<String>,
}

/// How an upload is to be read, and where it is to be filed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AskedUpload {
    languages: Option<String>,
    preset: Option<String>,
    text: Option<String>,
    queue: Option<String>,
    /// Whose it will be, if not the person's.
    team: Option<TeamId>,
    folder: Option<FolderId>,
    /// Ids joined by commas.
    tags: Option<String>,
}

/// Where an upload goes.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) team: Option<TeamId>,
    pub(super) folder: Option<FolderId>,
    /// Each once.
    pub(super) tags: Vec<TagId>,
}

impl AskedUpload {
    /// Gives how it is to be read, and where it goes.
    pub(super) fn split(self) -> Result<(AskedSettings, Destination), ApiError> {
        let Self { languages, preset, text, queue, team, folder, tags } = self;
        let ids = tags.as_deref().unwrap_or_default().split(',').filter(|id| !id.is_empty());
        let tags = ids.map(str::parse).collect::<Result<_, _>>().map_err(|_| BAD_TAGS)?;
        let tags = check_tags(tags)?;
        if team.is_some() && (folder.is_some() || !tags.is_empty()) {
            return Err(ApiError::BadRequest("a team has no folders and no tags: leave them out"));
        }
        Ok((AskedSettings { languages, preset, text, queue }, Destination { team, folder, tags }))
    }
}

const BAD_PRESET: ApiError = ApiError::BadRequest("preset is one of auto, clean_scan, fax, photo, book, form");
const BAD_TEXT: ApiError = ApiError::BadRequest("text is one of skip, redo, force");
const BAD_QUEUE: ApiError = ApiError::BadRequest("queue is one of interactive, bulk");
const BAD_TAGS: ApiError = ApiError::BadRequest("tags is a list of ids joined by commas");
const BAD_LANGUAGES: ApiError = ApiError::BadRequest("languages is auto, or up to eight codes such as deu,eng");
/// Each language makes every page slower.
const MAX_LANGUAGES: usize = 8;

impl AskedSettings {
    /// Checks the settings against the closed lists and the languages that the workers have. What is left out is as
    /// in `usual`. Gives also the queue in which the document waits.
    pub(super) async fn settle(
        self,
        app: &App,
        (usual, usual_queue): (ReadingSettings, TaskQueue),
    ) -> Result<(ReadingSettings, TaskQueue), ApiError> {
        let preset = self.preset.as_deref().map_or(Ok(usual.preset), str::parse).map_err(|_| BAD_PRESET)?;
        let text_mode = self.text.as_deref().map_or(Ok(usual.text_mode), str::parse).map_err(|_| BAD_TEXT)?;
        let queue = self.queue.as_deref().map_or(Ok(usual_queue), str::parse).map_err(|_| BAD_QUEUE)?;
        let languages = match self.languages {
            None => usual.languages,
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
