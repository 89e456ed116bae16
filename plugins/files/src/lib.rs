//! The `read`, `write` and `edit` tools: exact, atomic work on text files and notebooks of the staged workspace, and a look
//! at its images.
//!
//! What a file held when the model last saw it is remembered as a SHA-256 in the session's store, so that a file that
//! changed under it is refused rather than overwritten.

mod edit;
mod error;
mod find;
mod image;
mod kinds;
mod notebook;
mod read;
mod text;
mod workspace;
mod write;

use std::path::PathBuf;

use error::Error;
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::state;
use workspace::{Seen, Workspace};

/// Where the host mounts the workspace.
const ROOT: &str = "/workspace";
/// Where data is, in the guest: what the user mounts, and outputs that were too long.
const DATA: &str = "/data";
/// The same, as the beginning of a path.
const DATA_PREFIX: &str = "/data/";

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    let limits = Limits {
        // A file of the largest size taken, several times over: as read, as rewritten, and what is made on the way.
        memory: 256 << 20,
        // More than twice what the largest notebook takes, however it is made.
        fuel: 50_000_000_000,
        deadline: 30_000,
        // Images up to their bound, and a page of text beside them.
        output: 4 << 20,
        open_files: 16,
        host_calls: 16,
    };
    let files = |access| [need::mount("workspace", access), need::state(SEEN)];
    Plugin::new(
        "files",
        env!("CARGO_PKG_VERSION"),
        "Reads, writes and edits text files and notebooks of the workspace; shows its images.",
        limits,
    )
    .tool(Tool::new(
        "read",
        READ,
        Operation::new("read", |arguments: read::Read| {
            if arguments.is_data() {
                read::run(
                    &mut Workspace::data(PathBuf::from(DATA), Unseen),
                    &arguments,
                )
            } else {
                read::run(&mut workspace(), &arguments)
            }
        })
        .effects([Effect::Observe])
        .needs([
            need::mount("workspace", Access::ReadOnly),
            need::mount("data", Access::ReadOnly),
            need::state(SEEN),
        ]),
    ))
    .tool(Tool::new(
        "write",
        WRITE,
        Operation::new("write", |arguments: write::Write| {
            write::run(&mut workspace(), &arguments)
        })
        .effects([Effect::Write])
        .needs(files(Access::ReadWrite)),
    ))
    .tool(Tool::new(
        "edit",
        EDIT,
        Operation::new("edit", |arguments: edit::Edit| {
            edit::run(&mut workspace(), &arguments)
        })
        .effects([Effect::Write])
        .needs(files(Access::ReadWrite)),
    ))
}

const READ: &str = "Reads a file of the workspace, or under /data. Text comes with line numbers (`cat -n` style), up \
to 2000 lines unless offset and limit say otherwise; long results end with how to go on. Images are shown. Notebooks \
(.ipynb) come as cells with their outputs; offset and limit count cells. A file must have been read before it can be \
edited or overwritten. It does not list directories.";

const WRITE: &str = "Writes a text file of the workspace, whole and exactly as given; missing parent directories are \
made. A file that exists must have been read before, and must not have changed since. Prefer edit for changes to a \
file that exists. What is written to a notebook (.ipynb) must be one: JSON of nbformat 4.";

const EDIT: &str = "Replaces an exact piece of a text file of the workspace, or inserts next to it. old_str must be in \
the file exactly once, white space included and without read's line numbers, unless replace_all is true. The file must \
have been read before, and must not have changed since. In a notebook (.ipynb), cell says which cell is edited, put in \
or taken out; a code cell that changes loses its outputs.";

/// The prefix of what this plugin keeps in the session's store: `seen/<path in the workspace>`.
const SEEN: &str = "seen/";

fn workspace() -> Workspace<Session> {
    Workspace::new(PathBuf::from(ROOT), Session)
}

/// No memory: data cannot be written, so nobody asks whether it was seen.
#[derive(Debug)]
struct Unseen;

impl Seen for Unseen {
    fn digest(&self, _: &str) -> Result<Option<String>, Error> {
        Ok(None)
    }

    fn remember(&mut self, _: &str, _: &str) -> Result<(), Error> {
        Ok(())
    }
}

/// The session's store, as the memory of what was seen.
#[derive(Debug)]
struct Session;

impl Seen for Session {
    fn digest(&self, path: &str) -> Result<Option<String>, Error> {
        state::get(&format!("{SEEN}{path}")).map_err(Error::Store)
    }

    fn remember(&mut self, path: &str, digest: &str) -> Result<(), Error> {
        state::set(&format!("{SEEN}{path}"), &digest).map_err(Error::Store)
    }
}

ml_intern_sdk::export!(plugin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_declares_what_it_needs() {
        let table = [
            ("read", Effect::Observe, Access::ReadOnly),
            ("write", Effect::Write, Access::ReadWrite),
            ("edit", Effect::Write, Access::ReadWrite),
        ];
        let manifest = plugin().manifest();
        assert_eq!(manifest.tools.len(), table.len());
        for (tool, (name, effect, access)) in manifest.tools.iter().zip(table) {
            let [operation] = tool.operations.as_slice() else {
                panic!("one operation")
            };
            assert_eq!((tool.name.as_str(), operation.name.as_str()), (name, name));
            assert_eq!(operation.effects, [effect], "{name}");
            let data = (name == "read").then(|| need::mount("data", Access::ReadOnly));
            let needs: Vec<_> = [need::mount("workspace", access)]
                .into_iter()
                .chain(data)
                .chain([need::state("seen/")])
                .collect();
            assert_eq!(operation.needs, needs, "{name}");
        }
    }

    #[test]
    fn parameters_are_named_as_its_users_know_them() {
        let table = [
            (
                "read",
                vec!["path", "offset", "limit", "cell"],
                vec!["path"],
            ),
            ("write", vec!["path", "content"], vec!["path", "content"]),
            (
                "edit",
                vec![
                    "path",
                    "old_str",
                    "new_str",
                    "replace_all",
                    "mode",
                    "cell",
                    "cell_type",
                ],
                vec!["path", "old_str", "new_str"],
            ),
        ];
        for (tool, (name, properties, required)) in plugin().manifest().tools.iter().zip(table) {
            let schema: serde_json::Value = serde_json::from_str(&tool.parameters).unwrap();
            let named: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
            assert_eq!(named, properties, "{name}");
            assert_eq!(schema["required"], serde_json::json!(required), "{name}");
            assert_eq!(schema["additionalProperties"], false, "{name}");
        }
    }
}
