//! What is asked of a person, as one screen: what would happen, why it is asked, and exactly what would run.
//!
//! Texts that would run are shown whole, with every character that hides or moves something made visible
//! ([`clean::reveal`]): what is approved is what is seen.

use agent::ApprovalItem;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::code::Code;
use crate::style::{GREEN, RED, Span, Style, YELLOW, paint, painted, wrap};
use crate::{Terminal, clean, turn};

/// Arguments that are code or text, and the language of each.
const TEXTS: [(&str, &str); 5] = [
    ("script", "py"),
    ("code", "py"),
    ("command", "sh"),
    ("content", ""),
    ("new_str", ""),
];

/// Facts that are worth a line of their own, and what they are called.
const FACTS: [(&str, &str); 12] = [
    ("hardware_flavor", "hardware"),
    ("hardware", "hardware"),
    ("timeout", "time-out"),
    ("image", "image"),
    ("schedule", "schedule"),
    ("namespace", "account"),
    ("repo_id", "repository"),
    ("repo_type", "type"),
    ("revision", "branch"),
    ("path", "path"),
    ("private", "private"),
    ("cwd", "directory"),
];

/// Lines before times lines after that are compared at most: beyond, all before goes, and all after comes.
const COMPARED: usize = 25_000_000;

/// Columns that a paragraph has.
const INDENT: usize = 2;

/// The questions of one batch.
#[must_use]
pub fn questions(terminal: &Terminal, items: &[ApprovalItem]) -> String {
    let mut out = String::new();
    let count = items.len();
    let title = match count {
        1 => "Approval required".to_owned(),
        count => format!("Approval required: {count} calls"),
    };
    out.push('\n');
    put(
        &mut out,
        &[Span::new(
            title,
            Style {
                bold: true,
                ..Style::colour(YELLOW)
            },
        )],
        terminal,
    );
    for (at, item) in items.iter().enumerate() {
        if count > 1 {
            out.push('\n');
        }
        question(&mut out, at.saturating_add(1), count, item, terminal);
    }
    out.push('\n');
    let keys = match count {
        1 => {
            "y yes · n no · a always for this session · e edit it first · anything else says why not"
        }
        _ => {
            "y / n / a (always for this session) for all · 1y 2n for each · e1 edits one first · anything else says why not"
        }
    };
    let keys = if terminal.unicode {
        keys.to_owned()
    } else {
        keys.replace('·', "|")
    };
    put(&mut out, &[Span::new(keys, Style::dim())], terminal);
    out
}

fn question(
    out: &mut String,
    number: usize,
    count: usize,
    item: &ApprovalItem,
    terminal: &Terminal,
) {
    let target = Some(item.target.as_str()).filter(|target| !target.is_empty());
    let mut title = Vec::new();
    if count > 1 {
        title.push(Span::new(format!("[{number}/{count}] "), Style::dim()));
    }
    title.push(Span::new(one_line(&item.tool), Style::bold()));
    if item.operation != item.tool && !item.operation.is_empty() {
        title.push(Span::new(
            format!(" {}", one_line(&item.operation)),
            Style::bold(),
        ));
    }
    if let Some(agent) = &item.agent {
        title.push(Span::new(
            format!("  for {}", one_line(agent)),
            Style::dim(),
        ));
    }
    put(out, &title, terminal);
    // A command that is shown whole below is not said twice.
    let whole = |target: &str| {
        ["command", "code", "script"]
            .iter()
            .any(|key| item.arguments.get(key).and_then(Value::as_str) == Some(target))
    };
    let target = target.filter(|target| !whole(target));
    if let Some(target) = target {
        fact(out, "target", target, terminal);
    }
    if !item.effects.is_empty() {
        fact(out, "does", &item.effects.join(", "), terminal);
    }
    fact(out, "asks for", &item.capability, terminal);
    fact(out, "because", &item.rule, terminal);
    match (
        item.estimated_cost_usd,
        item.effects.iter().any(|effect| effect == "spend"),
    ) {
        (Some(cost), _) => fact(out, "costs", &format!("at most ${cost:.2}"), terminal),
        (None, true) => fact(out, "costs", "unknown", terminal),
        (None, false) => {}
    }
    for (name, value) in &item.quote {
        fact(out, &one_line(name), value, terminal);
    }
    if let Some(left) = item.remaining_cap_usd {
        fact(out, "budget", &format!("${left:.2} left"), terminal);
    }
    if let Some(reason) = &item.block_reason {
        fact(out, "note", reason, terminal);
    }
    if loses_its_work(item) {
        let note = "it loads a model, and pushes nothing to the Hub: what it makes may be gone when the job ends";
        fact(out, "note", note, terminal);
    }
    let Value::Object(arguments) = &item.arguments else {
        return text(out, &item.arguments.to_string(), "json", terminal);
    };
    let mut shown: Vec<&str> = Vec::new();
    for (key, name) in FACTS {
        if let Some(value) = arguments.get(key)
            && Some(plain(value).as_str()) != target
            && item.quote.iter().all(|(quoted, _)| quoted != name)
        {
            fact(out, name, &plain(value), terminal);
        }
        shown.push(key);
    }
    let (before, after) = (arguments.get("old_str"), arguments.get("new_str"));
    if let (Some(Value::String(before)), Some(Value::String(after))) = (before, after) {
        // What stays is not shown as if it went.
        let after = match arguments.get("mode").and_then(Value::as_str) {
            Some("append_after") => format!("{before}{after}"),
            Some("prepend_before") => format!("{after}{before}"),
            _ => after.clone(),
        };
        diff(out, before, &after, terminal);
        shown.extend(["old_str", "new_str"]);
    }
    for (key, language) in TEXTS {
        if shown.contains(&key) {
            continue;
        }
        if let Some(Value::String(value)) = arguments.get(key) {
            let ending = language_of(arguments.get("path"), language);
            fact(out, key, "", terminal);
            text(out, value, &ending, terminal);
            shown.push(key);
        }
    }
    // Whatever is left is shown too: nothing runs that was not seen.
    let rest: serde_json::Map<String, Value> = arguments
        .iter()
        .filter(|(key, _)| !shown.contains(&key.as_str()))
        .filter(|(key, value)| !(*key == "operation" && value.as_str() == Some(&item.operation)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !rest.is_empty() {
        text(out, &format!("{:#}", Value::Object(rest)), "json", terminal);
    }
}

/// Whether a job's script trains something, as far as can be seen, and keeps it nowhere.
fn loses_its_work(item: &ApprovalItem) -> bool {
    let script = item.arguments.get("script").and_then(Value::as_str);
    item.tool == "hf_jobs"
        && script.is_some_and(|script| {
            script.contains("from_pretrained") && !script.contains("push_to_hub")
        })
}

/// A question about a bound of the budget.
#[must_use]
pub fn budget(terminal: &Terminal, item: &ApprovalItem) -> String {
    let mut out = String::from("\n");
    let title = match item.tool.as_str() {
        "usage_threshold" => "Go on spending?",
        _ => "A bound of the budget is reached",
    };
    put(
        &mut out,
        &[Span::new(
            title,
            Style {
                bold: true,
                ..Style::colour(YELLOW)
            },
        )],
        terminal,
    );
    let names = [
        ("reason", "because"),
        ("spend_kind", "next"),
        ("cap_usd", "bound ($)"),
        ("current_spend_usd", "spent ($)"),
        ("remaining_cap_usd", "left ($)"),
        ("estimated_next_usd", "next ($)"),
        ("threshold_usd", "passed ($)"),
        ("next_threshold_usd", "asks again ($)"),
        ("limit", "bound of"),
        ("allowed", "bound"),
        ("used", "used"),
        ("next", "needs"),
        ("unit", "unit"),
    ];
    for (key, name) in names {
        match item.arguments.get(key) {
            None => {}
            Some(Value::Null) => fact(&mut out, name, "unknown", terminal),
            Some(value) => fact(&mut out, name, &plain(value), terminal),
        }
    }
    let keys = "y goes on · n stops · a number is the new bound";
    let keys = if terminal.unicode {
        keys.to_owned()
    } else {
        keys.replace('·', "|")
    };
    put(&mut out, &[Span::new(keys, Style::dim())], terminal);
    out
}

/// Calls that run without a question, because the user wants none.
#[must_use]
pub fn waived(terminal: &Terminal, items: &[ApprovalItem]) -> String {
    let titles = items.iter().map(|item| {
        let target = Some(item.target.as_str()).filter(|target| !target.is_empty());
        turn::title(&item.tool, Some(&item.operation), target, &item.arguments)
    });
    titles
        .map(|title| {
            let text = format!("  yolo: {title}");
            let clip = clean::clip(&text, terminal.width.saturating_sub(1), terminal.ellipsis());
            format!("{}\n", painted(&clip, Style::dim(), terminal))
        })
        .collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn put(out: &mut String, spans: &[Span], terminal: &Terminal) {
    for line in wrap(
        spans,
        terminal.width,
        &[],
        &[Span::new("  ", Style::plain())],
    ) {
        out.push_str(&paint(&line, terminal));
        out.push('\n');
    }
}

fn fact(out: &mut String, name: &str, value: &str, terminal: &Terminal) {
    let width = 10;
    let first = [Span::new(format!("  {name:<width$} "), Style::dim())];
    let rest = [Span::new(" ".repeat(width + 3), Style::plain())];
    let value = [Span::new(one_line(value), Style::plain())];
    for line in wrap(&value, terminal.width, &first, &rest) {
        out.push_str(paint(&line, terminal).trim_end());
        out.push('\n');
    }
}

/// A text in one line, of which nothing is hidden.
fn one_line(text: &str) -> String {
    clean::reveal(text).replace('\n', "<U+000A>")
}

/// The ending of a path's file, else what is usual.
fn language_of(path: Option<&Value>, usual: &str) -> String {
    let path = path.and_then(Value::as_str).unwrap_or_default();
    match path.rsplit_once('.') {
        Some((_, ending)) if usual.is_empty() => ending.to_owned(),
        _ => usual.to_owned(),
    }
}

/// A whole text, with numbers of lines.
fn text(out: &mut String, value: &str, language: &str, terminal: &Terminal) {
    let shown = clean::reveal(value);
    let mut code = Code::new(language);
    let digits = shown.lines().count().max(1).to_string().len();
    for (at, line) in shown.lines().enumerate() {
        let number = at.saturating_add(1);
        let first = [Span::new(
            format!("{}{number:>digits$} ", " ".repeat(INDENT)),
            Style::dim(),
        )];
        let rest = [Span::new(" ".repeat(INDENT + digits + 1), Style::plain())];
        for line in wrap(&code.line(line), terminal.width, &first, &rest) {
            out.push_str(paint(&line, terminal).trim_end());
            out.push('\n');
        }
    }
}

fn diff(out: &mut String, before: &str, after: &str, terminal: &Terminal) {
    let (before, after) = (clean::reveal(before), clean::reveal(after));
    let (old, new) = (before.lines().count(), after.lines().count());
    if old.saturating_mul(new) > COMPARED {
        for (text, tag) in [(&before, ChangeTag::Delete), (&after, ChangeTag::Insert)] {
            for line in text.lines() {
                diff_line(out, tag, line, terminal);
            }
        }
        return;
    }
    let lines = TextDiff::from_lines(&before, &after);
    for change in lines.iter_all_changes() {
        let text = change.value();
        let line = text.strip_suffix('\n').unwrap_or(text);
        diff_line(out, change.tag(), line, terminal);
    }
}

fn diff_line(out: &mut String, tag: ChangeTag, line: &str, terminal: &Terminal) {
    let (mark, word, style) = match tag {
        ChangeTag::Delete => ("- ", "removed: ", Style::colour(RED)),
        ChangeTag::Insert => ("+ ", "added: ", Style::colour(GREEN)),
        ChangeTag::Equal => ("  ", "stays: ", Style::plain()),
    };
    let mark = if terminal.spoken { word } else { mark };
    let first = [Span::new(format!("  {mark}"), style)];
    let rest = [Span::new("    ", Style::plain())];
    for line in wrap(&[Span::new(line, style)], terminal.width, &first, &rest) {
        out.push_str(paint(&line, terminal).trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::seen;
    use proptest::prelude::*;
    use serde_json::json;
    use std::slice;

    fn item(arguments: Value) -> ApprovalItem {
        serde_json::from_value(json!({
            "tool": "hf_jobs", "arguments": arguments, "tool_call_id": "c1", "operation": "run",
            "effects": ["spend"], "target": "a100-large", "capability": "spend", "rule": "policy interactive:12",
        }))
        .unwrap()
    }

    fn terminal() -> Terminal {
        Terminal {
            width: 60,
            unicode: true,
            ..Terminal::pipe()
        }
    }

    #[test]
    fn a_paid_job() {
        let job = ApprovalItem {
            estimated_cost_usd: Some(12.0),
            quote: vec![
                (
                    "hardware".into(),
                    "a100-large: 12 vCPU, 142 GB, 1 × A100 80 GB".into(),
                ),
                ("price".into(), "$4.00 an hour".into()),
                ("time-out".into(), "3 h".into()),
            ],
            ..item(json!({
                "operation": "run", "script": "import os\nprint(1)\u{202e}", "hardware_flavor": "a100-large",
                "timeout": "3h", "dependencies": ["trl"],
            }))
        };
        assert_eq!(
            questions(&terminal(), &[job]),
            "
Approval required
hf_jobs run
  target     a100-large
  does       spend
  asks for   spend
  because    policy interactive:12
  costs      at most $12.00
  hardware   a100-large: 12 vCPU, 142 GB, 1 × A100 80 GB
  price      $4.00 an hour
  time-out   3 h
  script
  1 import os
  2 print(1)<U+202E>
  1 {
  2   \"dependencies\": [
  3     \"trl\"
  4   ]
  5 }

y yes · n no · a always for this session · e edit it first ·
  anything else says why not
"
        );
    }

    #[test]
    fn a_batch_with_an_edit() {
        let edit = ApprovalItem {
            tool: "edit".into(),
            operation: "edit".into(),
            effects: vec!["write".into()],
            target: "a.py".into(),
            ..item(
                json!({"path": "a.py", "old_str": "x = 1\ny = 2\n", "new_str": "x = 1\ny = 3\n"}),
            )
        };
        let shown = questions(&terminal(), &[edit.clone(), edit]);
        assert!(shown.contains("Approval required: 2 calls"), "{shown}");
        assert!(shown.contains("[2/2] edit\n"), "{shown}");
        assert!(
            shown.contains("    x = 1\n  - y = 2\n  + y = 3\n"),
            "{shown}"
        );
        assert!(!shown.contains("old_str"), "{shown}");
    }

    #[test]
    fn edits() {
        let edit = |arguments: Value| ApprovalItem {
            tool: "edit".into(),
            operation: "edit".into(),
            ..item(arguments)
        };
        for (arguments, spoken, expected) in [
            (
                json!({"old_str": "a\n", "new_str": "b\n", "mode": "append_after"}),
                false,
                "    a\n  + b\n",
            ),
            (
                json!({"old_str": "a\n", "new_str": "b\n", "mode": "prepend_before"}),
                false,
                "  + b\n    a\n",
            ),
            (
                json!({"old_str": "a", "new_str": "b\u{200b}"}),
                true,
                "  removed: a\n  added: b<U+200B>\n",
            ),
            (
                json!({"old_str": "a\n".repeat(6_000), "new_str": "b\n".repeat(6_000)}),
                false,
                "  - a\n  + b\n",
            ),
        ] {
            let terminal = Terminal {
                spoken,
                ..terminal()
            };
            let shown = questions(&terminal, &[edit(arguments)]);
            assert!(shown.contains(expected), "{shown}");
        }
    }

    #[test]
    fn what_stands_above() {
        let command = item(json!({"command": "ls -la", "path": "a\nb"}));
        for (item, has, has_not) in [
            (
                ApprovalItem {
                    target: "ls -la".into(),
                    ..command.clone()
                },
                "  path       a<U+000A>b\n  command\n  1 ls -la\n",
                "target",
            ),
            (command, "  target     a100-large\n", "note"),
            (
                item(json!({"script": "x.from_pretrained()"})),
                "  note       it loads a model",
                "json",
            ),
            (
                item(json!({"script": "x.from_pretrained(); x.push_to_hub()"})),
                "  script\n",
                "note",
            ),
        ] {
            let shown = questions(&terminal(), &[item]);
            assert!(shown.contains(has), "{shown}");
            assert!(!shown.contains(has_not), "{shown}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// All that would run is seen, and nothing else gets out, on any terminal.
        #[test]
        fn what_is_approved_is_seen(
            script in "([a-z日é \"'#(){}\\[\\];:=\u{1b}\u{9b}\u{202e}\u{200b}\n\r\t*`|-]|rm -rf |                              ){0,60}",
            tool in any::<String>(),
            target in any::<String>(),
            key in any::<String>(),
            width in 20usize..90,
            flags in any::<[bool; 3]>(),
        ) {
            let [styles, unicode, spoken] = flags;
            let terminal = Terminal { width, styles, unicode, spoken, ..terminal() };
            let asked = ApprovalItem {
                tool,
                target,
                ..item(json!({"script": script, key: {"value": script}}))
            };
            let bare = |text: &str| -> String {
                text.chars()
                    .filter(|c| !c.is_whitespace() && !c.is_ascii_digit())
                    .collect()
            };
            let shown = questions(&terminal, slice::from_ref(&asked))
                + &waived(&terminal, slice::from_ref(&asked))
                + &budget(&terminal, &asked);
            let seen = seen(&shown);
            prop_assert!(bare(&seen).contains(&bare(&clean::reveal(&script))), "{}", seen);
            for line in seen.lines() {
                prop_assert!(clean::width(line) <= width, "{:?}", line);
                prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
                prop_assert!(!line.contains(['\u{202e}', '\u{200b}']), "{:?}", line);
            }
        }
    }

    #[test]
    fn nothing_is_hidden() {
        let odd = item(json!({"command": "ls\u{1b}[8m; rm -rf x\u{1b}[0m", "other": "\u{200b}"}));
        let shown = questions(&terminal(), &[odd]);
        assert!(shown.contains("rm -rf x"), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }

    #[test]
    fn a_bound() {
        let bound = ApprovalItem {
            tool: "budget".into(),
            ..item(
                json!({"limit": "tokens", "allowed": 100, "used": 90, "next": 20, "reason": "it may need more"}),
            )
        };
        assert_eq!(
            budget(&terminal(), &bound),
            "
A bound of the budget is reached
  because    it may need more
  bound of   tokens
  bound      100
  used       90
  needs      20
y goes on · n stops · a number is the new bound
"
        );
    }
}
