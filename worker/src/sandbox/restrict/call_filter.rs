use std::{collections::BTreeMap, io};

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// What reading a page calls: memory, the pipes, language data, and the ways to end.
///
/// Found with strace on every format we open, and on panic, abort, stack overflow and lack of memory. There is no
/// thread and no process to start, so nothing of `clone` is here, and no socket.
const ALLOWED: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_read,
    libc::SYS_write,
    // how the C library says that its heap is broken
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_newfstatat,
    libc::SYS_pread64,
    libc::SYS_statx,
    libc::SYS_clock_gettime,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    // the C library's qsort asks how much memory there is
    libc::SYS_sysinfo,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
];

/// What a C library of another version may ask and can do without: refused, but no reason to die.
const REFUSED: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getcwd,
    libc::SYS_ioctl,
    libc::SYS_membarrier,
    libc::SYS_prctl,
    libc::SYS_prlimit64,
    libc::SYS_readlinkat,
    libc::SYS_sched_getaffinity,
    libc::SYS_seccomp,
    libc::SYS_uname,
];

/// Ends this process at any call that is not on the lists. `false`: this kernel or processor can't.
///
/// It ends instead of refusing because no page needs such a call: who makes it has taken over the process, and gets no
/// second try. The parent sees the signal and can name what happened.
pub(super) fn filter_calls() -> io::Result<bool> {
    let Ok(arch) = TargetArch::try_from(std::env::consts::ARCH) else { return Ok(false) };
    // Of two filters the stricter answer counts. The first lets pass what the second refuses: also adding a second.
    for program in [the_lists(arch), refusals(arch)] {
        match apply_filter(&program.map_err(io::Error::other)?) {
            Ok(()) => {}
            Err(Error::Seccomp(_)) => return Ok(false),
            Err(error) => return Err(io::Error::other(error)),
        }
    }
    Ok(true)
}

fn the_lists(arch: TargetArch) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().chain(REFUSED).map(|&call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_openat, Vec::new());
    // No new code: what runs was there before the document.
    rules.insert(libc::SYS_mmap, vec![without(2, libc::PROT_EXEC)?]);
    rules.insert(libc::SYS_mprotect, vec![without(2, libc::PROT_EXEC)?]);
    rules.insert(libc::SYS_fcntl, vec![equal(1, libc::F_GETFD)?, equal(1, libc::F_GETFL)?]);
    // How a process aborts; never another process.
    rules.insert(libc::SYS_tgkill, vec![equal(0, std::process::id().cast_signed())?]);
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}

fn refusals(arch: TargetArch) -> Result<BpfProgram, BackendError> {
    let mut rules: BTreeMap<_, _> = REFUSED.iter().map(|&call| (call, Vec::new())).collect();
    // Opening to write, even /dev/null: Tesseract does it for its complaints, which nobody reads.
    let writing = [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC];
    rules.insert(libc::SYS_openat, writing.map(|bit| with(2, bit)).into_iter().collect::<Result<_, _>>()?);
    let refuse = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?.try_into()
}

/// Holds when the argument (from 0) has none of these bits.
fn without(argument: u8, bits: i32) -> Result<SeccompRule, BackendError> {
    rule(argument, SeccompCmpOp::MaskedEq(bits.cast_unsigned().into()), 0)
}

/// Holds when the argument has this bit.
fn with(argument: u8, bit: i32) -> Result<SeccompRule, BackendError> {
    rule(argument, SeccompCmpOp::MaskedEq(bit.cast_unsigned().into()), bit.cast_unsigned().into())
}

fn equal(argument: u8, value: i32) -> Result<SeccompRule, BackendError> {
    rule(argument, SeccompCmpOp::Eq, value.cast_unsigned().into())
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    // All of them are ints to the kernel, or flags in the lower half.
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}
