//! The first person: made once, when the database holds nobody.

use std::path::Path;

use untxt_core::{
    config::{Process, Settings},
    domain::Role,
};
use untxt_database::users;

use crate::commands::user;

/// Name of the first person.
const LOGIN: &str = "admin";

/// Adds the first person if there is nobody; gives login and password, which are kept nowhere else.
pub(super) async fn ensure(backend_settings: &Path) -> anyhow::Result<Option<(String, String)>> {
    let settings = Settings::load_from(Some(backend_settings), [], Process::Backend)?;
    let database = user::connect(&settings).await?;
    let mut tx = database.begin_system().await?;
    let is_somebody_there = users::is_any(&mut tx).await?;
    drop(tx);
    let made = if is_somebody_there {
        None
    } else {
        let password = user::random_password()?;
        user::add(&database, LOGIN, &password, Role::Admin).await?;
        Some((LOGIN.to_owned(), password))
    };
    database.close().await;
    Ok(made)
}
