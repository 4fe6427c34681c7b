use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{AuditAction, AuditLine, AuditOutcome, AuditRow, AuditSeverity};
use crate::domain::{UnknownName, closed_list};

closed_list!(
    /// How the record is written for others.
    AuditFormat {
        /// A line of JSON each, batches and signatures included: the one that can be checked.
        Jsonl = "jsonl",
        /// A table (RFC 4180), rows only.
        Csv = "csv",
        /// Messages of syslog (RFC 5424), rows only, a line each.
        Syslog = "syslog",
    }
);

/// Columns of a table, in their order.
const COLUMNS: &str = "number,position,at,category,severity,action,outcome,actor,session,token,owner,object_kind,object,page,\
                       address,request,count,detail,login_mark\r\n";

/// Facility of syslog: log audit (RFC 5424 §6.2.1).
const FACILITY: u8 = 13;

impl AuditFormat {
    /// Writes a line, or nothing if the format has no place for it.
    pub fn write(self, line: &AuditLine, out: &mut String) {
        match (self, line) {
            (Self::Jsonl, line) => {
                if let Ok(text) = serde_json::to_string(line) {
                    out.push_str(&text);
                    out.push('\n');
                }
            }
            (Self::Csv, AuditLine::Export(_)) => out.push_str(COLUMNS),
            (Self::Csv, AuditLine::Row(row)) => write_csv(row, out),
            (Self::Syslog, AuditLine::Row(row)) => write_syslog(row, out),
            (Self::Csv | Self::Syslog, _) => {}
        }
    }

    /// Gives its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Syslog => "text/plain; charset=utf-8",
        }
    }
}

/// Names and values of all columns but the first two, in their order.
fn fields(row: &AuditRow) -> [(&'static str, Option<String>); 17] {
    let (category, severity) = judge(row);
    let id = |id: &Option<uuid::Uuid>| id.map(|id| id.to_string());
    let at = row.at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    [
        ("at", Some(at)),
        ("category", category.map(str::to_owned)),
        ("severity", Some(severity.as_str().to_owned())),
        ("action", Some(row.action.clone())),
        ("outcome", Some(row.outcome.clone())),
        ("actor", id(&row.actor)),
        ("session", id(&row.session)),
        ("token", id(&row.token)),
        ("owner", id(&row.owner)),
        ("object_kind", row.object_kind.clone()),
        ("object", id(&row.object)),
        ("page", row.page.map(|page| page.to_string())),
        ("address", row.address.clone()),
        ("request", id(&row.request)),
        ("count", row.count.map(|count| count.to_string())),
        ("detail", row.detail.clone()),
        ("login_mark", row.login_mark.clone()),
    ]
}

/// Gives category and severity; of words that this version doesn't know, none and a warning.
fn judge(row: &AuditRow) -> (Option<&'static str>, AuditSeverity) {
    match (AuditAction::from_str(&row.action), AuditOutcome::from_str(&row.outcome)) {
        (Ok(action), Ok(outcome)) => (Some(action.category().as_str()), action.severity(outcome)),
        _ => (None, AuditSeverity::Warning),
    }
}

fn write_csv(row: &AuditRow, out: &mut String) {
    let number = row.number.map(|number| number.to_string()).unwrap_or_default();
    let _infallible = write!(out, "{number},{}", row.position);
    for (_, value) in fields(row) {
        out.push(',');
        write_cell(value.as_deref().unwrap_or_default(), out);
    }
    out.push_str("\r\n");
}

/// Writes a cell that no reader takes for more than one, and no spreadsheet for a formula.
fn write_cell(value: &str, out: &mut String) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if value.chars().all(is_plain) && !value.starts_with(['-', '.']) {
        return out.push_str(value);
    }
    out.push('"');
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        out.push('\'');
    }
    for c in value.chars() {
        match c {
            '"' => out.push_str("\"\""),
            c => out.push(visible(c)),
        }
    }
    out.push('"');
}

fn write_syslog(row: &AuditRow, out: &mut String) {
    let (_, severity) = judge(row);
    let priority = FACILITY * 8 + syslog_severity(severity);
    let [(_, at), fields @ ..] = fields(row);
    // A message id has 1 to 32 characters.
    let id: String = row.action.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect();
    let id = if id.is_empty() { "-" } else { &id };
    let _infallible = write!(out, "<{priority}>1 {} - untxt - {id} [untxt@32473", at.unwrap_or_default());
    let number = row.number.map(|number| number.to_string());
    let places = [("number", number), ("position", Some(row.position.to_string()))];
    for (name, value) in places.into_iter().chain(fields) {
        let Some(value) = value else { continue };
        let _infallible = write!(out, " {name}=\"");
        for c in value.chars() {
            if matches!(c, '"' | '\\' | ']') {
                out.push('\\');
            }
            out.push(visible(c));
        }
        out.push('"');
    }
    out.push_str("]\n");
}

/// Gives the character, or one in its place if it could end a line or hide something.
fn visible(c: char) -> char {
    let is_hidden = c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if is_hidden { char::REPLACEMENT_CHARACTER } else { c }
}

const fn syslog_severity(severity: AuditSeverity) -> u8 {
    match severity {
        AuditSeverity::Critical => 2,
        AuditSeverity::Error => 3,
        AuditSeverity::Warning => 4,
        AuditSeverity::Info => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "x\r\n\"}]{\"a\":\"\\=1+1,;<13>1 - \u{2028}\u{202e}=cmd|'/c'!A1";

    fn a_hostile_row() -> AuditRow {
        let hostile = || Some(HOSTILE.to_owned());
        AuditRow {
            action: HOSTILE.to_owned(),
            outcome: format!("={HOSTILE}"),
            object_kind: hostile(),
            address: hostile(),
            detail: hostile(),
            login_mark: hostile(),
            ..super::super::row::tests::a_row(5)
        }
    }

    fn written(format: AuditFormat, row: AuditRow) -> String {
        let mut out = String::new();
        format.write(&AuditLine::Row(row), &mut out);
        out
    }

    #[test]
    fn what_is_hostile_stays_in_its_field() {
        let json = written(AuditFormat::Jsonl, a_hostile_row());
        assert_eq!(json.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<AuditLine>(&json).expect("read"), AuditLine::Row(a_hostile_row()));

        let csv = written(AuditFormat::Csv, a_hostile_row());
        assert_eq!((csv.matches(['\r', '\n']).count(), csv.ends_with("\r\n")), (2, true), "{csv}");
        let cells = csv.split("\"\"").collect::<String>();
        assert_eq!(cells.matches('"').count(), 12, "six cells are quoted, and nothing else: {csv}");
        assert!(csv.contains("\"'=x") && !csv.contains(",=") && !csv.contains("\"="), "no formula: {csv}");

        let syslog = written(AuditFormat::Syslog, a_hostile_row());
        assert_eq!((syslog.matches(['\r', '\n']).count(), syslog.ends_with("]\n")), (1, true), "{syslog}");
        let inert = syslog.replace("\\\\", "").replace("\\\"", "").replace("\\]", "");
        assert_eq!(inert.matches(']').count(), 1, "one element: {syslog}");
        assert_eq!(inert.matches("=\"").count() * 2, inert.matches('"').count(), "{syslog}");
        for text in [json, csv, syslog] {
            assert!(!text.contains(['\u{2028}', '\u{202e}']) || text.starts_with('{'), "{text}");
        }
    }

    #[test]
    fn a_row_has_its_columns_and_its_severity() {
        let mut row = super::super::row::tests::a_row(5);
        row.number = Some(9);
        let csv = written(AuditFormat::Csv, row.clone());
        assert_eq!(csv.matches(',').count(), COLUMNS.matches(',').count());
        assert!(csv.starts_with("9,5,20") && csv.contains(",data_access,info,page_read,ok,00000000-"), "{csv}");
        row.outcome = "refused".to_owned();
        let syslog = written(AuditFormat::Syslog, row);
        assert!(syslog.starts_with("<108>1 20") && syslog.contains(" - untxt - page_read [untxt@32473 number=\"9\""));
    }
}
