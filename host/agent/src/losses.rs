//! What attempts of a request used that broke off in the midst of their answers.

use std::ops::ControlFlow;

use crate::budget::{Asking, Reserved};
use crate::context::Context;
use crate::mark::LlmCall;
use crate::shared::Shared;
use crate::{Prices, Usage};

/// How the record of such an attempt says that it broke off.
pub(crate) const BROKE_OFF: &str = "broke_off";

/// Counts such attempts while a request is under way, and says whether there is a budget for another one.
pub(crate) struct Losses<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) context: &'a Context,
    pub(crate) asking: Asking<'a>,
    pub(crate) model: &'a str,
    pub(crate) kind: &'static str,
    /// The longest answer that the conversation wants; none is no bound.
    pub(crate) longest: Option<u64>,
    /// What is set aside for the attempt that is under way.
    pub(crate) reserved: Reserved,
    /// To be written down once the request has come to its end.
    pub(crate) calls: Vec<LlmCall>,
    /// There was no budget for another attempt.
    pub(crate) out_of_budget: bool,
}

impl Losses<'_> {
    /// Counts one, of which `heard` came, and sets the next one's share aside. Gives the most tokens that its answer may
    /// have.
    pub(crate) fn count(
        &mut self,
        usage: Option<Usage>,
        heard: &str,
    ) -> ControlFlow<(), Option<u64>> {
        let heard = self.context.tokens_of_text(heard);
        let usage = usage.map(|said| whole(said, heard, self.asking.prices));
        let estimate = Usage {
            input_tokens: self.asking.input,
            output_tokens: heard,
            ..Usage::default()
        };
        let Asking {
            prices, scripted, ..
        } = self.asking;
        let mut budget = self.shared.budget();
        budget.release(std::mem::take(&mut self.reserved));
        let counted = budget.settle(usage.as_ref(), &estimate, prices, scripted);
        self.calls.push(LlmCall {
            model: self.model.to_owned(),
            kind: self.kind.to_owned(),
            latency_ms: 0,
            finish_reason: BROKE_OFF.to_owned(),
            usage,
            charged: counted.charged,
            tokens: counted.tokens,
            reasoning: None,
        });
        match budget.reserve(self.asking) {
            Ok(reserved) => {
                self.reserved = reserved;
                ControlFlow::Continue(self.most())
            }
            Err(_) => {
                self.out_of_budget = true;
                ControlFlow::Break(())
            }
        }
    }

    /// The most tokens that the answer may have; none is no bound.
    pub(crate) fn most(&self) -> Option<u64> {
        [self.longest, self.reserved.longest]
            .into_iter()
            .flatten()
            .min()
    }
}

/// Providers count the answer at its end: where that was not reached, what was heard is counted.
fn whole(said: Usage, heard: u64, prices: Option<&Prices>) -> Usage {
    let usage = Usage {
        output_tokens: said.output_tokens.max(heard),
        ..said
    };
    Usage {
        cost: prices.map(|prices| prices.cost(&usage)).or(said.cost),
        ..usage
    }
}
