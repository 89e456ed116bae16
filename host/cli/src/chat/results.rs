//! Results of calls, as the journal has them.

use std::path::Path;

use agent::{Part, ToolOutput};
use journal::{CallEnd, Data, Reader};

/// The end of a call.
fn end(journal: &Path, call: &str) -> Option<CallEnd> {
    let records = Reader::open(journal).ok()?.filter_map(Result::ok);
    let ends = records.filter_map(|record| {
        let id = record.entry.call?.to_string();
        match record.entry.data {
            Data::CallEnd(end) if id == call => Some(end),
            _ => None,
        }
    });
    ends.last()
}

/// All that a call gave, in words.
pub(crate) fn words(journal: &Path, call: &str) -> Option<String> {
    end(journal, call).map(|end| agent::result_in_words(&end))
}

/// The pictures that a call gave, as PNG, and what each shows.
pub(crate) fn pictures(journal: &Path, call: &str) -> Vec<(Vec<u8>, String)> {
    let output = end(journal, call)
        .and_then(|end| serde_json::from_value::<ToolOutput>(end.output).ok())
        .unwrap_or_default();
    output
        .content
        .into_iter()
        .filter_map(|part| match part {
            Part::Image { mime, bytes, alt } if mime == "image/png" => Some((bytes, alt)),
            _ => None,
        })
        .collect()
}
