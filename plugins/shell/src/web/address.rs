//! URLs as they are typed, and where a redirect leads.
//!
//! | typed | sent to |
//! | --- | --- |
//! | `example.com/x` | `http://example.com/x` |
//! | `HTTPS://Example.com` | `https://example.com/` |
//! | `ftp://…` | refused: 1, as by curl |
//! | `http://user@…` | refused: 2 |
//! | white space in it, no host | refused: 3, as by curl |

use url::{ParseError, Url};

use super::{Stop, refused};

/// The URL that was typed.
///
/// # Errors
/// Where there is nothing that it could be sent to.
pub(super) fn parse(typed: &str) -> Result<Url, Stop> {
    let malformed = |problem: &dyn std::fmt::Display| {
        Stop::new(3, format!("URL rejected: {typed:?}: {problem}"))
    };
    if typed.contains(|character: char| character.is_whitespace() || character.is_control()) {
        return Err(malformed(&"white space has to be percent-encoded in a URL"));
    }
    let url = match typed.contains("://") {
        true => Url::parse(typed),
        false => Url::parse(&format!("http://{typed}")),
    };
    sendable(url.map_err(|error| malformed(&error))?)
}

/// Where a `location` leads from here.
///
/// # Errors
/// As for [`parse`].
pub(super) fn redirected(from: &Url, location: &str) -> Result<Url, Stop> {
    let to = from.join(location).map_err(|error: ParseError| {
        Stop::new(
            3,
            format!("the redirect to {location:?} is no URL: {error}"),
        )
    })?;
    sendable(to)
}

fn sendable(url: Url) -> Result<Url, Stop> {
    if !matches!(url.scheme(), "http" | "https") {
        let text = format!(
            "Protocol {:?} not supported: only HTTP goes out",
            url.scheme()
        );
        return Err(Stop::new(1, text));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Stop::usage(format!(
            "a user name in a URL: {}",
            refused::CREDENTIALS
        )));
    }
    Ok(url)
}

/// The last part of the path, as the name of a file; none where the path ends with a slash.
pub(super) fn file_name(url: &Url) -> Option<String> {
    let name = url.path_segments()?.next_back()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_a_url() {
        for (typed, expected) in [
            ("example.com/x", Ok("http://example.com/x")),
            ("localhost:8000", Ok("http://localhost:8000/")),
            ("127.0.0.1:80/a?b=c", Ok("http://127.0.0.1/a?b=c")),
            ("HTTPS://Example.com", Ok("https://example.com/")),
            ("https://a.example/é", Ok("https://a.example/%C3%A9")),
            ("ftp://a.example/", Err(1)),
            ("file:///etc/passwd", Err(1)),
            ("http://me:pw@a.example/", Err(2)),
            ("me@a.example", Err(2)),
            ("", Err(3)),
            ("http://", Err(3)),
            ("http://a.example/a b", Err(3)),
            ("http://a.example:99999/", Err(3)),
        ] {
            let found = parse(typed).map_err(|stop| stop.code);
            assert_eq!(
                found.as_ref().map(Url::as_str),
                expected.as_ref().map(|url| *url),
                "{typed}"
            );
        }
    }

    #[test]
    fn redirects_are_told_from_where_they_come() {
        let from = Url::parse("https://a.example/x/y?z=1").unwrap();
        for (location, expected) in [
            ("/b", Ok("https://a.example/b")),
            ("b", Ok("https://a.example/x/b")),
            ("//b.example/", Ok("https://b.example/")),
            ("http://b.example:8000/c", Ok("http://b.example:8000/c")),
            ("file:///etc/passwd", Err(1)),
            ("http://me@b.example/", Err(2)),
            ("http://", Err(3)),
        ] {
            let found = redirected(&from, location).map_err(|stop| stop.code);
            assert_eq!(
                found.as_ref().map(Url::as_str),
                expected.as_ref().map(|url| *url),
                "{location}"
            );
        }
    }

    #[test]
    fn files_are_named_by_the_end_of_the_path() {
        for (url, expected) in [
            ("http://a.example/x/y.csv?z=/1", Some("y.csv")),
            ("http://a.example/x/", None),
            ("http://a.example", None),
            ("http://a.example/..", None),
        ] {
            let found = file_name(&Url::parse(url).unwrap());
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }
}
