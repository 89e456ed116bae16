//! Which method a redirect is followed with (RFC 9110 §15.4), as curl does it:
//!
//! | status | GET, HEAD, OPTIONS | POST | PUT, PATCH, DELETE |
//! | --- | --- | --- | --- |
//! | 301, 302 | kept | GET, without the body | kept |
//! | 303 | kept (OPTIONS: GET) | GET, without the body | GET, without the body |
//! | 307, 308 | kept | kept | kept |
//!
//! A method that `-X` names is kept in any case; the body goes all the same.

use ml_intern_sdk::HttpMethod;

/// Whether an answer with this status says where else to go.
pub(super) fn is_one(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The method of the next request, and whether its body is sent again.
pub(super) fn next(status: u16, method: HttpMethod, named: bool) -> (HttpMethod, bool) {
    let changes = match status {
        301 | 302 => method == HttpMethod::Post,
        303 => !matches!(method, HttpMethod::Get | HttpMethod::Head),
        _ => false,
    };
    match (changes, named) {
        (false, _) => (method, true),
        (true, true) => (method, false),
        (true, false) => (HttpMethod::Get, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use HttpMethod::{Delete, Get, Head, Options, Patch, Post, Put};

    #[test]
    fn methods_are_kept_or_become_get() {
        for (status, method, named, expected) in [
            (301, Get, false, (Get, true)),
            (301, Head, false, (Head, true)),
            (301, Post, false, (Get, false)),
            (301, Put, false, (Put, true)),
            (302, Post, false, (Get, false)),
            (302, Delete, false, (Delete, true)),
            (302, Post, true, (Post, false)),
            (303, Get, false, (Get, true)),
            (303, Head, false, (Head, true)),
            (303, Options, false, (Get, false)),
            (303, Post, false, (Get, false)),
            (303, Put, false, (Get, false)),
            (303, Patch, true, (Patch, false)),
            (307, Post, false, (Post, true)),
            (308, Put, false, (Put, true)),
            (308, Post, true, (Post, true)),
        ] {
            assert_eq!(next(status, method, named), expected, "{status} {method:?}");
        }
    }

    #[test]
    fn not_every_3xx_leads_elsewhere() {
        let found: Vec<u16> = (300..400).filter(|status| is_one(*status)).collect();
        assert_eq!(found, [301, 302, 303, 307, 308]);
    }
}
