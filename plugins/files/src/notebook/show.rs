//! A notebook as the model sees it: its cells, numbered from 0, each with its source and what came of it.
//!
//! ```text
//! --- cell 1 (code, id load, run 3)
//!      1  df.plot()
//! --- result
//! <Axes: >
//! --- image/png: PNG image, 640 x 480 pixels, 12345 bytes
//! ```
//!
//! | what | is shown |
//! | --- | --- |
//! | source | with line numbers, as of any text file |
//! | `stream`, `error`, `text/plain` | without escape sequences; a long one by its head and tail |
//! | `image/png`, `image/jpeg`, `image/gif`, `image/webp` | as an image, within a budget |
//! | any other type of a result: HTML, widgets, JSON | by its name and size |

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ml_intern_sdk::{Content, Image, printed};

use super::json::{Container, short};
use super::{Cell, Notebook, multiline};
use crate::error::Error;
use crate::image::{self, Facts, Format};
use crate::read::{LINES, numbered};

/// Bytes of text of one read.
const PAGE: usize = 64 << 10;
/// Images of one read. Providers take more, but smaller ones.
const IMAGES: usize = 20;
/// Types of a result that are shown as text where it has no plainer one, in this order.
const TEXTS: [&str; 3] = ["text/plain", "text/markdown", "text/latex"];

/// Other types of a result that are named.
const TYPES: usize = 10;

/// What a cell may take up.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Bytes of source, with its line numbers.
    source: usize,
    /// Characters of one output.
    output: usize,
    /// Bytes of all outputs' text.
    outputs: usize,
    /// What is said where that was not enough.
    advice: &'static str,
}

/// Of many cells. Together with its heading a cell fits on a page.
const OF_MANY: Bounds = Bounds {
    source: 16 << 10,
    output: 4_000,
    outputs: 24 << 10,
    advice: "Read this cell by itself for more.",
};

/// Of one cell read by itself.
const OF_ONE: Bounds = Bounds {
    source: PAGE,
    output: printed::SHOWN,
    // One output of characters that take four bytes each fits.
    outputs: 2 * PAGE,
    advice: "The rest is in the file: take it from the JSON with python.",
};

/// A part of a notebook, shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) content: Vec<Content>,
    /// The first cell and the last; none where there are none.
    pub(crate) cells: Option<(usize, usize)>,
    pub(crate) images: usize,
}

/// The cells from `offset`, and what to ask for next.
pub(crate) fn all(
    notebook: &Notebook,
    name: &str,
    offset: usize,
    limit: usize,
) -> Result<Shown, Error> {
    let count = notebook.cells.len();
    if offset >= count.max(1) {
        let expected = match count {
            0 => "0: the notebook has no cells".to_owned(),
            1 => "0: the notebook has 1 cell, and cells count from 0".to_owned(),
            _ => format!(
                "0 to {}: the notebook has {count} cells, and cells count from 0",
                count - 1
            ),
        };
        return Err(Error::Argument {
            pointer: "/offset",
            expected,
        });
    }
    let mut page = Page::new(name);
    page.say(&heading(notebook));
    let mut shown = None;
    for (number, cell) in notebook.cells.iter().enumerate().skip(offset).take(limit) {
        let mut next = page.fork();
        next.cell(number, cell, 1, LINES, OF_MANY)?;
        if shown.is_some() && page.bytes + next.bytes > PAGE {
            break;
        }
        page.join(next);
        shown = Some((offset, number));
    }
    if let Some((first, last)) = shown
        && last + 1 < count
    {
        page.say(&format!(
            "[Cells {first} to {last} of {count}. To go on, read with offset {}.]\n",
            last + 1
        ));
    }
    Ok(page.done(shown))
}

/// One cell by itself: its lines from `offset`, counted from 1, and what came of it after the last of them.
pub(crate) fn one(
    notebook: &Notebook,
    name: &str,
    number: usize,
    offset: usize,
    limit: usize,
) -> Result<Shown, Error> {
    let mut page = Page::new(name);
    if let Some(cell) = notebook.cells.get(number) {
        page.cell(number, cell, offset, limit, OF_ONE)?;
    }
    Ok(page.done(Some((number, number))))
}

/// `nbformat 4.5, Python 3, 12 cells`.
fn heading(notebook: &Notebook) -> String {
    let kernel = notebook
        .kernel()
        .map_or(String::new(), |kernel| format!("{}, ", short(&kernel)));
    let cells = match notebook.cells.len() {
        0 => "no cells".to_owned(),
        1 => "1 cell".to_owned(),
        many => format!("{many} cells"),
    };
    format!("nbformat {}, {kernel}{cells}\n", notebook.format())
}

/// What is shown, as it grows.
struct Page<'a> {
    /// The file, for those who cannot see its images.
    name: &'a str,
    content: Vec<Content>,
    /// Bytes of text here.
    bytes: usize,
    /// Images and their bytes, on the pages before too.
    images: usize,
    image_bytes: usize,
}

impl<'a> Page<'a> {
    fn new(name: &'a str) -> Self {
        Self {
            name,
            content: Vec::new(),
            bytes: 0,
            images: 0,
            image_bytes: 0,
        }
    }

    /// An empty page that may come next.
    fn fork(&self) -> Self {
        Self {
            content: Vec::new(),
            bytes: 0,
            ..*self
        }
    }

    /// Takes in the page that came next.
    fn join(&mut self, next: Self) {
        for part in next.content {
            match part {
                Content::Text(text) => self.say(&text),
                other => self.content.push(other),
            }
        }
        self.images = next.images;
        self.image_bytes = next.image_bytes;
    }

    fn done(self, cells: Option<(usize, usize)>) -> Shown {
        Shown {
            content: self.content,
            cells,
            images: self.images,
        }
    }

    fn say(&mut self, text: &str) {
        self.bytes += text.len();
        match self.content.last_mut() {
            Some(Content::Text(last)) => last.push_str(text),
            _ => self.content.push(Content::Text(text.to_owned())),
        }
    }

    /// A title and text under it, which ends its last line.
    fn section(&mut self, title: &str, text: &str) {
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        self.say(&format!("--- {title}\n{text}{end}"));
    }

    fn cell(
        &mut self,
        number: usize,
        cell: &Cell,
        offset: usize,
        limit: usize,
        bounds: Bounds,
    ) -> Result<(), Error> {
        let mut title = format!("cell {number} ({}", cell.kind.name());
        if let Some(id) = &cell.id {
            title.push_str(&format!(", id {}", short(id)));
        }
        if let Some(count) = cell.number("execution_count") {
            title.push_str(&format!(", run {count}"));
        }
        title.push(')');
        let lines = lines(&cell.source, number, offset, limit, bounds.source)?;
        self.section(&title, &lines.text);
        if lines.end {
            let end = self.bytes + bounds.outputs;
            self.attachments(cell, bounds, end);
            self.outputs(cell, bounds, end);
        }
        Ok(())
    }

    /// The outputs of a code cell, as far as they fit before `end`.
    fn outputs(&mut self, cell: &Cell, bounds: Bounds, end: usize) {
        let Some(field) = cell.fields.get("outputs") else {
            return;
        };
        let outputs = match Container::array(field.original()) {
            Ok(outputs) => outputs.items,
            Err(problem) => {
                return self.section(&format!("outputs not shown: `outputs` {problem}"), "");
            }
        };
        for (index, output) in outputs.iter().enumerate() {
            let mut next = self.fork();
            if let Err(problem) = next.output(output.original(), bounds) {
                next.section(&format!("output {index} not shown: it {problem}"), "");
            }
            if self.bytes + next.bytes > end {
                let left = outputs.len() - index;
                let outputs = if left == 1 { "output" } else { "outputs" };
                return self.section(&format!("{left} more {outputs}. {}", bounds.advice), "");
            }
            self.join(next);
        }
    }

    fn output(&mut self, output: &str, bounds: Bounds) -> Result<(), String> {
        let output = Container::object(output)?;
        let text = |name: &str| {
            let item = output.get(name).ok_or(format!("has no `{name}`"))?;
            multiline(&item.value).map_err(|problem| format!("has a `{name}` that {problem}"))
        };
        let kind = text("output_type")?;
        match kind.as_str() {
            "stream" => {
                let name = text("name").unwrap_or_else(|_| "stdout".into());
                self.section(&short(&name), &fit(&text("text")?, bounds));
            }
            "error" => {
                let said = format!("{}: {}", text("ename")?, text("evalue")?);
                // One string an entry, each of which may have several lines; the lines between them are not written.
                let trace = output
                    .get("traceback")
                    .map(|item| Container::array(item.original()))
                    .transpose()?
                    .map_or(Vec::new(), |list| list.items);
                let trace: Vec<String> = trace
                    .iter()
                    .map(|line| multiline(&line.value))
                    .collect::<Result<_, _>>()?;
                let trace = trace.join("\n");
                let text = if trace.trim().is_empty() { said } else { trace };
                self.section("error", &fit(&text, bounds));
            }
            "execute_result" | "display_data" => {
                let title = if kind == "execute_result" {
                    "result"
                } else {
                    "display"
                };
                let data = output.get("data").ok_or("has no `data`")?;
                self.bundle(title, data.original(), bounds)?;
            }
            other => return Err(format!("is of the type `{}`", short(other))),
        }
        Ok(())
    }

    /// One thing in one or more types.
    fn bundle(&mut self, title: &str, data: &str, bounds: Bounds) -> Result<(), String> {
        let data = Container::object(data)?;
        let text = TEXTS.iter().find_map(|mime| data.get(mime));
        let mut others = Vec::new();
        let mut images = Vec::new();
        for item in &data.items {
            if text.is_some_and(|text| text.name == item.name) {
                continue;
            }
            let mime: &str = &item.name;
            if matches!(
                mime,
                "image/png" | "image/jpeg" | "image/gif" | "image/webp"
            ) {
                images.push((mime, multiline(&item.value)?));
            } else {
                others.push(format!("{} ({} bytes)", short(mime), item.value.len()));
            }
        }
        let more = others.len().saturating_sub(TYPES);
        others.truncate(TYPES);
        if more > 0 {
            others.push(format!("{more} more"));
        }
        match text {
            Some(item) => {
                let mut text = fit(&multiline(&item.value)?, bounds);
                if !others.is_empty() {
                    let break_ = if text.ends_with('\n') { "" } else { "\n" };
                    text.push_str(&format!("{break_}[not shown: {}]", others.join(", ")));
                }
                self.section(title, &text);
            }
            None if !others.is_empty() => {
                self.section(title, &format!("[not shown: {}]", others.join(", ")));
            }
            None => {}
        }
        for (mime, data) in images {
            self.image(mime, &data, bounds);
        }
        Ok(())
    }

    /// Pictures that the text of a cell refers to by name.
    fn attachments(&mut self, cell: &Cell, bounds: Bounds, end: usize) {
        let Some(field) = cell.fields.get("attachments") else {
            return;
        };
        let attachments = match Container::object(field.original()) {
            Ok(attachments) => attachments.items,
            Err(problem) => {
                return self.section(
                    &format!("attachments not shown: `attachments` {problem}"),
                    "",
                );
            }
        };
        for attachment in &attachments {
            let title = format!("attachment {}", short(&attachment.name));
            let mut next = self.fork();
            next.section(&title, "");
            if let Err(problem) = next.bundle("in another type", attachment.original(), bounds) {
                next.section(&format!("not shown: it {problem}"), "");
            }
            if self.bytes + next.bytes > end {
                return self.section(&format!("more attachments. {}", bounds.advice), "");
            }
            self.join(next);
        }
    }

    fn image(&mut self, mime: &str, data: &str, bounds: Bounds) {
        match self.decoded(data, bounds) {
            Ok((facts, bytes)) => {
                self.section(&format!("{mime}: {facts}"), "");
                self.images += 1;
                self.image_bytes += facts.bytes;
                self.content.push(Content::Image(Image {
                    mime: facts.format.mime().to_owned(),
                    bytes,
                    alt: format!("{facts}, in {}", self.name),
                }));
            }
            Err(problem) => self.section(&format!("{mime} not shown: {problem}"), ""),
        }
    }

    /// An image in base64, if it can be shown and there is room for it.
    fn decoded(&self, data: &str, bounds: Bounds) -> Result<(Facts, Vec<u8>), String> {
        let data: String = data.split_ascii_whitespace().collect();
        let damaged = || "it is damaged or cut off".to_owned();
        // Four characters stand for three bytes, less what the last of them leave open.
        let padding = data.len() - data.trim_end_matches('=').len();
        let size = (data.len() / 4 * 3).saturating_sub(padding);
        if size > image::BYTES {
            return Err(format!("it has {size} bytes; {}", image::Flaw::Bytes));
        }
        let bytes = BASE64_STANDARD.decode(data).map_err(|_| damaged())?;
        let format = Format::of(&bytes).ok_or("it is none of PNG, JPEG, GIF and WebP")?;
        let facts = Facts::of(format, &bytes).map_err(|flaw| flaw.to_string())?;
        if self.images == IMAGES || self.image_bytes + bytes.len() > image::BYTES {
            return Err(format!(
                "{facts}. As many images as one read may have are shown already. {}",
                bounds.advice
            ));
        }
        Ok((facts, bytes))
    }
}

impl Cell<'_> {
    fn number(&self, name: &str) -> Option<u64> {
        serde_json::from_str(&self.fields.get(name)?.value).ok()
    }
}

/// What a program printed, without what only a terminal understands, and not too much of it.
fn fit(text: &str, bounds: Bounds) -> String {
    let advice = bounds.advice;
    printed::shorten(&printed::plain(text.as_bytes()), bounds.output, advice)
}

/// Lines of a source.
struct Lines {
    text: String,
    /// Whether the last is among them.
    end: bool,
}

fn lines(
    source: &str,
    number: usize,
    offset: usize,
    limit: usize,
    most: usize,
) -> Result<Lines, Error> {
    let count = source.lines().count();
    if offset == 0 || offset > count.max(1) {
        let expected = match count {
            0 => format!("1: cell {number} is empty"),
            1 => format!("1: cell {number} has 1 line"),
            _ => format!("1 to {count}: cell {number} has {count} lines"),
        };
        return Err(Error::Argument {
            pointer: "/offset",
            expected,
        });
    }
    let mut text = String::new();
    let mut last = offset - 1;
    for (index, line) in source.lines().enumerate().skip(offset - 1).take(limit) {
        let line = numbered(index + 1, line);
        if last >= offset && text.len() + line.len() > most {
            break;
        }
        text.push_str(&line);
        last = index + 1;
    }
    if count == 0 {
        text.push_str("(the cell is empty)\n");
    } else if last < count {
        text.push_str(&format!(
            "[Lines {offset} to {last} of {count}. To go on, read with cell {number} and offset {}.]\n",
            last + 1
        ));
    }
    Ok(Lines {
        end: last >= count,
        text,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::samples::{COLAB, COMPACT, JUPYTER};
    use super::*;
    use crate::image::tests::{MOVING_GIF, PNG, bytes, png_of};

    fn text_of(content: &[Content]) -> String {
        content
            .iter()
            .map(|part| match part {
                Content::Text(text) => text.clone(),
                Content::Image(image) => {
                    format!("<{} {} {}>\n", image.mime, image.bytes.len(), image.alt)
                }
                Content::Link(_) => panic!("no links"),
            })
            .collect()
    }

    fn shown(text: &str, offset: usize, limit: usize) -> String {
        let notebook = Notebook::new(text).unwrap();
        match all(&notebook, "a.ipynb", offset, limit) {
            Ok(shown) => text_of(&shown.content),
            Err(error) => format!("error: {error}"),
        }
    }

    fn shown_one(text: &str, number: usize, offset: usize, limit: usize) -> String {
        let notebook = Notebook::new(text).unwrap();
        match one(&notebook, "a.ipynb", number, offset, limit) {
            Ok(shown) => text_of(&shown.content),
            Err(error) => format!("error: {error}"),
        }
    }

    /// A notebook of one code cell with these outputs.
    fn with_outputs(outputs: &[Value]) -> String {
        json!({ "nbformat": 4, "nbformat_minor": 4, "cells": [
            { "cell_type": "code", "source": "x", "outputs": outputs },
        ] })
        .to_string()
    }

    fn stream(text: &str) -> Value {
        json!({ "output_type": "stream", "name": "stdout", "text": text })
    }

    fn display(data: Value) -> Value {
        json!({ "output_type": "display_data", "metadata": {}, "data": data })
    }

    fn encoded(image: &[u8]) -> String {
        BASE64_STANDARD.encode(image)
    }

    #[test]
    fn cells_are_shown_with_what_came_of_them() {
        let png = "PNG image, 3 x 2 pixels, 85 bytes";
        let expected = format!(
            "nbformat 4.5, Python 3 (ipykernel), 6 cells\n\
             --- cell 0 (markdown, id intro)\n     1\t# Café – churn\n     2\t\n     3\t![logo](attachment:logo.png)\n\
             --- attachment logo.png\n--- image/png: {png}\n<image/png 85 {png}, in a.ipynb>\n\
             --- cell 1 (code, id load, run 3)\n     1\timport pandas as pd\n     2\t\n     \
             3\tdf = pd.read_csv(\"data.csv\")\n     4\tdf.head()\n\
             --- stdout\n100%\nloaded 2 rows\n\
             --- result\n   a  b\n0  1  2\n[not shown: text/html (79 bytes)]\n\
             --- cell 2 (code, id plot, run 4)\n     1\tdf.plot()\n\
             --- display\n<Figure size 640x480 with 1 Axes>\n--- image/png: {png}\n<image/png 85 {png}, in a.ipynb>\n\
             --- display\nIntProgress(value=0)\n[not shown: application/vnd.jupyter.widget-view+json (91 bytes)]\n\
             --- cell 3 (code, id fail, run 5)\n     1\traise ValueError(\"bad “x”\")\n\
             --- error\n{}\nValueError                                Traceback (most recent call last)\n\
             Cell In[5], line 1\n----> 1 raise ValueError(\"bad\")\n\nValueError: bad “x”\n\
             --- cell 4 (code, id empty)\n(the cell is empty)\n\
             --- cell 5 (raw, id tex)\n     1\t\\alpha\n",
            "-".repeat(75)
        );
        assert_eq!(shown(JUPYTER, 0, LINES), expected);

        let gif = "GIF image, 3 x 2 pixels, 111 bytes";
        let expected = format!(
            "nbformat 4.0, Python 3, 3 cells\n\
             --- cell 1 (code, run 1)\n     1\t!pip install -q trl\n     2\tfrom trl import SFTTrainer\n\
             --- stderr\nwarning: slow\n--- image/gif: {gif}\n<image/gif 111 {gif}, in a.ipynb>\n\
             [Cells 1 to 1 of 3. To go on, read with offset 2.]\n"
        );
        assert_eq!(shown(COLAB, 1, 1), expected);

        let expected = "nbformat 4.4, python, 2 cells\n\
             --- cell 0 (code, run 2)\n     1\tprint('é')\n     2\tx = \"\u{2028}\"\n--- stdout\né\n\
             --- cell 1 (markdown)\n     1\tÜnïcode \\u00e9\n";
        assert_eq!(shown(COMPACT, 0, LINES), expected);
    }

    #[test]
    fn cells_are_paged() {
        let notebook = |count| {
            let cells: Vec<_> = (0..count)
                .map(|n| json!({ "cell_type": "raw", "source": format!("c{n}") }))
                .collect();
            json!({ "nbformat": 4, "cells": cells }).to_string()
        };
        let three = "nbformat 4.0, 3 cells\n";
        let table = [
            (0, 0, 9, "nbformat 4.0, no cells\n".to_owned()),
            (0, 1, 9, "error: 0: the notebook has no cells".to_owned()),
            (
                1,
                1,
                9,
                "error: 0: the notebook has 1 cell, and cells count from 0".to_owned(),
            ),
            (
                3,
                3,
                9,
                "error: 0 to 2: the notebook has 3 cells, and cells count from 0".to_owned(),
            ),
            (3, 2, 9, format!("{three}--- cell 2 (raw)\n     1\tc2\n")),
            (
                3,
                0,
                2,
                format!(
                    "{three}--- cell 0 (raw)\n     1\tc0\n--- cell 1 (raw)\n     1\tc1\n\
                     [Cells 0 to 1 of 3. To go on, read with offset 2.]\n"
                ),
            ),
        ];
        for (count, offset, limit, expected) in table {
            assert_eq!(
                shown(&notebook(count), offset, limit),
                expected,
                "{count} {offset}"
            );
        }
    }

    #[test]
    fn a_page_has_a_budget_and_always_a_cell() {
        // Each cell takes a heading of 17 bytes and one line of 7 + 4000 + 1.
        let cell = json!({ "cell_type": "raw", "source": "x".repeat(4_000) });
        let notebook =
            |count| json!({ "nbformat": 4, "cells": vec![cell.clone(); count] }).to_string();
        let heading = "nbformat 4.0, 16 cells\n".len();
        let each = "--- cell 0 (raw)\n".len() + 4_008;
        let fit = (PAGE - heading) / each;
        assert_eq!(fit, 16);
        let whole = shown(&notebook(16), 0, LINES);
        assert!(whole.ends_with("x\n"), "{}", whole.len());
        let cut = shown(&notebook(17), 0, LINES);
        assert!(
            cut.ends_with("x\n[Cells 0 to 15 of 17. To go on, read with offset 16.]\n"),
            "{}",
            cut.len()
        );
    }

    #[test]
    fn a_long_source_is_cut_and_can_be_read_by_itself() {
        // Each line takes 7 + 1016 + 1 bytes.
        let line = format!("{}\n", "x".repeat(1_016));
        let notebook = |lines| {
            json!({ "nbformat": 4, "cells": [{
                "cell_type": "code", "source": line.repeat(lines), "outputs": [stream("done")],
            }] })
            .to_string()
        };
        let end = "--- stdout\ndone\n";
        let table = [
            (shown(&notebook(16), 0, 1), format!("x\n{end}")),
            (
                shown(&notebook(17), 0, 1),
                "x\n[Lines 1 to 16 of 17. To go on, read with cell 0 and offset 17.]\n".to_owned(),
            ),
            (shown_one(&notebook(64), 0, 1, LINES), format!("x\n{end}")),
            (
                shown_one(&notebook(65), 0, 1, LINES),
                "x\n[Lines 1 to 64 of 65. To go on, read with cell 0 and offset 65.]\n".to_owned(),
            ),
            (shown_one(&notebook(65), 0, 65, LINES), format!("x\n{end}")),
            (
                shown_one(&notebook(3), 0, 2, 1),
                "x\n[Lines 2 to 2 of 3. To go on, read with cell 0 and offset 3.]\n".to_owned(),
            ),
            (
                shown_one(&notebook(3), 0, 4, 1),
                "error: 1 to 3: cell 0 has 3 lines".to_owned(),
            ),
            (
                shown_one(&notebook(1), 0, 0, 1),
                "error: 1: cell 0 has 1 line".to_owned(),
            ),
            (
                shown_one(&notebook(0), 0, 2, 1),
                "error: 1: cell 0 is empty".to_owned(),
            ),
        ];
        for (found, expected) in table {
            assert!(found.ends_with(&expected), "{expected}");
        }
    }

    #[test]
    fn long_outputs_are_cut_in_the_middle() {
        let fits = "é".repeat(4_000);
        let long = format!("{}{}", "a".repeat(1_001), "b".repeat(3_000));
        let table = [
            (
                shown(&with_outputs(&[stream(&fits)]), 0, 1),
                format!("--- stdout\n{fits}\n"),
            ),
            (
                shown(&with_outputs(&[stream(&long)]), 0, 1),
                format!(
                    "--- stdout\n{}\n... (1 of 4001 characters left out; these are the first 1000 and the last 3000. \
                     Read this cell by itself for more.) ...\n{}\n",
                    "a".repeat(1_000),
                    "b".repeat(3_000)
                ),
            ),
            (
                shown_one(&with_outputs(&[stream(&long)]), 0, 1, 1),
                format!("--- stdout\n{long}\n"),
            ),
        ];
        for (found, expected) in table {
            assert!(found.ends_with(&expected), "{expected}");
        }
        // Characters of four bytes: one output always fits.
        let wide = "\u{1f600}".repeat(printed::SHOWN);
        let found = shown_one(&with_outputs(&[stream(&wide), stream(&wide)]), 0, 1, 1);
        let end = format!(
            "--- stdout\n{wide}\n--- 1 more output. The rest is in the file: take it from the JSON with python.\n"
        );
        assert!(found.ends_with(&end), "{}", found.len());
    }

    #[test]
    fn many_outputs_are_cut_at_the_end() {
        // Each takes 11 + 1012 + 1 bytes.
        let output = stream(&"x".repeat(1_012));
        let found = shown(&with_outputs(&vec![output.clone(); 24]), 0, 1);
        assert!(found.ends_with("xx\n"), "{}", found.len());
        let found = shown(&with_outputs(&vec![output; 26]), 0, 1);
        assert!(
            found.ends_with("xx\n--- 2 more outputs. Read this cell by itself for more.\n"),
            "{}",
            found.len()
        );
    }

    #[test]
    fn outputs_of_every_kind_are_shown_or_named() {
        let table = [
            (display(json!({ "text/plain": "a" })), "display\na\n"),
            (
                display(json!({ "text/latex": "$x$", "text/markdown": "*x*" })),
                "display\n*x*\n[not shown: text/latex (5 bytes)]\n",
            ),
            (
                display(json!({ "text/html": "<b>" })),
                "display\n[not shown: text/html (5 bytes)]\n",
            ),
            (
                display(json!({ "image/svg+xml": "<svg/>" })),
                "display\n[not shown: image/svg+xml (8 bytes)]\n",
            ),
            (
                display(json!({ "application/json": { "a": [1] } })),
                "display\n[not shown: application/json (9 bytes)]\n",
            ),
            (display(json!({})), ""),
            (
                json!({ "output_type": "error", "ename": "E", "evalue": "v", "traceback": [] }),
                "error\nE: v\n",
            ),
            (
                json!({ "output_type": "update" }),
                "output 0 not shown: it is of the type `update`\n",
            ),
            (
                json!({ "output_type": "stream" }),
                "output 0 not shown: it has no `text`\n",
            ),
            (
                json!({ "output_type": "stream", "text": 1 }),
                "output 0 not shown: it has a `text` that is neither text nor a list of lines\n",
            ),
            (json!({}), "output 0 not shown: it has no `output_type`\n"),
            (json!(7), "output 0 not shown: it is not an object\n"),
            (
                display(json!({ "image/png": "AAAA" })),
                "image/png not shown: it is none of PNG, JPEG, GIF and WebP\n",
            ),
            (
                display(json!({ "image/png": "A" })),
                "image/png not shown: it is damaged or cut off\n",
            ),
            (
                display(json!({ "image/png": &PNG[..40] })),
                "image/png not shown: it is damaged or cut off\n",
            ),
            (
                display(json!({ "image/png": encoded(&png_of(8_001, 1, 100)) })),
                "image/png not shown: it has 8001 x 1 pixels, and up to 8000 a side are shown\n",
            ),
            // What it is counts, not what it is said to be.
            (
                display(json!({ "image/jpeg": MOVING_GIF })),
                "image/jpeg: GIF image, 3 x 2 pixels, 111 bytes\n\
                 <image/gif 111 GIF image, 3 x 2 pixels, 111 bytes, in a.ipynb>\n",
            ),
        ];
        for (output, expected) in table {
            let found = shown(&with_outputs(std::slice::from_ref(&output)), 0, 1);
            let (_, found) = found.split_once("     1\tx\n").unwrap();
            let expected = if expected.is_empty() {
                String::new()
            } else {
                format!("--- {expected}")
            };
            assert_eq!(found, expected, "{output}");
        }
        let broken = json!({ "nbformat": 4, "cells": [
            { "cell_type": "code", "source": "x", "outputs": {}, "attachments": [] },
        ] });
        assert!(shown(&broken.to_string(), 0, 1).ends_with(
            "     1\tx\n--- attachments not shown: `attachments` is not an object\n\
             --- outputs not shown: `outputs` is not an array\n"
        ));
    }

    #[test]
    fn names_out_of_the_file_stay_short_and_on_one_line() {
        let long = "n\n".repeat(80);
        let types: serde_json::Map<_, _> = (0..12).map(|n| (format!("x/{n}"), json!(0))).collect();
        let notebook = json!({ "nbformat": 4, "metadata": { "language_info": { "name": long } }, "cells": [{
            "cell_type": "code", "id": long, "source": "x",
            "outputs": [{ "output_type": "stream", "name": long, "text": "y" }, display(types.into())],
        }] });
        let short = format!("{}…", "n\\n".repeat(50));
        let named: Vec<_> = (0..10).map(|n| format!("x/{n} (1 bytes)")).collect();
        assert_eq!(
            shown(&notebook.to_string(), 0, 1),
            format!(
                "nbformat 4.0, {short}, 1 cell\n--- cell 0 (code, id {short})\n     1\tx\n--- {short}\ny\n\
                 --- display\n[not shown: {}, 2 more]\n",
                named.join(", ")
            )
        );
    }

    #[test]
    fn images_have_a_budget_for_each_read() {
        let images = |images: Vec<Vec<u8>>| {
            let outputs: Vec<_> = images
                .iter()
                .map(|image| display(json!({ "image/png": encoded(image) })))
                .collect();
            let text = with_outputs(&outputs);
            let notebook = Notebook::new(&text).unwrap();
            let shown = all(&notebook, "a.ipynb", 0, LINES).unwrap();
            (shown.images, text_of(&shown.content))
        };
        let small = bytes(PNG);
        let (count, _) = images(vec![small.clone(); IMAGES]);
        assert_eq!(count, IMAGES);
        let (count, text) = images(vec![small; IMAGES + 1]);
        let rest = "As many images as one read may have are shown already. Read this cell by itself for more.\n";
        assert_eq!(count, IMAGES);
        assert!(
            text.ends_with(&format!(
                "--- image/png not shown: PNG image, 3 x 2 pixels, 85 bytes. {rest}"
            )),
            "{text}"
        );

        let half = image::BYTES / 2;
        assert_eq!(images(vec![png_of(1, 1, half), png_of(1, 1, half)]).0, 2);
        let (count, text) = images(vec![png_of(1, 1, half), png_of(1, 1, half + 1)]);
        assert_eq!(count, 1);
        assert!(text.ends_with(rest), "{}", text.len());

        assert_eq!(images(vec![png_of(1, 1, image::BYTES)]).0, 1);
        let (count, text) = images(vec![png_of(1, 1, image::BYTES + 1)]);
        let over = "not shown: it has 3750001 bytes; images of up to 3750000 bytes are shown\n";
        assert_eq!((count, text.ends_with(over)), (0, true));
    }
}
