//! `edit`: one exact piece of a file replaced, or something inserted next to it.

use ml_intern_sdk::prelude::*;

use crate::error::Error;
use crate::find;
use crate::text::{View, line_feeds};
use crate::workspace::{Seen, Workspace};

/// The arguments of `edit`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// The file, relative to /workspace or absolute under it.
    path: String,
    /// The exact text to look for, white space included, without read's line numbers.
    old_str: String,
    /// What to put in its place, or next to it.
    new_str: String,
    /// Take every place where old_str is, rather than the only one.
    #[serde(default)]
    replace_all: bool,
    /// replace puts new_str in the place of old_str; append_after and prepend_before insert it right after or right
    /// before old_str, which stays. Nothing is added between them: begin or end new_str with a line break for a line of its own.
    #[serde(default)]
    mode: Mode,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Replace,
    AppendAfter,
    PrependBefore,
}

/// The part for programs.
#[derive(Debug, Serialize)]
struct Report<'a> {
    path: &'a str,
    /// How many places were changed.
    replacements: usize,
    /// The lines where they began, before the change.
    lines: &'a [usize],
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
    workspace.require_seen(&place, loaded.digest())?;
    let Edited { text, lines } = apply(&loaded.text, arguments, &place.name)?;
    workspace.replace(&place, &text)?;
    let changes = match (lines.len(), arguments.mode) {
        (1, Mode::Replace) => "1 replacement".to_owned(),
        (many, Mode::Replace) => format!("{many} replacements"),
        (1, _) => "1 insertion".to_owned(),
        (many, _) => format!("{many} insertions"),
    };
    let said = format!(
        "Edited `{}`: {changes} at {} ({} bytes).",
        place.name,
        find::list(&lines),
        text.len()
    );
    Output::text(said).with_structured(&Report {
        path: &place.name,
        replacements: lines.len(),
        lines: &lines,
        bytes: text.len(),
    })
}

/// What cannot be right for any file.
fn check(arguments: &Edit) -> Result<(), Error> {
    let argument = |pointer, expected: &str| {
        Err(Error::Argument {
            pointer,
            expected: expected.to_owned(),
        })
    };
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

/// The file's text after the edit.
fn apply(raw: &str, arguments: &Edit, name: &str) -> Result<Edited, Error> {
    let view = View::new(raw);
    let wanted = line_feeds(&arguments.old_str);
    let mut lines = find::lines_of_all(&view.text, &wanted);
    if lines.is_empty() {
        let nearest = find::nearest(&view.text, &wanted);
        return Err(Error::NoMatch(format!(
            "old_str is not in `{name}`. {nearest}"
        )));
    }
    if lines.len() > 1 && !arguments.replace_all {
        return Err(Error::NoMatch(format!(
            "old_str is in `{name}` {} times, at {}: add text around it until it is the only one, or set replace_all",
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
            Mode::Replace => (start, end),
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

    use super::*;
    use crate::read;
    use crate::workspace::tests::{names, workspace};

    fn edit(old_str: &str, new_str: &str) -> Edit {
        Edit {
            path: "a".into(),
            old_str: old_str.into(),
            new_str: new_str.into(),
            replace_all: false,
            mode: Mode::Replace,
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
            let edited = apply(raw, &arguments, "a").unwrap();
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
                apply(raw, &arguments, "a").unwrap_err().to_string(),
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
}
