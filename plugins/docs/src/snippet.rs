//! What a page says about a query: the sentences that match best, with the words that match marked.

use std::collections::HashMap;
use std::ops::Range;

use crate::search::analyzer;

/// Sentences that are told at most.
const SENTENCES: usize = 2;
/// Bytes of a text that are looked at.
const LOOKED_AT: usize = 1 << 20;

/// A sentence, what it weighs, and where the words in it are that match.
struct Sentence {
    place: Range<usize>,
    weight: f32,
    words: Vec<Range<usize>>,
}

/// The sentences of a text that have the most of the weight of these words, of about `most` characters in all, the words
/// `**marked**`. None where no word is in it.
pub(crate) fn snippet(text: &str, weights: &HashMap<String, f32>, most: usize) -> Option<String> {
    let text = text
        .get(..text.floor_char_boundary(LOOKED_AT))
        .unwrap_or(text);
    let mut best: Vec<Sentence> = Vec::new();
    let mut analyzer = analyzer();
    for place in sentences(text) {
        let sentence = text.get(place.clone()).unwrap_or_default();
        let (mut words, mut seen, mut weight) = (Vec::new(), Vec::new(), 0.0);
        analyzer.token_stream(sentence).process(&mut |token| {
            if let Some((word, worth)) = weights.get_key_value(&token.text) {
                words.push(place.start + token.offset_from..place.start + token.offset_to);
                if !seen.contains(&word) {
                    seen.push(word);
                    weight += worth;
                }
            }
        });
        // A heading says what follows, and little else.
        if sentence.trim_start().starts_with('#') {
            weight /= 2.0;
        }
        if weight > 0.0 {
            // The first of those that are alike.
            let at = best.partition_point(|other| other.weight >= weight);
            best.insert(
                at,
                Sentence {
                    place,
                    weight,
                    words,
                },
            );
            best.truncate(SENTENCES);
        }
    }
    best.sort_by_key(|sentence| sentence.place.start);
    let share = most / best.len().max(1);
    let told: Vec<String> = best
        .iter()
        .map(|sentence| marked(text, sentence, share))
        .collect();
    (!told.is_empty()).then(|| told.join(" … "))
}

/// The places of the sentences: a line's end ends one, and so does `.`, `!` or `?` before white space.
fn sentences(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').flat_map(move |line| {
        let first = start;
        start += line.len();
        let mut begin = first;
        let mut places = Vec::new();
        let mut before = None;
        for (at, character) in line.char_indices() {
            if character.is_whitespace() && matches!(before, Some('.' | '!' | '?')) {
                places.push(begin..first + at);
                begin = first + at;
            }
            before = Some(character);
        }
        places.push(begin..first + line.len());
        places
    })
}

/// A sentence on one line, the words in it marked; of a long one, `most` characters from a little before the first.
fn marked(text: &str, sentence: &Sentence, most: usize) -> String {
    let place = &sentence.place;
    let first = sentence
        .words
        .first()
        .map_or(place.start, |word| word.start);
    let whole = text.get(place.clone()).unwrap_or_default();
    let long = whole.trim().chars().count() > most;
    let mut from = place.start;
    if long {
        let before = text.get(place.start..first).unwrap_or_default();
        let lead = most / 4;
        if let Some((at, _)) = before.char_indices().rev().nth(lead) {
            // To the beginning of a word.
            let rest = before.get(at..).unwrap_or_default();
            from += at + rest.find(char::is_whitespace).unwrap_or(0);
        }
    }
    let rest = text.get(from..place.end).unwrap_or_default();
    let end = rest
        .char_indices()
        .nth(most)
        .filter(|_| long)
        .map_or(place.end, |(at, _)| from + at);
    let mut told = String::new();
    let mut at = from;
    for word in &sentence.words {
        if word.start < at || word.end > end {
            continue;
        }
        told.push_str(text.get(at..word.start).unwrap_or_default());
        told.push_str("**");
        told.push_str(text.get(word.clone()).unwrap_or_default());
        told.push_str("**");
        at = word.end;
    }
    told.push_str(text.get(at..end).unwrap_or_default());
    let line = one_line(&told);
    let (before, after) = (from > place.start, end < place.end);
    format!(
        "{}{line}{}",
        if before { "…" } else { "" },
        if after { "…" } else { "" }
    )
}

/// A text's words, with one space between them.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first characters of a text, on one line.
pub(crate) fn start(text: &str, most: usize) -> String {
    let head: String = text.chars().take(most * 4).collect();
    let line = one_line(&head);
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_sentences_are_told_with_their_words_marked() {
        let weights: HashMap<String, f32> =
            [("train".to_owned(), 1.0), ("gpu".to_owned(), 3.0)].into();
        let long = format!("{} the GPU {}", "before ".repeat(30), "after ".repeat(60));
        let table: [(&str, usize, Option<&str>); 8] = [
            ("", 99, None),
            ("Nothing here. At all.", 99, None),
            (
                "One. We are training.\nTwo",
                99,
                Some("We are **training**."),
            ),
            (
                "Train. Train.\n\nTrain on a GPU! See v1.2 of trains.",
                99,
                Some("**Train**. … **Train** on a **GPU**!"),
            ),
            ("a\tGPU,\n", 99, Some("a **GPU**,")),
            (
                "x = GPU(train=1) # gpu",
                99,
                Some("x = **GPU**(**train**=1) # **gpu**"),
            ),
            ("Der Zug: é GPU é", 99, Some("Der Zug: é **GPU** é")),
            (
                &long,
                40,
                Some("…the **GPU** after after after after after…"),
            ),
        ];
        for (text, most, expected) in table {
            let found = snippet(text, &weights, most);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_start_is_one_line() {
        assert_eq!(start("a\n\n b  c", 9), "a b c");
        assert_eq!(start("abc def", 4), "abc…");
        assert_eq!(start("éé", 2), "éé");
    }
}
