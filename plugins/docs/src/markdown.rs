//! The pages' Markdown: a licence is taken out, and headings are found.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// A heading of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heading {
    /// 1 to 6.
    pub(crate) level: usize,
    /// As it reads, without marks.
    pub(crate) title: String,
    /// The name by which a URL's fragment leads to it: the page's own (`[[name]]`), or made of the title.
    pub(crate) anchor: String,
    /// From the heading to the end of what is beneath it: bytes.
    pub(crate) place: Range<usize>,
}

/// The page without the comments that it begins with, its licence among them, and with line ends of one kind.
pub(crate) fn clean(text: &str) -> String {
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    while let Some((_, after)) = rest
        .strip_prefix("<!--")
        .and_then(|rest| rest.split_once("-->"))
    {
        rest = after.trim_start();
    }
    rest.replace("\r\n", "\n")
}

/// The headings of a page, in their order. What looks like one in a block of code is none.
pub(crate) fn headings(text: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let mut open: Option<(usize, Range<usize>, String)> = None;
    for (event, place) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                open = Some((rank(level), place, String::new()));
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, place, said)) = open.take() {
                    let (title, anchor) = named(&said);
                    headings.push(Heading {
                        level,
                        title,
                        anchor,
                        place,
                    });
                }
            }
            Event::Text(part) | Event::Code(part) => {
                if let Some((_, _, title)) = &mut open {
                    title.push_str(&part);
                }
            }
            Event::SoftBreak => {
                if let Some((_, _, title)) = &mut open {
                    title.push(' ');
                }
            }
            _ => {}
        }
    }
    // Each reaches to the next that is not beneath it.
    let mut end_of_level = [text.len(); 7];
    for heading in headings.iter_mut().rev() {
        let end = end_of_level.get(heading.level).copied();
        heading.place.end = end.unwrap_or(text.len());
        for end in end_of_level.iter_mut().skip(heading.level) {
            *end = heading.place.start;
        }
    }
    headings
}

fn rank(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// A heading's title and anchor: `Title[[anchor]]` names its own.
fn named(said: &str) -> (String, String) {
    let said = said.trim();
    if let Some((title, rest)) = said.rsplit_once("[[")
        && let Some(anchor) = rest.strip_suffix("]]")
    {
        return (title.trim().to_owned(), anchor.to_owned());
    }
    (said.to_owned(), slug(said))
}

/// A title as a fragment: lower case, words joined by `-`.
pub(crate) fn slug(title: &str) -> String {
    let plain: String = title
        .to_lowercase()
        .chars()
        .filter(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_'))
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_taken_out() {
        for (text, expected) in [
            ("<!--Copyright\n2024-->\n<!-- b -->\n# A\r\nb\n", "# A\nb"),
            ("a <!-- b --> c", "a <!-- b --> c"),
            ("\u{feff}<!---->b<!--c-->", "b<!--c-->"),
            ("<!-- a", "<!-- a"),
            ("", ""),
        ] {
            assert_eq!(clean(text), expected, "{text}");
        }
    }

    #[test]
    fn headings_reach_to_the_next_that_is_not_beneath() {
        let text = "intro\n# A `b`[[my-anchor]]\n\n## Hello, World! 2\ntext\n```py\n# no heading\n```\n### Deep\nx\n\
                    Under\n-----\ny\n# End\n";
        let found: Vec<(usize, String, String, &str)> = headings(text)
            .into_iter()
            .map(|heading| {
                let place = text.get(heading.place).unwrap();
                let last = place.trim_end().lines().last().unwrap();
                (heading.level, heading.title, heading.anchor, last)
            })
            .collect();
        let row = |level, title: &str, anchor: &str, last| {
            (level, title.to_owned(), anchor.to_owned(), last)
        };
        let expected = [
            row(1, "A b", "my-anchor", "y"),
            row(2, "Hello, World! 2", "hello-world-2", "x"),
            row(3, "Deep", "deep", "x"),
            row(2, "x Under", "x-under", "y"),
            row(1, "End", "end", "# End"),
        ];
        // A setext heading takes the whole paragraph before its line.
        assert_eq!(found.len(), expected.len());
        assert_eq!(found.first(), expected.first());
        assert_eq!(
            found.get(3).map(|row| &row.1),
            expected.get(3).map(|row| &row.1)
        );
        assert_eq!(found.last(), expected.last());
    }
}
