//! Every code that a client can meet, with its status.

/// Code and status.
pub(crate) const CODES: &[(&str, u16)] = &[
    ("address_too_long", 414),
    ("audit_unavailable", 503),
    ("bad_idempotency_key", 400),
    ("bad_request", 400),
    ("damaged", 500),
    ("document_not_found", 404),
    ("empty_file", 400),
    ("file_missing", 400),
    ("file_too_large", 413),
    ("folder_in_itself", 409),
    ("folder_not_found", 404),
    ("format_unknown", 404),
    ("idempotency_key_reused", 409),
    ("in_trash", 409),
    ("internal", 500),
    ("invalid_colour", 422),
    ("invalid_expiry", 422),
    ("invalid_login", 422),
    ("invalid_name", 422),
    ("invalid_retention", 422),
    ("invalid_scopes", 422),
    ("invitation_not_found", 404),
    ("key_service_denied", 503),
    ("key_service_unavailable", 503),
    ("language_missing", 422),
    ("link_not_good", 404),
    ("login_expired", 401),
    ("login_taken", 409),
    ("method_not_allowed", 405),
    ("name_taken", 409),
    ("no_frontend", 503),
    ("no_searchable_pdf", 404),
    ("no_second_factor", 404),
    ("not_allowed", 403),
    ("not_found", 404),
    ("not_in_trash", 409),
    ("not_logged_in", 401),
    ("not_ready", 409),
    ("not_yourself", 409),
    ("nothing_unread", 409),
    ("page_cancelled", 409),
    ("page_failed", 422),
    ("page_not_found", 404),
    ("page_not_ready", 409),
    ("quarantined", 403),
    ("range_not_there", 416),
    ("receipt_not_found", 404),
    ("result_not_found", 404),
    ("retained", 409),
    ("scope_missing", 403),
    ("second_factor_needed", 403),
    ("second_factor_there", 409),
    ("session_not_found", 404),
    ("step_up_required", 403),
    ("still_reading", 409),
    ("storage_unavailable", 503),
    ("tag_not_found", 404),
    ("task_not_found", 404),
    ("timeout", 408),
    ("token_not_found", 404),
    ("too_deep", 422),
    ("too_large", 413),
    ("too_many_attempts", 429),
    ("too_many_changes", 429),
    ("too_many_folders", 409),
    ("too_many_readings", 409),
    ("too_many_requests", 429),
    ("too_many_searches", 429),
    ("too_many_sockets", 429),
    ("too_many_tags", 409),
    ("too_many_tokens", 409),
    ("too_many_uploads", 429),
    ("unavailable", 503),
    ("unsearchable", 422),
    ("unsupported_media_type", 415),
    ("unsupported_type", 415),
    ("upgrade_required", 426),
    ("upload_broken", 400),
    ("upload_stalled", 408),
    ("user_not_found", 404),
    ("weak_password", 422),
    ("wrong_code", 403),
    ("wrong_credentials", 401),
    ("wrong_origin", 403),
    ("wrong_password", 403),
];

/// Gives the status of a code.
pub(crate) fn status_of(code: &str) -> Option<u16> {
    CODES.binary_search_by_key(&code, |(known, _)| known).ok().map(|place| CODES[place].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found() {
        assert!(CODES.is_sorted_by_key(|(code, _)| code));
        assert_eq!((status_of("in_trash"), status_of("nothing")), (Some(409), None));
    }
}
