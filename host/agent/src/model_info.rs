//! What is known of a model before it is asked.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{MicroUsd, Usage};

/// What is known of a model. What is not known is none, never a guess.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Its full id, for example `ollama/llama3.1:8b`. Reasoning goes back to the model with the same id only.
    pub id: String,
    /// Tokens that fit into one request and its answer together.
    pub context_window: Option<u64>,
    /// Tokens that one answer can have at most.
    pub max_output_tokens: Option<u64>,
    /// What its tokens cost. A model on the user's own machine costs nothing, which is not the same as none.
    pub prices: Option<Prices>,
    /// Whether it can call tools.
    pub tools: Option<bool>,
    /// Whether it can see pictures. Where it cannot, they are sent in words.
    pub images: Option<bool>,
    /// Whether it can think before it answers.
    pub reasoning: Option<bool>,
}

impl ModelInfo {
    /// A model of which nothing is known.
    #[must_use]
    pub fn unknown(id: impl Into<String>) -> ModelInfo {
        ModelInfo {
            id: id.into(),
            ..ModelInfo::default()
        }
    }
}

/// What a model's tokens cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    /// What they cost.
    #[serde(flatten)]
    pub base: Rates,
    /// What all tokens of a request cost instead, where its input is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long: Option<LongRates>,
}

/// The rates of a request with a long input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongRates {
    /// They hold where more input tokens than these were sent, cached ones included.
    pub above: u64,
    /// The rates.
    #[serde(flatten)]
    pub rates: Rates,
}

/// What a million tokens cost, in millionths of a US dollar: 3 dollars a million are 3 000 000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Tokens in.
    pub input: MicroUsd,
    /// Tokens out.
    pub output: MicroUsd,
    /// Tokens in from the cache; none where they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<MicroUsd>,
    /// Tokens in to the cache; none where they cost what others do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<MicroUsd>,
}

impl Prices {
    /// What a request cost, rounded up to the next millionth of a dollar.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> MicroUsd {
        let rates = match &self.long {
            Some(long) if usage.input_tokens > long.above => &long.rates,
            _ => &self.base,
        };
        let fresh = usage
            .input_tokens
            .saturating_sub(usage.cache_read_tokens)
            .saturating_sub(usage.cache_write_tokens);
        let parts = [
            (fresh, rates.input),
            (
                usage.cache_read_tokens,
                rates.cache_read.unwrap_or(rates.input),
            ),
            (
                usage.cache_write_tokens,
                rates.cache_write.unwrap_or(rates.input),
            ),
            (usage.output_tokens, rates.output),
        ];
        let sum = parts
            .into_iter()
            .map(|(tokens, rate)| u128::from(tokens).saturating_mul(u128::from(rate.0)))
            .fold(0_u128, u128::saturating_add);
        MicroUsd(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// How hard a model is to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More than much.
    Xhigh,
    /// As much as it can.
    Max,
}

impl Effort {
    /// All of them, from the least.
    pub const ALL: [Effort; 6] = [
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::Xhigh,
        Effort::Max,
    ];

    /// The word in configurations, on command lines and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::Xhigh => "xhigh",
            Effort::Max => "max",
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Effort {
    type Err = EffortError;

    fn from_str(word: &str) -> Result<Effort, EffortError> {
        Effort::ALL
            .into_iter()
            .find(|effort| effort.as_str() == word)
            .ok_or_else(|| EffortError(word.to_owned()))
    }
}

/// A word that is no effort.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no effort; expected minimal, low, medium, high, xhigh or max")]
pub struct EffortError(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, cache_read: u64, cache_write: u64, output: u64) -> Usage {
        Usage {
            input_tokens: input,
            output_tokens: output,
            cache_read_tokens: cache_read,
            cache_write_tokens: cache_write,
            ..Usage::default()
        }
    }

    /// 3 dollars a million in, 15 out, 0.30 from the cache, 3.75 to it; twice that above 200 000.
    fn prices() -> Prices {
        let rates = |factor: u64| Rates {
            input: MicroUsd(3_000_000 * factor),
            output: MicroUsd(15_000_000 * factor),
            cache_read: Some(MicroUsd(300_000 * factor)),
            cache_write: Some(MicroUsd(3_750_000 * factor)),
        };
        Prices {
            base: rates(1),
            long: Some(LongRates {
                above: 200_000,
                rates: rates(2),
            }),
        }
    }

    #[test]
    fn costs() {
        let table = [
            (usage(0, 0, 0, 0), 0),
            (usage(1_000_000 / 8, 0, 0, 0), 375_000),
            (usage(0, 0, 0, 1_000), 15_000),
            (usage(100_000, 90_000, 5_000, 0), 27_000 + 18_750 + 15_000),
            (usage(200_000, 0, 0, 0), 600_000),
            (usage(200_001, 0, 0, 0), 1_200_006),
            // A provider that counts more in its cache than in all has no fresh tokens.
            (usage(10, 20, 0, 0), 6),
            // One token from the cache is 0.3 millionths: rounded up, never nothing.
            (usage(1, 1, 0, 0), 1),
            (usage(u64::MAX, 0, 0, u64::MAX), u64::MAX),
        ];
        for (usage, micros) in table {
            assert_eq!(prices().cost(&usage), MicroUsd(micros), "{usage:?}");
        }
        // Without rates of its own, the cache costs what other input does.
        let plain = Prices {
            base: Rates {
                input: MicroUsd(1_000_000),
                ..Rates::default()
            },
            long: None,
        };
        assert_eq!(plain.cost(&usage(100, 50, 25, 9)), MicroUsd(100));
    }

    #[test]
    fn efforts_in_words() {
        for effort in Effort::ALL {
            assert_eq!(effort.to_string().parse(), Ok(effort));
            assert_eq!(
                serde_json::to_value(effort).unwrap(),
                effort.to_string().as_str()
            );
        }
        assert!(Effort::Minimal < Effort::Low && Effort::Xhigh < Effort::Max);
        assert_eq!(
            "High".parse::<Effort>().unwrap_err().to_string(),
            "`High` is no effort; expected minimal, low, medium, high, xhigh or max"
        );
    }
}
