use untxt_page::Word;

use crate::{
    Layout, OcrEngine, OcrError, Preset, Raster,
    orientation::Orientation,
    prepare::{Direction, View},
    second_reading::mean_over_letters,
};

/// How a page was turned to be upright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rotation {
    /// Clockwise: 0, 90, 180 or 270 degrees.
    pub(crate) degrees: u32,
    /// 0.0 to 1.0.
    pub(crate) confidence: f64,
}

/// Whether a page may be turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turning {
    Allowed,
    /// It is known to be upright.
    Forbidden,
}

/// A direction of lines that is less certain is not believed.
const SURE_DIRECTION: f64 = 0.3;
/// A direction that is as certain as this needs no proof: gibberish of a turned page may look better than its text.
const CERTAIN_DIRECTION: f64 = 0.8;
/// A page whose words are read with this confidence is upright: upside down they have 0.3 to 0.6.
const SURE_READING: f64 = 0.8;
/// A turned page must be read this much better than the page as it came.
const MARGIN: f64 = 0.1;
/// Fewer letters than these prove little.
const ENOUGH_LETTERS: f64 = 20.0;

/// Says which turns are worth a trial before a page is read: none when its lines are level.
pub(crate) const fn turns_before_reading(direction: Direction) -> &'static [u32] {
    match direction {
        Direction { is_vertical: true, confidence: CERTAIN_DIRECTION.. } => &[90, 270],
        Direction { is_vertical: true, confidence: SURE_DIRECTION.. } => &[90, 270, 0],
        _ => &[],
    }
}

/// Says which turns are worth a trial for a page that can hardly be read as it came.
pub(crate) const fn turns_besides_upright(direction: Direction) -> &'static [u32] {
    match direction {
        Direction { is_vertical: true, confidence: SURE_DIRECTION.. } => &[90, 270],
        Direction { is_vertical: false, confidence: SURE_DIRECTION.. } => &[180],
        _ => &[90, 180, 270],
    }
}

/// Says which turns are worth a trial after a page was read as it came: none when it was read well.
pub(crate) fn turns_after_reading(direction: Direction, words: &[Word]) -> &'static [u32] {
    let is_sure = mean_over_letters(words) >= SURE_READING && count_letters(words) >= ENOUGH_LETTERS;
    match () {
        () if is_sure => &[],
        () if direction.confidence >= SURE_DIRECTION => &[0, 180],
        () => &[0, 90, 180, 270],
    }
}

/// Gives how certain it is that a page that was read as it came is upright.
pub(crate) fn trust_reading(words: &[Word]) -> f64 {
    mean_over_letters(words) * (count_letters(words) / ENOUGH_LETTERS).min(1.0)
}

/// Reads the densest lines of a page in each turn and gives the one that is read best.
///
/// # Errors
/// [`OcrError::Engine`] when the engine gives up on one of them.
pub(crate) fn find_rotation(
    engine: &mut impl OcrEngine,
    page: &Raster,
    preset: Preset,
    turns: &[u32],
) -> Result<Rotation, OcrError> {
    let mut scores = Vec::new();
    for &degrees in turns {
        let turned = turn_clockwise(page, degrees);
        let view = View::new(turned.as_ref().unwrap_or(page), preset)?;
        let words = engine.recognise_as(&view.densest_lines(page), Layout::Lines)?.words;
        scores.push((degrees, trust_reading(&words)));
    }
    let unturned = scores.iter().find(|(degrees, _)| *degrees == 0).map_or(0.0, |(_, score)| *score);
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let best = scores.first().copied().unwrap_or((0, 0.0));
    let chosen = if best.1 >= unturned + MARGIN { best } else { (0, unturned) };
    let others = scores.iter().filter(|(degrees, _)| *degrees != chosen.0).map(|(_, score)| *score);
    let rival = others.fold(0.0, f64::max);
    Ok(Rotation { degrees: chosen.0, confidence: (chosen.1 / (chosen.1 + rival).max(0.01)).clamp(0.0, 1.0) })
}

/// Turns a page clockwise by 90, 180 or 270 degrees; `None` when there is nothing to turn.
pub(crate) fn turn_clockwise(page: &Raster, degrees: u32) -> Option<Raster> {
    match degrees {
        90 => Some(page.turned(Orientation::Turn90)),
        180 => Some(page.turned(Orientation::Turn180)),
        270 => Some(page.turned(Orientation::Turn270)),
        _ => None,
    }
}

fn count_letters(words: &[Word]) -> f64 {
    words.iter().map(|word| word.text.chars().filter(|c| c.is_alphanumeric()).count()).sum::<usize>() as f64
}
