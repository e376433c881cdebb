//! Time of day, as the wire counts it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the seconds since 1970. A clock before 1970 counts as 1970.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
