//! Known secrets do not reach the disk.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::encodings;

/// A secret that must not be written down.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What to write instead of it: letters, digits, `_`, `-` and `.`, at most 64 of them.
    pub name: String,
    /// The secret: at least [`Redactor::MIN_LENGTH`] bytes.
    pub value: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Replaces known secrets by `[secret:NAME]`, in each of their usual spellings: as they are, JSON-escaped,
/// percent-encoded, form-encoded and in base64. It knows no patterns, only values: other text stays as it is.
///
/// It looks at one string at a time. A secret that is cut into two strings, is spelled in another way, or stands in a
/// record as a JSON number, is not found.
#[derive(Clone, Default)]
pub struct Redactor {
    /// None without secrets.
    finder: Option<Arc<Finder>>,
}

struct Finder {
    names: Vec<String>,
    /// Finds every spelling in a string.
    in_string: AhoCorasick,
    /// Finds every spelling in the JSON of a string.
    in_json: AhoCorasick,
    /// What to write for each spelling.
    marks: Vec<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.finder.as_ref().map_or(&[][..], |finder| &finder.names);
        f.debug_tuple("Redactor").field(&names).finish()
    }
}

/// Why a secret cannot be kept from being written. The messages do not quote it.
#[derive(Debug, thiserror::Error)]
pub enum RedactorError {
    /// So short a text is found where no secret is.
    #[error("secret `{name}` has {length} bytes; only {min} or more can be redacted", min = Redactor::MIN_LENGTH)]
    TooShort {
        /// Whose value it is.
        name: String,
        /// Its length.
        length: usize,
    },
    /// The name cannot stand for it.
    #[error("secret name {0:?}; expected 1 to 64 of A-Z, a-z, 0-9, `_`, `-` and `.`")]
    Name(String),
    /// There are too many, or they are too long.
    #[error("the secrets do not fit into one search: {0}")]
    TooMany(#[from] aho_corasick::BuildError),
}

impl Redactor {
    /// The shortest secret, in bytes.
    pub const MIN_LENGTH: usize = 8;

    /// Looks for nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Looks for these secrets. Where one holds another, the longer one is named.
    ///
    /// # Errors
    ///
    /// A secret is too short, or its name is not fit to be written instead of it.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Result<Self, RedactorError> {
        let mut names = Vec::new();
        let mut spellings = Vec::new();
        let mut marks = Vec::new();
        for Secret { name, value } in secrets {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
                return Err(RedactorError::Name(name));
            }
            if value.len() < Self::MIN_LENGTH {
                return Err(RedactorError::TooShort {
                    name,
                    length: value.len(),
                });
            }
            for spelling in encodings::of(&value) {
                spellings.push(spelling);
                marks.push(format!("[secret:{name}]"));
            }
            names.push(name);
        }
        if names.is_empty() {
            return Ok(Self::none());
        }
        let escaped: Vec<String> = spellings
            .iter()
            .map(|s| encodings::json_string(s))
            .collect();
        let search = |patterns: &[String]| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(patterns)
        };
        let in_string = search(&spellings)?;
        let in_json = if escaped == spellings {
            in_string.clone()
        } else {
            search(&escaped)?
        };
        Ok(Redactor {
            finder: Some(Arc::new(Finder {
                names,
                in_string,
                in_json,
                marks,
            })),
        })
    }

    /// The text without secrets.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.finder {
            Some(finder) if finder.in_string.is_match(text) => {
                Cow::Owned(finder.in_string.replace_all(text, &finder.marks))
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Redacts every string of the JSON that begins at `start` and goes to the end, names of fields included. The names
    /// of the format's own fields stay: without them a record could not be read.
    pub(crate) fn redact_json(&self, json: &mut Vec<u8>, start: usize) -> serde_json::Result<()> {
        let Some(finder) = &self.finder else {
            return Ok(());
        };
        // JSON escapes character by character, so what stands in a string stands, escaped, in its JSON. Nearly always
        // there is nothing, and the record need not be taken apart.
        if !json
            .get(start..)
            .is_some_and(|json| finder.in_json.is_match(json))
        {
            return Ok(());
        }
        let old = json.split_off(start);
        let mut rest = old.as_slice();
        while let Some(quote) = rest.iter().position(|b| *b == b'"') {
            let (between, string) = rest.split_at(quote);
            let (string, after) = string.split_at(string_length(string));
            json.extend_from_slice(between);
            let text: Cow<'_, str> = serde_json::from_slice(string)?;
            if after.first() == Some(&b':') && OWN_FIELDS.contains(&text.as_ref()) {
                json.extend_from_slice(string);
            } else {
                serde_json::to_writer(&mut *json, &self.redact(&text))?;
            }
            rest = after;
        }
        json.extend_from_slice(rest);
        Ok(())
    }
}

/// The length of the JSON string that the bytes begin with, its quotes included.
fn string_length(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// The names of the fields of every kind, as far as they are long enough to hold a secret.
const OWN_FIELDS: &[&str] = &[
    "arguments",
    "bytes_in",
    "bytes_out",
    "cached_tokens",
    "capability",
    "host_calls",
    "input_tokens",
    "messages",
    "new_size",
    "old_size",
    "open_files",
    "operation",
    "output_tokens",
    "parameters",
    "peak_memory",
    "received",
    "tool_call",
    "tool_calls",
    "wall_time",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::{
        CallCancelled, CallDelivered, CallEnd, CallStart, Change, Data, Decision, End, Event,
        FileChange, HostCall, ModelRequest, ModelTurn, Policy, Receipt, Session, StateWrite,
        ToolCall, UserInput, Workspace,
    };

    #[test]
    fn the_list_of_own_fields_is_complete() {
        let change = FileChange {
            change: Change::Added,
            path: String::new(),
            old_size: None,
            new_size: None,
        };
        let all: Vec<Data> = vec![
            Session::default().into(),
            Policy::default().into(),
            UserInput::default().into(),
            ModelRequest::default().into(),
            ModelTurn {
                tool_calls: vec![ToolCall::default()],
                ..ModelTurn::default()
            }
            .into(),
            Decision::default().into(),
            CallStart::default().into(),
            CallEnd::default().into(),
            CallCancelled::default().into(),
            CallDelivered::default().into(),
            HostCall::default().into(),
            Receipt::default().into(),
            StateWrite::default().into(),
            Event::default().into(),
            Workspace {
                changes: vec![change],
            }
            .into(),
            End::default().into(),
        ];
        let kinds: Vec<&str> = all.iter().map(Data::kind).collect();
        assert_eq!(kinds, Data::KINDS);
        let mut names = BTreeSet::new();
        for data in all {
            let mut json = Vec::new();
            data.write(&mut json).unwrap();
            collect(&serde_json::from_slice(&json).unwrap(), &mut names);
        }
        names.retain(|name| name.len() >= Redactor::MIN_LENGTH);
        assert_eq!(names.iter().collect::<Vec<_>>(), OWN_FIELDS);
    }

    fn collect(value: &Value, names: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            Value::Object(fields) => fields.iter().for_each(|(name, field)| {
                names.insert(name.clone());
                collect(field, names);
            }),
            _ => {}
        }
    }
}
