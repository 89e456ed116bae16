//! Paths, as people see them.

use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// A path as it can be shown on one line: control characters, marks that change the writing direction and backslashes
/// are escaped as in Rust, bytes that are no UTF-8 as `\xNN`. So no name can forge a line of a diff.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'p>(pub &'p Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_os_str().as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if c == '\\' || c.is_control() || changes_line_or_direction(c) {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Line and paragraph separators, and the bidirectional formatting characters of Unicode (UAX #9 §2).
const fn changes_line_or_direction(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn every_name_takes_one_line_and_can_be_told_apart() {
        let table: [(&[u8], &str); 8] = [
            (b"a/b c.py", "a/b c.py"),
            ("é✓".as_bytes(), "é✓"),
            (b"a\nD b", r"a\nD b"),
            (b"a\\nD b", r"a\\nD b"),
            (b"\x1b[31mred\x7f", r"\u{1b}[31mred\u{7f}"),
            (b"\xff\xfe.bin", r"\xff\xfe.bin"),
            ("x\u{202e}yp.exe".as_bytes(), r"x\u{202e}yp.exe"),
            ("\u{2028}".as_bytes(), r"\u{2028}"),
        ];
        for (name, expected) in table {
            assert_eq!(
                Shown(Path::new(OsStr::from_bytes(name))).to_string(),
                expected
            );
        }
    }
}
