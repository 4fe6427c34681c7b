//! The letters of a reset. The token is in memory and in the letter, nowhere else: when a process ends in between, the letter is
//! lost, and whoever waits for it asks again.

use std::{error::Error as StdError, sync::Arc};

use tokio::time::{Instant, sleep_until};
use untxt_core::{
    audit::{AuditAction, AuditDetail, AuditEntry, AuditOutcome},
    domain::UserId,
    telemetry::chain,
};
use untxt_database::password_resets::{self, Addressee, Forgetful};

use crate::{
    App,
    mail::{Letter, Undelivered},
    session::LinkSecret,
};

/// As long as the database takes a token.
pub(super) const VALID_MINUTES: u32 = 15;

const TOO_MANY: AuditDetail = AuditDetail::new("too_many_attempts");

/// Sends a link to each of those who are meant, one after the other, and not before whoever asked has the answer.
pub(super) async fn send_links(app: Arc<App>, found: Vec<Forgetful>, not_before: Instant) {
    sleep_until(not_before).await;
    for Forgetful { id, .. } in found {
        if let Err(error) = send_link(&app, id).await {
            tracing::error!(user.id = %id, error = chain(&*error), "a link to a new password could not be made");
        }
    }
}

async fn send_link(app: &App, user: UserId) -> Result<(), Box<dyn StdError + Send + Sync>> {
    let mut tx = app.db.begin_system().await?;
    let is_too_much = app.logins.throttle.count_reset_of(&mut tx, user).await?;
    if is_too_much {
        tx.commit().await?;
        record(app, user, AuditOutcome::Refused, TOO_MANY).await;
        return Ok(());
    }
    let secret = LinkSecret::generate()?;
    let addressee = password_resets::begin(&mut tx, user, &secret.hash()).await?;
    tx.commit().await?;
    let Some(addressee) = addressee else { return Ok(()) };
    let site = app.site.address();
    let link = format!("{site}/password-reset#{}", secret.text());
    send(app, &addressee, Letter::reset(site, &addressee.login, &link, VALID_MINUTES)).await;
    Ok(())
}

/// Tells somebody that their password was changed by a link.
pub(super) async fn tell(app: Arc<App>, addressee: Addressee) {
    let letter = Letter::was_reset(app.site.address(), &addressee.login);
    send(&app, &addressee, letter).await;
}

/// Sends a letter, and has it on record when it was not taken.
async fn send(app: &App, addressee: &Addressee, letter: Letter) {
    let (Some(mailer), Some(mail)) = (&app.mail, &addressee.mail) else { return };
    let Err(why) = mailer.send(mail, letter).await else { return };
    tracing::error!(user.id = %addressee.id, mail.failure = why.word(), "a letter was not taken");
    record(app, addressee.id, AuditOutcome::Failed, Undelivered::detail(why)).await;
}

async fn record(app: &App, user: UserId, outcome: AuditOutcome, why: AuditDetail) {
    let action = AuditAction::PasswordResetEmailFailed;
    let entry = AuditEntry { object: Some(user.into()), detail: Some(why), ..AuditEntry::new(action, outcome) };
    if let Err(error) = app.db.record(&entry).await {
        tracing::error!(error = chain(&error), "a letter that was not taken is not on record");
    }
}
