//! What folders and tags have in common: the key that seals their names, and what a name and a colour may be.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use untxt_core::{
    crypto::{CryptoError, LabelKey},
    domain::{Colour, LabelName, OwnerId},
};
use untxt_database::{Error, labels};

use crate::{
    App,
    documents::{WrappedKeys, current_key},
    problem::ApiError,
    session::Actor,
};

/// Opens the person's label key; `None`: there is none, and so neither folders nor tags.
pub(crate) async fn find_key(app: &App, actor: &Actor) -> Result<Option<LabelKey>, ApiError> {
    find_key_of(app, actor, actor.owner()).await
}

/// Opens the label key of an owner who shares a folder with the person.
pub(crate) async fn find_key_of(app: &App, actor: &Actor, owner: OwnerId) -> Result<Option<LabelKey>, ApiError> {
    let mut tx = actor.begin(app).await?;
    let Some(stored) = labels::find_key(&mut tx, owner).await? else { return Ok(None) };
    let keys = WrappedKeys::load(&mut tx, [(owner, stored.owner_key_version)]).await?;
    tx.commit().await?;
    keys.open(app).await?.label_key(owner, &stored).map(Some)
}

/// Opens the person's label key, and makes it when there is none.
pub(crate) async fn key(app: &App, actor: &Actor) -> Result<LabelKey, ApiError> {
    if let Some(key) = find_key(app, actor).await? {
        return Ok(key);
    }
    let (_, new) = current_key(app, actor, actor.owner()).await?.create_label_key()?;
    let mut tx = actor.begin(app).await?;
    match labels::insert_or_load_key(&mut tx, actor.owner(), &new).await {
        Ok(_) => tx.commit().await?,
        // The owner's key was replaced and destroyed just now.
        Err(error @ Error::Conflict(_)) => return Err(ApiError::Unavailable(error.into())),
        Err(error) => return Err(error.into()),
    }
    // Of two requests that make the first one at once, both get the one that was stored first.
    let missing = || ApiError::internal("the label key was not stored");
    find_key(app, actor).await?.ok_or_else(missing)
}

/// Takes a name as somebody gave it.
pub(crate) fn check_name(name: &str) -> Result<LabelName, ApiError> {
    LabelName::new(name).ok_or(ApiError::InvalidName)
}

/// Takes a colour as somebody gave it.
pub(crate) fn check_colour(colour: &str) -> Result<Colour, ApiError> {
    colour.parse().map_err(|_| ApiError::InvalidColour)
}

/// Refuses names that others have, whatever their case.
pub(crate) fn refuse_taken<'a>(
    names: impl IntoIterator<Item = &'a LabelName>,
    others: &[LabelName],
) -> Result<(), ApiError> {
    let taken: HashSet<_> = others.iter().map(LabelName::folded).collect();
    match names.into_iter().any(|name| taken.contains(&name.folded())) {
        true => Err(ApiError::NameTaken),
        false => Ok(()),
    }
}

/// Says what it means that a stored name does not open.
pub(crate) fn damaged(id: impl std::fmt::Display) -> impl FnOnce(CryptoError) -> ApiError {
    move |error| ApiError::of_stored("label", id, error)
}

/// Reads a field that may be missing, `null` or something, and tells them apart.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}
