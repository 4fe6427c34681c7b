//! What the person at the terminal is told.

use bytesize::ByteSize;
use untxt_database::migrate::{Pending, Plan, Rehearsal};

use super::name_range;

/// Tells what is pending; says whether nothing is.
pub(super) fn plan(plan: &Plan) -> bool {
    say(&format!("database     at migration {}; this UNTXT knows {}", plan.level, plan.newest));
    for pending in &plan.pending {
        say(&format!("pending      {}{}", title(pending), in_words(&pending.tables)));
        if !pending.in_transaction {
            say("             runs outside of a transaction: a dry run leaves it out");
        }
    }
    match plan.old_keys {
        None if plan.level == 0 => {}
        None => say("old keys     all owner keys: a worker wraps their index keys anew, or `untxt keys rewrap`"),
        Some(0) => say("old keys     none"),
        Some(count) => say(&format!(
            "old keys     {count} owner keys: a worker wraps their index keys anew, or `untxt keys rewrap`"
        )),
    }
    say(&format!("to do        {}", name_range(plan)));
    plan.pending.is_empty()
}

/// Tells what came of a dry run.
pub(super) fn rehearsal(rehearsal: &Rehearsal) {
    for one in &rehearsal.done {
        let closed = match one.closed.as_slice() {
            [] => String::new(),
            closed => format!("; closed {}", closed.join(", ")),
        };
        let took = one.took.as_secs_f64() * 1000.0;
        say(&format!("works        {} {}: {took:.0} ms{closed}", one.version, one.description));
    }
    for left in &rehearsal.left {
        say(&format!("not tried    {}: it, or one before it, runs outside of a transaction", title(left)));
    }
    say("Everything is as it was before.");
}

/// Tells what was migrated.
pub(super) fn done(plan: &Plan) {
    say(&format!("migrated     {}; the database is at migration {}", name_range(plan), plan.newest));
}

fn title(pending: &Pending) -> String {
    format!("{} {}", pending.version, pending.description)
}

fn in_words(tables: &[untxt_database::migrate::TableSize]) -> String {
    let each =
        tables.iter().map(|table| format!("{} (about {} rows, {})", table.name, table.rows, ByteSize(table.bytes)));
    match each.collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        each => format!(": touches {}", each.join(", ")),
    }
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "a command tells its person what it found")]
pub(super) fn say(line: &str) {
    println!("{line}");
}
