//! Errors of files, folders and addresses as text for people.

use std::io::{self, ErrorKind};

/// Returns what is wrong and what to do, without the number of the system's error.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file or folder; check the path".into(),
        ErrorKind::PermissionDenied => "this user may not use it; check its permissions".into(),
        ErrorKind::IsADirectory => "it is a folder; name a file".into(),
        ErrorKind::NotADirectory => "a part of the path is a file; check the path".into(),
        ErrorKind::AlreadyExists => "it exists already; choose another name".into(),
        ErrorKind::InvalidData => "it is not text; name another file".into(),
        ErrorKind::StorageFull => "the disk is full; make room".into(),
        ErrorKind::ReadOnlyFilesystem => "the disk is read-only; choose another path".into(),
        _ => {
            let text = error.to_string();
            match text.split_once(" (os error") {
                Some((text, _)) => text.to_lowercase(),
                None => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_a_remedy_and_no_number() {
        let missing = reason(&std::fs::read("no/such/file").unwrap_err());
        assert_eq!(missing, "there is no such file or folder; check the path");
        // Broken pipe.
        let other = reason(&io::Error::from_raw_os_error(32));
        assert!(!other.contains("os error"), "{other}");
        assert_eq!(reason(&io::Error::other("Its own text")), "Its own text");
    }
}
