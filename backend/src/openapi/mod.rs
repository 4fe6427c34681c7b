//! The description of the API (OpenAPI 3.1), made from the routes, the types of their answers and the table of operations.
//!
//! It promises that every route is in it, with who may and with every code that may go wrong. It refuses to say anything that is
//! not in the code: what is written by hand is only what each code means.

mod complete;
mod parameters;
mod problems;

use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::{Error, access};

/// Describes the API.
///
/// # Errors
/// When a route has no row in the table of operations, or a row no route.
pub fn describe() -> Result<Value, Error> {
    let routes: OpenApi = crate::router::describe();
    access::refuse_unlisted(access::OPERATIONS, &routes)?;
    let mut document = serde_json::to_value(&routes).map_err(|error| Error::Operations(error.to_string()))?;
    complete::complete(&mut document, access::OPERATIONS);
    Ok(document)
}
