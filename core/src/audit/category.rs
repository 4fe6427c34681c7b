use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{AuditAction as Action, AuditOutcome};
use crate::domain::{UnknownName, closed_list};

closed_list!(
    /// What kind of operation an action is.
    AuditCategory {
        /// Who somebody is.
        Authentication = "authentication",
        /// How long they are believed.
        Session = "session",
        /// What they log in with.
        Account = "account",
        /// What somebody should look at.
        Security = "security",
        /// What documents say.
        DataAccess = "data_access",
        /// What is done to documents.
        DataChange = "data_change",
        /// Who else may see them.
        Sharing = "sharing",
        /// What is done to people, limits, the queue and the record.
        Administration = "administration",
        /// What is done to keys and to the whole installation.
        Operation = "operation",
    }
);

closed_list!(
    /// How much a line matters to whoever watches.
    AuditSeverity {
        /// As it should be.
        Info = "info",
        /// Somebody was refused, or got more rights.
        Warning = "warning",
        /// It did not work.
        Error = "error",
        /// Somebody should look at once.
        Critical = "critical",
    }
);

impl Action {
    /// Gives its kind.
    #[must_use]
    pub const fn category(self) -> AuditCategory {
        match self {
            Self::LoginSuccess
            | Self::LoginFailure
            | Self::LoginBegun
            | Self::Logout
            | Self::StepUp
            | Self::SsoBegun
            | Self::SsoFailed => AuditCategory::Authentication,
            Self::AccountLocked
            | Self::SuspiciousActivity
            | Self::EmergencyAccessBegun
            | Self::EmergencyAccessEnded => AuditCategory::Security,
            Self::SessionCreated
            | Self::SessionRefreshed
            | Self::SessionRead
            | Self::SessionsListed
            | Self::SessionDestroyed
            | Self::SessionTimeout
            | Self::ForceLogout => AuditCategory::Session,
            Self::DocumentsListed
            | Self::FileAccess
            | Self::PageRead
            | Self::PageImageRead
            | Self::DocumentDownloaded
            | Self::AccountExported
            | Self::Search
            | Self::EventsFollowed
            | Self::TaskRead
            | Self::LabelsRead
            | Self::TrashRead
            | Self::ReceiptRead
            | Self::HistoryRead
            | Self::LegalHoldsListed
            | Self::EmergencyAccessesListed => AuditCategory::DataAccess,
            Self::DocumentUploaded
            | Self::DocumentChanged
            | Self::PageCorrected
            | Self::ReadingChosen
            | Self::DocumentReread
            | Self::TaskCancelled
            | Self::DocumentTrashed
            | Self::DocumentRestored
            | Self::DocumentDeleted
            | Self::TrashEmptied
            | Self::FolderCreated
            | Self::FolderChanged
            | Self::FolderDeleted
            | Self::TagCreated
            | Self::TagChanged
            | Self::TagDeleted
            | Self::LegalHoldSet
            | Self::LegalHoldLifted => AuditCategory::DataChange,
            Self::Shared
            | Self::ShareChanged
            | Self::Unshared
            | Self::SharesListed
            | Self::LinkCreated
            | Self::LinkChanged
            | Self::LinkRevoked
            | Self::LinkOpened
            | Self::RevokeFileAccess
            | Self::RestoreFileAccess
            | Self::TeamCreated
            | Self::TeamRead
            | Self::TeamChanged
            | Self::TeamDeleted
            | Self::TeamMemberAdded
            | Self::TeamMemberRemoved => AuditCategory::Sharing,
            Self::UsersListed
            | Self::DeleteUser
            | Self::ModifyUserRole
            | Self::RevokeUserAccess
            | Self::RestoreUserAccess
            | Self::LimitsRead
            | Self::LimitsChanged
            | Self::QueueRead
            | Self::QueueTaskCancelled
            | Self::QueueTaskReplayed
            | Self::ViewAuditLog
            | Self::AuditExported => AuditCategory::Administration,
            Self::KeysRead
            | Self::KeysRotated
            | Self::RootKeyRotated
            | Self::KeysRewrapped
            | Self::KeysMigrated
            | Self::KeysDestroyed
            | Self::BackupExported
            | Self::BackupImported
            | Self::ReceiptsExported
            | Self::DatabaseMigrated
            | Self::AuditExpired => AuditCategory::Operation,
            _ => AuditCategory::Account,
        }
    }

    /// Says how much it matters when it ends like this.
    #[must_use]
    pub const fn severity(self, outcome: AuditOutcome) -> AuditSeverity {
        match (self, outcome) {
            (Self::SuspiciousActivity | Self::EmergencyAccessBegun, _) => AuditSeverity::Critical,
            (_, AuditOutcome::Failed) => AuditSeverity::Error,
            (_, AuditOutcome::Refused)
            | (
                Self::LoginFailure
                | Self::AccountLocked
                | Self::SsoFailed
                | Self::PasswordResetFailed
                | Self::PasswordResetTokenInvalid
                | Self::PasswordResetEmailFailed
                | Self::RecoveryCodeUsed
                | Self::SecondFactorRemoved
                | Self::ModifyUserRole
                | Self::DeleteUser
                | Self::PurgeData
                | Self::LinkCreated
                | Self::KeysDestroyed
                | Self::RootKeyRotated
                | Self::BackupExported
                | Self::BackupImported
                | Self::AuditExpired,
                _,
            ) => AuditSeverity::Warning,
            _ => AuditSeverity::Info,
        }
    }
}
