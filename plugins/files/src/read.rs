//! `read`: numbered lines of a file, an image, or the cells of a notebook, within a budget.

use ml_intern_sdk::prelude::*;

use crate::error::Error;
use crate::image::{Facts, Flaw, Format};
use crate::notebook::{self, CellName, Notebook, Unfit};
use crate::text::View;
use crate::workspace::{Loaded, Place, Seen, Workspace};

/// Lines of one read, or cells, unless it says otherwise.
pub(crate) const LINES: usize = 2_000;
/// Characters of a line that are shown.
const LINE: usize = 4_000;
/// Bytes of numbered lines of one read.
const BYTES: usize = 64 << 10;

/// The arguments of `read`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    /// The file, relative to /workspace or absolute under it; or absolute under /data.
    path: String,
    /// The first line to read; lines count from 1. Of a notebook, the first cell; cells count from 0.
    offset: Option<usize>,
    /// How many lines to read, or cells; 2000 if left out.
    #[schemars(range(min = 1))]
    limit: Option<usize>,
    /// One cell of a notebook, by its id or number; offset and limit then count its lines.
    cell: Option<CellName>,
}

impl Read {
    /// Whether it is about a file under /data.
    pub(crate) fn is_data(&self) -> bool {
        self.path.starts_with(crate::DATA_PREFIX)
    }
}

/// The part for programs, for text.
#[derive(Debug, Serialize)]
struct Report<'a> {
    path: &'a str,
    bytes: usize,
    lines: usize,
    /// The first and the last line shown; none where there is nothing to show.
    shown: Option<(usize, usize)>,
    line_endings: &'static str,
}

/// The part for programs, for an image.
#[derive(Debug, Serialize)]
struct ImageReport<'a> {
    path: &'a str,
    bytes: usize,
    mime: &'static str,
    /// Pixels.
    width: u32,
    height: u32,
}

/// The part for programs, for a notebook.
#[derive(Debug, Serialize)]
struct NotebookReport<'a> {
    path: &'a str,
    bytes: usize,
    nbformat: String,
    cells: usize,
    /// The first and the last cell shown; none where there are none.
    shown: Option<(usize, usize)>,
    images: usize,
}

/// Reads.
pub(crate) fn run(
    workspace: &mut Workspace<impl Seen>,
    arguments: &Read,
) -> Result<Output, Failure> {
    if arguments.limit == Some(0) {
        return Err(Failure::argument("/limit", "1 or more"));
    }
    let place = workspace.find(&arguments.path)?;
    let loaded = workspace.load(&place)?;
    let output = show(&place, &loaded, arguments)?;
    workspace.saw(&place, &loaded)?;
    Ok(output)
}

fn show(place: &Place, loaded: &Loaded, arguments: &Read) -> Result<Output, Failure> {
    let name = &place.name;
    let text = match (loaded.text(), Format::of(&loaded.bytes)) {
        (Ok(text), _) => text,
        (Err(_), Some(format)) => return image(name, &loaded.bytes, format),
        (Err(error), None) => return Err(error.into()),
    };
    let mut note = String::new();
    if notebook::is_named_so(name) && !text.trim().is_empty() {
        match Notebook::new(text) {
            Ok(found) => return cells(name, text.len(), &found, arguments),
            Err(why @ Unfit::Format(_)) => {
                return Err(Error::Notebook {
                    path: name.clone(),
                    why,
                }
                .into());
            }
            // It may be on its way to be one: it can be looked at and mended like any text.
            Err(why) => note = format!("[Shown as text, since {why}.]\n"),
        }
    }
    if arguments.cell.is_some() {
        return Err(not_of_cells(name).into());
    }
    let view = View::new(text);
    let page = page(
        &view.text,
        arguments.offset.unwrap_or(1),
        arguments.limit.unwrap_or(LINES),
    )?;
    Output::text(note + &page.text).with_structured(&Report {
        path: name,
        bytes: text.len(),
        lines: page.lines,
        shown: page.shown,
        line_endings: view.endings(),
    })
}

/// The refusal of a cell of what has none.
pub(crate) fn not_of_cells(name: &str) -> Error {
    Error::Argument {
        pointer: "/cell",
        expected: format!("left out: `{name}` is not a notebook"),
    }
}

fn image(name: &str, bytes: &[u8], format: Format) -> Result<Output, Failure> {
    let facts = Facts::of(format, bytes).map_err(|flaw| match flaw {
        Flaw::Damaged => Error::Damaged {
            path: name.to_owned(),
            format: format.name(),
        },
        flaw => Error::Image {
            path: name.to_owned(),
            format: format.name(),
            bytes: bytes.len() as u64,
            flaw,
        },
    })?;
    Output::text(facts.to_string())
        .with_image(format.mime(), bytes.to_vec(), format!("{facts}, {name}"))
        .with_structured(&ImageReport {
            path: name,
            bytes: facts.bytes,
            mime: format.mime(),
            width: facts.width,
            height: facts.height,
        })
}

fn cells(name: &str, bytes: usize, found: &Notebook, arguments: &Read) -> Result<Output, Failure> {
    let limit = arguments.limit.unwrap_or(LINES);
    let shown = match &arguments.cell {
        None => notebook::all(found, name, arguments.offset.unwrap_or(0), limit),
        Some(cell) => {
            let number = found.find(cell, name).map_err(|expected| Error::Argument {
                pointer: "/cell",
                expected,
            })?;
            notebook::one(found, name, number, arguments.offset.unwrap_or(1), limit)
        }
    }?;
    let output = Output {
        content: shown.content,
        structured: None,
    };
    output.with_structured(&NotebookReport {
        path: name,
        bytes,
        nbformat: found.format(),
        cells: found.cells.len(),
        shown: shown.cells,
        images: shown.images,
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Page {
    text: String,
    lines: usize,
    shown: Option<(usize, usize)>,
}

/// The lines from `offset`, numbered, and what to ask for next.
fn page(text: &str, offset: usize, limit: usize) -> Result<Page, Error> {
    let lines = text.lines().count();
    if lines == 0 && offset == 1 {
        return Ok(Page {
            text: "(the file is empty)".into(),
            lines,
            shown: None,
        });
    }
    if offset == 0 || offset > lines {
        let expected = match lines {
            0 => "1: the file is empty".to_owned(),
            1 => "1: the file has 1 line".to_owned(),
            _ => format!("1 to {lines}: the file has {lines} lines"),
        };
        return Err(Error::Argument {
            pointer: "/offset",
            expected,
        });
    }
    let mut page = String::new();
    let mut last = offset;
    for (number, line) in text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .skip(offset - 1)
        .take(limit)
    {
        let line = numbered(number, line);
        // The first line always fits: it is cut far below the budget.
        if page.len() + line.len() > BYTES {
            break;
        }
        page.push_str(&line);
        last = number;
    }
    if last < lines {
        let next = last + 1;
        page.push_str(&format!(
            "[Lines {offset} to {last} of {lines}. To go on, read with offset {next}.]\n"
        ));
    }
    Ok(Page {
        text: page,
        lines,
        shown: Some((offset, last)),
    })
}

/// One line in the style of `cat -n`.
pub(crate) fn numbered(number: usize, line: &str) -> String {
    match line.char_indices().nth(LINE) {
        None => format!("{number:>6}\t{line}\n"),
        Some((end, _)) => {
            let shown = line.get(..end).unwrap_or_default();
            let rest = line.get(end..).unwrap_or_default().chars().count();
            format!("{number:>6}\t{shown}... [{rest} more characters]\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use ml_intern_sdk::Content;
    use serde_json::json;

    use super::*;
    use crate::image::tests::{MOVING_GIF, bytes, png_of};
    use crate::image::{self, SIDE};
    use crate::notebook::samples::{JUPYTER, VERSION_3};
    use crate::workspace::tests::workspace;

    fn text_of(page: Result<Page, Error>) -> String {
        page.map_or_else(|error| format!("error: {error}"), |page| page.text)
    }

    #[test]
    fn lines_are_numbered_and_paged() {
        let table = [
            ("a\nb\n", 1, 10, "     1\ta\n     2\tb\n"),
            ("a\nb", 1, 10, "     1\ta\n     2\tb\n"),
            ("a\n\n", 1, 10, "     1\ta\n     2\t\n"),
            ("a\nb\nc\n", 2, 10, "     2\tb\n     3\tc\n"),
            (
                "a\nb\nc\n",
                1,
                2,
                "     1\ta\n     2\tb\n[Lines 1 to 2 of 3. To go on, read with offset 3.]\n",
            ),
            ("a\nb\nc\n", 3, 1, "     3\tc\n"),
            ("", 1, 10, "(the file is empty)"),
            ("", 2, 10, "error: 1: the file is empty"),
            ("a\n", 2, 10, "error: 1: the file has 1 line"),
            ("a\nb\n", 3, 10, "error: 1 to 2: the file has 2 lines"),
            ("a\nb\n", 0, 10, "error: 1 to 2: the file has 2 lines"),
        ];
        for (text, offset, limit, expected) in table {
            assert_eq!(
                text_of(page(text, offset, limit)),
                expected,
                "{text:?} {offset} {limit}"
            );
        }
    }

    #[test]
    fn long_lines_are_cut_and_say_by_how_much() {
        let fits = "é".repeat(LINE);
        assert_eq!(numbered(7, &fits), format!("     7\t{fits}\n"));
        assert_eq!(
            numbered(7, &format!("{fits}éé")),
            format!("     7\t{fits}... [2 more characters]\n")
        );
    }

    #[test]
    fn a_page_has_a_budget() {
        // A number and its tab take seven bytes, the line break one: these lines have 1024 bytes each.
        let line = format!("{}\n", "x".repeat(1_024 - 8));
        let fits = page(&line.repeat(64), 1, LINES).unwrap();
        assert_eq!((fits.text.len(), fits.shown), (BYTES, Some((1, 64))));
        let over = page(&line.repeat(65), 1, LINES).unwrap();
        assert_eq!(over.shown, Some((1, 64)));
        assert!(
            over.text
                .ends_with("x\n[Lines 1 to 64 of 65. To go on, read with offset 65.]\n")
        );
    }

    #[test]
    fn a_file_is_reported_with_its_real_size_and_endings() {
        let (_directory, mut workspace) = workspace(&[("a.txt", "\u{feff}é\r\nb\r\n")]);
        let arguments = Read {
            path: "./a.txt".into(),
            offset: None,
            limit: None,
            cell: None,
        };
        let expected = Output::text("     1\té\n     2\tb\n")
            .with_structured(&serde_json::json!({
                "path": "a.txt", "bytes": 10, "lines": 2, "shown": [1, 2], "line_endings": "crlf",
            }))
            .unwrap();
        assert_eq!(run(&mut workspace, &arguments), Ok(expected));
    }

    #[test]
    fn failures_say_what_would_be_right() {
        let (_directory, mut workspace) = workspace(&[("a", "1\n"), ("d/b", "")]);
        let table = [
            ("none", None, Failure::failed("there is no file `none`")),
            (
                "d",
                None,
                Failure::failed(
                    "`d` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)",
                ),
            ),
            (
                "a",
                Some(9),
                Failure::argument("/offset", "1: the file has 1 line"),
            ),
            (
                "/etc/passwd",
                None,
                Failure::argument(
                    "/path",
                    "`/etc/passwd` is outside the workspace: paths are relative to /workspace, or absolute under it",
                ),
            ),
        ];
        for (path, offset, expected) in table {
            let arguments = Read {
                path: path.into(),
                offset,
                limit: None,
                cell: None,
            };
            assert_eq!(run(&mut workspace, &arguments), Err(expected), "{path}");
        }
    }

    fn read(arguments: serde_json::Value) -> Read {
        serde_json::from_value(arguments).unwrap()
    }

    #[test]
    fn an_image_is_shown_by_what_is_in_it() {
        let (directory, mut workspace) = workspace(&[("drawing.svg", "<svg/>\n")]);
        let gif = bytes(MOVING_GIF);
        // Its name is no matter, and lines are none of its.
        std::fs::write(directory.path().join("a.png"), &gif).unwrap();
        let facts = "GIF image, 3 x 2 pixels, 111 bytes";
        let expected = Output::text(facts)
            .with_image(
                "image/gif",
                gif,
                "GIF image, 3 x 2 pixels, 111 bytes, a.png",
            )
            .with_structured(&json!({
                "path": "a.png", "bytes": 111, "mime": "image/gif", "width": 3, "height": 2,
            }))
            .unwrap();
        for arguments in [
            json!({ "path": "a.png" }),
            json!({ "path": "a.png", "offset": 1, "limit": 2000 }),
        ] {
            assert_eq!(run(&mut workspace, &read(arguments)), Ok(expected.clone()));
        }
        // It has been seen, so it may be overwritten.
        let write = json!({ "path": "a.png", "content": "no image" });
        crate::write::run(&mut workspace, &serde_json::from_value(write).unwrap()).unwrap();

        let output = run(&mut workspace, &read(json!({ "path": "drawing.svg" }))).unwrap();
        assert_eq!(output.content, Output::text("     1\t<svg/>\n").content);
        // What begins like an image and is text is text.
        std::fs::write(directory.path().join("b.gif"), "GIF89a is a format\n").unwrap();
        let output = run(&mut workspace, &read(json!({ "path": "b.gif" }))).unwrap();
        assert_eq!(
            output.content,
            Output::text("     1\tGIF89a is a format\n").content
        );
    }

    #[test]
    fn what_cannot_be_shown_is_named() {
        let (directory, mut workspace) = workspace(&[("t", "text\n")]);
        let fits = png_of(SIDE, SIDE, image::BYTES);
        let shrink = |path: &str| {
            format!(
                "A smaller copy can be made with python: image = PIL.Image.open(\"{path}\"); \
                 image.thumbnail((1600, 1600)); image.save(…)"
            )
        };
        let table = [
            ("fits", fits.clone(), None),
            (
                "heavy",
                png_of(1, 1, image::BYTES + 1),
                Some(format!(
                    "`heavy` is a PNG image of 3750001 bytes that cannot be shown: images of up to 3750000 bytes are \
                     shown. {}",
                    shrink("heavy")
                )),
            ),
            (
                "wide",
                png_of(SIDE + 1, 1, 100),
                Some(format!(
                    "`wide` is a PNG image of 100 bytes that cannot be shown: it has 8001 x 1 pixels, and up to 8000 a \
                     side are shown. {}",
                    shrink("wide")
                )),
            ),
            (
                "cut",
                fits[..1_000].to_vec(),
                Some("`cut` is a PNG image that cannot be shown: it is damaged or cut off".to_owned()),
            ),
            (
                "zip",
                b"PK\x03\x04\0".to_vec(),
                Some(
                    "`zip` is a ZIP archive (or what is made of one: .npz, .xlsx, .pt, .whl), and not text: use python \
                     for it (zipfile)"
                        .to_owned(),
                ),
            ),
            (
                "data",
                b"\x01\0".to_vec(),
                Some("`data` is not text: byte 1 is NUL. Use python for binary files".to_owned()),
            ),
        ];
        for (name, content, expected) in table {
            std::fs::write(directory.path().join(name), content).unwrap();
            let found = run(&mut workspace, &read(json!({ "path": name })));
            assert_eq!(found.err(), expected.map(Failure::failed), "{name}");
        }
        let cell = Failure::argument("/cell", "left out: `t` is not a notebook");
        assert_eq!(
            run(&mut workspace, &read(json!({ "path": "t", "cell": 0 }))),
            Err(cell)
        );
        let limit = Failure::argument("/limit", "1 or more");
        assert_eq!(
            run(&mut workspace, &read(json!({ "path": "t", "limit": 0 }))),
            Err(limit)
        );
    }

    #[test]
    fn a_notebook_is_shown_as_cells_or_says_why_not() {
        let (_directory, mut workspace) = workspace(&[
            ("a.ipynb", JUPYTER),
            ("old.ipynb", VERSION_3),
            ("broken.ipynb", "{\n"),
            ("empty.ipynb", ""),
            ("a.json", JUPYTER),
        ]);
        let mut told = |arguments: serde_json::Value| {
            let output = run(&mut workspace, &read(arguments))?;
            let Some(Content::Text(text)) = output.content.first().cloned() else {
                panic!("text first")
            };
            let report: serde_json::Value =
                serde_json::from_str(&output.structured.unwrap()).unwrap();
            Ok((text, report))
        };
        let bytes = JUPYTER.len();
        let (text, report) = told(json!({ "path": "a.ipynb" })).unwrap();
        assert!(
            text.starts_with("nbformat 4.5, Python 3 (ipykernel), 6 cells\n--- cell 0 (markdown"),
            "{text}"
        );
        let expected = json!({
            "path": "a.ipynb", "bytes": bytes, "nbformat": "4.5", "cells": 6, "shown": [0, 5], "images": 2,
        });
        assert_eq!(report, expected);
        for cell in [json!("load"), json!(1), json!("1")] {
            let (text, report) =
                told(json!({ "path": "a.ipynb", "cell": cell, "offset": 4 })).unwrap();
            assert!(
                text.starts_with(
                    "--- cell 1 (code, id load, run 3)\n     4\tdf.head()\n--- stdout\n"
                ),
                "{text}"
            );
            assert_eq!(report["shown"], json!([1, 1]));
        }
        let nowhere = "a cell of `a.ipynb`: a number from 0 to 5, or one of the ids `intro`, `load`, `plot`, `fail`, \
                       `empty`, `tex`";
        assert_eq!(
            told(json!({ "path": "a.ipynb", "cell": 6 })),
            Err(Failure::argument("/cell", nowhere))
        );
        let past = "0 to 5: the notebook has 6 cells, and cells count from 0";
        assert_eq!(
            told(json!({ "path": "a.ipynb", "offset": 6 })),
            Err(Failure::argument("/offset", past))
        );
        let old = "`old.ipynb` cannot be taken as a notebook: it is a notebook of nbformat 3, and only nbformat 4 is \
                   taken: convert it (jupyter nbconvert --to notebook), or take its cells from the JSON with python";
        assert_eq!(
            told(json!({ "path": "old.ipynb" })),
            Err(Failure::failed(old))
        );

        let (text, _) = told(json!({ "path": "broken.ipynb" })).unwrap();
        let note = "[Shown as text, since it is not JSON: EOF while parsing an object at line 1 column 1.]";
        assert_eq!(text, format!("{note}\n     1\t{{\n"));
        assert_eq!(
            told(json!({ "path": "empty.ipynb" })).unwrap().0,
            "(the file is empty)"
        );
        let (text, _) = told(json!({ "path": "a.json", "limit": 1 })).unwrap();
        assert!(text.starts_with("     1\t{\n[Lines 1 to 1 of "), "{text}");
    }
}
