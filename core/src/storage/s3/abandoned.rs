use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;

use super::S3Store;
use crate::storage::StorageError;

/// Ends all uploads in parts whose key begins so; says how many there were.
pub(super) async fn abort(store: &S3Store, prefix: &str) -> Result<usize, StorageError> {
    let (mut ended, mut after) = (0, None);
    loop {
        let page = list(store, prefix, after.take()).await?;
        for upload in page.uploads() {
            let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else {
                return Err(StorageError::unexpected("the list of uploads names one without its id"));
            };
            // A store that knows no prefix must not cost others their uploads.
            if key.starts_with(prefix) {
                abort_one(store, key, id).await?;
                ended += 1;
            }
        }
        if page.is_truncated() != Some(true) {
            return Ok(ended);
        }
        after = page.next_key_marker.zip(page.next_upload_id_marker);
        if after.is_none() {
            return Err(StorageError::unexpected("the list of uploads does not say how it goes on"));
        }
    }
}

async fn list(
    store: &S3Store,
    prefix: &str,
    after: Option<(String, String)>,
) -> Result<ListMultipartUploadsOutput, StorageError> {
    let (key, id) = after.unzip();
    let request = store.client.list_multipart_uploads().bucket(&store.bucket).prefix(prefix);
    let request = request.set_key_marker(key).set_upload_id_marker(id);
    request.send().await.map_err(StorageError::from_sdk)
}

/// One that somebody else has ended or completed counts as ended: what it became is in the listing of objects.
async fn abort_one(store: &S3Store, key: &str, id: &str) -> Result<(), StorageError> {
    let request = store.client.abort_multipart_upload().bucket(&store.bucket).key(key).upload_id(id);
    match request.send().await.map_err(StorageError::from_sdk) {
        Err(StorageError::Refused(code)) if code == "NoSuchUpload" => Ok(()),
        answer => answer.map(|_| ()),
    }
}
