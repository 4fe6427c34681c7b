//! The table of operations: who may do what, what a token needs for it, what the record says, what it costs.
//!
//! A route that has no row here keeps the server from starting, and so does a row without a route.

use http::Method;
use untxt_core::{
    audit::AuditAction as Did,
    domain::{
        Role,
        Scope::{self, AuditRead, DocumentsDelete, DocumentsRead, DocumentsWrite, Search, TasksRead, TasksWrite},
    },
};

use super::{
    Operation,
    Recorded::{self, As, Not, With},
    Who::{self, Anybody, Roles, Visitors},
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// Everybody who can log in.
const PEOPLE: &[Role] = Role::ALL;
/// Those who have documents. Auditors have none, so that nobody who watches is watched by themselves.
const OWNERS: &[Role] = &[Role::User, Role::Reviewer, Role::Admin];
const ADMINS: &[Role] = &[Role::Admin];
/// Those who read the record.
const WATCHERS: &[Role] = &[Role::Auditor, Role::Admin];

/// With a login alone: what is about accounts is nothing for programs.
const PERSON: Who = Roles(PEOPLE, None);
/// Whoever has documents, by a login only.
const MEMBER: Who = Roles(OWNERS, None);
const ADMIN: Who = Roles(ADMINS, None);
/// Those who may take access in an emergency, where the settings let them; by a login only.
const RESCUER: Who = Roles(&[Role::Reviewer, Role::Admin], None);
const QUEUE: Who = Roles(ADMINS, Some(Scope::Queue));
const RECORD: Who = Roles(WATCHERS, Some(AuditRead));

/// Costs, in the units of the quota: a row or a few, a file or a page, what keeps a processor busy.
const LIGHT: u32 = 1;
const FILE: u32 = 4;
const HEAVY: u32 = 20;

/// What may go wrong with everything sealed.
const KEYS: &[&str] = &["key_service_unavailable", "key_service_denied", "damaged"];
/// With everything in the store.
const STORE: &[&str] = &["storage_unavailable"];
/// With a document that is asked for, and with what is in it.
const DOCUMENT: &[&str] = &["document_not_found"];
const CONTENT: &[&str] = &["document_not_found", "in_trash", "quarantined"];
const PAGE: &[&str] = &["page_not_found", "page_not_ready", "page_cancelled", "page_failed", "result_not_found"];
const PART: &[&str] = &["range_not_there"];
/// With what is shared: one sees it, and may not do that.
const RIGHT: &[&str] = &["right_missing"];
const SHARE: &[&str] = &["person_not_found", "team_not_found", "too_many_shares", "invalid_time"];
/// With a body, and with a query.
const BODY: &[&str] = &["bad_request", "too_large", "unsupported_media_type"];
const QUERY: &[&str] = &["bad_request"];
const FILED: &[&str] = &["folder_not_found", "tag_not_found"];
const LABEL: &[&str] = &["name_taken", "invalid_name", "invalid_colour"];
const FOLDER: &[&str] = &["folder_not_found", "folder_in_itself", "too_deep", "invalid_retention"];
const READING: &[&str] =
    &["still_reading", "nothing_unread", "page_not_found", "result_not_found", "too_many_readings", "language_missing"];
/// With what waits for a lock of its owner.
const CHANGE: &[&str] = &["too_many_changes"];
/// With a proof of who somebody is.
const PROOF: &[&str] = &["too_many_attempts", "wrong_code", "wrong_password"];
const PASSKEY: &[&str] = &["passkeys_off", "passkey_refused", "login_expired"];
const FRESH: &[&str] = &["step_up_required"];
/// With a provider of logins, and with what comes back from one.
const PROVIDER: &[&str] = &["provider_not_found", "sso_unavailable"];
const RETURN: &[&str] = &["sso_refused", "sso_expired"];
const KEYED: &[&str] = &["bad_idempotency_key", "idempotency_key_reused"];

const fn row(
    method: Method,
    path: &'static str,
    who: Who,
    record: Recorded,
    cost: u32,
    problems: &'static [&'static [&'static str]],
) -> Operation {
    Operation { method, path, who, record, cost, problems }
}

const fn owners(scope: Scope) -> Who {
    Roles(OWNERS, Some(scope))
}

/// Every operation of the API.
#[rustfmt::skip]
pub(crate) const OPERATIONS: &[Operation] = &[
    row(GET, "/health", Anybody, Not("it says whether this process serves"), LIGHT, &[]),
    row(GET, "/api/v1/limits", Anybody, Not("it is the same for everybody"), LIGHT, &[]),

    row(POST, "/api/v1/session", Anybody, As(Did::LoginSuccess), FILE,
        &[BODY, &["wrong_credentials", "too_many_attempts", "sso_only"]]),
    row(POST, "/api/v1/session/second-factor", Anybody, With(Did::LoginSuccess, "second_factor"), FILE,
        &[KEYS, BODY, &["wrong_code", "wrong_credentials", "login_expired", "too_many_attempts"]]),
    row(POST, "/api/v1/session/passkey/begin", Anybody, Not("it is a random number"), FILE, &[&["passkeys_off"]]),
    row(POST, "/api/v1/session/passkey", Anybody, With(Did::LoginSuccess, "passkey"), FILE,
        &[BODY, PASSKEY, &["too_many_attempts", "sso_only"]]),
    row(POST, "/api/v1/session/step-up", PERSON, As(Did::StepUp), FILE, &[KEYS, BODY, PROOF, PASSKEY]),
    row(GET, "/api/v1/session", PERSON, As(Did::SessionRead), LIGHT, &[]),
    row(DELETE, "/api/v1/session", Anybody, As(Did::Logout), LIGHT, &[]),
    row(POST, "/api/v1/session/refresh", Anybody, As(Did::SessionRefreshed), LIGHT, &[&["not_logged_in"]]),
    row(GET, "/api/v1/sessions", PERSON, As(Did::SessionsListed), LIGHT, &[]),
    row(DELETE, "/api/v1/sessions", PERSON, As(Did::SessionDestroyed), LIGHT, &[]),
    row(DELETE, "/api/v1/sessions/{session}", PERSON, As(Did::SessionDestroyed), LIGHT, &[&["session_not_found"]]),
    row(POST, "/api/v1/sessions/end-others", PERSON, With(Did::SessionDestroyed, "others"), LIGHT, &[]),

    row(GET, "/api/v1/account", PERSON, As(Did::AccountRead), LIGHT, &[]),
    row(GET, "/api/v1/account/usage", PERSON, As(Did::LimitsRead), LIGHT, &[]),
    row(POST, "/api/v1/account/password", PERSON, As(Did::PasswordChanged), FILE, &[BODY, PROOF, &["weak_password"]]),
    row(PUT, "/api/v1/account/mail", PERSON, With(Did::AccountChanged, "mail"), LIGHT, &[BODY, FRESH, &["invalid_mail"]]),
    row(GET, "/api/v1/account/export", MEMBER, As(Did::AccountExported), HEAVY,
        &[FRESH, &["too_many_exports"]]),
    row(POST, "/api/v1/account/second-factor", PERSON, With(Did::SecondFactorAdded, "begun"), LIGHT,
        &[KEYS, FRESH, &["second_factor_there"]]),
    row(DELETE, "/api/v1/account/second-factor", PERSON, As(Did::SecondFactorRemoved), LIGHT,
        &[KEYS, BODY, FRESH, PROOF, &["no_second_factor", "second_factor_needed"]]),
    row(POST, "/api/v1/account/second-factor/confirm", PERSON, As(Did::SecondFactorAdded), LIGHT,
        &[KEYS, BODY, FRESH, PROOF, &["no_second_factor", "second_factor_there"]]),
    row(POST, "/api/v1/account/recovery-codes", PERSON, As(Did::RecoveryCodesCreated), LIGHT,
        &[FRESH, &["no_second_factor"]]),
    row(GET, "/api/v1/account/passkeys", PERSON, With(Did::AccountRead, "passkeys"), LIGHT, &[]),
    row(POST, "/api/v1/account/passkeys", PERSON, As(Did::PasskeyAdded), LIGHT,
        &[BODY, FRESH, PASSKEY, &["invalid_name", "passkey_taken", "too_many_passkeys"]]),
    row(POST, "/api/v1/account/passkeys/begin", PERSON, With(Did::PasskeyAdded, "begun"), LIGHT,
        &[FRESH, &["passkeys_off"]]),
    row(DELETE, "/api/v1/account/passkeys/{passkey}", PERSON, As(Did::PasskeyRemoved), LIGHT,
        &[FRESH, &["passkey_not_found", "last_way_in"]]),
    row(GET, "/api/v1/tokens", PERSON, As(Did::TokensListed), LIGHT, &[]),
    row(POST, "/api/v1/tokens", PERSON, As(Did::TokenCreated), LIGHT,
        &[BODY, FRESH, &["invalid_name", "invalid_scopes", "invalid_expiry", "too_many_tokens"]]),
    row(DELETE, "/api/v1/tokens/{token}", PERSON, As(Did::TokenRevoked), LIGHT, &[&["token_not_found"]]),

    row(GET, "/api/v1/users", ADMIN, As(Did::UsersListed), LIGHT, &[]),
    row(PATCH, "/api/v1/users/{user}", ADMIN, As(Did::AccountChanged), LIGHT,
        &[BODY, FRESH, &["user_not_found", "not_yourself"]]),
    row(GET, "/api/v1/users/{user}/limits", ADMIN, As(Did::LimitsRead), LIGHT, &[&["user_not_found"]]),
    row(PUT, "/api/v1/users/{user}/limits", ADMIN, As(Did::LimitsChanged), LIGHT,
        &[BODY, FRESH, &["user_not_found"]]),
    row(DELETE, "/api/v1/users/{user}/second-factor", ADMIN, As(Did::SecondFactorRemoved), LIGHT,
        &[FRESH, &["no_second_factor", "not_yourself"]]),
    row(GET, "/api/v1/invitations", ADMIN, As(Did::InvitationRead), LIGHT, &[]),
    row(POST, "/api/v1/invitations", ADMIN, As(Did::InvitationCreated), LIGHT,
        &[BODY, FRESH, &["invalid_login", "invalid_mail", "login_taken"]]),
    row(DELETE, "/api/v1/invitations/{invitation}", ADMIN, As(Did::InvitationRevoked), LIGHT,
        &[&["invitation_not_found"]]),
    row(POST, "/api/v1/invitations/accept", Anybody, As(Did::InvitationAccepted), FILE,
        &[BODY, &["link_not_good", "login_taken", "weak_password", "too_many_attempts", "wrong_credentials"]]),

    row(POST, "/api/v1/password-resets", Anybody, As(Did::PasswordResetRequested), FILE,
        &[BODY, &["no_mail", "too_many_attempts"]]),
    row(POST, "/api/v1/password-resets/confirm", Anybody, As(Did::PasswordResetCompleted), FILE,
        &[BODY, &["link_not_good", "weak_password", "too_many_attempts"]]),

    row(POST, "/api/v1/oidc/{provider}", Anybody, As(Did::SsoBegun), FILE, &[PROVIDER]),
    row(POST, "/api/v1/oidc/{provider}/finish", Anybody, With(Did::LoginSuccess, "sso"), FILE, &[BODY, PROVIDER, RETURN]),
    row(POST, "/api/v1/account/oidc/{provider}", PERSON, With(Did::SsoBegun, "link"), FILE, &[FRESH, PROVIDER]),
    row(POST, "/api/v1/account/oidc/{provider}/finish", PERSON, As(Did::SsoLinked), FILE,
        &[BODY, PROVIDER, RETURN, &["identity_taken"]]),
    row(GET, "/api/v1/account/identities", PERSON, With(Did::AccountRead, "identities"), LIGHT, &[]),
    row(DELETE, "/api/v1/account/identities/{identity}", PERSON, As(Did::SsoUnlinked), LIGHT,
        &[FRESH, &["identity_not_found", "last_way_in"]]),

    row(GET, "/api/v1/documents", owners(DocumentsRead), As(Did::DocumentsListed), FILE,
        &[KEYS, QUERY, FILED, &["emergency_not_found"]]),
    row(POST, "/api/v1/documents", owners(DocumentsWrite), As(Did::DocumentUploaded), HEAVY, &[
        KEYS, STORE, QUERY, KEYED, FILED,
        &["empty_file", "file_missing", "upload_broken", "upload_stalled", "file_too_large", "unsupported_type",
          "language_missing", "too_many_uploads", "page_quota_used", "storage_quota_used"],
    ]),
    row(GET, "/api/v1/documents/{document}", owners(DocumentsRead), As(Did::FileAccess), LIGHT, &[KEYS, DOCUMENT]),
    row(PATCH, "/api/v1/documents/{document}", owners(DocumentsWrite), As(Did::DocumentChanged), LIGHT,
        &[KEYS, BODY, CHANGE, DOCUMENT, RIGHT, FILED, &["in_trash", "retained"]]),
    row(DELETE, "/api/v1/documents/{document}", owners(DocumentsDelete), As(Did::DocumentTrashed), LIGHT,
        &[QUERY, CHANGE, DOCUMENT, RIGHT, &["retained", "held"]]),
    row(POST, "/api/v1/documents/{document}/restore", owners(DocumentsDelete), As(Did::DocumentRestored), LIGHT,
        &[KEYS, CHANGE, DOCUMENT, RIGHT, &["not_in_trash"]]),
    row(DELETE, "/api/v1/trash", owners(DocumentsDelete), As(Did::TrashEmptied), HEAVY, &[CHANGE]),

    row(GET, "/api/v1/documents/{document}/pages", owners(DocumentsRead), With(Did::FileAccess, "pages"), LIGHT,
        &[CONTENT]),
    row(GET, "/api/v1/documents/{document}/pages/{page}", owners(DocumentsRead), As(Did::PageRead), FILE,
        &[KEYS, QUERY, CONTENT, PAGE]),
    row(GET, "/api/v1/documents/{document}/pages/{page}/image", owners(DocumentsRead), As(Did::PageImageRead), FILE,
        &[KEYS, STORE, QUERY, CONTENT, PAGE, PART]),
    row(GET, "/api/v1/documents/{document}/pages/{page}/formats/{format}", owners(DocumentsRead),
        As(Did::DocumentDownloaded), FILE, &[KEYS, CONTENT, PAGE, &["format_unknown"]]),
    row(GET, "/api/v1/documents/{document}/formats/{format}", owners(DocumentsRead), As(Did::DocumentDownloaded),
        HEAVY, &[KEYS, CONTENT, &["format_unknown", "not_ready"]]),
    row(GET, "/api/v1/documents/{document}/original", owners(DocumentsRead),
        With(Did::DocumentDownloaded, "original"), FILE, &[KEYS, STORE, CONTENT, PART]),
    row(GET, "/api/v1/documents/{document}/searchable.pdf", owners(DocumentsRead),
        With(Did::DocumentDownloaded, "searchable.pdf"), FILE,
        &[KEYS, STORE, CONTENT, PART, &["not_ready", "no_searchable_pdf"]]),
    row(POST, "/api/v1/documents/{document}/tasks", owners(TasksWrite), As(Did::DocumentReread), HEAVY,
        &[KEYS, BODY, CHANGE, KEYED, CONTENT, RIGHT, READING, &["page_quota_used"]]),
    row(POST, "/api/v1/documents/{document}/choices", owners(DocumentsWrite), As(Did::ReadingChosen), FILE,
        &[BODY, CHANGE, CONTENT, RIGHT, READING]),

    row(GET, "/api/v1/folders", owners(DocumentsRead), With(Did::LabelsRead, "folders"), LIGHT,
        &[KEYS, QUERY]),
    row(POST, "/api/v1/folders", owners(DocumentsWrite), As(Did::FolderCreated), LIGHT,
        &[KEYS, BODY, CHANGE, LABEL, FOLDER, &["too_many_folders"]]),
    row(PATCH, "/api/v1/folders/{folder}", owners(DocumentsWrite), As(Did::FolderChanged), LIGHT,
        &[KEYS, BODY, CHANGE, LABEL, FOLDER, &["retained"]]),
    row(DELETE, "/api/v1/folders/{folder}", owners(DocumentsWrite), As(Did::FolderDeleted), LIGHT,
        &[KEYS, CHANGE, &["folder_not_found", "name_taken", "retained"]]),
    row(GET, "/api/v1/documents/{document}/shares", owners(DocumentsRead), As(Did::SharesListed), LIGHT,
        &[DOCUMENT, RIGHT]),
    row(POST, "/api/v1/documents/{document}/shares", owners(DocumentsWrite), As(Did::Shared), LIGHT,
        &[BODY, DOCUMENT, RIGHT, SHARE]),
    row(DELETE, "/api/v1/documents/{document}/shares/{share}", owners(DocumentsWrite), As(Did::Unshared), LIGHT,
        &[DOCUMENT, RIGHT, &["share_not_found"]]),
    row(GET, "/api/v1/documents/{document}/links", owners(DocumentsRead), With(Did::SharesListed, "links"), LIGHT,
        &[DOCUMENT, RIGHT]),
    row(POST, "/api/v1/documents/{document}/links", owners(DocumentsWrite), As(Did::LinkCreated), FILE,
        &[BODY, DOCUMENT, RIGHT, &["in_trash", "links_off", "invalid_link", "too_many_links"]]),
    row(DELETE, "/api/v1/documents/{document}/links/{link}", owners(DocumentsWrite), As(Did::LinkRevoked), LIGHT,
        &[DOCUMENT, RIGHT, &["link_not_found"]]),
    row(POST, "/api/v1/links/open", Anybody, As(Did::LinkOpened), FILE,
        &[BODY, &["public_link_not_good", "too_many_attempts"]]),
    row(GET, "/api/v1/links/document", Visitors, With(Did::FileAccess, "link"), LIGHT, &[KEYS, &["quarantined"]]),
    row(GET, "/api/v1/links/document/{what}", Visitors, As(Did::DocumentDownloaded), HEAVY,
        &[KEYS, STORE, PART, &["quarantined", "not_ready", "no_searchable_pdf"]]),
    row(GET, "/api/v1/folders/{folder}/shares", owners(DocumentsRead), As(Did::SharesListed), LIGHT,
        &[&["folder_not_found"], RIGHT]),
    row(POST, "/api/v1/folders/{folder}/shares", owners(DocumentsWrite), As(Did::Shared), LIGHT,
        &[BODY, &["folder_not_found"], RIGHT, SHARE]),
    row(DELETE, "/api/v1/folders/{folder}/shares/{share}", owners(DocumentsWrite), As(Did::Unshared), LIGHT,
        &[&["folder_not_found"], RIGHT, &["share_not_found"]]),
    row(GET, "/api/v1/teams", owners(DocumentsRead), As(Did::TeamRead), LIGHT, &[]),
    row(POST, "/api/v1/teams", MEMBER, As(Did::TeamCreated), LIGHT,
        &[BODY, &["name_taken", "invalid_name", "too_many_teams"]]),
    row(GET, "/api/v1/teams/{team}", owners(DocumentsRead), As(Did::TeamRead), LIGHT, &[&["team_not_found"]]),
    row(POST, "/api/v1/teams/{team}/members", MEMBER, As(Did::TeamMemberAdded), LIGHT,
        &[BODY, &["team_not_found", "not_manager", "person_not_found", "too_many_members", "last_manager"]]),
    row(PUT, "/api/v1/teams/{team}/members/{user}", MEMBER, As(Did::TeamChanged), LIGHT,
        &[BODY, &["team_not_found", "not_manager", "member_not_found", "last_manager"]]),
    row(DELETE, "/api/v1/teams/{team}/members/{user}", MEMBER, As(Did::TeamMemberRemoved), LIGHT,
        &[&["team_not_found", "not_manager", "member_not_found", "last_manager"]]),
    row(GET, "/api/v1/tags", owners(DocumentsRead), With(Did::LabelsRead, "tags"), LIGHT, &[KEYS]),
    row(POST, "/api/v1/tags", owners(DocumentsWrite), As(Did::TagCreated), LIGHT,
        &[KEYS, BODY, CHANGE, LABEL, &["too_many_tags"]]),
    row(PATCH, "/api/v1/tags/{tag}", owners(DocumentsWrite), As(Did::TagChanged), LIGHT,
        &[KEYS, BODY, CHANGE, LABEL, &["tag_not_found"]]),
    row(DELETE, "/api/v1/tags/{tag}", owners(DocumentsWrite), As(Did::TagDeleted), LIGHT, &[CHANGE, &["tag_not_found"]]),

    row(GET, "/api/v1/tasks/{task}/events", owners(TasksRead), As(Did::TaskRead), LIGHT,
        &[QUERY, &["task_not_found"]]),
    row(POST, "/api/v1/tasks/{task}/cancel", owners(TasksWrite), As(Did::TaskCancelled), LIGHT,
        &[CHANGE, RIGHT, &["task_not_found"]]),
    row(GET, "/api/v1/live", Roles(PEOPLE, Some(TasksRead)), As(Did::EventsFollowed), LIGHT,
        &[&["upgrade_required", "too_many_sockets"]]),
    row(POST, "/api/v1/search", owners(Search), As(Did::Search), HEAVY,
        &[KEYS, BODY, FILED, &["unsearchable", "too_many_searches"]]),

    row(GET, "/api/v1/receipts", owners(DocumentsRead), As(Did::ReceiptRead), LIGHT, &[QUERY]),
    row(GET, "/api/v1/receipts/key", Roles(PEOPLE, Some(DocumentsRead)), With(Did::ReceiptRead, "key"), LIGHT, &[]),
    row(GET, "/api/v1/receipts/{document}", owners(DocumentsRead), As(Did::ReceiptRead), LIGHT,
        &[&["receipt_not_found"]]),

    row(GET, "/api/v1/legal-holds", ADMIN, As(Did::LegalHoldsListed), LIGHT, &[QUERY]),
    row(POST, "/api/v1/legal-holds", ADMIN, As(Did::LegalHoldSet), LIGHT,
        &[BODY, FRESH, &["invalid_hold", "document_not_found", "user_not_found", "team_not_found"]]),
    row(DELETE, "/api/v1/legal-holds/{hold}", ADMIN, As(Did::LegalHoldLifted), LIGHT, &[FRESH, &["hold_not_found"]]),

    row(GET, "/api/v1/emergency-access", PERSON, As(Did::EmergencyAccessesListed), FILE, &[KEYS, QUERY]),
    row(POST, "/api/v1/emergency-access", RESCUER, As(Did::EmergencyAccessBegun), FILE,
        &[KEYS, BODY, FRESH, DOCUMENT, &["emergency_off", "invalid_emergency", "user_not_found", "team_not_found"]]),
    row(DELETE, "/api/v1/emergency-access/{emergency}", RESCUER, As(Did::EmergencyAccessEnded), LIGHT,
        &[&["emergency_not_found"]]),

    row(GET, "/api/v1/audit", RECORD, As(Did::ViewAuditLog), FILE, &[QUERY]),
    row(GET, "/api/v1/audit/export", RECORD, As(Did::AuditExported), HEAVY, &[QUERY]),

    row(GET, "/api/v1/admin/queue", QUEUE, As(Did::QueueRead), LIGHT, &[]),
    row(POST, "/api/v1/admin/tasks/{task}/cancel", QUEUE, As(Did::QueueTaskCancelled),
        LIGHT, &[CHANGE, &["task_not_found"]]),
    row(POST, "/api/v1/admin/tasks/{task}/replay", QUEUE, As(Did::QueueTaskReplayed),
        HEAVY, &[READING, &["task_not_found", "idempotency_key_reused", "quarantined", "in_trash"]]),
];
