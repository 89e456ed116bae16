//! A credential as data in a JSON body, for services that take a token that way.
//!
//! A guest writes `{{credential:NAME}}` where the token should be, and never sees the token:
//!
//! | the permit names | the body is | sent |
//! | --- | --- | --- |
//! | no credential for the body | anything | as it is: the placeholder is only text |
//! | NAME | `application/json` of a known length | with NAME's secret, as inside a JSON string, for each placeholder |
//! | NAME | `application/json` of a known length over [`BODY_CREDENTIAL_MAX`] | not at all |
//! | NAME | anything else, or of unknown length | as it is |
//!
//! Placeholders with another name stay. Where NAME's own list does not have the origin, or the host does not have NAME,
//! a body with its placeholder is refused.

use bytes::Bytes;
use http::header::{self, HeaderMap};
use policy::Origin;

use crate::credentials::Credentials;
use crate::error::EgressError;
use crate::forms;

/// Bytes at most of a body into which a credential is put, before and after.
pub const BODY_CREDENTIAL_MAX: u64 = 1024 * 1024;

/// Whether these headers say that the body is JSON (RFC 8259 §11), whatever parameters follow.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else {
        return false;
    };
    one.to_str()
        .ok()
        .and_then(|text| text.split(';').next())
        .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Refuses a body that is too large.
pub(crate) fn check_length(bytes: u64) -> Result<(), EgressError> {
    if bytes <= BODY_CREDENTIAL_MAX {
        return Ok(());
    }
    Err(EgressError::Request(format!(
        "the body has {bytes} bytes; expected at most {BODY_CREDENTIAL_MAX} where a credential may be put into it"
    )))
}

/// The body with the secret of the credential `name` in each of its placeholders; none where it has no placeholder.
///
/// # Errors
///
/// Where the credential may not go to this origin, or the body becomes too large.
pub(crate) fn inject(
    body: &[u8],
    name: &str,
    credentials: &Credentials,
    origin: &Origin,
    subject: &str,
) -> Result<Option<Bytes>, EgressError> {
    let placeholder = format!("{{{{credential:{name}}}}}");
    let count = aho_corasick::AhoCorasick::new([placeholder.as_bytes()])
        .map_err(|error| EgressError::Request(error.to_string()))?;
    let places: Vec<_> = count.find_iter(body).map(|found| found.range()).collect();
    if places.is_empty() {
        return Ok(None);
    }
    let refused = |remedy: String| {
        EgressError::denied(
            format!("the credential `{name}` in the body of {subject}"),
            "credentials",
            remedy,
        )
    };
    let known = credentials.get(name).ok_or_else(|| {
        refused("give the host a credential of this name, or leave its placeholder out".to_owned())
    })?;
    let secret = known.secret_for(origin).ok_or_else(|| {
        refused(format!(
            "it may not be sent to {origin}; add that to the credential's origins, or leave its placeholder out"
        ))
    })?;
    let secret = forms::json(secret, false);
    let length = body.len() - places.len() * placeholder.len() + places.len() * secret.len();
    check_length(length as u64)?;
    let mut filled = Vec::with_capacity(length);
    let mut from = 0;
    for place in places {
        filled.extend_from_slice(body.get(from..place.start).unwrap_or_default());
        filled.extend_from_slice(secret.as_bytes());
        from = place.end;
    }
    filled.extend_from_slice(body.get(from..).unwrap_or_default());
    Ok(Some(filled.into()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn content_types() {
        let table: &[(&[&str], bool)] = &[
            (&["application/json"], true),
            (&["Application/JSON; charset=utf-8"], true),
            (&["application/json ;x"], true),
            (&[], false),
            (&["application/json", "text/plain"], false),
            (&["application/json, text/plain"], false),
            (&["application/jsonl"], false),
            (&["application/ld+json"], false),
            (&["text/plain"], false),
        ];
        for (values, expected) in table {
            let mut headers = HeaderMap::new();
            for value in *values {
                headers.append(header::CONTENT_TYPE, HeaderValue::from_static(value));
            }
            assert_eq!(is_json(&headers), *expected, "{values:?}");
        }
    }

    #[test]
    fn placeholders() {
        let here: Origin = "https://hub.example".parse().unwrap();
        let credentials = Credentials::new()
            .bearer("hub", "s\"e\\c/ret", [here.clone()])
            .unwrap()
            .bearer("other", "other-secret", [])
            .unwrap();
        let filled = |body: &str, name: &str| {
            inject(body.as_bytes(), name, &credentials, &here, "http POST x")
                .map(|found| found.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
                .map_err(|error| error.to_string())
        };
        let table = [
            (
                r#"{"t":"{{credential:hub}}"}"#,
                Some(r#"{"t":"s\"e\\c/ret"}"#),
            ),
            (
                r#"["{{credential:hub}}","x{{credential:hub}}{{credential:hub}}"]"#,
                Some(r#"["s\"e\\c/ret","xs\"e\\c/rets\"e\\c/ret"]"#),
            ),
            (r#""{{{credential:hub}}}""#, Some(r#""{s\"e\\c/ret}""#)),
            ("", None),
            ("{{credential:hub}", None),
            ("{{credential:Hub}}", None),
            ("{{ credential:hub }}", None),
            ("{{credential:other}}", None),
        ];
        for (body, expected) in table {
            assert_eq!(
                filled(body, "hub"),
                Ok(expected.map(str::to_owned)),
                "{body}"
            );
        }
        assert_eq!(
            filled("{{credential:other}}", "other").unwrap_err(),
            "the credential `other` in the body of http POST x is denied by egress: credentials: it may not be sent to \
             https://hub.example:443; add that to the credential's origins, or leave its placeholder out"
        );
        assert_eq!(
            filled("{{credential:none}}", "none").unwrap_err(),
            "the credential `none` in the body of http POST x is denied by egress: credentials: give the host a \
             credential of this name, or leave its placeholder out"
        );
        assert_eq!(filled("", "none"), Ok(None));
    }

    #[test]
    fn many_placeholders_cannot_fill_the_memory() {
        let here: Origin = "https://hub.example".parse().unwrap();
        let secret = "s".repeat(4096);
        let credentials = Credentials::new()
            .bearer("hub", &secret, [here.clone()])
            .unwrap();
        let length = |count: usize| {
            let body = "{{credential:hub}}".repeat(count);
            inject(body.as_bytes(), "hub", &credentials, &here, "x")
                .map(|found| found.unwrap().len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(length(256), Ok(1 << 20));
        assert_eq!(
            length(257),
            Err(
                "not a request that can be sent: the body has 1052672 bytes; expected at most 1048576 where a \
                 credential may be put into it"
                    .to_owned()
            )
        );
    }
}
