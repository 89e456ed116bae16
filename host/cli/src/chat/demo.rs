//! The demo: a task, and a script that plays the model. It needs no key, and trains a real model.

use crate::fail::Fail;
use crate::paths::private_directory;
use crate::session::Session;
use crate::start::Ready;

/// Where the session of a demo has its files.
const DIRECTORY: &str = "demo";

/// What the script's model is asked.
pub(crate) const PROMPT: &str = "Do what task.md asks for.";

/// What it says.
const TASK: &str = include_str!("../../../../examples/demo/task.md");

/// A new session on the files of the demo.
pub(crate) fn session(ready: &Ready) -> Result<Session, Fail> {
    let directory = ready.paths.session(&uuid::Uuid::new_v4().to_string());
    let files = directory.join(DIRECTORY);
    private_directory(&files)?;
    let task = files.join("task.md");
    std::fs::write(&task, TASK)
        .map_err(|error| Fail::failed(format!("{}: {error}", task.display())))?;
    super::open::new(ready, &files, Some(&directory))
}
