//! A model that does the same thing over and over.
//!
//! A call's signature is its tool, its arguments and what came of it. Arguments are compared as JSON values: the order
//! of keys and white space do not count, the order of arrays does; what is not JSON is compared as it stands. So polling
//! with results that change is not a repetition.
//!
//! | the last calls | count as one |
//! | --- | --- |
//! | 3 times the same signature | repetition of 1 |
//! | 2 times the same sequence of 2 to 5 signatures | repetition of its length |
//!
//! Only what the last calls end in counts: once the model does something else, it is forgiven. The first 3 times it is
//! told; if it goes on after that, the turn ends.

use std::collections::VecDeque;
use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash as _, Hasher as _};

use serde_json::Value;

use crate::Part;

/// Notes that a model may ignore.
pub const MAX_NOTES: u32 = 3;

/// Signatures that are looked at.
const WINDOW: usize = 30;
/// How often one signature in a row is too often.
const SAME: usize = 3;
/// The longest sequence.
const LONGEST: usize = 5;
/// How often a sequence in a row is too often.
const SEQUENCES: usize = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    tool: String,
    arguments: u64,
    result: u64,
}

/// What the last calls were.
#[derive(Debug, Clone, Default)]
pub(crate) struct Repetitions {
    last: VecDeque<Signature>,
    /// Whether there were calls since the last look.
    fresh: bool,
    /// Notes that were given since the model last did something else.
    notes: u32,
}

/// A repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repetition {
    /// The tools of the sequence.
    pub(crate) tools: Vec<String>,
    /// How often it was gone through in a row, as far as is remembered.
    pub(crate) times: usize,
}

impl fmt::Display for Repetition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tools.as_slice() {
            [tool] => write!(
                f,
                "`{tool}` with the same arguments and the same result {} times in a row",
                self.times
            ),
            tools => write!(
                f,
                "the sequence {} with the same arguments and the same results {} times in a row",
                tools.join(" → "),
                self.times
            ),
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    Nothing,
    /// Tell the model, for the how-manyeth time.
    Tell(Repetition, u32),
    /// It was told often enough.
    Stop(Repetition),
}

impl Repetitions {
    /// One more call and what came of it.
    pub(crate) fn add(&mut self, tool: &str, arguments: &str, result: &[Part]) {
        if self.last.len() == WINDOW {
            self.last.pop_front();
        }
        self.last.push_back(Signature {
            tool: tool.to_owned(),
            arguments: arguments_hash(arguments),
            result: result_hash(result),
        });
        self.fresh = true;
    }

    /// Looks at the calls since the last look.
    pub(crate) fn check(&mut self) -> Finding {
        if !std::mem::take(&mut self.fresh) {
            return Finding::Nothing;
        }
        let Some(found) = self.found() else {
            self.notes = 0;
            return Finding::Nothing;
        };
        if self.notes >= MAX_NOTES {
            return Finding::Stop(found);
        }
        self.notes += 1;
        Finding::Tell(found, self.notes)
    }

    fn found(&self) -> Option<Repetition> {
        (1..=LONGEST).find_map(|length| {
            let times = self.times(length);
            let enough = if length == 1 { SAME } else { SEQUENCES };
            (times >= enough).then(|| {
                let from = self.last.len().saturating_sub(length);
                Repetition {
                    tools: self
                        .last
                        .iter()
                        .skip(from)
                        .map(|one| one.tool.clone())
                        .collect(),
                    times,
                }
            })
        })
    }

    /// How often the last signatures of this number stand in a row at the end.
    fn times(&self, length: usize) -> usize {
        let backwards = || self.last.iter().rev();
        let same = backwards()
            .skip(length)
            .zip(backwards().cycle_of(length))
            .take_while(|(one, two)| one == two)
            .count();
        if self.last.len() < length {
            0
        } else {
            1 + same / length
        }
    }
}

/// The first items of an iterator, over and over.
trait CycleOf: Iterator + Clone + Sized {
    fn cycle_of(self, length: usize) -> impl Iterator<Item = Self::Item> {
        self.take(length).cycle()
    }
}

impl<I: Iterator + Clone> CycleOf for I {}

fn arguments_hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => canonical(&value, &mut hasher),
        Err(_) => text.hash(&mut hasher),
    }
    hasher.finish()
}

/// Hashes a value so that the order of keys does not count.
fn canonical(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Array(values) => {
            (1_u8, values.len()).hash(hasher);
            values.iter().for_each(|value| canonical(value, hasher));
        }
        Value::Object(object) => {
            (2_u8, object.len()).hash(hasher);
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (key, value) in entries {
                key.hash(hasher);
                canonical(value, hasher);
            }
        }
        scalar => (3_u8, scalar.to_string()).hash(hasher),
    }
}

fn result_hash(parts: &[Part]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        match part {
            Part::Text { text } => text.hash(&mut hasher),
            Part::Image { bytes, .. } => bytes.hash(&mut hasher),
            Part::Link { uri, .. } => uri.hash(&mut hasher),
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter is a tool; a digit after it is its result.
    fn found(calls: &str) -> Option<(String, usize)> {
        let mut seen = Repetitions::default();
        for call in calls.split(' ').filter(|call| !call.is_empty()) {
            seen.add(&call[..1], "{}", &[Part::text(&call[1..])]);
        }
        seen.found()
            .map(|found| (found.tools.concat(), found.times))
    }

    #[test]
    fn what_repeats() {
        let table = [
            ("", None),
            ("a", None),
            ("a a", None),
            ("a a a", Some(("a", 3))),
            ("a a a a", Some(("a", 4))),
            // Polling: the results change.
            ("a1 a2 a3 a4", None),
            ("a b a", None),
            ("a b a b", Some(("ab", 2))),
            ("x a b a b a b", Some(("ab", 3))),
            ("a b b a b b", Some(("abb", 2))),
            ("a b c d a b c d", Some(("abcd", 2))),
            ("a b c d e a b c d e", Some(("abcde", 2))),
            // Six are too many to be one sequence.
            ("a b c d e f a b c d e f", None),
            // It is over as soon as something else is done.
            ("a a a b", None),
            ("a b a b c", None),
            ("a b a1 b", None),
        ];
        for (calls, expected) in table {
            let expected = expected.map(|(tools, times)| (tools.to_owned(), times));
            assert_eq!(found(calls), expected, "{calls}");
        }
        assert_eq!(found(&"a ".repeat(100)), Some(("a".to_owned(), WINDOW)));
    }

    #[test]
    fn what_counts_as_the_same_arguments() {
        let table = [
            (r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#, true),
            (r#"{"a":{"x":1,"y":2}}"#, r#"{"a":{"y":2,"x":1}}"#, true),
            (r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
            (r#"{"a":1}"#, r#"{"a":1.0}"#, false),
            (r#"{"a":"#, r#"{"a":"#, true),
            (r#"{"a":"#, r#"{"a": "#, false),
            (r#"[[],{}]"#, r#"[{},[]]"#, false),
        ];
        for (one, two, same) in table {
            assert_eq!(
                arguments_hash(one) == arguments_hash(two),
                same,
                "{one} {two}"
            );
        }
    }

    #[test]
    fn told_three_times_then_stopped() {
        let mut seen = Repetitions::default();
        let same = |seen: &mut Repetitions| {
            seen.add("a", "{}", &[]);
            seen.check()
        };
        let repetition = |times| Repetition {
            tools: vec!["a".into()],
            times,
        };
        assert_eq!(same(&mut seen), Finding::Nothing);
        assert_eq!(same(&mut seen), Finding::Nothing);
        assert_eq!(same(&mut seen), Finding::Tell(repetition(3), 1));
        // A look without a new call says nothing.
        assert_eq!(seen.check(), Finding::Nothing);
        assert_eq!(same(&mut seen), Finding::Tell(repetition(4), 2));
        assert_eq!(same(&mut seen), Finding::Tell(repetition(5), 3));
        assert_eq!(same(&mut seen), Finding::Stop(repetition(6)));

        // Something else in between, and all is forgiven.
        let mut seen = Repetitions::default();
        for _ in 0..5 {
            same(&mut seen);
        }
        seen.add("b", "{}", &[]);
        assert_eq!(seen.check(), Finding::Nothing);
        for _ in 0..2 {
            assert_eq!(same(&mut seen), Finding::Nothing);
        }
        assert_eq!(same(&mut seen), Finding::Tell(repetition(3), 1));
    }

    #[test]
    fn in_words() {
        let one = Repetition {
            tools: vec!["bash".into()],
            times: 3,
        };
        assert_eq!(
            one.to_string(),
            "`bash` with the same arguments and the same result 3 times in a row"
        );
        let two = Repetition {
            tools: vec!["read".into(), "edit".into()],
            times: 2,
        };
        assert_eq!(
            two.to_string(),
            "the sequence read → edit with the same arguments and the same results 2 times in a row"
        );
    }
}
