//! What a text changes of the one that is there: how many lines, and the first of them.

use similar::{ChangeTag, TextDiff};

use crate::words::{fenced, start};

/// Bytes of either text: more is not compared line by line.
pub(crate) const LARGEST: usize = 256 << 10;
/// Lines that are shown.
const LINES: usize = 40;
/// Characters of a line.
const WIDTH: usize = 200;

/// What changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    /// The first changes, as a fenced unified diff.
    pub(crate) shown: String,
}

/// The lines that go and those that come.
pub(crate) fn between(old: &str, new: &str) -> Changed {
    let diff = TextDiff::from_lines(old, new);
    let (mut added, mut removed) = (0, 0);
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Insert => added += 1,
            ChangeTag::Delete => removed += 1,
            ChangeTag::Equal => {}
        }
    }
    let mut unified = diff.unified_diff();
    let text = unified
        .context_radius(1)
        .missing_newline_hint(false)
        .to_string();
    let all = text.lines().count();
    let mut lines: Vec<String> = text
        .lines()
        .take(LINES)
        .map(|line| start(line, WIDTH))
        .collect();
    if all > LINES {
        lines.push(format!("[{} more lines of the diff]", all - LINES));
    }
    Changed {
        added,
        removed,
        shown: fenced("diff", &lines.join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_the_first_are_shown() {
        let found = between("a\nb\nc\n", "a\nx\nc\nd\n");
        assert_eq!((found.added, found.removed), (2, 1));
        assert_eq!(
            found.shown,
            "```diff\n@@ -1,3 +1,4 @@\n a\n-b\n+x\n c\n+d\n```"
        );
        let long: String = (0..100).map(|n| format!("{n}\n")).collect();
        let found = between("", &long);
        assert_eq!((found.added, found.removed), (100, 0));
        assert!(
            found.shown.ends_with("[61 more lines of the diff]\n```"),
            "{}",
            found.shown
        );
    }
}
