//! Notebooks: JSON of nbformat 4 (<https://nbformat.readthedocs.io/en/latest/format_description.html>), as its cells.

mod change;
mod json;
mod name;
mod show;
mod style;

use std::collections::HashMap;

pub(crate) use change::Changed;
use json::Container;
pub(crate) use name::CellName;
use serde::{Deserialize, Serialize};
pub(crate) use show::{all, one};
use style::Style;

use schemars::JsonSchema;

/// Cells of a notebook at most.
pub(crate) const CELLS: usize = 10_000;
/// The only format that is taken, of all minors.
const FORMAT: u64 = 4;
/// The minor from which on cells have ids.
const IDS: u64 = 5;

/// Whether a file is a notebook by its name.
pub(crate) fn is_named_so(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("ipynb"))
}

/// Why text is no notebook that can be worked with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Not JSON at all.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// JSON, but not of this format.
    #[error("{0}")]
    Shape(String),
    /// Of another format.
    #[error(
        "it is a notebook of nbformat {0}, and only nbformat 4 is taken: convert it (jupyter nbconvert --to notebook), \
         or take its cells from the JSON with python"
    )]
    Format(u64),
}

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Code,
    Markdown,
    Raw,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Code, Self::Markdown, Self::Raw];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Markdown => "markdown",
            Self::Raw => "raw",
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    fields: Container<'a>,
    pub(crate) kind: Kind,
    /// Cells have one from nbformat 4.5 on.
    pub(crate) id: Option<String>,
    /// Its source, the lines joined.
    pub(crate) source: String,
}

/// A notebook, taken apart as far as its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notebook<'a> {
    /// What stands before the outermost object: a byte order mark, white space.
    head: &'a str,
    top: Container<'a>,
    /// What stands after it.
    tail: &'a str,
    list: Container<'a>,
    minor: u64,
    style: Style,
    pub(crate) cells: Vec<Cell<'a>>,
}

impl<'a> Notebook<'a> {
    /// The notebook in a file's text.
    pub(crate) fn new(text: &'a str) -> Result<Self, Unfit> {
        let shape = |place: &str| {
            let place = place.to_owned();
            move |problem: String| Unfit::Shape(format!("{place} {problem}"))
        };
        let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
        let body = start.trim_end_matches([' ', '\t', '\r', '\n']);
        let (head, _) = text.split_at(text.len() - start.len());
        let (_, tail) = start.split_at(body.len());
        json::check(body).map_err(Unfit::Json)?;
        let top = Container::object(body).map_err(shape("its JSON"))?;

        let number = |name: &str| -> Result<Option<u64>, Unfit> {
            let value = top.get(name).map(|item| serde_json::from_str(&item.value));
            value
                .transpose()
                .map_err(|_| Unfit::Shape(format!("its `{name}` is not a whole number")))
        };
        match number("nbformat")? {
            Some(FORMAT) => {}
            Some(other) => return Err(Unfit::Format(other)),
            None => return Err(Unfit::Shape("it has no `nbformat`".into())),
        }
        let minor = number("nbformat_minor")?.unwrap_or(0);
        let list = top
            .get("cells")
            .ok_or_else(|| Unfit::Shape("it has no `cells`".into()))
            .and_then(|item| Container::array(item.original()).map_err(shape("its `cells`")))?;
        if list.items.len() > CELLS {
            return Err(Unfit::Shape(format!(
                "it has {} cells, and up to {CELLS} are taken",
                list.items.len()
            )));
        }
        let cells = list
            .items
            .iter()
            .enumerate()
            .map(|(number, item)| {
                Cell::new(item.original()).map_err(shape(&format!("cell {number}")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            head,
            style: Style::of(text, &top),
            top,
            tail,
            list,
            minor,
            cells,
        })
    }

    /// What the format asks for beyond what reading needs, and a notebook written whole has to have.
    pub(crate) fn complete(&self) -> Result<(), Unfit> {
        let missing = |place: String, fields: &Container, names: &[&str]| match names
            .iter()
            .find(|name| fields.get(name).is_none())
        {
            Some(name) => Err(Unfit::Shape(format!("{place} has no `{name}`"))),
            None => Ok(()),
        };
        missing("it".into(), &self.top, &["metadata", "nbformat_minor"])?;
        let mut ids = HashMap::new();
        for (number, cell) in self.cells.iter().enumerate() {
            let needed: &[&str] = match cell.kind {
                Kind::Code => &["metadata", "outputs", "execution_count"],
                Kind::Markdown | Kind::Raw => &["metadata"],
            };
            missing(format!("cell {number}"), &cell.fields, needed)?;
            if let Some(id) = &cell.id
                && let Some(other) = ids.insert(id, number)
            {
                return Err(Unfit::Shape(format!(
                    "cells {other} and {number} have the same id, `{}`",
                    json::short(id)
                )));
            }
        }
        Ok(())
    }

    /// The notebook's text.
    fn text(mut self) -> String {
        self.top.set("cells", self.list.text());
        format!("{}{}{}", self.head, self.top.text(), self.tail)
    }

    /// `4.5`, and so on.
    pub(crate) fn format(&self) -> String {
        format!("{FORMAT}.{}", self.minor)
    }

    /// What people call the kernel, where the notebook says; else the language's name.
    fn kernel(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Metadata {
            kernelspec: Option<Kernel>,
            language_info: Option<Language>,
        }
        #[derive(Deserialize)]
        struct Kernel {
            display_name: Option<String>,
        }
        #[derive(Deserialize)]
        struct Language {
            name: Option<String>,
        }
        let metadata: Metadata = serde_json::from_str(&self.top.get("metadata")?.value).ok()?;
        let kernel = metadata.kernelspec.and_then(|kernel| kernel.display_name);
        kernel.or_else(|| metadata.language_info.and_then(|language| language.name))
    }
}

impl<'a> Cell<'a> {
    fn new(value: &'a str) -> Result<Self, String> {
        let fields = Container::object(value)?;
        let text = |name: &str| {
            fields
                .get(name)
                .map(|item| json::string(&item.value))
                .transpose()
                .map_err(|_| format!("has a `{name}` that is not a string"))
        };
        let kind = text("cell_type")?.ok_or("has no `cell_type`")?;
        let kind = Kind::ALL
            .into_iter()
            .find(|known| known.name() == kind)
            .ok_or_else(|| {
                format!(
                    "has the `cell_type` `{}`, which is none of code, markdown and raw",
                    json::short(&kind)
                )
            })?;
        let id = text("id")?;
        let source = fields.get("source").ok_or("has no `source`")?;
        let source =
            multiline(&source.value).map_err(|problem| format!("has a `source` that {problem}"))?;
        Ok(Self {
            kind,
            id,
            source,
            fields,
        })
    }

    /// `cell 3`, or ``cell 3 (id `x`)``.
    pub(crate) fn called(&self, number: usize) -> String {
        match &self.id {
            Some(id) => format!("cell {number} (id `{}`)", json::short(id)),
            None => format!("cell {number}"),
        }
    }
}

/// Text that the format lets be one string or a list of them.
fn multiline(value: &str) -> Result<String, String> {
    if value.starts_with('"') {
        return json::string(value).map_err(|error| format!("is no text: {error}"));
    }
    let lines = Container::array(value).map_err(|_| "is neither text nor a list of lines")?;
    let mut text = String::new();
    for (index, line) in lines.items.iter().enumerate() {
        let line = json::string(&line.value)
            .map_err(|error| format!("has at {index} no text: {error}"))?;
        text.push_str(&line);
    }
    Ok(text)
}
