use untxt_page::{Bounds, TEXT_OF_FILE, Warning, WarningCode, Word, join_words, layout::analyse, mean_confidence};

use crate::{
    OcrError, PageContent, PageInspection, Raster,
    barcodes::{drop_words_in_codes, find_barcodes, is_outside_codes},
    confidence::{calibrate, mark_doubtful},
    layout::find_rules,
    rotation::{Turning, turn_clockwise},
};

/// Words in a picture on a page of text are only believed with this confidence: most such pictures show no text, and
/// what an engine finds in a photograph has less.
const LEAST_CONFIDENCE: f32 = 0.5;

/// Makes the page of its own words alone, on a page image of a size.
pub(crate) fn own_page(inspection: &PageInspection, (width, height): (u32, u32)) -> PageContent {
    let words = inspection.own_words(width, height);
    let mut page = PageContent {
        width,
        height,
        dpi: inspection.dpi,
        kind: inspection.kind,
        mean_confidence: mean_confidence(&words),
        text: join_words(&words),
        words,
        engine: TEXT_OF_FILE.into(),
        ..PageContent::default()
    };
    // the page is not drawn, so its lines are not known
    analyse(&mut page, &[]);
    if inspection.foreign_words() > 0 {
        mark_doubtful(&mut page);
    }
    warn_of_foreign_text(&mut page, inspection);
    if inspection.is_damaged {
        warn_of_damage(&mut page);
    }
    page
}

fn warn_of_damage(page: &mut PageContent) {
    page.warnings.push(Warning { code: WarningCode::Damaged, count: 1 });
}

/// Says that words come from an earlier recognition, of which nothing is known.
fn warn_of_foreign_text(page: &mut PageContent, inspection: &PageInspection) {
    let count = u32::try_from(inspection.foreign_words()).unwrap_or(u32::MAX);
    if count > 0 {
        page.warnings.push(Warning { code: WarningCode::ForeignText, count });
    }
}

/// Reads a page as its inspection says: its own words as they are, the rest by `recognise`. A page with words of its
/// own is upright as it is.
pub(crate) fn read_inspected(
    inspection: &PageInspection,
    raster: &Raster,
    recognise: impl FnOnce(&Raster, Turning) -> Result<PageContent, OcrError>,
) -> Result<PageContent, OcrError> {
    if !inspection.needs_ocr {
        let size = (raster.width, raster.height);
        return Ok(PageContent { dpi: raster.dpi, ..own_page(inspection, size) });
    }
    let mut page = read_unread(inspection, raster, recognise)?;
    if inspection.is_damaged || raster.is_damaged {
        warn_of_damage(&mut page);
    }
    Ok(page)
}

fn read_unread(
    inspection: &PageInspection,
    raster: &Raster,
    recognise: impl FnOnce(&Raster, Turning) -> Result<PageContent, OcrError>,
) -> Result<PageContent, OcrError> {
    let size = (raster.width, raster.height);
    if !inspection.has_own_words() {
        let mut page = PageContent { kind: inspection.kind, ..recognise(raster, Turning::Allowed)? };
        let turned = turn_clockwise(raster, page.rotation_applied);
        let upright = turned.as_ref().unwrap_or(raster);
        page.barcodes = find_barcodes(upright, page.words.iter());
        drop_words_in_codes(&mut page);
        calibrate(&mut page.words);
        mark_doubtful(&mut page);
        lay_out(&mut page, upright);
        return Ok(page);
    }
    let areas = inspection.unread_areas(size.0, size.1);
    let mut found = recognise(&raster.keep_areas(&areas), Turning::Forbidden)?;
    let own = inspection.own_words(size.0, size.1);
    found.barcodes = find_barcodes(raster, own.iter().chain(&found.words));
    drop_words_in_codes(&mut found);
    calibrate(&mut found.words);
    let words = merge_words(own, found.words);
    let mut page = PageContent { kind: inspection.kind, words, ..found };
    mark_doubtful(&mut page);
    warn_of_foreign_text(&mut page, inspection);
    lay_out(&mut page, raster);
    Ok(page)
}

/// Finds blocks and tables; bars of a code are no lines of a table.
fn lay_out(page: &mut PageContent, raster: &Raster) {
    let mut rules = find_rules(raster);
    rules.retain(|rule| is_outside_codes(&page.barcodes, rule.from, rule.to));
    analyse(page, &rules);
}

/// Puts recognised blocks between the page's own, each before the first that stands below it, and numbers lines and
/// blocks anew. What stands where the page has own words is one of them, seen again.
fn merge_words(own: Vec<Word>, found: Vec<Word>) -> Vec<Word> {
    let is_new =
        |word: &Word| word.confidence >= LEAST_CONFIDENCE && !own.iter().any(|own| covers(own.bounds, word.bounds));
    let found: Vec<Word> = found.into_iter().filter(is_new).collect();
    let mut blocks: Vec<Vec<Word>> = split_blocks(own);
    for block in split_blocks(found) {
        let middle = |words: &[Word]| {
            let top = words.iter().map(|word| word.bounds[1]).min().unwrap_or(0);
            let bottom = words.iter().map(|word| word.bounds[3]).max().unwrap_or(0);
            u64::from(top) + u64::from(bottom)
        };
        let at = blocks.iter().position(|own| middle(own) > middle(&block)).unwrap_or(blocks.len());
        blocks.insert(at, block);
    }
    let (mut line, mut words) = (0, Vec::new());
    for (number, block) in (0..).zip(blocks) {
        let mut previous = block.first().map(|word| word.line);
        for word in block {
            line += u32::from(previous != Some(word.line));
            previous = Some(word.line);
            words.push(Word { line, block: number, ..word });
        }
        line += 1;
    }
    words
}

fn split_blocks(words: Vec<Word>) -> Vec<Vec<Word>> {
    words.chunk_by(|a, b| a.block == b.block).map(<[Word]>::to_vec).collect()
}

/// Says whether the middle of `inner` lies in `outer`.
fn covers(outer: Bounds, inner: Bounds) -> bool {
    let middle = |from: u32, to: u32| from.midpoint(to);
    let (x, y) = (middle(inner[0], inner[2]), middle(inner[1], inner[3]));
    (outer[0]..outer[2]).contains(&x) && (outer[1]..outer[3]).contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str, top: u32, line: u32, block: u32) -> Word {
        Word { text: text.into(), confidence: 0.9, bounds: [0, top, 10, top + 10], line, block, ..Word::default() }
    }

    #[test]
    fn recognised_words_come_where_they_stand() {
        let own = vec![word("above", 0, 0, 0), word("right", 0, 0, 0), word("below", 100, 1, 1)];
        let guess = Word { confidence: 0.2, ..word("guess", 70, 2, 0) };
        let found = vec![word("in", 50, 0, 0), word("picture", 60, 1, 0), guess, word("again", 101, 3, 1)];
        let merged = merge_words(own, found);
        let places: Vec<_> = merged.iter().map(|word| (word.text.as_str(), word.line, word.block)).collect();
        let expected = [("above", 0, 0), ("right", 0, 0), ("in", 1, 1), ("picture", 2, 1), ("below", 3, 2)];
        assert_eq!(places, expected);
    }
}
