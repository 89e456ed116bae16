//! `Retry-After` (RFC 9110 §10.2.3): seconds, or a date, which is told from the answer's own `Date`. So no clock is needed,
//! and it does not matter whether the two clocks agree.

/// Seconds to wait.
pub(super) fn retry_after(value: &str, date: Option<&str>) -> Option<u32> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().unwrap_or(u32::MAX));
    }
    let wait = seconds(value)?.saturating_sub(seconds(date?.trim())?);
    Some(u32::try_from(wait.max(0)).unwrap_or(u32::MAX))
}

/// Seconds since the start of 1970 of a date in the one form that is still sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn seconds(date: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = date.split_once(", ")?;
    let mut parts = date.strip_suffix(" GMT")?.split([' ', ':']);
    let number = |text: Option<&str>, digits: usize| {
        text.filter(|text| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|text| text.parse::<i64>().ok())
    };
    let day = number(parts.next(), 2).filter(|day| (1..=31).contains(day))?;
    let month = parts.next()?;
    let month = 1 + i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()?;
    let year = number(parts.next(), 4)?;
    let [hour, minute, second] = [parts.next(), parts.next(), parts.next()];
    let hour = number(hour, 2).filter(|hour| *hour < 24)?;
    let minute = number(minute, 2).filter(|minute| *minute < 60)?;
    // A leap second is the 61st.
    let second = number(second, 2).filter(|second| *second <= 60)?;
    if parts.next().is_some() {
        return None;
    }
    // The year begins in March, so that the leap day is its last (H. Hinnant, "chrono-compatible low-level date algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds() {
        let table = [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400)),
            ("Wed, 01 Mar 2000 00:00:00 GMT", Some(951_868_800)),
            ("Thu, 31 Dec 2026 23:59:60 GMT", Some(1_798_761_600)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("Sun Nov  6 08:49:37 1994", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37:00 GMT", None),
            ("Sun, 06 Nov +994 08:49:37 GMT", None),
            ("", None),
        ];
        for (date, expected) in table {
            assert_eq!(seconds(date), expected, "{date}");
        }
    }

    #[test]
    fn waits_are_seconds_or_dates() {
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let table = [
            ("120", None, Some(120)),
            (" 7 ", None, Some(7)),
            ("99999999999", None, Some(u32::MAX)),
            ("-1", None, None),
            ("soon", date, None),
            ("", date, None),
            ("Sun, 06 Nov 1994 08:50:07 GMT", date, Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", date, Some(0)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", None, None),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some("today"), None),
            ("Sat, 06 Nov 9994 08:50:07 GMT", date, Some(u32::MAX)),
        ];
        for (value, date, expected) in table {
            assert_eq!(retry_after(value, date), expected, "{value}");
        }
    }
}
