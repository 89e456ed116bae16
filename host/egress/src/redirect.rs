//! Where a redirect leads (RFC 9110 §15.4), for callers that ask to follow.
//!
//! | status | request | next request |
//! | --- | --- | --- |
//! | 301, 302, 303, 307, 308 | GET, HEAD | the same method |
//! | 303 | any other | GET, without the body |
//! | 301, 302, 307, 308 | any other | none: the caller gets the response |
//! | any other | any | none |

use http::{HeaderMap, Method, StatusCode, Uri, header};

/// The method and URL of the next request; none where the response is the answer.
///
/// # Errors
///
/// Where the `location` cannot be read.
pub(crate) fn next(
    method: &Method,
    uri: &Uri,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<(Method, Uri)>, String> {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let method = match status.as_u16() {
        301 | 302 | 303 | 307 | 308 if reads => method.clone(),
        303 => Method::GET,
        _ => return Ok(None),
    };
    let Some(location) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let location = location
        .to_str()
        .map_err(|_| "the location of a redirect is not ASCII".to_owned())?;
    let uri =
        join(uri, location).ok_or_else(|| "the location of a redirect is not a URL".to_owned())?;
    Ok(Some((method, uri)))
}

/// A reference, completed by the URL it stands in (RFC 3986 §5.2). The fragment is left out.
pub(crate) fn join(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let scheme = base.scheme_str()?;
    let authority = base.authority()?;
    let whole = if has_scheme(reference) {
        reference.to_owned()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else {
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (reference, None),
        };
        let (path, query) = if path.is_empty() {
            (base.path().to_owned(), query.or(base.query()))
        } else if path.starts_with('/') {
            (without_dots(path), query)
        } else {
            let directory = base
                .path()
                .rsplit_once('/')
                .map_or("", |(directory, _)| directory);
            (without_dots(&format!("{directory}/{path}")), query)
        };
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}://{authority}{path}{query}")
    };
    whole
        .parse()
        .ok()
        .filter(|uri: &Uri| uri.scheme().is_some())
}

/// Whether a reference begins with a scheme: a letter, then letters, digits, `+`, `-` and `.`, then a colon.
pub(crate) fn has_scheme(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// An absolute path without its `.` and `..` segments (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            ".." => {
                kept.pop();
            }
            "." => {}
            _ => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let base: Uri = "http://a.example:8080/b/c/d;p?q=1".parse().unwrap();
        let table = [
            // The examples of RFC 3986 §5.4 that do not end in a fragment, and others.
            ("g", Some("http://a.example:8080/b/c/g")),
            ("./g", Some("http://a.example:8080/b/c/g")),
            ("g/", Some("http://a.example:8080/b/c/g/")),
            ("/g", Some("http://a.example:8080/g")),
            ("//g.example", Some("http://g.example/")),
            ("?y", Some("http://a.example:8080/b/c/d;p?y")),
            ("g?y", Some("http://a.example:8080/b/c/g?y")),
            ("", Some("http://a.example:8080/b/c/d;p?q=1")),
            ("#s", Some("http://a.example:8080/b/c/d;p?q=1")),
            ("g#s", Some("http://a.example:8080/b/c/g")),
            (".", Some("http://a.example:8080/b/c/")),
            ("..", Some("http://a.example:8080/b/")),
            ("../g", Some("http://a.example:8080/b/g")),
            ("../../../../g", Some("http://a.example:8080/g")),
            ("/./g/../h", Some("http://a.example:8080/h")),
            ("g?x=/../y", Some("http://a.example:8080/b/c/g?x=/../y")),
            ("https://other.example/x", Some("https://other.example/x")),
            (
                "http://169.254.169.254/latest",
                Some("http://169.254.169.254/latest"),
            ),
            ("a:b", None),
            ("http://", None),
            ("/a b", None),
        ];
        for (reference, whole) in table {
            let found = join(&base, reference).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), whole, "{reference}");
        }
    }

    #[test]
    fn which_are_followed() {
        let base: Uri = "https://a.example/x".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, header::HeaderValue::from_static("/y"));
        let table = [
            (Method::GET, 301, Some(Method::GET)),
            (Method::HEAD, 302, Some(Method::HEAD)),
            (Method::GET, 303, Some(Method::GET)),
            (Method::GET, 307, Some(Method::GET)),
            (Method::GET, 308, Some(Method::GET)),
            (Method::GET, 300, None),
            (Method::GET, 304, None),
            (Method::GET, 200, None),
            (Method::POST, 303, Some(Method::GET)),
            (Method::POST, 301, None),
            (Method::POST, 307, None),
            (Method::DELETE, 308, None),
        ];
        for (method, status, expected) in table {
            let status = StatusCode::from_u16(status).unwrap();
            let found = next(&method, &base, status, &headers)
                .unwrap()
                .map(|(method, _)| method);
            assert_eq!(found, expected, "{method} {status}");
        }
        assert_eq!(
            next(&Method::GET, &base, StatusCode::FOUND, &HeaderMap::new()),
            Ok(None)
        );
    }
}
