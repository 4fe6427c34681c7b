//! Access in an emergency: somebody reads what nobody shared with them, for some minutes, with a reason.
//!
//! It promises that beginning one needs a fresh proof of who asks, that everything read by it is on record as such, and that
//! those whose documents they are see who took it, and when. It gives reading and nothing else: what may be read is decided
//! where all rights are, in the database. It refuses to put the documents of others into lists or searches of one's own.

mod begin;
mod list;
mod mark;

use std::sync::Arc;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use mark::{mark, mark_list};

use crate::App;

pub(crate) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list::list, begin::begin)).routes(routes!(begin::end))
}
