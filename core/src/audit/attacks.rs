//! What somebody with the database may do to the record, and what is said of it.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{
    AuditBatch, AuditEnd, AuditExport, AuditFormat, AuditLine, AuditReport, AuditRow, AuditVerifier, BatchHead,
    Finding, HeadError, Leaves, SignedHead, row::tests::a_row,
};
use crate::receipts::SigningKey;

const ROWS: i64 = 4;
const BATCHES: i64 = 5;

fn begin() -> OffsetDateTime {
    a_row(0).at
}

fn key() -> SigningKey {
    SigningKey::generate().expect("a key")
}

/// An honest export: five batches of four rows, an hour apart, and one row that waits.
fn honest(key: &SigningKey) -> Vec<AuditLine> {
    let mut lines =
        vec![AuditLine::Export(AuditExport { installation: Uuid::nil(), exported_at: begin(), from: None, to: None })];
    let mut last: Option<(BatchHead, SignedHead)> = None;
    for batch in 0..BATCHES {
        let mut rows: Vec<AuditRow> = (1..=ROWS).map(|row| a_row(batch * ROWS + row)).collect();
        for row in &mut rows {
            (row.at, row.page) = (begin() + Duration::hours(batch), i32::try_from(row.position).ok());
        }
        let sealed_at = begin() + Duration::hours(batch) + Duration::seconds(2);
        let previous = last.as_ref().map(|(head, signed)| (head, signed));
        let filling: Vec<_> = rows.iter().cloned().map(|row| (row.position, Some(row))).collect();
        let (head, leaves) = BatchHead::after(previous, Uuid::nil(), sealed_at).fill(&filling);
        let signed = head.sign(key).expect("signed");
        lines.push(AuditLine::Batch(AuditBatch { signed: signed.clone(), leaves: Some(leaves) }));
        for (number, mut row) in (head.first..).zip(rows) {
            row.number = Some(number);
            lines.push(AuditLine::Row(row));
        }
        last = Some((head, signed));
    }
    let mut waits = a_row(BATCHES * ROWS + 1);
    waits.at = begin() + Duration::hours(BATCHES);
    lines.push(AuditLine::Row(waits));
    lines.push(AuditLine::End(AuditEnd { batches: 5, rows: 21 }));
    lines
}

fn check(lines: &[AuditLine], key: &SigningKey, heads: &[SignedHead]) -> AuditReport {
    let mut verifier = AuditVerifier::new(vec![key.public()], heads);
    let mut text = String::new();
    lines.iter().for_each(|line| AuditFormat::Jsonl.write(line, &mut text));
    text.lines().for_each(|line| verifier.take(line));
    verifier.finish()
}

fn row(lines: &mut [AuditLine], number: u64) -> &mut AuditRow {
    let found = lines.iter_mut().find_map(|line| match line {
        AuditLine::Row(row) if row.number == Some(number) => Some(row),
        _ => None,
    });
    found.expect("the row")
}

fn batch(lines: &mut [AuditLine], number: usize) -> &mut AuditBatch {
    let mut found = lines.iter_mut().filter_map(|line| match line {
        AuditLine::Batch(batch) => Some(batch),
        _ => None,
    });
    found.nth(number - 1).expect("the batch")
}

fn place_of(lines: &[AuditLine], number: u64) -> usize {
    lines.iter().position(|line| matches!(line, AuditLine::Row(row) if row.number == Some(number))).expect("the row")
}

/// Does something to an honest export, and gives what is found.
fn found(change: impl FnOnce(&mut Vec<AuditLine>)) -> Vec<Finding> {
    let key = key();
    let mut lines = honest(&key);
    change(&mut lines);
    check(&lines, &key, &[]).findings
}

#[test]
fn an_honest_record_is_good_and_counted() {
    let key = key();
    let report = check(&honest(&key), &key, &[]);
    assert_eq!((report.is_good(), report.batches, report.rows, report.unsealed), (true, 5, 20, 1), "{report:?}");
    assert_eq!((report.first, report.head.map(|head| head.0)), (Some(1), Some(5)));
}

#[test]
fn a_changed_row_is_named() {
    let changed = vec![Finding::RowChanged { number: 6, position: 6 }];
    assert_eq!(found(|lines| row(lines, 6).outcome = "refused".to_owned()), changed);
    assert_eq!(found(|lines| row(lines, 6).at += Duration::microseconds(1)), changed);
    assert_eq!(found(|lines| row(lines, 6).actor = None), changed);
}

#[test]
fn a_removed_row_is_named_also_when_it_went_before_it_was_sealed() {
    let removed = found(|lines| _ = lines.remove(place_of(lines, 6)));
    assert_eq!(removed, [Finding::RowRemoved { number: 6, position: 6 }]);
    let key = key();
    let (head, leaves) = BatchHead::after(None, Uuid::nil(), begin()).fill(&[(3, None)]);
    let signed = head.sign(&key).expect("signed");
    let mut lines = honest(&key);
    lines.truncate(1);
    lines.push(AuditLine::Batch(AuditBatch { signed, leaves: Some(leaves) }));
    lines.push(AuditLine::End(AuditEnd { batches: 1, rows: 0 }));
    let findings = check(&lines, &key, &[]).findings;
    assert_eq!(findings, [Finding::RowRemovedBeforeSeal { number: 1, position: 3 }]);
}

#[test]
fn an_inserted_row_is_named_before_and_after_somebody_seals_it() {
    let at = begin() + Duration::hours(1);
    let inserted = found(|lines| {
        let mut new = a_row(99);
        new.at = at;
        lines.insert(lines.len() - 1, AuditLine::Row(new));
    });
    assert_eq!(inserted, [Finding::RowInserted { number: None, position: 99, at }]);
    let key = key();
    let mut lines = honest(&key);
    let head = batch(&mut lines, 5).signed.verify(&[key.public()]).expect("read");
    let mut new = a_row(99);
    new.at = at;
    let signed = batch(&mut lines, 5).signed.clone();
    let sealed_at = begin() + Duration::hours(6);
    let (next, leaves) =
        BatchHead::after(Some((&head, &signed)), Uuid::nil(), sealed_at).fill(&[(99, Some(new.clone()))]);
    new.number = Some(21);
    lines.truncate(lines.len() - 2);
    let signed = next.sign(&key).expect("signed");
    lines.push(AuditLine::Batch(AuditBatch { signed, leaves: Some(leaves) }));
    lines.push(AuditLine::Row(new));
    lines.push(AuditLine::End(AuditEnd { batches: 6, rows: 21 }));
    let findings = check(&lines, &key, &[]).findings;
    assert_eq!(findings, [Finding::RowInserted { number: Some(21), position: 99, at }]);
    // A copy of a row, in its place or elsewhere.
    let twice = found(|lines| {
        let copy = lines[place_of(lines, 6)].clone();
        lines.insert(place_of(lines, 7), copy);
    });
    assert!(matches!(twice[..], [Finding::RowOutOfOrder { number: 6, .. }]), "{twice:?}");
}

#[test]
fn reordered_rows_are_named_in_the_file_and_in_the_table() {
    let in_file = found(|lines| {
        let place = place_of(lines, 6);
        lines.swap(place, place + 1);
    });
    assert!(matches!(in_file[..], [Finding::RowOutOfOrder { number: 6, .. }]), "{in_file:?}");
    let in_table = found(|lines| {
        let (one, other) = (row(lines, 6).clone(), row(lines, 7).clone());
        *row(lines, 6) = AuditRow { number: Some(6), position: 6, ..other };
        *row(lines, 7) = AuditRow { number: Some(7), position: 7, ..one };
    });
    let changed = |number, position| Finding::RowChanged { number, position };
    assert_eq!(in_table, [changed(6, 6), changed(7, 7)]);
}

#[test]
fn a_batch_that_is_gone_forged_or_elsewhere_is_named() {
    let gone = found(|lines| {
        let (from, to) = (place_of(lines, 5) - 1, place_of(lines, 12));
        lines.drain(from..=to);
        *lines.last_mut().expect("the end") = AuditLine::End(AuditEnd { batches: 3, rows: 13 });
    });
    assert_eq!(gone, [Finding::BatchesMissing { first: 2, last: 3 }]);
    let first = found(|lines| {
        lines.drain(1..=5);
        *lines.last_mut().expect("the end") = AuditLine::End(AuditEnd { batches: 4, rows: 17 });
    });
    assert_eq!(first, [Finding::BatchesMissing { first: 1, last: 1 }]);
    let forged = found(|lines| batch(lines, 2).signed.signature[7] ^= 1);
    let forged_as = |reason| move |finding: &Finding| matches!(finding, Finding::BatchForged { number: Some(2), reason: found, .. } if *found == reason);
    assert!(forged.iter().any(forged_as(HeadError::WrongSignature)), "{forged:?}");
    let elsewhere = found(|lines| {
        let (one, other) = (place_of(lines, 5) - 1, place_of(lines, 9) - 1);
        let moved: Vec<_> = lines.drain(other..other + 5).collect();
        lines.splice(one..one, moved);
    });
    assert!(
        elsewhere.iter().any(|finding| matches!(finding, Finding::BatchOutOfOrder { number: 2, .. })),
        "{elsewhere:?}"
    );
    // Whoever has another key makes it all anew.
    let (ours, theirs) = (key(), key());
    let made_anew = check(&honest(&theirs), &ours, &[]).findings;
    assert!(
        made_anew.iter().any(|finding| matches!(finding, Finding::BatchForged { reason: HeadError::UnknownKey, .. }))
    );
}

#[test]
fn a_list_of_rows_that_was_changed_with_them_is_named_with_its_batch() {
    let leaves = |batch: &mut AuditBatch, change: &dyn Fn(&mut Leaves)| change(batch.leaves.as_mut().expect("leaves"));
    let with_row = found(|lines| {
        row(lines, 6).outcome = "refused".to_owned();
        let hash = row(lines, 6).hash(6);
        leaves(batch(lines, 2), &|leaves| leaves.hashes[1] = hash);
    });
    assert_eq!(with_row, [Finding::LeavesChanged { number: 2, first: 5, last: 8 }]);
    let shorter = found(|lines| {
        lines.remove(place_of(lines, 8));
        leaves(batch(lines, 2), &|leaves| {
            leaves.hashes.pop();
            leaves.positions.pop();
        });
    });
    assert_eq!(shorter, [Finding::LeavesChanged { number: 2, first: 5, last: 8 }]);
    let gone = found(|lines| batch(lines, 2).leaves = None);
    assert!(gone.contains(&Finding::LeavesMissing { number: 2 }), "{gone:?}");
}

#[test]
fn an_end_that_was_cut_off_is_noticed_by_the_file_or_by_a_head_that_was_kept() {
    assert_eq!(found(|lines| lines.truncate(lines.len() - 1)), [Finding::CutOff]);
    let key = key();
    let mut lines = honest(&key);
    let heads = [batch(&mut lines, 2).signed.clone(), batch(&mut lines, 5).signed.clone()];
    assert!(check(&lines, &key, &heads).is_good());
    lines.truncate(place_of(&lines, 17) - 1);
    lines.push(AuditLine::End(AuditEnd { batches: 4, rows: 16 }));
    assert!(check(&lines, &key, &[]).is_good(), "nobody can know");
    assert_eq!(check(&lines, &key, &heads).findings, [Finding::HeadMissing { number: 5 }]);
}

#[test]
fn a_line_that_no_export_writes_is_named() {
    let key = key();
    let mut text = String::new();
    honest(&key).iter().for_each(|line| AuditFormat::Jsonl.write(line, &mut text));
    for (from, to) in [
        ("{\"row\":{\"number\":6,", "{\"row\":{\"note\":\"x\",\"number\":6,"),
        ("{\"row\":{\"number\":6,", "{\"row\": {\"number\":6,"),
        ("{\"row\":{\"number\":6,", "{\"row\":{\"number\":6,\"number\":6,"),
        ("{\"row\":{\"number\":6,", "rubbish\n{\"row\":{\"number\":6,"),
    ] {
        let mut verifier = AuditVerifier::new(vec![key.public()], &[]);
        text.replace(from, to).lines().for_each(|line| verifier.take(line));
        let findings = verifier.finish().findings;
        assert_eq!(findings.first(), Some(&Finding::Unreadable { line: 9 }), "{to}: {findings:?}");
    }
}

#[test]
fn what_the_retention_removed_is_said_and_what_went_too_early_is_named() {
    let key = key();
    for (days, is_good) in [(2192, true), (2191, false)] {
        let mut lines = honest(&key);
        let head = batch(&mut lines, 5).signed.verify(&[key.public()]).expect("read");
        let signed = batch(&mut lines, 5).signed.clone();
        let expired_before = begin() + Duration::hours(2);
        let mut next = BatchHead::after(Some((&head, &signed)), Uuid::nil(), expired_before + Duration::days(days));
        next.expired_before = Some(expired_before);
        let signed = next.sign(&key).expect("signed");
        batch(&mut lines, 1).leaves = None;
        batch(&mut lines, 2).leaves = None;
        let (from, to) = (place_of(&lines, 5), place_of(&lines, 8));
        lines.drain(from..=to);
        lines.drain(2..6);
        lines.truncate(lines.len() - 2);
        lines.push(AuditLine::Batch(AuditBatch { signed, leaves: Some(Leaves::default()) }));
        lines.push(AuditLine::End(AuditEnd { batches: 6, rows: 12 }));
        let report = check(&lines, &key, &[]);
        assert_eq!(report.is_good(), is_good, "{report:?}");
        assert_eq!(report.expired.map(|expired| expired.0), Some(8), "rows 1 to 8");
        if !is_good {
            assert_eq!(report.findings, [Finding::ExpiredEarly { number: 6, days: 2191 }]);
        }
        // The third is not that old.
        batch(&mut lines, 3).leaves = None;
        assert!(check(&lines, &key, &[]).findings.contains(&Finding::LeavesMissing { number: 3 }));
    }
}
