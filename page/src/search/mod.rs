//! Looking for words: how words are compared, which of a page stand in its index, what a query means, where a page has it.
//!
//! Promises: pages and queries go through the same normalisation, so that what is compared is alike; what a page is said to
//! have is looked up in its own words, not in the index. Refuses to know: keys, tokens, the database.

mod find;
mod fold;
mod index;
mod lookup;
mod near;
mod passages;
mod query;
mod snippet;
mod split;

pub use find::{Found, find};
pub use fold::fold;
pub use index::{IndexWords, MAX_INDEX_WORDS, index_words};
pub use lookup::Lookup;
pub use near::one_edit_variants;
pub use query::{Clause, MAX_QUERY_CHARS, Query, QueryError, Term, TermKind};
pub use snippet::{Snippet, shown_words, snippets};

/// Letters of the shortest prefix that is looked for.
pub const MIN_PREFIX: usize = 3;

/// Letters of the longest prefix that stands in the index; a longer one is looked for by its beginning.
pub const MAX_PREFIX: usize = 6;

/// Letters of the shortest word that may be misread by one.
pub const MIN_NEAR: usize = 4;

/// Letters of a word that count; the rest of a longer one is not compared.
const MAX_LETTERS: usize = 64;
