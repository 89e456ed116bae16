//! A notebook (JSON of nbformat 4) as Markdown: text as it is, code fenced, outputs shortened, pictures named.

use ml_intern_sdk::printed;
use serde_json::Value;

use crate::words::{fenced, size};

/// Characters of one output.
const OUTPUT: usize = 2_000;

/// The notebook; none where the text is none.
pub(crate) fn markdown(text: &str) -> Option<String> {
    let notebook: Value = serde_json::from_str(text).ok()?;
    let cells = notebook.get("cells")?.as_array()?;
    let language = notebook
        .pointer("/metadata/language_info/name")
        .or_else(|| notebook.pointer("/metadata/kernelspec/language"))
        .and_then(Value::as_str)
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()))
        .unwrap_or("python");
    let mut parts = Vec::new();
    for cell in cells {
        let source = joined(cell.get("source"));
        match cell.get("cell_type").and_then(Value::as_str) {
            Some("code") => {
                parts.push(fenced(language, &source));
                let outputs = cell.get("outputs").and_then(Value::as_array);
                parts.extend(outputs.into_iter().flatten().filter_map(output));
            }
            Some("raw") => parts.push(fenced("", &source)),
            _ => parts.push(source),
        }
    }
    Some(parts.join("\n\n"))
}

/// What a cell gave.
fn output(output: &Value) -> Option<String> {
    let shown = |text: &str| {
        let text = printed::plain(text.as_bytes());
        let advice = "The whole output is in the notebook's JSON.";
        fenced("output", &printed::shorten(&text, OUTPUT, advice))
    };
    match output.get("output_type").and_then(Value::as_str)? {
        "stream" => Some(shown(&joined(output.get("text")))),
        "error" => {
            let part = |name| output.get(name).and_then(Value::as_str).unwrap_or_default();
            Some(shown(&format!("{}: {}", part("ename"), part("evalue"))))
        }
        _ => {
            let data = output.get("data")?.as_object()?;
            let mut parts: Vec<String> = data
                .iter()
                .filter(|(kind, _)| kind.starts_with("image/"))
                .map(|(kind, value)| {
                    // Base64 has four characters for three bytes.
                    let bytes = joined(Some(value)).trim().len() as u64 / 4 * 3;
                    format!("[{kind}, about {}]", size(bytes))
                })
                .collect();
            if let Some(text) = data.get("text/plain") {
                parts.insert(0, shown(&joined(Some(text))));
            }
            (!parts.is_empty()).then(|| parts.join("\n\n"))
        }
    }
}

/// A text, which a notebook may have as a list of its lines.
fn joined(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notebook_becomes_markdown() {
        let notebook = r##"{"nbformat":4,"metadata":{"language_info":{"name":"python"}},"cells":[
            {"cell_type":"markdown","source":["# Title\n","text"]},
            {"cell_type":"code","source":"print(1)","outputs":[
                {"output_type":"stream","text":["\u001b[31m1\u001b[0m\n"]},
                {"output_type":"display_data","data":{"image/png":"AAAAAAAA","text/plain":"<Figure>"}},
                {"output_type":"error","ename":"KeyError","evalue":"'x'"}]},
            {"cell_type":"raw","source":"r"}]}"##;
        assert_eq!(
            markdown(notebook).unwrap(),
            "# Title\ntext\n\n```python\nprint(1)\n```\n\n```output\n1\n```\n\n```output\n<Figure>\n```\n\n\
             [image/png, about 6 B]\n\n```output\nKeyError: 'x'\n```\n\n```\nr\n```"
        );
        assert_eq!(markdown("{}"), None);
        assert_eq!(markdown("no"), None);
    }
}
