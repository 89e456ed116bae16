//! What an answer is: HTML, text, or neither; and its characters.
//!
//! | `content-type` | taken as |
//! | --- | --- |
//! | `text/html`, `application/xhtml+xml` | HTML |
//! | `text/…`, JSON, XML, YAML, TOML, JavaScript, and their kin | text |
//! | none, `application/octet-stream`, `binary/octet-stream` | what the first bytes look like |
//! | any other | refused |
//!
//! Whatever it says: bytes that begin as a PDF or hold a NUL are refused.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// What an answer is taken as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Html,
    Text,
}

/// Bytes that are looked at to tell what an answer is.
const LOOKED_AT: usize = 8 << 10;

/// What the headers say: a kind, nothing, or the type of what is refused.
pub(crate) fn declared(content_type: Option<&str>) -> Result<Option<Kind>, String> {
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let application = [
        "json",
        "xml",
        "yaml",
        "x-yaml",
        "toml",
        "javascript",
        "x-javascript",
        "ecmascript",
        "sql",
        "x-ndjson",
        "ndjson",
        "x-sh",
        "x-python",
        "graphql",
        "x-tex",
        "x-ipynb+json",
        "jsonl",
    ];
    match essence.as_str() {
        "" | "application/octet-stream" | "binary/octet-stream" => Ok(None),
        "text/html" | "application/xhtml+xml" => Ok(Some(Kind::Html)),
        text if text.starts_with("text/") => Ok(Some(Kind::Text)),
        "image/svg+xml" => Ok(Some(Kind::Text)),
        other => {
            let name = other.strip_prefix("application/").unwrap_or_default();
            match application.contains(&name) || name.ends_with("+json") || name.ends_with("+xml") {
                true => Ok(Some(Kind::Text)),
                false => Err(other.chars().take(100).collect()),
            }
        }
    }
}

/// What the bytes look like, where that matters: the type of what is refused.
pub(crate) fn looks_like(declared: Option<Kind>, bytes: &[u8]) -> Result<Kind, String> {
    let start = bytes.get(..LOOKED_AT.min(bytes.len())).unwrap_or_default();
    if start.starts_with(b"%PDF") {
        return Err("application/pdf".into());
    }
    let has_mark = Encoding::for_bom(start).is_some();
    if !has_mark && start.contains(&0) {
        return Err("binary data".into());
    }
    let looks = String::from_utf8_lossy(start)
        .trim_start()
        .to_ascii_lowercase();
    let html = ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|mark| looks.starts_with(mark));
    Ok(match declared {
        Some(kind) => kind,
        None if html => Kind::Html,
        None => Kind::Text,
    })
}

/// The characters of an answer, or of its beginning: as the byte order mark, the header or the page itself says; else UTF-8, and where it is none, what
/// browsers take (windows-1252).
pub(crate) fn text(bytes: &[u8], cut: bool, content_type: Option<&str>, kind: Kind) -> String {
    let named = content_type
        .and_then(charset)
        .or_else(|| (kind == Kind::Html).then(|| own_charset(bytes)).flatten())
        .and_then(|name| Encoding::for_label(name.as_bytes()));
    let encoding = Encoding::for_bom(bytes)
        .map(|(encoding, _)| encoding)
        .or(named);
    let encoding = encoding.unwrap_or_else(|| match is_utf8(bytes, cut) {
        true => UTF_8,
        false => WINDOWS_1252,
    });
    encoding.decode(bytes).0.into_owned()
}

/// Whether it is UTF-8; of a beginning, the last character may be incomplete.
fn is_utf8(bytes: &[u8], cut: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => cut && error.error_len().is_none(),
    }
}

/// The name behind `charset=`.
fn charset(text: &str) -> Option<String> {
    let at = text.to_ascii_lowercase().find("charset=")? + "charset=".len();
    let rest = text.get(at..)?.trim_start_matches(['"', '\'', ' ']);
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')))
        .unwrap_or(rest.len());
    rest.get(..end)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// What a page says of itself in its first kilobyte (HTML §13.2.3.2).
fn own_charset(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..1_024.min(bytes.len()))?;
    let start = String::from_utf8_lossy(start);
    start
        .split('<')
        .filter(|tag| {
            tag.get(..4)
                .is_some_and(|name| name.eq_ignore_ascii_case("meta"))
        })
        .find_map(charset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_follow_from_headers_and_bytes() {
        let refused = |name: &str| Err(name.to_owned());
        type Row<'r> = (Option<&'r str>, &'r [u8], Result<Kind, String>);
        let table: [Row<'_>; 15] = [
            (Some("text/html; charset=utf-8"), b"x", Ok(Kind::Html)),
            (Some("Text/HTML"), b"", Ok(Kind::Html)),
            (Some("text/plain"), b"<html>", Ok(Kind::Text)),
            (Some("text/markdown"), b"# x", Ok(Kind::Text)),
            (Some("application/json"), b"{}", Ok(Kind::Text)),
            (Some("application/ld+json"), b"{}", Ok(Kind::Text)),
            (Some("application/atom+xml"), b"<feed>", Ok(Kind::Text)),
            (None, b" <!DOCTYPE html><p>", Ok(Kind::Html)),
            (None, b"plain", Ok(Kind::Text)),
            (
                Some("application/octet-stream"),
                b"a,b\n1,2",
                Ok(Kind::Text),
            ),
            (
                Some("application/octet-stream"),
                b"PK\x03\x04\0\0",
                refused("binary data"),
            ),
            (Some("text/plain"), b"%PDF-1.7", refused("application/pdf")),
            (Some("application/pdf"), b"", refused("application/pdf")),
            (Some("image/png"), b"", refused("image/png")),
            (Some("application/zip"), b"", refused("application/zip")),
        ];
        for (content_type, bytes, expected) in table {
            let found = declared(content_type).and_then(|kind| looks_like(kind, bytes));
            assert_eq!(found, expected, "{content_type:?} {bytes:?}");
        }
    }

    #[test]
    fn characters_are_read_as_they_were_written() {
        let table: [(&[u8], Option<&str>, Kind, &str); 8] = [
            ("é€".as_bytes(), None, Kind::Text, "é€"),
            (b"caf\xe9", None, Kind::Text, "café"),
            (
                b"caf\xe9",
                Some("text/plain; charset=ISO-8859-1"),
                Kind::Text,
                "café",
            ),
            (
                b"<meta charset='windows-1251'>\xcf",
                None,
                Kind::Html,
                "<meta charset='windows-1251'>П",
            ),
            (
                b"<meta charset='windows-1251'>\xcf",
                None,
                Kind::Text,
                "<meta charset='windows-1251'>Ï",
            ),
            (b"\xff\xfea\0b\0", None, Kind::Text, "ab"),
            (
                b"\x82\xa0",
                Some("text/html; charset=\"shift_jis\""),
                Kind::Html,
                "あ",
            ),
            (b"\xc3\xa4\xc3", None, Kind::Text, "\u{e4}\u{fffd}"),
        ];
        for (bytes, content_type, kind, expected) in table {
            assert_eq!(
                text(bytes, bytes.len() == 3, content_type, kind),
                expected,
                "{bytes:?}"
            );
        }
    }
}
