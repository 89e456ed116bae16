//! What a session may use, and what it has used.
//!
//! | bound | counts | held by |
//! | --- | --- | --- |
//! | dollars | what the model's answers cost, and what approved calls said they would cost | a request is only sent if all of its input and some of an answer fit; the answer is bounded to what is left |
//! | tokens | in and out together, of all requests | the same |
//! | calls | tool calls that are run, nested ones among them | a batch is only run if all of it fits |
//! | wall time | the time of turns, without the waiting for a person | a turn that is still running then is stopped |
//!
//! Whatever does not fit is asked about before it is done: see [`BudgetQuestion`]. Nested agents draw on the same budget;
//! what is under way is reserved, so that two of them together do not cross a bound either.
//!
//! A price that is not known can keep no bound of dollars, so that is asked about too. A request that was broken off is
//! counted by estimate, where its price is known.

use std::time::Duration;

use policy::LimitName;

use crate::{MicroUsd, Prices, Tally, Usage};

/// The shortest answer that a request is worth, in tokens.
pub(crate) const SHORTEST_ANSWER: u64 = 1_024;
/// The longest answer that is asked for under a bound of dollars or tokens, in tokens.
pub(crate) const LONGEST_ANSWER: u64 = 32_768;

/// What a session may use. None is no bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Dollars.
    pub cost: Option<MicroUsd>,
    /// Tokens, in and out together.
    pub tokens: Option<u64>,
    /// Tool calls.
    pub calls: Option<u64>,
    /// Time of turns.
    pub wall: Option<Duration>,
}

impl Bounds {
    /// The bound of a limit, in the limit's unit.
    pub(crate) fn of(&self, limit: LimitName) -> Option<u64> {
        match limit {
            LimitName::Cost => self.cost.map(|cost| cost.0),
            LimitName::Tokens => self.tokens,
            LimitName::Calls => self.calls,
            LimitName::Deadline => self.wall.map(millis),
            _ => None,
        }
    }

    /// Raises a bound that there is; it is never lowered.
    pub(crate) fn raise(&mut self, limit: LimitName, to: u64) {
        match limit {
            LimitName::Cost => {
                self.cost = self.cost.map(|cost| cost.max(MicroUsd(to)));
            }
            LimitName::Tokens => self.tokens = self.tokens.map(|tokens| tokens.max(to)),
            LimitName::Calls => self.calls = self.calls.map(|calls| calls.max(to)),
            LimitName::Deadline => {
                self.wall = self.wall.map(|wall| wall.max(Duration::from_millis(to)));
            }
            _ => {}
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A request to a model, before it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// Tokens that it will have, as far as is known.
    pub(crate) input: u64,
    /// What tokens cost.
    pub(crate) prices: Option<&'a Prices>,
    /// The longest answer that the caller wants, or the model can give.
    pub(crate) longest: Option<u64>,
    /// Whether the answer was written beforehand, and costs nothing unless it says so.
    pub(crate) scripted: bool,
}

/// What is set aside for something that is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reserved {
    cost: MicroUsd,
    tokens: u64,
    /// The longest answer that fits; none without a bound.
    pub(crate) longest: Option<u64>,
}

/// What an answer is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    /// None where nobody knows.
    pub(crate) charged: Option<MicroUsd>,
    pub(crate) tokens: u64,
}

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crossing {
    /// A bound would be crossed.
    Limit {
        limit: LimitName,
        allowed: u64,
        used: u64,
        next: u64,
    },
    /// There is a bound of dollars, and nobody knows the price.
    UnknownPrice { cap: MicroUsd },
}

/// The books of a session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Budget {
    pub(crate) bounds: Bounds,
    pub(crate) tally: Tally,
    /// Dollars that count against the bound.
    charged: MicroUsd,
    /// Tokens that count against the bound.
    tokens: u64,
    /// Calls that were run.
    pub(crate) calls: u64,
    reserved_cost: MicroUsd,
    reserved_tokens: u64,
    /// Answers of which nobody knows what they cost.
    unpriced: u64,
    /// Whether a person said that the session may go on without known prices.
    pub(crate) goes_unpriced: bool,
    pub(crate) time: Time,
}

impl Budget {
    pub(crate) fn new(bounds: Bounds) -> Budget {
        Budget {
            bounds,
            ..Budget::default()
        }
    }

    /// What counts against the bound of a limit.
    #[cfg(test)]
    pub(crate) fn used(&self, limit: LimitName) -> u64 {
        match limit {
            LimitName::Cost => self.charged.0,
            LimitName::Tokens => self.tokens,
            LimitName::Calls => self.calls,
            _ => 0,
        }
    }

    /// Dollars that count against the bound.
    pub(crate) const fn charged(&self) -> MicroUsd {
        self.charged
    }

    /// Dollars that are left under the bound.
    pub(crate) fn left(&self) -> Option<MicroUsd> {
        let used = self.charged.plus(self.reserved_cost);
        self.bounds
            .cost
            .map(|cap| MicroUsd(cap.0.saturating_sub(used.0)))
    }

    /// Sets aside what a request may use.
    pub(crate) fn reserve(&mut self, asking: Asking<'_>) -> Result<Reserved, Crossing> {
        let shortest = SHORTEST_ANSWER.min(asking.longest.unwrap_or(u64::MAX));
        let mut longest = asking.longest.unwrap_or(LONGEST_ANSWER).min(LONGEST_ANSWER);
        let mut bounded = false;
        if let Some(allowed) = self.bounds.tokens {
            bounded = true;
            let used = self.tokens.saturating_add(self.reserved_tokens);
            let left = allowed.saturating_sub(used);
            let next = asking.input.saturating_add(shortest);
            if next > left {
                return Err(Crossing::Limit {
                    limit: LimitName::Tokens,
                    allowed,
                    used,
                    next,
                });
            }
            longest = longest.min(left.saturating_sub(asking.input));
        }
        let mut cost = MicroUsd::default();
        if let Some(cap) = self.bounds.cost {
            let free = asking.scripted && asking.prices.is_none();
            if !self.goes_unpriced && (self.unpriced > 0 || (asking.prices.is_none() && !free)) {
                return Err(Crossing::UnknownPrice { cap });
            }
            if let Some(prices) = asking.prices {
                bounded = true;
                let used = self.charged.plus(self.reserved_cost);
                let left = MicroUsd(cap.0.saturating_sub(used.0));
                let next = dearest(prices, asking.input, shortest);
                if next > left {
                    return Err(Crossing::Limit {
                        limit: LimitName::Cost,
                        allowed: cap.0,
                        used: used.0,
                        next: next.0,
                    });
                }
                longest = longest.min(affordable(prices, asking.input, left));
                cost = dearest(prices, asking.input, longest);
            }
        }
        let tokens = if bounded {
            asking.input.saturating_add(longest)
        } else {
            0
        };
        let reserved = Reserved {
            cost,
            tokens,
            longest: bounded.then_some(longest),
        };
        self.reserved_cost = self.reserved_cost.plus(cost);
        self.reserved_tokens = self.reserved_tokens.saturating_add(tokens);
        Ok(reserved)
    }

    /// Gives back what was set aside.
    pub(crate) fn release(&mut self, reserved: Reserved) {
        self.reserved_cost = MicroUsd(self.reserved_cost.0.saturating_sub(reserved.cost.0));
        self.reserved_tokens = self.reserved_tokens.saturating_sub(reserved.tokens);
    }

    /// Counts an answer. What was not said is counted by estimate where its price is known.
    pub(crate) fn settle(
        &mut self,
        usage: Option<&Usage>,
        estimate: &Usage,
        prices: Option<&Prices>,
        scripted: bool,
    ) -> Counted {
        self.tally.add(usage);
        let counted = usage.unwrap_or(estimate);
        let tokens = counted.input_tokens.saturating_add(counted.output_tokens);
        self.tokens = self.tokens.saturating_add(tokens);
        let cost = counted
            .cost
            .or_else(|| prices.map(|prices| prices.cost(counted)))
            .or_else(|| scripted.then(MicroUsd::default));
        match cost {
            Some(cost) => self.charged = self.charged.plus(cost),
            None => self.unpriced = self.unpriced.saturating_add(1),
        }
        Counted {
            charged: cost,
            tokens,
        }
    }

    /// Counts calls that are about to run.
    pub(crate) fn take_calls(&mut self, number: u64) -> Result<(), Crossing> {
        if let Some(allowed) = self.bounds.calls
            && self.calls.saturating_add(number) > allowed
        {
            return Err(Crossing::Limit {
                limit: LimitName::Calls,
                allowed,
                used: self.calls,
                next: number,
            });
        }
        self.calls = self.calls.saturating_add(number);
        Ok(())
    }

    /// Charges what a call will cost by its own account; it is given back with [`refund`](Self::refund) if it fails.
    pub(crate) fn charge(&mut self, cost: MicroUsd) {
        self.charged = self.charged.plus(cost);
    }

    /// Gives a charge back.
    pub(crate) fn refund(&mut self, cost: MicroUsd) {
        self.charged = MicroUsd(self.charged.0.saturating_sub(cost.0));
    }

    /// Counts what a session had used before it was resumed.
    pub(crate) fn restore(&mut self, used: &Used) {
        self.tally = used.tally;
        self.charged = used.charged;
        self.tokens = used.tokens;
        self.calls = used.calls;
        self.unpriced = used.unpriced;
        self.goes_unpriced = used.goes_unpriced;
        self.time.before = used.worked;
        for (limit, to) in &used.raised {
            self.bounds.raise(*limit, *to);
        }
    }
}

/// What a session had used, as its journal tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) tally: Tally,
    pub(crate) charged: MicroUsd,
    pub(crate) tokens: u64,
    pub(crate) calls: u64,
    pub(crate) unpriced: u64,
    pub(crate) goes_unpriced: bool,
    pub(crate) worked: Duration,
    pub(crate) raised: Vec<(LimitName, u64)>,
}

/// What a request costs at most: as if all of its input were new, and at the dearer of the rates for that.
fn dearest(prices: &Prices, input: u64, output: u64) -> MicroUsd {
    let plain = Usage {
        input_tokens: input,
        output_tokens: output,
        ..Usage::default()
    };
    let to_cache = Usage {
        cache_write_tokens: input,
        ..plain
    };
    prices.cost(&plain).max(prices.cost(&to_cache))
}

/// The longest answer that so much money pays for.
fn affordable(prices: &Prices, input: u64, left: MicroUsd) -> u64 {
    // Costs grow with the answer, so the longest one that fits is found by halving.
    let (mut fits, mut too_long) = (0, LONGEST_ANSWER + 1);
    while fits + 1 < too_long {
        let middle = fits + (too_long - fits) / 2;
        if dearest(prices, input, middle) <= left {
            fits = middle;
        } else {
            too_long = middle;
        }
    }
    fits
}

/// How long a session has been at work. Waiting for a person does not count.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Time {
    /// In earlier turns.
    before: Duration,
    /// When the turn began.
    begun: Option<Duration>,
    /// What of it was waiting.
    waited: Duration,
    /// Since when somebody is being asked, and how many questions are open.
    asking: Option<(Duration, u32)>,
}

impl Time {
    pub(crate) fn begin(&mut self, now: Duration) {
        self.begun = Some(now);
        self.waited = Duration::ZERO;
        self.asking = None;
    }

    pub(crate) fn end(&mut self, now: Duration) {
        self.before = self.worked(now);
        self.begun = None;
    }

    pub(crate) fn ask(&mut self, now: Duration) {
        self.asking = Some(match self.asking {
            None => (now, 1),
            Some((since, open)) => (since, open.saturating_add(1)),
        });
    }

    pub(crate) fn answered(&mut self, now: Duration) {
        self.asking = match self.asking {
            Some((since, open)) if open > 1 => Some((since, open - 1)),
            Some((since, _)) => {
                self.waited += now.saturating_sub(since);
                None
            }
            None => None,
        };
    }

    /// The time of all turns up to now.
    pub(crate) fn worked(&self, now: Duration) -> Duration {
        let Some(begun) = self.begun else {
            return self.before;
        };
        let until = self.asking.map_or(now, |(since, _)| since);
        self.before + until.saturating_sub(begun).saturating_sub(self.waited)
    }

    pub(crate) const fn is_asking(&self) -> bool {
        self.asking.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rates;

    /// One dollar a million tokens in, ten out: a token in is one millionth, a token out ten.
    fn prices() -> Prices {
        Prices {
            base: Rates {
                input: MicroUsd(1_000_000),
                output: MicroUsd(10_000_000),
                ..Rates::default()
            },
            long: None,
        }
    }

    fn asking(input: u64, prices: Option<&Prices>) -> Asking<'_> {
        Asking {
            input,
            prices,
            longest: None,
            scripted: false,
        }
    }

    fn limit(limit: LimitName, allowed: u64, used: u64, next: u64) -> Crossing {
        Crossing::Limit {
            limit,
            allowed,
            used,
            next,
        }
    }

    fn bounds(cost: Option<u64>, tokens: Option<u64>) -> Bounds {
        Bounds {
            cost: cost.map(MicroUsd),
            tokens,
            ..Bounds::default()
        }
    }

    /// The bounds in millionths of a dollar and in tokens, the request's input; the longest answer, or what is crossed.
    #[test]
    fn a_request_fits_or_not() {
        let known = prices();
        let cap = MicroUsd(20_000);
        let table = [
            (bounds(None, None), 1_000_000, Some(&known), Ok(None)),
            (bounds(None, None), 1_000_000, None, Ok(None)),
            (bounds(None, Some(2_024)), 1_000, None, Ok(Some(1_024))),
            (
                bounds(None, Some(2_023)),
                1_000,
                None,
                Err(limit(LimitName::Tokens, 2_023, 0, 2_024)),
            ),
            (bounds(None, Some(100_000)), 1_000, None, Ok(Some(32_768))),
            (
                bounds(Some(20_000), None),
                1_000,
                Some(&known),
                Ok(Some(1_900)),
            ),
            (
                bounds(Some(11_240), None),
                1_000,
                Some(&known),
                Ok(Some(1_024)),
            ),
            (
                bounds(Some(11_239), None),
                1_000,
                Some(&known),
                Err(limit(LimitName::Cost, 11_239, 0, 11_240)),
            ),
            (
                bounds(Some(20_000), Some(2_500)),
                1_000,
                Some(&known),
                Ok(Some(1_500)),
            ),
            (
                bounds(Some(20_000), None),
                1_000,
                None,
                Err(Crossing::UnknownPrice { cap }),
            ),
        ];
        for (bounds, input, prices, expected) in table {
            let mut budget = Budget::new(bounds);
            let found = budget.reserve(asking(input, prices));
            assert_eq!(
                found.map(|reserved| reserved.longest),
                expected,
                "{bounds:?} {input}"
            );
        }
        // A script costs nothing, unless it says so.
        let mut budget = Budget::new(bounds(Some(1), None));
        let scripted = Asking {
            scripted: true,
            ..asking(1_000, None)
        };
        assert_eq!(budget.reserve(scripted), Ok(Reserved::default()));
        // A model whose answers are short needs no room for longer ones.
        let mut budget = Budget::new(bounds(None, Some(1_010)));
        let short = Asking {
            longest: Some(10),
            ..asking(1_000, None)
        };
        assert_eq!(budget.reserve(short).unwrap().longest, Some(10));
    }

    #[test]
    fn what_is_under_way_counts() {
        let known = prices();
        let mut budget = Budget::new(bounds(Some(30_000), None));
        let first = budget.reserve(asking(1_000, Some(&known))).unwrap();
        assert_eq!(first.longest, Some(2_900));
        assert_eq!(budget.left(), Some(MicroUsd(0)));
        assert!(budget.reserve(asking(1_000, Some(&known))).is_err());
        budget.release(first);
        let usage = Usage {
            input_tokens: 1_000,
            output_tokens: 100,
            ..Usage::default()
        };
        budget.settle(Some(&usage), &Usage::default(), Some(&known), false);
        assert_eq!(budget.used(LimitName::Cost), 2_000);
        assert_eq!(budget.used(LimitName::Tokens), 1_100);
        assert_eq!(budget.left(), Some(MicroUsd(28_000)));
    }

    #[test]
    fn what_an_answer_is_counted_as() {
        let known = prices();
        let said = Usage {
            input_tokens: 100,
            output_tokens: 10,
            cost: Some(MicroUsd(7)),
            ..Usage::default()
        };
        let unsaid = Usage { cost: None, ..said };
        let estimate = Usage {
            input_tokens: 50,
            ..Usage::default()
        };
        // The usage, the prices, whether it is a script; millionths, tokens, and whether the next request is refused.
        let table = [
            (Some(&said), None, false, 7, 110, true),
            (Some(&said), Some(&known), false, 7, 110, false),
            (Some(&unsaid), Some(&known), false, 200, 110, false),
            (Some(&unsaid), None, false, 0, 110, true),
            (None, Some(&known), false, 50, 50, false),
            (None, None, false, 0, 50, true),
            (None, None, true, 0, 50, false),
        ];
        for (usage, prices, scripted, cost, tokens, refused) in table {
            let mut budget = Budget::new(bounds(Some(1_000_000), None));
            budget.settle(usage, &estimate, prices, scripted);
            assert_eq!(budget.used(LimitName::Cost), cost);
            assert_eq!(budget.used(LimitName::Tokens), tokens);
            let next = budget.reserve(Asking {
                scripted,
                ..asking(1, prices)
            });
            let unknown = Err(Crossing::UnknownPrice {
                cap: MicroUsd(1_000_000),
            });
            assert_eq!(next == unknown, refused, "{usage:?} {prices:?} {scripted}");
            budget.goes_unpriced = true;
            assert!(budget.reserve(asking(1, prices)).is_ok());
        }
    }

    #[test]
    fn calls() {
        let mut budget = Budget::new(Bounds {
            calls: Some(3),
            ..Bounds::default()
        });
        assert_eq!(budget.take_calls(2), Ok(()));
        let crossing = limit(LimitName::Calls, 3, 2, 2);
        assert_eq!(budget.take_calls(2), Err(crossing));
        assert_eq!(budget.take_calls(1), Ok(()));
        budget.bounds.raise(LimitName::Calls, 4);
        assert_eq!(budget.take_calls(1), Ok(()));
        budget.bounds.raise(LimitName::Calls, 1);
        assert_eq!(budget.bounds.of(LimitName::Calls), Some(4));
    }

    #[test]
    fn time_at_work() {
        let s = Duration::from_secs;
        let mut time = Time::default();
        assert_eq!(time.worked(s(9)), s(0));
        time.begin(s(10));
        assert_eq!(time.worked(s(12)), s(2));
        // Two questions at the same time are one wait.
        time.ask(s(12));
        time.ask(s(13));
        assert_eq!(time.worked(s(20)), s(2));
        time.answered(s(20));
        assert_eq!(time.worked(s(21)), s(2));
        time.answered(s(22));
        assert_eq!(time.worked(s(23)), s(3));
        time.end(s(24));
        assert_eq!(time.worked(s(99)), s(4));
        time.begin(s(100));
        assert_eq!(time.worked(s(101)), s(5));
    }
}
