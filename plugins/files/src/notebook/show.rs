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
            self.image(mime, &data);
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

    fn image(&mut self, mime: &str, data: &str) {
        match self.decoded(data) {
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
    fn decoded(&self, data: &str) -> Result<(Facts, Vec<u8>), String> {
        let data: String = data.split_ascii_whitespace().collect();
        let size = data.len() / 4 * 3;
        let damaged = || "it is damaged or cut off".to_owned();
        // The last group of four may stand for two bytes less.
        if size > image::BYTES + 2 {
            return Err(format!("it has {size} bytes; {}", image::Flaw::Bytes));
        }
        let bytes = BASE64_STANDARD.decode(data).map_err(|_| damaged())?;
        let format = Format::of(&bytes).ok_or("it is none of PNG, JPEG, GIF and WebP")?;
        let facts = Facts::of(format, &bytes).map_err(|flaw| flaw.to_string())?;
        if self.images == IMAGES || self.image_bytes + bytes.len() > image::BYTES {
            return Err(format!(
                "{facts}. As many images as one read may have are shown already: read this cell by itself"
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
