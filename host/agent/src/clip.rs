//! A long output, cut for the model: its head, its tail, and where all of it is.

use crate::Part;

/// How much of an output the model is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Characters of its beginning.
    pub(crate) head: usize,
    /// Characters of its end.
    pub(crate) tail: usize,
}

impl Shown {
    /// Two fifths for the beginning, the rest for the end: what a program says last is what it ended with.
    pub(crate) const fn of(characters: usize) -> Shown {
        let head = characters / 5 * 2;
        Shown {
            head,
            tail: characters.saturating_sub(head),
        }
    }

    /// The longest text that is shown whole, in characters.
    pub(crate) const fn limit(self) -> usize {
        self.head.saturating_add(self.tail)
    }

    /// Whether a text is too long.
    pub(crate) fn exceeded_by(self, text: &str) -> bool {
        // A character has at least one byte, so most texts need not be counted.
        text.len() > self.limit() && text.chars().count() > self.limit()
    }
}

/// The text with its middle left out; as it is where it is short enough. The mark in the middle says how much is missing
/// and where it is.
pub(crate) fn clip(text: &str, shown: Shown, kept: Kept<'_>) -> String {
    if !shown.exceeded_by(text) {
        return text.to_owned();
    }
    let total = text.chars().count();
    let end_of_head = nth(text, shown.head);
    let start_of_tail = nth(text, total.saturating_sub(shown.tail));
    let head = text.get(..end_of_head).unwrap_or_default();
    let tail = text.get(start_of_tail..).unwrap_or_default();
    let missing = total.saturating_sub(shown.limit());
    format!("{head}\n[… {missing} of {total} characters left out; {kept} …]\n{tail}")
}

/// Where the n-th character begins.
fn nth(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// Where the whole of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept<'a> {
    /// In a file that tools can read.
    File(&'a str),
    /// In the journal alone.
    Journal,
}

impl std::fmt::Display for Kept<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kept::File(path) => write!(f, "all of it is in {path}, to be read in parts"),
            Kept::Journal => {
                f.write_str("all of it is in the session's journal, which tools cannot read")
            }
        }
    }
}

/// The text of all parts together, where it is too long.
pub(crate) fn too_long(parts: &[Part], shown: Shown) -> Option<String> {
    let texts = || {
        parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        })
    };
    let bytes: usize = texts().map(str::len).sum();
    if bytes <= shown.limit() {
        return None;
    }
    let all = texts().collect::<Vec<_>>().join("\n");
    shown.exceeded_by(&all).then_some(all)
}

/// The parts with their text cut; pictures and links stay.
pub(crate) fn clip_parts(parts: &[Part], shown: Shown, kept: Kept<'_>) -> Vec<Part> {
    let Some(all) = too_long(parts, shown) else {
        return parts.to_vec();
    };
    let others = parts
        .iter()
        .filter(|part| !matches!(part, Part::Text { .. }))
        .cloned();
    std::iter::once(Part::text(clip(&all, shown, kept)))
        .chain(others)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: Shown = Shown { head: 2, tail: 3 };

    #[test]
    fn heads_and_tails() {
        let file = Kept::File("/workspace/out.txt");
        let table = [
            ("", file, ""),
            ("abcde", file, "abcde"),
            ("äöüßé", file, "äöüßé"),
            (
                "abcdef",
                file,
                "ab\n[… 1 of 6 characters left out; all of it is in /workspace/out.txt, to be read in parts …]\ndef",
            ),
            (
                "äöüßéñ",
                Kept::Journal,
                "äö\n[… 1 of 6 characters left out; all of it is in the session's journal, which tools cannot read …]\nßéñ",
            ),
        ];
        for (text, kept, shown) in table {
            assert_eq!(clip(text, SHOWN, kept), shown);
        }
        assert_eq!(
            Shown::of(25_000),
            Shown {
                head: 10_000,
                tail: 15_000
            }
        );
        assert_eq!(Shown::of(0).limit(), 0);
    }

    #[test]
    fn parts() {
        let image = Part::Image {
            mime: "image/png".into(),
            bytes: vec![0; 100],
            alt: "a long description".into(),
        };
        let short = [Part::text("ab"), image.clone(), Part::text("cd")];
        assert_eq!(clip_parts(&short, SHOWN, Kept::Journal), short);
        let long = [Part::text("abc"), image.clone(), Part::text("def")];
        assert_eq!(too_long(&long, SHOWN).as_deref(), Some("abc\ndef"));
        let clipped = clip_parts(&long, SHOWN, Kept::File("f"));
        assert_eq!(
            clipped,
            [
                Part::text(
                    "ab\n[… 2 of 7 characters left out; all of it is in f, to be read in parts …]\ndef"
                ),
                image
            ]
        );
    }
}
