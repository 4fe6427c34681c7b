use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::AuditOutcome;
use crate::domain::{UnknownName, closed_list};

closed_list!(
    /// What was done, or was to be done: one for each kind of operation that somebody may be asked about. Those that UNTXT
    /// had before keep their spelling.
    AuditAction {
        // Logins.
        /// Somebody logged in; which way, the detail says.
        LoginSuccess = "login_success",
        /// Somebody tried to.
        LoginFailure = "login_failure",
        /// Somebody showed the right password, and is asked for a code.
        LoginBegun = "login_begun",
        /// Somebody logged out.
        Logout = "logout",
        /// Somebody proved again who they are, for something that asks for it.
        StepUp = "step_up",
        /// A login was locked after too many tries.
        AccountLocked = "account_locked",
        /// Something that no honest client does, such as a refresh token that was used before.
        SuspiciousActivity = "suspicious_activity",

        // Sessions.
        /// A session began.
        SessionCreated = "session_created",
        /// A session got new tokens.
        SessionRefreshed = "session_refreshed",
        /// A session was looked at.
        SessionRead = "session_read",
        /// The sessions of a person were listed.
        SessionsListed = "sessions_listed",
        /// A person ended a session of theirs.
        SessionDestroyed = "session_destroyed",
        /// A session ended because nobody used it, or its time was over.
        SessionTimeout = "session_timeout",
        /// An administrator, or the platform, ended sessions of a person.
        ForceLogout = "force_logout",

        // Accounts.
        /// A person was added.
        AccountCreated = "account_created",
        /// Something of a person was changed that has no action of its own.
        AccountChanged = "account_changed",
        /// A person, or their settings, were looked at.
        AccountRead = "account_read",
        /// Somebody took out everything of their own.
        AccountExported = "account_exported",
        /// A password was changed by its person.
        PasswordChanged = "password_changed",
        /// Somebody asked for a new password.
        PasswordResetRequested = "PASSWORD_RESET_REQUESTED",
        /// The mail for that could not be sent.
        PasswordResetEmailFailed = "PASSWORD_RESET_EMAIL_FAILED",
        /// The link for that was opened, and is good.
        PasswordResetTokenValidated = "PASSWORD_RESET_TOKEN_VALIDATED",
        /// The link for that was used up, too old, or never was one.
        PasswordResetTokenInvalid = "PASSWORD_RESET_TOKEN_INVALID",
        /// It was tried to set the new password.
        PasswordResetAttempted = "PASSWORD_RESET_ATTEMPTED",
        /// The new password was not taken.
        PasswordResetFailed = "PASSWORD_RESET_FAILED",
        /// The new password holds.
        PasswordResetCompleted = "PASSWORD_RESET_COMPLETED",
        /// A second factor was begun or added.
        SecondFactorAdded = "second_factor_added",
        /// A second factor was removed.
        SecondFactorRemoved = "second_factor_removed",
        /// Recovery codes were made.
        RecoveryCodesCreated = "recovery_codes_created",
        /// A recovery code was used.
        RecoveryCodeUsed = "recovery_code_used",
        /// A passkey was begun or added.
        PasskeyAdded = "passkey_added",
        /// A passkey was changed.
        PasskeyChanged = "passkey_changed",
        /// A passkey was removed.
        PasskeyRemoved = "passkey_removed",
        /// A login of a provider was tied to a person.
        SsoLinked = "sso_linked",
        /// It was untied.
        SsoUnlinked = "sso_unlinked",
        /// Somebody was sent to a provider to log in.
        SsoBegun = "sso_begun",
        /// A provider sent somebody who can't be let in.
        SsoFailed = "sso_failed",
        /// Somebody was invited.
        InvitationCreated = "invitation_created",
        /// Invitations were listed, or one was looked at.
        InvitationRead = "invitation_read",
        /// An invitation was taken back.
        InvitationRevoked = "invitation_revoked",
        /// Somebody came by an invitation.
        InvitationAccepted = "invitation_accepted",
        /// A token for the API was made.
        TokenCreated = "token_created",
        /// The tokens of a person were listed.
        TokensListed = "tokens_listed",
        /// A token was revoked.
        TokenRevoked = "token_revoked",
        /// Everything of a person was exported.
        ExportData = "export_data",
        /// Everything of a person was erased.
        PurgeData = "purge_data",

        // What documents say.
        /// Documents were listed.
        DocumentsListed = "documents_listed",
        /// What is known of a document was looked at, or a file of it; the detail says which.
        FileAccess = "file_access",
        /// What was read on a page was looked at.
        PageRead = "page_read",
        /// The picture of a page was looked at.
        PageImageRead = "page_image_read",
        /// A document was taken away; in which format, the detail says.
        DocumentDownloaded = "document_downloaded",
        /// Words were searched for; which, is nowhere said.
        Search = "search",
        /// Somebody began to follow what happens to their documents.
        EventsFollowed = "events_followed",
        /// How far a task is was looked at.
        TaskRead = "task_read",
        /// Folders or tags were listed.
        LabelsRead = "labels_read",
        /// The trash was looked at.
        TrashRead = "trash_read",
        /// The receipts of shredded documents were looked at.
        ReceiptRead = "receipt_read",
        /// Who did what with a document was looked at.
        HistoryRead = "history_read",

        // Changes of documents.
        /// A document was uploaded.
        DocumentUploaded = "document_uploaded",
        /// A document got another name, folder or tag.
        DocumentChanged = "document_changed",
        /// Words of a page were corrected.
        PageCorrected = "page_corrected",
        /// It was chosen which reading of a page holds.
        ReadingChosen = "reading_chosen",
        /// Pages were read again.
        DocumentReread = "document_reread",
        /// A task was stopped.
        TaskCancelled = "task_cancelled",
        /// A document was put into the trash.
        DocumentTrashed = "document_trashed",
        /// A document was taken out of the trash.
        DocumentRestored = "document_restored",
        /// A document was shredded.
        DocumentDeleted = "document_deleted",
        /// All that was in the trash was shredded.
        TrashEmptied = "trash_emptied",
        /// A folder was made.
        FolderCreated = "folder_created",
        /// A folder got another name, place or rule.
        FolderChanged = "folder_changed",
        /// A folder was removed.
        FolderDeleted = "folder_deleted",
        /// A tag was made.
        TagCreated = "tag_created",
        /// A tag was changed.
        TagChanged = "tag_changed",
        /// A tag was removed.
        TagDeleted = "tag_deleted",
        /// Something is kept although a rule or its owner would let it go.
        LegalHoldSet = "legal_hold_set",
        /// That is over.
        LegalHoldLifted = "legal_hold_lifted",
        /// What is kept so was looked at.
        LegalHoldsListed = "legal_holds_listed",

        // Sharing.
        /// Something was shared.
        Shared = "shared",
        /// A share was changed.
        ShareChanged = "share_changed",
        /// A share was taken back.
        Unshared = "unshared",
        /// With whom something is shared was looked at.
        SharesListed = "shares_listed",
        /// A public link was made.
        LinkCreated = "link_created",
        /// A public link was changed.
        LinkChanged = "link_changed",
        /// A public link was taken back.
        LinkRevoked = "link_revoked",
        /// Somebody came by a public link.
        LinkOpened = "link_opened",
        /// A person's access to everything was taken away.
        RevokeUserAccess = "revoke_user_access",
        /// A person's access came back.
        RestoreUserAccess = "restore_user_access",
        /// Access to a document was taken away.
        RevokeFileAccess = "revoke_file_access",
        /// Access to a document came back.
        RestoreFileAccess = "restore_file_access",
        /// Somebody took access in an emergency.
        EmergencyAccessBegun = "emergency_access_begun",
        /// That is over.
        EmergencyAccessEnded = "emergency_access_ended",
        /// Who took access in an emergency was looked at.
        EmergencyAccessesListed = "emergency_accesses_listed",
        /// A team was made.
        TeamCreated = "team_created",
        /// A team, or who is in it, was looked at.
        TeamRead = "team_read",
        /// A team was changed.
        TeamChanged = "team_changed",
        /// A team was removed.
        TeamDeleted = "team_deleted",
        /// Somebody came into a team, or got another part in it.
        TeamMemberAdded = "team_member_added",
        /// Somebody left a team.
        TeamMemberRemoved = "team_member_removed",

        // Administration.
        /// People were listed.
        UsersListed = "users_listed",
        /// A person was removed.
        DeleteUser = "delete_user",
        /// A person got another role.
        ModifyUserRole = "modify_user_role",
        /// Limits of a person or a team were looked at.
        LimitsRead = "limits_read",
        /// They were changed.
        LimitsChanged = "limits_changed",
        /// The queue was looked at.
        QueueRead = "queue_read",
        /// A task of anybody was stopped.
        QueueTaskCancelled = "queue_task_cancelled",
        /// A task of anybody was done again.
        QueueTaskReplayed = "queue_task_replayed",
        /// The record was looked at.
        ViewAuditLog = "view_audit_log",
        /// The record was exported.
        AuditExported = "audit_exported",
        /// Lines of the record were removed because they are older than what is kept.
        AuditExpired = "audit_expired",

        // Keys.
        /// Keys were looked at.
        KeysRead = "keys_read",
        /// Owner keys were replaced.
        KeysRotated = "keys_rotated",
        /// The root key was replaced.
        RootKeyRotated = "root_key_rotated",
        /// Keys were wrapped anew.
        KeysRewrapped = "keys_rewrapped",
        /// Keys were moved to another service.
        KeysMigrated = "keys_migrated",
        /// Keys were destroyed.
        KeysDestroyed = "keys_destroyed",

        // What is done to the whole installation.
        /// A backup was written.
        BackupExported = "backup_exported",
        /// A backup was restored.
        BackupImported = "backup_imported",
        /// Receipts were taken out.
        ReceiptsExported = "receipts_exported",
        /// The database was brought to a newer version.
        DatabaseMigrated = "database_migrated",
    }
);

impl AuditAction {
    /// Gives what is written for that outcome: a login that was refused has a name of its own.
    #[must_use]
    pub const fn with(self, outcome: AuditOutcome) -> Self {
        match (self, outcome) {
            (Self::LoginSuccess, AuditOutcome::Refused | AuditOutcome::Failed) => Self::LoginFailure,
            (Self::LoginFailure, AuditOutcome::Ok) => Self::LoginSuccess,
            (Self::PasswordResetCompleted, AuditOutcome::Refused | AuditOutcome::Failed) => Self::PasswordResetFailed,
            (Self::PasswordResetFailed, AuditOutcome::Ok) => Self::PasswordResetCompleted,
            (action, _) => action,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_words_that_the_database_takes_and_each_is_there_once() {
        let mut seen = std::collections::HashSet::new();
        for action in AuditAction::ALL {
            let word = action.as_str();
            assert!(word.len() <= 48 && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_'), "{word}");
            assert!(seen.insert(word.to_ascii_lowercase()), "{word} is there twice");
            assert_eq!(word.parse(), Ok(*action));
        }
    }

    #[test]
    fn a_login_that_was_refused_has_a_name_of_its_own() {
        assert_eq!(AuditAction::LoginSuccess.with(AuditOutcome::Refused), AuditAction::LoginFailure);
        assert_eq!(AuditAction::LoginSuccess.with(AuditOutcome::Ok), AuditAction::LoginSuccess);
        assert_eq!(AuditAction::PageRead.with(AuditOutcome::Refused), AuditAction::PageRead);
        // A line begins as a failure, until it is known how it ends.
        for action in [AuditAction::LoginSuccess, AuditAction::PasswordResetCompleted] {
            assert_eq!(action.with(AuditOutcome::Failed).with(AuditOutcome::Ok), action);
        }
    }
}
