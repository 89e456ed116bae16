use bytes::Bytes;

use super::*;

/// One header a line.
fn headers(text: &str) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        map.append(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    map
}

fn kept(text: &str, initial_age: u64) -> Kept {
    Kept {
        headers: headers(text),
        received: from_seconds(1_000).unwrap(),
        initial_age,
        body: Bytes::from_static(b"body"),
    }
}

#[test]
fn requests_for_the_cache() {
    let table = [
        ("", true),
        ("accept: */*", true),
        ("cache-control: no-cache", true),
        ("cache-control: no-store", false),
        ("cache-control: max-age=0, No-Store", false),
        ("range: bytes=0-1", false),
        ("if-none-match: \"x\"", false),
        ("if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT", false),
    ];
    for (text, expected) in table {
        assert_eq!(may_ask(&headers(text)), expected, "{text}");
    }
}

#[test]
fn answers_that_are_kept() {
    let with = |text: &str| format!("content-length: 4\netag: \"x\"\n{text}");
    let table = [
        (200, with(""), true),
        (200, "content-length: 4\nlast-modified: x".to_owned(), true),
        (
            200,
            "content-length: 4\ncache-control: max-age=1".to_owned(),
            true,
        ),
        (
            200,
            "transfer-encoding: chunked\netag: \"x\"".to_owned(),
            true,
        ),
        (200, with("cache-control: private, no-cache"), true),
        (200, with("vary: accept, x-y"), true),
        // Not to be used again.
        (200, "content-length: 4".to_owned(), false),
        (
            200,
            "content-length: 4\ncache-control: max-age=0".to_owned(),
            false,
        ),
        (200, "content-length: 4\nexpires: x".to_owned(), false),
        // Perhaps not complete.
        (200, "etag: \"x\"".to_owned(), false),
        // Forbidden.
        (200, with("cache-control: no-store"), false),
        (
            200,
            with("cache-control: max-age=9\ncache-control: NO-STORE"),
            false,
        ),
        (200, with("set-cookie: a=b"), false),
        (200, with("vary: *"), false),
        (200, with("vary: accept, *"), false),
        // Other statuses.
        (203, with(""), false),
        (206, with(""), false),
        (301, with(""), false),
        (404, with(""), false),
        (429, with("cache-control: max-age=9"), false),
        (503, with("cache-control: max-age=9"), false),
    ];
    for (status, text, expected) in table {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(
            may_keep(status, &headers(&text)),
            expected,
            "{status} {text}"
        );
    }
}

#[test]
fn ages() {
    let at = |seconds| from_seconds(seconds).unwrap();
    let table = [
        // asked, received, headers, age
        (10, 10, "", 0),
        (10, 12, "", 2),
        (10, 12, "age: 5", 7),
        (10, 12, "age: 18446744073709551615", LONGEST + 2),
        (10, 12, "age: -1", 2),
        // The clock of the server counts where it makes the answer older.
        (
            784_111_777,
            784_111_787,
            "date: Sun, 06 Nov 1994 08:49:30 GMT",
            17,
        ),
        (
            784_111_777,
            784_111_787,
            "date: Sun, 06 Nov 1994 08:59:37 GMT",
            10,
        ),
        (784_111_777, 784_111_787, "date: long ago", 10),
        // A clock that went back.
        (12, 10, "age: 1", 1),
    ];
    for (asked, received, text, expected) in table {
        assert_eq!(
            initial_age(&headers(text), at(asked), at(received)),
            expected,
            "{asked} {received} {text}"
        );
    }
}

#[test]
fn fresh_and_not() {
    let table = [
        // answer, its age when it came (at 1000), request, now, fresh
        ("cache-control: max-age=60", 0, "", 1_000, true),
        ("cache-control: max-age=60", 0, "", 1_059, true),
        ("cache-control: max-age=60", 0, "", 1_060, false),
        ("cache-control: max-age=60", 59, "", 1_000, true),
        ("cache-control: max-age=60", 60, "", 1_000, false),
        ("Cache-Control: Private, Max-Age=\"60\"", 0, "", 1_000, true),
        (
            "cache-control: max-age=99999999999999999999",
            0,
            "",
            1_000,
            true,
        ),
        ("cache-control: max-age=60, max-age=1", 0, "", 1_001, false),
        ("cache-control: max-age=-60", 0, "", 1_000, false),
        ("cache-control: max-age=6x", 0, "", 1_000, false),
        ("cache-control: s-maxage=60", 0, "", 1_000, false),
        ("cache-control: max-age=60, no-cache", 0, "", 1_000, false),
        (
            "cache-control: max-age=60, no-cache=\"x\"",
            0,
            "",
            1_000,
            false,
        ),
        (
            "expires: Sun, 06 Nov 2994 08:49:37 GMT",
            0,
            "",
            1_000,
            false,
        ),
        ("etag: \"x\"", 0, "", 1_000, false),
        // What the request wants.
        (
            "cache-control: max-age=60",
            0,
            "cache-control: no-cache",
            1_000,
            false,
        ),
        (
            "cache-control: max-age=60",
            5,
            "cache-control: max-age=5",
            1_000,
            true,
        ),
        (
            "cache-control: max-age=60",
            5,
            "cache-control: max-age=5",
            1_001,
            false,
        ),
        // The clock went back.
        ("cache-control: max-age=60", 0, "", 999, false),
    ];
    for (answer, age, request, now, expected) in table {
        assert_eq!(
            is_fresh(
                &kept(answer, age),
                &headers(request),
                from_seconds(now).unwrap()
            ),
            expected,
            "{answer} {age} {request} {now}"
        );
    }
}

#[test]
fn not_modified() {
    let table = [
        // kept, 304, whether it is about what is kept
        ("etag: \"x\"", "etag: \"x\"", true),
        ("etag: \"x\"", "etag: W/\"x\"", true),
        ("etag: \"x\"", "", true),
        ("etag: \"x\"", "etag: \"y\"", false),
        ("last-modified: x", "etag: \"y\"", false),
        ("last-modified: x", "last-modified: x", true),
        ("last-modified: x", "last-modified: y", false),
    ];
    for (answer, head, expected) in table {
        assert_eq!(
            validates(&kept(answer, 0), &headers(head)),
            expected,
            "{answer} {head}"
        );
    }
}

#[test]
fn what_a_304_changes() {
    let now = from_seconds(2_000).unwrap();
    let table = [
        // kept, 304, kept then, what is done
        ("etag: \"x\"\nage: 9", "", "etag: \"x\"", Again::Touch),
        (
            "etag: \"x\"",
            "cache-control: max-age=9",
            "etag: \"x\"\ncache-control: max-age=9",
            Again::Write,
        ),
        (
            "cache-control: max-age=9\netag: \"x\"\nlink: a\nlink: b",
            "link: c\nlink: d\nage: 1",
            "cache-control: max-age=9\netag: \"x\"\nlink: c\nlink: d\nage: 1",
            Again::Write,
        ),
        (
            "content-encoding: identity\netag: \"x\"",
            "content-encoding: gzip\ncontent-length: 0\nset-cookie: a=b\nconnection: close",
            "content-encoding: identity\netag: \"x\"",
            Again::Touch,
        ),
        (
            "etag: \"x\"",
            "cache-control: no-store",
            "etag: \"x\"\ncache-control: no-store",
            Again::Remove,
        ),
        (
            "etag: \"x\"",
            "vary: accept",
            "etag: \"x\"\nvary: accept",
            Again::Remove,
        ),
    ];
    for (answer, head, expected, what) in table {
        let (found, again) = updated(&kept(answer, 100), &headers(head), now, now);
        assert_eq!(found.headers, headers(expected), "{answer} {head}");
        assert_eq!(again, what, "{answer} {head}");
        assert_eq!((found.received, &found.body[..]), (now, b"body".as_slice()));
    }
}

#[test]
fn headers_that_are_kept_and_served() {
    let answer = headers(
        "connection: close, X-Hop\nx-hop: 1\ntransfer-encoding: chunked\nkeep-alive: 5\ncontent-length: 9\n\
         content-type: a\nlink: b\nlink: c\nage: 3",
    );
    let one = Kept {
        headers: kept_headers(&answer),
        ..kept("", 3)
    };
    assert_eq!(
        one.headers,
        headers("content-type: a\nlink: b\nlink: c\nage: 3")
    );
    assert_eq!(
        served(&one, from_seconds(1_007).unwrap()),
        headers("content-type: a\nlink: b\nlink: c\nage: 10\ncontent-length: 4")
    );
}
