//! `untxt audit verify` on an export alone.

use std::{fs, path::Path, process::Command};

use untxt_core::{
    audit::{AuditBatch, AuditEnd, AuditExport, AuditFormat, AuditLine, AuditRow, BatchHead, SignedHead},
    domain::UserId,
    receipts::SigningKey,
};

/// Writes an export of five rows in two batches, the public key and the second head; gives the text of the export.
fn write_export(folder: &Path) -> String {
    let key = SigningKey::generate().unwrap();
    fs::write(folder.join("key.pem"), key.public().to_pem()).unwrap();
    let at = time::OffsetDateTime::UNIX_EPOCH;
    let installation = UserId::generate().as_uuid();
    let export = AuditExport { installation, exported_at: at, from: None, to: None };
    let (mut text, mut last): (_, Option<(BatchHead, SignedHead)>) = (String::new(), None);
    let mut write = |line: &AuditLine| AuditFormat::Jsonl.write(line, &mut text);
    write(&AuditLine::Export(export));
    for positions in [1..=3, 4..=5] {
        let rows: Vec<_> = positions.map(|position| (position, Some(a_row(position)))).collect();
        let previous = last.as_ref().map(|(head, signed)| (head, signed));
        let (head, leaves) = BatchHead::after(previous, installation, at).fill(&rows);
        let signed = head.sign(&key).unwrap();
        write(&AuditLine::Batch(AuditBatch { signed: signed.clone(), leaves: Some(leaves) }));
        for (number, (_, row)) in (head.first..).zip(rows) {
            write(&AuditLine::Row(AuditRow { number: Some(number), ..row.unwrap() }));
        }
        fs::write(folder.join("head.json"), signed.to_json().unwrap()).unwrap();
        last = Some((head, signed));
    }
    write(&AuditLine::End(AuditEnd { batches: 2, rows: 5 }));
    fs::write(folder.join("record.jsonl"), &text).unwrap();
    text
}

fn a_row(position: i64) -> AuditRow {
    AuditRow {
        number: None,
        position,
        at: time::OffsetDateTime::UNIX_EPOCH,
        action: "logout".to_owned(),
        outcome: "ok".to_owned(),
        actor: None,
        session: None,
        token: None,
        owner: None,
        object_kind: None,
        object: None,
        page: None,
        address: None,
        request: None,
        count: Some(position),
        detail: None,
        login_mark: None,
    }
}

/// Checks a text, and gives the exit code and what was said.
fn verify(folder: &Path, text: &str) -> (Option<i32>, String) {
    fs::write(folder.join("record.jsonl"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_untxt"));
    command.args(["audit", "verify", "record.jsonl", "--public-key", "key.pem", "--head", "head.json"]);
    let output = command.current_dir(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn an_export_is_checked_without_any_server_and_what_is_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = write_export(folder.path());
    let (code, said) = verify(folder.path(), &text);
    assert!(code == Some(0) && said.contains("2 batches, 5 rows") && said.contains("head         batch 2, "), "{said}");
    let lines: Vec<_> = text.lines().collect();
    let without = |range: std::ops::Range<usize>| {
        let kept = lines.iter().enumerate().filter(|(place, _)| !range.contains(place));
        kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    for (tampered, expected) in [
        (text.replace("\"count\":2", "\"count\":9"), "row 2 (position 2) was changed"),
        (without(3..4), "row 2 (position 2) was removed"),
        (without(5..8), "batch 2 is not the one that was seen elsewhere"),
        (without(8..9), "its end is missing"),
        (text.replace("\"logout\"", "\"logout\\r\\nWRONG\""), "row 1 (position 1) was changed"),
        (text[..text.len() / 2].to_owned(), "is none that an export writes"),
        (String::new(), "its end is missing"),
    ] {
        let (code, said) = verify(folder.path(), &tampered);
        assert!(code == Some(1) && said.contains(expected), "{expected}: {said}");
        assert!(said.ends_with("The record is NOT as it was written.\n"));
    }
}
