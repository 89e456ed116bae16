//! `write`: a whole file, exactly as given. What is called a notebook has to be one.

use ml_intern_sdk::prelude::*;

use crate::notebook::{self, Notebook};
use crate::workspace::{Seen, Workspace};

/// The arguments of `write`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Write {
    /// The file, relative to /workspace or absolute under it.
    path: String,
    /// All that the file is to hold.
    content: String,
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Report<'a> {
    path: &'a str,
    bytes: usize,
    created: bool,
}

/// Writes.
pub(crate) fn run(
    workspace: &mut Workspace<impl Seen>,
    arguments: &Write,
) -> Result<Output, Failure> {
    let place = workspace.find(&arguments.path)?;
    if notebook::is_named_so(&place.name) {
        Notebook::new(&arguments.content)
            .and_then(|notebook| notebook.complete())
            .map_err(|why| {
                Failure::argument("/content", format!("a notebook (nbformat 4), but {why}"))
            })?;
    }
    if place.exists {
        workspace.require_current_seen(&place)?;
    }
    workspace.replace(&place, &arguments.content)?;
    let bytes = arguments.content.len();
    let verb = if place.exists { "Overwrote" } else { "Created" };
    Output::text(format!("{verb} `{}` ({bytes} bytes).", place.name)).with_structured(&Report {
        path: &place.name,
        bytes,
        created: !place.exists,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::notebook::samples::{JUPYTER, VERSION_3};
    use crate::read;
    use crate::workspace::tests::{names, workspace};

    fn write(path: &str, content: &str) -> Write {
        Write {
            path: path.into(),
            content: content.into(),
        }
    }

    fn text_of(output: Output) -> String {
        match output.content.as_slice() {
            [ml_intern_sdk::Content::Text(text)] => text.clone(),
            other => panic!("one text, not {other:?}"),
        }
    }

    #[test]
    fn a_new_file_is_made_with_its_directories() {
        let (directory, mut workspace) = workspace(&[]);
        let output = run(&mut workspace, &write("/workspace/x/y/a.txt", "é\r\n")).unwrap();
        let expected = serde_json::json!({ "path": "x/y/a.txt", "bytes": 4, "created": true });
        assert_eq!(
            output,
            Output::text("Created `x/y/a.txt` (4 bytes).")
                .with_structured(&expected)
                .unwrap()
        );
        assert_eq!(
            fs::read(directory.path().join("x/y/a.txt")).unwrap(),
            "é\r\n".as_bytes()
        );
    }

    #[test]
    fn what_the_model_wrote_it_may_write_again() {
        let (_directory, mut workspace) = workspace(&[]);
        assert_eq!(
            text_of(run(&mut workspace, &write("a", "1")).unwrap()),
            "Created `a` (1 bytes)."
        );
        assert_eq!(
            text_of(run(&mut workspace, &write("a", "22")).unwrap()),
            "Overwrote `a` (2 bytes)."
        );
    }

    #[test]
    fn a_file_is_overwritten_only_as_it_was_seen() {
        let (directory, mut workspace) = workspace(&[("a", "theirs")]);
        let path = directory.path().join("a");
        let unread = "`a` exists and has not been read in this session: read it first, so that nothing unseen is lost";
        assert_eq!(
            run(&mut workspace, &write("a", "mine")),
            Err(Failure::failed(unread))
        );

        let arguments = serde_json::from_value(serde_json::json!({ "path": "a" })).unwrap();
        read::run(&mut workspace, &arguments).unwrap();
        fs::write(&path, "theirs, changed").unwrap();
        let changed = "`a` has changed since it was last read or written here: read it again, then repeat the change";
        assert_eq!(
            run(&mut workspace, &write("a", "mine")),
            Err(Failure::failed(changed))
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs, changed");

        read::run(&mut workspace, &arguments).unwrap();
        run(&mut workspace, &write("a", "mine")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_directory_is_not_overwritten() {
        let (_directory, mut workspace) = workspace(&[("d/a", "")]);
        let expected =
            "`d` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)";
        assert_eq!(
            run(&mut workspace, &write("d", "x")),
            Err(Failure::failed(expected))
        );
    }

    #[test]
    fn what_is_called_a_notebook_has_to_be_one() {
        let (directory, mut workspace) = workspace(&[]);
        let version = "it is a notebook of nbformat 3, and only nbformat 4 is taken: convert it (jupyter nbconvert --to \
                       notebook), or take its cells from the JSON with python";
        let table = [
            ("a.ipynb", JUPYTER, None),
            (
                "a.IPYNB",
                "print(1)\n",
                Some("it is not JSON: expected value at line 1 column 1"),
            ),
            (
                "b.ipynb",
                "",
                Some("it is not JSON: EOF while parsing a value at line 1 column 0"),
            ),
            ("b.ipynb", "{\"nbformat\":4}", Some("it has no `cells`")),
            (
                "b.ipynb",
                "{\"nbformat\":4,\"cells\":[]}",
                Some("it has no `metadata`"),
            ),
            ("b.ipynb", VERSION_3, Some(version)),
            ("b.json", "{\"nbformat\":4}", None),
        ];
        for (path, content, problem) in table {
            let found = run(&mut workspace, &write(path, content));
            let expected = problem.map(|problem| {
                Failure::argument(
                    "/content",
                    format!("a notebook (nbformat 4), but {problem}"),
                )
            });
            assert_eq!(found.err(), expected, "{path} {content}");
        }
        assert_eq!(names(&directory), ["a.ipynb", "b.json"]);
        assert_eq!(
            fs::read_to_string(directory.path().join("a.ipynb")).unwrap(),
            JUPYTER
        );
    }
}
