//! The search for known secrets in the head of a request, before a credential is put on it; and in that of a response.
//!
//! | where | how |
//! | --- | --- |
//! | method, path, query | every form of every secret, in what is written and in what it says once percent escapes are undone |
//! | host, names of headers | the secrets themselves, in whatever case: case is lost there |
//! | values of headers | every form of every secret |

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::error::{EgressError, Place};
use crate::headers;
use crate::scan::Scanner;

/// Searches method and URL.
pub(crate) fn url(scanner: &Scanner, method: &http::Method, uri: &Uri) -> Result<(), EgressError> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let rest = uri.path_and_query().map_or("", |rest| rest.as_str());
    let found = scanner
        .find(method.as_str().as_bytes())
        .or_else(|| scanner.find_folded(authority.as_bytes()))
        .or_else(|| scanner.find(rest.as_bytes()))
        .or_else(|| {
            if rest.contains('%') {
                scanner.find(&unescaped(rest))
            } else {
                None
            }
        });
    match found {
        None => Ok(()),
        // Nothing of the request is quoted.
        Some(name) => Err(EgressError::Secret {
            subject: "an http request".to_owned(),
            name: name.to_string(),
            place: Place::Url,
        }),
    }
}

/// Checks and searches the headers that the caller set.
pub(crate) fn headers(
    scanner: &Scanner,
    subject: &str,
    headers: &HeaderMap,
) -> Result<(), EgressError> {
    for (name, value) in headers {
        let secret = |found: &str, place| EgressError::Secret {
            subject: subject.to_owned(),
            name: found.to_owned(),
            place,
        };
        if let Some(remedy) = headers::refusal(name) {
            return Err(EgressError::denied(
                format!("the header `{name}` on {subject}"),
                "request headers",
                remedy.to_owned(),
            ));
        }
        if let Some(found) = scanner.find_folded(name.as_str().as_bytes()) {
            return Err(secret(found, Place::HeaderName));
        }
        if let Some(found) = scanner.find(value.as_bytes()) {
            return Err(secret(found, Place::Header(name.to_string())));
        }
    }
    Ok(())
}

/// Covers secrets in the values of a response's headers; headers whose names hold one are left out.
pub(crate) fn cover(scanner: &Scanner, headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .keys()
        .filter(|name| scanner.find_folded(name.as_str().as_bytes()).is_some())
        .cloned()
        .collect();
    for name in named {
        headers.remove(name);
    }
    for value in headers.values_mut() {
        if scanner.find(value.as_bytes()).is_none() {
            continue;
        }
        let mut bytes = value.as_bytes().to_vec();
        scanner.cover(&mut bytes);
        // Covering puts no character there that a value cannot have; if it did, nothing is safer than the value.
        *value = HeaderValue::from_bytes(&bytes).unwrap_or(HeaderValue::from_static(""));
    }
}

/// The text with its percent escapes undone; what is no escape stays.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let byte = after
            .get(..2)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = match byte {
            Some(byte) => {
                bytes.push(byte);
                after.get(2..).unwrap_or_default()
            }
            None => {
                bytes.push(b'%');
                after
            }
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanner() -> Scanner {
        Scanner::new([("hub", "hf_Secret+1")]).unwrap()
    }

    #[test]
    fn urls() {
        let table = [
            ("GET", "https://a.example/hf_Secret", None),
            ("GET", "https://a.example/hf_secret+1", None),
            ("GET", "https://a.example/x/hf_Secret+1/y", Some("hub")),
            ("GET", "https://a.example/?t=hf_Secret+1", Some("hub")),
            ("GET", "https://a.example/?t=hf_Secret%2B1", Some("hub")),
            ("GET", "https://a.example/?t=hf_Secret%2b1", Some("hub")),
            ("GET", "https://a.example/?t=%68%66_Secret+1", Some("hub")),
            ("GET", "https://a.example/?t=aGZfU2VjcmV0KzE", Some("hub")),
            ("GET", "https://hF_secret+1.example/", Some("hub")),
            ("hf_Secret+1", "https://a.example/", Some("hub")),
        ];
        for (method, uri, expected) in table {
            let method = http::Method::from_bytes(method.as_bytes()).unwrap();
            let found = match url(&scanner(), &method, &uri.parse().unwrap()) {
                Ok(()) => None,
                Err(EgressError::Secret {
                    name,
                    place: Place::Url,
                    ..
                }) => Some(name),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found.as_deref(), expected, "{method} {uri}");
        }
    }

    #[test]
    fn response_headers_are_covered() {
        let mut map = HeaderMap::new();
        map.insert("x-plain", HeaderValue::from_static("hf_Secret"));
        map.insert("x-echo", HeaderValue::from_static("Bearer hf_Secret+1."));
        map.insert("x-base64", HeaderValue::from_static("aGZfU2VjcmV0KzE="));
        map.insert("x-hf_secret+1-x", HeaderValue::from_static("1"));
        cover(&scanner(), &mut map);
        let mut found: Vec<String> = map
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        found.sort();
        // The last character of base64 also depends on what would follow the secret.
        assert_eq!(
            found,
            [
                "x-base64: **************E=",
                "x-echo: Bearer ***********.",
                "x-plain: hf_Secret"
            ]
        );
    }

    #[test]
    fn escapes() {
        let table = [
            ("a%41%zz%", "aA%zz%"),
            ("%25%34", "%4"),
            ("", ""),
            ("%C3%A4", "ä"),
            ("%4", "%4"),
        ];
        for (text, bytes) in table {
            assert_eq!(unescaped(text), bytes.as_bytes(), "{text}");
        }
    }
}
