//! Who may do what, what the record says of it, and what every request has to keep to.

mod accounts;
mod house;
mod http;
mod matrix;
mod openapi;
mod record;
mod schemathesis;
mod tokens;
