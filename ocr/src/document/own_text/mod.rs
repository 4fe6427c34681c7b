//! Reads the text that a PDF page brings itself: words with boxes, lines, blocks in reading order, no pixel drawn.
//!
//! Promises: letters are told apart by what one sees, not by the order in which they are drawn: hidden, covered,
//! clipped and doubled ones are known as such; every word has a box. Refuses to know: how the page came to its letters.

mod bidi;
mod doubles;
mod hidden;
mod letter;
mod lines;
mod order;
mod rows;
mod spelling;

pub(super) use self::{
    hidden::Fill,
    letter::{Ink, Letter, LetterCollector},
    lines::{PointWord, read_words, settle_letters},
    spelling::judge,
};
