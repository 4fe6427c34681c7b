//! Turns columns into domain values; a bad one names its table, column and row.
