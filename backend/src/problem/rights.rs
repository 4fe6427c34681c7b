use super::{ApiError, face::Row};

impl ApiError {
    /// Errors of rights, shares and teams.
    pub(super) const fn of_rights(&self) -> Option<Row> {
        Some(match self {
            Self::RightMissing => (
                403,
                "right_missing",
                "you may not do this with it",
                "ask its owner to give you the right, or somebody who manages it",
            ),
            Self::ShareNotFound => {
                (404, "share_not_found", "there is no such share", "reload the list: it may have been taken back")
            }
            Self::PersonNotFound => (
                404,
                "person_not_found",
                "nobody has this login",
                "check how it is written: it must be the whole login",
            ),
            Self::TeamNotFound => {
                (404, "team_not_found", "there is no such team", "check its name, and whether you still belong to it")
            }
            Self::MemberNotFound => {
                (404, "member_not_found", "this person is not in the team", "reload the list of its members")
            }
            Self::NotManager => {
                (403, "not_manager", "this is for managers of the team", "ask a manager of the team to do it")
            }
            Self::LastManager => (409, "last_manager", "a team needs a manager", "make somebody else a manager first"),
            Self::TooManyShares => {
                (409, "too_many_shares", "it is shared too often", "share it with a team: 500 shares are the limit")
            }
            Self::TooManyTeams => {
                (409, "too_many_teams", "you are in too many teams", "leave one of them: 50 are the limit")
            }
            Self::TooManyMembers => {
                (409, "too_many_members", "the team is full", "take somebody out of it: 1,000 are the limit")
            }
            Self::InvalidTime => {
                (422, "invalid_time", "this can't be the time", "ends_at and paused_until must be in the future")
            }
            _ => return None,
        })
    }
}
