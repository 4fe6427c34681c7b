//! From what a document shows and what is wished to the rows of a new run: a pure function.

use std::collections::{BTreeSet, HashMap};

use untxt_core::domain::{PageNumber, PageState, TaskId};

use super::{Plan, Refusal};
use crate::pages::{Page, is_low};

/// The rows of a run, in page order, and its counters at the begin.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) pages: Vec<PageLayout>,
    pub(super) done: u32,
    pub(super) failed: u32,
    pub(super) low: u32,
    /// Not read, and not to be read.
    pub(super) unread: u32,
    /// Nothing is to be read, and everything chosen is shown already.
    pub(super) is_shown_already: bool,
}

/// One row.
#[derive(Debug, PartialEq)]
pub(super) struct PageLayout {
    pub(super) number: PageNumber,
    pub(super) is_to_be_read: bool,
    pub(super) shown: TaskId,
    pub(super) other: Option<TaskId>,
    pub(super) is_undecided: bool,
}

/// Lays a run out over what the document shows now. Without known pages the rows are made when they are counted.
/// `has_pdf`: there is a searchable PDF of what is shown.
pub(super) fn lay_out(shown: &[Page], plan: &Plan, has_pdf: bool) -> Result<Layout, Refusal> {
    let mut layout = Layout::default();
    match plan {
        Plan::ReadAll => shown.iter().for_each(|page| layout.read(page)),
        Plan::ReadUnread => return lay_out_missing(shown, &BTreeSet::new(), has_pdf),
        Plan::ReadMissed(missed) => return lay_out_missing(shown, missed, has_pdf),
        Plan::ReadPages(chosen) => {
            let mut chosen = chosen.clone();
            for page in shown {
                if chosen.remove(&page.number) { layout.read(page) } else { layout.keep(page) }
            }
            if let Some(missing) = chosen.into_iter().next() {
                return Err(Refusal::NoSuchPage(missing));
            }
        }
        Plan::Show(chosen) => {
            layout.is_shown_already = true;
            let mut chosen: HashMap<_, _> = chosen.iter().copied().collect();
            for page in shown {
                match chosen.remove(&page.number) {
                    Some(task) => layout.show(page, task)?,
                    None => layout.keep(page),
                }
            }
            if let Some(missing) = chosen.into_keys().min() {
                return Err(Refusal::NoSuchPage(missing));
            }
        }
    }
    Ok(layout)
}

/// Lays out what is missing: pages without text, those that were `missed`, and, with neither, the searchable PDF.
fn lay_out_missing(shown: &[Page], missed: &BTreeSet<PageNumber>, has_pdf: bool) -> Result<Layout, Refusal> {
    let mut layout = Layout::default();
    for page in shown {
        if is_read(page) && !missed.contains(&page.number) { layout.keep(page) } else { layout.read(page) }
    }
    if layout.reads_nothing() && has_pdf { Err(Refusal::NothingUnread) } else { Ok(layout) }
}

fn is_read(page: &Page) -> bool {
    page.state == PageState::Done
}

impl Layout {
    /// Lays a run out that changes nothing.
    pub(super) fn keeping(shown: &[Page]) -> Self {
        let mut layout = Self::default();
        shown.iter().for_each(|page| layout.keep(page));
        layout
    }

    /// Says whether it only puts together what was read before.
    pub(super) fn reads_nothing(&self) -> bool {
        !self.pages.is_empty() && self.pages.iter().all(|page| !page.is_to_be_read)
    }

    fn read(&mut self, page: &Page) {
        self.pages.push(PageLayout { is_to_be_read: true, ..PageLayout::of(page) });
    }

    fn keep(&mut self, page: &Page) {
        self.count(page.state, page.mean_confidence);
        self.pages.push(PageLayout::of(page));
    }

    fn show(&mut self, page: &Page, task: TaskId) -> Result<(), Refusal> {
        let mut row = PageLayout::of(page);
        row.is_undecided = false;
        let mut confidence = page.mean_confidence;
        match page.other {
            Some(other) if other.task == task => {
                (row.shown, row.other) = (task, Some(page.task));
                confidence = Some(other.mean_confidence);
            }
            _ if page.task == task && is_read(page) => {}
            _ => return Err(Refusal::NoSuchResult(page.number)),
        }
        self.is_shown_already &= row == PageLayout::of(page);
        self.count(page.state, confidence);
        self.pages.push(row);
        Ok(())
    }

    fn count(&mut self, state: PageState, confidence: Option<f32>) {
        match state {
            PageState::Done => {
                self.done += 1;
                self.low += u32::from(confidence.is_some_and(is_low));
            }
            PageState::Failed => self.failed += 1,
            PageState::Cancelled | PageState::Queued | PageState::Processing => self.unread += 1,
        }
    }
}

impl PageLayout {
    fn of(page: &Page) -> Self {
        Self {
            number: page.number,
            is_to_be_read: false,
            shown: page.task,
            other: page.other.map(|other| other.task),
            is_undecided: page.other.is_some_and(|other| other.is_undecided),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::OtherResult;

    fn page(index: u32, state: PageState, confidence: f32) -> Page {
        Page {
            task: TaskId::generate(),
            number: PageNumber::from_index(index),
            state,
            width: None,
            height: None,
            dpi: None,
            mean_confidence: (state == PageState::Done).then_some(confidence),
            image: None,
            failure: None,
            reread: None,
            other: None,
        }
    }

    fn three() -> [Page; 3] {
        let newer = OtherResult { task: TaskId::generate(), mean_confidence: 0.9, is_newer: true, is_undecided: true };
        let undecided = Page { other: Some(newer), ..page(0, PageState::Done, 0.6) };
        [undecided, page(1, PageState::Failed, 0.0), page(2, PageState::Cancelled, 0.0)]
    }

    fn read(layout: &Layout) -> Vec<u32> {
        let read = layout.pages.iter().filter(|page| page.is_to_be_read);
        read.map(|page| page.number.get()).collect()
    }

    #[test]
    fn what_is_kept_counts_as_it_is() {
        let layout = lay_out(&three(), &Plan::ReadUnread, true).expect("laid out");
        assert_eq!((read(&layout), layout.done, layout.low, layout.failed, layout.unread), (vec![2, 3], 1, 1, 0, 0));
        assert!(layout.pages[0].is_undecided, "still to be chosen");
        let layout = lay_out(&three(), &Plan::ReadPages([PageNumber::from_index(0)].into()), true).expect("laid out");
        assert_eq!((read(&layout), layout.done, layout.failed, layout.unread), (vec![1], 0, 1, 1));
        assert_eq!(read(&lay_out(&three(), &Plan::ReadAll, true).expect("laid out")), [1, 2, 3]);
    }

    #[test]
    fn what_is_missing_is_read_and_at_least_the_searchable_pdf_is_made() {
        let (pages, first) = (three(), PageNumber::from_index(0));
        let missed = Plan::ReadMissed([first, PageNumber::from_index(6)].into());
        assert_eq!(read(&lay_out(&pages, &missed, true).expect("laid out")), [1, 2, 3]);
        assert_eq!(read(&lay_out(&pages[..1], &missed, true).expect("laid out")), [1]);
        let layout = lay_out(&pages[..1], &Plan::ReadUnread, false).expect("laid out");
        assert_eq!((layout.reads_nothing(), layout.done, layout.is_shown_already), (true, 1, false));
        let unopened = lay_out(&[], &Plan::ReadUnread, false).expect("laid out");
        assert!(!unopened.reads_nothing(), "nobody knows its pages");
    }

    #[test]
    fn what_is_not_there_is_refused() {
        let (page, pages) = (PageNumber::from_index(6), three());
        assert_eq!(lay_out(&pages, &Plan::ReadPages([page].into()), true), Err(Refusal::NoSuchPage(page)));
        assert_eq!(lay_out(&pages, &Plan::Show(vec![(page, pages[0].task)]), true), Err(Refusal::NoSuchPage(page)));
        let first = pages[0].number;
        let foreign = Plan::Show(vec![(first, TaskId::generate())]);
        assert_eq!(lay_out(&pages, &foreign, true), Err(Refusal::NoSuchResult(first)));
        let failed = Plan::Show(vec![(pages[1].number, pages[1].task)]);
        assert_eq!(lay_out(&pages, &failed, true), Err(Refusal::NoSuchResult(pages[1].number)));
        assert_eq!(lay_out(&pages[..1], &Plan::ReadUnread, true), Err(Refusal::NothingUnread));
    }

    #[test]
    fn the_chosen_result_is_shown_and_the_other_stays_within_reach() {
        let pages = three();
        let (older, newer) = (pages[0].task, pages[0].other.expect("another").task);
        let layout = lay_out(&pages, &Plan::Show(vec![(pages[0].number, newer)]), true).expect("laid out");
        let row = &layout.pages[0];
        assert_eq!((row.shown, row.other, row.is_undecided), (newer, Some(older), false));
        assert_eq!((layout.done, layout.low, layout.is_shown_already), (1, 0, false));
        let layout = lay_out(&pages, &Plan::Show(vec![(pages[0].number, older)]), true).expect("laid out");
        let row = &layout.pages[0];
        assert_eq!((row.shown, row.other, row.is_undecided), (older, Some(newer), false));
        assert!(!layout.is_shown_already, "now it is decided");
    }
}
