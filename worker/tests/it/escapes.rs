//! Somebody has taken over the child: each way out is closed, the page fails with a code that says so, and everything
//! else goes on.

use std::{process::Command, sync::Arc};

use untxt_core::domain::{EventKind, FailureCode, TaskState};
use untxt_worker::sandbox::{ChildCommand, Fault, Sandbox};

use crate::{
    house::{House, LEASE},
    pages::{tiff_of, width},
    sandbox::{a_document, options, page},
};

const CHILD: &str = env!("CARGO_BIN_EXE_untxt-fault-child");

/// Refused by a rule on files or a limit: libraries live with that, so the child only sees an error.
const REFUSED: [&str; 8] = [
    "open a file",
    "list a folder",
    "read the parent's environment",
    "read own memory as a file",
    "open many files",
    "write a file",
    "raise a limit",
    "become dumpable",
];

/// Nothing that reads a page does this: the child is ended.
const FATAL: [&str; 15] = [
    "make a folder",
    "listen on TCP",
    "send on UDP",
    "make a Unix socket",
    "run a program",
    "become a program",
    "fork",
    "start a thread",
    "signal the parent",
    "signal a thread of the parent",
    "trace",
    "take hold of the parent",
    "make code",
    "leave the namespace",
    "watch through the kernel",
];

fn child_that_tries(attempt: &str) -> ChildCommand {
    ChildCommand::new(CHILD, ["bad", "alone", attempt])
}

async fn is_stopped(attempt: &str, code: FailureCode) {
    let original = a_document(tiff_of(&[width::TRIES_TO_GET_OUT, width::GOOD]));
    let mut sandbox = Sandbox::new(child_that_tries(attempt), Arc::new(options()));
    match sandbox.read_page(&original, page(1)).await {
        Err(Fault::Died(died_of)) => assert_eq!(died_of, code, "{attempt}"),
        other => panic!("{attempt}: {other:?}"),
    }
    let reading = sandbox.read_page(&original, page(2)).await.expect("page 2 from a fresh child");
    assert_eq!(reading.content.text.trim(), "page 320");
}

#[tokio::test]
async fn what_a_child_may_not_open_is_refused() {
    for attempt in REFUSED {
        is_stopped(attempt, FailureCode::Crashed).await;
    }
}

#[tokio::test]
async fn what_no_page_needs_ends_the_child() {
    for attempt in FATAL {
        is_stopped(attempt, FailureCode::SandboxViolation).await;
    }
}

#[test]
fn outside_the_sandbox_each_of_them_succeeds() {
    for attempt in REFUSED.into_iter().chain(FATAL) {
        let status = Command::new(CHILD).args(["outside", attempt]).status().expect("run");
        assert!(status.success(), "{attempt}: {status}");
    }
}

#[tokio::test]
async fn an_attack_costs_its_page_and_nothing_else() {
    let house = House::build().await;
    let child = ChildCommand::new(CHILD, ["bad", &house.mark, "listen on TCP"]);
    let worker = house.worker_with(child, LEASE).await;
    let attack = house.upload(tiff_of(&[width::GOOD, width::TRIES_TO_GET_OUT, 321])).await;
    let other = house.upload(tiff_of(&[width::GOOD; 3])).await;
    let (attack, other) = (house.end_of(attack.task).await, house.end_of(other.task).await);
    assert_eq!((attack.state, attack.pages.done, attack.pages.failed), (TaskState::DoneWithErrors, 2, 1));
    assert_eq!((other.state, other.pages.done), (TaskState::Done, 3));
    let events = house.events(attack.id).await;
    let failed = events.iter().find(|event| event.kind == EventKind::PageFailed).expect("a failed page");
    let failure = failed.failure.as_ref().map(|failure| failure.code);
    assert_eq!((failed.page, failure), (Some(page(2)), Some(FailureCode::SandboxViolation)));
    assert_eq!(house.count_events(attack.id, EventKind::PageRetried).await, 0, "no second chance");
    worker.stop().await;
}

/// Starts a child on a kernel that lacks a layer, and gives what its parent says of it.
fn on_a_kernel_without(layer: &str, accepted: &[&str]) -> String {
    let output = Command::new(CHILD).args(["old-kernel", layer]).args(accepted).output().expect("run");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_lacking_layer_is_named_and_accepted_by_name_only() {
    for (layer, other) in [("landlock", "seccomp"), ("seccomp", "landlock")] {
        for accepted in [&[][..], &[other]] {
            let refusal = on_a_kernel_without(layer, accepted);
            assert!(refusal.contains(&format!("no {layer}")) && refusal.contains("accept_without"), "{refusal}");
        }
        assert_eq!(on_a_kernel_without(layer, &[layer]), format!("lacking [{layer:?}]"));
    }
}
