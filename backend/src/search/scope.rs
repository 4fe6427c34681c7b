//! Whose pages are looked at: the person's own, those of their teams, and what others share with them.

use std::collections::{BTreeMap, HashMap};

use untxt_core::domain::{DocumentId, FolderId, OwnerId};
use untxt_database::{Database, PgConnection, Transaction, search::Filter, shares, teams};

use crate::{problem::ApiError, session::Actor};

/// Owners besides the person who are asked: each has an index of their own.
const MAX_OTHERS: usize = 50;

/// Documents of others that are looked at, the newest.
const MAX_SHARED: u32 = 10_000;

/// One owner, and which of their documents are looked at.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) owner: OwnerId,
    /// The login of a person, or the name of a team; `None`: the person's own.
    pub(super) name: Option<String>,
    /// Those that are shared, and no others; `None`: all of them.
    shared: Option<Vec<DocumentId>>,
}

/// All of them, in the order in which they are asked: the person first.
#[derive(Debug)]
pub(super) struct Scopes {
    pub(super) list: Vec<Scope>,
    /// Nothing was left out because it would be too much.
    pub(super) is_complete: bool,
}

impl Scopes {
    /// Gives the person alone, as for a search in their folders or among their tags.
    pub(super) fn own(actor: &Actor) -> Self {
        Self { list: vec![Scope { owner: actor.owner(), name: None, shared: None }], is_complete: true }
    }

    /// Loads the person, their teams and who shares with them.
    pub(super) async fn load(conn: &mut PgConnection, actor: &Actor) -> Result<Self, ApiError> {
        let mut others: BTreeMap<_, _> =
            teams::list(conn, actor.user).await?.into_iter().map(|team| (team.id.as_owner(), None)).collect();
        let shared = shares::list_for_search(conn, None, MAX_SHARED + 1).await?;
        let is_complete = add_shared(&mut others, shared);
        Self::own(actor).with(conn, others, is_complete).await
    }

    /// Loads who shares a folder with the person, for a search in it.
    pub(super) async fn load_folder(conn: &mut PgConnection, folder: FolderId) -> Result<Self, ApiError> {
        shares::right_on_folder(conn, folder).await?.ok_or(ApiError::FolderNotFound)?;
        let mut others = BTreeMap::new();
        let shared = shares::list_for_search(conn, Some(folder), MAX_SHARED + 1).await?;
        let is_complete = add_shared(&mut others, shared);
        Self { list: Vec::new(), is_complete: true }.with(conn, others, is_complete).await
    }

    async fn with(
        mut self,
        conn: &mut PgConnection,
        mut others: BTreeMap<OwnerId, Option<Vec<DocumentId>>>,
        is_complete: bool,
    ) -> Result<Self, ApiError> {
        self.is_complete = is_complete && others.len() <= MAX_OTHERS;
        let owners: Vec<_> = others.keys().copied().take(MAX_OTHERS).collect();
        let mut names: HashMap<_, _> = shares::list_names(conn, &owners).await?.into_iter().collect();
        // An owner without a name went away just now.
        let scope = |owner| {
            let name = Some(names.remove(&owner)?);
            Some(Scope { owner, name, shared: others.remove(&owner)? })
        };
        self.list.extend(owners.into_iter().filter_map(scope));
        Ok(self)
    }

    /// Leaves those that an answer has not come to: it ended within `owner`, or before.
    pub(super) fn go_on_at(&mut self, owner: OwnerId) {
        self.list.retain(|scope| scope.other() >= Some(owner));
    }
}

/// Adds what is shared, by owner; `false`: there is more.
fn add_shared(others: &mut BTreeMap<OwnerId, Option<Vec<DocumentId>>>, mut shared: Vec<(OwnerId, DocumentId)>) -> bool {
    let is_complete = shared.len() <= MAX_SHARED as usize;
    shared.truncate(MAX_SHARED as usize);
    for (owner, document) in shared {
        others.entry(owner).or_insert_with(|| Some(Vec::new())).get_or_insert_default().push(document);
    }
    is_complete
}

impl Scope {
    /// Gives the owner, if that is another than the person.
    pub(super) fn other(&self) -> Option<OwnerId> {
        self.name.is_some().then_some(self.owner)
    }

    /// Begins a transaction in the owner's name, to ask the owner's index. Nothing but places of readings comes out of it;
    /// what they say is loaded in the person's name.
    pub(super) async fn begin(&self, db: &Database) -> Result<Transaction, ApiError> {
        Ok(db.begin_as(self.owner).await?)
    }

    /// Confines a search to what may be looked at here.
    pub(super) fn confine(&self, filter: &Filter) -> Filter {
        let documents = match (&self.shared, &filter.documents) {
            (None, wanted) => wanted.clone(),
            (Some(shared), None) => Some(shared.clone()),
            (Some(shared), Some(wanted)) => {
                Some(shared.iter().copied().filter(|document| wanted.contains(document)).collect())
            }
        };
        Filter { documents, ..filter.clone() }
    }
}
