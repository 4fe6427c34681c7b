use std::ops::Range;

use time::{Duration, OffsetDateTime};

use super::{AuditBatch, AuditEnd, AuditLine, AuditRow, BatchHead, Finding, Leaves, SignedHead, row::GONE};
use crate::receipts::PublicKey;

/// What is kept at least: six years (45 CFR 164.316(b)(2)(i)).
pub const MIN_RETENTION_DAYS: u32 = 2192;

/// How much later than its time a row may be seen: transactions that write one take moments.
const MAX_DELAY: Duration = Duration::minutes(10);

/// Findings that are kept one by one; the others are counted.
const MAX_FINDINGS: usize = 10_000;

/// What an export was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Batches that were there, and rows in them.
    pub batches: u64,
    /// Rows that were sealed and are there.
    pub rows: u64,
    /// Rows that nobody has sealed yet.
    pub unsealed: u64,
    /// Rows that are gone because they were older than what is kept, and until when they were sealed.
    pub expired: Option<(u64, OffsetDateTime)>,
    /// The first batch; those before it were not looked at.
    pub first: Option<u64>,
    /// The last head, and its hash: to be kept elsewhere.
    pub head: Option<(u64, String)>,
    /// What is not as it was written, in the order of the file.
    pub findings: Vec<Finding>,
    /// Findings that are not in the list.
    pub more: u64,
}

/// Checks an export line by line, in the memory of one batch.
#[derive(Debug)]
pub struct AuditVerifier {
    keys: Vec<PublicKey>,
    /// Heads that were kept elsewhere and have not been met yet.
    wanted: Vec<(u64, String)>,
    report: AuditReport,
    line: u64,
    /// The last good head.
    last: Option<(BatchHead, String)>,
    batch: Option<Open>,
    /// Where no batch before may be missing: the export begins with the first.
    is_whole: bool,
    /// Batches without rows: number, rows, when they were sealed.
    bare: Vec<(u64, u64, OffsetDateTime)>,
    end: Option<AuditEnd>,
}

/// The batch whose rows are being read.
#[derive(Debug)]
struct Open {
    numbers: Range<u64>,
    leaves: Leaves,
    seen: Vec<bool>,
    next: u64,
    /// When the batch before it was sealed.
    before: Option<OffsetDateTime>,
}

impl AuditVerifier {
    /// Begins, with the keys that are trusted and heads that were kept elsewhere.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>, heads: &[SignedHead]) -> Self {
        let mut report = AuditReport::default();
        let mut wanted = Vec::new();
        for head in heads {
            match head.verify(&keys) {
                Ok(read) => wanted.push((read.number, head.hash())),
                Err(reason) => report.findings.push(Finding::BatchForged { number: None, line: 0, reason }),
            }
        }
        Self { keys, wanted, report, line: 0, last: None, batch: None, is_whole: true, bare: Vec::new(), end: None }
    }

    /// Takes the next line of the file.
    pub fn take(&mut self, text: &str) {
        self.line += 1;
        match serde_json::from_str(text) {
            // As an export writes it, to the last letter: there is no room for anything else.
            Ok(line) if serde_json::to_string(&line).is_ok_and(|again| again == text) => self.take_line(line),
            _ => self.find(Finding::Unreadable { line: self.line }),
        }
    }

    /// Takes a line of the file that is no text.
    pub fn take_unreadable(&mut self) {
        self.line += 1;
        self.find(Finding::Unreadable { line: self.line });
    }

    fn take_line(&mut self, line: AuditLine) {
        if self.end.is_some() {
            return self.find(Finding::Unreadable { line: self.line });
        }
        match line {
            AuditLine::Export(export) if self.line == 1 => self.is_whole = export.from.is_none(),
            AuditLine::Export(_) => self.find(Finding::Unreadable { line: self.line }),
            AuditLine::Batch(batch) => self.take_batch(batch),
            AuditLine::Row(row) => match row.number {
                Some(number) => self.take_row(number, &row),
                None => self.take_unsealed(&row),
            },
            AuditLine::End(end) => {
                self.close_batch();
                self.end = Some(end);
            }
        }
    }

    fn take_batch(&mut self, batch: AuditBatch) {
        self.close_batch();
        let line = self.line;
        let head = match batch.signed.verify(&self.keys) {
            Ok(head) => head,
            Err(reason) => {
                let number = batch.signed.read().ok().map(|head| head.number);
                return self.find(Finding::BatchForged { number, line, reason });
            }
        };
        self.report.batches += 1;
        let hash = batch.signed.hash();
        self.wanted.retain(|(number, wanted)| (*number, wanted) != (head.number, &hash));
        self.look_at_place(&head);
        self.look_at_expiry(&head);
        let before = self.last.as_ref().map(|(last, _)| last.sealed_at);
        match batch.leaves {
            Some(leaves) => self.open(&head, leaves, before),
            None if head.rows == 0 => {}
            None => self.bare.push((head.number, head.rows.into(), head.sealed_at)),
        }
        self.report.first.get_or_insert(head.number);
        self.report.head = Some((head.number, hash.clone()));
        self.last = Some((head, hash));
    }

    fn open(&mut self, head: &BatchHead, leaves: Leaves, before: Option<OffsetDateTime>) {
        let numbers = head.first..head.end();
        if !leaves.has(head.rows) || leaves.digest() != head.leaves {
            let last = head.end().saturating_sub(1);
            self.find(Finding::LeavesChanged { number: head.number, first: head.first, last });
        }
        let seen = vec![false; leaves.hashes.len().min(leaves.positions.len())];
        self.batch = Some(Open { next: numbers.start, numbers, seen, leaves, before });
    }

    /// Looks whether the batch follows the one before it.
    fn look_at_place(&mut self, head: &BatchHead) {
        let (number, line) = (head.number, self.line);
        let Some((last, hash)) = &self.last else {
            if self.is_whole && number > 1 {
                self.find(Finding::BatchesMissing { first: 1, last: number - 1 });
            }
            return;
        };
        if number <= last.number {
            self.find(Finding::BatchOutOfOrder { number, line });
        } else if number > last.number + 1 {
            let first = last.number + 1;
            self.find(Finding::BatchesMissing { first, last: number - 1 });
        } else if head.previous != *hash || head.first != last.end() {
            self.find(Finding::ChainBroken { number });
        }
    }

    /// Looks whether what it lets go was old enough.
    fn look_at_expiry(&mut self, head: &BatchHead) {
        let said = self.last.as_ref().and_then(|(last, _)| last.expired_before);
        let Some(before) = head.expired_before.filter(|before| Some(*before) != said) else { return };
        let days = (head.sealed_at - before).whole_days();
        if days < i64::from(MIN_RETENTION_DAYS) {
            self.find(Finding::ExpiredEarly { number: head.number, days });
        }
    }

    fn take_row(&mut self, number: u64, row: &AuditRow) {
        let line = self.line;
        let Some(open) = self.batch.as_mut() else { return self.find(Finding::RowOutOfOrder { number, line }) };
        let place = number.checked_sub(open.numbers.start).and_then(|place| usize::try_from(place).ok());
        let Some(place) = place.filter(|place| open.seen.get(*place) == Some(&false)) else {
            return self.find(Finding::RowOutOfOrder { number, line });
        };
        open.seen[place] = true;
        let is_late = number < open.next;
        open.next = open.next.max(number + 1);
        let is_same = open.leaves.positions[place] == row.position && open.leaves.hashes[place] == row.hash(number);
        let position = open.leaves.positions[place];
        let is_inserted = open.before.is_some_and(|before| row.at < before - MAX_DELAY);
        self.report.rows += 1;
        if is_late {
            self.find(Finding::RowOutOfOrder { number, line });
        }
        if !is_same {
            self.find(Finding::RowChanged { number, position });
        } else if is_inserted {
            self.find(Finding::RowInserted { number: Some(number), position, at: row.at });
        }
    }

    fn take_unsealed(&mut self, row: &AuditRow) {
        self.close_batch();
        self.report.unsealed += 1;
        if self.last.as_ref().is_some_and(|(last, _)| row.at < last.sealed_at - MAX_DELAY) {
            self.find(Finding::RowInserted { number: None, position: row.position, at: row.at });
        }
    }

    /// Names what the batch sealed and the file doesn't have.
    fn close_batch(&mut self) {
        let Some(open) = self.batch.take() else { return };
        let Leaves { positions, hashes } = open.leaves;
        let leaves = positions.into_iter().zip(hashes).zip(open.seen);
        for (number, ((position, hash), _)) in (open.numbers.start..).zip(leaves).filter(|(_, (_, is_seen))| !is_seen) {
            self.find(if hash == GONE {
                Finding::RowRemovedBeforeSeal { number, position }
            } else {
                Finding::RowRemoved { number, position }
            });
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more += 1;
        }
    }

    /// Ends, and says what was found.
    #[must_use]
    pub fn finish(mut self) -> AuditReport {
        self.close_batch();
        let expired_before = self.last.as_ref().and_then(|(last, _)| last.expired_before);
        for (number, rows, sealed_at) in std::mem::take(&mut self.bare) {
            if expired_before.is_some_and(|before| sealed_at < before) {
                let (gone, until) = self.report.expired.unwrap_or((0, sealed_at));
                self.report.expired = Some((gone + rows, until.max(sealed_at)));
            } else {
                self.find(Finding::LeavesMissing { number });
            }
        }
        // A forged batch is not counted, and named already.
        let forged = self.report.findings.iter().any(|finding| matches!(finding, Finding::BatchForged { .. }));
        let is_cut = |end: AuditEnd| !forged && end.batches != self.report.batches;
        if self.end.is_none_or(is_cut) {
            self.find(Finding::CutOff);
        }
        for (number, _) in std::mem::take(&mut self.wanted) {
            self.find(Finding::HeadMissing { number });
        }
        self.report
    }
}

impl AuditReport {
    /// Says whether everything is as it was written.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.findings.is_empty()
    }
}
