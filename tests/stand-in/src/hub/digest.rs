//! How git and its large-file storage name content.

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of a large file.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Of an object of git.
pub(crate) fn git(kind: &str, bytes: &[u8]) -> String {
    let mut digest = Sha1::new();
    digest.update(format!("{kind} {}\0", bytes.len()));
    digest.update(bytes);
    hex(&digest.finalize())
}

/// An id as the Hub's database makes them: 24 hexadecimal digits, here from a number.
pub(crate) fn object_id(kind: &str, number: usize) -> String {
    git(kind, number.to_string().as_bytes())[..24].to_owned()
}

#[cfg(test)]
mod tests {
    use super::git;

    #[test]
    fn a_blob_has_the_name_that_git_gives_it() {
        assert_eq!(
            git("blob", b"hello\n"),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
    }
}
