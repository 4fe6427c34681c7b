//! The words of a page as keyed tokens for the search index, made where the page is sealed.

use std::sync::Arc;

use untxt_core::{
    crypto::SearchKey,
    domain::{OwnerId, Word},
};
use untxt_database::{owner_keys, search};
use untxt_page::search::index_words;

use crate::{
    Services,
    error::{JobError, JobResult},
};

/// The key of an owner's tokens, and where the owner's next page goes.
#[derive(Clone, Debug)]
pub(crate) struct SearchIndex {
    pub(crate) generation: u32,
    key: Arc<SearchKey>,
    /// Of the next page that is read.
    pub(crate) segment: i32,
    /// Of the next page of before there was an index.
    pub(crate) old_segment: i32,
}

impl SearchIndex {
    /// Gives the index under the owner's current key.
    pub(crate) async fn open(services: &Services, owner: OwnerId) -> JobResult<Self> {
        let mut tx = services.database.begin_as(owner).await?;
        let wrapped = owner_keys::find_current(&mut tx, owner).await?;
        let segment = search::find_segment(&mut tx, owner).await?;
        let old_segment = search::find_old_segment(&mut tx, owner).await?;
        tx.commit().await?;
        let wrapped = wrapped.ok_or_else(|| JobError::world("the owner's key is not there"))?;
        let owner_key = services.keys.open_owner_key(&wrapped).await?;
        let key = Arc::new(owner_key.search_key()?);
        Ok(Self { generation: owner_key.index_generation(), key, segment, old_segment })
    }

    /// Makes the tokens of a page for a segment. It takes a millisecond for a full one.
    pub(crate) fn tokens(&self, segment: i32, words: &[Word]) -> Vec<i64> {
        self.key.tokens(segment, &index_words(words))
    }
}
