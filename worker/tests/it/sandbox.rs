use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
};
use untxt_core::domain::{DocumentId, FailureCode, OwnerId, PageContent, PageNumber, ReadingSettings, Word};
use untxt_worker::sandbox::{ChildCommand, Fault, Original, Sandbox, SandboxOptions};
use zeroize::Zeroizing;

use crate::pages::{tiff_of, width};

const MEMORY_BYTES: u64 = 512 << 20;

pub(crate) fn options() -> SandboxOptions {
    SandboxOptions {
        memory_bytes: MEMORY_BYTES,
        page_timeout: Duration::from_secs(3),
        pages_per_child: 100,
        max_file_bytes: 1 << 20,
        max_pages: 20,
        max_page_pixels: 1_000_000,
        tessdata_path: None,
        accept_without: Vec::new(),
    }
}

fn bad_child() -> ChildCommand {
    ChildCommand::new(env!("CARGO_BIN_EXE_untxt-fault-child"), [] as [&str; 0])
}

fn a_sandbox() -> Sandbox {
    Sandbox::new(bad_child(), Arc::new(options()))
}

pub(crate) fn a_document(bytes: Vec<u8>) -> Original {
    let (owner, document) = (OwnerId::from(uuid::Uuid::nil()), DocumentId::generate());
    Original { owner, document, bytes: Arc::new(Zeroizing::new(bytes)), settings: ReadingSettings::of_languages("eng") }
}

pub(crate) fn page(number: u32) -> PageNumber {
    PageNumber::new(number).expect("a page number")
}

/// Page 1 misbehaves; it must end with `code`, and page 2 must be read all the same.
async fn fails_alone(bad: u32, code: FailureCode) {
    let (mut sandbox, original) = (a_sandbox(), a_document(tiff_of(&[bad, width::GOOD])));
    assert_eq!(sandbox.count_pages(&original).await.expect("opened"), 2);
    match sandbox.read_page(&original, page(1)).await {
        Err(Fault::Died(died_of)) => assert_eq!(died_of, code),
        other => panic!("page 1 ended with {other:?}"),
    }
    assert_eq!(sandbox.child_pid(), None);
    let reading = sandbox.read_page(&original, page(2)).await.expect("page 2");
    assert_eq!(reading.content.text.trim(), "page 320");
    assert_eq!((reading.content.width, reading.content.height), (320, 60));
}

#[tokio::test]
async fn a_page_that_panics_fails_alone() {
    fails_alone(width::PANICS, FailureCode::Crashed).await;
}

#[tokio::test]
async fn a_page_that_hangs_fails_alone() {
    let begin = Instant::now();
    fails_alone(width::HANGS, FailureCode::Timeout).await;
    assert!(begin.elapsed() < Duration::from_secs(30), "killed in time");
}

#[tokio::test]
async fn a_page_that_eats_memory_fails_alone() {
    fails_alone(width::EATS_MEMORY, FailureCode::OutOfMemory).await;
}

#[tokio::test]
async fn a_page_that_ends_the_child_fails_alone() {
    fails_alone(width::OVERFLOWS, FailureCode::Crashed).await;
    fails_alone(width::ABORTS, FailureCode::Crashed).await;
}

#[tokio::test]
async fn a_page_on_which_the_engine_gives_up_gets_a_fresh_child() {
    fails_alone(width::GIVES_UP, FailureCode::Crashed).await;
}

#[tokio::test]
async fn a_child_stays_warm_until_it_is_worn() {
    let mut sandbox = Sandbox::new(bad_child(), Arc::new(SandboxOptions { pages_per_child: 3, ..options() }));
    let original = a_document(tiff_of(&[width::GOOD; 4]));
    let mut pids = Vec::new();
    for number in 1..=4 {
        sandbox.read_page(&original, page(number)).await.expect("a page");
        pids.push(sandbox.child_pid().expect("a warm child"));
    }
    assert!(pids[0] == pids[1] && pids[1] == pids[2] && pids[2] != pids[3], "{pids:?}");
    // Another document of the same owner, the same child; another owner, another child.
    assert_eq!(sandbox.count_pages(&a_document(tiff_of(&[width::GOOD]))).await.expect("opened"), 1);
    assert_eq!(sandbox.child_pid(), Some(pids[3]));
    let foreign = Original { owner: OwnerId::generate(), ..original };
    assert_eq!(sandbox.count_pages(&foreign).await.expect("opened"), 4);
    assert_ne!(sandbox.child_pid(), Some(pids[3]));
}

#[tokio::test]
async fn a_child_that_has_grown_is_replaced() {
    let (mut sandbox, original) = (a_sandbox(), a_document(tiff_of(&[width::GOOD, width::LEAKS, width::GOOD])));
    let mut pids = Vec::new();
    for number in 1..=3 {
        sandbox.read_page(&original, page(number)).await.expect("a page");
        pids.push(sandbox.child_pid().expect("a warm child"));
    }
    assert!(pids[0] == pids[1] && pids[1] != pids[2], "{pids:?}");
}

#[tokio::test]
async fn rubbish_is_refused_and_the_child_stays() {
    let mut sandbox = a_sandbox();
    match sandbox.count_pages(&a_document(b"no document at all".to_vec())).await {
        Err(Fault::Refused(FailureCode::Unreadable)) => {}
        other => panic!("ended with {other:?}"),
    }
    let pid = sandbox.child_pid();
    assert!(pid.is_some());
    assert_eq!(sandbox.count_pages(&a_document(tiff_of(&[width::GOOD]))).await.expect("opened"), 1);
    assert_eq!(sandbox.child_pid(), pid);
    match sandbox.count_pages(&a_document(tiff_of(&[width::GOOD; 21]))).await {
        Err(Fault::Refused(FailureCode::TooManyPages)) => {}
        other => panic!("ended with {other:?}"),
    }
}

#[tokio::test]
async fn a_signed_pdf_is_never_changed() {
    const SIGNED: &[u8] =
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields[]>>>>\nendobj\n\
        2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n\
        3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>\nendobj\n\
        trailer\n<</Root 1 0 R/Size 4>>\n%%EOF\n";
    let (mut sandbox, original) = (a_sandbox(), a_document(SIGNED.to_vec()));
    let word = Word { text: "read".into(), bounds: [10, 10, 60, 20], ..Word::default() };
    let words = PageContent { width: 200, height: 100, words: vec![word], ..PageContent::default() };
    let refused = sandbox.searchable_pdf(&original, &[Some(words)]).await;
    assert!(matches!(refused, Err(Fault::Refused(FailureCode::Signed))), "{refused:?}");
    assert_eq!(sandbox.searchable_pdf(&original, &[None]).await.expect("the original"), SIGNED);
}

#[tokio::test]
async fn a_child_inherits_nothing_and_has_limits() {
    // One that a careless parent leaves open to all its children.
    let file = tempfile::tempfile().expect("an open file");
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).expect("inheritable");
    let (mut sandbox, original) = (a_sandbox(), a_document(tiff_of(&[width::TELLS_ENVIRONMENT])));
    let reading = sandbox.read_page(&original, page(1)).await.expect("a page");
    let names: Vec<_> = reading.content.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(names, ["OMP_THREAD_LIMIT"]);
    let proc = format!("/proc/{}", sandbox.child_pid().expect("a warm child"));
    let limits = std::fs::read_to_string(format!("{proc}/limits")).expect("limits");
    let has = |name: &str, value: u64| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect(name);
        assert_eq!(line[name.len()..].split_whitespace().next(), Some(value.to_string().as_str()), "{line}");
    };
    has("Max address space", MEMORY_BYTES);
    has("Max core file size", 0);
    has("Max file size", 0);
    has("Max open files", 16);
    has("Max processes", 0);
    has("Max cpu time", 306);
    let status = std::fs::read_to_string(format!("{proc}/status")).expect("status");
    for line in ["NoNewPrivs:\t1", "Seccomp:\t2", "Threads:\t1", "CapPrm:\t0000000000000000"] {
        assert!(status.contains(line), "{line} in {status}");
    }
    // Only root may look into a process that isn't dumpable; for everybody else there is nothing to see at all.
    if let Ok(environment) = std::fs::read(format!("{proc}/environ")) {
        assert_eq!(environment, b"OMP_THREAD_LIMIT=1\0");
    }
    if let Ok(descriptors) = std::fs::read_dir(format!("{proc}/fd")) {
        let open = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let others: Vec<_> = open.filter(|target| !target.to_string_lossy().starts_with("pipe:")).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

#[tokio::test]
async fn an_abandoned_page_takes_its_child_along() {
    let (mut sandbox, original) = (a_sandbox(), a_document(tiff_of(&[width::HANGS, width::GOOD])));
    sandbox.count_pages(&original).await.expect("opened");
    let pid = sandbox.child_pid().expect("a warm child");
    let reading = sandbox.read_page(&original, page(1));
    assert!(tokio::time::timeout(Duration::from_millis(300), reading).await.is_err());
    is_gone(pid).await;
    sandbox.read_page(&original, page(2)).await.expect("page 2 from a fresh child");
}

#[tokio::test]
async fn a_busy_child_dies_with_its_parent() {
    let mut parent = Command::new(env!("CARGO_BIN_EXE_untxt-fault-child"))
        .arg("parent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a parent");
    let mut input = parent.stdin.take().expect("a pipe");
    input.write_all(&tiff_of(&[width::HANGS])).await.expect("written");
    drop(input);
    let mut lines = BufReader::new(parent.stdout.take().expect("a pipe")).lines();
    let child: u32 = lines.next_line().await.expect("read").expect("a line").parse().expect("a number");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(std::fs::exists(format!("/proc/{child}")).expect("/proc"), "the child is busy");
    parent.kill().await.expect("killed");
    is_gone(child).await;
}

#[tokio::test]
async fn nonsense_on_the_pipe_is_not_believed() {
    // A program that says back what it hears: the frame is well-formed, its meaning is not.
    let mut echo = Sandbox::new(ChildCommand::new("/bin/cat", [] as [&str; 0]), Arc::new(options()));
    assert!(matches!(echo.warm_up().await, Err(Fault::Unavailable(_))));
    let mut missing = Sandbox::new(ChildCommand::new("/nonexistent", [] as [&str; 0]), Arc::new(options()));
    assert!(matches!(missing.warm_up().await, Err(Fault::Unavailable(_))));
}

async fn is_gone(pid: u32) {
    for _ in 0..100 {
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("process {pid} still lives");
}
