use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::{
    process::{Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit},
    thread::{CapabilitySet, capabilities, set_capabilities},
};

use super::*;
use crate::{
    crypto::{Context, DocumentKey, OwnerKey, Purpose, SearchKey, TokenKind, aead::SecretKey, owner_key::SideKey},
    domain::{DocumentId, OwnerId},
};

/// Fills memory with bytes that stand in no executable and are known to this test alone.
fn fill(bytes: &mut [u8], seed: u8) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ (u64::from(seed) << 32 | 0x5bd1_e995);
    for byte in bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = state.to_be_bytes()[0];
    }
}

fn a_key(seed: u8) -> SecretKey {
    let mut key = KeyMemory::take().expect("memory");
    fill(key.bytes_mut(), seed);
    SecretKey::in_memory(key)
}

/// Gives the flags of the mapping that an address lies in.
fn flags_at(address: usize) -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/smaps").expect("a Linux");
    let mut is_there = false;
    for line in maps.lines() {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        if let Some((Ok(begin), Ok(end))) =
            range.map(|(begin, end)| (usize::from_str_radix(begin, 16), usize::from_str_radix(end, 16)))
        {
            is_there = (begin..end).contains(&address);
        } else if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| is_there) {
            return flags.split_whitespace().map(str::to_owned).collect();
        }
    }
    panic!("no mapping has {address:x}");
}

fn locked_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).expect("how much is locked");
    line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number") << 10
}

#[test]
fn a_key_lies_in_locked_memory_that_is_not_dumped_and_not_inherited() {
    let key = a_key(1);
    let flags = flags_at(key.as_bytes().as_ptr().addr());
    for flag in ["lo", "dd", "wf"] {
        assert!(flags.iter().any(|it| it == flag), "{flag}: {flags:?}");
    }
    assert!(locked_bytes() >= CHUNK_BYTES);
    let ordinary = vec![0_u8; CHUNK_BYTES * 8];
    let flags = flags_at(ordinary.as_ptr().addr());
    assert!(!flags.iter().any(|it| it == "lo" || it == "dd"), "{flags:?}");
}

#[test]
fn a_key_is_gone_when_it_is_dropped_and_room_is_always_empty() {
    let key = a_key(2);
    let (address, before) = (key.as_bytes().as_ptr().addr(), key.as_bytes().to_vec());
    let memory = File::open("/proc/self/mem").expect("own memory");
    let look = || {
        let mut bytes = vec![0; KEY_LEN];
        memory.read_exact_at(&mut bytes, address as u64).expect("read");
        bytes
    };
    assert_eq!(look(), before, "it is where we look");
    drop(key);
    assert_ne!(look(), before, "wiped, and maybe somebody else's by now");
    let taken: Vec<_> = (0..2000).map(|_| KeyMemory::take().expect("memory")).collect();
    assert!(taken.iter().all(|key| key.bytes() == [0; KEY_LEN]));
    drop(taken);
}

/// Names one of the tests below that want a process of their own.
fn process(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this executable"));
    let name = format!("crypto::memory::tests::{test}");
    command.args(["--exact", &name, "--ignored", "--nocapture"]).current_dir(folder);
    command
}

#[test]
fn a_core_file_has_no_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = process("holds_keys", folder.path()).stdout(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert!(lines.any(|line| line.expect("a line").contains("ready")), "it never held them");
    let dump = fs::read(dump(&mut child, folder.path())).expect("a core file");
    let has = |bytes: &[u8]| dump.windows(bytes.len()).any(|window| window == bytes);
    let mut control = [0; KEY_LEN];
    fill(&mut control, CONTROL);
    assert!(has(&control), "what lies in ordinary memory is in the core file");
    for seed in [OWNER, INDEX, TAGS, DOCUMENT] {
        assert!(!has(a_key(seed).as_bytes()), "key {seed}");
    }
    for form in ["value", "file"] {
        let info = format!("untxt document/{form}/words");
        let sub_key = a_key(DOCUMENT).derive(&[], info.as_bytes()).expect("derived");
        assert!(!has(sub_key.as_bytes()), "sub-key {form}");
    }
    let search = a_key(INDEX).derive(b"", b"untxt search tokens").expect("derived");
    assert!(!has(search.as_bytes()), "the key of the search");
}

/// Has the kernel write a core file, or gdb where the kernel hands core files to a program.
fn dump(child: &mut Child, folder: &Path) -> PathBuf {
    let id = rustix::process::Pid::from_child(child);
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("a Linux");
    if pattern.starts_with('|') || pattern.contains('/') {
        let file = folder.join("core");
        let status = Command::new("gcore").arg("-o").arg(&file).arg(child.id().to_string()).output().expect("gdb");
        kill_process(id, Signal::KILL).expect("killed");
        assert!(status.status.success(), "{status:?}");
    } else {
        kill_process(id, Signal::ABORT).expect("aborted");
    }
    child.wait().expect("ended");
    let mut files = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    files
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core")))
        .expect("a core file")
}

const OWNER: u8 = 10;
const INDEX: u8 = 11;
const DOCUMENT: u8 = 12;
const CONTROL: u8 = 13;
const TAGS: u8 = 14;

#[test]
#[ignore = "a process of its own, which ends by leaving a core file"]
fn holds_keys() {
    let most = getrlimit(Resource::Core).maximum;
    setrlimit(Resource::Core, Rlimit { current: most, maximum: most }).expect("core files");
    let owner = OwnerId::generate();
    let side = |seed| SideKey { generation: 1, key: a_key(seed) };
    let owner_key = OwnerKey::new(owner, 1, a_key(OWNER), side(INDEX), side(TAGS));
    let document = DocumentId::generate();
    let wrapped = owner_key.rewrap(document, &DocumentKey::new(a_key(DOCUMENT), 1)).expect("wrapped");
    let key = owner_key.open_document_key(document, &wrapped).expect("opened");
    let place = Context { owner, table: "pages", column: "content", row: "1", version: 1 };
    let sealed = key.seal(Purpose::Words, &place, b"text").expect("sealed");
    assert_eq!(*key.open(Purpose::Words, &place, &sealed).expect("opened"), b"text");
    let sealed = key.stream_sealer(Purpose::Words, &place).expect("a sealer").finish().expect("sealed");
    let mut opener = key.stream_opener(Purpose::Words, &place);
    opener.update(&sealed).expect("opened");
    opener.finish().expect("the end");
    let search: SearchKey = owner_key.search_key().expect("a key");
    let _ = (search.token(1, TokenKind::Exact, "word"), owner_key.tag("document", b"x"));
    let mut control = vec![0; KEY_LEN];
    fill(&mut control, CONTROL);
    println!("ready");
    // Until it is killed.
    let _ = std::io::stdin().read_exact(&mut [0; 1]);
    std::thread::park();
    drop((control, owner_key, key, search));
}

#[test]
fn where_nothing_may_be_locked_it_is_said_and_keys_are_still_kept_out_of_core_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = process("locks_nothing", folder.path()).output().expect("started");
    assert!(ended.status.success(), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stdout).contains("not locked, not dumped"), "{ended:?}");
}

#[test]
#[ignore = "a process of its own, which may lock nothing"]
fn locks_nothing() {
    let mut sets = capabilities(None).expect("capabilities");
    sets.effective.remove(CapabilitySet::IPC_LOCK);
    set_capabilities(None, sets).expect("one less");
    setrlimit(Resource::Memlock, Rlimit { current: Some(0), maximum: Some(0) }).expect("a limit");
    assert!(!prepare_key_memory().expect("memory"));
    let key = a_key(3);
    let flags = flags_at(key.as_bytes().as_ptr().addr());
    assert!(flags.iter().any(|it| it == "dd") && !flags.iter().any(|it| it == "lo"), "{flags:?}");
    println!("not locked, not dumped");
}

#[test]
fn the_least_that_old_containers_may_lock_is_enough_for_a_start() {
    const { assert!(AT_START <= 48 << 10) };
    assert!(prepare_key_memory().expect("memory"), "this machine lets us lock");
    assert!(locked_bytes() >= AT_START);
}
