use untxt_page::{Barcode, Bounds, PageContent, Word};

/// Takes out the words that an engine saw in the bars of a code. What is printed among them for people stays: it is
/// part of what the code says.
pub(crate) fn drop_words_in_codes(page: &mut PageContent) {
    let codes = &page.barcodes;
    page.words.retain(|word| !codes.iter().any(|code| is_within(word, code) && !repeats(&word.text, &code.value)));
}

/// Says whether a line that is drawn on the page is no bar of a code.
pub(crate) fn is_outside_codes(codes: &[Barcode], from: [u32; 2], to: [u32; 2]) -> bool {
    let (x, y) = (from[0].midpoint(to[0]), from[1].midpoint(to[1]));
    !codes.iter().any(|code| {
        let [left, top, right, bottom] = code.bounds;
        (left..right).contains(&x) && (top..bottom).contains(&y)
    })
}

/// Says whether an area is text: words that are surely read cover a third of it.
pub(super) fn is_text<'w>(area: Bounds, words: impl Iterator<Item = &'w Word>) -> bool {
    const SURE: f32 = 0.85;
    const LEAST_LETTERS: usize = 3;
    let is_sure = |word: &&Word| {
        word.confidence >= SURE && word.text.chars().filter(|c| c.is_alphanumeric()).count() >= LEAST_LETTERS
    };
    let covered: u64 = words.filter(is_sure).map(|word| size(shared(word.bounds, area))).sum();
    covered * 3 >= size(area)
}

/// Says whether most of a word lies in a code.
fn is_within(word: &Word, code: &Barcode) -> bool {
    size(shared(word.bounds, code.bounds)) * 10 >= size(word.bounds) * 7
}

fn shared(a: Bounds, b: Bounds) -> Bounds {
    [a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]
}

/// Counts the pixels of a box; none when its sides are the wrong way round.
fn size([left, top, right, bottom]: Bounds) -> u64 {
    u64::from(right.saturating_sub(left)) * u64::from(bottom.saturating_sub(top))
}

fn repeats(text: &str, value: &str) -> bool {
    /// A letter or two are in every value.
    const LEAST_LETTERS: usize = 4;
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let text = bare(text);
    text.chars().count() >= LEAST_LETTERS && bare(value).contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_no_words_but_what_they_say_and_what_stands_around_is() {
        let word = |text: &str, top| Word { text: text.into(), bounds: [10, top, 60, top + 10], ..Word::default() };
        let code = Barcode { format: "ean_13".into(), value: "4006381333931".into(), bounds: [0, 0, 100, 60] };
        let words = vec![word("||MI|", 20), word("4006381", 45), word("|1", 45), word("edge", 54), word("below", 70)];
        let mut page = PageContent { words, barcodes: vec![code], ..PageContent::default() };
        drop_words_in_codes(&mut page);
        let left: Vec<_> = page.words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(left, ["4006381", "edge", "below"]);
        assert!(!is_text([0, 0, 100, 60], page.words.iter()));
        page.words = [0, 20, 40].map(|top| Word { confidence: 0.9, ..word("text", top) }).to_vec();
        page.words.iter_mut().for_each(|word| word.bounds[2] = 100);
        assert!(is_text([0, 0, 100, 60], page.words.iter()));
        assert!(!is_outside_codes(&page.barcodes, [50, 0], [50, 60]));
        assert!(is_outside_codes(&page.barcodes, [0, 70], [100, 70]));
    }
}
