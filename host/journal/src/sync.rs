//! When a record must be on the disk.

use std::collections::BTreeSet;

use crate::{CallId, Data, Entry};

/// When a record must be on the disk, not only in the operating system's memory.
///
/// | record | when |
/// | --- | --- |
/// | `session`, `end` | now |
/// | `decision` | now, unless it allows a call that only observes |
/// | `call_start` | now, unless the call only observes |
/// | `call_end`, `call_cancelled` | now, unless the journal holds the start of the call and it only observes |
/// | every other | with the next one that is synced, at [`Journal::sync`](crate::Journal::sync) or when the journal is closed |
///
/// A call only observes when it declares effects, and each of them is `observe`. So what acts on the world is on the disk
/// before it acts, and its end before anyone hears of it; what only looks pays for no disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sync {
    /// With the next record that is synced.
    Later,
    /// Before `append` returns.
    Now,
}

/// The running calls that only observe.
#[derive(Debug, Default)]
pub(crate) struct Observers(BTreeSet<CallId>);

impl Observers {
    /// Takes note of the entry, and says when it must be on the disk.
    pub(crate) fn note(&mut self, entry: &Entry) -> Sync {
        let observes = match &entry.data {
            Data::Session(_) | Data::End(_) => false,
            Data::Decision(decision) => {
                decision.verdict == "allow" && only_observes(&decision.effects)
            }
            Data::CallStart(start) => {
                let observes = only_observes(&start.effects);
                if let Some(call) = entry.call {
                    if observes {
                        self.0.insert(call);
                    } else {
                        self.0.remove(&call);
                    }
                }
                observes
            }
            Data::CallEnd(_) | Data::CallCancelled(_) => {
                entry.call.is_some_and(|call| self.0.remove(&call))
            }
            _ => true,
        };
        if observes { Sync::Later } else { Sync::Now }
    }
}

fn only_observes(effects: &[String]) -> bool {
    !effects.is_empty() && effects.iter().all(|effect| effect == "observe")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallCancelled, CallDelivered, CallEnd, CallStart, Decision, End, UserInput};

    fn effects(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn start(names: &[&str]) -> Data {
        CallStart {
            effects: effects(names),
            ..CallStart::default()
        }
        .into()
    }

    fn decision(verdict: &str, names: &[&str]) -> Data {
        Decision {
            verdict: verdict.to_owned(),
            effects: effects(names),
            ..Decision::default()
        }
        .into()
    }

    #[test]
    fn what_acts_is_synced_and_what_observes_is_not() {
        let table: [(&str, Option<u64>, Data, Sync); 18] = [
            ("an input", None, UserInput::default().into(), Sync::Later),
            ("the end", None, End::default().into(), Sync::Now),
            (
                "an allowed look",
                Some(1),
                decision("allow", &["observe"]),
                Sync::Later,
            ),
            (
                "a denied look",
                Some(1),
                decision("deny", &["observe"]),
                Sync::Now,
            ),
            (
                "an allowed act",
                Some(2),
                decision("allow", &["observe", "write"]),
                Sync::Now,
            ),
            (
                "allowed, nothing declared",
                Some(3),
                decision("allow", &[]),
                Sync::Now,
            ),
            ("a look starts", Some(1), start(&["observe"]), Sync::Later),
            (
                "an act starts",
                Some(2),
                start(&["observe", "write"]),
                Sync::Now,
            ),
            ("an undeclared call starts", Some(3), start(&[]), Sync::Now),
            (
                "another look starts",
                Some(4),
                start(&["observe"]),
                Sync::Later,
            ),
            (
                "a look ends",
                Some(1),
                CallEnd::default().into(),
                Sync::Later,
            ),
            (
                "a look is delivered",
                Some(1),
                CallDelivered::default().into(),
                Sync::Later,
            ),
            (
                "it ends again",
                Some(1),
                CallEnd::default().into(),
                Sync::Now,
            ),
            ("an act ends", Some(2), CallEnd::default().into(), Sync::Now),
            (
                "an act is delivered",
                Some(2),
                CallDelivered::default().into(),
                Sync::Later,
            ),
            (
                "an undeclared call is cancelled",
                Some(3),
                CallCancelled::default().into(),
                Sync::Now,
            ),
            (
                "a look is cancelled",
                Some(4),
                CallCancelled::default().into(),
                Sync::Later,
            ),
            (
                "a call without a start ends",
                Some(5),
                CallEnd::default().into(),
                Sync::Now,
            ),
        ];
        let mut observers = Observers::default();
        for (what, call, data, expected) in table {
            let entry = Entry {
                call: call.map(CallId::new),
                parent: None,
                data,
            };
            assert_eq!(observers.note(&entry), expected, "{what}");
        }
    }
}
