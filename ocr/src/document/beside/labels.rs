use hayro::hayro_syntax::object::{Dict, Name, Object};

use super::{text_of, tree::list_entries};

/// What is printed on pages from a page on, until the next label (ISO 32000-1, 12.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageLabel {
    /// The first page, from 0.
    pub(crate) page: u32,
    /// How it is numbered: `D`, `R`, `r`, `A` or `a`; not at all without it.
    pub(crate) style: Option<String>,
    pub(crate) prefix: Option<String>,
    /// Number of the first page.
    pub(crate) start: Option<u32>,
}

/// Reads the labels in the order of their pages.
pub(super) fn read_labels(catalog: &Dict<'_>) -> Vec<PageLabel> {
    let tree = catalog.get::<Dict<'_>>("PageLabels").map(|tree| list_entries(tree, "Nums")).unwrap_or_default();
    let mut labels: Vec<PageLabel> = tree.into_iter().filter_map(|(page, label)| read_label(page, label)).collect();
    labels.sort_by_key(|label| label.page);
    labels.dedup_by_key(|label| label.page);
    // every page must have one
    if labels.first().is_none_or(|label| label.page != 0) {
        labels.clear();
    }
    labels
}

fn read_label(page: Object<'_>, label: Object<'_>) -> Option<PageLabel> {
    let label = label.into_dict()?;
    let style = label.get::<Name<'_>>("S").map(|style| style.as_str().to_owned());
    Some(PageLabel {
        page: u32::try_from(page.into_number()?.as_i64()).ok()?,
        style: style.filter(|style| ["D", "R", "r", "A", "a"].contains(&style.as_str())),
        prefix: text_of(&label, "P"),
        start: label.get::<u32>("St").filter(|start| *start > 0),
    })
}
