//! How long a provider asks to wait.
//!
//! | where | form |
//! | --- | --- |
//! | `retry-after-ms` | milliseconds |
//! | `retry-after` | seconds, or a date (RFC 9110 §10.2.3) |
//! | `anthropic-ratelimit-<what>-reset`, of what has 0 in `anthropic-ratelimit-<what>-remaining` | a date (RFC 3339, UTC) |
//! | `x-ratelimit-reset-<what>`, of what has 0 in `x-ratelimit-remaining-<what>` | `6m0s`, `1.5s`, `20ms`; or seconds |
//! | the message | `try again in 1.5s`, `retry after 20 seconds` |

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use regex_lite::Regex;

use crate::time::Time;

/// Longer than this is no wait, but nonsense.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 31);

/// The wait that the headers of a response ask for.
pub(crate) fn in_headers(headers: &HeaderMap, time: &dyn Time) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|ms| ms.parse::<f64>().ok()) {
        return seconds(ms / 1000.0);
    }
    if let Some(after) = text("retry-after") {
        let date = || httpdate::parse_http_date(after).ok();
        let parsed = match after.parse::<f64>() {
            Ok(number) => seconds(number),
            Err(_) => date().and_then(|date| until(date, time)),
        };
        if parsed.is_some() {
            return parsed;
        }
    }
    let mut longest: Option<Duration> = None;
    for what in ["requests", "tokens", "input-tokens", "output-tokens"] {
        let spent = |name: String| text(&name).is_some_and(|left| left == "0");
        let anthropic = spent(format!("anthropic-ratelimit-{what}-remaining"))
            .then(|| text(&format!("anthropic-ratelimit-{what}-reset")))
            .flatten()
            .and_then(rfc3339)
            .and_then(|date| until(date, time));
        let openai = spent(format!("x-ratelimit-remaining-{what}"))
            .then(|| text(&format!("x-ratelimit-reset-{what}")))
            .flatten()
            .and_then(span);
        longest = longest.max(anthropic).max(openai);
    }
    longest
}

/// The wait that a message asks for.
pub(crate) fn in_words(message: &str) -> Option<Duration> {
    let lower = message.to_lowercase();
    let pattern = Regex::new(r"(?:try again in|retry after|retry in|wait)\s+(?:about\s+)?([0-9][0-9.hms ]*(?:seconds?|minutes?)?)").ok()?;
    let found = pattern.captures(&lower)?.get(1)?.as_str().trim();
    let found = found
        .replace("seconds", "s")
        .replace("second", "s")
        .replace("minutes", "m")
        .replace("minute", "m");
    span(found.trim_end_matches('.').trim())
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number)
        .ok()
        .filter(|wait| *wait <= LONGEST)
}

fn until(date: SystemTime, time: &dyn Time) -> Option<Duration> {
    let wait = date.duration_since(time.date()).unwrap_or_default();
    (wait <= LONGEST).then_some(wait)
}

/// `1h2m3.5s`, `20ms`, or a number of seconds.
fn span(text: &str) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        return seconds(number);
    }
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let number: f64 = number.parse().ok()?;
        let tail = tail.trim_start();
        let (factor, unit) = if tail.starts_with("ms") {
            (0.001, 2)
        } else {
            match tail.chars().next()? {
                'h' => (3600.0, 1),
                'm' => (60.0, 1),
                's' => (1.0, 1),
                _ => return None,
            }
        };
        total += number * factor;
        rest = tail.get(unit..)?.trim_start();
    }
    seconds(total)
}

/// A date such as `2026-01-31T12:00:00Z`; fractions of a second do not count.
fn rfc3339(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let marks = [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")];
    if !text.ends_with('Z')
        || marks
            .iter()
            .any(|(at, mark)| text.get(*at..at + 1) != Some(*mark))
    {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1970..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    // Days from 1970-01-01, in years that start in March, so that the leap day is the last of its year.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        month => (year, month - 3),
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(
        days * 86_400 + hour * 3600 + minute * 60 + second,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;

    /// 2026-01-31T12:00:00Z.
    #[derive(Debug)]
    struct Noon;

    #[async_trait]
    impl Time for Noon {
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn date(&self) -> SystemTime {
            UNIX_EPOCH + Duration::from_secs(1_769_860_800)
        }
        async fn sleep(&self, _: Duration) {}
        fn chance(&self) -> f64 {
            0.0
        }
    }

    #[test]
    fn headers() {
        type Row<'a> = (&'a [(&'static str, &'static str)], Option<u64>);
        let table: [Row<'_>; 16] = [
            (&[], None),
            (&[("retry-after", "20")], Some(20_000)),
            (&[("retry-after", "1.5")], Some(1500)),
            (&[("retry-after", "0")], Some(0)),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "1e300")], None),
            (
                &[("retry-after", "Sat, 31 Jan 2026 12:00:30 GMT")],
                Some(30_000),
            ),
            (&[("retry-after", "Sat, 31 Jan 2026 11:00:00 GMT")], Some(0)),
            (
                &[("retry-after-ms", "250"), ("retry-after", "9")],
                Some(250),
            ),
            (
                &[
                    ("anthropic-ratelimit-tokens-remaining", "0"),
                    ("anthropic-ratelimit-tokens-reset", "2026-01-31T12:01:00Z"),
                    ("anthropic-ratelimit-requests-remaining", "10"),
                    ("anthropic-ratelimit-requests-reset", "2026-01-31T13:00:00Z"),
                ],
                Some(60_000),
            ),
            (
                &[
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "6m0s"),
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "20ms"),
                ],
                Some(360_000),
            ),
            (
                &[
                    ("x-ratelimit-remaining-requests", "5"),
                    ("x-ratelimit-reset-requests", "6m0s"),
                ],
                None,
            ),
            (
                &[
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "1h0m1.5s"),
                ],
                Some(3_601_500),
            ),
            (
                &[
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "1x"),
                ],
                None,
            ),
            (
                &[
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "7"),
                ],
                Some(7000),
            ),
        ];
        for (pairs, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            let found = in_headers(&headers, &Noon);
            assert_eq!(found, expected.map(Duration::from_millis), "{pairs:?}");
        }
    }

    #[test]
    fn words() {
        let table = [
            (
                "Rate limit reached. Please try again in 1.5s. Visit",
                Some(1500),
            ),
            ("Please try again in 20 seconds.", Some(20_000)),
            ("please retry after 2 minutes", Some(120_000)),
            ("Please try again in 1m30s", Some(90_000)),
            ("try again in 250ms", Some(250)),
            ("try again later", None),
            ("you have 20 seconds", None),
        ];
        for (message, expected) in table {
            assert_eq!(
                in_words(message),
                expected.map(Duration::from_millis),
                "{message}"
            );
        }
    }

    #[test]
    fn dates() {
        let table = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-01-31T12:00:00Z", Some(1_769_860_800)),
            ("2024-02-29T23:59:59Z", Some(1_709_251_199)),
            ("2026-01-31T12:00:00.123456Z", Some(1_769_860_800)),
            ("2026-13-31T12:00:00Z", None),
            ("2026-01-31 12:00:00Z", None),
            ("2026-01-31T12:00:00+01:00", None),
            ("", None),
            ("ééééééééééééééé", None),
        ];
        for (text, expected) in table {
            let expected = expected.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(rfc3339(text), expected, "{text}");
        }
    }
}
