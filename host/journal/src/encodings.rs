//! The spellings in which a secret is looked for.
//!
//! | spelling | where it comes from |
//! | --- | --- |
//! | as it is | |
//! | JSON string, without its quotes | JSON inside a string; and JSON inside JSON inside a string |
//! | the same with `\uXXXX` for what is not ASCII | Python's `json.dumps` |
//! | the same with `\/` for `/` | PHP's `json_encode` |
//! | percent-encoded (RFC 3986), upper-case and lower-case hex | every reserved character; all but `/`; all but `!'()*` as `encodeURIComponent` does |
//! | form-encoded (WHATWG URL), upper-case and lower-case hex | a space is `+` |
//! | base64 (RFC 4648), standard and URL-safe, with and without padding | on its own, or at any place in longer data: as the data's first, second or third byte of three |
//!
//! In longer base64 data, the first and the last digit of a secret can hold bits of its neighbours; they are not looked
//! for, and stay: at most four bits of the secret's first byte and four of its last. Data that is different in these bits
//! alone is taken for the secret.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Every spelling of a secret, each once.
pub(crate) fn of(secret: &str) -> Vec<String> {
    let json = json_string(secret);
    let ascii = json_ascii(&json);
    let mut all = vec![secret.to_owned(), json_string(&json), json_string(&ascii)];
    all.extend([
        json.replace('/', r"\/"),
        ascii.replace('/', r"\/"),
        json,
        ascii,
    ]);
    for keep in ["-._~", "-._~/", "-._~!'()*"] {
        all.extend([percent(secret, keep, false), percent(secret, keep, true)]);
    }
    for lower in [false, true] {
        all.push(percent(secret, "-._* ", lower).replace(' ', "+"));
    }
    all.extend(base64(secret.as_bytes()));
    all.sort_unstable();
    all.dedup();
    all
}

/// The inside of a JSON string, escaped no more than must be, as `serde_json` writes it.
pub(crate) fn json_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text)
        .to_owned()
}

fn json_ascii(json: &str) -> String {
    let mut units = [0; 2];
    json.chars()
        .map(|c| match c {
            ' '..='~' => c.to_string(),
            _ => c
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect(),
        })
        .collect()
}

/// Percent-encodes every byte but letters, digits and the ones to keep.
fn percent(text: &str, keep: &str, lower: bool) -> String {
    text.bytes()
        .map(|byte| match char::from(byte) {
            c if c.is_ascii_alphanumeric() || (c.is_ascii() && keep.contains(c)) => c.to_string(),
            _ if lower => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The base64 digits that depend on the secret alone, wherever in the data it stands, and those at the data's end.
fn base64(secret: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        // Before the secret stand 0, 1 or 2 bytes of a group of three; they share their last digit with it.
        for (before, shared) in [(0, 0), (1, 2), (2, 3)] {
            let mut data = vec![0; before];
            data.extend_from_slice(secret);
            let encoded = engine.encode(&data);
            let Some(at_end) = encoded.get(shared..) else {
                continue;
            };
            // The last digit is the secret's alone only where the secret fills its group, or the data ends with it.
            let whole_digits = data.len() * 8 / 6 - shared;
            all.extend(at_end.get(..whole_digits).map(str::to_owned));
            all.push(at_end.to_owned());
            match data.len() % 3 {
                1 => all.push(format!("{at_end}==")),
                2 => all.push(format!("{at_end}=")),
                _ => {}
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::*;

    #[test]
    fn a_plain_secret_has_one_spelling_besides_base64() {
        let base64 = base64(b"abcdefgh");
        let rest: Vec<String> = of("abcdefgh")
            .into_iter()
            .filter(|s| !base64.contains(s))
            .collect();
        assert_eq!(rest, ["abcdefgh"]);
    }

    #[test]
    fn every_spelling_of_a_secret_that_needs_them_all() {
        let secret = "pä\"s/\\w (d)\n";
        let base64 = base64(secret.as_bytes());
        let rest: Vec<String> = of(secret)
            .into_iter()
            .filter(|s| !base64.contains(s))
            .collect();
        let mut expected = vec![
            "pä\"s/\\w (d)\n",
            r#"pä\"s/\\w (d)\n"#,
            r#"p\u00e4\"s/\\w (d)\n"#,
            r#"pä\"s\/\\w (d)\n"#,
            r#"p\u00e4\"s\/\\w (d)\n"#,
            r#"pä\\\"s/\\\\w (d)\\n"#,
            r#"p\\u00e4\\\"s/\\\\w (d)\\n"#,
            "p%C3%A4%22s%2F%5Cw%20%28d%29%0A",
            "p%c3%a4%22s%2f%5cw%20%28d%29%0a",
            "p%C3%A4%22s/%5Cw%20%28d%29%0A",
            "p%c3%a4%22s/%5cw%20%28d%29%0a",
            "p%C3%A4%22s%2F%5Cw%20(d)%0A",
            "p%c3%a4%22s%2f%5cw%20(d)%0a",
            "p%C3%A4%22s%2F%5Cw+%28d%29%0A",
            "p%c3%a4%22s%2f%5cw+%28d%29%0a",
        ];
        expected.sort_unstable();
        assert_eq!(rest, expected);
    }

    #[test]
    fn base64_is_found_at_any_place_in_longer_data() {
        let secret = b"\xfb\xff\xbesecret\xfb\xff\xbe";
        let spellings = base64(secret);
        for engine in [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            for before in 0..7 {
                for after in 0..7 {
                    let data = [&b"beforeX"[..before], secret, &b"Xbehind"[..after]].concat();
                    let encoded = engine.encode(data);
                    let longest = spellings
                        .iter()
                        .filter(|spelling| encoded.contains(spelling.as_str()))
                        .map(String::len)
                        .max();
                    // 96 bits are 16 digits, of which a neighbour before and one behind can have a share in two.
                    let shared =
                        [0, 1, 1][before % 3] + usize::from((before + 12) % 3 != 0 && after > 0);
                    let whole = if before % 3 == 0 { 16 } else { 17 };
                    let padding = if after == 0 {
                        encoded.len() - encoded.trim_end_matches('=').len()
                    } else {
                        0
                    };
                    assert_eq!(
                        longest,
                        Some(whole - shared + padding),
                        "{before} {after} {encoded}"
                    );
                }
            }
        }
    }

    #[test]
    fn other_data_has_no_spelling_in_it() {
        let spellings = base64(b"hunter2hunter2");
        for twin in ["hunter2hunteR2", "hunTer2hunter2", "hunter2 hunter2"] {
            for before in 0..3 {
                let data = [&b"xx"[..before], twin.as_bytes(), b"yy"].concat();
                let encoded = STANDARD.encode(data);
                assert!(
                    !spellings
                        .iter()
                        .any(|spelling| encoded.contains(spelling.as_str())),
                    "{twin}"
                );
            }
        }
    }
}
