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
/// Bytes of one cell's source at most: several copies of it are made where it is edited.
const SOURCE: usize = 4 << 20;
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
        if source.len() > SOURCE {
            return Err(format!(
                "has a `source` of {} bytes, and up to {SOURCE} are taken",
                source.len()
            ));
        }
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

#[cfg(test)]
pub(crate) mod samples {
    //! Notebooks as they come from where people write them.

    /// Written by Jupyter: sorted keys, one space a level, every kind of cell and output.
    pub(crate) const JUPYTER: &str = include_str!("../../tests/notebooks/jupyter.ipynb");
    /// Written by Colab: another order of keys, two spaces, no ids, no line break at the end.
    pub(crate) const COLAB: &str = include_str!("../../tests/notebooks/colab.ipynb");
    /// Written by a script: one line, escapes, sources as one string.
    pub(crate) const COMPACT: &str = include_str!("../../tests/notebooks/compact.ipynb");
    /// Of the format before.
    pub(crate) const VERSION_3: &str = include_str!("../../tests/notebooks/version-3.ipynb");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::samples::{COLAB, COMPACT, JUPYTER, VERSION_3};
    use super::*;

    #[test]
    fn a_notebook_that_is_not_changed_is_the_same_text() {
        for sample in [JUPYTER, COLAB, COMPACT] {
            for text in [
                sample.to_owned(),
                format!("\u{feff}{sample}\n\n"),
                sample.replace('\n', "\r\n"),
                sample.replace('\n', "\n\t").replace("\":", "\" :  "),
            ] {
                assert_eq!(Notebook::new(&text).unwrap().text(), text);
            }
        }
    }

    #[test]
    fn cells_have_a_type_a_source_and_perhaps_an_id() {
        let notebook = Notebook::new(JUPYTER).unwrap();
        let found: Vec<_> = notebook
            .cells
            .iter()
            .map(|cell| (cell.kind, cell.id.as_deref(), cell.source.as_str()))
            .collect();
        let load = "import pandas as pd\n\ndf = pd.read_csv(\"data.csv\")\ndf.head()";
        let expected = [
            (
                Kind::Markdown,
                Some("intro"),
                "# Café – churn\n\n![logo](attachment:logo.png)",
            ),
            (Kind::Code, Some("load"), load),
            (Kind::Code, Some("plot"), "df.plot()\n"),
            (Kind::Code, Some("fail"), "raise ValueError(\"bad “x”\")"),
            (Kind::Code, Some("empty"), ""),
            (Kind::Raw, Some("tex"), "\\alpha"),
        ];
        assert_eq!(found, expected);
        assert_eq!(notebook.kernel().as_deref(), Some("Python 3 (ipykernel)"));
        assert_eq!(notebook.complete(), Ok(()));
    }

    #[test]
    fn what_is_no_notebook_is_refused_by_its_place() {
        let cell = |cell: serde_json::Value| {
            json!({ "nbformat": 4, "cells": [{ "cell_type": "raw", "source": "" }, cell] })
                .to_string()
        };
        let table = [
            (
                "{\n \"cells\": [\n}".to_owned(),
                "it is not JSON: expected value at line 3 column 1",
            ),
            ("[]".to_owned(), "its JSON is not an object"),
            ("{}".to_owned(), "it has no `nbformat`"),
            (
                "{\"nbformat\":\"4\"}".to_owned(),
                "its `nbformat` is not a whole number",
            ),
            ("{\"nbformat\":4}".to_owned(), "it has no `cells`"),
            (
                "{\"nbformat\":4,\"cells\":{}}".to_owned(),
                "its `cells` is not an array",
            ),
            (
                "{\"nbformat\":4,\"cells\":[],\"cells\":[]}".to_owned(),
                "its JSON has `cells` twice",
            ),
            (
                VERSION_3.to_owned(),
                "it is a notebook of nbformat 3, and only nbformat 4 is taken: convert it (jupyter nbconvert --to \
                 notebook), or take its cells from the JSON with python",
            ),
            (cell(json!(1)), "cell 1 is not an object"),
            (cell(json!({})), "cell 1 has no `cell_type`"),
            (
                cell(json!({ "cell_type": 1 })),
                "cell 1 has a `cell_type` that is not a string",
            ),
            (
                cell(json!({ "cell_type": "heading" })),
                "cell 1 has the `cell_type` `heading`, which is none of code, markdown and raw",
            ),
            (
                cell(json!({ "cell_type": "code" })),
                "cell 1 has no `source`",
            ),
            (
                cell(json!({ "cell_type": "code", "source": 1 })),
                "cell 1 has a `source` that is neither text nor a list of lines",
            ),
            (
                cell(json!({ "cell_type": "code", "source": ["a", 1] })),
                "cell 1 has a `source` that has at 1 no text: invalid type: integer `1`, expected a string at line 1 \
                 column 1",
            ),
            (
                cell(json!({ "cell_type": "code", "id": 1 })),
                "cell 1 has a `id` that is not a string",
            ),
        ];
        for (text, message) in table {
            assert_eq!(
                Notebook::new(&text).unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
    }

    #[test]
    fn a_whole_notebook_has_what_the_format_asks_for() {
        let code = json!({
            "cell_type": "code", "id": "a", "metadata": {}, "source": "", "outputs": [], "execution_count": null,
        });
        let text = json!({ "cell_type": "raw", "id": "b", "metadata": {}, "source": "" });
        let without = |name: &str| {
            let mut cell = code.clone();
            cell.as_object_mut().unwrap().remove(name);
            cell
        };
        let whole = |cells: serde_json::Value| {
            json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells })
                .to_string()
        };
        let table = [
            (whole(json!([])), None),
            (whole(json!([code, text])), None),
            (whole(json!([without("id"), without("id")])), None),
            (
                json!({ "nbformat": 4, "cells": [] }).to_string(),
                Some("it has no `metadata`"),
            ),
            (
                json!({ "nbformat": 4, "cells": [], "metadata": {} }).to_string(),
                Some("it has no `nbformat_minor`"),
            ),
            (
                whole(json!([text, without("metadata")])),
                Some("cell 1 has no `metadata`"),
            ),
            (
                whole(json!([without("outputs")])),
                Some("cell 0 has no `outputs`"),
            ),
            (
                whole(json!([without("execution_count")])),
                Some("cell 0 has no `execution_count`"),
            ),
            (
                whole(json!([code, text, code])),
                Some("cells 0 and 2 have the same id, `a`"),
            ),
        ];
        for (text, problem) in table {
            let found = Notebook::new(&text).unwrap().complete();
            assert_eq!(
                found.err().map(|unfit| unfit.to_string()).as_deref(),
                problem,
                "{text}"
            );
        }
    }

    #[test]
    fn cells_have_a_bound() {
        let cells = |count| {
            let cell = "{\"cell_type\":\"raw\",\"source\":\"\"}";
            format!(
                "{{\"nbformat\":4,\"cells\":[{}]}}",
                vec![cell; count].join(",")
            )
        };
        assert_eq!(Notebook::new(&cells(CELLS)).unwrap().cells.len(), CELLS);
        assert_eq!(
            Notebook::new(&cells(CELLS + 1)).unwrap_err().to_string(),
            "it has 10001 cells, and up to 10000 are taken"
        );
    }

    #[test]
    fn sources_have_a_bound() {
        let cell = |bytes| {
            let cell = json!({ "cell_type": "raw", "source": "x".repeat(bytes) });
            json!({ "nbformat": 4, "cells": [cell] }).to_string()
        };
        assert_eq!(Notebook::new(&cell(SOURCE)).unwrap().cells.len(), 1);
        assert_eq!(
            Notebook::new(&cell(SOURCE + 1)).unwrap_err().to_string(),
            "cell 0 has a `source` of 4194305 bytes, and up to 4194304 are taken"
        );
    }

    #[test]
    fn notebooks_are_known_by_name() {
        for (name, is) in [
            ("a.ipynb", true),
            ("d/B.IPYNB", true),
            ("ipynb", false),
            ("a.ipynb.bak", false),
        ] {
            assert_eq!(is_named_so(name), is, "{name}");
        }
    }
}
