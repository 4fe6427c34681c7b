use std::{
    collections::BTreeMap,
    io::{self, Write},
};

/// What became of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) files: usize,
    /// Files that lack a result that was asked for.
    pub(super) failed_files: usize,
    /// Files that have a result, even if not all.
    pub(super) delivered_files: usize,
    pub(super) pages: usize,
    pub(super) failed_pages: usize,
}

/// Counts what is done, and prints what is for standard output.
#[derive(Debug, Default)]
pub(super) struct Results {
    tally: Tally,
    /// Results for standard output that wait for those before them.
    waiting: BTreeMap<usize, Vec<u8>>,
    printed: usize,
    /// Why standard output takes no more.
    fault: Option<anyhow::Error>,
}

impl Results {
    /// Counts a file, and prints its result when all before it are printed.
    pub(super) fn add(&mut self, place: usize, file: Tally, printed: Vec<u8>) {
        self.tally.files += file.files;
        self.tally.failed_files += file.failed_files;
        self.tally.delivered_files += file.delivered_files;
        self.tally.pages += file.pages;
        self.tally.failed_pages += file.failed_pages;
        self.waiting.insert(place, printed);
        while let Some(bytes) = self.waiting.remove(&self.printed).filter(|_| self.fault.is_none()) {
            self.printed += 1;
            let mut out = io::stdout().lock();
            if let Err(error) = out.write_all(&bytes).and_then(|()| out.flush()) {
                self.fault = Some(anyhow::Error::new(error).context("standard output can't be written"));
            }
        }
    }

    /// Says whether nobody takes the results any more.
    pub(super) const fn are_refused(&self) -> bool {
        self.fault.is_some()
    }

    /// Gives the sum.
    ///
    /// # Errors
    /// When results could not be printed; [`is_unheard`] tells whether somebody has only stopped listening.
    pub(super) fn end(self) -> anyhow::Result<Tally> {
        self.fault.map_or(Ok(self.tally), Err)
    }
}

/// Says whether an error is that whoever took the results takes no more, as `head` does when it has enough.
pub(super) fn is_unheard(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
