use crate::Word;

/// Reads Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
/// Our block is its paragraph; both count from 0 over the page.
pub(super) fn parse_table(table: &str) -> Vec<Word> {
    const WORD: u32 = 5;
    let mut words: Vec<Word> = Vec::new();
    let mut place = None;
    for row in table.lines() {
        let mut cells = row.splitn(12, '\t');
        let mut number = || cells.next().and_then(|cell| cell.parse::<u32>().ok());
        let Some([level, _page, block, paragraph, line, _word, left, top, width, height]) = read_all(&mut number)
        else {
            continue;
        };
        let (Some(confidence), Some(text)) = (cells.next().and_then(|cell| cell.parse::<f32>().ok()), cells.next())
        else {
            continue;
        };
        let text = text.trim();
        if level != WORD || confidence < 0.0 || text.is_empty() {
            continue;
        }
        let (line_index, block_index) = match (place, words.last()) {
            (Some(before), Some(last)) if before == (block, paragraph, line) => (last.line, last.block),
            (Some((b, p, _)), Some(last)) if (b, p) == (block, paragraph) => (last.line + 1, last.block),
            (_, Some(last)) => (last.line + 1, last.block + 1),
            (_, None) => (0, 0),
        };
        place = Some((block, paragraph, line));
        words.push(Word {
            text: text.to_owned(),
            confidence: confidence / 100.0,
            bounds: [left, top, left + width, top + height],
            line: line_index,
            block: block_index,
            ..Word::default()
        });
    }
    words
}

fn read_all<const N: usize>(next: &mut impl FnMut() -> Option<u32>) -> Option<[u32; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = next()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_words_with_their_lines_and_blocks() {
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            1\t1\t0\t0\t0\t0\t0\t0\t100\t100\t-1\t\n\
            5\t1\t1\t1\t1\t1\t10\t20\t30\t12\t96.5\tHello\n\
            5\t1\t1\t1\t1\t2\t50\t20\t30\t12\t80\tworld\n\
            5\t1\t1\t1\t2\t1\t10\t40\t30\t12\t70\tagain\n\
            5\t1\t2\t1\t1\t1\t10\t60\t30\t12\t95\t \n\
            5\t1\t3\t1\t1\t1\t10\t80\t30\t12\t60\tnew\n";
        let words = parse_table(table);
        let places: Vec<_> = words.iter().map(|w| (w.text.as_str(), w.line, w.block)).collect();
        assert_eq!(places, [("Hello", 0, 0), ("world", 0, 0), ("again", 1, 0), ("new", 2, 1)]);
        assert_eq!(words[0].bounds, [10, 20, 40, 32]);
        assert!((words[0].confidence - 0.965).abs() < 1e-6);
    }
}
