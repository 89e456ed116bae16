//! Known secrets do not reach the disk, and what looks like them does.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]
#![expect(dead_code, reason = "each test file uses its part of `common`")]

mod common;

use std::borrow::Cow;
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{clock, place, say};
use ml_intern_journal::{
    CallStart, Data, Entry, Header, Journal, Reader, Redactor, Secret, verify,
};
use serde_json::json;

const TOKEN: &str = "hf_aBcDeFgHiJkLmNoPqRsT";
const PASSWORD: &str = "p/ä s\"w+o\\rd";
const NUMBER: &str = "12345678";

fn secret(name: &str, value: &str) -> Secret {
    Secret {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

fn redactor() -> Redactor {
    Redactor::new([
        secret("HF_TOKEN", TOKEN),
        secret("password", PASSWORD),
        secret("pin", NUMBER),
        secret("field", "arguments"),
    ])
    .unwrap()
}

#[test]
fn every_spelling_is_replaced_and_its_twin_is_not() {
    let basic = STANDARD.encode(format!("user:{TOKEN}"));
    let table = [
        ("hf_aBcDeFgHiJkLmNoPqRsT", "[secret:HF_TOKEN]"),
        ("hf_aBcDeFgHiJkLmNoPqRsT.", "[secret:HF_TOKEN]."),
        (
            "xhf_aBcDeFgHiJkLmNoPqRsThf_aBcDeFgHiJkLmNoPqRsTx",
            "x[secret:HF_TOKEN][secret:HF_TOKEN]x",
        ),
        ("hf_aBcDeFgHiJkLmNoPqRs", "hf_aBcDeFgHiJkLmNoPqRs"),
        ("hf_aBcDeFgHiJkLmNoPqRst", "hf_aBcDeFgHiJkLmNoPqRst"),
        ("HF_ABCDEFGHIJKLMNOPQRST", "HF_ABCDEFGHIJKLMNOPQRST"),
        ("hf_aBcDeFgHiJ kLmNoPqRsT", "hf_aBcDeFgHiJ kLmNoPqRsT"),
        (r#"{"p":"p/ä s\"w+o\\rd"}"#, r#"{"p":"[secret:password]"}"#),
        (
            r#"{"p":"p\/\u00e4 s\"w+o\\rd"}"#,
            r#"{"p":"[secret:password]"}"#,
        ),
        (
            r#"{"p":"p/ä s\"w+o\\rd "}"#,
            r#"{"p":"[secret:password] "}"#,
        ),
        (
            r#""{\"p\":\"p/ä s\\\"w+o\\\\rd\"}""#,
            r#""{\"p\":\"[secret:password]\"}""#,
        ),
        (r#"{"p":"p/ä s\"w+o\/rd"}"#, r#"{"p":"p/ä s\"w+o\/rd"}"#),
        ("p%2F%C3%A4%20s%22w%2Bo%5Crd", "[secret:password]"),
        ("p%2f%c3%a4%20s%22w%2bo%5crd", "[secret:password]"),
        ("?q=p/%C3%A4%20s%22w%2Bo%5Crd&x", "?q=[secret:password]&x"),
        ("p%2F%C3%A4+s%22w%2Bo%5Crd", "[secret:password]"),
        ("p%2F%C3%A4%20s%22w%2Bo%5Crt", "p%2F%C3%A4%20s%22w%2Bo%5Crt"),
        (&basic, "dXNlcjp[secret:HF_TOKEN]"),
        (&STANDARD.encode(TOKEN), "[secret:HF_TOKEN]"),
        (
            &URL_SAFE_NO_PAD.encode(format!("{PASSWORD}?")),
            "[secret:password]D8",
        ),
        (
            &STANDARD.encode("hf_aBcDeFgHiJkLmNoPqRst"),
            "aGZfYUJjRGVGZ0hpSmtMbU5vUHFSc3Q=",
        ),
        ("pin 12345678", "pin [secret:pin]"),
        ("pin 1234567", "pin 1234567"),
        ("", ""),
    ];
    let redactor = redactor();
    for (text, expected) in table {
        assert_eq!(redactor.redact(text), expected, "{text}");
        if text == expected {
            assert!(matches!(redactor.redact(text), Cow::Borrowed(_)), "{text}");
        }
    }
}

#[test]
fn the_longer_of_two_secrets_is_named() {
    let redactor =
        Redactor::new([secret("short", "abcdefgh"), secret("long", "abcdefgh-ijkl")]).unwrap();
    assert_eq!(
        redactor.redact("abcdefgh-ijkl abcdefgh-ijk"),
        "[secret:long] [secret:short]-ijk"
    );
}

#[test]
fn what_cannot_be_redacted_is_an_error() {
    let table = [
        (
            secret("a", "seven77"),
            "secret `a` has 7 bytes; only 8 or more can be redacted",
        ),
        (
            secret("a", ""),
            "secret `a` has 0 bytes; only 8 or more can be redacted",
        ),
        (
            secret("", "12345678"),
            "secret name \"\"; expected 1 to 64 of A-Z, a-z, 0-9, `_`, `-` and `.`",
        ),
        (
            secret("a\"]", "12345678"),
            "secret name \"a\\\"]\"; expected 1 to 64 of A-Z, a-z, 0-9, `_`, `-` and `.`",
        ),
    ];
    for (secret, expected) in table {
        assert_eq!(Redactor::new([secret]).unwrap_err().to_string(), expected);
    }
    Redactor::new([secret(&"n".repeat(64), "12345678")]).unwrap();
    assert!(Redactor::new([secret(&"n".repeat(65), "12345678")]).is_err());
}

#[test]
fn nothing_shows_the_values() {
    let shown = format!(
        "{:?} {:?} {:?}",
        redactor(),
        secret("a", TOKEN),
        Redactor::none()
    );
    assert_eq!(
        shown,
        r#"Redactor(["HF_TOKEN", "password", "pin", "field"]) Secret { name: "a", .. } Redactor([])"#
    );
}

/// In a record: every string, names of foreign fields too; no number, no name of the format's own, no hash.
#[test]
fn a_record_is_redacted_before_it_is_hashed() {
    let (_directory, path) = place();
    let header = Header {
        id: format!("s {NUMBER}"),
        program: String::new(),
    };
    let mut journal = Journal::create_at(&path, header, redactor(), clock()).unwrap();
    let call = journal.allocate_call();
    let arguments = json!({
        "token": TOKEN,
        "nested": [PASSWORD, {PASSWORD: "a \"quoted\" \\ text"}, 12345678, 0.1, null, ""],
        "twin": "hf_aBcDeFgHiJkLmNoPqRst",
        "arguments": "arguments",
    });
    let start = CallStart {
        tool: "arguments".to_owned(),
        arguments,
        ..CallStart::default()
    };
    let written = journal.append(Entry::of(call, start)).unwrap();
    journal
        .append(say(&json!({"t": TOKEN, "p": PASSWORD}).to_string()))
        .unwrap();
    drop(journal);

    let bytes = fs::read_to_string(&path).unwrap();
    for value in [TOKEN, PASSWORD, r#"s\"w+o\\rd"#] {
        assert!(!bytes.contains(value), "{value}");
    }
    assert_eq!(verify(&path).unwrap().session.id, "s [secret:pin]");
    let read: Vec<_> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
    let Data::CallStart(start) = &read[1].entry.data else {
        panic!("{:?}", read[1])
    };
    assert_eq!(read[1].hash, written.hash);
    assert_eq!(start.tool, "[secret:field]");
    assert_eq!(
        start.arguments.to_string(),
        concat!(
            r#"{"token":"[secret:HF_TOKEN]","#,
            r#""nested":["[secret:password]",{"[secret:password]":"a \"quoted\" \\ text"},12345678,0.1,null,""],"#,
            r#""twin":"hf_aBcDeFgHiJkLmNoPqRst","arguments":"[secret:field]"}"#
        )
    );
    assert_eq!(
        read[2].entry,
        say(r#"{"t":"[secret:HF_TOKEN]","p":"[secret:password]"}"#)
    );
}

/// A secret of hexadecimal digits must not tear the chain where a hash happens to hold it.
#[test]
fn hashes_are_not_redacted() {
    let (_directory, path) = place();
    let mut journal =
        Journal::create_at(&path, common::header(), Redactor::none(), clock()).unwrap();
    let head = journal.append(say("x")).unwrap().hash.to_string();
    drop(journal);
    let redactor = Redactor::new([secret("hex", &head)]).unwrap();
    let mut journal = Journal::open_at(&path, redactor, clock()).unwrap();
    journal.append(say(&head)).unwrap();
    drop(journal);
    let last = Reader::open(&path).unwrap().last().unwrap().unwrap();
    assert_eq!(last.entry, say("[secret:hex]"));
}
