use untxt_core::{
    crypto::CryptoError, domain::FailureCode, queue::QueueError, receipts::SigningKeyError, storage::StorageError,
};

use crate::sandbox::Fault;

/// Why the worker can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer or refuses us.
    #[error(transparent)]
    Database(#[from] untxt_database::Error),
    /// The queue's settings can't be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The object store's settings can't be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The root key can't be used.
    #[error(transparent)]
    Keys(#[from] CryptoError),
    /// The key that signs receipts can't be used.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// The connection to the virus scanner can't be set up.
    #[error("the virus scanner can't be used: {0}")]
    Scanner(#[from] untxt_core::tls::TlsError),
    /// Another installation's objects are in the bucket, and each would take the other's for leavings.
    #[error(
        "storage.bucket belongs to another installation (see its object \"installation\"): give each a bucket of its own"
    )]
    ForeignBucket,
    /// Monitors can't be answered.
    #[error(transparent)]
    Monitoring(std::io::Error),
    /// No child can be started.
    #[error(transparent)]
    Sandbox(#[from] Fault),
    /// The system doesn't say what this executable is.
    #[error("this executable can't be found, to start reading children: {0}")]
    Executable(#[source] std::io::Error),
}

/// Why a step of a task did not succeed, by what is to be done about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    /// The work belongs to somebody else by now: write nothing, remove what was put.
    #[error("the lease is lost")]
    LeaseLost,
    /// The process ends: hand the work back.
    #[error("the worker stops")]
    Stopping,
    /// The world is at fault: hand the work back and try later, whatever the attempts.
    #[error("something the worker needs does not answer")]
    World(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The virus scanner is in order but gives no verdict on this document: a few more tries may help.
    #[error("the virus scanner can't cope with the document")]
    Unscanned(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The document is at fault: another attempt would end the same.
    #[error("the document is at fault: {0}")]
    Document(FailureCode),
    /// The reader died of it: a fresh one may do better, a few times.
    #[error("the reader failed: {0}")]
    Reader(FailureCode),
}

pub(crate) type JobResult<T> = Result<T, JobError>;

impl JobError {
    pub(crate) fn world(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::World(source.into())
    }

    /// Says whether something did not answer, as opposed to having said no.
    pub(crate) fn is_outage(&self) -> bool {
        let Self::World(source) = self else { return false };
        source.downcast_ref::<untxt_database::Error>().is_none_or(untxt_database::Error::is_temporary)
    }
}

impl From<untxt_database::Error> for JobError {
    fn from(error: untxt_database::Error) -> Self {
        match error {
            untxt_database::Error::LeaseLost => Self::LeaseLost,
            other => Self::world(other),
        }
    }
}

impl From<StorageError> for JobError {
    fn from(error: StorageError) -> Self {
        match error {
            // Written before its row was: it was lost, and waiting won't bring it back.
            StorageError::NotFound => Self::Document(FailureCode::Internal),
            other => Self::world(other),
        }
    }
}

impl From<CryptoError> for JobError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::Corrupt => Self::Document(FailureCode::Internal),
            // A refusal concerns every document of the installation, so no single one is to blame.
            // A key that is destroyed was asked for just before the document went to the next one.
            CryptoError::Kms(_)
            | CryptoError::KeyFile(_)
            | CryptoError::Provider(_)
            | CryptoError::KeyDestroyed
            | CryptoError::Memory(_) => Self::world(error),
        }
    }
}

impl From<Fault> for JobError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused(code) => Self::Document(code),
            Fault::Died(code) => Self::Reader(code),
            Fault::Unavailable(source) => Self::world(source),
            Fault::Unconfined(_) => Self::world(fault),
        }
    }
}
