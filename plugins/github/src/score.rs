//! How like two texts are, from 0 to 100: the measures that fuzzy search commonly names so.
//!
//! | measure | is |
//! | --- | --- |
//! | `token_set` | the best likeness of what the words of both have in common with either of them |
//! | `partial` | the best likeness of the shorter text with a part of the longer one that is as long |

use std::collections::BTreeSet;

use rapidfuzz::fuzz;

fn ratio(one: &str, two: &str) -> f64 {
    if one.is_empty() && two.is_empty() {
        return 0.0;
    }
    fuzz::ratio(one.chars(), two.chars()) * 100.0
}

fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn joined<'w>(words: impl Iterator<Item = &'w String>) -> String {
    words.cloned().collect::<Vec<_>>().join(" ")
}

/// The words of both, compared as sets.
pub(crate) fn token_set(one: &str, two: &str) -> u32 {
    let (one, two) = (words(one), words(two));
    let common = joined(one.intersection(&two));
    let with = |rest: String| match (common.is_empty(), rest.is_empty()) {
        (true, _) => rest,
        (false, true) => common.clone(),
        (false, false) => format!("{common} {rest}"),
    };
    let first = with(joined(one.difference(&two)));
    let second = with(joined(two.difference(&one)));
    let best = [
        ratio(&common, &first),
        ratio(&common, &second),
        ratio(&first, &second),
    ]
    .into_iter()
    .fold(0.0, f64::max);
    rounded(best)
}

/// The shorter text against each part of the longer one.
pub(crate) fn partial(one: &str, two: &str) -> u32 {
    let (one, two) = (one.to_lowercase(), two.to_lowercase());
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let (short, long) = if one.len() <= two.len() {
        (one, two)
    } else {
        (two, one)
    };
    if short.is_empty() {
        return 0;
    }
    let best = long
        .windows(short.len())
        .map(|part| fuzz::ratio(short.iter().copied(), part.iter().copied()) * 100.0)
        .fold(0.0, f64::max);
    rounded(best)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is from 0 to 100"
)]
fn rounded(score: f64) -> u32 {
    score.round().clamp(0.0, 100.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find::PATTERNS;

    #[test]
    fn paths_against_the_patterns() {
        let best = |path: &str| {
            PATTERNS
                .iter()
                .map(|pattern| token_set(path, pattern))
                .max()
        };
        assert_eq!(best("examples/scripts/sft.py"), Some(100));
        assert_eq!(best("src/trl/trainer/sft_trainer.py"), Some(38));
        assert_eq!(best("README.md"), Some(50));
    }

    #[test]
    fn parts_of_paths() {
        let table = [
            ("grpo", "examples/scripts/grpo_vlm.py", 100),
            ("GRPO", "examples/scripts/Grpo.py", 100),
            ("grpx", "grpo", 75),
            ("", "grpo", 0),
            ("a", "", 0),
        ];
        for (one, two, expected) in table {
            assert_eq!(partial(one, two), expected, "{one} {two}");
        }
    }
}
