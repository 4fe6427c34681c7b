//! What somebody would try who has taken over a reading child. Outside the sandbox each of them succeeds.
#![expect(unsafe_code, reason = "whoever breaks in isn't safe either; nothing here touches memory of this process")]

use std::{
    fs::{self, File},
    io,
    net::{TcpListener, UdpSocket},
    os::unix::{net::UnixStream, process::CommandExt},
    process::{Command, id},
    ptr,
    sync::OnceLock,
};

/// Tries once; an error is a refusal.
pub(crate) type Attempt = fn() -> io::Result<()>;

const ATTEMPTS: &[(&str, Attempt)] = &[
    ("open a file", || File::open("/etc/passwd").map(drop)),
    ("list a folder", || fs::read_dir("/").map(drop)),
    ("read the parent's environment", || fs::read(format!("/proc/{}/environ", parent())).map(drop)),
    ("read own memory as a file", || File::open("/proc/self/mem").map(drop)),
    ("open many files", open_many_files),
    ("raise a limit", raise_limit),
    ("become dumpable", || call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1, 0, 0])),
    ("write a file", write_file),
    ("make a folder", make_folder),
    ("listen on TCP", || TcpListener::bind("127.0.0.1:0").map(drop)),
    ("send on UDP", || UdpSocket::bind("127.0.0.1:0").map(drop)),
    ("make a Unix socket", || UnixStream::pair().map(drop)),
    ("run a program", || Command::new("/bin/true").status().map(drop)),
    ("become a program", || Err(Command::new("/bin/true").exec())),
    ("fork", fork),
    ("start a thread", start_thread),
    ("signal the parent", || call(libc::SYS_kill, [parent().into(), 0, 0, 0])),
    ("signal a thread of the parent", || call(libc::SYS_tgkill, [parent().into(), parent().into(), 0, 0])),
    ("trace", || call(libc::SYS_ptrace, [libc::PTRACE_TRACEME.into(), 0, 0, 0])),
    ("take hold of the parent", || call(libc::SYS_pidfd_open, [parent().into(), 0, 0, 0])),
    ("make code", make_code),
    ("leave the namespace", || call(libc::SYS_unshare, [0, 0, 0, 0])),
    ("watch through the kernel", || call(libc::SYS_inotify_init1, [0, 0, 0, 0])),
];

/// Finds an attempt by its name.
pub(crate) fn find(name: &str) -> Option<Attempt> {
    ATTEMPTS.iter().find(|(known, _)| *known == name).map(|&(_, attempt)| attempt)
}

/// Who started this process; a child may not even ask.
static PARENT: OnceLock<u32> = OnceLock::new();

/// Takes note of what can be known before the sandbox is closed.
pub(crate) fn prepare() {
    PARENT.get_or_init(std::os::unix::process::parent_id);
}

fn parent() -> u32 {
    PARENT.get().copied().unwrap_or_default()
}

fn call(number: libc::c_long, [a, b, c, d]: [i64; 4]) -> io::Result<()> {
    // SAFETY: the calls in the table take numbers only, and a null pointer for what they would write.
    let result = unsafe { libc::syscall(number, a, b, c, d) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn open_many_files() -> io::Result<()> {
    let folder = untxt_ocr::LanguageData::find(None).map_err(io::Error::other)?;
    let open = |_| File::open(folder.folder());
    (0..64).map(open).collect::<io::Result<Vec<_>>>().map(drop)
}

fn raise_limit() -> io::Result<()> {
    let more = rustix::process::Rlimit { current: Some(64), maximum: Some(64) };
    Ok(rustix::process::setrlimit(rustix::process::Resource::Nofile, more)?)
}

fn write_file() -> io::Result<()> {
    let path = format!("/tmp/untxt-attempt-{}", id());
    fs::write(&path, "out")?;
    fs::remove_file(path)
}

fn make_folder() -> io::Result<()> {
    let path = format!("/tmp/untxt-attempt-{}", id());
    fs::create_dir(&path)?;
    fs::remove_dir(path)
}

fn fork() -> io::Result<()> {
    // SAFETY: the child ends at once, without running anything that another thread may have locked.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        // SAFETY: ends the process.
        0 => unsafe { libc::_exit(0) },
        _parent => Ok(()),
    }
}

fn start_thread() -> io::Result<()> {
    std::thread::Builder::new().spawn(|| {})?.join().map_err(|_| io::Error::other("it panicked"))
}

/// Asks for a page of memory that can be written and run.
fn make_code() -> io::Result<()> {
    let rights = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    // SAFETY: a new mapping of its own, which nobody uses.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, rights, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}
