use super::{
    MIN_PREFIX,
    lookup::has_unspaced,
    near::may_be_near,
    split::{Split, split},
};

/// Characters of the longest query.
pub const MAX_QUERY_CHARS: usize = 500;

/// Words, phrases and prefixes of a query, together.
const MAX_TERMS: usize = 16;

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// A page must have all of these, at least one.
    pub clauses: Vec<Clause>,
    /// A page must have none of these.
    pub excluded: Vec<Term>,
}

/// Terms of which a page must have one; never empty.
pub type Clause = Vec<Term>;

/// A word, a prefix or a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// As it was asked for, without its signs.
    pub text: String,
    /// What it is.
    pub kind: TermKind,
    /// It is found with one letter misread, too.
    pub is_near_enough: bool,
    /// As it is compared, never empty.
    pub(super) splits: Vec<Split>,
}

/// How a term is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// A word, code or number.
    Word,
    /// The beginning of a word.
    Prefix,
    /// Words one after the other, exactly.
    Phrase,
}

/// Why a query can't be looked for. It quotes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No letter or digit.
    #[error("write at least one word or number to look for")]
    Nothing,
    /// Only what must not be on the page.
    #[error("write at least one word that the page has, beside those after a minus")]
    OnlyExcluded,
    /// Too short before the star.
    #[error("write at least three letters before the star")]
    ShortPrefix,
    /// `OR` without something on both sides.
    #[error("write OR between two words or phrases; for the word itself write \"or\" in quotes")]
    LonelyOr,
    /// `a OR -b`.
    #[error("a word after OR can't be excluded; write the minus words apart")]
    ExcludedChoice,
    /// Too many characters.
    #[error("write at most 500 characters")]
    TooLong,
    /// Too many terms.
    #[error("write at most 16 words and phrases")]
    TooMany,
}

impl Query {
    /// Reads a query: words that must all be there, `"a phrase"`, `prefix*`, `-excluded`, `one OR other`.
    ///
    /// # Errors
    /// When there is nothing to look for, or more than is looked for at once.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > MAX_QUERY_CHARS {
            return Err(QueryError::TooLong);
        }
        let mut query = Self { clauses: Vec::new(), excluded: Vec::new() };
        let mut is_choice = false;
        for token in tokens(text) {
            if token.is_or() {
                if is_choice || query.clauses.is_empty() {
                    return Err(QueryError::LonelyOr);
                }
                is_choice = true;
            } else if let Some(term) = token.term()? {
                query.push(term, token.is_excluded, is_choice)?;
                is_choice = false;
            }
        }
        match query.clauses.len() + query.excluded.len() {
            _ if is_choice => Err(QueryError::LonelyOr),
            0 => Err(QueryError::Nothing),
            _ if query.clauses.is_empty() => Err(QueryError::OnlyExcluded),
            _ if query.terms().count() > MAX_TERMS => Err(QueryError::TooMany),
            _ => Ok(query),
        }
    }

    fn push(&mut self, term: Term, is_excluded: bool, is_choice: bool) -> Result<(), QueryError> {
        match self.clauses.last_mut() {
            _ if is_excluded && is_choice => return Err(QueryError::ExcludedChoice),
            _ if is_excluded => self.excluded.push(Term { is_near_enough: false, ..term }),
            Some(clause) if is_choice => clause.push(term),
            _ => self.clauses.push(vec![term]),
        }
        Ok(())
    }

    /// Lists every term, those that are excluded last.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.clauses.iter().flatten().chain(&self.excluded)
    }
}

impl Term {
    /// Gives the one word that a word or prefix is compared as.
    pub(super) fn compared(&self) -> String {
        let split = self.splits.first();
        split
            .and_then(|split| split.whole.clone().or_else(|| Some(split.parts.first()?.text.clone())))
            .unwrap_or_default()
    }
}

/// A word or phrase of a query with its signs.
#[derive(Debug, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    is_quoted: bool,
    is_excluded: bool,
}

impl Token<'_> {
    fn is_or(&self) -> bool {
        !self.is_quoted && !self.is_excluded && self.text == "OR"
    }

    /// Gives what is to be looked for; `None` when there is neither letter nor digit in it.
    fn term(&self) -> Result<Option<Term>, QueryError> {
        let splits: Vec<Split> =
            self.text.split_whitespace().map(split).filter(|split| !split.parts.is_empty()).collect();
        let Some(first) = splits.first() else { return Ok(None) };
        let kind = match self.text.strip_suffix('*') {
            _ if self.is_quoted => TermKind::Phrase,
            // as it is written, every beginning of it is found already
            Some(_) if !has_unspaced(first) => TermKind::Prefix,
            _ => TermKind::Word,
        };
        let text = self.text.trim().trim_end_matches('*').to_owned();
        let mut term = Term { text, kind, is_near_enough: false, splits };
        let compared = term.compared();
        if kind == TermKind::Prefix && compared.chars().count() < MIN_PREFIX {
            return Err(QueryError::ShortPrefix);
        }
        let is_one_part = term.splits.iter().all(|split| split.parts.len() == 1);
        term.is_near_enough = kind == TermKind::Word && is_one_part && may_be_near(&compared);
        Ok(Some(term))
    }
}

/// Splits a query at spaces and quotes; a quote that is not closed goes to the end.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (is_excluded, unsigned) = match rest.strip_prefix(['-', '−']) {
            Some(unsigned) if !unsigned.starts_with(char::is_whitespace) => (true, unsigned),
            _ => (false, rest),
        };
        let (text, after, is_quoted) = match unsigned.strip_prefix(is_quote) {
            Some(quoted) => {
                let (text, after) = quoted.split_once(is_quote).unwrap_or((quoted, ""));
                (text, after, true)
            }
            None => {
                let end = unsigned.find(|sign| is_quote(sign) || char::is_whitespace(sign)).unwrap_or(unsigned.len());
                let (text, after) = unsigned.split_at(end);
                (text, after, false)
            }
        };
        tokens.push(Token { text, is_quoted, is_excluded });
        rest = after.trim_start();
    }
    tokens
}

/// Says whether people or their keyboards put this around a phrase.
fn is_quote(sign: char) -> bool {
    matches!(sign, '"' | '“' | '”' | '„' | '«' | '»')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> String {
        let query = Query::parse(text).expect("a query");
        let show = |term: &Term| {
            let near = if term.is_near_enough { "~" } else { "" };
            match term.kind {
                TermKind::Word => format!("{}{near}", term.text),
                TermKind::Prefix => format!("{}*", term.text),
                TermKind::Phrase => format!("[{}]", term.text),
            }
        };
        let clause = |clause: &Clause| clause.iter().map(show).collect::<Vec<_>>().join("|");
        let clauses: Vec<_> = query.clauses.iter().map(clause).collect();
        let excluded: String = query.excluded.iter().map(|term| format!(" -{}", show(term))).collect();
        format!("{}{excluded}", clauses.join(" "))
    }

    #[test]
    fn queries_mean_what_people_write() {
        for (text, expected) in [
            ("Rechnung 2024", "Rechnung~ 2024"),
            ("  two\twords ", "two words~"),
            ("\"a phrase\" b", "[a phrase] b"),
            ("„ein Satz“", "[ein Satz]"),
            ("\"not closed", "[not closed]"),
            ("rech*", "rech*"),
            ("DOC-123", "DOC-123"),
            ("one OR other third", "one|other~ third~"),
            ("a OR \"b c\" OR ddd*", "a|[b c]|ddd*"),
            ("rule -except -\"of the\" -abc*", "rule~ -except -[of the] -abc*"),
            ("a - b", "a b"),
            ("or and not", "or and not"),
            ("\"OR\" x", "[OR] x"),
            ("中国* 人", "中国 人"),
            ("a\"b\"", "a [b]"),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_looked_for_is_said() {
        for (text, error) in [
            ("", QueryError::Nothing),
            (" \"\" - *** ", QueryError::Nothing),
            ("-word", QueryError::OnlyExcluded),
            ("ab*", QueryError::ShortPrefix),
            ("OR a", QueryError::LonelyOr),
            ("a OR", QueryError::LonelyOr),
            ("a OR OR b", QueryError::LonelyOr),
            ("a OR -b", QueryError::ExcludedChoice),
            (&"a ".repeat(17), QueryError::TooMany),
            (&"a".repeat(501), QueryError::TooLong),
        ] {
            assert_eq!(Query::parse(text), Err(error), "{text}");
        }
    }
}
