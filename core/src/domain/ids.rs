use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new, time-ordered id (UUID version 7, RFC 9562 §5.7).
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Gives the bare UUID, for the database and the wire.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// Whose a document is: a person or a team. Keys, quotas and row-level security hang on it.
    OwnerId
);
uuid_id!(
    /// A person who can log in. A person's own [`OwnerId`] has the same UUID.
    UserId
);
uuid_id!(
    /// Persons who own documents together, and with whom others share. A team's own [`OwnerId`] has the same UUID.
    TeamId
);
uuid_id!(
    /// What somebody may do with a document or folder of another.
    ShareId
);
uuid_id!(
    /// What opens a document for whoever has it, without an account.
    LinkId
);
uuid_id!(
    /// What somebody took in an emergency: to read what nobody shared with them, for some minutes.
    EmergencyId
);
uuid_id!(
    /// Somebody who came by a link, for some minutes.
    LinkSessionId
);
uuid_id!(
    /// What was uploaded.
    DocumentId
);
uuid_id!(
    /// One OCR run over a document.
    TaskId
);
uuid_id!(
    /// Where a person files documents; folders are in folders.
    FolderId
);
uuid_id!(
    /// What a person marks documents with.
    TagId
);
uuid_id!(
    /// One login, from its first access token to its logout.
    SessionId
);
uuid_id!(
    /// What a program logs in with instead of a person.
    TokenId
);

impl UserId {
    /// Gives the owner that stands for this person.
    #[must_use]
    pub const fn as_owner(self) -> OwnerId {
        OwnerId(self.0)
    }
}

impl TeamId {
    /// Gives the owner that stands for this team.
    #[must_use]
    pub const fn as_owner(self) -> OwnerId {
        OwnerId(self.0)
    }
}

/// A page of a document, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u32, minimum = 1))]
#[serde(transparent)]
pub struct PageNumber(NonZeroU32);

impl PageNumber {
    /// Makes a page number, `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Gives the number, at least 1.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Makes the page number of a position counted from 0.
    #[must_use]
    pub const fn from_index(index: u32) -> Self {
        match NonZeroU32::new(index.saturating_add(1)) {
            Some(number) => Self(number),
            None => Self(NonZeroU32::MIN),
        }
    }

    /// Gives the position counted from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0.get() - 1
    }
}

impl fmt::Display for PageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Position of an event within its task: 1, 2, 3, … without gaps; 0 stands for "before the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct EventSeq(pub i64);

#[cfg(test)]
mod tests {
    use super::PageNumber;

    #[test]
    fn page_numbers_start_at_one() {
        assert_eq!(PageNumber::new(0), None);
        assert_eq!(PageNumber::from_index(0).get(), 1);
        assert_eq!(PageNumber::from_index(6).index(), 6);
    }
}
