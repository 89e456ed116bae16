//! US dollars, in millionths.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount in millionths of a US dollar: exact sums, where floating point would drift.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// From dollars, rounded up to the next millionth so that no cost becomes nothing. None where the number is not a
    /// price: negative, not finite, or more than a `u64` of millionths.
    #[must_use]
    pub fn from_dollars(dollars: f64) -> Option<MicroUsd> {
        // The small step down keeps 0.0123, which is no binary fraction, from becoming 12301 millionths.
        let micros = (dollars * 1e6 - 1e-6).ceil().max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be in range; it is a whole number"
        )]
        (dollars.is_finite() && dollars >= 0.0 && micros < 1.8e19)
            .then_some(MicroUsd(micros as u64))
    }

    /// In dollars, for JSON.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to nine billion dollars"
    )]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The sum; stays at the largest amount instead of wrapping.
    #[must_use]
    pub fn plus(self, other: MicroUsd) -> MicroUsd {
        MicroUsd(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_to_millionths() {
        let table = [
            (0.0, Some(0)),
            (0.000_000_4, Some(1)),
            (0.000_001, Some(1)),
            (0.0123, Some(12_300)),
            (1.0, Some(1_000_000)),
            (5.25, Some(5_250_000)),
            (-0.01, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (1e300, None),
        ];
        for (dollars, micros) in table {
            assert_eq!(
                MicroUsd::from_dollars(dollars),
                micros.map(MicroUsd),
                "{dollars}"
            );
        }
    }

    #[test]
    fn shown_to_the_millionth() {
        assert_eq!(MicroUsd(12_300).to_string(), "$0.012300");
        assert_eq!(MicroUsd(5_250_000).to_string(), "$5.250000");
    }
}
