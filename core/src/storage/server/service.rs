use std::{fs::File, sync::Arc};

use async_trait::async_trait;
use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput,
        DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput,
        UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{answer::blocking, disk::Disk, object_file::ObjectInfo, uploads::Upload};

/// Longest key that S3 allows.
const MAX_KEY_LEN: usize = 1024;
/// Most keys in one page of a listing.
pub(super) const MAX_PAGE: i32 = 1000;

/// The operations of S3 that UNTXT uses, over one bucket.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) disk: Arc<Disk>,
    bucket: String,
}

impl Service {
    pub(super) fn new(disk: Arc<Disk>, bucket: &str) -> Self {
        Self { disk, bucket: bucket.to_owned() }
    }

    /// Refuses other buckets.
    pub(super) fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.bucket { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
    }

    /// Refuses other buckets, and keys that could be mistaken for paths.
    pub(super) fn check(&self, bucket: &str, key: &str) -> S3Result<()> {
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

    /// Opens an object, or answers that it is not there.
    pub(super) async fn find_object(&self, key: String) -> S3Result<(File, ObjectInfo)> {
        let disk = Arc::clone(&self.disk);
        blocking(move || disk.find(&key)).await?.ok_or_else(|| s3_error!(NoSuchKey))
    }

    /// Finds an upload, or answers that it is not there.
    pub(super) async fn find_upload(&self, id: String, key: String) -> S3Result<Upload> {
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
        self.put(request).await.map(S3Response::new)
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        self.get(request.input).await.map(S3Response::new)
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.head(request.input).await.map(S3Response::new)
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.delete(request.input).await.map(S3Response::new)
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.delete_all(request.input).await.map(S3Response::new)
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.list(request.input).await.map(S3Response::new)
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        self.begin_upload(request.input).await.map(S3Response::new)
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        self.keep_part(request).await.map(S3Response::new)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.complete_upload(request.input).await.map(S3Response::new)
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.abort_upload(request.input).await.map(S3Response::new)
    }

    async fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        self.list_parts_of(request.input).await.map(S3Response::new)
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        self.list_uploads(request.input).await.map(S3Response::new)
    }
}
