//! Each call of a conversation has exactly one result, right after the message that asked for it and in the order of the
//! calls: providers refuse anything else. The loop keeps to that; what comes from elsewhere is put right here.

use crate::{Message, Part, ToolCall};

/// What the model is told about a call without a result.
pub(crate) const NOT_EXECUTED: &str = "Tool was not executed (interrupted or error).";

/// The result that a call gets which has none.
pub(crate) fn stub(call: &ToolCall) -> Message {
    Message::Tool {
        tool_call_id: call.id.clone(),
        name: call.name.clone(),
        content: vec![Part::text(NOT_EXECUTED)],
        structured: None,
        success: false,
    }
}

/// Gives each call its result: results are brought into the order of the calls, missing ones are said to be so, and
/// those that belong to no call are left out.
pub(crate) fn repair(messages: Vec<Message>) -> Vec<Message> {
    let mut repaired: Vec<Message> = Vec::with_capacity(messages.len());
    let mut rest = messages.into_iter().peekable();
    while let Some(message) = rest.next() {
        let calls = match &message {
            Message::Tool { .. } => continue,
            Message::Assistant { tool_calls, .. } => tool_calls.clone(),
            _ => Vec::new(),
        };
        repaired.push(message);
        if calls.is_empty() {
            continue;
        }
        let mut results: Vec<Option<Message>> = Vec::new();
        while let Some(result) = rest.next_if(|next| matches!(next, Message::Tool { .. })) {
            results.push(Some(result));
        }
        for call in &calls {
            let own = results.iter_mut().find_map(|result| {
                let is_own = matches!(result, Some(Message::Tool { tool_call_id, .. }) if *tool_call_id == call.id);
                if is_own { result.take() } else { None }
            });
            repaired.push(own.unwrap_or_else(|| stub(call)));
        }
    }
    repaired
}

/// Whether each call has its result, and each result its call.
#[cfg(test)]
pub(crate) fn is_sound(messages: &[Message]) -> bool {
    repair(messages.to_vec()) == messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `s`ystem, `n`ote, `u`ser, `a`ssistant; `c12` asks for calls 1 and 2, `1` is the result of call 1, `-1` the one
    /// that says that it was not run.
    fn messages(text: &str) -> Vec<Message> {
        text.split_whitespace()
            .map(|word| match word.split_at(1) {
                ("s", _) => Message::System { text: word.into() },
                ("n", _) => Message::Note { text: word.into() },
                ("u", _) => Message::User {
                    content: vec![Part::text(word)],
                },
                (role @ ("a" | "c"), ids) => Message::Assistant {
                    text: role.into(),
                    reasoning: None,
                    tool_calls: ids.chars().map(call).collect(),
                },
                ("-", id) => stub(&call(id.chars().next().unwrap())),
                (id, _) => Message::Tool {
                    tool_call_id: id.into(),
                    name: "t".into(),
                    content: vec![Part::text("done")],
                    structured: None,
                    success: true,
                },
            })
            .collect()
    }

    fn call(id: char) -> ToolCall {
        ToolCall {
            id: id.into(),
            name: "t".into(),
            arguments: "{}".into(),
        }
    }

    #[test]
    fn anywhere_in_history() {
        let table = [
            ("s u a", "s u a"),
            ("s u c1 1 a", "s u c1 1 a"),
            ("s u c12 1 2 a", "s u c12 1 2 a"),
            // Missing: one, several, in the middle and at the end.
            ("s u c1 a", "s u c1 -1 a"),
            ("s u c12 2 a", "s u c12 -1 2 a"),
            ("s u c123 2 u c4", "s u c123 -1 2 -3 u c4 -4"),
            ("s u c1 n 1 a", "s u c1 -1 n a"),
            // In another order, twice, or without a call.
            ("s u c12 2 1 a", "s u c12 1 2 a"),
            ("s u c1 1 1 a", "s u c1 1 a"),
            ("s u 1 a", "s u a"),
            ("s u c1 9 1 a", "s u c1 1 a"),
            // The same name twice in one turn.
            ("s u c11 1 1 a", "s u c11 1 1 a"),
            ("s u c11 1 a", "s u c11 1 -1 a"),
        ];
        for (before, after) in table {
            assert_eq!(repair(messages(before)), messages(after), "{before}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn once_is_enough(words in prop::collection::vec("[sua1239]|c[123]{1,3}", 0..20)) {
            let once = repair(messages(&words.join(" ")));
            prop_assert!(is_sound(&once));
        }
    }
}
