use std::{io, io::Write, sync::Arc};

use aws_lc_rs::digest;
use futures::StreamExt;
use http::HeaderMap;
use s3s::{
    S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::StreamingBlob,
    s3_error,
};
use tempfile::NamedTempFile;

use super::{
    answer::{blocking, trouble},
    disk::Disk,
    object_file::entity_tag,
};

/// How much is collected before it is written: enough to keep the number of hand-overs between threads low.
const WRITE_LEN: usize = 512 << 10;

/// What a client says its bytes are; base64 as in the headers.
#[derive(Debug, Default)]
pub(super) struct Promised {
    pub(super) length: Option<i64>,
    pub(super) md5: Option<String>,
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
}

/// Bytes that arrived whole and are what was promised.
pub(super) struct Received {
    pub(super) file: NamedTempFile,
    pub(super) length: u64,
    pub(super) etag: String,
    pub(super) crc32: Option<String>,
}

struct Sink {
    file: NamedTempFile,
    length: u64,
    hash: digest::Context,
    checksums: ChecksumHasher,
    md5: Option<Md5>,
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.checksums.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
        self.length += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

/// Writes a body to a new temporary file, and compares it with what was promised in headers or trailers.
pub(super) async fn receive(
    disk: &Arc<Disk>,
    body: Option<StreamingBlob>,
    mut promised: Promised,
    headers: &HeaderMap,
    trailers: Option<TrailingHeaders>,
) -> S3Result<Received> {
    let announced = headers.get("x-amz-trailer").and_then(|names| names.to_str().ok()).unwrap_or_default();
    let checksums = hashers(&promised, announced);
    let (disk, has_md5) = (Arc::clone(disk), promised.md5.is_some());
    let mut sink = blocking(move || {
        let (file, hash) = (disk.create_temporary()?, digest::Context::new(&digest::SHA256));
        Ok(Sink { file, length: 0, hash, checksums, md5: has_md5.then(Md5::new) })
    })
    .await?;
    if let Some(mut body) = body {
        let mut pending = Vec::with_capacity(WRITE_LEN);
        while let Some(piece) = body.next().await {
            pending.extend_from_slice(&piece.map_err(|_| s3_error!(IncompleteBody))?);
            if pending.len() >= WRITE_LEN {
                (sink, pending) = write(sink, pending).await?;
            }
        }
        (sink, _) = write(sink, pending).await?;
    }
    if let Some(trailers) = trailers.and_then(|trailers| trailers.take()) {
        promised.add_trailers(&trailers);
    }
    promised.check(sink)
}

async fn write(mut sink: Sink, mut pending: Vec<u8>) -> S3Result<(Sink, Vec<u8>)> {
    blocking(move || {
        sink.write(&pending)?;
        pending.clear();
        Ok((sink, pending))
    })
    .await
}

fn hashers(promised: &Promised, announced: &str) -> ChecksumHasher {
    let wanted = |value: &Option<String>, name: &str| value.is_some() || announced.contains(name);
    ChecksumHasher {
        crc32: wanted(&promised.crc32, "x-amz-checksum-crc32").then(s3s::crypto::Crc32::new),
        crc32c: wanted(&promised.crc32c, "x-amz-checksum-crc32c").then(s3s::crypto::Crc32c::new),
        crc64nvme: wanted(&promised.crc64nvme, "x-amz-checksum-crc64nvme").then(s3s::crypto::Crc64Nvme::new),
        sha1: wanted(&promised.sha1, "x-amz-checksum-sha1").then(s3s::crypto::Sha1::new),
        sha256: wanted(&promised.sha256, "x-amz-checksum-sha256").then(s3s::crypto::Sha256::new),
    }
}

impl Promised {
    fn add_trailers(&mut self, trailers: &HeaderMap) {
        let find = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        self.crc32 = self.crc32.take().or_else(|| find("x-amz-checksum-crc32"));
        self.crc32c = self.crc32c.take().or_else(|| find("x-amz-checksum-crc32c"));
        self.crc64nvme = self.crc64nvme.take().or_else(|| find("x-amz-checksum-crc64nvme"));
        self.sha1 = self.sha1.take().or_else(|| find("x-amz-checksum-sha1"));
        self.sha256 = self.sha256.take().or_else(|| find("x-amz-checksum-sha256"));
    }

    fn check(self, sink: Sink) -> S3Result<Received> {
        if self.length.is_some_and(|promised| u64::try_from(promised) != Ok(sink.length)) {
            return Err(s3_error!(IncompleteBody));
        }
        let found = sink.checksums.finalize();
        let md5 = sink.md5.map(|md5| aws_smithy_types::base64::encode(md5.finalize()));
        let pairs = [
            (&self.md5, &md5),
            (&self.crc32, &found.checksum_crc32),
            (&self.crc32c, &found.checksum_crc32c),
            (&self.crc64nvme, &found.checksum_crc64nvme),
            (&self.sha1, &found.checksum_sha1),
            (&self.sha256, &found.checksum_sha256),
        ];
        if pairs.iter().any(|(promised, found)| promised.is_some() && promised != found) {
            return Err(s3_error!(BadDigest));
        }
        sink.file.as_file().flush().map_err(trouble)?;
        Ok(Received { file: sink.file, length: sink.length, etag: entity_tag(sink.hash), crc32: self.crc32 })
    }
}
