//! Time that nobody waits for: it starts at one instant and moves with every reading.

/// 2025-06-02T09:00:00Z, a Monday, in seconds since 1970.
const START: u64 = 1_748_854_800;

/// Seconds since 1970, one more at every reading.
#[derive(Debug)]
pub(crate) struct Clock(u64);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(START)
    }

    /// The next instant, as the Hub writes it.
    pub(crate) fn next(&mut self) -> String {
        self.0 += 1;
        iso(self.0)
    }

    /// The instant, seconds since 1970.
    pub(crate) fn seconds(&self) -> u64 {
        self.0
    }
}

/// `2025-06-02T09:00:00.000Z`
pub(crate) fn iso(seconds: u64) -> String {
    let (year, month, day) = date(seconds / 86_400);
    let rest = seconds % 86_400;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.000Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Days since 1970 as a date of the Gregorian calendar; years are counted from March, so that the leap day is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::{START, iso};

    #[test]
    fn instants() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (START, "2025-06-02T09:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(iso(seconds), text);
        }
    }
}
