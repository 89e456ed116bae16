//! The difference of two texts.

use std::fmt::Write as _;
use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// The longest text that is compared line by line, in bytes.
pub(crate) const LONGEST_TEXT: u64 = 256 << 10;

/// How long a comparison may look for the shortest difference. What it has then is coarser, and as true.
const PATIENCE: Duration = Duration::from_millis(250);

/// The difference of two texts, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Lines that are new.
    pub added: u64,
    /// Lines that are gone.
    pub removed: u64,
    /// The hunks of a unified diff with three lines of context, without the two lines that name the files. The text is
    /// as a guest wrote it: whoever prints it to a terminal must escape it.
    pub unified: String,
}

impl Patch {
    pub(crate) fn between(old: &str, new: &str) -> Self {
        let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
        let count = |tag| {
            diff.iter_all_changes()
                .filter(|change| change.tag() == tag)
                .count() as u64
        };
        let mut unified = String::new();
        for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
            // Writing to a string does not fail.
            let _ = write!(unified, "{hunk}");
        }
        Patch {
            added: count(ChangeTag::Insert),
            removed: count(ChangeTag::Delete),
            unified,
        }
    }
}
