//! A repository's card, `README.md`: its metadata is checked by the Hub before it is committed, and is marked as the agent's
//! where that is asked for.
//!
//! | front matter | with the mark |
//! | --- | --- |
//! | none | `tags` with the mark, before everything |
//! | no `tags` | `tags` with the mark, as its last key |
//! | `tags:` and a list of lines | one more line |
//! | `tags: [a, b]` | one more item |
//! | the mark is there | as it is |
//! | `tags` of another form | refused |

use ml_intern_hub::{HUB, RepoKind, explain};
use ml_intern_sdk::http::{Patience, Request};
use ml_intern_sdk::prelude::*;
use serde_json::json;

use crate::repo::{ANSWER, WAIT};

/// The path of a card.
pub(crate) const PATH: &str = "README.md";
/// The tag of what the agent made.
pub(crate) const MARK: &str = "ml-intern";

/// What the Hub warns about.
///
/// # Errors
/// What is wrong with the metadata.
pub(crate) fn check(kind: RepoKind, content: &str) -> Result<Vec<String>, Failure> {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        errors: Vec<Said>,
        #[serde(default)]
        warnings: Vec<Said>,
    }
    let request = Request::post(format!("{HUB}/api/validate-yaml"))
        .json(&json!({ "content": content, "repoType": kind.name() }))?
        .patience(WAIT);
    let answer = Patience::default().send(&request).map_err(explain)?;
    let refused = answer.status == 400;
    let answer = if refused {
        answer
    } else {
        answer.success().map_err(explain)?
    };
    let answer: Answer = answer.json(ANSWER).map_err(explain)?;
    let all = |said: Vec<Said>| {
        said.into_iter()
            .map(|said| said.message)
            .collect::<Vec<_>>()
    };
    let errors = all(answer.errors);
    if refused || !errors.is_empty() {
        return Err(Failure::failed(format!(
            "nothing was uploaded: the metadata at the top of README.md is not valid:\n- {}",
            errors.join("\n- ")
        )));
    }
    Ok(all(answer.warnings))
}

/// The card with the mark; none where it has it.
///
/// # Errors
/// Where its tags are of a form that is not changed here.
pub(crate) fn marked(content: &str) -> Result<Option<String>, Failure> {
    let newline = if content.starts_with("---\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let new = format!("tags:{newline}- {MARK}{newline}");
    let Some(rest) = content.strip_prefix(&format!("---{newline}")) else {
        let gap = if content.is_empty() { "" } else { newline };
        return Ok(Some(format!("---{newline}{new}---{newline}{gap}{content}")));
    };
    let lines: Vec<&str> = rest.split_inclusive('\n').collect();
    let end = lines
        .iter()
        .position(|line| line.trim_end() == "---")
        .ok_or_else(|| refused("the front matter does not end"))?;
    let (front, after) = lines.split_at(end);
    let tags = front.iter().position(|line| line.starts_with("tags:"));
    let mut front: Vec<String> = front.iter().map(|line| (*line).to_owned()).collect();
    match tags {
        None => front.push(new),
        Some(at) => {
            let value = front
                .get(at)
                .map(|line| line.trim_start_matches("tags:").trim().to_owned())
                .unwrap_or_default();
            if let Some(items) = value.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
                if items.split(',').any(is_mark) {
                    return Ok(None);
                }
                let comma = if items.trim().is_empty() { "" } else { ", " };
                let line = format!("tags: [{}{comma}{MARK}]{newline}", items.trim());
                front.splice(at..=at, [line]);
            } else if value.is_empty() {
                let items: Vec<&String> = front
                    .iter()
                    .skip(at + 1)
                    .take_while(|line| line.trim_start().starts_with("- "))
                    .collect();
                if items
                    .iter()
                    .any(|line| is_mark(line.trim_start().trim_start_matches("- ")))
                {
                    return Ok(None);
                }
                let indent = items.last().map_or("", |line| {
                    line.get(..line.len() - line.trim_start().len())
                        .unwrap_or_default()
                });
                let line = format!("{indent}- {MARK}{newline}");
                let place = at + 1 + items.len();
                front.insert(place, line);
            } else {
                return Err(refused("its `tags` are neither a list of lines nor [a, b]"));
            }
        }
    }
    Ok(Some(format!(
        "---{newline}{}{}",
        front.concat(),
        after.concat()
    )))
}

fn is_mark(item: &str) -> bool {
    item.trim().trim_matches(['"', '\'']) == MARK
}

fn refused(why: &str) -> Failure {
    Failure::failed(format!(
        "nothing was uploaded: README.md cannot be given the tag `{MARK}`, since {why}: add it to the content yourself, or \
         leave provenance out"
    ))
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn the_mark_is_added_once() {
        let table = [
            ("", Some("---\ntags:\n- ml-intern\n---\n")),
            ("# A\n", Some("---\ntags:\n- ml-intern\n---\n\n# A\n")),
            (
                "---\nlicense: mit\n---\n# A\n",
                Some("---\nlicense: mit\ntags:\n- ml-intern\n---\n# A\n"),
            ),
            (
                "---\ntags:\n  - a\n  - b\nlicense: mit\n---\n",
                Some("---\ntags:\n  - a\n  - b\n  - ml-intern\nlicense: mit\n---\n"),
            ),
            (
                "---\ntags: [a, b]\n---\n",
                Some("---\ntags: [a, b, ml-intern]\n---\n"),
            ),
            (
                "---\ntags: []\n---\n",
                Some("---\ntags: [ml-intern]\n---\n"),
            ),
            ("---\ntags:\n- \"ml-intern\"\n---\n", None),
            ("---\ntags: ['ml-intern']\n---\n", None),
            (
                "---\r\na: b\r\n---\r\nx",
                Some("---\r\na: b\r\ntags:\r\n- ml-intern\r\n---\r\nx"),
            ),
        ];
        for (content, expected) in table {
            assert_eq!(marked(content).unwrap().as_deref(), expected, "{content:?}");
        }
        for content in ["---\ntags: x\n---\n", "---\ntags:\n- a\n"] {
            assert!(marked(content).is_err(), "{content:?}");
        }
    }
}
