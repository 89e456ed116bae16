//! Patterns of paths, as `huggingface_hub` reads them (Python's `fnmatchcase`).
//!
//! | pattern | takes |
//! | --- | --- |
//! | `*.bin` | `a.bin`, `x/a.bin`: `*` is any characters, slashes too |
//! | `data/` | everything below `data/`, as `data/*` |
//! | `?` | any one character |
//! | `[ab]`, `[a-c]`, `[!a]` | one character of a set, or none of it |
//! | `README.md` | that path only |

/// Whether a path is one of those that a pattern takes.
pub(crate) fn takes(pattern: &str, path: &str) -> bool {
    let folder;
    let pattern = if pattern.ends_with('/') {
        folder = format!("{pattern}*");
        &folder
    } else {
        pattern
    };
    let pattern: Vec<char> = pattern.trim_start_matches("./").chars().collect();
    let path: Vec<char> = path.chars().collect();
    matches(&pattern, &path)
}

/// Whether a path is taken by one of the patterns; where there are none, it is.
pub(crate) fn any(patterns: &[String], path: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| takes(pattern, path))
}

/// Goes back to the last star only, so its time is the product of the two lengths at most.
fn matches(pattern: &[char], path: &[char]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&character) = path.get(here) {
        if pattern.get(at) == Some(&'*') {
            star = Some((at + 1, here));
            at += 1;
            continue;
        }
        if let Some(length) = one(pattern.get(at..).unwrap_or_default(), character) {
            at += length;
            here += 1;
            continue;
        }
        let Some((after, taken)) = star else {
            return false;
        };
        star = Some((after, taken + 1));
        (at, here) = (after, taken + 1);
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|character| *character == '*'))
}

/// The length of the pattern's first part, if it takes the character.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern.first()? {
        '?' => Some(1),
        '[' => match set(pattern, character) {
            // A bracket that is never closed is itself.
            None => (character == '[').then_some(1),
            Some((taken, length)) => taken.then_some(length),
        },
        first => (*first == character).then_some(1),
    }
}

/// Whether a set takes the character, and how long it is; none where it has no end.
fn set(pattern: &[char], character: char) -> Option<(bool, usize)> {
    let none_of = pattern.get(1) == Some(&'!');
    let first = if none_of { 2 } else { 1 };
    // A bracket that comes first is one of the set.
    let end = pattern
        .iter()
        .skip(first + 1)
        .position(|character| *character == ']')?
        + first
        + 1;
    let members = pattern.get(first..end)?;
    let mut found = false;
    let mut rest = members;
    loop {
        rest = match rest {
            [from, '-', to, rest @ ..] => {
                found |= (*from..=*to).contains(&character);
                rest
            }
            [member, rest @ ..] => {
                found |= *member == character;
                rest
            }
            [] => break,
        };
    }
    Some((found != none_of, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_what_the_table_says() {
        let table = [
            ("*.bin", "a.bin", true),
            ("*.bin", "x/a.bin", true),
            ("*.bin", "a.bin.txt", false),
            ("data/", "data/x/y", true),
            ("data/", "data", false),
            ("data", "data/x", false),
            ("./a", "a", true),
            ("**", "any/thing", true),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[ab].txt", "b.txt", true),
            ("[!ab].txt", "b.txt", false),
            ("[a-c]*", "cx", true),
            ("[]]x", "]x", true),
            ("[x", "[x", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("ünï*", "ünïcode", true),
            ("README.md", "README.md", true),
            ("README.md", "docs/README.md", false),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(takes(pattern, path), expected, "{pattern} {path}");
        }
        let long = "a".repeat(2_000);
        assert!(!takes(&"*a".repeat(500), &format!("{long}b")));
        assert!(any(&[], "x"));
        assert!(!any(&["y".into()], "x"));
    }
}
