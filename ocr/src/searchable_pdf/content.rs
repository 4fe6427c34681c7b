use std::ops::Range;

/// An operator of a content stream with what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operation<'a> {
    /// From its first operand to the end of the operator; of a picture inside the content, to behind its data.
    pub(super) range: Range<usize>,
    pub(super) operator: &'a [u8],
    /// Where its last operand stands; empty when it has none.
    pub(super) last: Range<usize>,
}

/// Walks through a content stream (ISO 32000-1, 7.8.2) without understanding it: what one doesn't touch stays byte by
/// byte as it is. Damaged content is taken as far as it goes.
#[derive(Clone, Debug)]
pub(super) struct Operations<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Operations<'a> {
    pub(super) const fn new(content: &'a [u8]) -> Self {
        Self { content, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.content.get(self.at).copied()
    }

    fn skip_while(&mut self, is_skipped: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&is_skipped) {
            self.at += 1;
        }
    }

    /// Moves to the next token.
    fn skip_gaps(&mut self) {
        self.skip_while(is_space);
        while self.peek() == Some(b'%') {
            self.skip_while(|byte| !matches!(byte, b'\r' | b'\n'));
            self.skip_while(is_space);
        }
    }

    /// Moves behind an operand; `false` when what stands here is none.
    fn skip_operand(&mut self) -> bool {
        match self.peek() {
            Some(b'(') => self.skip_string(),
            Some(b'<') if self.content.get(self.at + 1) == Some(&b'<') => self.at += 2,
            Some(b'>') if self.content.get(self.at + 1) == Some(&b'>') => self.at += 2,
            Some(b'<') => {
                self.skip_while(|byte| byte != b'>');
                self.at += 1;
            }
            Some(b'[' | b']' | b'{' | b'}' | b')' | b'>') => self.at += 1,
            Some(b'/') => {
                self.at += 1;
                self.skip_while(is_regular);
            }
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => self.skip_while(is_regular),
            _ => return false,
        }
        self.at = self.at.min(self.content.len());
        true
    }

    /// Moves behind a string in parentheses, which may hold balanced ones.
    fn skip_string(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' if depth == 1 => return,
                b')' => depth -= 1,
                _ => {}
            }
        }
    }

    /// Moves behind the data of a picture inside the content: to the first `EI` that stands alone and is followed by
    /// what may be content.
    fn skip_picture(&mut self) {
        const AHEAD: usize = 12;
        while let Some(found) = self.content.get(self.at..).and_then(|rest| find(rest, b"EI")) {
            let end = self.at + found + 2;
            let stands_alone = self.content[end - 3..end - 2].iter().all(|byte| is_space(*byte));
            let ahead = &self.content[end..self.content.len().min(end + AHEAD)];
            let is_text = |byte: &u8| is_space(*byte) || (0x20..0x7f).contains(byte);
            self.at = end;
            if stands_alone && ahead.first().is_none_or(|byte| is_space(*byte)) && ahead.iter().all(is_text) {
                return;
            }
        }
        self.at = self.content.len();
    }
}

impl<'a> Iterator for Operations<'a> {
    type Item = Operation<'a>;

    fn next(&mut self) -> Option<Operation<'a>> {
        self.skip_gaps();
        let start = self.at;
        let mut last = start..start;
        let mut opened = None;
        loop {
            self.skip_gaps();
            let from = self.at;
            let first = self.peek()?;
            if !self.skip_operand() {
                break;
            }
            // a list is one operand
            match first {
                b'[' => opened = opened.or(Some(from)),
                b']' => last = opened.take().unwrap_or(from)..self.at,
                _ if opened.is_none() => last = from..self.at,
                _ => {}
            }
        }
        let from = self.at;
        self.skip_while(is_regular);
        // a byte that begins no token
        self.at = self.at.max(from + 1);
        let operator = &self.content[from..self.at];
        if operator == b"ID" {
            self.skip_picture();
        }
        Some(Operation { range: start..self.at, operator, last })
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(content: &[u8]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Operations::new(content)
            .map(|operation| (text(operation.operator), text(&content[operation.last.clone()])))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(operator, last)| ((*operator).into(), (*last).into())).collect()
    }

    #[test]
    fn operators_are_found_between_all_kinds_of_operands() {
        let content = b"q 1 0 0 -1.5 0 7 cm\n/F#31 12 Tf (a\\)(b) c) Tj[(x)-20<4A>(])]TJ % (3 Tr\n<</MCID 0>>BDC /P<4A 4B>Tj T*(y)'";
        let expected = [
            ("q", ""),
            ("cm", "7"),
            ("Tf", "12"),
            ("Tj", "(a\\)(b) c)"),
            ("TJ", "[(x)-20<4A>(])]"),
            ("BDC", ">>"),
            ("Tj", "<4A 4B>"),
            ("T*", ""),
            ("'", "(y)"),
        ];
        assert_eq!(parts(content), pairs(&expected));
    }

    #[test]
    fn pictures_inside_the_content_are_passed_over() {
        let content = b"BI /W 2 /H 2 ID \xff(\x01 EI\x02 3 Tr EI Q (after) Tj";
        assert_eq!(parts(content)[2..], pairs(&[("Q", ""), ("Tj", "(after)")]));
    }

    #[test]
    fn damaged_content_ends() {
        for content in
            [&b"(never closed"[..], b"[ 1 2", b"<41", b")>]", b"ID EI", b"EI", b"ID", b"(\\", b"\xff\xfe 3 Tr"]
        {
            assert!(Operations::new(content).count() < 5);
        }
    }
}
