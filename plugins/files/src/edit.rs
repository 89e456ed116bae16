//! `edit`: one exact piece of a file replaced, or something inserted next to it; in a notebook, of one cell's source, or
//! the whole cell.

use ml_intern_sdk::prelude::*;

use crate::error::Error;
use crate::find;
use crate::notebook::{self, CellName, Changed, Kind, Notebook, Unfit};
use crate::read::not_of_cells;
use crate::text::{View, line_feeds};
use crate::workspace::{Place, Seen, Workspace};

/// The arguments of `edit`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The file, relative to /workspace or absolute under it.
    path: String,
    /// The exact text to look for. With cell, empty for the whole cell.
    old_str: String,
    /// What to put in its place, or next to it.
    new_str: String,
    /// Take every place where old_str is.
    #[serde(default)]
    replace_all: bool,
    /// append_after and prepend_before insert new_str next to old_str, with nothing between: begin or end it with a line
    /// break for a line of its own. delete is for a whole cell.
    #[serde(default)]
    mode: Mode,
    /// A notebook's cell, by its id or its number from 0. With an empty old_str, replace sets its whole source,
    /// append_after and prepend_before put a new cell next to it, delete takes it out.
    cell: Option<CellName>,
    /// The type of a new cell (code if left out), or what a replaced cell becomes.
    cell_type: Option<Kind>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Replace,
    AppendAfter,
    PrependBefore,
    Delete,
}

/// The part for programs, for text.
#[derive(Debug, Serialize)]
struct Report<'a> {
    path: &'a str,
    /// How many places were changed.
    replacements: usize,
    /// The lines where they began, before the change; the first of them where they are many.
    lines: &'a [usize],
    /// Bytes of the file afterwards.
    bytes: usize,
}

/// The part for programs, for a notebook.
#[derive(Debug, Serialize)]
struct CellReport<'a> {
    path: &'a str,
    /// What was done: `edited`, `rewritten`, `inserted` or `deleted`.
    change: &'static str,
    /// The cell's number; for one that was deleted, the number that it had.
    cell: usize,
    id: Option<&'a str>,
    cell_type: Kind,
    /// The lines of its source where it was edited, before the change; the first of them where they are many.
    lines: &'a [usize],
    outputs_cleared: bool,
    /// Cells of the notebook afterwards.
    cells: usize,
    /// Bytes of the file afterwards.
    bytes: usize,
}

/// Edits.
pub(crate) fn run(
    workspace: &mut Workspace<impl Seen>,
    arguments: &Edit,
) -> Result<Output, Failure> {
    check(arguments)?;
    let place = workspace.find(&arguments.path)?;
    let loaded = workspace.load(&place)?;
    let text = loaded.text()?;
    workspace.require_seen(&place, loaded.digest())?;
    let unfit = |why| Error::Notebook {
        path: place.name.clone(),
        why,
    };
    if !notebook::is_named_so(&place.name) {
        return match &arguments.cell {
            None => in_text(workspace, &place, text, arguments),
            Some(_) => Err(not_of_cells(&place.name).into()),
        };
    }
    match (Notebook::new(text), &arguments.cell) {
        (Ok(notebook), Some(cell)) => {
            let done = in_cell(notebook, cell, arguments, &place.name, loaded.digest())?;
            workspace.replace(&place, &done.changed.text)?;
            done.said(&place.name)
        }
        // What it is for is not known: a piece of the JSON is not what read showed.
        (Ok(notebook), None) => Err(Failure::argument(
            "/cell",
            which_cell(&notebook, &arguments.old_str, &place.name),
        )),
        (Err(why @ Unfit::Format(_)), _) | (Err(why), Some(_)) => Err(unfit(why).into()),
        // It can be mended like any text.
        (Err(_), None) => in_text(workspace, &place, text, arguments),
    }
}

fn in_text(
    workspace: &mut Workspace<impl Seen>,
    place: &Place,
    text: &str,
    arguments: &Edit,
) -> Result<Output, Failure> {
    let name = &place.name;
    let Edited { text, lines } = apply(text, arguments, &format!("`{name}`"))?;
    workspace.replace(place, &text)?;
    let said = format!(
        "Edited `{name}`: {} ({} bytes).",
        changes(arguments.mode, &lines),
        text.len()
    );
    Output::text(said).with_structured(&Report {
        path: name,
        replacements: lines.len(),
        lines: first(&lines),
        bytes: text.len(),
    })
}

/// Lines that are reported.
const LINES: usize = 1_000;

fn first(lines: &[usize]) -> &[usize] {
    lines.get(..LINES).unwrap_or(lines)
}

/// `2 replacements at lines 3 and 8`.
fn changes(mode: Mode, lines: &[usize]) -> String {
    let changes = match (lines.len(), mode) {
        (1, Mode::Replace) => "1 replacement".to_owned(),
        (many, Mode::Replace) => format!("{many} replacements"),
        (1, _) => "1 insertion".to_owned(),
        (many, _) => format!("{many} insertions"),
    };
    format!("{changes} at {}", find::list(lines))
}

/// What was done to a notebook.
struct Done {
    changed: Changed,
    change: &'static str,
    /// Of a cell that was edited: `1 replacement at line 3`.
    places: String,
    lines: Vec<usize>,
}

impl Done {
    fn said(&self, name: &str) -> Result<Output, Failure> {
        let Changed {
            cell,
            number,
            id,
            kind,
            cleared,
            cells,
            text,
        } = &self.changed;
        let bytes = text.len();
        let kind_name = kind.name();
        let of_it = if *cells == 1 { "cell" } else { "cells" };
        let mut said = match self.change {
            "edited" => format!(
                "Edited {cell} of `{name}`: {} ({bytes} bytes).",
                self.places
            ),
            "rewritten" => format!("Rewrote {cell} of `{name}` ({kind_name}, {bytes} bytes)."),
            "inserted" => {
                format!("Put {cell} into `{name}` ({kind_name}; {cells} {of_it}, {bytes} bytes).")
            }
            _ => format!("Took {cell} out of `{name}` ({cells} {of_it} left, {bytes} bytes)."),
        };
        if *cleared {
            said.push_str(" Its outputs are gone, since they came of another source.");
        }
        let after = match self.change {
            "inserted" => *number + 1 < *cells,
            "deleted" => number < cells,
            _ => false,
        };
        if after {
            said.push_str(" The cells after it have other numbers now.");
        }
        Output::text(said).with_structured(&CellReport {
            path: name,
            change: self.change,
            cell: *number,
            id: id.as_deref(),
            cell_type: *kind,
            lines: first(&self.lines),
            outputs_cleared: *cleared,
            cells: *cells,
            bytes,
        })
    }
}

/// The notebook with one cell changed. The digest is the file's.
fn in_cell(
    notebook: Notebook,
    name: &CellName,
    arguments: &Edit,
    path: &str,
    digest: &str,
) -> Result<Done, Error> {
    let argument = |pointer, expected| Error::Argument { pointer, expected };
    let whole = |change, changed| Done {
        changed,
        change,
        places: String::new(),
        lines: Vec::new(),
    };
    let source = line_feeds(&arguments.new_str);
    let new_kind = arguments.cell_type.unwrap_or(Kind::Code);
    let inserts = matches!(arguments.mode, Mode::AppendAfter | Mode::PrependBefore);
    let is_first = matches!(name, CellName::Number(0)) || *name == CellName::Id("0".into());
    if arguments.old_str.is_empty() && inserts && is_first && notebook.cells.is_empty() {
        return Ok(whole(
            "inserted",
            notebook.insert(0, &source, new_kind, digest),
        ));
    }
    let number = notebook
        .find(name, path)
        .map_err(|expected| argument("/cell", expected))?;
    let Some(cell) = notebook.cells.get(number) else {
        return Err(argument("/cell", "a cell that exists".to_owned()));
    };
    let (called, kind) = (cell.called(number), cell.kind);
    let failed = |problem| Error::NoMatch(format!("{problem}, in `{path}`"));
    if arguments.old_str.is_empty() {
        return Ok(match arguments.mode {
            Mode::AppendAfter => whole(
                "inserted",
                notebook.insert(number + 1, &source, new_kind, digest),
            ),
            Mode::PrependBefore => whole(
                "inserted",
                notebook.insert(number, &source, new_kind, digest),
            ),
            Mode::Delete => whole("deleted", notebook.remove(number).map_err(failed)?),
            Mode::Replace => {
                let kind = arguments.cell_type.unwrap_or(kind);
                if source == line_feeds(&cell.source) && kind == cell.kind {
                    let expected = format!("something else than the source of {called}");
                    return Err(argument("/new_str", expected));
                }
                let changed = notebook.rewrite(number, &source, kind).map_err(failed)?;
                whole("rewritten", changed)
            }
        });
    }
    let elsewhere = cells_with(&notebook, &arguments.old_str);
    if !elsewhere.is_empty() && !elsewhere.contains(&number) {
        return Err(Error::NoMatch(format!(
            "old_str is not in {called} of `{path}`, but in {}",
            listed(&notebook, &elsewhere)
        )));
    }
    let Edited { text, lines } = apply(&cell.source, arguments, &format!("{called} of `{path}`"))?;
    Ok(Done {
        changed: notebook.rewrite(number, &text, kind).map_err(failed)?,
        change: "edited",
        places: changes(arguments.mode, &lines),
        lines,
    })
}

/// What would be right for `cell` where it was left out.
fn which_cell(notebook: &Notebook, old_str: &str, path: &str) -> String {
    let found = cells_with(notebook, old_str);
    if found.is_empty() {
        return format!(
            "the cell of `{path}` to change, by its id or number; old_str is in the source of none"
        );
    }
    format!(
        "the cell of `{path}` to change, by its id or number; old_str is in {}",
        listed(notebook, &found)
    )
}

/// The cells whose source has the text.
fn cells_with(notebook: &Notebook, text: &str) -> Vec<usize> {
    let wanted = line_feeds(text);
    notebook
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| line_feeds(&cell.source).contains(&wanted))
        .map(|(number, _)| number)
        .collect()
}

/// Cells, by name, and how many more there are.
fn listed(notebook: &Notebook, numbers: &[usize]) -> String {
    let mut named: Vec<String> = numbers
        .iter()
        .take(CELLS_LISTED)
        .filter_map(|number| Some(notebook.cells.get(*number)?.called(*number)))
        .collect();
    let more = numbers.len() - named.len();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// Cells that are named in an error.
const CELLS_LISTED: usize = 5;

/// What cannot be right for any file.
fn check(arguments: &Edit) -> Result<(), Error> {
    let argument = |pointer, expected: &str| {
        Err(Error::Argument {
            pointer,
            expected: expected.to_owned(),
        })
    };
    let whole = arguments.cell.is_some() && arguments.old_str.is_empty();
    if arguments.cell_type.is_some() && (!whole || arguments.mode == Mode::Delete) {
        return argument(
            "/cell_type",
            "left out: it is for a new cell, or for the whole of one with cell and an empty old_str",
        );
    }
    if whole {
        return match arguments.mode {
            _ if arguments.replace_all => argument(
                "/replace_all",
                "left out: an empty old_str is the whole cell, which is there once",
            ),
            Mode::Delete if !arguments.new_str.is_empty() => argument(
                "/new_str",
                "empty: nothing takes the place of a deleted cell",
            ),
            _ => Ok(()),
        };
    }
    if arguments.mode == Mode::Delete {
        return argument(
            "/mode",
            "replace, with an empty new_str, to take text out; delete is for a whole cell of a notebook, with cell and \
             an empty old_str",
        );
    }
    if arguments.old_str.is_empty() {
        return argument(
            "/old_str",
            "text that is in the file; a new file is made with write",
        );
    }
    match arguments.mode {
        Mode::Replace if line_feeds(&arguments.old_str) == line_feeds(&arguments.new_str) => {
            argument(
                "/new_str",
                "something else than old_str (line endings are not changed by edit)",
            )
        }
        Mode::AppendAfter | Mode::PrependBefore if arguments.new_str.is_empty() => {
            argument("/new_str", "text to insert")
        }
        _ => Ok(()),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Edited {
    text: String,
    /// Where each change began, before it.
    lines: Vec<usize>,
}

/// The text after the edit; `place` says in messages where it is.
fn apply(raw: &str, arguments: &Edit, place: &str) -> Result<Edited, Error> {
    let view = View::new(raw);
    let wanted = line_feeds(&arguments.old_str);
    let mut lines = find::lines_of_all(&view.text, &wanted);
    if lines.is_empty() {
        let nearest = find::nearest(&view.text, &wanted);
        return Err(Error::NoMatch(format!(
            "old_str is not in {place}. {nearest}"
        )));
    }
    if lines.len() > 1 && !arguments.replace_all {
        return Err(Error::NoMatch(format!(
            "old_str is in {place} {} times, at {}: add text around it until it is the only one, or set replace_all",
            lines.len(),
            find::list(&lines)
        )));
    }
    let found = find::all(&view.text, &wanted);
    if found.len() < lines.len() {
        lines = found
            .iter()
            .map(|(start, _)| crate::text::line_number(&view.text, *start))
            .collect();
    }
    let pieces: Vec<_> = found
        .into_iter()
        .map(|(start, end)| match arguments.mode {
            Mode::Replace | Mode::Delete => (start, end),
            Mode::AppendAfter => (end, end),
            Mode::PrependBefore => (start, start),
        })
        .collect();
    Ok(Edited {
        text: view.replace(&pieces, &arguments.new_str),
        lines,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::notebook::samples::{COLAB, JUPYTER, VERSION_3};
    use crate::read;
    use crate::workspace::tests::{names, workspace};

    fn edit(old_str: &str, new_str: &str) -> Edit {
        Edit {
            path: "a".into(),
            old_str: old_str.into(),
            new_str: new_str.into(),
            replace_all: false,
            mode: Mode::Replace,
            cell: None,
            cell_type: None,
        }
    }

    fn everywhere(old_str: &str, new_str: &str) -> Edit {
        Edit {
            replace_all: true,
            ..edit(old_str, new_str)
        }
    }

    fn mode(mode: Mode, old_str: &str, new_str: &str) -> Edit {
        Edit {
            mode,
            ..edit(old_str, new_str)
        }
    }

    #[test]
    fn an_exact_piece_is_changed_and_nothing_else() {
        let table = [
            ("a\nb\nc\n", edit("b", "x"), "a\nx\nc\n", vec![2]),
            ("a\nb\nc\n", edit("b\n", ""), "a\nc\n", vec![2]),
            (
                "    a = 1  \n",
                edit("a = 1", "a = 2"),
                "    a = 2  \n",
                vec![1],
            ),
            (
                "a\r\nb\r\nc\r\n",
                edit("a\nb", "x\ny"),
                "x\r\ny\r\nc\r\n",
                vec![1],
            ),
            (
                "a\r\nb\r\n",
                edit("a\r\nb", "x\r\ny"),
                "x\r\ny\r\n",
                vec![1],
            ),
            ("\u{feff}a\r\n", edit("a", "b"), "\u{feff}b\r\n", vec![1]),
            ("a\nb\na\n", everywhere("a", "x"), "x\nb\nx\n", vec![1, 3]),
            ("aaa", everywhere("aa", "b"), "ba", vec![1]),
            (
                "a\nb\n",
                mode(Mode::AppendAfter, "a", "\nx"),
                "a\nx\nb\n",
                vec![1],
            ),
            (
                "a\nb\n",
                mode(Mode::PrependBefore, "b", "x\n"),
                "a\nx\nb\n",
                vec![2],
            ),
            (
                "a\r\nb\r\n",
                mode(Mode::AppendAfter, "a\n", "x\n"),
                "a\r\nx\r\nb\r\n",
                vec![1],
            ),
            (
                "\u{feff}a",
                mode(Mode::PrependBefore, "a", "x"),
                "\u{feff}xa",
                vec![1],
            ),
            (
                "a a",
                Edit {
                    replace_all: true,
                    ..mode(Mode::AppendAfter, "a", "!")
                },
                "a! a!",
                vec![1, 1],
            ),
        ];
        for (raw, arguments, text, lines) in table {
            let edited = apply(raw, &arguments, "`a`").unwrap();
            assert_eq!(
                edited,
                Edited {
                    text: text.into(),
                    lines
                },
                "{raw:?} {arguments:?}"
            );
        }
    }

    #[test]
    fn what_is_not_there_exactly_once_is_refused() {
        let table = [
            (
                "a\nb\na\n",
                edit("a", "x"),
                "old_str is in `a` 2 times, at lines 1 and 3: add text around it until it is the only one, or set replace_all",
            ),
            (
                "aaa",
                edit("aa", "x"),
                "old_str is in `a` 2 times, at line 1: add text around it until it is the only one, or set replace_all",
            ),
            (
                "",
                edit("a", "x"),
                "old_str is not in `a`. Nothing in the file comes near it: read the file again.",
            ),
            (
                "\tif x:\n",
                edit("    if x:", "    if y:"),
                "old_str is not in `a`. Line 1 differs only in white space or look-alike characters, first on line 1: \
                 a tab where old_str has a space. The exact text there is:\n\tif x:",
            ),
        ];
        for (raw, arguments, message) in table {
            assert_eq!(
                apply(raw, &arguments, "`a`").unwrap_err().to_string(),
                message,
                "{raw:?}"
            );
        }
    }

    #[test]
    fn what_can_never_be_right_is_refused_by_argument() {
        let same = "something else than old_str (line endings are not changed by edit)";
        let table = [
            (
                edit("", "x"),
                "/old_str",
                "text that is in the file; a new file is made with write",
            ),
            (edit("a", "a"), "/new_str", same),
            (edit("a\nb", "a\r\nb"), "/new_str", same),
            (
                mode(Mode::AppendAfter, "a", ""),
                "/new_str",
                "text to insert",
            ),
            (
                mode(Mode::PrependBefore, "a", ""),
                "/new_str",
                "text to insert",
            ),
        ];
        for (arguments, pointer, expected) in table {
            let (_directory, mut workspace) = workspace(&[("a", "a\n")]);
            assert_eq!(
                run(&mut workspace, &arguments),
                Err(Failure::argument(pointer, expected)),
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn the_file_is_changed_only_as_it_was_seen() {
        let (directory, mut workspace) = workspace(&[("a", "one\r\ntwo\r\n")]);
        let path = directory.path().join("a");
        let unread = "`a` exists and has not been read in this session: read it first, so that nothing unseen is lost";
        assert_eq!(
            run(&mut workspace, &edit("one", "1")),
            Err(Failure::failed(unread))
        );

        let arguments: read::Read =
            serde_json::from_value(serde_json::json!({ "path": "a" })).unwrap();
        read::run(&mut workspace, &arguments).unwrap();
        let expected =
            serde_json::json!({ "path": "a", "replacements": 1, "lines": [1], "bytes": 8 });
        let said = "Edited `a`: 1 replacement at line 1 (8 bytes).";
        let output = Output::text(said).with_structured(&expected).unwrap();
        assert_eq!(run(&mut workspace, &edit("one", "1")), Ok(output));
        // What it wrote itself it has seen.
        run(&mut workspace, &edit("two", "2")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\r\n2\r\n");

        fs::write(&path, "1\r\n2\r\n3").unwrap();
        let changed = "`a` has changed since it was last read or written here: read it again, then repeat the change";
        assert_eq!(
            run(&mut workspace, &edit("1", "one")),
            Err(Failure::failed(changed))
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\r\n2\r\n3");
        assert_eq!(names(&directory), ["a"]);
    }

    #[test]
    fn as_many_lines_are_reported_as_fit() {
        for (count, reported) in [(LINES, LINES), (LINES + 1, LINES)] {
            let (directory, mut workspace) = workspace(&[("a", &"x\n".repeat(count))]);
            let read = serde_json::from_value(json!({ "path": "a" })).unwrap();
            read::run(&mut workspace, &read).unwrap();
            let output = run(&mut workspace, &everywhere("x", "y")).unwrap();
            let report: serde_json::Value =
                serde_json::from_str(&output.structured.unwrap()).unwrap();
            assert_eq!(report["replacements"], count);
            assert_eq!(report["lines"].as_array().unwrap().len(), reported);
            assert_eq!(
                fs::read_to_string(directory.path().join("a")).unwrap(),
                "y\n".repeat(count)
            );
        }
    }

    #[test]
    fn arguments_have_defaults() {
        let arguments: Edit = serde_json::from_value(
            serde_json::json!({ "path": "a", "old_str": "b", "new_str": "c" }),
        )
        .unwrap();
        assert_eq!(
            (arguments.replace_all, arguments.mode),
            (false, Mode::Replace)
        );
        let arguments: Edit = serde_json::from_value(
            serde_json::json!({ "path": "a", "old_str": "b", "new_str": "c", "mode": "append_after" }),
        )
        .unwrap();
        assert_eq!(arguments.mode, Mode::AppendAfter);
    }

    /// An edit of `a.ipynb`.
    fn of_notebook(arguments: serde_json::Value) -> Edit {
        let mut all = json!({ "path": "a.ipynb", "old_str": "", "new_str": "" });
        all.as_object_mut()
            .unwrap()
            .extend(arguments.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    /// What an edit of a notebook that was read says and reports, and the file afterwards.
    fn edited(
        text: &str,
        arguments: serde_json::Value,
    ) -> Result<(String, serde_json::Value, String), Failure> {
        let (directory, mut workspace) = workspace(&[("a.ipynb", text)]);
        let read = serde_json::from_value(json!({ "path": "a.ipynb" })).unwrap();
        read::run(&mut workspace, &read).unwrap();
        let output = run(&mut workspace, &of_notebook(arguments));
        let after = fs::read_to_string(directory.path().join("a.ipynb")).unwrap();
        let Ok(output) = output else {
            assert_eq!(after, text);
            return Err(output.unwrap_err());
        };
        let [ml_intern_sdk::Content::Text(said)] = output.content.as_slice() else {
            panic!("one text")
        };
        let report = serde_json::from_str(&output.structured.unwrap()).unwrap();
        Ok((said.clone(), report, after))
    }

    #[test]
    fn a_cell_is_edited_put_in_or_taken_out() {
        // The arguments, what is said, and what is reported but for the path and the bytes.
        let table = [
            (
                json!({ "cell": "load", "old_str": "df.head()", "new_str": "df.tail()" }),
                "Edited cell 1 (id `load`) of `a.ipynb`: 1 replacement at line 4 (N bytes). Its outputs are gone, since \
                 they came of another source.",
                json!({
                    "change": "edited", "cell": 1, "id": "load", "cell_type": "code", "lines": [4],
                    "outputs_cleared": true, "cells": 6,
                }),
            ),
            (
                json!({ "cell": 1, "old_str": "df", "new_str": "d", "replace_all": true }),
                "Edited cell 1 (id `load`) of `a.ipynb`: 2 replacements at lines 3 and 4 (N bytes). Its outputs are gone, \
                 since they came of another source.",
                json!({
                    "change": "edited", "cell": 1, "id": "load", "cell_type": "code", "lines": [3, 4],
                    "outputs_cleared": true, "cells": 6,
                }),
            ),
            (
                json!({ "cell": 0, "old_str": "churn", "new_str": "!", "mode": "append_after" }),
                "Edited cell 0 (id `intro`) of `a.ipynb`: 1 insertion at line 1 (N bytes).",
                json!({
                    "change": "edited", "cell": 0, "id": "intro", "cell_type": "markdown", "lines": [1],
                    "outputs_cleared": false, "cells": 6,
                }),
            ),
            (
                json!({ "cell": "empty", "new_str": "x = 1" }),
                "Rewrote cell 4 (id `empty`) of `a.ipynb` (code, N bytes).",
                json!({
                    "change": "rewritten", "cell": 4, "id": "empty", "cell_type": "code", "lines": [],
                    "outputs_cleared": false, "cells": 6,
                }),
            ),
            (
                json!({ "cell": "tex", "new_str": "\\alpha", "cell_type": "markdown" }),
                "Rewrote cell 5 (id `tex`) of `a.ipynb` (markdown, N bytes).",
                json!({
                    "change": "rewritten", "cell": 5, "id": "tex", "cell_type": "markdown", "lines": [],
                    "outputs_cleared": false, "cells": 6,
                }),
            ),
            (
                json!({ "cell": "tex", "new_str": "x", "mode": "append_after" }),
                "Put cell 6 (id `ID`) into `a.ipynb` (code; 7 cells, N bytes).",
                json!({
                    "change": "inserted", "cell": 6, "id": "ID", "cell_type": "code", "lines": [],
                    "outputs_cleared": false, "cells": 7,
                }),
            ),
            (
                json!({ "cell": 0, "new_str": "x", "mode": "prepend_before", "cell_type": "markdown" }),
                "Put cell 0 (id `ID`) into `a.ipynb` (markdown; 7 cells, N bytes). The cells after it have other numbers \
                 now.",
                json!({
                    "change": "inserted", "cell": 0, "id": "ID", "cell_type": "markdown", "lines": [],
                    "outputs_cleared": false, "cells": 7,
                }),
            ),
            (
                json!({ "cell": "fail", "mode": "delete" }),
                "Took cell 3 (id `fail`) out of `a.ipynb` (5 cells left, N bytes). The cells after it have other numbers \
                 now.",
                json!({
                    "change": "deleted", "cell": 3, "id": "fail", "cell_type": "code", "lines": [],
                    "outputs_cleared": false, "cells": 5,
                }),
            ),
            (
                json!({ "cell": 5, "mode": "delete" }),
                "Took cell 5 (id `tex`) out of `a.ipynb` (5 cells left, N bytes).",
                json!({
                    "change": "deleted", "cell": 5, "id": "tex", "cell_type": "raw", "lines": [],
                    "outputs_cleared": false, "cells": 5,
                }),
            ),
        ];
        for (arguments, said, mut expected) in table {
            let (found, report, after) = edited(JUPYTER, arguments.clone()).unwrap();
            let id = report["id"].as_str().unwrap();
            let said = said
                .replace("N bytes", &format!("{} bytes", after.len()))
                .replace("ID", id);
            assert_eq!(found, said, "{arguments}");
            if expected["id"] == "ID" {
                expected["id"] = id.into();
            }
            expected["path"] = "a.ipynb".into();
            expected["bytes"] = after.len().into();
            assert_eq!(report, expected, "{arguments}");
            let notebook = Notebook::new(&after).unwrap();
            assert_eq!(notebook.cells.len(), expected["cells"], "{arguments}");
            assert_eq!(notebook.complete(), Ok(()), "{arguments}");
        }
    }

    #[test]
    fn a_first_cell_needs_no_neighbour() {
        let empty = "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{},\"cells\":[]}";
        for mode in ["append_after", "prepend_before"] {
            for cell in [json!(0), json!("0")] {
                let (said, _, after) =
                    edited(empty, json!({ "cell": cell, "mode": mode })).unwrap();
                assert_eq!(
                    said,
                    format!(
                        "Put cell 0 into `a.ipynb` (code; 1 cell, {} bytes).",
                        after.len()
                    )
                );
            }
        }
        let nothing = Failure::argument("/cell", "nothing yet: `a.ipynb` has no cells");
        for arguments in [
            json!({ "cell": 0, "new_str": "x" }),
            json!({ "cell": 1, "mode": "append_after" }),
            json!({ "cell": "x", "mode": "append_after" }),
            json!({ "cell": 0, "mode": "delete" }),
        ] {
            assert_eq!(edited(empty, arguments), Err(nothing.clone()));
        }
    }

    #[test]
    fn line_endings_of_a_cell_stay() {
        let text =
            "{\"nbformat\":4,\"cells\":[{\"cell_type\":\"raw\",\"source\":[\"a\\r\\n\",\"b\"]}]}";
        let edit = json!({ "cell": 0, "old_str": "a\nb", "new_str": "a\nc\nb" });
        let (_, _, after) = edited(text, edit).unwrap();
        assert_eq!(after, text.replace("\"b\"", "\"c\\r\\n\",\"b\""));
    }

    #[test]
    fn a_notebook_is_edited_by_cell() {
        let ids = "a cell of `a.ipynb`: a number from 0 to 5, or one of the ids `intro`, `load`, `plot`, `fail`, `empty`, \
                   `tex`";
        let same = "something else than the source of cell 2 (id `plot`)";
        let left_out = "left out: it is for a new cell, or for the whole of one with cell and an empty old_str";
        let table = [
            (
                json!({ "old_str": "df.head()", "new_str": "x" }),
                Failure::argument(
                    "/cell",
                    "the cell of `a.ipynb` to change, by its id or number; old_str is in cell 1 (id `load`)",
                ),
            ),
            (
                json!({ "old_str": "df.", "new_str": "x" }),
                Failure::argument(
                    "/cell",
                    "the cell of `a.ipynb` to change, by its id or number; old_str is in cell 1 (id `load`), cell 2 (id \
                     `plot`)",
                ),
            ),
            (
                json!({ "old_str": "\"nbformat\": 4", "new_str": "x" }),
                Failure::argument(
                    "/cell",
                    "the cell of `a.ipynb` to change, by its id or number; old_str is in the source of none",
                ),
            ),
            (
                json!({ "cell": 6, "new_str": "x" }),
                Failure::argument("/cell", ids),
            ),
            (
                json!({ "cell": "none", "mode": "delete" }),
                Failure::argument("/cell", ids),
            ),
            (
                json!({ "cell": 2, "old_str": "df.head()", "new_str": "x" }),
                Failure::failed(
                    "old_str is not in cell 2 (id `plot`) of `a.ipynb`, but in cell 1 (id `load`)",
                ),
            ),
            (
                json!({ "cell": 2, "old_str": "df.plots()", "new_str": "x" }),
                Failure::failed(
                    "old_str is not in cell 2 (id `plot`) of `a.ipynb`. It comes nearest at line 1, which is:\ndf.plot()",
                ),
            ),
            (
                json!({ "cell": 1, "old_str": "df", "new_str": "x" }),
                Failure::failed(
                    "old_str is in cell 1 (id `load`) of `a.ipynb` 2 times, at lines 3 and 4: add text around it until it \
                     is the only one, or set replace_all",
                ),
            ),
            (
                json!({ "cell": 2, "new_str": "df.plot()\n" }),
                Failure::argument("/new_str", same),
            ),
            (
                json!({ "cell": 2, "new_str": "df.plot()\r\n" }),
                Failure::argument("/new_str", same),
            ),
            (
                json!({ "cell": 0, "new_str": "x", "cell_type": "code" }),
                Failure::failed(
                    "cell 0 (id `intro`) has attachments, which a code cell cannot have: put in a new cell and delete this \
                     one, in `a.ipynb`",
                ),
            ),
            (
                json!({ "cell": 2, "new_str": "x", "replace_all": true }),
                Failure::argument(
                    "/replace_all",
                    "left out: an empty old_str is the whole cell, which is there once",
                ),
            ),
            (
                json!({ "cell": 2, "new_str": "x", "mode": "delete" }),
                Failure::argument(
                    "/new_str",
                    "empty: nothing takes the place of a deleted cell",
                ),
            ),
            (
                json!({ "cell": 2, "old_str": "df", "mode": "delete" }),
                Failure::argument(
                    "/mode",
                    "replace, with an empty new_str, to take text out; delete is for a whole cell of a notebook, with cell \
                     and an empty old_str",
                ),
            ),
            (
                json!({ "cell": 2, "mode": "delete", "cell_type": "raw" }),
                Failure::argument("/cell_type", left_out),
            ),
            (
                json!({ "cell": 2, "old_str": "df", "cell_type": "raw" }),
                Failure::argument("/cell_type", left_out),
            ),
            (
                json!({ "cell": 2, "old_str": "df", "new_str": "df" }),
                Failure::argument(
                    "/new_str",
                    "something else than old_str (line endings are not changed by edit)",
                ),
            ),
        ];
        for (arguments, failure) in table {
            assert_eq!(
                edited(JUPYTER, arguments.clone()),
                Err(failure),
                "{arguments}"
            );
        }
    }

    #[test]
    fn what_is_no_notebook_is_edited_as_text() {
        let broken = "{\n \"nbformat\": 4\n \"cells\": []\n}";
        let mend = json!({ "old_str": "4\n", "new_str": "4,\n" });
        let (said, _, after) = edited(broken, mend).unwrap();
        assert_eq!(
            said,
            format!(
                "Edited `a.ipynb`: 1 replacement at line 2 ({} bytes).",
                after.len()
            )
        );
        assert_eq!(after, broken.replace("4\n", "4,\n"));
        let failure = "`a.ipynb` cannot be taken as a notebook: it is not JSON: expected `,` or `}` at line 3 column 2";
        assert_eq!(
            edited(broken, json!({ "cell": 0, "new_str": "x" })),
            Err(Failure::failed(failure))
        );

        let (directory, mut workspace) = workspace(&[("a", "x"), ("a.ipynb", VERSION_3)]);
        read::run(
            &mut workspace,
            &serde_json::from_value(json!({ "path": "a" })).unwrap(),
        )
        .unwrap();
        let cell = of_notebook(json!({ "path": "a", "cell": 0, "new_str": "y" }));
        let not_one = Failure::argument("/cell", "left out: `a` is not a notebook");
        assert_eq!(run(&mut workspace, &cell), Err(not_one));
        // What cannot be read cannot be changed.
        let unread = "`a.ipynb` exists and has not been read in this session: read it first, so that nothing unseen is lost";
        let edit = of_notebook(json!({ "old_str": "1+1", "new_str": "2" }));
        assert_eq!(run(&mut workspace, &edit), Err(Failure::failed(unread)));
        assert_eq!(
            fs::read_to_string(directory.path().join("a.ipynb")).unwrap(),
            VERSION_3
        );
    }

    #[test]
    fn a_notebook_is_changed_only_as_it_was_seen() {
        let (directory, mut workspace) = workspace(&[("a.ipynb", JUPYTER)]);
        let path = directory.path().join("a.ipynb");
        let delete = of_notebook(json!({ "cell": 0, "mode": "delete" }));
        let unread = "`a.ipynb` exists and has not been read in this session: read it first, so that nothing unseen is lost";
        assert_eq!(run(&mut workspace, &delete), Err(Failure::failed(unread)));
        let read = serde_json::from_value(json!({ "path": "a.ipynb" })).unwrap();
        read::run(&mut workspace, &read).unwrap();
        // One change after the other, each of what the one before left.
        run(&mut workspace, &delete).unwrap();
        run(&mut workspace, &delete).unwrap();
        assert_eq!(
            Notebook::new(&fs::read_to_string(&path).unwrap())
                .unwrap()
                .cells
                .len(),
            4
        );

        fs::write(&path, COLAB).unwrap();
        let changed = "`a.ipynb` has changed since it was last read or written here: read it again, then repeat the change";
        assert_eq!(run(&mut workspace, &delete), Err(Failure::failed(changed)));
        assert_eq!(fs::read_to_string(&path).unwrap(), COLAB);
        assert_eq!(names(&directory), ["a.ipynb"]);
    }
}
