//! Quotes of earlier results: `{{results.<label>.<what>}}`. The script's documentation has the table of forms.

use agent::{Message, in_words};
use regex_lite::Regex;
use serde_json::Value;

const OPEN: &str = "{{results.";
const CLOSE: &str = "}}";

/// Text with quotes in it.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Quote(Quote),
}

#[derive(Debug)]
struct Quote {
    /// As it stands in the script, for messages.
    source: String,
    label: String,
    what: What,
}

/// Which part of a result.
#[derive(Debug)]
enum What {
    Text,
    Tail(usize),
    Line(Regex),
    Json(String),
}

/// Whether a label can stand in a quote.
pub(super) fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Compiles a regular expression; the error says which one.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| format!("regular expression `{pattern}`: {error}"))
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let Some((body, after)) = after.split_once(CLOSE) else {
                return Err(format!(
                    "the quote `{OPEN}{after}` has no end; expected `{CLOSE}`"
                ));
            };
            pieces.push(Piece::Quote(Quote::parse(body)?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Template(pieces))
    }

    /// The labels that it quotes.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Quote(quote) => Some(quote.label.as_str()),
        })
    }

    /// The text with the results in place of the quotes.
    pub(super) fn render(&self, messages: &[Message]) -> Result<String, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Quote(quote) => text.push_str(&quote.render(messages)?),
            }
        }
        Ok(text)
    }
}

impl Quote {
    fn parse(body: &str) -> Result<Quote, String> {
        let source = format!("{OPEN}{body}{CLOSE}");
        let wrong = |problem: String| format!("the quote `{source}`: {problem}");
        let (label, what) = body.split_once('.').ok_or_else(|| {
            wrong(
                "expected a label and `.text`, `.tail:<n>`, `.line:<regex>` or `.json:<pointer>`"
                    .to_owned(),
            )
        })?;
        if !is_label(label) {
            return Err(wrong(format!(
                "`{label}` is no label; expected letters, digits, `-` and `_`"
            )));
        }
        let what = match what.split_once(':') {
            None if what == "text" => What::Text,
            Some(("tail", count)) => What::Tail(
                count
                    .parse()
                    .map_err(|_| wrong(format!("`{count}` is no number of lines")))?,
            ),
            Some(("line", pattern)) => What::Line(regex(pattern).map_err(wrong)?),
            Some(("json", pointer)) if pointer.is_empty() || pointer.starts_with('/') => {
                What::Json(pointer.to_owned())
            }
            Some(("json", pointer)) => {
                return Err(wrong(format!(
                    "`{pointer}` is no JSON Pointer; expected nothing or a `/` first"
                )));
            }
            _ => {
                return Err(wrong(format!(
                    "`{what}` is unknown; expected `text`, `tail:<n>`, `line:<regex>` or `json:<pointer>`"
                )));
            }
        };
        let label = label.to_owned();
        Ok(Quote {
            source,
            label,
            what,
        })
    }

    fn render(&self, messages: &[Message]) -> Result<String, String> {
        let result = messages.iter().rev().find_map(|message| match message {
            Message::Tool {
                tool_call_id,
                content,
                structured,
                ..
            } if *tool_call_id == self.label => Some((content, structured)),
            _ => None,
        });
        let Some((content, structured)) = result else {
            return Err(format!(
                "{}: the call has no result in the conversation",
                self.source
            ));
        };
        let text = in_words(content);
        match &self.what {
            What::Text => Ok(text),
            What::Tail(count) => {
                let lines: Vec<&str> = text.lines().collect();
                let skipped = lines.len().saturating_sub(*count);
                Ok(lines
                    .into_iter()
                    .skip(skipped)
                    .collect::<Vec<_>>()
                    .join("\n"))
            }
            What::Line(pattern) => text
                .lines()
                .find_map(|line| pattern.captures(line))
                .and_then(|found| found.get(1).or_else(|| found.get(0)))
                .map(|found| found.as_str().to_owned())
                .ok_or_else(|| {
                    format!(
                        "{}: no line matches; the text is: {}",
                        self.source,
                        shortened(&text)
                    )
                }),
            What::Json(pointer) => {
                let Some(structured) = structured else {
                    return Err(format!(
                        "{}: the result has no structured part; its text is: {}",
                        self.source,
                        shortened(&text)
                    ));
                };
                match structured.pointer(pointer) {
                    Some(Value::String(text)) => Ok(text.clone()),
                    Some(value) => Ok(value.to_string()),
                    None => Err(format!(
                        "{}: nothing is there; the structured result is: {}",
                        self.source,
                        shortened(&structured.to_string())
                    )),
                }
            }
        }
    }
}

/// The first 200 characters, for messages.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(200) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
    }
}
