//! Schedules, and how often they start a job.
//!
//! | schedule | runs |
//! | --- | --- |
//! | `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, `@annually` | 24 a day, 1 a day, 1 a week, 1 a month … |
//! | `0 9 * * 1`, `*/15 8-17 * * mon-fri` | 1 a week, 200 a week |
//! | `0 0 1,15 * *` | 2 a month |
//! | with a month, or with a day of both kinds | not told |
//! | another count of fields, a number out of range | refused |

use ml_intern_sdk::Failure;

/// How often a schedule starts a job, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Often {
    /// So many times a day.
    Day(u64),
    /// So many times a week.
    Week(u64),
    /// So many times a month.
    Month(u64),
    /// So many times a year.
    Year(u64),
    /// It cannot be told from the text.
    Unknown,
}

/// Checks a schedule, and counts.
///
/// # Errors
/// [`Failure::InvalidArguments`] where it is none.
pub(crate) fn often(schedule: &str) -> Result<Often, Failure> {
    let schedule = schedule.trim();
    Ok(match schedule {
        "@hourly" => Often::Day(24),
        "@daily" => Often::Day(1),
        "@weekly" => Often::Week(1),
        "@monthly" => Often::Month(1),
        "@yearly" | "@annually" => Often::Year(1),
        cron => counted(cron).ok_or_else(|| {
            Failure::argument(
                "/schedule",
                "@hourly, @daily, @weekly, @monthly, @yearly, or a cron expression of five fields, as `0 9 * * 1`",
            )
        })?,
    })
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The count of a cron expression (POSIX `crontab`, with steps and names); none where it is none.
fn counted(cron: &str) -> Option<Often> {
    let mut fields = cron.split_ascii_whitespace();
    let minutes = field(fields.next()?, 0, 59, &[])?;
    let hours = field(fields.next()?, 0, 23, &[])?;
    let days = field(fields.next()?, 1, 31, &[])?;
    let months = field(fields.next()?, 1, 12, &MONTHS)?;
    let weekdays = field(fields.next()?, 0, 7, &DAYS)?;
    if fields.next().is_some() {
        return None;
    }
    let count = |field: &[u64]| field.len() as u64;
    let a_day = count(&minutes) * count(&hours);
    // Sunday is 0 and 7.
    let mut week: Vec<u64> = weekdays.iter().map(|day| day % 7).collect();
    week.sort_unstable();
    week.dedup();
    let every_day = days.len() == 31;
    Some(match (months.len() == 12, every_day, week.len() == 7) {
        (true, true, true) => Often::Day(a_day),
        (true, true, false) => Often::Week(a_day * count(&week)),
        (true, false, true) => Often::Month(a_day * count(&days)),
        _ => Often::Unknown,
    })
}

/// The values of one field.
fn field(text: &str, low: u64, high: u64, names: &[&str]) -> Option<Vec<u64>> {
    let mut values = Vec::new();
    let value = |text: &str| -> Option<u64> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = names.iter().position(|name| *name == lower) {
            return Some(low + at as u64);
        }
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = text.parse().ok().filter(|_| plain)?;
        (low..=high).contains(&value).then_some(value)
    };
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match (range, range.split_once('-')) {
            ("*", _) => (low, high),
            (_, Some((first, last))) => (value(first)?, value(last)?),
            (one, None) => {
                let one = value(one)?;
                (one, if step.is_some() { high } else { one })
            }
        };
        if first > last {
            return None;
        }
        values.extend((first..=last).step_by(step.unwrap_or(1)));
    }
    values.sort_unstable();
    values.dedup();
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_counted() {
        let table = [
            ("@hourly", Often::Day(24)),
            ("@annually", Often::Year(1)),
            (" @daily ", Often::Day(1)),
            ("* * * * *", Often::Day(1_440)),
            ("0 9 * * 1", Often::Week(1)),
            ("*/15 8-17 * * mon-fri", Often::Week(200)),
            ("0 0 * * 0,7", Often::Week(1)),
            ("0 0 * * 0-7", Often::Day(1)),
            ("0 0 1,15 * *", Often::Month(2)),
            ("5/20 * * * *", Often::Day(72)),
            ("0 0 * jan *", Often::Unknown),
            ("0 0 1 * 1", Often::Unknown),
        ];
        for (text, expected) in table {
            assert_eq!(often(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "@often",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "5-1 * * * *",
            "*/0 * * * *",
            "a * * * *",
            "+1 * * * *",
            "0 0 0 * *",
        ] {
            assert!(often(text).is_err(), "{text}");
        }
    }
}
