use std::sync::Arc;

use s3s::{
    S3Request, S3Result,
    dto::{
        DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
        ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input,
        ListObjectsV2Output, PutObjectInput, PutObjectOutput, StreamingBlob,
    },
    s3_error,
};

use super::{
    answer::{blocking, refuse_encryption, to_i64, to_object, to_timestamp},
    object_file::ObjectInfo,
    receive::{Promised, receive},
    send::read_range,
    service::{MAX_PAGE, Service},
};
use crate::clock;

/// Objects that are sent and read in one piece.
impl Service {
    /// Stores an object.
    pub(super) async fn put(&self, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
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
        Ok(PutObjectOutput { e_tag, checksum_crc32, ..Default::default() })
    }

    /// Reads an object, whole or a range.
    pub(super) async fn get(&self, input: GetObjectInput) -> S3Result<GetObjectOutput> {
        self.check(&input.bucket, &input.key)?;
        let has_condition = input.if_match.is_some() || input.if_none_match.is_some();
        let has_condition = has_condition || input.if_modified_since.is_some() || input.if_unmodified_since.is_some();
        if has_condition || input.part_number.is_some() || input.version_id.is_some() {
            return Err(s3_error!(NotImplemented, "reading knows no conditions, parts or versions here"));
        }
        let (file, info) = self.find_object(input.key).await?;
        let range = input.range.map(|range| range.check(info.length)).transpose()?;
        let content_range =
            range.as_ref().map(|range| format!("bytes {}-{}/{}", range.start, range.end - 1, info.length));
        let range = range.unwrap_or(0..info.length);
        Ok(GetObjectOutput {
            content_length: Some(to_i64(range.end - range.start)),
            body: Some(StreamingBlob::wrap(read_range(file, range))),
            content_range,
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(to_timestamp(info.modified)?),
            e_tag: Some(ETag::Strong(info.etag)),
            ..Default::default()
        })
    }

    /// Says what is known about an object.
    pub(super) async fn head(&self, input: HeadObjectInput) -> S3Result<HeadObjectOutput> {
        self.check(&input.bucket, &input.key)?;
        let (_, info) = self.find_object(input.key).await?;
        Ok(HeadObjectOutput {
            content_length: Some(to_i64(info.length)),
            accept_ranges: Some("bytes".to_owned()),
            last_modified: Some(to_timestamp(info.modified)?),
            e_tag: Some(ETag::Strong(info.etag)),
            ..Default::default()
        })
    }

    /// Deletes an object.
    pub(super) async fn delete(&self, input: DeleteObjectInput) -> S3Result<DeleteObjectOutput> {
        self.check(&input.bucket, &input.key)?;
        let (disk, key) = (Arc::clone(&self.disk), input.key);
        blocking(move || disk.delete(&[key])).await?;
        Ok(DeleteObjectOutput::default())
    }

    /// Deletes objects, all in one request.
    pub(super) async fn delete_all(&self, input: DeleteObjectsInput) -> S3Result<DeleteObjectsOutput> {
        let delete = input.delete;
        let keys: Vec<_> = delete.objects.into_iter().map(|object| object.key).collect();
        for key in &keys {
            self.check(&input.bucket, key)?;
        }
        let named = |key: &String| DeletedObject { key: Some(key.clone()), ..Default::default() };
        let deleted = (delete.quiet != Some(true)).then(|| keys.iter().map(named).collect());
        let disk = Arc::clone(&self.disk);
        blocking(move || disk.delete(&keys)).await?;
        Ok(DeleteObjectsOutput { deleted, ..Default::default() })
    }

    /// Gives a page of the keys in order.
    pub(super) async fn list(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
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
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            max_keys: Some(max_keys),
            key_count: i32::try_from(contents.len()).ok(),
            continuation_token: input.continuation_token,
            is_truncated: Some(page.is_truncated),
            next_continuation_token: next,
            contents: Some(contents),
            ..Default::default()
        })
    }
}

fn read_token(token: &str) -> Option<String> {
    String::from_utf8(hex::decode(token).ok()?).ok()
}
