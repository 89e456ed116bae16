//! A table of models: `configs/models.toml`, and the user's own of the same form. The keys are explained at its top.

use std::io::Read as _;
use std::path::Path;

use agent::{Effort, LongRates, MicroUsd, Prices, Rates};
use serde::Deserialize;

use crate::id::ModelId;

/// Bytes of the user's table at most.
const TABLE_BYTES: u64 = 1024 * 1024;

/// The table that comes with this build.
const BUNDLED: &str = include_str!("../../../../configs/models.toml");

/// How a model of Anthropic's is told to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Thinking {
    /// It decides by itself, within an effort.
    #[default]
    Adaptive,
    /// With a budget of tokens.
    Budget,
    /// It cannot.
    None,
}

/// What a table says of one model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Entry {
    pub(crate) context_window: Option<u64>,
    pub(crate) max_output: Option<u64>,
    pub(crate) tools: Option<bool>,
    pub(crate) images: Option<bool>,
    pub(crate) reasoning: Option<bool>,
    pub(crate) thinking: Option<Thinking>,
    pub(crate) efforts: Option<Vec<Effort>>,
    pub(crate) prices: Option<Prices>,
}

impl Entry {
    /// What it says, and what the other one says of the rest.
    pub(crate) fn or(self, other: Entry) -> Entry {
        Entry {
            context_window: self.context_window.or(other.context_window),
            max_output: self.max_output.or(other.max_output),
            tools: self.tools.or(other.tools),
            images: self.images.or(other.images),
            reasoning: self.reasoning.or(other.reasoning),
            thinking: self.thinking.or(other.thinking),
            efforts: self.efforts.or(other.efforts),
            prices: self.prices.or(other.prices),
        }
    }
}

/// A table of models that cannot be used. Names the file and the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct TableError {
    /// The file, with the line where one is wrong.
    pub file: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

/// Models by id.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<(String, Entry)>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    #[serde(default)]
    model: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    id: String,
    context_window: Option<u64>,
    max_output: Option<u64>,
    tools: Option<bool>,
    images: Option<bool>,
    reasoning: Option<bool>,
    thinking: Option<Thinking>,
    efforts: Option<Vec<Effort>>,
    price: Option<RawRates>,
    long_price: Option<RawLong>,
}

/// US dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRates {
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLong {
    above: u64,
    input: f64,
    output: f64,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

impl Table {
    /// The one that comes with this build.
    pub(crate) fn bundled() -> Result<Table, TableError> {
        Table::parse("configs/models.toml", BUNDLED)
    }

    /// The user's own; empty where there is none.
    pub(crate) fn read(path: Option<&Path>) -> Result<Table, TableError> {
        let Some(path) = path else {
            return Ok(Table::default());
        };
        let file = path.display().to_string();
        let wrong = |problem: String| TableError {
            file: file.clone(),
            problem,
        };
        let handle = match std::fs::File::open(path) {
            Ok(handle) => handle,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Table::default());
            }
            Err(error) => return Err(wrong(error.to_string())),
        };
        let mut text = String::new();
        handle
            .take(TABLE_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| wrong(error.to_string()))?;
        if text.len() as u64 > TABLE_BYTES {
            return Err(wrong(format!("it has more than {TABLE_BYTES} bytes")));
        }
        Table::parse(&file, &text)
    }

    /// Reads a table.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Table, TableError> {
        let raw: RawTable = toml_edit::de::from_str(text).map_err(|error| {
            let place = error.span().map(|span| {
                let before = text.get(..span.start).unwrap_or_default();
                let line = before.matches('\n').count().saturating_add(1);
                format!("{file}:{line}")
            });
            TableError {
                file: place.unwrap_or_else(|| file.to_owned()),
                problem: error.message().trim().to_owned(),
            }
        })?;
        let mut entries: Vec<(String, Entry)> = Vec::with_capacity(raw.model.len());
        for raw in raw.model {
            let wrong = |problem: String| TableError {
                file: file.to_owned(),
                problem: format!("model `{}`: {problem}", raw.id),
            };
            let id = ModelId::parse(&raw.id)
                .map_err(|error| wrong(error.problem))?
                .to_string();
            if entries.iter().any(|(other, _)| *other == id) {
                return Err(wrong("there are two entries for it".to_owned()));
            }
            let entry = entry(&raw).map_err(wrong)?;
            entries.push((id, entry));
        }
        Ok(Table(entries))
    }

    /// What it says of a model: by its id, else without its `:<provider>`, else without a date at its end.
    pub(crate) fn entry(&self, id: &ModelId) -> Entry {
        let full = id.to_string();
        let general = match id {
            ModelId::Router { model, .. } => ModelId::Router {
                model: model.clone(),
                tag: None,
            }
            .to_string(),
            _ => full.clone(),
        };
        [full.as_str(), &general, undated(&general)]
            .into_iter()
            .find_map(|id| self.0.iter().find(|(known, _)| known == id))
            .map(|(_, entry)| entry.clone())
            .unwrap_or_default()
    }

    /// The ids that it has.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(id, _)| id.as_str())
    }
}

/// An id without `-20251001` or `-2025-10-01` at its end.
fn undated(id: &str) -> &str {
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if let Some((rest, date)) = id.rsplit_once('-')
        && digits(date, 8)
    {
        return rest;
    }
    let mut parts = id.rsplitn(4, '-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year), Some(rest))
            if digits(day, 2) && digits(month, 2) && digits(year, 4) =>
        {
            rest
        }
        _ => id,
    }
}

fn entry(raw: &Raw) -> Result<Entry, String> {
    let base = raw
        .price
        .as_ref()
        .map(|price| rates("price", price))
        .transpose()?;
    let long = match &raw.long_price {
        None => None,
        Some(long) => Some(LongRates {
            above: long.above,
            rates: rates(
                "long-price",
                &RawRates {
                    input: long.input,
                    output: long.output,
                    cache_read: long.cache_read,
                    cache_write: long.cache_write,
                },
            )?,
        }),
    };
    if base.is_none() && long.is_some() {
        return Err("`long-price` without `price`".to_owned());
    }
    for (key, tokens) in [
        ("context-window", raw.context_window),
        ("max-output", raw.max_output),
    ] {
        if tokens == Some(0) {
            return Err(format!("`{key}` is 0; leave it out where it is not known"));
        }
    }
    Ok(Entry {
        context_window: raw.context_window,
        max_output: raw.max_output,
        tools: raw.tools,
        images: raw.images,
        reasoning: raw.reasoning,
        thinking: raw.thinking,
        efforts: raw.efforts.clone(),
        prices: base.map(|base| Prices { base, long }),
    })
}

fn rates(key: &str, raw: &RawRates) -> Result<Rates, String> {
    let rate = |name: &str, dollars: f64| {
        MicroUsd::from_dollars(dollars)
            .ok_or_else(|| format!("`{key}.{name}` is {dollars}; expected US dollars, 0 or more"))
    };
    let some =
        |name: &str, dollars: Option<f64>| dollars.map(|dollars| rate(name, dollars)).transpose();
    Ok(Rates {
        input: rate("input", raw.input)?,
        output: rate("output", raw.output)?,
        cache_read: some("cache-read", raw.cache_read)?,
        cache_write: some("cache-write", raw.cache_write)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> ModelId {
        ModelId::parse(text).unwrap()
    }

    #[test]
    fn the_bundled_table() {
        let table = Table::bundled().unwrap();
        // What is sent to the maker itself has a price; what the router's providers ask for is not ours to know.
        for (name, entry) in &table.0 {
            let maker = matches!(id(name), ModelId::Anthropic { .. } | ModelId::OpenAi { .. });
            assert_eq!(entry.prices.is_some(), maker, "{name}");
            assert!(entry.context_window.is_some(), "{name}");
        }
        let opus = table.entry(&id("anthropic/claude-opus-4-8"));
        assert_eq!(
            opus.prices.unwrap().base,
            Rates {
                input: MicroUsd(5_000_000),
                output: MicroUsd(25_000_000),
                cache_read: Some(MicroUsd(500_000)),
                cache_write: Some(MicroUsd(6_250_000)),
            }
        );
    }

    #[test]
    fn which_entry() {
        let table = Table::parse(
            "t",
            r#"
            [[model]]
            id = "a/b"
            context-window = 1
            [[model]]
            id = "a/b:c"
            context-window = 2
            [[model]]
            id = "anthropic/claude-x-4-5"
            context-window = 3
            [[model]]
            id = "openai/gpt-5"
            context-window = 4
            "#,
        )
        .unwrap();
        let rows = [
            ("a/b", Some(1)),
            ("a/b:c", Some(2)),
            ("a/b:d", Some(1)),
            ("huggingface/a/b", Some(1)),
            ("a/c", None),
            ("anthropic/claude-x-4.5", Some(3)),
            ("anthropic/claude-x-4-5-20251101", Some(3)),
            ("anthropic/claude-x-4-5:fal-ai", None),
            ("openai/gpt-5-2025-08-07", Some(4)),
            ("openai/gpt-5-mini", None),
        ];
        for (text, window) in rows {
            assert_eq!(table.entry(&id(text)).context_window, window, "{text}");
        }
    }

    #[test]
    fn wrong_tables() {
        let rows = [
            ("window = 1", "t:3: unknown field `window`"),
            ("price = { input = 1 }", "t:3: missing field `output`"),
            (
                "price = { input = -1, output = 1 }",
                "t: model `a/b`: `price.input` is -1; expected US dollars",
            ),
            (
                "[[model]]\nid = 'x'",
                "t: model `x`: expected `<org>/<model>`",
            ),
            (
                "[[model]]\nid = 'huggingface/a/b'",
                "t: model `huggingface/a/b`: there are two entries for it",
            ),
            (
                "context-window = 0",
                "t: model `a/b`: `context-window` is 0",
            ),
            (
                "long-price = { above = 1, input = 1, output = 1 }",
                "t: model `a/b`: `long-price` without `price`",
            ),
            ("efforts = ['much']", "t:3: unknown variant `much`"),
            ("[[model", "t:3: "),
        ];
        for (text, expected) in rows {
            let text = format!("[[model]]\nid = 'a/b'\n{text}");
            let error = Table::parse("t", &text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
