//! A model that writes broken arguments for the same tool again and again.
//!
//! After 2 in a row it is told to do it in another way, and again for each further one; after 3 such notes the turn
//! ends. Another tool, or arguments that can be read, break the streak.

use crate::repetition::MAX_NOTES;

/// Broken calls in a row that are let pass without a word.
const LET_PASS: u32 = 1;

/// Broken calls in a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streak {
    tool: String,
    length: u32,
    /// The length at the last look.
    seen: u32,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    /// Tell the model.
    Tell {
        tool: String,
        times: u32,
    },
    /// It was told often enough.
    Stop {
        tool: String,
        times: u32,
    },
}

impl Streak {
    /// One more call.
    pub(crate) fn add(&mut self, tool: &str, malformed: bool) {
        if !malformed {
            *self = Streak::default();
        } else if self.tool == tool {
            self.length = self.length.saturating_add(1);
        } else {
            *self = Streak {
                tool: tool.to_owned(),
                length: 1,
                seen: 0,
            };
        }
    }

    /// Looks at the calls since the last look.
    pub(crate) fn check(&mut self) -> Broken {
        let length = self.length;
        if length <= LET_PASS || length == self.seen {
            return Broken::Nothing;
        }
        self.seen = length;
        let (tool, times) = (self.tool.clone(), length);
        if length > LET_PASS + MAX_NOTES {
            Broken::Stop { tool, times }
        } else {
            Broken::Tell { tool, times }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A capital letter is a broken call of that tool; `.` is a look. What the looks say: `-`, `t`ell, `s`top.
    #[test]
    fn streaks() {
        let table = [
            ("A.", "-"),
            ("AA.", "t"),
            ("A.A.A.A.A.A.", "-tttss"),
            ("AaA.", "-"),
            ("AbA.", "-"),
            ("ABA.", "-"),
            ("AABB.", "t"),
            ("AA..", "t-"),
            ("AAa.A.A.", "--t"),
        ];
        for (calls, looks) in table {
            let mut streak = Streak::default();
            let mut found = String::new();
            for c in calls.chars() {
                if c == '.' {
                    found.push(match streak.check() {
                        Broken::Nothing => '-',
                        Broken::Tell { .. } => 't',
                        Broken::Stop { .. } => 's',
                    });
                } else {
                    streak.add(&c.to_ascii_uppercase().to_string(), c.is_ascii_uppercase());
                }
            }
            assert_eq!(found, looks, "{calls}");
        }
    }
}
