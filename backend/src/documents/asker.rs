use untxt_core::domain::DocumentId;
use untxt_database::{Transaction, links::Attendance, shares};

use crate::{App, links::Visitor, problem::ApiError, session::Actor};

/// Who asks for something of a document: a person, or whoever came by a public link.
#[derive(Clone, Debug)]
pub(crate) enum Asker {
    /// Somebody who is logged in, or a program of theirs.
    Person(Actor),
    /// Nobody in particular.
    Visitor(Visitor),
}

impl Asker {
    /// Begins a transaction in their name, if what they were let in with is still good.
    pub(super) async fn begin(&self, app: &App) -> Result<Transaction, ApiError> {
        match self {
            Self::Person(actor) => actor.begin(app).await,
            Self::Visitor(visitor) => visitor.begin(app, Attendance::Attended).await,
        }
    }

    /// The same for what goes on by itself: it is no use of a session, and nobody has to be there.
    pub(super) async fn begin_unattended(&self, app: &App) -> Result<Transaction, ApiError> {
        match self {
            Self::Person(actor) => actor.begin_unattended(app).await,
            Self::Visitor(visitor) => visitor.begin(app, Attendance::Unattended).await,
        }
    }

    /// Says whether they may go on with the document now.
    pub(super) async fn may_read(&self, app: &App, document: DocumentId) -> Result<bool, ApiError> {
        let mut tx = match self.begin_unattended(app).await {
            Err(ApiError::NotLoggedIn | ApiError::PublicLinkNotGood) => return Ok(false),
            begun => begun?,
        };
        // Not committed: a token would be noted as used.
        Ok(shares::right_on(&mut tx, document).await?.is_some())
    }
}

impl From<Actor> for Asker {
    fn from(actor: Actor) -> Self {
        Self::Person(actor)
    }
}

impl From<&Actor> for Asker {
    fn from(actor: &Actor) -> Self {
        Self::Person(*actor)
    }
}

impl From<&Asker> for Asker {
    fn from(asker: &Asker) -> Self {
        asker.clone()
    }
}
