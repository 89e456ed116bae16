//! Sizes and durations as policies write them.
//!
//! | written | means |
//! | --- | --- |
//! | `512 B`, `64 KiB`, `4 MiB`, `2 GiB` | bytes; a unit is 1024 of the one before |
//! | `500 ms`, `120 s`, `10 min` | milliseconds |
//!
//! One blank, or none, stands between number and unit. The number is whole, decimal and without sign.

/// Units of bytes, the greatest first.
const SIZES: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];
/// Units of milliseconds, the greatest first.
const DURATIONS: [(&str, u64); 3] = [("min", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a size; none where it is no size, or is over 2⁶⁴−1 bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    read(text, &SIZES)
}

/// Reads a duration as milliseconds, as policies write it: `500 ms`, `120 s`, `10 min`; none where it is no duration, or
/// is over 2⁶⁴−1 ms.
#[must_use]
pub fn duration(text: &str) -> Option<u64> {
    read(text, &DURATIONS)
}

/// A size in the greatest unit that needs no fraction.
pub(crate) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES)
}

/// A duration in the greatest unit that needs no fraction.
pub(crate) fn show_duration(milliseconds: u64) -> String {
    show(milliseconds, &DURATIONS)
}

fn read(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    let word = rest.strip_prefix(' ').unwrap_or(rest);
    let (_, unit) = units.iter().find(|(name, _)| *name == word)?;
    digits.parse::<u64>().ok()?.checked_mul(*unit)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    let fitting = units
        .iter()
        .find(|(_, unit)| value >= *unit && value.is_multiple_of(*unit));
    match fitting.or(units.last()) {
        Some((name, unit)) => format!("{} {name}", value / unit),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let table = [
            ("0 B", Some(0)),
            ("512 B", Some(512)),
            ("64KiB", Some(65_536)),
            ("4 MiB", Some(4_194_304)),
            ("2 GiB", Some(2_147_483_648)),
            ("17179869183 GiB", Some(18_446_744_072_635_809_792)),
            ("17179869184 GiB", None),
            ("99999999999999999999 B", None),
            ("", None),
            ("512", None),
            ("B", None),
            (" 5 B", None),
            ("5  B", None),
            ("5 B ", None),
            ("5 b", None),
            ("5 KB", None),
            ("5 kib", None),
            ("-5 B", None),
            ("+5 B", None),
            ("1.5 GiB", None),
            ("1_000 B", None),
            ("5 s", None),
        ];
        for (text, bytes) in table {
            assert_eq!(size(text), bytes, "{text:?}");
        }
    }

    #[test]
    fn durations() {
        let table = [
            ("500 ms", Some(500)),
            ("120 s", Some(120_000)),
            ("10min", Some(600_000)),
            ("5", None),
            ("5 m", None),
            ("5 h", None),
            ("5 B", None),
            ("307445734561826 min", None),
        ];
        for (text, milliseconds) in table {
            assert_eq!(duration(text), milliseconds, "{text:?}");
        }
    }

    #[test]
    fn shown_in_the_greatest_unit_that_fits() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1536 B"),
            (2048, "2 KiB"),
            (3 << 30, "3 GiB"),
        ];
        for (bytes, text) in table {
            assert_eq!(show_size(bytes), text);
            assert_eq!(size(text), Some(bytes));
        }
        assert_eq!(show_duration(120_000), "2 min");
        assert_eq!(show_duration(1_500), "1500 ms");
    }
}
