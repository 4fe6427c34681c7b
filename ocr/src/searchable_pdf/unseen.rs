use std::{collections::BTreeMap, ops::Range};

use super::content::{Operation, Operations};

/// Text rendering mode that neither fills nor strokes nor clips (ISO 32000-1, table 106).
const INVISIBLE: i64 = 3;
/// Modes from here on cut out a shape for what is drawn later.
const FIRST_CLIPPING: i64 = 4;

/// Content without the text that one doesn't see.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// The content; `None` when nothing was taken out.
    pub(super) content: Option<Vec<u8>>,
    /// Names of what it draws from its resources, each with the text rendering mode that holds there.
    pub(super) drawn: BTreeMap<Vec<u8>, i64>,
}

/// Takes out of a content stream what shows invisible text; all other bytes stay. `is_all_unseen` says that no text of
/// the page is seen, whatever its mode: it lies under the scan. `mode` is the text rendering mode that holds at the
/// beginning.
pub(super) fn take_out_unseen(content: &[u8], mode: i64, is_all_unseen: bool) -> Seen {
    let mut walk = Walk { content, is_all_unseen, mode, saved: Vec::new(), cuts: Vec::new(), text: Text::default() };
    let mut drawn = BTreeMap::new();
    for operation in Operations::new(content) {
        if operation.operator == b"Do" {
            let name = read_name(&content[operation.last.clone()]);
            drawn.entry(name).or_insert(walk.mode);
        } else {
            walk.visit(&operation);
        }
    }
    walk.cuts.sort_by_key(|cut| cut.range.start);
    Seen { content: (!walk.cuts.is_empty()).then(|| walk.apply()), drawn }
}

/// Bytes that go, and what takes their place.
struct Cut {
    range: Range<usize>,
    by: &'static [u8],
}

struct Walk<'a> {
    content: &'a [u8],
    is_all_unseen: bool,
    mode: i64,
    saved: Vec<i64>,
    cuts: Vec<Cut>,
    text: Text,
}

/// What was met since the text object began.
#[derive(Default)]
struct Text {
    /// Unseen text since the last operator that sets the place: it moves what is shown right behind it.
    pending: Vec<Cut>,
    has_unseen: bool,
    has_seen: bool,
    /// Operators that only say where text goes.
    places: Vec<Range<usize>>,
    /// The last operator of each kind that sets how text looks, which holds beyond the text object.
    states: BTreeMap<Vec<u8>, Range<usize>>,
    /// Those before them.
    outdated: Vec<Range<usize>>,
    /// Begins and ends of marked content without properties.
    marks: Vec<Range<usize>>,
    /// Begins without an end.
    open_marks: usize,
    has_other_marks: bool,
}

impl Walk<'_> {
    fn visit(&mut self, operation: &Operation<'_>) {
        let range = operation.range.clone();
        match operation.operator {
            b"q" => self.saved.push(self.mode),
            b"Q" => self.mode = self.saved.pop().unwrap_or(self.mode),
            b"BT" => self.text = Text::default(),
            b"ET" => self.end_text(),
            b"Td" | b"Tm" | b"T*" => {
                self.settle();
                self.text.places.push(range);
            }
            // also sets the leading
            b"TD" => self.settle(),
            b"Tf" | b"Tz" | b"Tc" | b"Tw" | b"TL" | b"Ts" => self.note_state(operation),
            b"Tr" => {
                let text = std::str::from_utf8(&self.content[operation.last.clone()]);
                self.mode = text.ok().and_then(|text| text.parse().ok()).unwrap_or(self.mode);
                self.note_state(operation);
            }
            b"Tj" | b"TJ" => self.show(Cut { range, by: b"" }),
            // they also go to the next line
            b"'" | b"\"" => {
                self.settle();
                self.show(Cut { range: operation.last.clone(), by: b"()" });
            }
            b"BMC" => {
                self.text.open_marks += 1;
                self.text.marks.push(range);
            }
            b"EMC" => {
                self.text.has_other_marks |= self.text.open_marks == 0;
                self.text.open_marks = self.text.open_marks.saturating_sub(1);
                self.text.marks.push(range);
            }
            b"BDC" => self.text.has_other_marks = true,
            _ => {}
        }
    }

    fn show(&mut self, cut: Cut) {
        let is_unseen = self.mode == INVISIBLE || (self.is_all_unseen && self.mode < FIRST_CLIPPING);
        if is_unseen {
            self.text.has_unseen = true;
            self.text.pending.push(cut);
        } else {
            self.text.has_seen = true;
            self.text.pending.clear();
        }
    }

    fn settle(&mut self) {
        self.cuts.append(&mut self.text.pending);
    }

    fn note_state(&mut self, operation: &Operation<'_>) {
        let before = self.text.states.insert(operation.operator.to_vec(), operation.range.clone());
        self.text.outdated.extend(before);
    }

    fn end_text(&mut self) {
        self.settle();
        let text = std::mem::take(&mut self.text);
        // nothing is left that could be placed
        if text.has_unseen && !text.has_seen {
            let marks = if text.has_other_marks || text.open_marks > 0 { Vec::new() } else { text.marks };
            let needless = text.places.into_iter().chain(text.outdated).chain(marks);
            self.cuts.extend(needless.map(|range| Cut { range, by: b"" }));
        }
    }

    fn apply(&self) -> Vec<u8> {
        let mut kept = Vec::with_capacity(self.content.len());
        let mut at = 0;
        for cut in &self.cuts {
            // what is cut leaves a gap, or its neighbours would grow together
            let gap = self.content.get(at..cut.range.start).unwrap_or_default();
            if !gap.iter().all(u8::is_ascii_whitespace) || !cut.by.is_empty() {
                kept.extend_from_slice(gap);
                kept.extend_from_slice(cut.by);
            }
            at = cut.range.end;
        }
        kept.extend_from_slice(self.content.get(at..).unwrap_or_default());
        kept
    }
}

/// Reads a name with its `#` codes (ISO 32000-1, 7.3.5).
fn read_name(token: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(token.len());
    let mut rest = token.strip_prefix(b"/").unwrap_or(token);
    while let [first, behind @ ..] = rest {
        let code = (*first == b'#').then(|| behind.get(..2)).flatten();
        let code = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        name.push(code.unwrap_or(*first));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives what is left, with one space for every gap.
    fn seen(content: &str) -> Option<String> {
        let content = take_out_unseen(content.as_bytes(), 0, false).content?;
        Some(String::from_utf8(content).unwrap().split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn invisible_text_goes_and_all_else_stays() {
        let scan = "q 360 0 0 173 0 0 cm /Scan Do Q";
        assert_eq!(seen(scan), None);
        assert_eq!(seen("BT /F 9 Tf 3 Td (seen) Tj ET"), None);
        assert_eq!(seen("BT /F 9 Tf 7 Tr (cuts out) Tj ET"), None);
        let layer =
            "BT 3 Tr /Span BMC /F 9 Tf 1 0 0 1 5 5 Tm 80 Tz(one)Tj EMC\n/F 8 Tf 1 0 0 1 9 5 Tm[(two) 5 (three)]TJ ET";
        assert_eq!(seen(&format!("{scan} {layer}")).unwrap(), format!("{scan} BT 3 Tr 80 Tz /F 8 Tf ET"));
    }

    #[test]
    fn the_mode_lasts_until_it_changes_or_its_state_is_restored() {
        let content = "q 3 Tr BT 1 0 Td (a) Tj ET q 0 Tr BT (b) Tj ET Q BT (c) Tj ET Q BT (d) Tj ET";
        assert_eq!(seen(content).unwrap(), "q 3 Tr BT ET q 0 Tr BT (b) Tj ET Q BT ET Q BT (d) Tj ET");
    }

    #[test]
    fn what_moves_visible_text_stays() {
        let content = "BT 3 Tr (gone) Tj 0 -9 Td (moves) Tj 0 Tr (seen) Tj T* 3 Tr (gone) ' 0 Tr (seen) ' ET";
        let kept = "BT 3 Tr 0 -9 Td (moves) Tj 0 Tr (seen) Tj T* 3 Tr () ' 0 Tr (seen) ' ET";
        assert_eq!(seen(content).unwrap(), kept);
    }

    #[test]
    fn text_under_a_scan_goes_whatever_its_mode() {
        let seen = take_out_unseen(b"BT /F 9 Tf 5 5 Td (covered) Tj ET /Scan#31 Do", 0, true);
        assert_eq!(seen.content.unwrap(), b"BT /F 9 Tf  ET /Scan#31 Do");
        assert_eq!(seen.drawn, BTreeMap::from([(b"Scan1".to_vec(), 0)]));
    }
}
