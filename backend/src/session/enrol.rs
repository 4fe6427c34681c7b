//! What somebody may do who has to set up a second factor first: that, and log out.

const OPEN: [&str; 3] = ["/api/v1/session", "/api/v1/account", "/api/v1/limits"];

/// Says whether a route is closed to whoever the rules of this server ask for a second factor, and who has none yet.
pub(crate) fn needs_enrolled(path: &str) -> bool {
    let is_under = |open: &str| path.strip_prefix(open).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !OPEN.into_iter().any(is_under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_leads_to_a_second_factor_and_out() {
        for open in ["/api/v1/session", "/api/v1/session/step-up", "/api/v1/account/second-factor", "/api/v1/limits"] {
            assert!(!needs_enrolled(open), "{open}");
        }
        for closed in ["/api/v1/sessions", "/api/v1/accounts", "/api/v1/documents", "/api/v1/tokens"] {
            assert!(needs_enrolled(closed), "{closed}");
        }
    }
}
