use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use untxt_core::{
    audit::{AuditReport, AuditVerifier, SignedHead},
    receipts::PublicKey,
};

use super::say;

/// Longer than any line that an export writes.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Checks an export.
pub(super) fn run(file: &Path, keys: &[PathBuf], heads: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let keys: Vec<_> = keys.iter().map(|path| PublicKey::open(path)).collect::<Result<_, _>>()?;
    let heads: Vec<_> = heads.iter().map(|path| read_head(path)).collect::<Result<_, _>>()?;
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).with_context(|| format!("{} can't be read", file.display()))?)
    };
    let report = check(BufReader::new(input), AuditVerifier::new(keys, &heads))
        .with_context(|| format!("{} can't be read", file.display()))?;
    tell(&report);
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read_head(path: &Path) -> anyhow::Result<SignedHead> {
    let text = fs::read(path).with_context(|| format!("{} can't be read", path.display()))?;
    SignedHead::from_json(&text).with_context(|| format!("{} holds no head", path.display()))
}

fn check(mut input: impl BufRead, mut verifier: AuditVerifier) -> io::Result<AuditReport> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(verifier.finish());
        }
        match line.strip_suffix(b"\n").and_then(|line| str::from_utf8(line).ok()) {
            Some(text) => verifier.take(text),
            // Too long, without an end, or no text.
            None => verifier.take_unreadable(),
        }
    }
}

fn tell(report: &AuditReport) {
    for finding in &report.findings {
        say(&format!("WRONG        {finding}"));
    }
    if report.more > 0 {
        say(&format!("WRONG        {} more findings", report.more));
    }
    say(&format!("checked      {} batches, {} rows", report.batches, report.rows));
    if let Some(first) = report.first.filter(|first| *first > 1) {
        say(&format!("not checked  what came before batch {first}"));
    }
    if report.unsealed > 0 {
        say(&format!("not sealed   {} rows, which anybody with the database may have changed", report.unsealed));
    }
    if let Some((rows, until)) = report.expired {
        say(&format!("expired      {rows} rows that were sealed until {until} are removed, as the retention says"));
    }
    if let Some((number, hash)) = &report.head {
        say(&format!("head         batch {number}, {hash}"));
    }
    say(if report.is_good() { "The record is as it was written." } else { "The record is NOT as it was written." });
}
