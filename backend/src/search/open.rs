//! Opening the readings that the index named, and looking whether they have what was asked for.

use std::{collections::HashMap, sync::Arc};

use metrics::counter;
use untxt_core::{
    crypto::{CryptoError, DocumentKey},
    domain::DocumentId,
};
use untxt_database::search::{self, Hit, Reading};
use untxt_page::search::{Query, find, shown_words, snippets};

use super::{answer, look::Asked, scope::Scope};
use crate::{
    App,
    documents::{Owner, OwnerKeys, WrappedKeys},
    problem::ApiError,
    session::Actor,
};

/// Loads some readings, opens them, and gives a hit for each that is shown, in the period, and has what was asked for.
pub(super) async fn open(
    app: &App,
    actor: &Actor,
    asked: &Asked<'_>,
    scope: &Scope,
    readings: &[Reading],
) -> Result<HashMap<Reading, answer::Hit>, ApiError> {
    let mut tx = actor.begin(app).await?;
    let mut loaded = search::load_hits(&mut tx, readings).await?;
    loaded.retain(|hit| asked.period.has(hit.created_at));
    let versions = loaded.iter().map(|hit| (hit.owner, hit.key.owner_key_version));
    let keys = WrappedKeys::load(&mut tx, versions).await?;
    tx.commit().await?;
    let keys = keys.open(app).await?;
    let (query, place, name) = (Arc::clone(asked.query), Arc::clone(&asked.place), scope.name.clone());
    let looking = tokio::task::spawn_blocking(move || {
        let _place = place;
        look(&keys, &query, name.as_deref(), &loaded)
    });
    looking.await.map_err(ApiError::internal)
}

fn look(keys: &OwnerKeys, query: &Query, name: Option<&str>, loaded: &[Hit]) -> HashMap<Reading, answer::Hit> {
    let mut last: Option<(DocumentId, DocumentKey)> = None;
    let mut hits = HashMap::new();
    for hit in loaded {
        let document = hit.reading.document;
        let key = match last {
            Some((id, key)) if id == document => key,
            // What can't be opened must not hide all others; whoever looks at it is told.
            _ => match keys.document_key(hit.owner, document, &hit.key) {
                Ok(key) => key,
                Err(_) => {
                    tell_damage(hit);
                    continue;
                }
            },
        };
        match look_at(query, hit, name, &key) {
            Ok(found) => hits.extend(found.map(|found| (hit.reading, found))),
            Err(_) => tell_damage(hit),
        }
        last = Some((document, key));
    }
    hits
}

fn tell_damage(hit: &Hit) {
    let Reading { task, page, .. } = hit.reading;
    counter!("untxt_damaged_total", "what" => "page").increment(1);
    tracing::error!(task.id = %task, page.number = %page, "a page that was found can't be opened");
}

fn look_at(
    query: &Query,
    hit: &Hit,
    name: Option<&str>,
    key: &DocumentKey,
) -> Result<Option<answer::Hit>, CryptoError> {
    let Reading { document, task, page }: Reading = hit.reading;
    let content = key.open_page(hit.owner, task, page, &hit.content_sealed)?;
    let Some(found) = find(query, &content.words) else { return Ok(None) };
    let metadata = key.open_metadata(hit.owner, document, &hit.metadata_sealed)?;
    Ok(Some(answer::Hit {
        document: answer::Document {
            id: document,
            name: metadata.name,
            owner: Owner { id: hit.owner, name: name.map(str::to_owned) },
        },
        task_id: task,
        page,
        created_at: hit.created_at,
        width: content.width,
        height: content.height,
        dpi: content.dpi,
        snippets: snippets(&found, &content.words).into_iter().map(Into::into).collect(),
        boxes: shown_words(&found, &content.words).into_iter().map(Into::into).collect(),
        r#match: if found.is_near { answer::Match::Near } else { answer::Match::Exact },
    }))
}
