//! How a message to a web service is signed.
//!
//! The header `x-ml-intern-signature` is `t=<time>,v1=<signature>`: the time of sending in seconds since 1970, and, in
//! lower-case hexadecimal, the HMAC-SHA256 (RFC 2104) under the shared secret of
//!
//! ```text
//! <time as written in the header>.<the body, byte for byte>
//! ```
//!
//! A receiver computes the same, compares in constant time, and refuses a time that is more than five minutes away from
//! its own, so that what was overheard cannot be sent again later.

use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of a signing secret at least.
pub const SECRET_MIN: usize = 16;

/// The value of `x-ml-intern-signature` for a body that is sent at this second since 1970.
#[must_use]
pub fn sign(secret: &str, seconds: u64, body: &[u8]) -> String {
    let mut signature = format!("t={seconds},v1=");
    // An HMAC takes keys of every length, so there always is one.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            // Writing to a String cannot fail.
            let _ = write!(signature, "{byte:02x}");
        }
    }
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac.new(secret, b"<seconds>." + body, "sha256").hexdigest()`.
    #[test]
    fn signatures_that_another_implementation_makes_too() {
        let table = [
            (
                "0123456789abcdef",
                0,
                "",
                "9b9567f7a6e6e3243d8c5c66dde94f7df77b79d6edb3dee210c5778814cfaca0",
            ),
            (
                "0123456789abcdef",
                1_769_860_800,
                r#"{"id":"1"}"#,
                "a22252f49884ac437d2a6b1f59a30d6def439de5eb415a71040c75f2764dcf54",
            ),
            (
                "schlüssel-mit-umlaut",
                1_769_860_800,
                "é",
                "12f7cc9485cd3c0d3ae8bfae05ea516723872cca7ff2ad82d7337f06b3828453",
            ),
        ];
        for (secret, seconds, body, hex) in table {
            let expected = format!("t={seconds},v1={hex}");
            assert_eq!(sign(secret, seconds, body.as_bytes()), expected);
        }
        let long = "k".repeat(100);
        assert_eq!(
            sign(&long, 7, b"x"),
            "t=7,v1=054b5f7a526e13d6652f3054d663c882526ce325f99d7b7c4ce59be4b894478d"
        );
    }
}
