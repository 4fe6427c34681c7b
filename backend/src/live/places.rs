use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::ws::Utf8Bytes;
use tokio::time::sleep;
use untxt_core::domain::OwnerId;
use untxt_database::turns;

use super::{frames, hub::News};
use crate::App;

/// Shortest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A look that takes long, because the queue is long, is followed by a pause so many times as long: at most a tenth of
/// one of the database's cores goes into telling people where they stand.
const REST: u32 = 10;

/// Tells everybody who listens where their tasks stand, whenever that changes, until the process stops. Nothing of it
/// is kept: a client that connects gets it with its documents.
pub(crate) async fn tell_places(app: Arc<App>) {
    let stop = app.lifecycle.stop_token();
    let mut told = HashMap::new();
    let mut pause = LOOK_EVERY;
    loop {
        tokio::select! {
            () = sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        let begin = Instant::now();
        let listeners = app.hub.listeners();
        told.retain(|owner, _| listeners.contains(owner));
        for owner in listeners {
            if let Err(error) = tell(&app, owner, &mut told).await {
                tracing::debug!(%error, "places in the queue could not be told");
                break;
            }
        }
        pause = LOOK_EVERY.max(begin.elapsed() * REST);
    }
}

async fn tell(app: &App, owner: OwnerId, told: &mut HashMap<OwnerId, Utf8Bytes>) -> Result<(), untxt_database::Error> {
    let mut tx = app.db.begin_as(owner).await?;
    let places = turns::places(&mut tx).await?;
    drop(tx);
    let places: BTreeMap<_, _> = places.into_iter().map(|(task, place)| (task, place.into())).collect();
    if places.is_empty() && !told.contains_key(&owner) {
        return Ok(());
    }
    let frame = frames::places(&places);
    if told.get(&owner) != Some(&frame) {
        app.hub.publish(owner, News::Places(frame.clone()));
    }
    if places.is_empty() {
        told.remove(&owner);
    } else {
        told.insert(owner, frame);
    }
    Ok(())
}
