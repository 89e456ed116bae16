//! Dates: a year, a month or a day.

use schemars::JsonSchema;
use serde::Deserialize;

/// Date: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct When {
    text: String,
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

/// Date: `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Day(String);

impl When {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    fn first(&self) -> (u16, u8, u8) {
        (self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
    }

    fn last(&self) -> (u16, u8, u8) {
        (self.year, self.month.unwrap_or(12), self.day.unwrap_or(31))
    }

    /// Whether there is a day from the one to the other.
    pub(crate) fn precedes(&self, end: &Self) -> bool {
        self.first() <= end.last()
    }
}

impl Day {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parsed(text.trim()).ok_or_else(|| {
            format!(
                "a date, as 2024, 2024-05 or 2024-05-31, not {}",
                shown(&text)
            )
        })
    }
}

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parsed(text.trim())
            .filter(|when| when.day.is_some())
            .map(|when| Self(when.text))
            .ok_or_else(|| format!("a day, as 2024-05-31, not {}", shown(&text)))
    }
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(40).collect::<String>())
}

fn parsed(text: &str) -> Option<When> {
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u16>().ok())
            .flatten()
    };
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4).filter(|year| (1900..=2200).contains(year))?;
    let small = |part: Option<&str>| match part {
        None => Some(None),
        Some(part) => Some(Some(u8::try_from(number(part, 2)?).ok()?)),
    };
    let month = small(parts.next())?;
    let day = small(parts.next())?;
    if parts.next().is_some() {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        Some(2) if leap => 29,
        Some(2) => 28,
        Some(4 | 6 | 9 | 11) => 30,
        _ => 31,
    };
    let fits = month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=days).contains(&day));
    fits.then(|| When {
        text: text.to_owned(),
        year,
        month,
        day,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> Option<When> {
        When::try_from(text.to_owned()).ok()
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        for good in [
            "2024",
            "2024-05",
            "2024-02-29",
            "2000-02-29",
            " 1999-12-31 ",
        ] {
            assert_eq!(when(good).unwrap().as_str(), good.trim());
        }
        for bad in [
            "",
            "24",
            "2024-5",
            "2024-13",
            "2024-00",
            "2023-02-29",
            "1900-02-29",
            "2024-04-31",
            "2024-01-01-01",
            "2024/01/01",
            "last week",
            "+024",
            "0001",
            "2024-01-01T00:00:00Z",
        ] {
            assert_eq!(when(bad), None, "{bad}");
        }
        assert_eq!(
            When::try_from("May".to_owned()),
            Err("a date, as 2024, 2024-05 or 2024-05-31, not \"May\"".into())
        );
        assert_eq!(
            Day::try_from("2024-05".to_owned()),
            Err("a day, as 2024-05-31, not \"2024-05\"".into())
        );
    }

    #[test]
    fn ranges_begin_before_they_end() {
        let table = [
            ("2024", "2024", true),
            ("2024-06", "2024", true),
            ("2024", "2024-01-01", true),
            ("2024-06-02", "2024-06-01", false),
            ("2024-07", "2024-06", false),
            ("2025", "2024-12-31", false),
        ];
        for (from, to, expected) in table {
            let found = when(from).unwrap().precedes(&when(to).unwrap());
            assert_eq!(found, expected, "{from} {to}");
        }
    }
}
