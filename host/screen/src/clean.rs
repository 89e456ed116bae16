//! Untrusted text, made harmless.
//!
//! There are two ways. [`Cleaner`], [`text`] and [`line()`] are for what a person reads: escape sequences go, other controls
//! become a mark. [`reveal`] is for what a person approves: nothing goes, each such character is shown by its number.
//!
//! | what | read | approved |
//! | --- | --- | --- |
//! | escape sequences (ECMA-48): CSI, OSC, DCS, SOS, PM, APC and the short ones, in their 7 and 8 bit forms | removed; a string ends at the end of its line at the latest | each control shown |
//! | `\n`, `\r\n`, a lone `\r`, U+0085, U+2028, U+2029 | a new line | `\n` and `\r\n` a new line, others shown |
//! | tab | four spaces | four spaces |
//! | other controls (C0, DEL, C1) | `·` | shown |
//! | bidirectional controls, invisible format characters, fillers, tags, variation selectors, noncharacters | removed | shown |
//! | U+200C, U+200D after a letter outside ASCII, where scripts need them | kept | shown |
//! | more than eight combining characters in a row | the eight | shown |

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// What a control character is shown as.
const MARK: char = '·';
/// What a tab is shown as: its width depends on the column otherwise.
const TAB: &str = "    ";
/// Combining characters that one character may carry.
const COMBINING: u8 = 8;

/// Where a [`Cleaner`] is in an escape sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// After ESC.
    Escape,
    /// After ESC and intermediate bytes: one final byte is to come.
    Intermediate,
    /// In a control sequence: parameters and intermediates up to a final byte.
    Control,
    /// In a string that ends with ST, or BEL.
    String,
    /// In a string, after ESC.
    StringEscape,
}

/// Makes text harmless that comes in pieces: what is given out does not depend on how it was split.
#[derive(Debug, Clone)]
pub struct Cleaner {
    state: State,
    /// Whether the last character was a carriage return, so that a line feed belongs to it.
    carriage: bool,
    /// The last character that was given out.
    last: char,
    combining: u8,
}

impl Default for Cleaner {
    fn default() -> Cleaner {
        Cleaner {
            state: State::Text,
            carriage: false,
            last: '\n',
            combining: 0,
        }
    }
}

impl Cleaner {
    /// The next piece. Lines in what comes back end with `\n`.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for c in piece.chars() {
            self.one(c, &mut out);
        }
        out
    }

    fn one(&mut self, c: char, out: &mut String) {
        let after_carriage = std::mem::take(&mut self.carriage);
        self.state = match (self.state, c) {
            // A line's end ends everything: no sequence can hide more than the rest of its line.
            (_, '\n') if after_carriage => State::Text,
            (_, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') => {
                self.carriage = c == '\r';
                self.put('\n', out);
                State::Text
            }
            // CAN and SUB break a sequence off.
            (State::Text, '\u{18}' | '\u{1a}') => {
                self.put(MARK, out);
                State::Text
            }
            (_, '\u{18}' | '\u{1a}') => State::Text,
            (State::String | State::StringEscape, '\u{7}' | '\u{9c}')
            | (State::StringEscape, '\\') => State::Text,
            (State::String | State::StringEscape, '\u{1b}') => State::StringEscape,
            (State::String | State::StringEscape, _) => State::String,
            (_, '\u{1b}') => State::Escape,
            (_, '\u{9b}') | (State::Escape, '[') => State::Control,
            (_, '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}')
            | (State::Escape, ']' | 'P' | 'X' | '^' | '_') => State::String,
            (State::Escape | State::Intermediate, ' '..='/') => State::Intermediate,
            (State::Escape | State::Intermediate, '0'..='~') => State::Text,
            (State::Control, ' '..='?') => State::Control,
            (State::Control, '@'..='~') => State::Text,
            // Controls inside a sequence do what they do, and the sequence goes on.
            (state @ (State::Escape | State::Intermediate | State::Control), c)
                if c < ' ' || c == '\u{7f}' =>
            {
                state
            }
            // Anything else cannot be part of a sequence: it is text again.
            (_, c) => {
                self.shown(c, out);
                State::Text
            }
        };
    }

    /// A character outside of sequences.
    fn shown(&mut self, c: char, out: &mut String) {
        match c {
            '\t' => {
                out.push_str(TAB);
                self.last = ' ';
                self.combining = 0;
            }
            c if c.is_control() => self.put(MARK, out),
            '\u{200c}' | '\u{200d}' if self.last.is_alphabetic() && !self.last.is_ascii() => {
                self.put(c, out);
            }
            c if is_hidden(c) => {}
            c => self.put(c, out),
        }
    }

    fn put(&mut self, c: char, out: &mut String) {
        if c != '\n' && c.width() == Some(0) {
            if self.combining == COMBINING {
                return;
            }
            self.combining += 1;
            out.push(c);
            // A joiner does not follow a joiner, but a letter with its marks is still a letter.
            if matches!(c, '\u{200c}' | '\u{200d}') {
                self.last = c;
            }
            return;
        }
        self.combining = 0;
        self.last = c;
        out.push(c);
    }
}

/// Whether a character shows nothing, and hides, joins or reorders what is around it.
fn is_hidden(c: char) -> bool {
    matches!(c,
        // Soft hyphen, grapheme joiner, Arabic letter mark, fillers, Khmer inherent vowels, Mongolian selectors.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Zero width, directional marks, embeddings and overrides, invisible operators, isolates, deprecated ones.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Shorthand and musical format controls; tags and selectors, which can carry whole messages.
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// A whole text made harmless. Its lines end with `\n`.
#[must_use]
pub fn text(untrusted: &str) -> String {
    Cleaner::default().push(untrusted)
}

/// A text made harmless, in one line: line breaks are spaces, none at its ends.
#[must_use]
pub fn line(untrusted: &str) -> String {
    text(untrusted).trim_matches('\n').replace('\n', " ")
}

/// A text of which nothing is hidden, for what a person approves: characters that a terminal would not show as
/// themselves are shown as `<U+202E>`. Its lines end with `\n`.
#[must_use]
pub fn reveal(untrusted: &str) -> String {
    let mut out = String::with_capacity(untrusted.len());
    let mut combining = 0_u8;
    let mut chars = untrusted.chars().peekable();
    while let Some(c) = chars.next() {
        let wide = c.width().is_some_and(|width| width > 0);
        combining = if wide { 0 } else { combining.saturating_add(1) };
        match c {
            '\n' => {
                combining = 0;
                out.push('\n');
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\t' => out.push_str(TAB),
            c if c.is_control()
                || is_hidden(c)
                || matches!(c, '\u{2028}' | '\u{2029}')
                || combining > COMBINING =>
            {
                // Writing to a String does not fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Columns that a harmless line takes on a terminal; an upper bound where terminals differ.
#[must_use]
pub fn width(clean: &str) -> usize {
    clean.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The longest beginning of a harmless line that fits into so many columns.
#[must_use]
pub fn fitting(clean: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, c) in clean.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return clean.get(..at).unwrap_or(clean);
        }
    }
    clean
}

/// A harmless line in so many columns: where it is longer, it ends with `ellipsis`.
#[must_use]
pub fn clip(clean: &str, columns: usize, ellipsis: &str) -> String {
    let all = fitting(clean, columns);
    if all.len() == clean.len() {
        return clean.to_owned();
    }
    let Some(room) = columns.checked_sub(width(ellipsis)) else {
        return all.to_owned();
    };
    format!("{}{ellipsis}", fitting(clean, room))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Text, what a person reads of it, and what they approve.
    const TABLE: [(&str, &str, &str); 44] = [
        ("plain", "plain", "plain"),
        ("a\nb\r\nc", "a\nb\nc", "a\nb\nc"),
        ("10%\r20%", "10%\n20%", "10%<U+000D>20%"),
        ("a\r\rb", "a\n\nb", "a<U+000D><U+000D>b"),
        (
            "a\u{85}b\u{2028}c\u{2029}d",
            "a\nb\nc\nd",
            "a<U+0085>b<U+2028>c<U+2029>d",
        ),
        ("a\tb", "a    b", "a    b"),
        (
            "a\u{8}b\u{0}c\u{7}d\u{7f}e",
            "a·b·c·d·e",
            "a<U+0008>b<U+0000>c<U+0007>d<U+007F>e",
        ),
        ("a\u{b}b\u{c}c", "a·b·c", "a<U+000B>b<U+000C>c"),
        // Control sequences: colour, movement, clearing, modes, with intermediates and with controls inside.
        (
            "\u{1b}[31mred\u{1b}[0m",
            "red",
            "<U+001B>[31mred<U+001B>[0m",
        ),
        ("\u{1b}[2J\u{1b}[Hgone", "gone", "<U+001B>[2J<U+001B>[Hgone"),
        ("\u{1b}[?1049hfull", "full", "<U+001B>[?1049hfull"),
        ("\u{1b}[38;2;1;2;3mx", "x", "<U+001B>[38;2;1;2;3mx"),
        ("\u{1b}[1 qx", "x", "<U+001B>[1 qx"),
        ("\u{1b}[3\u{8}1mx", "x", "<U+001B>[3<U+0008>1mx"),
        ("\u{9b}31mx", "x", "<U+009B>31mx"),
        // A sequence inside a sequence begins anew; one that is broken off is over.
        ("\u{1b}[31\u{1b}[32mx", "x", "<U+001B>[31<U+001B>[32mx"),
        ("\u{1b}[31\u{18}x", "x", "<U+001B>[31<U+0018>x"),
        ("\u{1b}[31éx", "éx", "<U+001B>[31éx"),
        ("\u{1b}[31\nx", "\nx", "<U+001B>[31\nx"),
        ("\u{18}x\u{1a}", "·x·", "<U+0018>x<U+001A>"),
        // Strings: title, clipboard, link, terminated by BEL, ST or C1 ST.
        ("\u{1b}]0;title\u{7}x", "x", "<U+001B>]0;title<U+0007>x"),
        (
            "\u{1b}]52;c;eA==\u{1b}\\x",
            "x",
            "<U+001B>]52;c;eA==<U+001B>\\x",
        ),
        (
            "\u{1b}]8;;http://a\u{9c}x",
            "x",
            "<U+001B>]8;;http://a<U+009C>x",
        ),
        ("\u{9d}0;t\u{7}x", "x", "<U+009D>0;t<U+0007>x"),
        ("\u{1b}Pq#0\u{1b}\\x", "x", "<U+001B>Pq#0<U+001B>\\x"),
        (
            "\u{1b}_Gf=100;AAAA\u{1b}\\x",
            "x",
            "<U+001B>_Gf=100;AAAA<U+001B>\\x",
        ),
        (
            "\u{1b}^pm\u{1b}\\\u{1b}Xsos\u{1b}\\x",
            "x",
            "<U+001B>^pm<U+001B>\\<U+001B>Xsos<U+001B>\\x",
        ),
        (
            "\u{90}q\u{9c}\u{9f}y\u{9c}x",
            "x",
            "<U+0090>q<U+009C><U+009F>y<U+009C>x",
        ),
        // An escape inside a string does not end it unless a backslash follows.
        (
            "\u{1b}]0;a\u{1b}[31mb\u{7}x",
            "x",
            "<U+001B>]0;a<U+001B>[31mb<U+0007>x",
        ),
        // A string that never ends takes the rest of its line, no more.
        ("\u{1b}]0;hidden\nseen", "\nseen", "<U+001B>]0;hidden\nseen"),
        // Short sequences: reset, save, character sets.
        (
            "\u{1b}cx\u{1b}7y\u{1b}(0z",
            "xyz",
            "<U+001B>cx<U+001B>7y<U+001B>(0z",
        ),
        ("x\u{1b}", "x", "x<U+001B>"),
        ("\u{1b}\u{1b}[31mx", "x", "<U+001B><U+001B>[31mx"),
        // Reordering and hiding.
        ("a\u{202e}txt.exe", "atxt.exe", "a<U+202E>txt.exe"),
        (
            "\u{2066}a\u{2069}\u{200f}\u{61c}",
            "a",
            "<U+2066>a<U+2069><U+200F><U+061C>",
        ),
        (
            "pass\u{200b}word\u{feff}\u{ad}",
            "password",
            "pass<U+200B>word<U+FEFF><U+00AD>",
        ),
        ("x\u{e0041}\u{e0042}", "x", "x<U+E0041><U+E0042>"),
        ("❤\u{fe0f}\u{e0100}", "❤", "❤<U+FE0F><U+E0100>"),
        (
            "a\u{fdd0}b\u{fffe}c\u{10ffff}",
            "abc",
            "a<U+FDD0>b<U+FFFE>c<U+10FFFF>",
        ),
        // Joiners where a script needs them, and where they only hide.
        ("می\u{200c}خواهم", "می\u{200c}خواهم", "می<U+200C>خواهم"),
        ("a\u{200c}b\u{200d}c", "abc", "a<U+200C>b<U+200D>c"),
        (
            "é e\u{301} 日本 🚀",
            "é e\u{301} 日本 🚀",
            "é e\u{301} 日本 🚀",
        ),
        (
            "z\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}y",
            "z\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}y",
            "z\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}\u{300}<U+0300>y",
        ),
        (
            "[bold]stays[/bold]",
            "[bold]stays[/bold]",
            "[bold]stays[/bold]",
        ),
    ];

    #[test]
    fn read_and_approved() {
        for (input, read, approved) in TABLE {
            assert_eq!(text(input), read, "{input:?}");
            assert_eq!(reveal(input), approved, "{input:?}");
        }
    }

    /// However a text is split, the same comes out.
    #[test]
    fn split_in_two_anywhere() {
        for (input, read, _) in TABLE {
            for (at, _) in input.char_indices() {
                let mut cleaner = Cleaner::default();
                let mut out = cleaner.push(&input[..at]);
                out.push_str(&cleaner.push(&input[at..]));
                assert_eq!(out, read, "{input:?} at {at}");
            }
        }
    }

    #[test]
    fn in_one_line() {
        for (input, shown) in [
            ("two\nlines", "two lines"),
            ("\r\nends\n", "ends"),
            ("\u{1b}[2J\u{202e}x\ty", "x    y"),
            ("", ""),
        ] {
            assert_eq!(line(input), shown, "{input:?}");
        }
    }

    #[test]
    fn cut_to_columns() {
        for (input, columns, shown) in [
            ("abcdef", 6, "abcdef"),
            ("abcdef", 5, "abcd…"),
            ("abcdef", 1, "…"),
            ("abcdef", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("🚀🚀", 3, "🚀…"),
        ] {
            let clipped = clip(input, columns, "…");
            assert_eq!(clipped, shown, "{input:?} {columns}");
            assert!(width(&clipped) <= columns, "{input:?} {columns}");
        }
        assert_eq!(clip("abcdef", 5, "..."), "ab...");
        assert_eq!(clip("abcdef", 2, "..."), "ab");
    }

    proptest! {
        #[test]
        fn nothing_harmful_comes_out(input in any::<String>(), controls in "[\u{0}-\u{1f}\u{80}-\u{9f}\\[\\]P_;m0-9a\\\\]{0,40}") {
            for input in [input, controls] {
                for out in [text(&input), reveal(&input)] {
                    prop_assert!(out.chars().all(|c| c == '\n' || !c.is_control()));
                }
                let once = text(&input);
                prop_assert_eq!(text(&once), once);
            }
        }
    }
}
