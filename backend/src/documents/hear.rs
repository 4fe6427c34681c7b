use axum::{body::Body, extract::Request};
use http::header::CONTENT_TYPE;
use untxt_core::{config::Limits, domain::MediaType};

use super::{
    disposition::attachment,
    part::FilePart,
    receive::{Received, measure},
};

/// What an upload is taken for.
#[derive(Debug)]
pub struct Heard {
    /// The name of its file.
    pub name: String,
    /// What a download of it is called, as a header.
    pub disposition: String,
    /// The kind of its file.
    pub media_type: MediaType,
    /// How long the file is.
    pub size_bytes: u64,
}

/// Takes bytes for the body of an upload, as a handler does, and reads to its end; `None` when it is refused. It is there
/// for `fuzz/` alone, where whatever stops it is a find.
#[must_use]
pub fn hear_upload(boundary: &str, body: Vec<u8>) -> Option<Heard> {
    let request = Request::builder().header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"));
    let request = request.body(Body::from(body)).ok()?;
    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
    clock.block_on(async {
        let part = FilePart::find(request, &limits()).await.ok()?;
        let (name, media_type) = (part.name.clone(), part.media_type);
        let Received { size_bytes, .. } = measure(part).await.ok()?;
        let disposition = attachment(&name).to_str().ok()?.to_owned();
        Some(Heard { name, disposition, media_type, size_bytes })
    })
}

fn limits() -> Limits {
    Limits {
        max_file_bytes: 1 << 20,
        allowed_types: MediaType::ALL.to_vec(),
        max_pages: 20,
        max_page_pixels: 4_000_000,
        max_readings: 1,
        requests_per_minute: 0,
        requests_per_minute_of_strangers: 0,
        page_timeout_seconds: 1,
        task_timeout_seconds: 1,
        child_memory_bytes: 1 << 30,
    }
}
