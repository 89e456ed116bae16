//! How much may be spent until somebody is asked whether to go on.

use crate::MicroUsd;

/// Amounts at which somebody is asked: the first, twice that, and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Threshold {
    first: MicroUsd,
    next: MicroUsd,
}

impl Threshold {
    pub(crate) fn new(first: MicroUsd, spent: MicroUsd) -> Threshold {
        let next = above(first, spent);
        Threshold { first, next }
    }

    /// The amount that was passed, and the one at which is asked next.
    pub(crate) fn passed(&self, spent: MicroUsd) -> Option<(MicroUsd, MicroUsd)> {
        (spent >= self.next).then(|| (self.next, above(self.first, spent)))
    }

    /// Somebody said to go on.
    pub(crate) fn go_on(&mut self, spent: MicroUsd) {
        self.next = above(self.first, spent);
    }
}

/// The first of the amounts that is more than what was spent.
fn above(first: MicroUsd, spent: MicroUsd) -> MicroUsd {
    let mut next = first.0.max(1);
    while next <= spent.0 {
        let Some(double) = next.checked_mul(2) else {
            return MicroUsd(u64::MAX);
        };
        next = double;
    }
    MicroUsd(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In cents.
    #[test]
    fn amounts() {
        let cents = |cents: u64| MicroUsd(cents * 10_000);
        for (spent, first, next) in [
            (499, 500, 500),
            (500, 500, 1_000),
            (1_225, 500, 2_000),
            (4_000, 2_000, 8_000),
        ] {
            assert_eq!(above(cents(first), cents(spent)), cents(next));
        }
        assert_eq!(above(MicroUsd(0), MicroUsd(0)), MicroUsd(1));
        assert_eq!(above(MicroUsd(1), MicroUsd(u64::MAX)), MicroUsd(u64::MAX));
        let mut threshold = Threshold::new(cents(500), cents(0));
        assert_eq!(threshold.passed(cents(499)), None);
        assert_eq!(
            threshold.passed(cents(700)),
            Some((cents(500), cents(1_000)))
        );
        threshold.go_on(cents(700));
        assert_eq!(threshold.passed(cents(999)), None);
    }
}
