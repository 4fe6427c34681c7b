use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{TryStreamExt, stream};
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
        ETagCondition, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
        HeadObjectOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsV2Input,
        ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload, Object, Part, PutObjectInput,
        PutObjectOutput, StreamingBlob, Timestamp, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    answer::blocking,
    disk::Disk,
    object_file::ObjectInfo,
    receive::{Promised, receive},
    uploads::Upload,
};
use crate::clock;

/// Longest key that S3 allows.
const MAX_KEY_LEN: usize = 1024;
/// Most keys in one page of a listing.
const MAX_PAGE: i32 = 1000;
/// Parts but the last must have this length, as in S3.
const MIN_PART_LEN: u64 = 5 << 20;
const MAX_PART_NUMBER: i32 = 10_000;
/// How much is read from the disk at once.
const READ_LEN: u64 = 256 << 10;

/// The operations of S3 that UNTXT uses, over one bucket.
#[derive(Debug)]
pub(super) struct Service {
    disk: Arc<Disk>,
    bucket: String,
}

impl Service {
    pub(super) fn new(disk: Arc<Disk>, bucket: &str) -> Self {
        Self { disk, bucket: bucket.to_owned() }
    }

    fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.bucket { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// Refuses other buckets, and keys that could be mistaken for paths.
    fn check(&self, bucket: &str, key: &str) -> S3Result<()> {
        self.check_bucket(bucket)?;
        let is_bad = |segment: &str| matches!(segment, "" | "." | "..") || segment.contains(char::is_control);
        if key.len() > MAX_KEY_LEN || key.split('/').any(is_bad) {
            return Err(s3_error!(
                InvalidArgument,
                "a key has no empty segment, no dot segment, and at most 1024 bytes"
            ));
        }
        Ok(())
    }

    async fn find_object(&self, key: String) -> S3Result<(File, ObjectInfo)> {
        let disk = Arc::clone(&self.disk);
        blocking(move || disk.find(&key)).await?.ok_or_else(|| s3_error!(NoSuchKey))
    }

    async fn find_upload(&self, id: String, key: String) -> S3Result<Upload> {
        let disk = Arc::clone(&self.disk);
        blocking(move || Upload::find(&disk, &id, &key)).await?.ok_or_else(|| s3_error!(NoSuchUpload))
    }
}

#[async_trait]
impl S3 for Service {
    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.check_bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        self.check(&input.bucket, &input.key)?;
        refuse_encryption(input.server_side_encryption.is_some() || input.sse_customer_algorithm.is_some())?;
        let only_if_absent = match (input.if_match, input.if_none_match) {
            (None, None) => false,
            (None, Some(ETagCondition::Any)) => true,
            _ => return Err(s3_error!(NotImplemented, "of conditions only If-None-Match: * is known")),
        };
        let promised = Promised {
            length: input.content_length,
            md5: input.content_md5,
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let received = receive(&self.disk, input.body, promised, &request.headers, request.trailing_headers).await?;
        let info = ObjectInfo {
            key: input.key,
            length: received.length,
            etag: received.etag.clone(),
            modified: clock::now().unix_timestamp(),
            crc32: None,
            upload_id: None,
        };
        let disk = Arc::clone(&self.disk);
        if !blocking(move || disk.publish(received.file, info, only_if_absent)).await? {
            return Err(s3_error!(PreconditionFailed));
        }
        let (e_tag, checksum_crc32) = (Some(ETag::Strong(received.etag)), received.crc32);
        Ok(S3Response::new(PutObjectOutput { e_tag, checksum_crc32, ..Default::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        self.check(&input.bucket, &input.key)?;
        let has_condition = input.if_match.is_some() || input.if_none_match.is_some();
        if has_condition || input.if_modified_since.is_some() || input.if_unmodified_since.is_some() {
            return Err(s3_error!(NotImplemented, "reading has no conditions here"));
        }
        let (file, info) = self.find_object(input.key).await?;
        let range = input.range.map(|range| range.check(info.length)).transpose()?;
        let content_range =
            range.as_ref().map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, info.length));
        let range = range.unwrap_or(0..info.length);
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(to_i64(range.end - range.start)),
            body: Some(StreamingBlob::wrap(read_range(file, range))),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(to_timestamp(info.modified)?),
            e_tag: Some(ETag::Strong(info.etag)),
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.check(&request.input.bucket, &request.input.key)?;
        let (_, info) = self.find_object(request.input.key).await?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(to_i64(info.length)),
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(to_timestamp(info.modified)?),
            e_tag: Some(ETag::Strong(info.etag)),
            ..Default::default()
        }))
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.check(&request.input.bucket, &request.input.key)?;
        let (disk, key) = (Arc::clone(&self.disk), request.input.key);
        blocking(move || disk.delete(&[key])).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let delete = request.input.delete;
        let keys: Vec<_> = delete.objects.into_iter().map(|object| object.key).collect();
        for key in &keys {
            self.check(&request.input.bucket, key)?;
        }
        let named = |key: &String| DeletedObject { key: Some(key.clone()), ..Default::default() };
        let deleted = (delete.quiet != Some(true)).then(|| keys.iter().map(named).collect());
        let disk = Arc::clone(&self.disk);
        blocking(move || disk.delete(&keys)).await?;
        Ok(S3Response::new(DeleteObjectsOutput { deleted, ..Default::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.check_bucket(&input.bucket)?;
        if input.delimiter.is_some() {
            return Err(s3_error!(NotImplemented, "listings have no delimiter here"));
        }
        // The token is the last key of the page before, in hexadecimal.
        let after = match &input.continuation_token {
            Some(token) => Some(read_token(token).ok_or_else(|| s3_error!(InvalidArgument, "unknown token"))?),
            None => input.start_after.clone(),
        };
        let max_keys = input.max_keys.unwrap_or(MAX_PAGE).clamp(0, MAX_PAGE);
        let (disk, prefix) = (Arc::clone(&self.disk), input.prefix.clone().unwrap_or_default());
        let limit = usize::try_from(max_keys).unwrap_or_default();
        let page = blocking(move || disk.list(&prefix, after.as_deref(), limit)).await?;
        let next = page.objects.last().filter(|_| page.is_truncated).map(|info| hex::encode(&info.key));
        let contents = page.objects.into_iter().map(to_object).collect::<S3Result<Vec<_>>>()?;
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            max_keys: Some(max_keys),
            key_count: i32::try_from(contents.len()).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.is_truncated),
            next_continuation_token: next,
            contents: Some(contents),
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let input = request.input;
        self.check(&input.bucket, &input.key)?;
        refuse_encryption(input.server_side_encryption.is_some() || input.sse_customer_algorithm.is_some())?;
        let disk = Arc::clone(&self.disk);
        let upload = blocking(move || Upload::begin(&disk, input.key)).await?;
        Ok(S3Response::new(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            checksum_algorithm: input.checksum_algorithm,
            ..Default::default()
        }))
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let input = request.input;
        self.check(&input.bucket, &input.key)?;
        let number = input.part_number;
        if !(1..=MAX_PART_NUMBER).contains(&number) {
            return Err(s3_error!(InvalidArgument, "part numbers go from 1 to {MAX_PART_NUMBER}"));
        }
        let upload = self.find_upload(input.upload_id, input.key).await?;
        let promised = Promised {
            length: input.content_length,
            md5: input.content_md5,
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let received = receive(&self.disk, input.body, promised, &request.headers, request.trailing_headers).await?;
        let info = ObjectInfo {
            key: upload.key.clone(),
            length: received.length,
            etag: received.etag.clone(),
            modified: clock::now().unix_timestamp(),
            crc32: received.crc32.clone(),
            upload_id: None,
        };
        blocking(move || upload.keep_part(number, received.file, &info)).await?;
        let (e_tag, checksum_crc32) = (Some(ETag::Strong(received.etag)), received.crc32);
        Ok(S3Response::new(UploadPartOutput { e_tag, checksum_crc32, ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let input = request.input;
        self.check(&input.bucket, &input.key)?;
        if input.if_match.is_some() || input.if_none_match.is_some() {
            return Err(s3_error!(NotImplemented, "completing has no conditions here"));
        }
        let info = match self.find_upload(input.upload_id.clone(), input.key.clone()).await {
            Ok(upload) => {
                let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
                let disk = Arc::clone(&self.disk);
                blocking(move || match choose_parts(&upload, &wanted) {
                    Ok(parts) => upload.complete(&disk, parts).map(Ok),
                    Err(refusal) => Ok(Err(refusal)),
                })
                .await??
            }
            // A client that lost the answer completes again: it gets the same answer again.
            Err(error) => match self.find_object(input.key.clone()).await {
                Ok((_, info)) if info.upload_id.as_ref() == Some(&input.upload_id) => info,
                _ => return Err(error),
            },
        };
        Ok(S3Response::new(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(info.key),
            e_tag: Some(ETag::Strong(info.etag)),
            ..Default::default()
        }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.check(&request.input.bucket, &request.input.key)?;
        let upload = self.find_upload(request.input.upload_id, request.input.key).await?;
        blocking(move || upload.remove()).await?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        let input = request.input;
        self.check(&input.bucket, &input.key)?;
        let upload = self.find_upload(input.upload_id.clone(), input.key.clone()).await?;
        let after = input.part_number_marker.unwrap_or_default();
        let limit = usize::try_from(input.max_parts.unwrap_or(MAX_PAGE).clamp(0, MAX_PAGE)).unwrap_or_default();
        let mut all = blocking(move || upload.parts()).await?;
        all.retain(|(number, _)| *number > after);
        let is_truncated = all.len() > limit;
        all.truncate(limit);
        let last = all.last().filter(|_| is_truncated).map(|(number, _)| *number);
        let parts = all.into_iter().map(to_part).collect::<S3Result<Vec<_>>>()?;
        Ok(S3Response::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(is_truncated),
            next_part_number_marker: last,
            parts: Some(parts),
            ..Default::default()
        }))
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        let input = request.input;
        self.check_bucket(&input.bucket)?;
        let (disk, prefix) = (Arc::clone(&self.disk), input.prefix.clone().unwrap_or_default());
        let found = blocking(move || Upload::all(&disk)).await?;
        let uploads = found
            .into_iter()
            .filter(|upload| upload.key.starts_with(&prefix))
            .map(|upload| MultipartUpload { key: Some(upload.key), upload_id: Some(upload.id), ..Default::default() });
        Ok(S3Response::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            is_truncated: Some(false),
            uploads: Some(uploads.collect()),
            ..Default::default()
        }))
    }
}

/// Opens the parts that a client wants joined, refusing what is not exactly what it sent.
fn choose_parts(upload: &Upload, wanted: &[CompletedPart]) -> S3Result<Vec<(File, ObjectInfo)>> {
    let numbers: Vec<_> = wanted.iter().map(|part| part.part_number.unwrap_or_default()).collect();
    if numbers.is_empty() {
        return Err(s3_error!(MalformedXML, "no parts are named"));
    }
    if !numbers.is_sorted_by(|a, b| a < b) {
        return Err(s3_error!(InvalidPartOrder));
    }
    let found: Vec<_> = numbers.iter().map(|number| upload.find_part(*number)).collect();
    let last = found.len() - 1;
    let mut parts = Vec::with_capacity(found.len());
    for (position, (part, wanted)) in found.into_iter().zip(wanted).enumerate() {
        let (file, info) = part.ok_or_else(|| s3_error!(InvalidPart))?;
        let is_same = wanted.e_tag.as_ref().is_some_and(|tag| tag.value() == info.etag);
        if !is_same || (wanted.checksum_crc32.is_some() && wanted.checksum_crc32 != info.crc32) {
            return Err(s3_error!(InvalidPart));
        }
        if position != last && info.length < MIN_PART_LEN {
            return Err(s3_error!(EntityTooSmall));
        }
        parts.push((file, info));
    }
    Ok(parts)
}

/// Reads a range of a file, piece by piece, as fast as it is taken.
fn read_range(file: File, range: std::ops::Range<u64>) -> impl futures::Stream<Item = Result<Bytes, io::Error>> + Send {
    let file = Arc::new(file);
    stream::try_unfold((file, range), |(file, mut range)| async move {
        let length = (range.end - range.start).min(READ_LEN);
        if length == 0 {
            return Ok::<_, io::Error>(None);
        }
        let (source, start) = (Arc::clone(&file), range.start);
        range.start += length;
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            source.read_exact_at(&mut piece, start)?;
            Ok::<_, io::Error>(Bytes::from(piece))
        });
        let piece = read.await.map_err(io::Error::other)??;
        Ok(Some((piece, (file, range))))
    })
    .inspect_err(|error| tracing::error!(error = error as &dyn std::error::Error, "an object can't be read"))
}

/// Refuses to pretend: what arrives here is sealed already, and nothing more is done to it.
fn refuse_encryption(is_asked: bool) -> S3Result<()> {
    if is_asked { Err(s3_error!(NotImplemented, "this store has no encryption of its own")) } else { Ok(()) }
}

fn read_token(token: &str) -> Option<String> {
    String::from_utf8(hex::decode(token).ok()?).ok()
}

fn to_i64(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn to_timestamp(seconds: i64) -> S3Result<Timestamp> {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| s3_error!(error, InternalError))?;
    Ok(time.into())
}

fn to_object(info: ObjectInfo) -> S3Result<Object> {
    Ok(Object {
        last_modified: Some(to_timestamp(info.modified)?),
        size: Some(to_i64(info.length)),
        e_tag: Some(ETag::Strong(info.etag)),
        key: Some(info.key),
        ..Default::default()
    })
}

fn to_part((number, info): (i32, ObjectInfo)) -> S3Result<Part> {
    Ok(Part {
        part_number: Some(number),
        last_modified: Some(to_timestamp(info.modified)?),
        size: Some(to_i64(info.length)),
        e_tag: Some(ETag::Strong(info.etag)),
        checksum_crc32: info.crc32,
        ..Default::default()
    })
}
