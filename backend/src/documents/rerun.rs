//! Reading a document again, and choosing between two results of a page.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use untxt_core::domain::{DocumentId, PageNumber, ReadingSettings, Right, TaskId, TaskQueue};
use untxt_database::tasks::{self, Begun, NewRun, Plan, Refusal, RequestKey};
use utoipa::ToSchema;

use super::{idempotency::IdempotencyKey, keys, settings::AskedSettings};
use crate::{
    App, extract,
    observe::RequestId,
    problem::ApiError,
    session::Actor,
    shares::require,
    tasks::{Task, wake_worker},
    usage::Allowance,
};

/// What is to be read again, and how; settings that are left out are those of the upload.
#[derive(Deserialize, Serialize, ToSchema)]
#[schema(as = Rereading)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    pages: Wanted,
    languages: Option<String>,
    preset: Option<String>,
    text: Option<String>,
    queue: Option<String>,
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
enum Wanted {
    Many(Many),
    Pages(Vec<PageNumber>),
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Many {
    All,
    /// Those that failed, and those that were never read because the task was stopped.
    Failed,
}

/// Which results are to be shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Choices {
    pages: Vec<PageChoice>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PageChoice {
    page: PageNumber,
    /// The run whose result is to be shown.
    task: TaskId,
}

const NO_PAGES: ApiError = ApiError::BadRequest("pages is \"failed\", \"all\" or a list of page numbers");
const NO_CHOICES: ApiError = ApiError::BadRequest("pages is a list of {page, task}, with at least one");

/// Begins to read pages again: 202 with the new task, or 200 with the one that the same key began before.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/tasks",
    request_body = Wish,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, description = "begun", body = Task), (status = 200, description = "begun before", body = Task)),
)]
pub(super) async fn read_again(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(document): extract::Path<DocumentId>,
    key: Option<IdempotencyKey>,
    Extension(RequestId(trace)): Extension<RequestId>,
    extract::Json(wish): extract::Json<Wish>,
) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    require(&mut tx, document, Right::Correct).await?;
    tx.commit().await?;
    let key = match key {
        Some(key) => Some(tags_of(&app, &actor, &key, &wish).await?),
        None => None,
    };
    let plan = wish.pages.plan()?;
    let Wish { languages, preset, text, queue, .. } = wish;
    let asked = AskedSettings { languages, preset, text, queue };
    let (settings, queue) = asked.settle(&app, usual_settings(&app, &actor, document).await?).await?;
    let (id, max_runs) = (TaskId::generate(), app.limits.max_readings);
    let new = NewRun { id, document, settings: &settings, queue, plan, max_runs, key, trace };
    begin(&app, &actor, &new).await
}

/// Shows other results, and has the searchable PDF made anew: 202 with the task that does it, or 200 when they are
/// shown already.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/choices",
    request_body = Choices,
    responses((status = 202, description = "begun", body = Task), (status = 200, description = "shown already", body = Task)),
)]
pub(super) async fn choose(
    State(app): State<Arc<App>>,
    actor: Actor,
    extract::Path(document): extract::Path<DocumentId>,
    Extension(RequestId(trace)): Extension<RequestId>,
    extract::Json(choices): extract::Json<Choices>,
) -> Result<Response, ApiError> {
    if choices.pages.is_empty() {
        return Err(NO_CHOICES);
    }
    let plan = Plan::Show(choices.pages.iter().map(|choice| (choice.page, choice.task)).collect());
    let (settings, queue) = usual_settings(&app, &actor, document).await?;
    let (id, max_runs) = (TaskId::generate(), app.limits.max_readings);
    begin(&app, &actor, &NewRun { id, document, settings: &settings, queue, plan, max_runs, key: None, trace }).await
}

async fn begin(app: &App, actor: &Actor, new: &NewRun<'_>) -> Result<Response, ApiError> {
    let _turn = app.turns.take(actor.owner()).await?;
    let mut tx = actor.begin(app).await?;
    require(&mut tx, new.document, Right::Correct).await?;
    if !matches!(new.plan, Plan::Show(_)) {
        Allowance::refuse_rereading(&mut tx, &app.limits, new.document).await?;
    }
    let begun = tasks::begin(&mut tx, new).await?.ok_or(ApiError::DocumentNotFound)?;
    tx.commit().await?;
    match begun {
        Begun::New(task) => {
            wake_worker(app, &task);
            Ok((StatusCode::ACCEPTED, Json(Task::from(&task))).into_response())
        }
        Begun::Existing(task) => Ok(Json(Task::from(&task)).into_response()),
        Begun::Refused(refusal) => Err(refusal.into()),
    }
}

/// Gives the settings of the upload, and its queue.
async fn usual_settings(
    app: &App,
    actor: &Actor,
    document: DocumentId,
) -> Result<(ReadingSettings, TaskQueue), ApiError> {
    let mut tx = actor.begin(app).await?;
    let first = tasks::find_first(&mut tx, document).await?.ok_or(ApiError::DocumentNotFound)?;
    tx.commit().await?;
    Ok((first.settings, first.queue))
}

async fn tags_of(app: &App, actor: &Actor, key: &IdempotencyKey, wish: &Wish) -> Result<RequestKey, ApiError> {
    let owner_key = keys::current(app, actor, actor.owner()).await?;
    let wish = serde_json::to_vec(wish).map_err(ApiError::internal)?;
    Ok(RequestKey { tag: owner_key.tag("rerun", key.as_bytes()), request: owner_key.tag("rerun-request", &wish) })
}

impl Wanted {
    fn plan(&self) -> Result<Plan, ApiError> {
        match self {
            Self::Many(Many::All) => Ok(Plan::ReadAll),
            Self::Many(Many::Failed) => Ok(Plan::ReadUnread),
            Self::Pages(pages) if pages.is_empty() => Err(NO_PAGES),
            Self::Pages(pages) => Ok(Plan::ReadPages(pages.iter().copied().collect())),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::StillOpen => Self::StillReading,
            Refusal::NothingUnread => Self::NothingUnread,
            Refusal::NoSuchPage(_) => Self::PageNotFound,
            Refusal::NoSuchResult(_) => Self::ResultNotFound,
            Refusal::KeyReused => Self::IdempotencyKeyReused,
            Refusal::TooManyRuns { max_runs } => Self::TooManyReadings { max: max_runs },
            Refusal::Quarantined => Self::Quarantined,
        }
    }
}
