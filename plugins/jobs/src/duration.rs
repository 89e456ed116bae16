//! Lengths of time, as the model writes them and as people read them.
//!
//! | text | seconds |
//! | --- | --- |
//! | `90`, `90s`, ` 1.5M `, `2h`, `1d` | 90, 90, 90, 7200, 86,400 |
//! | empty, `-1`, `1w`, `h`, `1 h 30 m`, `.5h` | refused |

use ml_intern_sdk::Failure;

/// Seconds of a job's time-out where the model gives none.
pub(crate) const DEFAULT_TIMEOUT: u64 = 30 * 60;
/// Seconds that a job may be given at most: a week.
pub(crate) const LONGEST_TIMEOUT: u64 = 7 * 86_400;
/// Seconds that a call waits for a job where the model says nothing.
pub(crate) const DEFAULT_WAIT: u64 = 2 * 60;
/// Seconds that a call waits at most: its deadline, less what it takes to begin and to report.
pub(crate) const LONGEST_WAIT: u64 = 9 * 60;

/// The seconds of a number with a unit (`s`, `m`, `h`, `d`; none is seconds), rounded up to whole ones.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, factor) = match text.char_indices().last()? {
        (at, unit) if unit.is_ascii_alphabetic() => {
            let factor = match unit.to_ascii_lowercase() {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                _ => return None,
            };
            (text.get(..at)?.trim_end(), factor)
        }
        _ => (text, 1),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| {
        (1..=9).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let (whole, fraction): (u64, u64) = (whole.parse().ok()?, fraction.parse().ok()?);
    Some(whole * factor + (fraction * factor).div_ceil(scale))
}

/// A job's time-out, in seconds.
///
/// # Errors
/// [`Failure::InvalidArguments`] where it is none, or out of bounds.
pub(crate) fn timeout(text: Option<&str>) -> Result<u64, Failure> {
    let Some(text) = text else {
        return Ok(DEFAULT_TIMEOUT);
    };
    match seconds(text) {
        Some(seconds @ 1..=LONGEST_TIMEOUT) => Ok(seconds),
        _ => Err(Failure::argument(
            "/timeout",
            "a number with a unit, as 90s, 30m, 2h or 1d (no unit: seconds), from 1s to 7d",
        )),
    }
}

/// How long a call waits, in seconds.
///
/// # Errors
/// [`Failure::InvalidArguments`] where it is no time, or longer than a call may take.
pub(crate) fn wait(text: Option<&str>, default: u64) -> Result<u64, Failure> {
    let Some(text) = text else {
        return Ok(default);
    };
    match seconds(text) {
        Some(seconds @ 0..=LONGEST_WAIT) => Ok(seconds),
        _ => Err(Failure::argument(
            "/wait",
            "a time from 0s to 9m; a job goes on by itself, and `logs` with `wait` waits again",
        )),
    }
}

/// The two largest units of it: `45s`, `2m`, `2m 5s`, `3h 20m`, `1d 2h`.
pub(crate) fn shown(seconds: u64) -> String {
    let units = [
        ("d", seconds / 86_400),
        ("h", seconds / 3_600 % 24),
        ("m", seconds / 60 % 60),
        ("s", seconds % 60),
    ];
    let parts: Vec<String> = units
        .iter()
        .skip_while(|(_, count)| *count == 0)
        .take(2)
        .filter(|(_, count)| *count > 0)
        .map(|(unit, count)| format!("{count}{unit}"))
        .collect();
    if parts.is_empty() {
        return "0s".into();
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        let table = [
            ("90", Some(90)),
            ("90s", Some(90)),
            (" 1.5M ", Some(90)),
            ("2 h", Some(7_200)),
            ("1d", Some(86_400)),
            ("0", Some(0)),
            ("0.25s", Some(1)),
            ("0.0s", Some(0)),
            ("", None),
            ("-1", None),
            ("1w", None),
            ("h", None),
            ("1 h 30 m", None),
            (".5h", None),
            ("1.", None),
            ("1e3", None),
            ("9999999999", None),
            ("1é", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }

    #[test]
    fn bounds() {
        for (text, good) in [("1s", true), ("7d", true), ("0", false), ("169h", false)] {
            assert_eq!(timeout(Some(text)).is_ok(), good, "{text}");
        }
        assert_eq!(timeout(None), Ok(1_800));
        for (text, good) in [("0s", true), ("9m", true), ("541", false), ("x", false)] {
            assert_eq!(wait(Some(text), 120).is_ok(), good, "{text}");
        }
        assert_eq!(wait(None, 120), Ok(120));
    }

    #[test]
    fn people_read_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (45, "45s"),
            (120, "2m"),
            (125, "2m 5s"),
            (12_000, "3h 20m"),
            (3_605, "1h"),
            (93_600, "1d 2h"),
        ] {
            assert_eq!(shown(seconds), text);
        }
    }
}
