use serde::{Deserialize, Serialize};
use untxt_core::config::SandboxLayer;

/// Which of the walls that a kernel may lack stand around a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walls {
    /// Version of the kernel's landlock; 0: it has none. From 4 it keeps from the network too, from 6 from signals to
    /// other processes; the filter of system calls does both everywhere.
    pub landlock_abi: u32,
    /// Whether system calls are filtered.
    pub has_call_filter: bool,
}

impl Walls {
    /// Lists what is lacking.
    pub fn lacking(self) -> impl Iterator<Item = SandboxLayer> {
        let stands = [(SandboxLayer::Landlock, self.landlock_abi > 0), (SandboxLayer::Seccomp, self.has_call_filter)];
        stands.into_iter().filter(|(_, stands)| !stands).map(|(layer, _)| layer)
    }
}
