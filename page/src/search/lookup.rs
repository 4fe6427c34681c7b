use super::{
    MAX_PREFIX, Term, TermKind,
    near::one_edit_variants,
    split::{Part, Split},
};

/// Something that stands in the index of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A word, or a part of one.
    Exact(String),
    /// The beginning of longer words.
    Prefix(String),
}

impl Term {
    /// Says which pages may have this: those of whose index all of one of these lists stand in. A page that has none of the
    /// lists does not have the term; one that has may still not, such as when words of a phrase stand apart.
    #[must_use]
    pub fn lookups(&self) -> Vec<Vec<Lookup>> {
        match (self.kind, self.splits.as_slice()) {
            (TermKind::Prefix, [split]) if !has_unspaced(split) => of_prefix(&self.compared()),
            (TermKind::Word, [Split { parts, whole: Some(whole) }]) => {
                vec![vec![Lookup::Exact(whole.clone())], of_parts(parts)]
            }
            (_, splits) => vec![splits.iter().flat_map(|split| of_parts(&split.parts)).collect()],
        }
    }

    /// Lists the words that one misread letter would make of this, to be looked for as they are; none when it must be exact.
    #[must_use]
    pub fn near_words(&self) -> Vec<String> {
        if self.is_near_enough { one_edit_variants(&self.compared()) } else { Vec::new() }
    }
}

pub(super) fn has_unspaced(split: &Split) -> bool {
    split.parts.iter().any(|part| part.is_unspaced)
}

fn of_prefix(prefix: &str) -> Vec<Vec<Lookup>> {
    match prefix.char_indices().nth(MAX_PREFIX) {
        // Whatever begins with it is longer than what stands in the index, and so has that.
        Some((end, _)) => vec![vec![Lookup::Prefix(prefix[..end].to_owned())]],
        None => vec![vec![Lookup::Prefix(prefix.to_owned())], vec![Lookup::Exact(prefix.to_owned())]],
    }
}

fn of_parts(parts: &[Part]) -> Vec<Lookup> {
    let mut lookups = Vec::new();
    let mut is_in_pair = false;
    for (position, part) in parts.iter().enumerate() {
        if !part.is_unspaced {
            lookups.push(Lookup::Exact(part.text.clone()));
            is_in_pair = false;
            continue;
        }
        let (was_in_pair, before) = (is_in_pair, lookups.len());
        push_unspaced(part, parts.get(position + 1), |pair| lookups.push(Lookup::Exact(pair)));
        is_in_pair = lookups.len() > before;
        if !is_in_pair && !was_in_pair {
            lookups.push(Lookup::Exact(part.text.clone()));
        }
    }
    lookups
}

/// Gives the pair that a letter of a script without spaces makes with the next one, if that is of such a script too.
pub(super) fn push_unspaced(part: &Part, next: Option<&Part>, push: impl FnOnce(String)) {
    if let Some(next) = next.filter(|next| next.is_unspaced) {
        push(format!("{}{}", part.text, next.text));
    }
}
