//! The spellings in which a secret is recognised.
//!
//! | form | of `s+ecret/` |
//! | --- | --- |
//! | as it is | `s+ecret/` |
//! | percent-encoded, digits in either case | `s%2Becret%2F`, `s%2becret%2f` |
//! | in a JSON string | `s+ecret/`, `s+ecret\/` |
//! | base64, both alphabets, at each of the three places it can have in a group of three bytes | `cytlY3JldC8`, … |
//! | hexadecimal, digits in either case | `732b65637265742f`, `732B65637265742F` |
//!
//! Forms that are the same as another are listed once. This finds secrets that slip out; it cannot find one that a
//! program hides on purpose (reversed, encrypted, spelled out), which is why a guest is never given one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Every form, without duplicates, in a fixed order.
pub(crate) fn forms(secret: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    forms.insert(secret.as_bytes().to_vec());
    forms.insert(percent(secret, true).into_bytes());
    forms.insert(percent(secret, false).into_bytes());
    forms.insert(json(secret, false).into_bytes());
    forms.insert(json(secret, true).into_bytes());
    forms.insert(hexadecimal(secret, true).into_bytes());
    forms.insert(hexadecimal(secret, false).into_bytes());
    for before in 0..3 {
        forms.extend(base64_core(secret, before).map(String::into_bytes));
    }
    forms
}

/// All but the unreserved characters of RFC 3986 §2.3 escaped.
fn percent(secret: &str, upper: bool) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            _ => {
                text.push('%');
                push_hex(&mut text, byte, upper);
            }
        }
    }
    text
}

/// As inside the quotes of a JSON string (RFC 8259 §7), with or without the optional escape of `/`.
pub(crate) fn json(secret: &str, slash: bool) -> String {
    let mut text = String::new();
    for character in secret.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '/' if slash => text.push_str("\\/"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a String does not fail.
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text
}

fn hexadecimal(secret: &str, upper: bool) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        push_hex(&mut text, byte, upper);
    }
    text
}

fn push_hex(text: &mut String, byte: u8, upper: bool) {
    // Writing to a String does not fail.
    let _ = if upper {
        write!(text, "{byte:02X}")
    } else {
        write!(text, "{byte:02x}")
    };
}

/// The characters that depend on the secret alone where `before` bytes of its first group of three belong to something
/// else: the first `before` bytes and what follows the secret may be anything.
fn base64_core(secret: &str, before: usize) -> [String; 2] {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let start = if before == 0 { 0 } else { before + 1 };
    let end = bytes.len() * 8 / 6;
    [
        STANDARD_NO_PAD.encode(&bytes),
        URL_SAFE_NO_PAD.encode(&bytes),
    ]
    .map(|text| text.get(start..end).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_one_secret() {
        let text: Vec<String> = forms("s+\"c/et?")
            .into_iter()
            .map(|form| String::from_utf8(form).unwrap())
            .collect();
        assert_eq!(
            text,
            [
                "732B22632F65743F",
                "732b22632f65743f",
                "MrImMvZXQ/",
                "MrImMvZXQ_",
                "cysiYy9ldD",
                "s%2B%22c%2Fet%3F",
                "s%2b%22c%2fet%3f",
                "s+\"c/et?",
                "s+\\\"c/et?",
                "s+\\\"c\\/et?",
                "zKyJjL2V0P",
            ]
        );
    }

    #[test]
    fn base64_is_found_at_every_place_in_a_group() {
        for secret in ["hf_abcdefgh", "0123456789", "p?p>p~p/p+p", "ÄÖÜ-secret"] {
            let forms: Vec<Vec<u8>> = forms(secret).into_iter().collect();
            for before in 0..7 {
                for after in 0..4 {
                    let text = format!("{}{secret}{}", "x".repeat(before), "y".repeat(after));
                    for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                        let found = forms.iter().any(|form| {
                            encoded
                                .as_bytes()
                                .windows(form.len())
                                .any(|window| window == form.as_slice())
                        });
                        assert!(found, "{text} as {encoded}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_secret_has_few_forms() {
        // As it is, twice hexadecimal, three places of base64 in one alphabet.
        assert_eq!(forms("hf_abcdefgh").len(), 6);
    }
}
