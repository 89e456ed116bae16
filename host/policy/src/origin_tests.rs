use super::OriginProblem::*;
use super::*;

#[test]
fn every_accepted_form_has_one_spelling() {
    let table = [
        ("https://huggingface.co", "https://huggingface.co:443"),
        ("https://huggingface.co:443", "https://huggingface.co:443"),
        ("http://huggingface.co", "http://huggingface.co:80"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("HTTPS://HuggingFace.CO", "https://huggingface.co:443"),
        (
            "https://xn--bcher-kva.example",
            "https://xn--bcher-kva.example:443",
        ),
        ("http://my_service:1", "http://my_service:1"),
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[0:0:0:0:0:0:0:1]", "http://[::1]:80"),
        ("http://[2001:DB8::1]:65535", "http://[2001:db8::1]:65535"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]:80"),
        ("http://1.example", "http://1.example:80"),
        ("http://0xg", "http://0xg:80"),
    ];
    for (written, shown) in table {
        let origin: Origin = written.parse().unwrap();
        assert_eq!(origin.to_string(), shown, "{written}");
        assert_eq!(shown.parse::<Origin>().unwrap(), origin, "{written}");
    }
}

#[test]
fn everything_else_names_the_byte_and_what_was_expected() {
    let table = [
        ("", 0, Scheme),
        ("huggingface.co", 0, Scheme),
        ("ftp://x.y", 0, Scheme),
        ("https:/x.y", 0, Scheme),
        ("https:x.y", 0, Scheme),
        (" https://x.y", 0, Scheme),
        ("wss://x.y", 0, Scheme),
        ("https://", 8, NoHost),
        ("https://:443", 8, NoHost),
        ("https://user@x.y", 12, UserInfo),
        ("https://user:word@x.y", 17, UserInfo),
        ("https://x.y/", 11, AfterOrigin),
        ("https://x.y/path", 11, AfterOrigin),
        ("https://x.y?q", 11, AfterOrigin),
        ("https://x.y#f", 11, AfterOrigin),
        ("https://x.y\\z", 11, AfterOrigin),
        ("https:///x", 8, AfterOrigin),
        ("https://x .y", 9, Blank),
        ("https://x.y\n", 11, Blank),
        ("https://x.y\u{a0}", 11, Blank),
        ("https://x%2ey", 9, Percent),
        ("https://bücher.example", 9, NotAscii),
        ("https://x。y", 9, NotAscii),
        ("https://*.x", 8, Character),
        ("https://x,y", 9, Character),
        ("https://a[b", 9, Character),
        ("https://.x", 8, EmptyLabel),
        ("https://x..y", 10, EmptyLabel),
        ("https://x..", 10, EmptyLabel),
        ("https://.", 8, EmptyLabel),
        ("https://x.y.", 11, TrailingDot),
        ("https://x.y.:443", 11, TrailingDot),
        ("https://-x.y", 8, Hyphen),
        ("https://x.y-", 10, Hyphen),
        ("http://127.1", 7, Ipv4),
        ("http://2130706433", 7, Ipv4),
        ("http://0x7f.0.0.1", 7, Ipv4),
        ("http://0x7f.1", 7, Ipv4),
        ("http://127.0.0.0x1", 7, Ipv4),
        ("http://0X7F000001", 7, Ipv4),
        ("http://0x", 7, Ipv4),
        ("http://0177.0.0.1", 7, Ipv4),
        ("http://127.0.0.01", 7, Ipv4),
        ("http://256.0.0.1", 7, Ipv4),
        ("http://1.2.3.4.5", 7, Ipv4),
        ("http://foo.1", 7, Ipv4),
        ("http://127.0.0.1.", 16, TrailingDot),
        ("http://[::1", 7, Ipv6),
        ("http://[::g]", 7, Ipv6),
        ("http://[]", 7, Ipv6),
        ("http://[127.0.0.1]", 7, Ipv6),
        ("http://[fe80::1%25eth0]", 15, Percent),
        ("http://::1", 7, NoHost),
        ("http://[::1]x", 12, Port),
        ("http://[::1]]", 12, Port),
        ("http://x:0", 9, Port),
        ("http://x:", 9, Port),
        ("http://x:080", 9, Port),
        ("http://x:+80", 9, Character),
        ("http://x:65536", 9, Port),
        ("http://x:80:80", 9, Port),
        ("http://x:8o", 9, Port),
    ];
    for (written, at, problem) in table {
        let error = written.parse::<Origin>().unwrap_err();
        assert_eq!((error.at, error.problem), (at, problem), "{written}");
        assert_eq!(error.text, written);
    }
}

#[test]
fn names_and_labels_are_bounded() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_eq!(longest.len(), 253);
    assert!(Host::from_str(&longest).is_ok());
    assert_eq!(
        Host::from_str(&format!("{longest}a")).unwrap_err().problem,
        LongName
    );
    let error = Host::from_str(&format!("x.{label}a")).unwrap_err();
    assert_eq!((error.at, error.problem), (65, LongLabel));
}

#[test]
fn an_error_quotes_no_more_than_the_beginning() {
    let error = format!("https://{}/", "a".repeat(1000))
        .parse::<Origin>()
        .unwrap_err();
    assert_eq!(error.at, 1008);
    assert_eq!(error.text.len(), 80);
}

#[test]
fn messages() {
    let table = [
        (
            "https://bücher.example",
            "not an origin: \"https://bücher.example\", byte 9: only ASCII is allowed: write an international name in punycode (`xn--…`)",
        ),
        (
            "https://x.y/",
            "not an origin: \"https://x.y/\", byte 11: expected the end: a path, query or fragment is not part of an origin",
        ),
    ];
    for (written, message) in table {
        assert_eq!(written.parse::<Origin>().unwrap_err().to_string(), message);
    }
}

#[test]
fn new_checks_what_reading_checks() {
    let origin = Origin::new(crate::Scheme::Https, "HuggingFace.co", 443).unwrap();
    assert_eq!(origin, "https://huggingface.co".parse().unwrap());
    assert_eq!(origin.scheme(), crate::Scheme::Https);
    assert_eq!(origin.host(), &Host::Name("huggingface.co".to_owned()));
    assert_eq!(origin.port(), 443);
    assert_eq!(
        Origin::new(crate::Scheme::Http, "a/b", 80)
            .unwrap_err()
            .problem,
        AfterOrigin
    );
    assert_eq!(
        Origin::new(crate::Scheme::Http, "a:1", 80)
            .unwrap_err()
            .problem,
        Character
    );
    assert_eq!(
        Origin::new(crate::Scheme::Http, "a", 0)
            .unwrap_err()
            .problem,
        Port
    );
}
