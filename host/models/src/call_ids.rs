//! The ids that calls have on the wire.
//!
//! A conversation can have calls of several models, and servers that number the calls of each turn anew. On the wire each
//! call of a request has an id of its own, of the shape that the provider takes, and the same one in every request as long
//! as what stands before it is the same.

use std::collections::HashSet;

use agent::ToolCall;

/// What ids a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The longest, in characters.
    pub(crate) longest: usize,
    /// Only letters, digits, `_` and `-`.
    pub(crate) narrow: bool,
}

/// Gives the calls of one request their ids, from its first message to its last.
#[derive(Debug)]
pub(crate) struct CallIds {
    shape: Shape,
    taken: HashSet<String>,
    /// Calls without a result so far: the id in the conversation, and on the wire.
    open: Vec<(String, String)>,
}

impl CallIds {
    pub(crate) fn new(shape: Shape) -> CallIds {
        CallIds {
            shape,
            taken: HashSet::new(),
            open: Vec::new(),
        }
    }

    /// The ids of a turn's calls, in their order.
    pub(crate) fn calls(&mut self, calls: &[ToolCall]) -> Vec<String> {
        self.open = calls
            .iter()
            .map(|call| (call.id.clone(), self.free(&call.id)))
            .collect();
        self.open.iter().map(|(_, id)| id.clone()).collect()
    }

    /// The id that a result goes back by.
    pub(crate) fn result(&mut self, id: &str) -> String {
        let found = self.open.iter().position(|(own, _)| own == id);
        match found {
            Some(at) => self.open.remove(at).1,
            None => self.fit(id, ""),
        }
    }

    /// An id that no call of the request has.
    fn free(&mut self, id: &str) -> String {
        let mut fit = self.fit(id, "");
        let mut again = 2_u64;
        while self.taken.contains(&fit) {
            fit = self.fit(id, &format!("_{again}"));
            again = again.saturating_add(1);
        }
        self.taken.insert(fit.clone());
        fit
    }

    /// An id in the provider's shape.
    fn fit(&self, id: &str, end: &str) -> String {
        let Shape { longest, narrow } = self.shape;
        let fits = |c: char| !narrow || c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let fit: String = id
            .chars()
            .map(|c| if fits(c) { c } else { '_' })
            .take(longest.saturating_sub(end.len()))
            .chain(end.chars())
            .collect();
        if fit.is_empty() { "_".to_owned() } else { fit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(ids: &[&str]) -> Vec<ToolCall> {
        ids.iter()
            .map(|id| ToolCall {
                id: (*id).to_owned(),
                name: "t".to_owned(),
                arguments: "{}".to_owned(),
            })
            .collect()
    }

    fn ids(longest: usize, narrow: bool) -> CallIds {
        CallIds::new(Shape { longest, narrow })
    }

    #[test]
    fn each_call_has_its_own() {
        let mut wide = ids(64, false);
        assert_eq!(wide.calls(&calls(&["a.1", "b"])), ["a.1", "b"]);
        assert_eq!(wide.result("b"), "b");
        assert_eq!(wide.result("a.1"), "a.1");
        // A server that numbers each turn's calls anew.
        assert_eq!(wide.calls(&calls(&["a.1", "b"])), ["a.1_2", "b_2"]);
        assert_eq!(wide.result("a.1"), "a.1_2");
        assert_eq!(wide.result("b"), "b_2");
        assert_eq!(wide.calls(&calls(&["b"])), ["b_3"]);
        // A result of no call goes by what it says.
        assert_eq!(wide.result("z"), "z");
    }

    #[test]
    fn shapes_that_would_be_the_same() {
        let mut narrow = ids(64, true);
        assert_eq!(
            narrow.calls(&calls(&["a.1", "a:1", "a_1", ""])),
            ["a_1", "a_1_2", "a_1_3", "_"]
        );
        assert_eq!(narrow.result("a:1"), "a_1_2");
        let mut short = ids(4, false);
        assert_eq!(
            short.calls(&calls(&["abcdef", "abcdeg", "éééééé"])),
            ["abcd", "ab_2", "éééé"]
        );
        assert_eq!(short.result("abcdeg"), "ab_2");
    }
}
