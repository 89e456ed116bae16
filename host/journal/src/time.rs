//! Points in time, as the journal writes them.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

const DAY: u64 = 86_400_000;

/// A point in time between the years 1970 and 9999, to the millisecond.
///
/// Its text is the one form of RFC 3339 that sorts like time: `2026-01-31T12:00:00.250Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

impl Timestamp {
    /// 9999-12-31T23:59:59.999Z: the last year that RFC 3339 can write.
    const MAX: u64 = 253_402_300_799_999;

    /// The nearest point in time that can be written.
    #[must_use]
    pub fn from_system(time: SystemTime) -> Self {
        let since = time
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        Timestamp(u64::try_from(since).unwrap_or(Self::MAX).min(Self::MAX))
    }

    /// Milliseconds since the start of 1970, without leap seconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0 / DAY);
        let ms = self.0 % DAY;
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let milli = ms % 1000;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z"
        )
    }
}

/// The proleptic Gregorian date of a day, counted from 1970-01-01. A year is taken to start in March, so that the leap
/// day is its last; then a month's first day is a linear function of the month, rounded.
const fn date_of(days: u64) -> (u64, u64, u64) {
    // From 0000-03-01, in eras of 400 years, which all have 146,097 days.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

/// The inverse of [`date_of`], for years from 1970.
const fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, year_of_era) = (year / 400, year % 400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

/// A text that is not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid time `{0}`; expected UTC with milliseconds, such as 2026-01-31T12:00:00.250Z")]
pub struct InvalidTimestamp(pub String);

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The numbers are read leniently; that the text is the one way to write them is checked by writing them.
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let time = (|| {
            let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
            let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
            let milli = number(20, 23)?;
            if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
                return None;
            }
            let seconds = (hour * 60 + minute) * 60 + second;
            Some(Timestamp(
                days_of(year, month, day) * DAY + seconds * 1000 + milli,
            ))
        })();
        time.filter(|time| time.0 <= Self::MAX && time.to_string() == text)
            .ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn known_times() {
        let table = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_000_000_000_001, "2001-09-09T01:46:40.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (Timestamp::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (millis, text) in table {
            assert_eq!(Timestamp(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(millis)));
        }
    }

    #[test]
    fn every_day_goes_both_ways() {
        for day in 0..=Timestamp::MAX / DAY {
            let (year, month, of_month) = date_of(day);
            assert_eq!(days_of(year, month, of_month), day);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "2026-01-31T12:00:00Z",
            "2026-01-31 12:00:00.000Z",
            "2026-01-31T12:00:00.000+00:00",
            "2026-02-29T12:00:00.000Z",
            "2026-13-01T12:00:00.000Z",
            "2026-00-01T12:00:00.000Z",
            "2026-01-00T12:00:00.000Z",
            "2026-01-31T24:00:00.000Z",
            "2026-01-31T23:60:00.000Z",
            "2026-01-31T23:59:60.000Z",
            "1969-12-31T23:59:59.999Z",
            "+026-01-31T12:00:00.000Z",
            "2026-01-31T12:00:00.000Zé",
        ] {
            assert_eq!(
                text.parse::<Timestamp>(),
                Err(InvalidTimestamp(text.to_owned()))
            );
        }
    }

    #[test]
    fn a_clock_outside_the_range_gives_the_nearest_time() {
        let before = UNIX_EPOCH - Duration::from_secs(1);
        let after = UNIX_EPOCH + Duration::from_millis(Timestamp::MAX + 1);
        assert_eq!(Timestamp::from_system(before), Timestamp(0));
        assert_eq!(Timestamp::from_system(after), Timestamp(Timestamp::MAX));
        let inside = UNIX_EPOCH + Duration::from_micros(1_999);
        assert_eq!(Timestamp::from_system(inside), Timestamp(1));
    }
}
