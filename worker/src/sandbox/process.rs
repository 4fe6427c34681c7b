use std::{convert::Infallible, io, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use metrics::counter;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout},
    time::timeout,
};
use untxt_core::domain::FailureCode;

use super::{
    ChildCommand, Fault,
    frame::{self, FrameLimits},
    protocol::{Answer, Request},
};

/// How long a dying child may take to be gone after its pipe broke.
const FAREWELL: Duration = Duration::from_secs(2);

/// One running child, killed when this is dropped.
///
/// An exchange that is not awaited to its end leaves the pipes in the middle of a frame: the owner takes the process
/// out before an exchange and puts it back only after a good answer.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    pid: Pid,
    input: ChildStdin,
    output: ChildStdout,
    complaints: Complaints,
}

impl Process {
    pub(super) fn spawn(command: &ChildCommand) -> io::Result<Self> {
        let mut child = command.prepare().spawn()?;
        let pid = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let (Some(pid), Some(input), Some(output), Some(stderr)) =
            (pid, child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(io::Error::other("the child has no pipes"));
        };
        counter!("untxt_children_started_total").increment(1);
        Ok(Self { child, pid, input, output, complaints: Complaints { stderr, tail: Vec::new() } })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Gives the size of its address space; 0 where the system doesn't tell.
    pub(super) fn size_bytes(&self) -> u64 {
        let sizes = std::fs::read_to_string(format!("/proc/{}/statm", self.pid())).unwrap_or_default();
        let pages = sizes.split(' ').next().and_then(|pages| pages.parse::<u64>().ok());
        pages.unwrap_or_default().saturating_mul(rustix::param::page_size() as u64)
    }

    /// Asks and waits for the answer, at most `limit`.
    ///
    /// # Errors
    /// [`Fault::Died`]; the process is of no use any more.
    pub(super) async fn exchange(
        &mut self,
        request: &Request,
        attachment: &[u8],
        limits: FrameLimits,
        limit: Duration,
    ) -> Result<(Answer, Vec<u8>), Fault> {
        let Self { input, output, complaints, .. } = self;
        let talk = async {
            frame::send(input, request, attachment).await?;
            frame::receive(output, limits).await
        };
        let answer = tokio::select! {
            answer = timeout(limit, talk) => answer,
            never = complaints.listen() => match never {},
        };
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.autopsy(&error).await),
            Err(_too_late) => {
                self.kill();
                tracing::warn!(child.pid = self.pid(), limit_ms = limit.as_millis(), "a reading child took too long");
                Err(Fault::Died(FailureCode::Timeout))
            }
        }
    }

    /// Finds out why the pipe broke.
    async fn autopsy(&mut self, error: &io::Error) -> Fault {
        if error.kind() == io::ErrorKind::InvalidData {
            self.kill();
            tracing::warn!(child.pid = self.pid(), reason = %error, "a reading child answered nonsense");
            return Fault::Died(FailureCode::Crashed);
        }
        let Self { child, complaints, .. } = self;
        let status = tokio::select! {
            status = timeout(FAREWELL, child.wait()) => status.ok().and_then(Result::ok),
            never = complaints.listen() => match never {},
        };
        // What was written just before the end may still be in the pipe.
        let _ = timeout(Duration::from_millis(50), self.complaints.listen()).await;
        self.kill();
        let code = self.cause_of_death(status);
        let signal = status.and_then(|status| status.signal());
        tracing::warn!(child.pid = self.pid(), child.signal = signal, failure.code = %code, "a reading child died");
        Fault::Died(code)
    }

    fn cause_of_death(&self, status: Option<ExitStatus>) -> FailureCode {
        match status.and_then(|status| status.signal()) {
            Some(signal) if signal == Signal::SYS.as_raw() => FailureCode::SandboxViolation,
            _ if self.complaints.tell_of_memory() => FailureCode::OutOfMemory,
            Some(signal) if signal == Signal::XCPU.as_raw() => FailureCode::Timeout,
            _ => FailureCode::Crashed,
        }
    }

    /// Ends the child and whatever it may have started.
    fn kill(&self) {
        // Already gone is as good.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A reaped child's number may be somebody else's by now.
        if self.child.id().is_some() {
            self.kill();
        }
    }
}

/// The child's standard error: its last bytes, only to tell what it died of. They are never logged, for a parser may
/// complain with the words of the document.
#[derive(Debug)]
struct Complaints {
    stderr: ChildStderr,
    tail: Vec<u8>,
}

impl Complaints {
    const KEPT_BYTES: usize = 4096;

    /// Keeps the pipe empty for as long as it is polled.
    async fn listen(&mut self) -> Infallible {
        let mut piece = [0; 1024];
        while let Ok(read @ 1..) = self.stderr.read(&mut piece).await {
            self.tail.extend_from_slice(&piece[..read]);
            let surplus = self.tail.len().saturating_sub(Self::KEPT_BYTES);
            self.tail.drain(..surplus);
        }
        std::future::pending().await
    }

    /// Says whether the last complaint is the allocator's: Rust's, C++'s or the dynamic loader's.
    fn tell_of_memory(&self) -> bool {
        let said = |what: &str| self.tail.windows(what.len()).any(|window| window == what.as_bytes());
        ["memory allocation of ", "bad_alloc", "annot allocate memory", "out of memory"].into_iter().any(said)
    }
}
