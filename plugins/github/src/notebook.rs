//! Notebooks as Markdown (nbformat 4): cells in their order, without outputs and without those that are hidden.

use ml_intern_sdk::Failure;
use serde::Deserialize;

/// Tags of cells that readers are not meant to see.
const HIDDEN: [&str; 3] = ["hide", "hidden", "remove"];

#[derive(Debug, Deserialize)]
struct Notebook {
    #[serde(default)]
    cells: Vec<Cell>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    kernelspec: Kernel,
}

#[derive(Debug, Default, Deserialize)]
struct Kernel {
    #[serde(default)]
    language: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Cell {
    cell_type: String,
    #[serde(default)]
    source: Source,
    #[serde(default)]
    metadata: Tags,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Source {
    Whole(String),
    Lines(Vec<String>),
}

impl Default for Source {
    fn default() -> Self {
        Source::Whole(String::new())
    }
}

pub(crate) fn markdown(text: &str) -> Result<String, Failure> {
    let notebook: Notebook = serde_json::from_str(text)
        .map_err(|error| Failure::failed(format!("the notebook cannot be read: {error}")))?;
    let language = notebook
        .metadata
        .kernelspec
        .language
        .unwrap_or_else(|| "python".to_owned());
    let mut parts = Vec::new();
    for cell in notebook.cells {
        if cell
            .metadata
            .tags
            .iter()
            .any(|tag| HIDDEN.contains(&tag.as_str()))
        {
            continue;
        }
        let source = match cell.source {
            Source::Whole(text) => text,
            Source::Lines(lines) => lines.concat(),
        };
        let source = source.trim_end();
        if source.is_empty() {
            continue;
        }
        parts.push(match cell.cell_type.as_str() {
            "code" => format!("```{language}\n{source}\n```"),
            _ => source.to_owned(),
        });
    }
    Ok(parts.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_become_text_and_code() {
        let notebook = json!({
            "nbformat": 4,
            "metadata": {"kernelspec": {"language": "python", "name": "python3"}},
            "cells": [
                {"cell_type": "markdown", "source": ["# Title\n", "Words."], "metadata": {}},
                {"cell_type": "code", "source": "print(1)\n", "outputs": [{"text": "1"}], "metadata": {}},
                {"cell_type": "code", "source": "secret", "metadata": {"tags": ["hide"]}},
                {"cell_type": "code", "source": [], "metadata": {}},
            ],
        });
        assert_eq!(
            markdown(&notebook.to_string()).unwrap(),
            "# Title\nWords.\n\n```python\nprint(1)\n```"
        );
        let Err(Failure::Failed(text)) = markdown("{") else {
            panic!()
        };
        assert!(text.starts_with("the notebook cannot be read: "), "{text}");
    }
}
