use std::{ops::RangeInclusive, str::FromStr};

/// Pages that were asked for, such as `1-3,7,10-`; counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pages(Vec<RangeInclusive<u32>>);

impl Default for Pages {
    fn default() -> Self {
        Self(vec![1..=u32::MAX])
    }
}

impl Pages {
    /// Lists the pages of a document that were asked for, from 0, in order.
    pub(super) fn indices(&self, page_count: u32) -> Vec<u32> {
        (0..page_count).filter(|index| self.0.iter().any(|range| range.contains(&(index + 1)))).collect()
    }

    /// Names what was asked for and the document doesn't have.
    pub(super) fn missing(&self, page_count: u32) -> Option<String> {
        let beyond = |range: &RangeInclusive<u32>| match (*range.start().max(&(page_count + 1)), *range.end()) {
            (first, u32::MAX) if first == *range.start() => Some(format!("{first}-")),
            (_, u32::MAX) => None,
            (first, last) if first == last => Some(first.to_string()),
            (first, last) => (first < last).then(|| format!("{first}-{last}")),
        };
        let missing: Vec<_> = self.0.iter().filter_map(beyond).collect();
        (!missing.is_empty()).then(|| missing.join(","))
    }
}

impl FromStr for Pages {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ranges: Option<_> = text.split(',').map(|part| parse_range(part.trim())).collect();
        ranges.map(Self).ok_or_else(|| "write pages as 1-3,7,10-".to_owned())
    }
}

fn parse_range(text: &str) -> Option<RangeInclusive<u32>> {
    let number = |text: &str| text.trim().parse().ok().filter(|&number| number > 0);
    let (first, last) = match text.split_once('-') {
        None => (number(text)?, number(text)?),
        Some((first, "")) => (number(first)?, u32::MAX),
        Some(("", last)) => (1, number(last)?),
        Some((first, last)) => (number(first)?, number(last)?),
    };
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_are_not_there_are_named() {
        let missing = |text: &str| text.parse::<Pages>().unwrap().missing(2);
        for (asked, named) in [("2-5", "3-5"), ("1,3", "3"), ("2-3", "3"), ("1-,7-", "7-"), ("1,4-6,9", "4-6,9")] {
            assert_eq!(missing(asked).as_deref(), Some(named), "{asked}");
        }
        for whole in ["1-2", "-2", "2-", "1-"] {
            assert_eq!(missing(whole), None, "{whole}");
        }
    }

    #[test]
    fn pages_are_written_as_in_a_print_dialog() {
        let indices = |text: &str| text.parse::<Pages>().map(|pages| pages.indices(9));
        assert_eq!(indices("1-3, 7,9-"), Ok(vec![0, 1, 2, 6, 8]));
        assert_eq!(indices("-2"), Ok(vec![0, 1]));
        assert_eq!(indices("20"), Ok(vec![]));
        assert_eq!(Pages::default().indices(2), [0, 1]);
        for wrong in ["", "0", "3-1", "a", "1,,2", "-"] {
            assert!(indices(wrong).is_err(), "{wrong}");
        }
    }
}
