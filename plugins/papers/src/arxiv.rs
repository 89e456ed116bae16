//! Identifiers of papers on arXiv.
//!
//! | given | taken as |
//! | --- | --- |
//! | `1706.03762`, `2505.04321v2`, `hep-th/9901001`, `math.GT/0309136` | itself |
//! | `arXiv:1706.03762`, `ARXIV: 1706.03762v7` | without the prefix |
//! | `https://arxiv.org/abs/1706.03762v7`, `…/pdf/1706.03762.pdf`, `…/html/1706.03762` | the identifier |
//! | `https://huggingface.co/papers/1706.03762`, `https://doi.org/10.48550/arXiv.1706.03762` | the identifier |

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// arXiv id, as `1706.03762`; a URL or an `arXiv:` prefix is taken too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct ArxivId {
    /// Without the version.
    id: String,
    /// `v2`, or nothing.
    version: String,
}

impl ArxivId {
    /// With the version, where one was given.
    pub(crate) fn exact(&self) -> String {
        format!("{}{}", self.id, self.version)
    }

    /// Its page.
    pub(crate) fn page(&self) -> String {
        format!("https://arxiv.org/abs/{}{}", self.id, self.version)
    }

    /// Its PDF.
    pub(crate) fn pdf(&self) -> String {
        format!("https://arxiv.org/pdf/{}{}", self.id, self.version)
    }
}

/// Without the version: what services other than arXiv know a paper by.
impl fmt::Display for ArxivId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl TryFrom<String> for ArxivId {
    type Error = String;

    fn try_from(given: String) -> Result<Self, String> {
        let mut text = given.trim();
        text = text.split(['?', '#']).next().unwrap_or_default();
        if text.contains("://") || text.contains(".org/") || text.contains(".co/") {
            let marks = [
                "/abs/",
                "/pdf/",
                "/html/",
                "/papers/",
                "/format/",
                "10.48550/",
            ];
            text = marks
                .iter()
                .find_map(|mark| text.split_once(mark))
                .map_or("", |(_, rest)| rest);
        }
        for prefix in ["arxiv:", "arxiv."] {
            if text
                .get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
            {
                text = text.get(prefix.len()..).unwrap_or_default().trim_start();
            }
        }
        let text = text.trim_end_matches('/');
        let text = text.strip_suffix(".pdf").unwrap_or(text);
        parsed(text).ok_or_else(|| {
            format!(
                "an arXiv id, as 1706.03762 or hep-th/9901001, not {:?}",
                given.chars().take(80).collect::<String>()
            )
        })
    }
}

fn parsed(text: &str) -> Option<ArxivId> {
    let all =
        |text: &str, fits: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|b| fits(&b));
    let digits = |text: &str| all(text, u8::is_ascii_digit);
    let (id, version) = match text.rfind(['v', 'V']) {
        Some(at) if text.get(at + 1..).is_some_and(digits) => {
            let (id, version) = text.split_at_checked(at)?;
            (id, version.to_ascii_lowercase())
        }
        _ => (text, String::new()),
    };
    let known = match id.split_once('/') {
        // Until March 2007: `archive.CLASS/YYMMNNN`.
        Some((archive, number)) => {
            let named = |b: &u8| b.is_ascii_alphabetic() || matches!(b, b'-' | b'.');
            archive.len() <= 20 && all(archive, named) && number.len() == 7 && digits(number)
        }
        None => {
            let (month, number) = id.split_once('.')?;
            month.len() == 4
                && digits(month)
                && (1..=12).contains(&month.get(2..)?.parse::<u8>().ok()?)
                && (4..=5).contains(&number.len())
                && digits(number)
        }
    };
    (known && version.len() <= 4).then(|| ArxivId {
        id: id.to_owned(),
        version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_in_every_form_they_come_in() {
        let table = [
            ("1706.03762", "1706.03762"),
            (" arXiv:1706.03762v7 ", "1706.03762v7"),
            ("ARXIV: 0704.0001", "0704.0001"),
            ("https://arxiv.org/abs/1706.03762v7", "1706.03762v7"),
            ("http://www.arxiv.org/pdf/1706.03762v2.pdf", "1706.03762v2"),
            ("arxiv.org/html/1706.03762/", "1706.03762"),
            (
                "https://huggingface.co/papers/2505.04321?x=1#y",
                "2505.04321",
            ),
            ("https://doi.org/10.48550/arXiv.1706.03762", "1706.03762"),
            ("hep-th/9901001", "hep-th/9901001"),
            (
                "https://arxiv.org/abs/math.GT/0309136v1",
                "math.GT/0309136v1",
            ),
        ];
        for (given, expected) in table {
            let id = ArxivId::try_from(given.to_owned()).map(|id| id.exact());
            assert_eq!(id.as_deref(), Ok(expected), "{given}");
        }
        let wrong = [
            "",
            "attention",
            "1706",
            "1713.03762",
            "17060.3762",
            "1706.037",
            "1706.0376222",
            "1706.03762v",
            "../1706.03762",
            "1706.03762/x",
            "https://a.example/1706.03762",
            "hep-th/99010011",
            "hep th/9901001",
            "1706.03762v99999",
        ];
        for given in wrong {
            let expected = format!("an arXiv id, as 1706.03762 or hep-th/9901001, not {given:?}");
            assert_eq!(ArxivId::try_from(given.to_owned()), Err(expected));
        }
    }
}
