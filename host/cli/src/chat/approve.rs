//! What the user answers when something is asked.

use agent::{ApprovalAnswer, ApprovalItem};
use serde_json::Value;

use super::state::Asked;

/// What a line says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// Answers to some of the questions, or to all.
    Answers(Vec<ApprovalAnswer>),
    /// The question of this number, from 0, is to be edited first.
    Edit(usize),
    /// Yes to all, and no more questions.
    Yolo,
    /// Nothing that can be understood.
    Unclear(String),
}

/// One word about one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Yes,
    No,
    Always,
    Edit,
}

/// Reads a line.
pub(crate) fn read(line: &str, asked: &Asked) -> Reply {
    let line = line.trim();
    if asked.budget {
        return budget(line, &asked.items);
    }
    if line.is_empty() {
        return Reply::Unclear(
            "y, n, a (always for this session), e (edit), or why not".to_owned(),
        );
    }
    if line.eq_ignore_ascii_case("yolo") {
        return Reply::Yolo;
    }
    if let Some(word) = word(line) {
        if word == Word::Edit {
            let open = open(asked);
            return match open.as_slice() {
                [at] => Reply::Edit(*at),
                _ => Reply::Unclear("say which one: for example e1".to_owned()),
            };
        }
        let open = open(asked);
        let items = open.iter().filter_map(|at| asked.items.get(*at));
        return Reply::Answers(items.map(|item| answer(item, word)).collect());
    }
    let mut answers = Vec::new();
    for part in line.split([' ', ',']).filter(|part| !part.is_empty()) {
        let Some((number, word)) = numbered(part) else {
            // Words, then: why not.
            let open = open(asked);
            let items = open.iter().filter_map(|at| asked.items.get(*at));
            let rejects = items.map(|item| ApprovalAnswer {
                feedback: Some(line.to_owned()),
                ..answer(item, Word::No)
            });
            return Reply::Answers(rejects.collect());
        };
        let Some((at, item)) = number
            .checked_sub(1)
            .and_then(|at| Some((at, asked.items.get(at)?)))
        else {
            return Reply::Unclear(format!(
                "there is no question {number}; there are {}",
                asked.items.len()
            ));
        };
        if word == Word::Edit {
            return Reply::Edit(at);
        }
        answers.push(answer(item, word));
    }
    Reply::Answers(answers)
}

/// The questions that have no answer yet.
pub(crate) fn open(asked: &Asked) -> Vec<usize> {
    let answered = |item: &ApprovalItem| {
        asked
            .answers
            .iter()
            .any(|answer| answer.tool_call_id == item.tool_call_id)
    };
    let items = asked.items.iter().enumerate();
    items
        .filter(|(_, item)| !answered(item))
        .map(|(at, _)| at)
        .collect()
}

fn word(text: &str) -> Option<Word> {
    Some(match text.to_lowercase().as_str() {
        "y" | "yes" => Word::Yes,
        "n" | "no" => Word::No,
        "a" | "always" => Word::Always,
        "e" | "edit" => Word::Edit,
        _ => return None,
    })
}

/// `1y`, `y1`, `12no`.
fn numbered(text: &str) -> Option<(usize, Word)> {
    let digits = |c: char| c.is_ascii_digit();
    let (number, rest) = match text.find(|c| !digits(c)) {
        Some(0) => {
            let at = text.find(digits)?;
            let (rest, number) = text.split_at(at);
            (number, rest)
        }
        Some(at) => text.split_at(at),
        None => return None,
    };
    Some((number.parse().ok()?, word(rest)?))
}

fn answer(item: &ApprovalItem, word: Word) -> ApprovalAnswer {
    ApprovalAnswer {
        tool_call_id: item.tool_call_id.clone(),
        approved: word != Word::No,
        always: word == Word::Always,
        ..ApprovalAnswer::default()
    }
}

/// About a bound: yes, no, or the new bound.
fn budget(line: &str, items: &[ApprovalItem]) -> Reply {
    let Some(item) = items.first() else {
        return Reply::Answers(Vec::new());
    };
    match word(line) {
        Some(Word::Yes) => return Reply::Answers(vec![answer(item, Word::Yes)]),
        Some(Word::No) => return Reply::Answers(vec![answer(item, Word::No)]),
        _ => {}
    }
    let unit = item.arguments.get("limit").and_then(Value::as_str);
    let raise_to = match unit {
        Some("tokens" | "calls") => line.replace(['_', ','], "").parse().ok(),
        Some("deadline") => policy::units::duration(line),
        _ => line
            .trim_start_matches('$')
            .parse()
            .ok()
            .and_then(agent::MicroUsd::from_dollars)
            .map(|micros| micros.0),
    };
    match raise_to {
        Some(raise_to) => Reply::Answers(vec![ApprovalAnswer {
            raise_to: Some(raise_to),
            ..answer(item, Word::Yes)
        }]),
        None => Reply::Unclear("y to go on, n to stop, or the new bound".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn item(id: &str) -> ApprovalItem {
        serde_json::from_value(json!({
            "tool": "bash", "arguments": {}, "tool_call_id": id, "operation": "run", "effects": ["execute"],
            "target": "x", "capability": "c", "rule": "r",
        }))
        .unwrap()
    }

    fn asked(number: usize) -> Asked {
        Asked {
            items: (1..=number).map(|at| item(&format!("c{at}"))).collect(),
            budget: false,
            answers: Vec::new(),
        }
    }

    fn said(reply: &Reply) -> String {
        match reply {
            Reply::Answers(answers) => {
                let one = |answer: &ApprovalAnswer| {
                    let word = match (answer.approved, answer.always, answer.raise_to) {
                        (_, _, Some(to)) => format!("raise to {to}"),
                        (true, true, _) => "always".to_owned(),
                        (true, false, _) => "yes".to_owned(),
                        (false, ..) => format!("no {}", answer.feedback.as_deref().unwrap_or("")),
                    };
                    format!("{} {}", answer.tool_call_id, word.trim())
                };
                answers.iter().map(one).collect::<Vec<_>>().join("; ")
            }
            Reply::Edit(at) => format!("edit {at}"),
            Reply::Yolo => "yolo".to_owned(),
            Reply::Unclear(_) => "?".to_owned(),
        }
    }

    #[test]
    fn answers() {
        for (line, number, expected) in [
            ("y", 1, "c1 yes"),
            (" YES ", 2, "c1 yes; c2 yes"),
            ("n", 1, "c1 no"),
            ("a", 1, "c1 always"),
            ("e", 1, "edit 0"),
            ("e", 2, "?"),
            ("e2", 2, "edit 1"),
            ("1y 2n", 2, "c1 yes; c2 no"),
            ("n1, always2", 2, "c1 no; c2 always"),
            ("3y", 2, "?"),
            ("0y", 2, "?"),
            ("yolo", 2, "yolo"),
            ("", 1, "?"),
            ("use a smaller GPU", 1, "c1 no use a smaller GPU"),
            ("yes, but smaller", 1, "c1 no yes, but smaller"),
            ("12", 1, "c1 no 12"),
        ] {
            assert_eq!(
                said(&read(line, &asked(number))),
                expected,
                "{line:?} of {number}"
            );
        }
        // Only what is open is answered.
        let mut half = asked(2);
        half.answers = vec![answer(&item("c1"), Word::No)];
        assert_eq!(said(&read("y", &half)), "c2 yes");
        assert_eq!(said(&read("e", &half)), "edit 1");
    }

    #[test]
    fn bounds() {
        for (limit, line, expected) in [
            ("cost", "y", "b yes"),
            ("cost", "n", "b no"),
            ("cost", "$2.50", "b raise to 2500000"),
            ("cost", "much", "?"),
            ("tokens", "20_000", "b raise to 20000"),
            ("tokens", "1.5", "?"),
            ("deadline", "10min", "b raise to 600000"),
            ("deadline", "10", "?"),
        ] {
            let asked = Asked {
                items: vec![ApprovalItem {
                    arguments: json!({ "limit": limit }),
                    ..item("b")
                }],
                budget: true,
                answers: Vec::new(),
            };
            assert_eq!(said(&read(line, &asked)), expected, "{limit} {line}");
        }
    }
}
