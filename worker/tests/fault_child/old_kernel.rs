//! Plays a parent on a kernel that lacks a layer of the sandbox: to it and its children, the calls of that layer are
//! unknown.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};
use untxt_core::config::SandboxLayer;
use untxt_worker::sandbox::{ChildCommand, Sandbox, SandboxOptions};

/// Starts a child, and prints what confines it or why it was not started.
pub(crate) fn be_parent(lacking: &str, accepted: &[&str]) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let accept_without = accepted.iter().filter_map(|name| name.parse().ok()).collect();
    let options = SandboxOptions { accept_without, ..crate::options() };
    let (Ok(program), Ok(())) = (std::env::current_exe(), forget(lacking)) else { return ExitCode::FAILURE };
    let mut sandbox = Sandbox::new(ChildCommand::new(program, ["bad"]), Arc::new(options));
    let answer = match runtime.block_on(sandbox.warm_up()) {
        Ok(walls) => format!("lacking {:?}", walls.lacking().map(SandboxLayer::name).collect::<Vec<_>>()),
        Err(fault) => fault.to_string(),
    };
    let _ = writeln!(io::stdout(), "{answer}");
    ExitCode::SUCCESS
}

fn forget(layer: &str) -> io::Result<()> {
    let calls: &[libc::c_long] = match layer {
        "landlock" => &[libc::SYS_landlock_create_ruleset],
        _ => &[libc::SYS_seccomp],
    };
    let rules = calls.iter().map(|&call| (call, Vec::new())).collect();
    let unknown = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, unknown, arch).map_err(io::Error::other)?;
    let program: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    apply_filter(&program).map_err(io::Error::other)
}
