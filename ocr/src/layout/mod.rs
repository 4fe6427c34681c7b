//! What the layout needs of the pixels: where lines are drawn.
//!
//! Promises: lines come in pixels of the page image, at any resolution and with a few degrees of skew. Refuses to
//! know: words, and what the lines mean; that is `untxt_page::layout`'s.

mod rules;
mod trace;

pub(crate) use rules::find_rules;
