//! Where a piece of text is; and where it is not, what comes nearest.
//!
//! Only an exact piece is ever taken. A piece that differs in white space or in look-alike characters is shown, so that
//! it can be asked for exactly.

use std::collections::BTreeMap;

use crate::text::line_number;

/// Bytes of a text that is searched for what comes nearest.
const LARGEST: usize = 4 << 20;
/// Places that are shown.
const PLACES: usize = 3;
/// Characters of a place that are shown.
const SHOWN: usize = 2_000;
/// Lines that are listed.
const LISTED: usize = 10;

/// Every place of the needle, from the start, none overlapping another.
pub(crate) fn all(text: &str, needle: &str) -> Vec<(usize, usize)> {
    text.match_indices(needle)
        .map(|(start, found)| (start, start + found.len()))
        .collect()
}

/// The lines of all places, overlapping ones too: `aa` is in `aaa` twice.
pub(crate) fn lines_of_all(text: &str, needle: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let (mut counted, mut line, mut from) = (0, 1, 0);
    while let Some(offset) = text.get(from..).and_then(|rest| rest.find(needle)) {
        let start = from + offset;
        line += line_number(
            text.get(counted..start).unwrap_or_default(),
            start - counted,
        ) - 1;
        counted = start;
        lines.push(line);
        from = start
            + text
                .get(start..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8);
    }
    lines
}

/// `line 3`, or `lines 3, 8 and 12`, or the first of them and how many more.
pub(crate) fn list(lines: &[usize]) -> String {
    let mut distinct = lines.to_vec();
    distinct.dedup();
    match distinct.as_slice() {
        [line] => format!("line {line}"),
        [some @ .., last] if some.len() <= LISTED => {
            let some: Vec<_> = some.iter().map(usize::to_string).collect();
            format!("lines {} and {last}", some.join(", "))
        }
        many => {
            let some: Vec<_> = many.iter().take(LISTED).map(usize::to_string).collect();
            format!(
                "lines {} and {} more",
                some.join(", "),
                many.len() - some.len()
            )
        }
    }
}

/// Why the needle, which is not in the text, is not there: in sentences for the model.
pub(crate) fn nearest(text: &str, needle: &str) -> String {
    if text.len() > LARGEST {
        return "The file is too large to say what comes nearest: find the place with bash (grep -n) or python.".into();
    }
    let bones = skeleton(needle);
    if bones.is_empty() {
        return "It is only white space, and not the file's.".into();
    }
    let alike = alike(text, needle, &bones);
    if !alike.is_empty() {
        return alike;
    }
    best_alignment(text, needle)
        .or_else(|| nearest_line(text, needle))
        .unwrap_or_else(|| "Nothing in the file comes near it: read the file again.".into())
}

/// What a character stands for when white space and typography are ignored; none for those without a shape.
fn shape(character: char) -> Option<char> {
    Some(match character {
        // Zero width: space, non-joiner, joiner, word joiner, no-break space.
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => return None,
        space if space.is_whitespace() => return None,
        // Hyphens, dashes and the minus sign.
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        other => other,
    })
}

fn skeleton(text: &str) -> String {
    text.chars().filter_map(shape).collect()
}

/// The places whose skeleton is the needle's, shown as they are in the file.
fn alike(text: &str, needle: &str, bones: &str) -> String {
    let skeleton_of_text = skeleton(text);
    let length = bones.chars().count();
    let mut matches = skeleton_of_text.match_indices(bones);
    let mut said = String::new();
    for (at, _) in matches.by_ref().take(PLACES) {
        let before = skeleton_of_text
            .get(..at)
            .unwrap_or_default()
            .chars()
            .count();
        let (start, end) = place(text, needle, before, length);
        let exact = text.get(start..end).unwrap_or_default();
        let (first, last) = (
            line_number(text, start),
            line_number(text, end.saturating_sub(1).max(start)),
        );
        let lines = if first == last {
            format!("Line {first} differs")
        } else {
            format!("Lines {first} to {last} differ")
        };
        let separator = if said.is_empty() { "" } else { "\n" };
        said.push_str(&format!(
            "{separator}{lines} only in white space or look-alike characters{}. The exact text there is:\n{}",
            first_difference(exact, needle, first),
            shorten(exact)
        ));
    }
    match matches.count() {
        0 => {}
        more => said.push_str(&format!("\nand {more} more such places")),
    }
    said
}

/// The place of `length` shapes after `before` shapes, with the white space around it if the needle has some there.
fn place(text: &str, needle: &str, before: usize, length: usize) -> (usize, usize) {
    let mut shapes = text
        .char_indices()
        .filter(|(_, character)| shape(*character).is_some())
        .skip(before);
    let start = shapes.next().map_or(0, |(at, _)| at);
    let end = match length {
        1 => {
            start
                + text
                    .get(start..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8)
        }
        _ => shapes
            .nth(length - 2)
            .map_or(text.len(), |(at, character)| at + character.len_utf8()),
    };
    let shapeless =
        |character: Option<char>| character.is_some_and(|character| shape(character).is_none());
    let blank = |character: char| shape(character).is_none() && character != '\n';
    let (head, tail) = (
        text.get(..start).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    let start = match shapeless(needle.chars().next()) {
        true => head.trim_end_matches(blank).len(),
        false => start,
    };
    let end = match shapeless(needle.chars().next_back()) {
        true => {
            let blanks = tail.len() - tail.trim_start_matches(blank).len();
            let line_break = needle.ends_with('\n')
                && tail
                    .get(blanks..)
                    .is_some_and(|rest| rest.starts_with('\n'));
            end + blanks + usize::from(line_break)
        }
        false => end,
    };
    (start, end)
}

/// Where the exact text and the needle first part.
fn first_difference(exact: &str, needle: &str, line: usize) -> String {
    let same = exact
        .chars()
        .zip(needle.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let line = line
        + exact
            .chars()
            .take(same)
            .filter(|character| *character == '\n')
            .count();
    let (there, here) = (exact.chars().nth(same), needle.chars().nth(same));
    format!(
        ", first on line {line}: {} where old_str has {}",
        name(there),
        name(here)
    )
}

/// A character, named so that it can be told from its look-alikes.
fn name(character: Option<char>) -> String {
    match character {
        None => "nothing".into(),
        Some(' ') => "a space".into(),
        Some('\t') => "a tab".into(),
        Some('\n') => "a line break".into(),
        Some(other) if other.is_ascii_graphic() => format!("`{other}`"),
        Some(other) if shape(other).is_none() => format!("U+{:04X}", u32::from(other)),
        Some(other) => format!("`{other}` (U+{:04X})", u32::from(other)),
    }
}

/// The place where most lines of the needle agree with the file's, if any does.
fn best_alignment(text: &str, needle: &str) -> Option<String> {
    let wanted: Vec<&str> = needle.lines().collect();
    let shapes_wanted: Vec<String> = wanted.iter().map(|line| skeleton(line)).collect();
    let mut by_shape: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, shape) in shapes_wanted
        .iter()
        .enumerate()
        .filter(|(_, shape)| !shape.is_empty())
    {
        by_shape.entry(shape).or_default().push(index);
    }
    let lines: Vec<&str> = text.lines().collect();
    // How many lines agree if the needle's first line were at this line of the file.
    let mut agreeing: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        for index in by_shape.get(skeleton(line).as_str()).into_iter().flatten() {
            if let Some(start) = at.checked_sub(*index) {
                *agreeing.entry(start).or_default() += 1;
            }
        }
    }
    let (start, agree) = agreeing
        .into_iter()
        .max_by_key(|(start, agree)| (*agree, usize::MAX - start))?;
    let (index, want) = wanted.iter().enumerate().find(|(index, _)| {
        lines.get(start + index).map(|line| skeleton(line)).as_ref() != shapes_wanted.get(*index)
    })?;
    let of = shapes_wanted
        .iter()
        .filter(|shape| !shape.is_empty())
        .count();
    let line = start + index + 1;
    let there = match lines.get(start + index) {
        Some(there) => format!("line {line} of the file is:\n{}", shorten(there)),
        None => format!("the file ends before line {line}"),
    };
    Some(format!(
        "It comes nearest at line {}, where {agree} of its {of} lines agree. The first that does not: {there}\nwhere old_str has:\n{}",
        start + 1,
        shorten(want)
    ))
}

/// The line that has most in common, at its start and its end, with the needle's longest line: at least half.
fn nearest_line(text: &str, needle: &str) -> Option<String> {
    let wanted: Vec<char> = skeleton(needle.lines().max_by_key(|line| line.len())?)
        .chars()
        .collect();
    let score = |line: &str| {
        let line: Vec<char> = skeleton(line).chars().collect();
        let start = line.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
        let rest = line.len().min(wanted.len()) - start;
        let end = line
            .iter()
            .rev()
            .zip(wanted.iter().rev())
            .take(rest)
            .take_while(|(a, b)| a == b)
            .count();
        (start + end, line.len().max(wanted.len()))
    };
    let scored = text
        .lines()
        .enumerate()
        .map(|(index, line)| (score(line), index, line));
    // The higher share wins; of equals, the first.
    let ((common, longest), index, line) = scored.reduce(|best, next| {
        let ((common, longest), (next_common, next_longest)) = (best.0, next.0);
        if next_common * longest > common * next_longest {
            next
        } else {
            best
        }
    })?;
    (common * 2 >= longest && common > 0).then(|| {
        format!(
            "It comes nearest at line {}, which is:\n{}",
            index + 1,
            shorten(line)
        )
    })
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!(
            "{}... [cut: read the file]",
            text.get(..end).unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_with_and_without_overlap() {
        assert_eq!(all("aaa", "aa"), [(0, 2)]);
        assert_eq!(lines_of_all("aaa", "aa"), [1, 1]);
        assert_eq!(lines_of_all("é\né é\n\né", "é"), [1, 2, 2, 4]);
        assert_eq!(lines_of_all("a", "b"), Vec::<usize>::new());
    }

    #[test]
    fn lines_are_listed() {
        assert_eq!(list(&[3]), "line 3");
        assert_eq!(list(&[3, 3]), "line 3");
        assert_eq!(list(&[3, 4]), "lines 3 and 4");
        assert_eq!(list(&[3, 4, 9]), "lines 3, 4 and 9");
        assert_eq!(
            list(&(1..=11).collect::<Vec<_>>()),
            "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 11"
        );
        assert_eq!(
            list(&(1..=13).collect::<Vec<_>>()),
            "lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 3 more"
        );
    }

    #[test]
    fn what_differs_in_white_space_or_typography_is_shown_exactly() {
        let only = "only in white space or look-alike characters";
        // The text, the needle, the lines, the first difference, and the exact text.
        let table = [
            (
                "x\n    a = 1\n",
                "\ta = 1",
                "Line 2 differs",
                "line 2: a space where old_str has a tab",
                "    a = 1",
            ),
            (
                "if x:\n\ty\n",
                "if x:\n    y",
                "Lines 1 to 2 differ",
                "line 2: a tab where old_str has a space",
                "if x:\n\ty",
            ),
            (
                "a  \nb\n",
                "a\nb",
                "Lines 1 to 2 differ",
                "line 1: a space where old_str has a line break",
                "a  \nb",
            ),
            (
                "say ‘hi’\n",
                "say 'hi'",
                "Line 1 differs",
                "line 1: `‘` (U+2018) where old_str has `'`",
                "say ‘hi’",
            ),
            (
                "a – b\n",
                "a - b",
                "Line 1 differs",
                "line 1: `–` (U+2013) where old_str has `-`",
                "a – b",
            ),
            (
                "a\u{a0}b\n",
                "a b",
                "Line 1 differs",
                "line 1: U+00A0 where old_str has a space",
                "a\u{a0}b",
            ),
            (
                "a\u{200b}b\n",
                "ab",
                "Line 1 differs",
                "line 1: U+200B where old_str has `b`",
                "a\u{200b}b",
            ),
            (
                "f( x )\n",
                "f(x)",
                "Line 1 differs",
                "line 1: a space where old_str has `x`",
                "f( x )",
            ),
            (
                "a \nb",
                "a\n",
                "Line 1 differs",
                "line 1: a space where old_str has a line break",
                "a \n",
            ),
            (
                "x",
                "x\n",
                "Line 1 differs",
                "line 1: nothing where old_str has a line break",
                "x",
            ),
        ];
        for (text, needle, lines, difference, exact) in table {
            let expected =
                format!("{lines} {only}, first on {difference}. The exact text there is:\n{exact}");
            assert_eq!(nearest(text, needle), expected, "{text:?} {needle:?}");
        }
    }

    #[test]
    fn a_few_such_places_are_shown_and_the_rest_counted() {
        let said = nearest(&" a b\n".repeat(5), "a  b");
        assert_eq!(
            said.matches("The exact text there is:\na b").count(),
            PLACES
        );
        assert!(said.ends_with("\nand 2 more such places"), "{said}");
    }

    #[test]
    fn otherwise_the_nearest_place_is_named() {
        let text = "def f(x):\n    y = x + 1\n    return y\n\ndef g(x):\n    return x\n";
        let table = [
            (
                "def f(x):\n    y = x + 2\n    return y",
                "It comes nearest at line 1, where 2 of its 3 lines agree. The first that does not: line 2 of the file \
                 is:\n    y = x + 1\nwhere old_str has:\n    y = x + 2",
            ),
            (
                "    return x\n    pass",
                "It comes nearest at line 6, where 1 of its 2 lines agree. The first that does not: the file ends \
                 before line 7\nwhere old_str has:\n    pass",
            ),
            (
                "y = x + 3",
                "It comes nearest at line 2, which is:\n    y = x + 1",
            ),
            (
                "class Unlike:",
                "Nothing in the file comes near it: read the file again.",
            ),
            ("\t\t", "It is only white space, and not the file's."),
        ];
        for (needle, expected) in table {
            assert_eq!(nearest(text, needle), expected, "{needle:?}");
        }
        assert_eq!(
            nearest("", "x"),
            "Nothing in the file comes near it: read the file again."
        );
    }

    #[test]
    fn long_places_and_large_files_are_bounded() {
        let said = nearest(
            &format!("a {}", "x".repeat(SHOWN)),
            &format!("a  {}", "x".repeat(SHOWN)),
        );
        assert!(said.ends_with("x... [cut: read the file]"), "{said}");
        let large = "The file is too large to say what comes nearest: find the place with bash (grep -n) or python.";
        assert_eq!(nearest(&"x".repeat(LARGEST + 1), "y"), large);
        assert_ne!(nearest(&"x".repeat(LARGEST), "y"), large);
    }
}
