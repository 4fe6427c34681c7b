//! The file inside a multipart body, piece by piece, with what is known of it before it is read.

use std::{sync::Arc, time::Duration};

use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use multer::{Field, Multipart};
use tokio::time::timeout;
use untxt_core::{config, domain::MediaType};

use super::{
    name::clean_name,
    pace::{Meter, Pace},
};
use crate::problem::ApiError;

/// What sniffing may look at: a PDF may begin after 1,024 bytes of rubbish.
const HEAD_BYTES: usize = 1024 + 5;

/// Everything of a body that is not the file: part headers, boundaries, other fields.
pub(super) const MAX_OVERHEAD: u64 = 64 << 10;

/// An upload that does not move for so long is given up.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// The file of one upload, of a kind that is allowed; read so far is only its head.
pub(super) struct FilePart {
    pub(super) name: String,
    pub(super) media_type: MediaType,
    multipart: Multipart<'static>,
    field: Field<'static>,
    meter: Arc<Meter>,
    head: Option<Bytes>,
    received: u64,
    max_bytes: u64,
}

impl FilePart {
    /// Goes to the field named `file` and looks at its first bytes.
    pub(super) async fn find(request: Request, limits: &config::Limits) -> Result<Self, ApiError> {
        let boundary = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = boundary.and_then(|kind| multer::parse_boundary(kind).ok()).ok_or(ApiError::FileMissing)?;
        let meter = Arc::new(Meter::new(limits.max_file_bytes.saturating_add(MAX_OVERHEAD)));
        let body = Pace::new(request.into_body().into_data_stream(), Arc::clone(&meter));
        let mut multipart = Multipart::new(body, boundary);
        let field = next_file(&mut multipart, &meter, limits.max_file_bytes).await?.ok_or(ApiError::FileMissing)?;
        let mut part = Self {
            name: clean_name(field.file_name()),
            media_type: MediaType::Pdf,
            multipart,
            field,
            meter,
            head: None,
            received: 0,
            max_bytes: limits.max_file_bytes,
        };
        let head = part.read_head().await?;
        if head.is_empty() {
            return Err(ApiError::EmptyFile);
        }
        let kind = MediaType::sniff(&head).filter(|kind| limits.allowed_types.contains(kind));
        part.media_type = kind.ok_or_else(|| ApiError::UnsupportedType { allowed: limits.allowed_types.clone() })?;
        part.head = Some(head);
        Ok(part)
    }

    async fn read_head(&mut self) -> Result<Bytes, ApiError> {
        let mut head = BytesMut::new();
        while head.len() < HEAD_BYTES {
            let Some(piece) = self.read().await? else { break };
            head.extend_from_slice(&piece);
        }
        Ok(head.freeze())
    }

    /// Gives the next piece of the file, the head included; none at its end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        match self.head.take() {
            Some(head) => Ok(Some(head)),
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, ApiError> {
        let piece = timeout(STALL_LIMIT, self.field.chunk()).await.map_err(|_| ApiError::UploadStalled)?;
        self.meter.reset();
        let piece = piece.map_err(|_| explain(&self.meter, self.max_bytes))?;
        self.received += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if self.received > self.max_bytes {
            return Err(ApiError::FileTooLarge { max_bytes: self.max_bytes });
        }
        Ok(piece)
    }

    /// Reads to the end of the body: a second file would otherwise be lost without a word.
    pub(super) async fn end(self) -> Result<(), ApiError> {
        let Self { mut multipart, field, meter, max_bytes, .. } = self;
        // The parser goes on only when no field is in use.
        drop(field);
        match next_file(&mut multipart, &meter, max_bytes).await? {
            None => Ok(()),
            Some(_) => Err(ApiError::BadRequest("send one file in each request")),
        }
    }
}

/// Goes to the next field named `file`, over all others.
async fn next_file(
    multipart: &mut Multipart<'static>,
    meter: &Meter,
    max_bytes: u64,
) -> Result<Option<Field<'static>>, ApiError> {
    loop {
        let field = timeout(STALL_LIMIT, multipart.next_field()).await.map_err(|_| ApiError::UploadStalled)?;
        meter.reset();
        match field.map_err(|_| explain(meter, max_bytes))? {
            Some(field) if field.name() != Some("file") => {}
            field => return Ok(field),
        }
    }
}

/// Tells why the body can't be read on. The parser's own words may hold parts of the body, so they go nowhere.
fn explain(meter: &Meter, max_bytes: u64) -> ApiError {
    if meter.is_over() { ApiError::FileTooLarge { max_bytes } } else { ApiError::UploadBroken }
}
