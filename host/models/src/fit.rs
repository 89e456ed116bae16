//! What was learnt about a model by what it refused, so that the next request fits.
//!
//! A refusal that is understood is mended and the request sent again. Each mend changes what is learnt, so that each
//! happens once; none counts as an attempt.
//!
//! | the provider says | from then on |
//! | --- | --- |
//! | a signature or encrypted content is invalid; a reasoning item is not found or not followed | the reasoning in this conversation is left out |
//! | a turn must begin with thinking | this turn is asked for without thinking |
//! | `cache_control` … | no marks for the cache |
//! | `prompt_cache_…` … | no key for the cache |
//! | `stream_options` … | none |
//! | use `max_completion_tokens` | that, instead of `max_tokens` |
//! | `eager_input_streaming` … | tools without it |
//! | reasoning summaries, or thoughts on display, are not allowed | none are asked for |
//! | encrypted content is not supported | none is asked for |
//! | `reasoning_content`, `reasoning_details` … | no reasoning goes back |
//! | pictures are not supported | they are sent in words |
//! | adaptive thinking is not supported | thinking with a budget |
//! | thinking with a budget is not supported | adaptive thinking |
//! | thinking, or the effort, is not supported | no effort |
//! | the effort is not one of … | the next lower one, at last none |

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use agent::{Effort, Message, ModelError, Part, Thought};

use crate::ask::Ask;
use crate::catalogue::Thinking;
use crate::effort;
use crate::wire::Fault;

/// Models of which something is remembered; far more than any session uses.
const MODELS: usize = 256;

/// What was learnt about one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fit {
    /// For a wanted effort the one to ask for; none where asking for any is refused.
    efforts: BTreeMap<Effort, Option<Effort>>,
    /// Whether it takes no effort, and no thinking, at all.
    pub(crate) effortless: bool,
    pub(crate) thinking: Option<Thinking>,
    pub(crate) no_replay: bool,
    pub(crate) no_images: bool,
    pub(crate) no_cache_marks: bool,
    pub(crate) no_cache_key: bool,
    pub(crate) no_stream_options: bool,
    pub(crate) completion_tokens: bool,
    pub(crate) no_eager_input: bool,
    pub(crate) no_summary: bool,
    pub(crate) no_encrypted: bool,
    /// Whether the provider has no Responses API.
    pub(crate) chat_only: bool,
    /// Hashes of reasoning that was refused.
    spoiled: HashSet<u64>,
}

/// What is done about a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mend {
    /// In words, for people.
    pub(crate) line: String,
    /// Whether it holds for later turns too.
    pub(crate) lasting: bool,
}

fn hash(thought: &Thought) -> u64 {
    let mut hasher = DefaultHasher::new();
    match thought {
        Thought::Signed { text, signature } => (0, text, signature).hash(&mut hasher),
        Thought::Redacted { data } => (1, data).hash(&mut hasher),
        Thought::Item { item } => (2, item.to_string()).hash(&mut hasher),
        Thought::Field { name, value } => (3, name, value.to_string()).hash(&mut hasher),
    }
    hasher.finish()
}

fn has(words: &str, any: &[&str]) -> bool {
    any.iter().any(|pattern| words.contains(pattern))
}

const UNSUPPORTED: [&str; 14] = [
    "not support",
    "unsupported",
    "does not support",
    "not allowed",
    "not permitted",
    "extra inputs",
    "extra fields",
    "unexpected",
    "unrecognized",
    "unknown",
    "not available",
    "only supported by",
    "removed",
    "no longer",
];

const INVALID_EFFORT: [&str; 12] = [
    "invalid",
    "not supported",
    "not support",
    "unsupported",
    "must be one of",
    "not a valid",
    "unrecognized",
    "unknown",
    "only supported",
    "supported values",
    "should be",
    "expected one of",
];

impl Fit {
    /// The effort to ask for.
    pub(crate) fn effort(&self, wanted: Effort, takes: Option<&[Effort]>) -> Option<Effort> {
        if self.effortless {
            return None;
        }
        match self.efforts.get(&wanted) {
            Some(learnt) => *learnt,
            None => match takes {
                Some(takes) => effort::among(wanted, takes),
                None => Some(wanted),
            },
        }
    }

    /// Remembers which effort was accepted, or that none is.
    pub(crate) fn accept(&mut self, wanted: Effort, accepted: Option<Effort>) {
        self.efforts.insert(wanted, accepted);
    }

    /// Looks anew which efforts are accepted.
    pub(crate) fn forget_efforts(&mut self) {
        self.efforts.clear();
        self.effortless = false;
    }

    pub(crate) fn is_spoiled(&self, thought: &Thought) -> bool {
        !self.spoiled.is_empty() && self.spoiled.contains(&hash(thought))
    }

    /// Forgets the reasoning in a conversation; whether there was any left.
    fn spoil(&mut self, ask: &Ask<'_>) -> bool {
        let before = self.spoiled.len();
        for message in ask.request.messages {
            if let Message::Assistant { reasoning, .. } = message {
                for block in ask.replayed(reasoning.as_ref()) {
                    self.spoiled.insert(hash(&block.thought));
                }
            }
        }
        self.spoiled.len() > before
    }

    /// Mends what the provider refused, if that is understood.
    pub(crate) fn mend(&mut self, fault: &Fault, ask: &Ask<'_>) -> Option<Mend> {
        let refused = match &fault.error {
            ModelError::BadRequest(_) | ModelError::Refused(_) => true,
            // Some servers answer a request that they cannot serve with 500.
            ModelError::Overload { .. } => fault.status == Some(500),
            _ => false,
        };
        if !refused || fault.status.is_none() {
            return None;
        }
        let words = fault.words.as_str();
        let lasting = |line: &str| {
            Some(Mend {
                line: line.to_owned(),
                lasting: true,
            })
        };
        let unsupported = has(words, &UNSUPPORTED);

        let spoils = (words.contains("signature") && has(words, &["thinking", "invalid"]))
            || (words.contains("encrypted content") && has(words, &["verif", "invalid"]))
            || words.contains("without its required following item")
            || (words.contains("item with id") && words.contains("not found"));
        if spoils && self.spoil(ask) {
            return lasting(
                "the provider does not take its own reasoning back; asking again without it",
            );
        }
        if words.contains("expected `thinking`") && !self.effortless {
            self.effortless = true;
            return Some(Mend {
                line: "the last turn came from a model that did not think; asking for this one without thinking".to_owned(),
                lasting: false,
            });
        }
        let mut flag = |flag: fn(&mut Fit) -> &mut bool, line: &str| {
            let flag = flag(self);
            (!std::mem::replace(flag, true)).then(|| Mend {
                line: line.to_owned(),
                lasting: true,
            })
        };
        if words.contains("cache_control") {
            return flag(
                |fit| &mut fit.no_cache_marks,
                "the provider takes no marks for its cache; asking again without",
            );
        }
        if words.contains("prompt_cache") {
            return flag(
                |fit| &mut fit.no_cache_key,
                "the provider takes no key for its cache; asking again without",
            );
        }
        if words.contains("stream_options") {
            return flag(
                |fit| &mut fit.no_stream_options,
                "the server takes no `stream_options`; asking again without",
            );
        }
        if words.contains("max_completion_tokens") && words.contains("max_tokens") {
            return flag(
                |fit| &mut fit.completion_tokens,
                "the provider wants `max_completion_tokens`; asking again with it",
            );
        }
        if words.contains("eager_input_streaming") {
            return flag(
                |fit| &mut fit.no_eager_input,
                "the provider takes no `eager_input_streaming`; asking again without",
            );
        }
        let display = words.contains("display") && words.contains("thinking") && unsupported;
        if display || has(words, &["reasoning summar", "reasoning.summary"]) {
            return flag(
                |fit| &mut fit.no_summary,
                "the provider gives no summaries of reasoning; asking again without",
            );
        }
        if has(words, &["encrypted content", "reasoning.encrypted_content"]) && unsupported {
            return flag(
                |fit| &mut fit.no_encrypted,
                "the provider gives no encrypted reasoning; asking again without",
            );
        }
        if has(words, &["reasoning_content", "reasoning_details"]) && has_reasoning(ask) {
            return flag(
                |fit| &mut fit.no_replay,
                "the provider does not take reasoning back; asking again without",
            );
        }
        let pictures = has(words, &["image", "multimodal", "vision", "mmproj"]);
        if pictures
            && (unsupported || has(words, &["not a multimodal", "cannot", "only text"]))
            && has_images(ask)
        {
            return flag(
                |fit| &mut fit.no_images,
                "the model does not see pictures; asking again with their descriptions",
            );
        }
        self.mend_effort(words, unsupported, ask)
    }

    fn mend_effort(&mut self, words: &str, unsupported: bool, ask: &Ask<'_>) -> Option<Mend> {
        let asked = ask.effort?;
        let wanted = ask.request.effort?;
        let lasting = |line: String| {
            Some(Mend {
                line,
                lasting: true,
            })
        };
        let now = self.thinking.unwrap_or(ask.thinking);
        if words.contains("adaptive") && unsupported && now == Thinking::Adaptive {
            self.thinking = Some(Thinking::Budget);
            return lasting(
                "the model does not decide by itself how much to think; asking again with a budget"
                    .to_owned(),
            );
        }
        if has(
            words,
            &["thinking.type.enabled", "budget_tokens", "\"enabled\""],
        ) && unsupported
            && now == Thinking::Budget
            && self.thinking.is_none()
        {
            self.thinking = Some(Thinking::Adaptive);
            return lasting(
                "the model takes no budget for thinking; asking again without".to_owned(),
            );
        }
        let off = (words.contains("thinking") && unsupported)
            || (has(
                words,
                &[
                    "unsupported parameter",
                    "unsupported_parameter",
                    "unrecognized request argument",
                    "extra inputs",
                ],
            ) && has(words, &["reasoning", "effort", "output_config"]))
            || (has(
                words,
                &[
                    "does not support reasoning",
                    "reasoning is not supported",
                    "not a reasoning model",
                ],
            ));
        if off {
            self.effortless = true;
            return lasting("the model takes no effort; asking again without".to_owned());
        }
        if has(words, &["effort", "output_config", "reasoning"]) && has(words, &INVALID_EFFORT) {
            let then = effort::next(wanted, asked);
            self.efforts.insert(wanted, then);
            return lasting(match then {
                Some(then) => {
                    format!("the model does not take the effort {asked}; asking again with {then}")
                }
                None => format!("the model does not take the effort {asked}; asking again without"),
            });
        }
        None
    }
}

fn has_reasoning(ask: &Ask<'_>) -> bool {
    ask.request.messages.iter().any(|message| match message {
        Message::Assistant { reasoning, .. } => !ask.replayed(reasoning.as_ref()).is_empty(),
        _ => false,
    })
}

fn has_images(ask: &Ask<'_>) -> bool {
    let picture = |parts: &[Part]| parts.iter().any(|part| matches!(part, Part::Image { .. }));
    ask.request.messages.iter().any(|message| match message {
        Message::User { content } | Message::Tool { content, .. } => picture(content),
        _ => false,
    })
}

/// What was learnt about all models, by full id.
#[derive(Debug, Default)]
pub(crate) struct Fits(Mutex<HashMap<String, Fit>>);

impl Fits {
    pub(crate) fn of(&self, id: &str) -> Fit {
        let fits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fits.get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn keep(&self, id: &str, fit: &Fit) {
        let mut fits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fits.len() < MODELS || fits.contains_key(id) {
            fits.insert(id.to_owned(), fit.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent::{ModelInfo, Reasoning, ReasoningBlock, TurnRequest};
    use http::{HeaderMap, StatusCode};

    use crate::time::RealTime;
    use crate::wire::fault::of_response;

    fn conversation() -> Vec<Message> {
        vec![
            Message::User {
                content: vec![Part::Image {
                    mime: "image/png".into(),
                    bytes: vec![1],
                    alt: "loss".into(),
                }],
            },
            Message::Assistant {
                text: "a".into(),
                reasoning: Some(Reasoning {
                    model: "m".into(),
                    blocks: vec![ReasoningBlock {
                        thought: Thought::Signed {
                            text: "hm".into(),
                            signature: "s".into(),
                        },
                        after_text: 0,
                        after_calls: 0,
                    }],
                }),
                tool_calls: vec![],
            },
        ]
    }

    /// Refuses again and again in the same words; what was done about it each time.
    fn mends(status: u16, message: &str, wanted: Option<Effort>) -> Vec<String> {
        let messages = conversation();
        let info = ModelInfo::unknown("m");
        let mut fit = Fit::default();
        let mut lines = vec![];
        loop {
            let snapshot = fit.clone();
            let ask = Ask {
                id: "m",
                name: "m",
                request: TurnRequest {
                    messages: &messages,
                    effort: wanted,
                    ..TurnRequest::default()
                },
                info: &info,
                thinking: Thinking::Adaptive,
                effort: wanted.and_then(|wanted| fit.effort(wanted, None)),
                fit: &snapshot,
            };
            let body = serde_json::json!({"error": {"message": message}}).to_string();
            let status = StatusCode::from_u16(status).unwrap();
            let fault = of_response(status, &HeaderMap::new(), &body, &RealTime::new());
            let Some(mend) = fit.mend(&fault, &ask) else {
                return lines;
            };
            assert_ne!(fit, snapshot, "{message}: nothing was learnt");
            lines.push(mend.line);
            assert!(lines.len() < 10, "{message}: mended for ever");
        }
    }

    #[test]
    fn each_refusal_is_mended_once() {
        let table: [(u16, &str, Option<Effort>, &[&str]); 22] = [
            (
                400,
                "messages.1.content.0: Invalid `signature` in `thinking` block",
                None,
                &["the provider does not take its own reasoning back"],
            ),
            (
                400,
                "The encrypted content for item rs_1 could not be verified.",
                None,
                &["the provider does not take its own reasoning back"],
            ),
            (
                400,
                "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
                None,
                &["the provider does not take its own reasoning back"],
            ),
            (
                400,
                "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`",
                Some(Effort::High),
                &["the last turn came from a model that did not think"],
            ),
            (
                400,
                "tools.3.cache_control: Extra inputs are not permitted",
                None,
                &["the provider takes no marks for its cache"],
            ),
            (
                400,
                "Unsupported parameter: 'prompt_cache_retention'",
                None,
                &["the provider takes no key for its cache"],
            ),
            (
                422,
                "stream_options: extra fields not permitted",
                None,
                &["the server takes no `stream_options`"],
            ),
            (
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                None,
                &["the provider wants `max_completion_tokens`"],
            ),
            (
                400,
                "Your organization must be verified to generate reasoning summaries.",
                Some(Effort::High),
                &["the provider gives no summaries"],
            ),
            (
                400,
                "thinking.adaptive.display: Extra inputs are not permitted",
                Some(Effort::High),
                &["the provider gives no summaries"],
            ),
            (
                400,
                "Encrypted content is not supported with this model.",
                None,
                &["the provider gives no encrypted reasoning"],
            ),
            (
                400,
                "property 'reasoning_content' is unsupported",
                None,
                &["the provider does not take reasoning back"],
            ),
            (
                500,
                "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
                None,
                &["the model does not see pictures"],
            ),
            (
                400,
                "adaptive thinking is not supported on this model",
                Some(Effort::High),
                &[
                    "the model does not decide by itself",
                    "the model takes no effort",
                ],
            ),
            (
                400,
                "This model does not support thinking",
                Some(Effort::High),
                &["the model takes no effort"],
            ),
            (
                400,
                "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
                Some(Effort::Max),
                &["the model takes no effort"],
            ),
            (
                400,
                "Unsupported value: 'reasoning.effort' does not support 'max'. Supported values are: 'none'",
                Some(Effort::Max),
                &[
                    "the model does not take the effort max; asking again with xhigh",
                    "the model does not take the effort xhigh; asking again with high",
                    "the model does not take the effort high; asking again with medium",
                    "the model does not take the effort medium; asking again with low",
                    "the model does not take the effort low; asking again without",
                ],
            ),
            (
                400,
                "output_config.effort: must be one of low, medium",
                Some(Effort::Minimal),
                &[
                    "the model does not take the effort minimal; asking again with low",
                    "the model does not take the effort low; asking again without",
                ],
            ),
            // Not asked for, so not the cause.
            (
                400,
                "output_config.effort: must be one of low, medium",
                None,
                &[],
            ),
            (
                400,
                "tools.0.input_schema: invalid",
                Some(Effort::High),
                &[],
            ),
            (401, "invalid signature in thinking", None, &[]),
            (502, "image input is not supported", None, &[]),
        ];
        for (status, message, wanted, expected) in table {
            let found = mends(status, message, wanted);
            assert_eq!(found.len(), expected.len(), "{message}: {found:?}");
            for (line, beginning) in found.iter().zip(expected) {
                assert!(line.starts_with(beginning), "{message}: {line}");
            }
        }
    }

    #[test]
    fn by_full_id() {
        let fits = Fits::default();
        let mut fit = fits.of("a/b:c");
        fit.accept(Effort::Max, Some(Effort::High));
        fit.accept(Effort::Low, None);
        fits.keep("a/b:c", &fit);
        assert_eq!(
            fits.of("a/b:c").effort(Effort::Max, None),
            Some(Effort::High)
        );
        assert_eq!(fits.of("a/b:c").effort(Effort::Low, None), None);
        assert_eq!(
            fits.of("a/b:c").effort(Effort::Medium, None),
            Some(Effort::Medium)
        );
        assert_eq!(fits.of("a/b").effort(Effort::Max, None), Some(Effort::Max));
        let takes = [Effort::Low, Effort::High];
        assert_eq!(
            fits.of("a/b").effort(Effort::Max, Some(&takes)),
            Some(Effort::High)
        );
    }
}
