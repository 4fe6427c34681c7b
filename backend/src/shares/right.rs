use untxt_core::domain::{DocumentId, Right};
use untxt_database::{
    PgConnection,
    shares::{self, Object},
};

use crate::problem::ApiError;

/// Refuses what the person may not do with a document.
///
/// # Errors
/// [`ApiError::DocumentNotFound`] when one may not even see it, [`ApiError::RightMissing`] when one does.
pub(crate) async fn require(conn: &mut PgConnection, document: DocumentId, right: Right) -> Result<(), ApiError> {
    let has = shares::right_on(conn, document).await?.ok_or(ApiError::DocumentNotFound)?;
    if has.includes(right) { Ok(()) } else { Err(ApiError::RightMissing) }
}

/// Refuses whoever may not share a document or folder.
pub(super) async fn require_management(conn: &mut PgConnection, object: Object) -> Result<(), ApiError> {
    let has = match object {
        Object::Document(id) => return require(conn, id, Right::Manage).await,
        Object::Folder(id) => shares::right_on_folder(conn, id).await?.ok_or(ApiError::FolderNotFound)?,
    };
    if has == Right::Manage { Ok(()) } else { Err(ApiError::RightMissing) }
}
