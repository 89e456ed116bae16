//! The index: words of several fields, each with its weight, ranked by BM25.
//!
//! It is tantivy's, of one segment that is built whole, since there are no threads to merge several with. Words are
//! lower-cased and stemmed, stop words do not count. An entry is found if it has any of the query's words; what is
//! syntax elsewhere (quotes, colons, `AND`) is no more than a word here, so no query is wrong.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tantivy::collector::TopDocs;
use tantivy::directory::{Directory as _, RamDirectory};
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{
    Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter, TextAnalyzer,
};
use tantivy::{
    Index, IndexSettings, ReloadPolicy, Searcher, SingleSegmentIndexWriter, TantivyDocument, Term,
};

/// What the words of a field are made by, as its schema names it.
const ANALYZER: &str = "english";
/// Bytes of the longest word that counts.
const WORD: usize = 40;
/// Different words of a query that count.
const WORDS: usize = 64;
/// Bytes that the writer's table is laid out for.
const ARENA: usize = 15_000_000;
/// Bytes of the longest list of files.
const CONTENTS: usize = 64 << 10;

/// Why there is no index.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The library said so.
    #[error("the search index: {0}")]
    Library(#[from] tantivy::TantivyError),
    /// A file of it could not be read or written.
    #[error("a file of the search index: {0}")]
    File(String),
    /// What was kept is no index.
    #[error("what was kept is no search index: {0}")]
    Kept(&'static str),
}

/// A name and a weight for each field.
pub(crate) type Fields = &'static [(&'static str, f32)];

/// One entry that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// Its place in the order in which the index was built.
    pub(crate) entry: usize,
    pub(crate) score: f32,
}

/// An index in memory.
pub(crate) struct SearchIndex {
    directory: RamDirectory,
    index: Index,
    searcher: Searcher,
    /// And their weights.
    fields: Vec<(Field, f32)>,
}

/// The files of a packed index, in their order; their bytes follow.
#[derive(Serialize, Deserialize)]
struct Contents {
    files: Vec<(String, usize)>,
}

impl SearchIndex {
    /// An index of entries that each have a text for each field.
    pub(crate) fn build<'e, const N: usize>(
        fields: Fields,
        entries: impl IntoIterator<Item = [&'e str; N]>,
    ) -> Result<Self, Error> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqs);
        let options = TextOptions::default().set_indexing_options(indexing);
        let all: Vec<Field> = fields
            .iter()
            .map(|(name, _)| schema.add_text_field(name, options.clone()))
            .collect();
        let directory = RamDirectory::create();
        let builder = Index::builder()
            .schema(schema.build())
            .settings(IndexSettings {
                // There are no threads; and nothing is stored but the words.
                docstore_compress_dedicated_thread: false,
                ..IndexSettings::default()
            });
        let tokenizers = tantivy::tokenizer::TokenizerManager::new();
        tokenizers.register(ANALYZER, analyzer());
        let mut writer: SingleSegmentIndexWriter = builder
            .tokenizers(tokenizers)
            .single_segment_index_writer(directory.clone(), ARENA)?;
        for entry in entries {
            let mut document = TantivyDocument::default();
            for (field, text) in all.iter().zip(entry) {
                document.add_text(*field, text);
            }
            writer.add_document(document)?;
        }
        let index = writer.finalize()?;
        Self::over(fields, directory, index)
    }

    /// The index that was packed.
    ///
    /// The bytes have to be those that [`Self::pack`] gave: the library does not expect others.
    pub(crate) fn unpack(fields: Fields, bytes: &[u8]) -> Result<Self, Error> {
        let end = bytes
            .iter()
            .take(CONTENTS)
            .position(|byte| *byte == b'\n')
            .ok_or(Error::Kept("it has no list of files"))?;
        let (head, mut rest) = bytes.split_at(end + 1);
        let contents: Contents =
            serde_json::from_slice(head).map_err(|_| Error::Kept("its list of files is none"))?;
        let directory = RamDirectory::create();
        for (name, length) in contents.files {
            let (file, others) = rest
                .split_at_checked(length)
                .ok_or(Error::Kept("it is too short"))?;
            rest = others;
            directory
                .atomic_write(Path::new(&name), file)
                .map_err(|error| Error::File(error.to_string()))?;
        }
        let index = Index::open(directory.clone())?;
        index.tokenizers().register(ANALYZER, analyzer());
        Self::over(fields, directory, index)
    }

    fn over(fields: Fields, directory: RamDirectory, index: Index) -> Result<Self, Error> {
        let schema = index.schema();
        let fields = fields
            .iter()
            .map(|(name, weight)| Ok((schema.get_field(name)?, *weight)))
            .collect::<Result<_, Error>>()?;
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let searcher = reader.searcher();
        Ok(Self {
            directory,
            index,
            searcher,
            fields,
        })
    }

    /// The whole index as bytes.
    pub(crate) fn pack(&self) -> Result<Vec<u8>, Error> {
        let wrong = |error: &dyn std::fmt::Display| Error::File(error.to_string());
        let mut names: Vec<_> = self
            .index
            .directory()
            .list_managed_files()
            .into_iter()
            .collect();
        names.sort();
        let (mut files, mut bytes) = (Vec::new(), Vec::new());
        for name in names {
            if !self
                .directory
                .exists(&name)
                .map_err(|error| wrong(&error))?
            {
                continue;
            }
            let file = self
                .directory
                .open_read(&name)
                .map_err(|error| wrong(&error))?
                .read_bytes()
                .map_err(|error| wrong(&error))?;
            files.push((name.to_string_lossy().into_owned(), file.len()));
            bytes.extend_from_slice(&file);
        }
        let mut packed = serde_json::to_vec(&Contents { files }).map_err(|error| wrong(&error))?;
        packed.push(b'\n');
        packed.append(&mut bytes);
        Ok(packed)
    }

    /// Every entry that has a word of the query, the best first; those that are alike in the order of the index.
    pub(crate) fn search(&self, query: &str) -> Result<Vec<Hit>, Error> {
        let entries = usize::try_from(self.searcher.num_docs()).unwrap_or(usize::MAX);
        let words = words(query);
        if entries == 0 || words.is_empty() {
            return Ok(Vec::new());
        }
        let mut any: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for word in &words {
            for (field, weight) in &self.fields {
                let term = Term::from_field_text(*field, word);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                any.push((
                    Occur::Should,
                    Box::new(BoostQuery::new(Box::new(query), *weight)),
                ));
            }
        }
        let found = self.searcher.search(
            &BooleanQuery::new(any),
            &TopDocs::with_limit(entries).order_by_score(),
        )?;
        Ok(found
            .into_iter()
            .map(|(score, place)| Hit {
                entry: place.doc_id as usize,
                score,
            })
            .collect())
    }

    /// The words of a query, and what each tells about the entries that have it: the fewer, the more.
    pub(crate) fn weights(&self, query: &str) -> Result<HashMap<String, f32>, Error> {
        let all = self.searcher.num_docs() as f32;
        words(query)
            .into_iter()
            .map(|word| {
                let mut with = 0;
                for (field, _) in &self.fields {
                    let term = Term::from_field_text(*field, &word);
                    with = with.max(self.searcher.doc_freq(&term)?);
                }
                Ok((word, (1.0 + all / (1.0 + with as f32)).ln()))
            })
            .collect()
    }
}

/// What makes words of a text.
pub(crate) fn analyzer() -> TextAnalyzer {
    let lower = TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(WORD))
        .filter(LowerCaser);
    match StopWordFilter::new(Language::English) {
        Some(stop) => lower
            .filter(stop)
            .filter(Stemmer::new(Language::English))
            .build(),
        None => lower.filter(Stemmer::new(Language::English)).build(),
    }
}

/// The different words of a query.
fn words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    analyzer().token_stream(query).process(&mut |token| {
        if words.len() < WORDS && !words.contains(&token.text) {
            words.push(token.text.clone());
        }
    });
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: Fields = &[("title", 2.0), ("content", 1.0)];

    fn index() -> SearchIndex {
        let entries = [
            ["Trainers", "How models are trained, step by step."],
            ["Datasets", "A trainer needs data. The data is loaded."],
            ["Logging", "What is written while it runs."],
            ["", ""],
        ];
        SearchIndex::build(FIELDS, entries).unwrap()
    }

    fn found(index: &SearchIndex, query: &str) -> Vec<usize> {
        let hits = index.search(query).unwrap();
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
        hits.into_iter().map(|hit| hit.entry).collect()
    }

    #[test]
    fn words_are_found_by_their_stems_titles_first_and_no_query_is_wrong() {
        let built = index();
        let kept = SearchIndex::unpack(FIELDS, &built.pack().unwrap()).unwrap();
        let table: [(&str, &[usize]); 11] = [
            ("trainer", &[0, 1]),
            ("TRAINING", &[0]),
            ("loading datasets", &[1]),
            ("logs or trainers", &[0, 2, 1]),
            ("the of and", &[]),
            ("", &[]),
            ("nothing", &[]),
            ("title:logs AND (\"", &[2]),
            ("+log -log [x TO *] ^2 ~ \\", &[2]),
            ("log/data", &[2, 1]),
            ("\u{0}\u{1f600}", &[]),
        ];
        for (query, expected) in table {
            assert_eq!(found(&built, query), expected, "{query}");
            assert_eq!(built.search(query).unwrap(), kept.search(query).unwrap());
        }
        let long = "log ".repeat(10_000) + &"x".repeat(10_000);
        assert_eq!(found(&built, &long), [2]);
    }

    #[test]
    fn a_rare_word_weighs_more() {
        let weights = index().weights("logging unknown the").unwrap();
        let (common, rare) = (weights.get("log").unwrap(), weights.get("unknown").unwrap());
        assert!(common < rare, "{weights:?}");
        assert_eq!(weights.len(), 2);
    }

    #[test]
    fn an_index_without_entries_finds_nothing() {
        let none: [[&str; 2]; 0] = [];
        assert!(found(&SearchIndex::build(FIELDS, none).unwrap(), "x").is_empty());
    }

    #[test]
    fn what_is_no_index_is_said_to_be_none() {
        for (bytes, expected) in [
            ("", "it has no list of files"),
            ("{}\n", "its list of files is none"),
            ("{\"files\":[[\"meta.json\",9]]}\nx", "it is too short"),
        ] {
            let error = SearchIndex::unpack(FIELDS, bytes.as_bytes()).err().unwrap();
            assert_eq!(
                error.to_string(),
                format!("what was kept is no search index: {expected}")
            );
        }
    }
}
