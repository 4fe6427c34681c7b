//! Reads a page again whose first reading leaves doubts, and chooses among the readings word by word.
//!
//! Promises: no word twice at one place; a page that was read well is not read again. Refuses to know: engines'
//! inner workings, colours, files.

mod doubt;
mod order;
mod vote;

pub(crate) use doubt::{is_doubtful, mean_over_letters};

use untxt_page::Word;

use crate::{
    Layout, OcrEngine, OcrError, Raster,
    prepare::{Again, Prepared, Survey, clean_page, prepare_again},
};

/// The further readings. Another size and another idea of the layout make other mistakes, which is what a vote
/// needs: on forms and receipts each alone has word F 72 to 76, the three together 81.
const READINGS: [(Again, Layout); 3] = [
    (Again { letter: 16.0, smooth: 0.0 }, Layout::Column),
    (Again { letter: 24.0, smooth: 1.0 }, Layout::Lines),
    (Again { letter: 20.0, smooth: 0.0 }, Layout::Scattered),
];
/// Height of a letter when there are too few to measure: a page of 12-point text at 200 dpi.
const USUAL_LETTER: f64 = 20.0;

/// Reads a page again and gives the words that all readings together support, in reading order. Boxes are in
/// pixels of the straight page, as those of `first` are.
///
/// # Errors
/// [`OcrError::Engine`] when the engine gives up on one of the readings.
pub(crate) fn read_again(
    engine: &mut impl OcrEngine,
    raster: &Raster,
    prepared: &Prepared,
    survey: &Survey,
    first: Vec<Word>,
) -> Result<Vec<Word>, OcrError> {
    let letter = prepared.letter.unwrap_or(USUAL_LETTER);
    let clean = clean_page(prepared, survey, letter);
    let mut readings = vec![first];
    for (how, layout) in READINGS {
        let (again, scale) = prepare_again(raster, &clean, letter, how)?;
        let mut words = engine.recognise_as(&again, layout)?.words;
        prepared.placement.scaled(scale).unscale(&mut words);
        readings.push(words);
    }
    let chosen = vote::vote(&readings);
    Ok(order::order_words(chosen, &readings[0]))
}
