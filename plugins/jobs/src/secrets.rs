//! Secrets in clear, in what would be sent to a job: whoever may see the job would see them.
//!
//! | text | is |
//! | --- | --- |
//! | `hf_` and 30 letters and digits or more | a Hugging Face token |
//! | `ghp_…`, `github_pat_…`, `sk-…`, `AKIA…`, `xoxb-…` of their length | tokens of other services |
//! | `{{credential:` | what the host puts a credential in place of, and only this plugin may write |
//! | `hf_xxxxxxxx…`, `hf_token`, `sk-…` in prose | a placeholder |

use ml_intern_sdk::Failure;

/// What a token begins with, the fewest characters that follow, and whose it is.
const KINDS: [(&str, usize, &str); 7] = [
    ("hf_", 30, "a Hugging Face token"),
    ("github_pat_", 40, "a GitHub token"),
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("sk-", 32, "an API key"),
    ("AKIA", 16, "an AWS key"),
    ("xoxb-", 20, "a Slack token"),
];

/// The line (from 1) of the first one, and whose it is.
fn first(text: &str) -> Option<(usize, &'static str)> {
    text.lines().enumerate().find_map(|(at, line)| {
        KINDS.iter().find_map(|(prefix, fewest, whose)| {
            let found = line.match_indices(prefix).any(|(start, _)| {
                let before = line.get(..start).and_then(|before| before.chars().last());
                if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                    return false;
                }
                let rest = line.get(start + prefix.len()..).unwrap_or_default();
                let token: Vec<char> = rest
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
                    .collect();
                let mut kinds: Vec<char> = token.clone();
                kinds.sort_unstable();
                kinds.dedup();
                // A placeholder repeats a character, or is a name of words.
                token.len() >= *fewest && kinds.len() >= 8 && token.iter().any(char::is_ascii_digit)
            });
            found.then_some((at + 1, *whose))
        })
    })
}

/// What the host puts a credential in place of begins so.
pub(crate) const PLACE: &str = "{{credential:";

/// Nothing, if there is none.
///
/// # Errors
/// [`Failure::InvalidArguments`] with the place; the secret is not in it.
pub(crate) fn refuse(pointer: &str, text: &str) -> Result<(), Failure> {
    if text.contains(PLACE) {
        return Err(Failure::argument(
            pointer,
            format!(
                "text without `{PLACE}`: the token gets into a job as its secret, and in no other way"
            ),
        ));
    }
    match first(text) {
        None => Ok(()),
        Some((line, whose)) => Err(Failure::argument(
            pointer,
            format!(
                "no secret in clear: line {line} has what looks like {whose}. A job of `run` has the user's token in \
                 HF_TOKEN, which the Hub's libraries use by themselves; take the secret out"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_seen_and_placeholders_are_not() {
        let token = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h";
        let table = [
            (format!("a\nlogin(\"hf_{token}\")"), Some(2)),
            (format!("KEY=sk-{token}"), Some(1)),
            (format!("ghp_{token}"), Some(1)),
            ("x = 'AKIAIOSFODNN7EXAMPLE'".into(), Some(1)),
            (format!("my_hf_{token}"), None),
            (format!("hf_{}", "x".repeat(34)), None),
            ("hf_your_token_goes_here_and_nowhere_else".into(), None),
            ("hf_hub_download(repo_id)".into(), None),
            (format!("hf_{}", &token[..29]), None),
            ("task-risk-sk-learn".into(), None),
        ];
        for (text, line) in table {
            assert_eq!(first(&text).map(|(line, _)| line), line, "{text}");
        }
        let place = "a {{credential:huggingface}}";
        assert!(refuse("/x", place).is_err() && refuse("/x", "{{ credential }}").is_ok());
        let failure = format!(
            "{:?}",
            refuse("/script", &format!("\nhf_{token}")).unwrap_err()
        );
        assert!(failure.contains("line 2") && !failure.contains(token));
    }
}
