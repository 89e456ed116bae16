//! The papers: one at the centre, those it cites, those that cite it. The Hub, arXiv and Semantic Scholar speak of the same.

use std::sync::LazyLock;

use serde_json::Value;

/// A paper; all of it is invented.
#[derive(Debug)]
pub(crate) struct Paper {
    /// On arXiv: `2505.04321`.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) authors: Vec<String>,
    pub(crate) summary: String,
    pub(crate) upvotes: u64,
    pub(crate) citations: u64,
    pub(crate) influential: u64,
    pub(crate) venue: String,
    pub(crate) keywords: Vec<String>,
    /// `owner/name`
    pub(crate) github: Option<String>,
    /// Ids of what it cites.
    pub(crate) references: Vec<String>,
}

impl Paper {
    /// The day it appeared: the month is in its id, the day follows from the number.
    pub(crate) fn day(&self) -> String {
        let number: u32 = self.id[5..].parse().unwrap_or(0);
        format!(
            "20{}-{}-{:02}",
            &self.id[..2],
            &self.id[2..4],
            1 + number / 900 % 28
        )
    }

    pub(crate) fn published(&self) -> String {
        format!("{}T04:00:00.000Z", self.day())
    }

    pub(crate) fn year(&self) -> u64 {
        format!("20{}", &self.id[..2]).parse().unwrap()
    }

    /// Everything that can be searched, in lower case.
    pub(crate) fn text(&self) -> String {
        format!(
            "{} {} {}",
            self.title,
            self.summary,
            self.keywords.join(" ")
        )
        .to_lowercase()
    }
}

static PAPERS: LazyLock<Vec<Paper>> = LazyLock::new(|| {
    let all: Value = serde_json::from_str(include_str!("../data/papers.json")).unwrap();
    let strings = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect()
    };
    all.as_array()
        .unwrap()
        .iter()
        .map(|paper| {
            let text = |key: &str| paper[key].as_str().unwrap().to_owned();
            Paper {
                id: text("id"),
                title: text("title"),
                authors: strings(&paper["authors"]),
                summary: text("abstract"),
                upvotes: paper["upvotes"].as_u64().unwrap(),
                citations: paper["citations"].as_u64().unwrap(),
                influential: paper["influential"].as_u64().unwrap(),
                venue: text("venue"),
                keywords: strings(&paper["keywords"]),
                github: Some(text("github")).filter(|name| !name.is_empty()),
                references: strings(&paper["references"]),
            }
        })
        .collect()
});

/// All of them.
pub(crate) fn all() -> &'static [Paper] {
    &PAPERS
}

/// The one with this id, with or without a version behind it.
pub(crate) fn find(id: &str) -> Option<&'static Paper> {
    let id = id.split('v').next().unwrap_or(id);
    PAPERS.iter().find(|paper| paper.id == id)
}

/// Those that have a word of the query in them, the most words first, the title counted double.
pub(crate) fn search(query: &str) -> Vec<&'static Paper> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.len() > 2)
        .collect();
    let score = |paper: &Paper| -> usize {
        let (title, text) = (paper.title.to_lowercase(), paper.text());
        words
            .iter()
            .map(|word| usize::from(text.contains(word)) + usize::from(title.contains(word)))
            .sum()
    };
    let mut found: Vec<(usize, &Paper)> = PAPERS
        .iter()
        .map(|paper| (score(paper), paper))
        .filter(|(score, _)| *score > 0)
        .collect();
    found.sort_by_key(|(score, paper)| {
        (std::cmp::Reverse(*score), std::cmp::Reverse(paper.upvotes))
    });
    found.into_iter().map(|(_, paper)| paper).collect()
}
