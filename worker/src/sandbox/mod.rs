//! Where a worker has a document's bytes parsed: a child process without keys, network and files, with limits on
//! everything it may use.
//!
//! It promises that whatever a file does to its parser costs at most the child: the parent gets an answer, checked
//! like a stranger's, or a [`Fault`] with a code from the closed list, within a time limit. A child stays warm
//! between pages and documents. It refuses to know about tasks, leases and storage.

mod check;
mod child;
mod command;
mod convert;
mod frame;
#[cfg(feature = "fuzzing")]
mod hear;
mod parent;
mod process;
mod protocol;
mod restrict;
mod walls;
mod warm;

use untxt_core::{config::SandboxLayer, domain::FailureCode};

pub use child::{child_main, serve};
pub use command::ChildCommand;
#[cfg(feature = "fuzzing")]
pub use hear::hear;
pub use parent::{Original, Sandbox, SandboxOptions};
pub use protocol::{PageImage, PageReading};
pub use walls::Walls;

/// Why a child gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The document or the page is at fault; another try would say the same.
    #[error("the document can't be read: {0}")]
    Refused(FailureCode),
    /// The child died, overran its time, or answered nonsense; a fresh one may do better.
    #[error("the reading child failed: {0}")]
    Died(FailureCode),
    /// No child could be started; the document has nothing to do with it.
    #[error("no reading child can be started")]
    Unavailable(#[source] std::io::Error),
    /// The kernel doesn't confine a child as it should, and nobody has accepted that.
    #[error(
        "this kernel gives reading children no {name}: run one that does, or accept it with \
         worker.accept_without = [\"{name}\"]",
        name = .0.name()
    )]
    Unconfined(SandboxLayer),
}
