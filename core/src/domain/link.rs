use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{UnknownName, closed_list};

closed_list!(
    /// What a public link gives.
    LinkFormat {
        /// The scan with its text to select and search.
        Pdf = "pdf",
        /// What was read.
        Text = "text",
        /// The file as it was uploaded.
        Original = "original",
    }
);

closed_list!(
    /// How a public link stands.
    LinkState {
        /// It opens.
        Good = "good",
        /// Its time is over.
        Expired = "expired",
        /// It was opened as often as it may be.
        UsedUp = "used_up",
        /// Too many wrong passwords were tried.
        Locked = "locked",
        /// It was taken back, the document was in the trash, or its maker's account was disabled.
        Ended = "ended",
        /// Whoever made it may not manage the document any more.
        Void = "void",
    }
);
