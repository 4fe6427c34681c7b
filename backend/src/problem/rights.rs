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
            Self::TooManyLinks => {
                (409, "too_many_links", "it has too many public links", "end some of them: 100 are the limit")
            }
            Self::LinkNotFound => {
                (404, "link_not_found", "there is no such link", "reload the list of the document's links")
            }
            Self::PublicLinkNotGood => (
                404,
                "public_link_not_good",
                "the link does not open",
                "check the link and its password; it may have ended: ask whoever gave it to you for a new one",
            ),
            Self::LinksOff => {
                (409, "links_off", "this server makes no public links", "share it with a person or a team instead")
            }
            Self::InvalidLink => (
                422,
                "invalid_link",
                "this can't be a public link",
                "give at least one format, an end within the days that this server allows, a password of 8 characters \
                 or none, and 1 to 10,000 uses or none",
            ),
            Self::EmergencyOff => (
                409,
                "emergency_off",
                "this server gives no access in an emergency",
                "ask the owner to share it, or whoever runs this server to allow it",
            ),
            Self::EmergencyNotFound => (
                404,
                "emergency_not_found",
                "there is no such access in an emergency",
                "reload the list: it may be of somebody else, or over",
            ),
            Self::InvalidEmergency => (
                422,
                "invalid_emergency",
                "this can't be an access in an emergency",
                "name one document, user or team that is not your own, a reason of 10 to 500 characters, minutes within what \
                 this server allows, and a case number of 1 to 64 letters, digits, spaces and ._/- or none",
            ),
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
