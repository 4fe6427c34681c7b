//! What is printed: a table for people, JSON for monitoring.

use std::fmt::Write;

use serde_json::json;

use super::{
    examine::{Examined, Verdict},
    hop::Hop,
};

/// The exit code: 0 all good, 1 something is weaker than it should be, 2 something could not be probed.
pub(super) fn exit_code(hops: &[Examined]) -> u8 {
    let any = |verdict| hops.iter().any(|hop| hop.verdict == verdict);
    match (any(Verdict::Weak), any(Verdict::Unprobed), any(Verdict::Good)) {
        (true, ..) => 1,
        (_, true, _) | (_, _, false) => 2,
        _ => 0,
    }
}

pub(super) fn json(hops: &[Examined]) -> String {
    format!("{:#}\n", json!({ "exit_code": exit_code(hops), "hops": hops }))
}

pub(super) fn table(hops: &[Examined]) -> String {
    let mut text = String::new();
    for hop in hops {
        let verdict = match hop.verdict {
            Verdict::Good => "good",
            Verdict::Weak => "WEAK",
            Verdict::Unprobed => "UNPROBED",
            Verdict::Listed => "listed",
        };
        let _ = writeln!(text, "{:<14} {:<28} {verdict}", hop.hop.id, hop.hop.address());
        if let Some(peer) = &hop.peer {
            let _ = writeln!(text, "    {}, {}, {}", peer.version, peer.suite, peer.group);
            let _ = writeln!(text, "    {} by {}, {} days left", peer.subject, peer.issuer, peer.days_left);
        }
        if !hop.refused.is_empty() {
            let _ = writeln!(text, "    refused: {}", hop.refused.join(", "));
        }
        for reason in &hop.not_tried {
            let _ = writeln!(text, "    not tried: {reason}");
        }
        for found in &hop.findings {
            let _ = writeln!(text, "    {}: {} {} ({})", found.code, found.cause, found.mend, found.detail);
        }
    }
    text
}

const COLUMNS: [&str; 9] =
    ["hop", "client", "server", "address", "protocol", "client's identity", "server's identity", "data", "risk"];

fn cells(hop: &Hop) -> [String; 9] {
    let fixed = [hop.protocol, hop.client_identity, hop.server_identity, hop.data, hop.risk].map(str::to_owned);
    let [protocol, client, server, data, risk] = fixed;
    [hop.id.to_owned(), hop.client.clone(), hop.server.clone(), hop.address(), protocol, client, server, data, risk]
}

pub(super) fn inventory_markdown(hops: &[Hop]) -> String {
    let rows = hops.iter().map(|hop| format!("| {} |\n", cells(hop).join(" | ")));
    format!("| {} |\n|{}\n{}", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()), rows.collect::<String>())
}

pub(super) fn inventory_html(hops: &[Hop]) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let row = |tag: &str, cells: &[String]| {
        let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let head = row("th", &COLUMNS.map(str::to_owned));
    let body = hops.iter().map(|hop| row("td", &cells(hop))).collect::<String>();
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Hops</title>\n<table>\n{head}{body}</table></html>\n"
    )
}
