//! What the session has used so far.

use std::fmt;

use serde::Serialize;

use crate::{MicroUsd, Usage};

/// Sums over the requests of a session. What is unknown is counted as unknown, never as nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Requests that were answered, in part where somebody broke the answer off.
    pub requests: u64,
    /// Of these, how many came without token counts.
    pub without_usage: u64,
    /// Of these, how many came without a price.
    pub without_cost: u64,
    /// Tokens in, as far as known.
    pub input_tokens: u64,
    /// Tokens out, as far as known.
    pub output_tokens: u64,
    /// Tokens in that were read from the provider's cache, as far as known.
    pub cache_read_tokens: u64,
    /// Tokens in that were written to the provider's cache, as far as known.
    pub cache_write_tokens: u64,
    /// The sum of the known prices.
    pub known_cost: MicroUsd,
}

impl Tally {
    /// Adds one answered request.
    pub fn add(&mut self, usage: Option<&Usage>) {
        self.requests = self.requests.saturating_add(1);
        let Some(usage) = usage else {
            self.without_usage = self.without_usage.saturating_add(1);
            self.without_cost = self.without_cost.saturating_add(1);
            return;
        };
        self.input_tokens = self.input_tokens.saturating_add(usage.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(usage.output_tokens);
        self.cache_read_tokens = self
            .cache_read_tokens
            .saturating_add(usage.cache_read_tokens);
        self.cache_write_tokens = self
            .cache_write_tokens
            .saturating_add(usage.cache_write_tokens);
        match usage.cost {
            Some(cost) => self.known_cost = self.known_cost.plus(cost),
            None => self.without_cost = self.without_cost.saturating_add(1),
        }
    }

    /// What it all cost; none where the price of any request is unknown.
    #[must_use]
    pub fn cost(&self) -> Option<MicroUsd> {
        (self.without_cost == 0).then_some(self.known_cost)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            requests,
            without_usage,
            without_cost,
            input_tokens,
            output_tokens,
            ..
        } = *self;
        write!(f, "requests: {requests}; ")?;
        match without_usage {
            0 => write!(f, "tokens: {input_tokens} in, {output_tokens} out; ")?,
            all if all == requests => f.write_str("tokens: unknown; ")?,
            some => write!(
                f,
                "tokens: at least {input_tokens} in, {output_tokens} out (unknown for {some} of {requests}); "
            )?,
        }
        match without_cost {
            0 => write!(f, "cost: {}", self.known_cost),
            all if all == requests => f.write_str("cost: unknown"),
            some => {
                write!(
                    f,
                    "cost: at least {} (unknown for {some} of {requests})",
                    self.known_cost
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(cost: Option<u64>) -> Usage {
        Usage {
            input_tokens: 10,
            output_tokens: 2,
            reasoning_tokens: None,
            cache_read_tokens: 4,
            cache_write_tokens: 1,
            cost: cost.map(MicroUsd),
        }
    }

    #[test]
    fn unknown_is_not_nothing() {
        let table = [
            (
                vec![],
                Some(0),
                "requests: 0; tokens: 0 in, 0 out; cost: $0.000000",
            ),
            (
                vec![Some(usage(Some(5))), Some(usage(Some(7)))],
                Some(12),
                "requests: 2; tokens: 20 in, 4 out; cost: $0.000012",
            ),
            (
                vec![Some(usage(None))],
                None,
                "requests: 1; tokens: 10 in, 2 out; cost: unknown",
            ),
            (
                vec![Some(usage(Some(5))), Some(usage(None))],
                None,
                "requests: 2; tokens: 20 in, 4 out; cost: at least $0.000005 (unknown for 1 of 2)",
            ),
            (
                vec![None, Some(usage(Some(5)))],
                None,
                "requests: 2; tokens: at least 10 in, 2 out (unknown for 1 of 2); cost: at least $0.000005 (unknown for 1 of 2)",
            ),
        ];
        for (requests, cost, words) in table {
            let mut tally = Tally::default();
            for request in &requests {
                tally.add(request.as_ref());
            }
            assert_eq!(tally.cost(), cost.map(MicroUsd), "{words}");
            assert_eq!(tally.to_string(), words);
        }
    }
}
