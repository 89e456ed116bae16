//! What a provider's error means.
//!
//! The code and the type in the error's body count first, then the status, and the words last:
//!
//! | what it says | error |
//! | --- | --- |
//! | code or type `context_length_exceeded`, `exceed_context_size_error`, `request_too_large` … | overflow |
//! | `insufficient_quota`, `billing_error`, `billing_hard_limit_reached` … | credit |
//! | `rate_limit_error`, `rate_limit_exceeded` … | rate limit |
//! | `overloaded_error`, `server_error`, `api_error`, `timeout_error`, `unavailable_error` … | overload, unless the status says that the request is wrong |
//! | `authentication_error`, `invalid_api_key`, `permission_error` … | auth |
//! | `content_filter`, `content_policy_violation`, `invalid_prompt` … | refused |
//! | status 401 | auth |
//! | status 402 | credit |
//! | status 403 | credit where the words are about money, else auth |
//! | status 413 | overflow |
//! | status 429 | credit where the words are about money, else rate limit |
//! | status 408, 425, 5xx | overflow where the words are about the context, else overload |
//! | any other status of an error | by its words: overflow, credit, rate limit; else bad request |
//! | no status: an error in the midst of a stream | by its words: overflow, rate limit, credit, overload; else overload |

use std::time::Duration;

use agent::ModelError;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::hint;
use crate::time::Time;

/// Characters of a provider's message that are shown.
const SHOWN: usize = 2000;

/// Why an attempt gave no turn, and what is needed to do something about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) error: ModelError,
    /// The status of the response, where there was one.
    pub(crate) status: Option<u16>,
    /// Everything that the provider said, in lower case: code, type, parameter, message.
    pub(crate) words: String,
    /// Whether asking again can help.
    pub(crate) passes: bool,
}

impl Fault {
    /// An error that no provider has said.
    pub(crate) fn own(error: ModelError) -> Fault {
        let passes = may_pass(&error);
        Fault {
            error,
            status: None,
            words: String::new(),
            passes,
        }
    }

    /// The same, where asking again cannot help.
    pub(crate) fn lasting(error: ModelError) -> Fault {
        Fault {
            passes: false,
            ..Fault::own(error)
        }
    }
}

/// Whether the same request may do better later.
pub(crate) fn may_pass(error: &ModelError) -> bool {
    matches!(
        error,
        ModelError::RateLimit { .. }
            | ModelError::Overload { .. }
            | ModelError::Network(_)
            | ModelError::Truncated(_)
    )
}

/// The parts of an error that a provider sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) message: String,
    kind: String,
    code: String,
    param: String,
}

impl Said {
    /// Finds them in a body, whatever its shape: `{"error": {…}}`, `{"error": "…"}`, `{"message": "…"}`,
    /// `{"detail": …}`, an event of type `error`, or no JSON at all.
    pub(crate) fn read(body: &str) -> Said {
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return Said {
                message: plain(body),
                ..Said::default()
            };
        };
        Said::from_value(&value).unwrap_or_else(|| Said {
            message: plain(body),
            ..Said::default()
        })
    }

    /// The same, for JSON. None where there is no message in it.
    pub(crate) fn from_value(value: &Value) -> Option<Said> {
        let value = match value {
            Value::Array(values) => values.first()?,
            value => value,
        };
        let error = match value.get("error") {
            Some(error @ Value::Object(_)) => error,
            Some(Value::String(message)) => {
                return Some(Said {
                    message: message.clone(),
                    kind: word(value.get("error_type")),
                    ..Said::default()
                });
            }
            _ => value,
        };
        let message =
            ["message", "detail", "msg"]
                .into_iter()
                .find_map(|key| match error.get(key)? {
                    Value::String(text) => Some(text.clone()),
                    Value::Null => None,
                    other => Some(other.to_string()),
                })?;
        let metadata = error.get("metadata").and_then(|data| data.get("raw"));
        Some(Said {
            message: match metadata.and_then(Value::as_str) {
                // A router's own words say little; what the provider behind it said is here.
                Some(raw) => format!("{message}: {raw}"),
                None => message,
            },
            kind: word(error.get("type")),
            code: word(error.get("code")),
            param: word(error.get("param")),
        })
    }

    fn all(&self) -> String {
        [&self.code, &self.kind, &self.param, &self.message]
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase()
    }
}

fn word(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A body that is not JSON: a proxy's page, most often. Its tags are of no use to anybody.
fn plain(body: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars().take(4 * SHOWN) {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What a response with the status of an error means.
pub(crate) fn of_response(
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    time: &dyn Time,
) -> Fault {
    let said = Said::read(body);
    let wait = hint::in_headers(headers, time).or_else(|| hint::in_words(&said.message));
    classify(Some(status.as_u16()), &said, wait)
}

/// What an error in the midst of a stream means.
pub(crate) fn of_event(said: &Said) -> Fault {
    // Some pass on the status of the provider behind them as the error's code.
    let status = said
        .code
        .parse()
        .ok()
        .filter(|code| (400..600).contains(code));
    classify(status, said, hint::in_words(&said.message))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Auth,
    Credit,
    RateLimit,
    Overload,
    Overflow,
    BadRequest,
    Refused,
}

fn classify(status: Option<u16>, said: &Said, wait: Option<Duration>) -> Fault {
    let words = said.all();
    let class = by_code(&said.code)
        .or_else(|| by_code(&said.kind))
        // `api_error` is also what some call a request for a model that they do not have.
        .filter(|class| *class != Class::Overload || !status.is_some_and(is_ours))
        .unwrap_or_else(|| by_status(status, &words));
    // Some say `invalid_request_error`, or `rate_limit_exceeded`, for what their words tell apart.
    let class = match class {
        Class::BadRequest | Class::RateLimit if is_credit(&words) => Class::Credit,
        Class::BadRequest if is_overflow(&words) => Class::Overflow,
        class => class,
    };
    let mut message = shortened(said.message.trim());
    if message.is_empty() {
        message = "it gave no reason".to_owned();
    }
    if let Some(status) = status {
        message = format!("{message} (status {status})");
    }
    let error = match class {
        Class::Auth => ModelError::Auth(message),
        Class::Credit => ModelError::Credit(message),
        Class::RateLimit => ModelError::RateLimit {
            message,
            retry_after: wait,
        },
        Class::Overload => ModelError::Overload {
            message,
            retry_after: wait,
        },
        Class::Overflow => ModelError::Overflow(message),
        Class::BadRequest => ModelError::BadRequest(message),
        Class::Refused => ModelError::Refused(message),
    };
    Fault {
        passes: may_pass(&error),
        error,
        status,
        words,
    }
}

/// Whether the status says that the request is wrong, and not the provider.
fn is_ours(status: u16) -> bool {
    (400..500).contains(&status) && ![408, 425, 429].contains(&status)
}

fn by_code(code: &str) -> Option<Class> {
    Some(match code.to_ascii_lowercase().as_str() {
        "context_length_exceeded"
        | "context_window_exceeded"
        | "exceed_context_size_error"
        | "request_too_large"
        | "string_above_max_length"
        | "model_context_window_exceeded" => Class::Overflow,
        "insufficient_quota"
        | "billing_error"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "insufficient_credits"
        | "payment_required" => Class::Credit,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "too_many_requests"
        | "rate_limited"
        | "slow_down" => Class::RateLimit,
        "overloaded_error"
        | "server_error"
        | "api_error"
        | "timeout_error"
        | "unavailable_error"
        | "internal_server_error"
        | "service_unavailable"
        | "overloaded"
        | "server_is_overloaded"
        | "internal_error" => Class::Overload,
        "authentication_error"
        | "invalid_api_key"
        | "permission_error"
        | "unauthorized"
        | "invalid_authentication"
        | "access_denied"
        | "permission_denied" => Class::Auth,
        "content_filter"
        | "content_policy_violation"
        | "invalid_prompt"
        | "refusal"
        | "content_filter_error" => Class::Refused,
        _ => return None,
    })
}

fn by_status(status: Option<u16>, words: &str) -> Class {
    match status {
        Some(401) => Class::Auth,
        Some(402) => Class::Credit,
        Some(403) if is_credit(words) => Class::Credit,
        Some(403) => Class::Auth,
        Some(413) => Class::Overflow,
        Some(429) if is_credit(words) => Class::Credit,
        Some(429) => Class::RateLimit,
        Some(408 | 425 | 500..) if is_overflow(words) => Class::Overflow,
        Some(408 | 425 | 500..) => Class::Overload,
        Some(_) if is_overflow(words) => Class::Overflow,
        Some(_) if is_credit(words) => Class::Credit,
        Some(_) if is_rate_limit(words) => Class::RateLimit,
        Some(_) => Class::BadRequest,
        None if is_overflow(words) => Class::Overflow,
        None if is_credit(words) => Class::Credit,
        None if is_rate_limit(words) => Class::RateLimit,
        // It had taken the request, and then it could not go on.
        None => Class::Overload,
    }
}

fn has(words: &str, any: &[&str]) -> bool {
    any.iter().any(|pattern| words.contains(pattern))
}

/// Words about a conversation that is too long.
pub(crate) fn is_overflow(words: &str) -> bool {
    has(
        words,
        &[
            "context window exceeded",
            "maximum context length",
            "max context length",
            "prompt is too long",
            "context length exceeded",
            "context_length_exceeded",
            "too many input tokens",
            "input is too long",
            "input length and `max_tokens` exceed",
            "exceeds the available context size",
            "exceed context limit",
            "exceeds the context window",
            "exceeds context window",
            "exceeds the model's context",
            "exceed the context window",
            "longer than the model's context length",
            "reduce the length of the messages",
            "maximum number of tokens allowed",
            "maximum model length",
            "context size has been exceeded",
            "request entity too large",
            "greater than the context length",
            "inputs tokens + max_new_tokens",
        ],
    )
}

/// Words about too many requests.
pub(crate) fn is_rate_limit(words: &str) -> bool {
    has(
        words,
        &[
            "rate limit",
            "rate_limit",
            "ratelimit",
            "too many requests",
            "too many tokens",
            "request limit",
            "throttl",
        ],
    )
}

/// Words about money.
pub(crate) fn is_credit(words: &str) -> bool {
    has(
        words,
        &[
            "insufficient credit",
            "insufficient_quota",
            "insufficient quota",
            "insufficient balance",
            "insufficient funds",
            "out of credit",
            "payment required",
            "no credits",
            "add credits",
            "require credits",
            "requires credits",
            "credit balance is too low",
            "credit exhausted",
            "credits exhausted",
            "credit used up",
            "credits used up",
            "credit limit",
            "credits limit",
            "monthly credits",
            "monthly included credits",
            "quota exhausted",
            "quota exceeded",
            "quota limit",
            "exceeded your current quota",
            "exceeded your monthly",
            "billing",
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::RealTime;

    fn class(error: &ModelError) -> &'static str {
        match error {
            ModelError::Auth(_) => "auth",
            ModelError::Credit(_) => "credit",
            ModelError::RateLimit { .. } => "rate limit",
            ModelError::Overload { .. } => "overload",
            ModelError::Overflow(_) => "overflow",
            ModelError::BadRequest(_) => "bad request",
            ModelError::Refused(_) => "refused",
            _ => "other",
        }
    }

    #[test]
    fn responses() {
        let table: [(u16, &str, &str); 42] = [
            // Anthropic.
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 204801 tokens > 200000 maximum"}}"#,
                "overflow",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the API."}}"#,
                "credit",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least one message is required"}}"#,
                "bad request",
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}}"#,
                "overflow",
            ),
            (
                401,
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
                "auth",
            ),
            (
                402,
                r#"{"type":"error","error":{"type":"billing_error","message":"pay"}}"#,
                "credit",
            ),
            (
                403,
                r#"{"type":"error","error":{"type":"permission_error","message":"no"}}"#,
                "auth",
            ),
            (
                404,
                r#"{"type":"error","error":{"type":"not_found_error","message":"model: x"}}"#,
                "bad request",
            ),
            (
                413,
                r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
                "overflow",
            ),
            (
                429,
                r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
                "rate limit",
            ),
            (
                500,
                r#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#,
                "overload",
            ),
            (
                504,
                r#"{"type":"error","error":{"type":"timeout_error","message":"late"}}"#,
                "overload",
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                "overload",
            ),
            // OpenAI.
            (
                400,
                r#"{"error":{"message":"Your input exceeds the context window of this model.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}"#,
                "overflow",
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 128000 tokens.","type":"invalid_request_error","param":"messages","code":null}}"#,
                "overflow",
            ),
            (
                400,
                r#"{"error":{"message":"Invalid prompt: flagged","type":"invalid_request_error","param":null,"code":"invalid_prompt"}}"#,
                "refused",
            ),
            (
                400,
                r#"{"error":{"message":"bad schema","type":"invalid_request_error","param":"tools[0]","code":"invalid_function_parameters"}}"#,
                "bad request",
            ),
            (
                401,
                r#"{"error":{"message":"Incorrect API key provided","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
                "auth",
            ),
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
                "credit",
            ),
            (
                429,
                r#"{"error":{"message":"Rate limit reached for gpt-5 on tokens per min","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
                "rate limit",
            ),
            (
                500,
                r#"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}"#,
                "overload",
            ),
            (
                503,
                r#"{"error":{"message":"The engine is currently overloaded","type":"server_error","param":null,"code":"slow_down"}}"#,
                "rate limit",
            ),
            // The router and what is behind it.
            (401, r#"{"error":"Invalid username or password."}"#, "auth"),
            (
                402,
                r#"{"error":"You have exceeded your monthly included credits for Inference Providers."}"#,
                "credit",
            ),
            (
                403,
                r#"{"error":"This authentication method does not have sufficient permissions to call Inference Providers"}"#,
                "auth",
            ),
            (
                403,
                r#"{"error":"You have depleted your monthly included credits; billing"}"#,
                "credit",
            ),
            (
                400,
                r#"{"error":{"message":"prompt is too long: 365407, model maximum context length: 262143","type":"BadRequestError","code":400}}"#,
                "overflow",
            ),
            (
                429,
                r#"{"message":"Too many tokens, please wait before trying again."}"#,
                "rate limit",
            ),
            (
                400,
                r#"{"error":{"message":"The requested model 'a/b' does not exist","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
                "bad request",
            ),
            (
                502,
                "<html><head><title>502 Bad Gateway</title></head></html>",
                "overload",
            ),
            (
                400,
                r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"input is too long for requested model"}}}"#,
                "overflow",
            ),
            (
                500,
                r#"{"error":{"message":"This endpoint's maximum context length is 131072 tokens"}}"#,
                "overflow",
            ),
            // Local servers.
            (
                400,
                r#"{"error":{"code":400,"message":"the request exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":5000,"n_ctx":4096}}"#,
                "overflow",
            ),
            (
                503,
                r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#,
                "overload",
            ),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","param":null,"code":400}"#,
                "overflow",
            ),
            (
                404,
                r#"{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error","param":null,"code":null}}"#,
                "bad request",
            ),
            (
                400,
                r#"{"error":"Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is greater than the context length"}"#,
                "overflow",
            ),
            (
                422,
                r#"{"detail":[{"loc":["body","tools"],"msg":"field required"}]}"#,
                "bad request",
            ),
            (403, "", "auth"),
            (408, "", "overload"),
            (418, "", "bad request"),
            (400, "connection reset by peer", "bad request"),
        ];
        for (status, body, expected) in table {
            let status = StatusCode::from_u16(status).unwrap();
            let fault = of_response(status, &HeaderMap::new(), body, &RealTime::new());
            assert_eq!(class(&fault.error), expected, "{status} {body}");
            assert_eq!(fault.passes, may_pass(&fault.error));
        }
    }

    #[test]
    fn errors_in_a_stream() {
        let table = [
            (
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                "overload",
            ),
            (
                r#"{"type":"error","code":"rate_limit_exceeded","message":"wait","param":null}"#,
                "rate limit",
            ),
            (
                r#"{"type":"error","code":"server_error","message":"oops"}"#,
                "overload",
            ),
            (
                r#"{"error":{"message":"something broke","code":502}}"#,
                "overload",
            ),
            (r#"{"error":{"message":"no credits","code":402}}"#, "credit"),
            (
                r#"{"error":{"message":"tool schema","code":400}}"#,
                "bad request",
            ),
            (r#"{"error":"maximum context length is 10"}"#, "overflow"),
            (r#"{"error":"whatever"}"#, "overload"),
        ];
        for (event, expected) in table {
            let said = Said::from_value(&serde_json::from_str(event).unwrap()).unwrap();
            assert_eq!(class(&of_event(&said).error), expected, "{event}");
        }
    }

    #[test]
    fn what_is_shown() {
        let fault = of_response(
            StatusCode::BAD_GATEWAY,
            &HeaderMap::new(),
            "<html>\n<h1>Bad <b>gateway</b></h1></html>",
            &RealTime::new(),
        );
        assert_eq!(
            fault.error,
            ModelError::Overload {
                message: "Bad gateway (status 502)".into(),
                retry_after: None
            }
        );
        let long = "é".repeat(SHOWN + 5);
        assert_eq!(shortened(&long).chars().count(), SHOWN + 1);
    }
}
