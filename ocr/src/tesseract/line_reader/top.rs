/// How good a code is at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// The two best, and the null.
    Best,
    /// The next three.
    Good,
    Rest,
}

/// The best codes of one step, with the logarithms of their probabilities (`ComputeTopN` of Tesseract's
/// recodebeam.cpp).
#[derive(Debug)]
pub(super) struct Top<'a> {
    outputs: &'a [f32],
    null: u16,
    /// descending
    best: [u16; COUNT],
    count: usize,
    /// of `best`, then of the null: alone, and together with the null
    certainties: [(f32, f32); COUNT + 1],
    /// of the two best and the null together
    pair: f32,
}

/// Codes that are looked at first.
const COUNT: usize = 5;
/// What a certainty is at least.
const WORST: f32 = -20.0;

impl<'a> Top<'a> {
    pub(super) fn new(outputs: &'a [f32], null: u16) -> Self {
        let (mut best, mut shares, mut count) = ([null; COUNT], [f32::NEG_INFINITY; COUNT], 0);
        for (&share, code) in outputs.iter().zip(0_u16..) {
            if share > shares[COUNT - 1] {
                count = (count + 1).min(COUNT);
                let place = shares.iter().position(|&other| share > other).unwrap_or(COUNT - 1);
                shares[place..].rotate_right(1);
                best[place..].rotate_right(1);
                (shares[place], best[place]) = (share, code);
            }
        }
        let of_null = outputs.get(usize::from(null)).copied().unwrap_or(0.0);
        let mut certainties = [(WORST, WORST); COUNT + 1];
        for (certainty, &share) in certainties.iter_mut().zip(shares[..count].iter().chain([&of_null])) {
            *certainty = (certainty_of(share), certainty_of(share + of_null));
        }
        certainties[COUNT] = (certainty_of(of_null), certainty_of(of_null + of_null));
        let pair = certainty_of(shares[0].max(0.0) + shares[1].max(0.0) + of_null);
        Self { outputs, null, best, count, certainties, pair }
    }

    pub(super) fn group(&self, code: u16) -> Group {
        match self.place(code) {
            _ if code == self.null => Group::Best,
            Some(0 | 1) => Group::Best,
            Some(_) => Group::Good,
            None => Group::Rest,
        }
    }

    /// The codes of a group.
    pub(super) fn codes(&self, group: Group) -> impl Iterator<Item = u16> {
        let best = &self.best[..self.count];
        let null = self.null;
        let (start, end) = match group {
            Group::Best => (0, self.count.min(2)),
            Group::Good => (self.count.min(2), self.count),
            Group::Rest => (0, 0),
        };
        let others = if group == Group::Rest { self.outputs.len() } else { 0 };
        let others = (0_u16..).take(others).filter(move |code| *code != null && !best.contains(code));
        let listed = best[start..end].iter().copied().filter(move |&code| code != null);
        (group == Group::Best).then_some(null).into_iter().chain(listed).chain(others)
    }

    /// Logarithm of the probability of a code.
    pub(super) fn certainty(&self, code: u16) -> f32 {
        match self.place(code) {
            Some(place) => self.certainties[place].0,
            None if code == self.null => self.certainties[COUNT].0,
            None => certainty_of(self.share(code)),
        }
    }

    /// The same for a code or the null.
    pub(super) fn certainty_with_null(&self, code: u16) -> f32 {
        match self.place(code) {
            Some(place) => self.certainties[place].1,
            None => certainty_of(self.share(code) + self.share(self.null)),
        }
    }

    /// The same for a code or the null, or, between the two best codes, the code before.
    pub(super) fn certainty_at_change(&self, code: u16, before: Option<u16>) -> f32 {
        let is_pair = before.is_some_and(|before| {
            self.count > 1 && ([before, code] == self.best[..2] || [code, before] == self.best[..2])
        });
        if is_pair { self.pair } else { self.certainty_with_null(code) }
    }

    fn place(&self, code: u16) -> Option<usize> {
        self.best[..self.count].iter().position(|&best| best == code)
    }

    fn share(&self, code: u16) -> f32 {
        self.outputs.get(usize::from(code)).copied().unwrap_or(0.0)
    }
}

fn certainty_of(share: f32) -> f32 {
    share.ln().max(WORST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_codes_into_groups() {
        let outputs = [0.02, 0.3, 0.01, 0.1, 0.5, 0.0, 0.04, 0.03];
        let top = Top::new(&outputs, 7);
        assert_eq!(top.codes(Group::Best).collect::<Vec<_>>(), [7, 4, 1]);
        assert_eq!(top.codes(Group::Good).collect::<Vec<_>>(), [3, 6]);
        assert_eq!(top.codes(Group::Rest).collect::<Vec<_>>(), [0, 2, 5]);
        assert_eq!([4, 7, 6, 5].map(|code| top.group(code)), [Group::Best, Group::Best, Group::Good, Group::Rest]);
        let near = |a: f32, share: f32| (a - share.ln()).abs() < 1e-5;
        assert!(near(top.certainty(4), 0.5) && near(top.certainty(7), 0.03) && near(top.certainty(2), 0.01));
        assert!(near(top.certainty_with_null(3), 0.13));
        assert!(near(top.certainty_at_change(1, Some(4)), 0.83) && near(top.certainty_at_change(1, Some(3)), 0.33));
        assert!((top.certainty(5) - WORST).abs() < 1e-6);
    }
}
