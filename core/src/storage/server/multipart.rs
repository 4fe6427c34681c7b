use std::sync::Arc;

use s3s::{
    S3Request, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CompletedPart, CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload,
        UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    answer::{blocking, refuse_encryption, to_part},
    object_file::ObjectInfo,
    receive::{Promised, receive},
    service::{MAX_PAGE, Service},
    uploads::Upload,
};
use crate::clock;

/// Parts but the last must have this length, as in S3.
const MIN_PART_LEN: u64 = 5 << 20;
const MAX_PART_NUMBER: i32 = 10_000;

/// Objects that are sent in parts.
impl Service {
    /// Begins an upload in parts.
    pub(super) async fn begin_upload(
        &self,
        input: CreateMultipartUploadInput,
    ) -> S3Result<CreateMultipartUploadOutput> {
        self.check(&input.bucket, &input.key)?;
        refuse_encryption(input.server_side_encryption.is_some() || input.sse_customer_algorithm.is_some())?;
        let disk = Arc::clone(&self.disk);
        let upload = blocking(move || Upload::begin(&disk, input.key)).await?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            checksum_algorithm: input.checksum_algorithm,
            ..Default::default()
        })
    }

    /// Keeps one part.
    pub(super) async fn keep_part(&self, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
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
        Ok(UploadPartOutput { e_tag, checksum_crc32, ..Default::default() })
    }

    /// Joins the parts; a client that lost the answer may ask again.
    pub(super) async fn complete_upload(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        self.check(&input.bucket, &input.key)?;
        if input.if_match.is_some() || input.if_none_match.is_some() {
            return Err(s3_error!(NotImplemented, "completing has no conditions here"));
        }
        let info = match self.find_upload(input.upload_id.clone(), input.key.clone()).await {
            Ok(upload) => {
                let wanted = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
                let disk = Arc::clone(&self.disk);
                blocking(move || match choose_parts(&upload, &wanted) {
                    Ok(parts) => upload.complete(&disk, &parts).map(Ok),
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
        Ok(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(info.key),
            e_tag: Some(ETag::Strong(info.etag)),
            ..Default::default()
        })
    }

    /// Removes an upload with its parts.
    pub(super) async fn abort_upload(&self, input: AbortMultipartUploadInput) -> S3Result<AbortMultipartUploadOutput> {
        self.check(&input.bucket, &input.key)?;
        let upload = self.find_upload(input.upload_id, input.key).await?;
        blocking(move || upload.remove()).await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    /// Gives the parts of an upload.
    pub(super) async fn list_parts_of(&self, input: ListPartsInput) -> S3Result<ListPartsOutput> {
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
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            is_truncated: Some(is_truncated),
            next_part_number_marker: last,
            parts: Some(parts),
            ..Default::default()
        })
    }

    /// Gives the uploads under way, by key and id, those after the markers.
    pub(super) async fn list_uploads(&self, input: ListMultipartUploadsInput) -> S3Result<ListMultipartUploadsOutput> {
        self.check_bucket(&input.bucket)?;
        if input.delimiter.is_some() {
            return Err(s3_error!(NotImplemented, "uploads are listed without a delimiter here"));
        }
        let limit = usize::try_from(input.max_uploads.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE)).unwrap_or_default();
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone());
        let disk = Arc::clone(&self.disk);
        let mut found = blocking(move || Upload::all(&disk)).await?;
        found.retain(|upload| upload.key.starts_with(&prefix) && is_after(upload, &after));
        let is_truncated = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_truncated).map(|upload| (upload.key.clone(), upload.id.clone()));
        let (next_key_marker, next_upload_id_marker) = last.unzip();
        let uploads = found.into_iter().map(|upload| MultipartUpload {
            key: Some(upload.key),
            upload_id: Some(upload.id),
            ..Default::default()
        });
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: input.prefix,
            key_marker: input.key_marker,
            upload_id_marker: input.upload_id_marker,
            max_uploads: i32::try_from(limit).ok(),
            is_truncated: Some(is_truncated),
            next_key_marker,
            next_upload_id_marker,
            uploads: Some(uploads.collect()),
            ..Default::default()
        })
    }
}

/// As S3 does: a key marker alone skips all uploads of that key, with an id those up to it.
fn is_after(upload: &Upload, (key, id): &(String, Option<String>)) -> bool {
    upload.key > *key || (upload.key == *key && id.as_ref().is_some_and(|id| upload.id > *id))
}

/// Finds the parts that a client wants joined, refusing what is not exactly what it sent.
fn choose_parts(upload: &Upload, wanted: &[CompletedPart]) -> S3Result<Vec<(i32, ObjectInfo)>> {
    let numbers: Vec<_> = wanted.iter().map(|part| part.part_number.unwrap_or_default()).collect();
    if numbers.is_empty() {
        return Err(s3_error!(MalformedXML, "no parts are named"));
    }
    if !numbers.is_sorted_by(|a, b| a < b) {
        return Err(s3_error!(InvalidPartOrder));
    }
    let mut parts = Vec::with_capacity(numbers.len());
    for (number, wanted) in numbers.into_iter().zip(wanted) {
        let (_, info) = upload.find_part(number).ok_or_else(|| s3_error!(InvalidPart))?;
        let is_same = wanted.e_tag.as_ref().is_some_and(|tag| tag.value() == info.etag);
        if !is_same || (wanted.checksum_crc32.is_some() && wanted.checksum_crc32 != info.crc32) {
            return Err(s3_error!(InvalidPart));
        }
        parts.push((number, info));
    }
    let is_small = |(_, info): &(i32, ObjectInfo)| info.length < MIN_PART_LEN;
    if parts.iter().rev().skip(1).any(is_small) {
        return Err(s3_error!(EntityTooSmall));
    }
    Ok(parts)
}
