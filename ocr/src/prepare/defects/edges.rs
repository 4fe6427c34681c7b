use super::{Component, Survey, ramp};

/// Says whether words run over the edge: letters that touch it and have a neighbour further inside. A speck or a mark on
/// the edge has none.
///
/// `letter` is the height of a letter in pixels.
pub(super) fn measure_cut_off(survey: &Survey, letter: f64) -> f64 {
    const BY_CHANCE: f64 = 1.5;
    const CERTAIN: f64 = 8.0;
    let (width, height) = (survey.page.width, survey.page.height);
    let touches = |shape: &Component| {
        let area = &shape.area;
        // what is cut has lost some of its height
        let is_high = area.height() as f64 >= letter / 3.0 && area.height() as f64 <= 2.0 * letter;
        let is_at_edge = area.left == 0 || area.top == 0 || area.right == width || area.bottom == height;
        is_high && is_at_edge && area.width() as f64 <= 3.0 * letter
    };
    let letters: Vec<&Component> = survey.letters.typical().collect();
    let cut = survey.letters.shapes.iter().filter(|shape| touches(shape));
    let words = cut.filter(|shape| letters.iter().any(|other| is_neighbour(shape, other, letter))).count();
    ramp(words as f64, BY_CHANCE, CERTAIN)
}

/// Says whether two letters may stand in one word: side by side, less than a letter's height apart.
fn is_neighbour(a: &Component, b: &Component, letter: f64) -> bool {
    let (first, second) = if a.area.left < b.area.left { (a, b) } else { (b, a) };
    let gap = second.area.left as f64 - first.area.right as f64;
    let is_beside = 2 * a.area.shared_height(&b.area) >= a.area.height().min(b.area.height());
    a.area != b.area && is_beside && (-letter / 4.0..letter * 0.8).contains(&gap)
}
