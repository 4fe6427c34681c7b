use std::{iter, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Extension, Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_LENGTH, LOCATION},
};
use untxt_core::{
    config,
    crypto::{DocumentKey, OwnerKey, WrappedDocumentKey},
    domain::{DocumentId, DocumentMetadata, FolderId, OwnerId, ReadingSettings, TagId, TaskId, TaskQueue, TeamId},
    storage::ObjectKey,
    telemetry::chain,
};
use untxt_database::{
    Error, PgConnection,
    documents::{self, DocumentAndTask, Inserted, NewDocument},
    teams, usage,
};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    document::Document,
    file::{of_filing, refuse_unknown},
    idempotency::IdempotencyKey,
    keys::{self, WrappedKeys},
    part::{FilePart, MAX_OVERHEAD},
    receive::{Received, measure, receive},
    settings::{AskedUpload, Destination},
};
use crate::{
    App, access::Subject, extract::Query, observe::RequestId, problem::ApiError, session::Actor, tasks::wake_worker,
    usage::Allowance,
};

/// What an upload sends.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the body is read as a stream; this describes it")]
struct UploadForm {
    #[schema(content_media_type = "application/octet-stream")]
    file: String,
}

/// Takes a file: 202 with the new document, or 200 with the one that the same key and content made before.
#[utoipa::path(
    post,
    path = "/api/v1/documents",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    params(AskedUpload, ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 202, description = "accepted", body = Document), (status = 200, description = "accepted before", body = Document)),
)]
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    actor: Actor,
    key: Option<IdempotencyKey>,
    Query(asked): Query<AskedUpload>,
    Extension(RequestId(trace)): Extension<RequestId>,
    request: Request,
) -> Result<Response, ApiError> {
    refuse_too_long(request.headers(), &app.limits)?;
    let (asked, Destination { team, folder, tags }) = asked.split()?;
    let usual = (ReadingSettings::of_languages(app.languages.clone()), TaskQueue::default());
    let (settings, queue) = asked.settle(&app, usual).await?;
    let owner = owner_of(&app, &actor, team).await?;
    let owner_key = keys::current(&app, &actor, owner).await?;
    let announced = announced(request.headers()).saturating_sub(MAX_OVERHEAD);
    let upload =
        Upload { app: Arc::clone(&app), actor, owner, key, owner_key, settings, queue, folder, tags, trace, announced };
    // Not cancelled when the client goes away in the middle: the store must be left clean.
    app.lifecycle.spawn(upload.accept(request)).await.map_err(ApiError::internal)?
}

/// Says whose the upload will be: the person's, or that of a team that the person is of.
async fn owner_of(app: &App, actor: &Actor, team: Option<TeamId>) -> Result<OwnerId, ApiError> {
    let Some(team) = team else { return Ok(actor.owner()) };
    let mut tx = actor.begin(app).await?;
    teams::find(&mut tx, actor.user, team).await?.ok_or(ApiError::TeamNotFound)?;
    tx.commit().await?;
    Ok(team.as_owner())
}

fn refuse_too_long(headers: &HeaderMap, limits: &config::Limits) -> Result<(), ApiError> {
    if announced(headers) > limits.max_file_bytes.saturating_add(MAX_OVERHEAD) {
        return Err(ApiError::FileTooLarge { max_bytes: limits.max_file_bytes });
    }
    Ok(())
}

/// Gives the length that a request says its body has; 0: it says none.
fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}

struct Upload {
    app: Arc<App>,
    actor: Actor,
    owner: OwnerId,
    key: Option<IdempotencyKey>,
    owner_key: Arc<OwnerKey>,
    settings: ReadingSettings,
    queue: TaskQueue,
    folder: Option<FolderId>,
    tags: Vec<TagId>,
    trace: Uuid,
    /// Bytes that the file has at least, as its request says.
    announced: u64,
}

/// A document that is not inserted yet.
struct Draft {
    id: DocumentId,
    key: DocumentKey,
    wrapped: WrappedDocumentKey,
}

impl Upload {
    async fn accept(self, request: Request) -> Result<Response, ApiError> {
        let existing = self.find_existing().await?;
        let _place = self.app.uploads.take(self.actor.owner()).await?;
        let part = FilePart::find(request, &self.app.limits).await?;
        match existing {
            Some(existing) => {
                let received = measure(part).await?;
                self.answer_existing(&existing, &received).await
            }
            None => self.store(part).await,
        }
    }

    fn idempotency_tag(&self) -> Option<[u8; 32]> {
        Some(self.owner_key.tag("idempotency", self.key.as_ref()?.as_bytes()))
    }

    fn content_tag(&self, received: &Received) -> [u8; 32] {
        self.owner_key.tag("document", &received.sha256)
    }

    async fn find_existing(&self) -> Result<Option<DocumentAndTask>, ApiError> {
        let mut tx = self.actor.begin(&self.app).await?;
        let existing = match self.idempotency_tag() {
            Some(tag) => documents::find_by_idempotency_tag(&mut tx, self.owner, &tag).await?,
            None => None,
        };
        if existing.is_none() {
            // Before the file comes.
            refuse_unknown(&mut tx, self.folder, &self.tags).await?;
            self.refuse_without_room(&mut tx, self.announced).await?;
        }
        tx.commit().await?;
        Ok(existing)
    }

    /// Puts the sealed file, then inserts its rows; whatever goes wrong before the rows exist, the object goes.
    async fn store(self, part: FilePart) -> Result<Response, ApiError> {
        let id = DocumentId::generate();
        let (key, wrapped) = self.owner_key.create_document_key(id)?;
        let draft = Draft { id, key, wrapped };
        let (object, name, media_type) = (ObjectKey::Original(id), part.name.clone(), part.media_type);
        let receiving = receive(&self.app, self.owner, object, &draft.key, part);
        // Even a panic must not leave an object behind that no row names.
        let received = AssertUnwindSafe(receiving).catch_unwind().await;
        let received = match received.unwrap_or_else(|_| Err(ApiError::internal("receiving a file panicked"))) {
            Ok(received) => received,
            Err(error) => {
                self.remove(object).await;
                return Err(error);
            }
        };
        let metadata = DocumentMetadata { name, sha256: hex::encode(received.sha256) };
        let metadata_sealed = draft.key.seal_metadata(self.owner, id, &metadata)?;
        let (content_tag, idempotency_tag) = (self.content_tag(&received), self.idempotency_tag());
        let new = NewDocument {
            id,
            owner: self.owner,
            media_type,
            size_bytes: received.size_bytes,
            metadata_sealed: &metadata_sealed,
            key: &draft.wrapped,
            content_tag: &content_tag,
            idempotency_tag: idempotency_tag.as_ref(),
            tag_generation: self.owner_key.tag_generation(),
            task: TaskId::generate(),
            settings: &self.settings,
            queue: self.queue,
            trace: self.trace,
            folder: self.folder,
            tags: &self.tags,
        };
        self.insert(&new, &draft, &received).await
    }

    async fn insert(&self, new: &NewDocument<'_>, draft: &Draft, received: &Received) -> Result<Response, ApiError> {
        let inserted = match self.try_insert(new, draft).await {
            Ok((inserted, tx)) => {
                // After a commit without an answer nobody knows whether the rows exist: then the object stays.
                tx.commit().await?;
                inserted
            }
            Err(error) => {
                self.remove(ObjectKey::Original(draft.id)).await;
                return Err(error);
            }
        };
        match inserted {
            Inserted::New(found) => {
                wake_worker(&self.app, &found.task);
                answer(StatusCode::ACCEPTED, &found, &draft.key)
            }
            Inserted::Existing(existing) => {
                self.remove(ObjectKey::Original(draft.id)).await;
                self.answer_existing(&existing, received).await
            }
        }
    }

    async fn try_insert(
        &self,
        new: &NewDocument<'_>,
        draft: &Draft,
    ) -> Result<(Inserted, untxt_database::Transaction), ApiError> {
        let mut tx = self.begin_within_quota(new).await?;
        match documents::insert_with_task(&mut tx, new).await {
            // While the file came, the owner's key was replaced and destroyed. What is sealed is not concerned.
            Err(Error::Conflict(constraint)) if constraint == documents::OWNER_KEY_STATE => {
                drop(tx);
                let key = &keys::current(&self.app, &self.actor, self.owner).await?.rewrap(draft.id, &draft.key)?;
                let mut tx = self.begin_within_quota(new).await?;
                let inserted = documents::insert_with_task(&mut tx, &NewDocument { key, ..new.clone() }).await;
                Ok((inserted.map_err(of_filing)?, tx))
            }
            inserted => Ok((inserted.map_err(of_filing)?, tx)),
        }
    }

    /// Begins a transaction in which nobody else uses up what there is room for, and refuses the file if there is none. What was
    /// inserted before with the same key needs none.
    async fn begin_within_quota(&self, new: &NewDocument<'_>) -> Result<untxt_database::Transaction, ApiError> {
        let mut tx = self.actor.begin(&self.app).await?;
        if !self.is_bounded(&mut tx).await? {
            return Ok(tx);
        }
        usage::lock(&mut tx, self.owner).await?;
        let existing = match new.idempotency_tag {
            Some(tag) => documents::find_by_idempotency_tag(&mut tx, self.owner, tag).await?,
            None => None,
        };
        if existing.is_none() {
            self.refuse_without_room(&mut tx, new.size_bytes).await?;
        }
        Ok(tx)
    }

    /// Whose room an upload needs: that of whose it will be, and of who uploads, who would else make a team for it.
    fn owners(&self) -> impl Iterator<Item = OwnerId> {
        let uploader = self.actor.owner();
        iter::once(self.owner).chain(Some(uploader).filter(|uploader| *uploader != self.owner))
    }

    async fn is_bounded(&self, conn: &mut PgConnection) -> Result<bool, ApiError> {
        for owner in self.owners() {
            if Allowance::is_bounded(conn, &self.app.limits, owner).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn refuse_without_room(&self, conn: &mut PgConnection, bytes: u64) -> Result<(), ApiError> {
        for owner in self.owners() {
            Allowance::refuse_file(conn, &self.app.limits, owner, bytes).await?;
        }
        Ok(())
    }

    /// Gives the document that this key made before, if the file is the same.
    async fn answer_existing(&self, existing: &DocumentAndTask, received: &Received) -> Result<Response, ApiError> {
        if existing.document.content_tag.as_deref() != Some(self.content_tag(received).as_slice()) {
            return Err(ApiError::IdempotencyKeyReused);
        }
        let mut tx = self.actor.begin(&self.app).await?;
        let keys = WrappedKeys::load(&mut tx, [existing.document.sealed_by()]).await?;
        tx.commit().await?;
        let key = keys.open(&self.app).await?.document_key(self.owner, existing.document.id, &existing.document.key)?;
        answer(StatusCode::OK, existing, &key)
    }

    async fn remove(&self, object: ObjectKey) {
        if let Err(error) = self.app.objects.delete(&[object]).await {
            tracing::warn!(object.key = %object, error = chain(&error), "an unused object stays behind, unreadable");
        }
    }
}

fn answer(status: StatusCode, found: &DocumentAndTask, key: &DocumentKey) -> Result<Response, ApiError> {
    let location = format!("/api/v1/documents/{}", found.document.id);
    let subject = Subject { object: Some(found.document.id.into()), ..Subject::default() };
    Ok((status, subject, [(LOCATION, location)], Json(Document::open(found, key)?)).into_response())
}
