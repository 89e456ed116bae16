use super::PrefixProblem::*;
use super::*;

#[test]
fn a_prefix_covers_whole_segments() {
    let table = [
        ("/", "/", true),
        ("/", "/x/y/", true),
        ("/api", "/api", true),
        ("/api", "/api/", true),
        ("/api", "/api/x", true),
        ("/api", "/apix", false),
        ("/api", "/ap", false),
        ("/api", "/", false),
        ("/api", "/API", false),
        ("/api", "/%61pi/x", true),
        ("/%61pi", "/api", true),
        ("/a%20b", "/a%20b/c", true),
        ("/a%3fb", "/a%3Fb", true),
        ("/@me", "/%40me", true),
        ("/%C3%BC", "/%c3%bc/x", true),
        ("/100%25", "/100%25/x", true),
        ("/api/*/commit", "/api/a/commit", true),
        ("/api/*/commit", "/api/a/commit/main", true),
        ("/api/*/commit", "/api/commit", false),
        ("/api/*/commit", "/api/commit/commit", true),
        ("/api/*/commit", "/api/a/b/commit", false),
        ("/api/*", "/api", false),
        ("/api/*", "/api/", false),
        ("/api/%2a/commit", "/api/a/commit", true),
        ("/*", "/", false),
        ("/*", "/x", true),
        ("/api/a*", "/api/ab", false),
        ("/api/a*", "/api/a*/x", true),
        ("/api", "/api/*", false),
        ("/api/*", "/api/%2A", false),
        ("/api", "/api//x", false),
        ("/api", "/api/../x", false),
        ("/api", "api", false),
        ("/api", "/api?x", false),
    ];
    for (prefix, path, covered) in table {
        let prefix: PathPrefix = prefix.parse().unwrap();
        assert_eq!(prefix.covers(path), covered, "{prefix} {path}");
    }
}

#[test]
fn what_no_rule_can_decide_about_is_refused() {
    let table = [
        ("", 0, NoSlash),
        ("*", 0, NoSlash),
        ("x/y", 0, NoSlash),
        ("http://x/", 0, NoSlash),
        ("//", 1, EmptySegment),
        ("//x", 1, EmptySegment),
        ("/a//b", 3, EmptySegment),
        ("/a//", 3, EmptySegment),
        ("/.", 1, DotSegment),
        ("/a/..", 3, DotSegment),
        ("/a/../b", 3, DotSegment),
        ("/a/./b", 3, DotSegment),
        ("/a/..;x/b", 3, DotSegment),
        ("/a/..%3bx/b", 5, HiddenCharacter),
        ("/a/%2e", 3, HiddenCharacter),
        ("/a/%2E%2e/b", 3, HiddenCharacter),
        ("/a%2fb", 2, HiddenCharacter),
        ("/a%2Fb", 2, HiddenCharacter),
        ("/a%5cb", 2, HiddenCharacter),
        ("/a%5Cb", 2, HiddenCharacter),
        ("/a%00", 2, HiddenCharacter),
        ("/a%0d%0a", 2, HiddenCharacter),
        ("/a%7f", 2, HiddenCharacter),
        ("/%252e", 1, HiddenCharacter),
        ("/%2561", 1, HiddenCharacter),
        ("/%25%36%31", 1, HiddenCharacter),
        ("/a\\b", 2, Backslash),
        ("/a b", 2, Blank),
        ("/a\tb", 2, Blank),
        ("/a\u{7f}", 2, Blank),
        ("/ü", 1, NotAscii),
        ("/a?b", 2, Query),
        ("/a#b", 2, Query),
        ("/%", 1, BadEscape),
        ("/%4", 1, BadEscape),
        ("/%zz", 1, BadEscape),
        ("/%+1", 1, BadEscape),
    ];
    for (path, at, problem) in table {
        let error = check_path(path).unwrap_err();
        assert_eq!((error.at, error.problem), (at, problem), "{path:?}");
    }
}

#[test]
fn neighbours_of_what_is_refused_are_fine() {
    for path in [
        "/",
        "/a/",
        "/a.b",
        "/...",
        "/.a",
        "/a;b",
        "/a/..b",
        "/%20",
        "/%25",
        "/%25x",
        "/a:b@c!$&'()*+,=~",
    ] {
        assert_eq!(check_path(path), Ok(()), "{path}");
    }
}

#[test]
fn an_escaped_slash_has_two_readings() {
    let table = [
        ("/a/b", Ok(("/a/b", None))),
        (
            "/a/refs%2Fpr%2f1",
            Ok(("/a/refs%2Fpr%2F1", Some("/a/refs/pr/1"))),
        ),
        ("/a/x%2Fy/%7e/", Ok(("/a/x%2Fy/~", Some("/a/x/y/~")))),
        ("/a/x%2F%20", Ok(("/a/x%2F%20", Some("/a/x/%20")))),
        ("/a/x%2F", Ok(("/a/x%2F", Some("/a/x")))),
        ("/a/..%2F..%2Fx", Err(DotSegment)),
        ("/a/x%2F..", Err(DotSegment)),
        ("/a/x%2F.%2Fy", Err(DotSegment)),
        ("/a/x%2F%2e%2e", Err(HiddenCharacter)),
        ("/a/x%2F..;y", Err(DotSegment)),
        ("/a/%2Fx", Err(EmptySegment)),
        ("/%2Fx", Err(EmptySegment)),
        ("/a/x%2F%2Fy", Err(EmptySegment)),
        ("/a/x%2F/y", Err(EmptySegment)),
        ("/a%252Fb", Err(HiddenCharacter)),
        ("/a%2Fb%5Cc", Err(HiddenCharacter)),
        ("/a%%2F2Fb", Err(BadEscape)),
        ("/a%2%2FFb", Err(BadEscape)),
        ("a%2Fb", Err(NoSlash)),
        ("%2Fa", Err(NoSlash)),
    ];
    for (path, expected) in table {
        let found = readings(path);
        let found = found
            .as_ref()
            .map(|(one, two)| (one.as_str(), two.as_ref().map(PathPrefix::as_str)))
            .map_err(|error| error.problem);
        assert_eq!(found, expected, "{path}");
        assert_eq!(check_request(path).is_ok(), expected.is_ok(), "{path}");
        // Prefixes, and what else is checked, have none.
        assert_eq!(
            check_path(path).is_ok(),
            !path.contains("%2") && expected.is_ok(),
            "{path}"
        );
    }
}

#[test]
fn a_prefix_has_no_slash_at_its_end() {
    let error = "/api/".parse::<PathPrefix>().unwrap_err();
    assert_eq!((error.at, error.problem), (4, TrailingSlash));
    assert_eq!(
        error.to_string(),
        "not a path to decide about: \"/api/\", byte 4: expected no `/` at the end of a prefix: `/api` covers `/api/` and all below it"
    );
    assert_eq!("/".parse::<PathPrefix>().unwrap(), PathPrefix::root());
}

#[test]
fn the_meet_is_what_both_cover() {
    let table = [
        ("/", "/a", Some("/a")),
        ("/a", "/", Some("/a")),
        ("/a", "/a", Some("/a")),
        ("/a/b", "/a", Some("/a/b")),
        ("/a", "/ab", None),
        ("/a", "/b", None),
        ("/a/*", "/a", Some("/a/*")),
        ("/a/*", "/a/b", Some("/a/b")),
        ("/a/*", "/*/b", Some("/a/b")),
        ("/a/*/c", "/*/b", Some("/a/b/c")),
        ("/a/*", "/b/*", None),
        ("/*", "/*/*", Some("/*/*")),
    ];
    for (one, other, meet) in table {
        let (one, other): (PathPrefix, PathPrefix) = (one.parse().unwrap(), other.parse().unwrap());
        assert_eq!(one.meet(&other).as_ref().map(PathPrefix::as_str), meet);
        assert_eq!(other.meet(&one).as_ref().map(PathPrefix::as_str), meet);
    }
}

proptest::proptest! {
    #[test]
    fn the_one_spelling_is_stable(path in "/[a-d%25;/.?6 1]{0,12}") {
        if let Ok(normal) = normalise(&path) {
            proptest::prop_assert_eq!(normalise(&normal), Ok(Cow::Borrowed(&*normal)));
        }
    }
}
