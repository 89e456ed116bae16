//! Names that go into a URL, checked first.

use ml_intern_sdk::{ArgumentError, Failure};

/// An argument that cannot be taken.
pub(crate) fn wrong(pointer: &str, expected: &str) -> Failure {
    Failure::InvalidArguments(vec![ArgumentError {
        pointer: pointer.to_owned(),
        expected: expected.to_owned(),
    }])
}

/// A user, an organisation or a repository: 1 to 100 letters, digits, `-`, `_` and `.`.
pub(crate) fn name<'n>(pointer: &str, name: &'n str) -> Result<&'n str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=100).contains(&name.len()) && name.chars().all(plain) && !matches!(name, "." | "..") {
        return Ok(name);
    }
    Err(wrong(
        pointer,
        "a name: letters, digits, `-`, `_` and `.` alone",
    ))
}

/// `owner/repository`.
pub(crate) fn pair<'n>(pointer: &str, text: &'n str) -> Result<(&'n str, &'n str), Failure> {
    let expected = || wrong(pointer, "owner/repository, for example huggingface/trl");
    let (owner, repo) = text.split_once('/').ok_or_else(expected)?;
    match (name(pointer, owner), name(pointer, repo)) {
        (Ok(owner), Ok(repo)) => Ok((owner, repo)),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["trl", "a.b_c-1"] {
            assert_eq!(name("/repo", good), Ok(good));
        }
        for bad in ["", ".", "..", "a/b", "a b", "a?b", "é"] {
            assert!(name("/repo", bad).is_err(), "{bad}");
        }
        assert_eq!(pair("/repo", "a/b"), Ok(("a", "b")));
        for bad in ["a", "a/", "/b", "a/b/c", "a/.."] {
            assert!(pair("/repo", bad).is_err(), "{bad}");
        }
    }
}
