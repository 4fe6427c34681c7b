//! Everything of a person, in clear, as one zip that is written while it is sent.

use std::{collections::HashSet, convert::Infallible, future::ready, io, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{StreamExt, channel::mpsc, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::OwnedSemaphorePermit;
use untxt_core::{domain::DocumentId, storage::ObjectKey};
use untxt_database::documents::{self, Filter};

use super::{
    document::{Document, Opened},
    formats, object,
    package::{Package, Packed, safe_name},
    range::Asked,
    reader::Reader,
};
use crate::{
    App,
    extract::Path,
    folders,
    problem::ApiError,
    session::{Actor, refuse_stale},
    tags,
};

/// Documents of one query.
const BATCH: u32 = 100;
const JSON: &str = "application/json";

struct Export {
    app: Arc<App>,
    actor: Actor,
    package: Package,
    manifest: Manifest,
    seen: HashSet<DocumentId>,
}

/// What stands at the end of the zip; without it, the zip is not whole.
#[derive(Serialize)]
struct Manifest {
    version: u32,
    files: Vec<Entry>,
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct Entry {
    path: String,
    #[serde(flatten)]
    document: Option<About>,
    media_type: &'static str,
    size_bytes: u64,
    sha256: String,
}

/// Which document a file is of.
#[derive(Clone, Copy, Serialize)]
struct About {
    document: DocumentId,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When its reading ended.
    #[serde(with = "time::serde::rfc3339::option")]
    read_at: Option<OffsetDateTime>,
    is_in_trash: bool,
}

/// What is not in the zip, and why: in the words of the codes of problems.
#[derive(Serialize)]
struct LeftOut {
    document: DocumentId,
    what: &'static str,
    why: &'static str,
}

/// Gives everything of the person as a zip: each document with its original and what was read, folders, tags, and at last
/// a manifest. It asks for a fresh proof. Documents of others and of teams are not in it.
#[utoipa::path(
    get,
    path = "/api/v1/account/export",
    responses((status = 200, description = "everything, with a manifest", content((Vec<u8> = "application/zip")))),
)]
pub(super) async fn export(State(app): State<Arc<App>>, actor: Actor) -> Result<Response, ApiError> {
    let mut tx = actor.begin(&app).await?;
    refuse_stale(&mut tx, actor.login()?).await?;
    tx.commit().await?;
    let place = app.exports.of(actor.owner()).try_acquire_owned().map_err(|_| ApiError::TooManyExports)?;
    let (sender, pieces) = mpsc::channel(0);
    let end = stream::once(Export::new(app, actor, sender).run(place));
    let end = end.filter_map(|ended| ready(ended.err().map(Err)));
    let body = Body::from_stream(stream::select(pieces.map(Ok), end));
    let headers = [(CONTENT_TYPE, "application/zip"), (CONTENT_DISPOSITION, "attachment; filename=\"untxt.zip\"")];
    Ok((headers, body).into_response())
}

impl Export {
    fn new(app: Arc<App>, actor: Actor, pieces: mpsc::Sender<Bytes>) -> Self {
        let manifest = Manifest { version: 1, files: Vec::new(), left_out: Vec::new() };
        Self { app, actor, package: Package::new(pieces), manifest, seen: HashSet::new() }
    }

    async fn run(self, _place: OwnedSemaphorePermit) -> io::Result<()> {
        Box::pin(self.write()).await.map_err(|error| {
            tracing::warn!(?error, "an export is broken off");
            io::Error::other("broken off")
        })
    }

    async fn write(mut self) -> Result<(), ApiError> {
        let folders = folders::export(&self.app, self.actor).await?;
        self.add_json("folders.json", None, &folders).await?;
        let tags = tags::export(&self.app, self.actor).await?;
        self.add_json("tags.json", None, &tags).await?;
        // Again at last: one may have been restored while the trash was looked through.
        for in_trash in [false, true, false] {
            Box::pin(self.add_documents(in_trash)).await?;
        }
        let manifest = serde_json::to_vec_pretty(&self.manifest).map_err(ApiError::internal)?;
        let mut package = self.package;
        package.add("manifest.json", 0, whole(manifest)).await.map_err(ApiError::internal)?;
        Box::pin(package.finish()).await.map_err(ApiError::internal)
    }

    async fn add_documents(&mut self, in_trash: bool) -> Result<(), ApiError> {
        let mut filter = Filter { in_trash, ..Filter::default() };
        loop {
            let mut tx = self.actor.begin(&self.app).await?;
            let found = documents::list(&mut tx, self.actor.owner(), &filter, BATCH).await?;
            tx.commit().await?;
            let Some(last) = found.last() else { return Ok(()) };
            filter.before = Some(last.document.id);
            for id in found.iter().map(|found| found.document.id) {
                if self.seen.insert(id) {
                    self.add_document(id).await?;
                }
            }
        }
    }

    async fn add_document(&mut self, id: DocumentId) -> Result<(), ApiError> {
        let opened = match Opened::load(&self.app, self.actor, id).await {
            Ok(opened) => opened,
            Err(error) => return self.leave_out(id, "document", error),
        };
        let about = About::new(&opened);
        match Document::open(&opened.found, &opened.key) {
            Ok(document) => self.add_json(&format!("documents/{id}/document.json"), Some(about), &document).await?,
            Err(error) => return self.leave_out(id, "document", error),
        }
        // The virus scanner may have found something since.
        let opened = match Opened::load_readable(&self.app, self.actor, id).await {
            Ok(opened) => opened,
            Err(error) => return self.leave_out(id, "content", error),
        };
        self.add_original(&opened, about).await?;
        for (format, file, media_type) in [("txt", "text.txt", "text/plain"), ("json", "text.json", JSON)] {
            let asked = Path((id, format.to_owned()));
            match formats::document(State(Arc::clone(&self.app)), self.actor, asked).await {
                Ok(answer) => self.add(&format!("documents/{id}/{file}"), Some(about), media_type, 0, answer).await?,
                Err(error) => self.leave_out(id, file, error)?,
            }
        }
        let Some(pdf) = opened.found.pdf else { return Ok(()) };
        let key = ObjectKey::SearchablePdf(id, pdf.task, pdf.attempt);
        let path = format!("documents/{id}/searchable.pdf");
        self.add_object(&opened, about, key, (path, "searchable.pdf", "application/pdf")).await
    }

    async fn add_original(&mut self, opened: &Opened, about: About) -> Result<(), ApiError> {
        let id = about.document;
        let name = safe_name(&opened.metadata()?.name);
        let file = (format!("documents/{id}/original-{name}"), "original", opened.found.document.media_type.as_str());
        self.add_object(opened, about, ObjectKey::Original(id), file).await
    }

    /// Adds an object of the store. One that is missing, or whose beginning does not open, is left out; damage further on
    /// breaks the export off.
    async fn add_object(
        &mut self,
        opened: &Opened,
        about: About,
        key: ObjectKey,
        (path, what, media_type): (String, &'static str, &'static str),
    ) -> Result<(), ApiError> {
        let reader = Reader::new(&self.app, self.actor);
        match object::open_if_there(&reader, opened, key, None, &Asked::default()).await {
            Ok(Some(answer)) => {
                self.add(&path, Some(about), media_type, opened.found.document.size_bytes, answer).await
            }
            Ok(None) => {
                self.manifest.left_out.push(LeftOut { document: about.document, what, why: "missing" });
                Ok(())
            }
            Err(error) => self.leave_out(about.document, what, error),
        }
    }

    async fn add(
        &mut self,
        path: &str,
        document: Option<About>,
        media_type: &'static str,
        expected: u64,
        answer: Response,
    ) -> Result<(), ApiError> {
        let packed = self.package.add(path, expected, answer.into_body().into_data_stream()).await;
        self.note(path, document, media_type, packed.map_err(ApiError::internal)?);
        Ok(())
    }

    async fn add_json(&mut self, path: &str, document: Option<About>, value: &impl Serialize) -> Result<(), ApiError> {
        let json = serde_json::to_vec_pretty(value).map_err(ApiError::internal)?;
        let packed = self.package.add(path, 0, whole(json)).await.map_err(ApiError::internal)?;
        self.note(path, document, JSON, packed);
        Ok(())
    }

    fn note(&mut self, path: &str, document: Option<About>, media_type: &'static str, packed: Packed) {
        let Packed { size_bytes, sha256 } = packed;
        self.manifest.files.push(Entry { path: path.to_owned(), document, media_type, size_bytes, sha256 });
    }

    /// Notes why something is not in there; what is not about that document breaks the export off.
    fn leave_out(&mut self, document: DocumentId, what: &'static str, error: ApiError) -> Result<(), ApiError> {
        let why = match error {
            ApiError::Quarantined => "quarantined",
            ApiError::Damaged { .. } => "damaged",
            ApiError::NotReady => "not_ready",
            ApiError::DocumentNotFound => "document_not_found",
            other => return Err(other),
        };
        self.manifest.left_out.push(LeftOut { document, what, why });
        Ok(())
    }
}

impl About {
    fn new(opened: &Opened) -> Self {
        let (document, task) = (&opened.found.document, &opened.found.task);
        Self {
            document: document.id,
            created_at: document.created_at,
            read_at: task.ended_at,
            is_in_trash: document.trash.is_some(),
        }
    }
}

fn whole(bytes: Vec<u8>) -> stream::Iter<std::array::IntoIter<Result<Bytes, Infallible>, 1>> {
    stream::iter([Ok(Bytes::from(bytes))])
}
