//! One cell changed, put in or taken out, and not a byte of the others.
//!
//! What is kept as it was found: the order of keys, white space, how characters are written, and each line of a source
//! that stays what it was. What is new is written like its neighbours.

use sha2::{Digest, Sha256};

use super::json::Container;
use super::style::Style;
use super::{Cell, IDS, Kind, Notebook, json};

/// Characters of a new id, as in Jupyter's own.
const ID: usize = 8;

/// A notebook after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The whole file.
    pub(crate) text: String,
    /// The cell, as it is now or was: `cell 3 (id `x`)`.
    pub(crate) cell: String,
    /// Its number; for one taken out, the number it had.
    pub(crate) number: usize,
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
    /// Whether outputs were removed since they no longer belong to the source.
    pub(crate) cleared: bool,
    /// Cells there are now.
    pub(crate) cells: usize,
}

impl Notebook<'_> {
    /// The cell's source and type replaced; a code cell's outputs go with what it was.
    pub(crate) fn rewrite(
        mut self,
        number: usize,
        source: &str,
        kind: Kind,
    ) -> Result<Changed, String> {
        let (Some(cell), Some(item)) =
            (self.cells.get_mut(number), self.list.items.get_mut(number))
        else {
            return Err(format!("there is no cell {number}"));
        };
        let style = &self.style;
        if source != cell.source {
            let field = cell.fields.get("source");
            let old = field.map_or("[]", |field| field.original());
            let indent = field.map_or(String::new(), |field| field.before.clone().into_owned());
            let value = rewritten(old, source, &indent, style);
            cell.fields.set("source", value);
        }
        let cleared = cell.clear();
        if kind != cell.kind {
            cell.convert(kind, style)
                .map_err(|problem| format!("{} {problem}", cell.called(number)))?;
        }
        item.value = cell.fields.text().into();
        let (id, called) = (cell.id.clone(), cell.called(number));
        Ok(Changed {
            number,
            id,
            kind,
            cleared,
            cell: called,
            cells: self.cells.len(),
            text: self.text(),
        })
    }

    /// A new cell at the number; the one that was there, and all after it, move on. The seed, which is to be another
    /// for another file, makes the id.
    pub(crate) fn insert(mut self, number: usize, source: &str, kind: Kind, seed: &str) -> Changed {
        let id = (self.minor >= IDS).then(|| self.new_id(seed));
        let beside = self.beside(number, kind);
        let mut names = match kind {
            Kind::Code => vec!["cell_type", "execution_count", "id", "metadata", "outputs"],
            Kind::Markdown | Kind::Raw => vec!["cell_type", "id", "metadata"],
        };
        names.push("source");
        if id.is_none() {
            names.retain(|name| *name != "id");
        }
        if let Some(beside) = beside {
            like(&mut names, &beside.fields);
        }
        let one_string = beside
            .or_else(|| self.cells.first())
            .and_then(|cell| cell.fields.get("source"))
            .is_some_and(|source| source.value.starts_with('"'));

        let style = &self.style;
        let of_list = self.top.get("cells").map_or("", |item| &item.before);
        let before = match self.list.items.as_slice() {
            [] => style.deeper(of_list),
            _ => self.list.separator(&style.comma),
        };
        let deeper = style.deeper(&before);
        let members: Vec<(&str, String)> = names
            .into_iter()
            .map(|name| {
                let value = match name {
                    "cell_type" => style.string(kind.name()),
                    "id" => style.string(id.as_deref().unwrap_or_default()),
                    "execution_count" => "null".to_owned(),
                    "metadata" => "{}".to_owned(),
                    "outputs" => "[]".to_owned(),
                    _ if one_string => style.string(source),
                    _ => style.array(&deeper, &lines(source, style)),
                };
                (name, value)
            })
            .collect();
        let cell = style.object(&before, &members);
        if self.list.items.is_empty() {
            let list = style.array(of_list, &[cell]);
            self.top.set("cells", list);
            let text = format!("{}{}{}", self.head, self.top.text(), self.tail);
            return Changed::put_in(0, id, kind, 1, text);
        }
        let comma = style.comma.clone();
        self.list.insert(number, "", cell, &comma);
        Changed::put_in(number, id, kind, self.cells.len() + 1, self.text())
    }

    /// The cell taken out.
    pub(crate) fn remove(mut self, number: usize) -> Result<Changed, String> {
        let cell = self
            .cells
            .get(number)
            .ok_or_else(|| format!("there is no cell {number}"))?;
        let (called, id, kind) = (cell.called(number), cell.id.clone(), cell.kind);
        self.list.remove(number);
        Ok(Changed {
            cell: called,
            number,
            id,
            kind,
            cleared: false,
            cells: self.cells.len() - 1,
            text: self.text(),
        })
    }

    /// The cell that a new one is written like: the nearest of its type, one before it rather than one after it.
    fn beside(&self, number: usize, kind: Kind) -> Option<&Cell<'_>> {
        let (before, after) = self.cells.split_at_checked(number)?;
        before
            .iter()
            .rev()
            .chain(after)
            .find(|cell| cell.kind == kind)
    }

    /// An id that no cell has. It follows from the file, so that the same change of the same file gives the same file.
    fn new_id(&self, seed: &str) -> String {
        let mut count = 0_u64;
        loop {
            let digest = Sha256::new()
                .chain_update(seed)
                .chain_update(count.to_le_bytes())
                .finalize();
            let mut id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            id.truncate(ID);
            if self.cells.iter().all(|cell| cell.id.as_ref() != Some(&id)) {
                return id;
            }
            count += 1;
        }
    }
}

impl Changed {
    fn put_in(number: usize, id: Option<String>, kind: Kind, cells: usize, text: String) -> Self {
        let cell = match &id {
            Some(id) => format!("cell {number} (id `{id}`)"),
            None => format!("cell {number}"),
        };
        Self {
            text,
            cell,
            number,
            id,
            kind,
            cleared: false,
            cells,
        }
    }
}

impl Cell<'_> {
    /// Takes away what came of running another source; whether there was anything.
    fn clear(&mut self) -> bool {
        let outputs = self.fields.get("outputs");
        let any = outputs.is_some_and(|outputs| {
            Container::array(outputs.original()).map_or(true, |outputs| !outputs.items.is_empty())
        });
        if any {
            self.fields.set("outputs", "[]".into());
        }
        let count = self.fields.get("execution_count");
        if count.is_some_and(|count| count.value != "null") {
            self.fields.set("execution_count", "null".into());
        }
        any
    }

    /// Gives it another type, with the members that the type has and without those that it has not.
    fn convert(&mut self, kind: Kind, style: &Style) -> Result<(), String> {
        if kind == Kind::Code && self.fields.get("attachments").is_some() {
            return Err(
                "has attachments, which a code cell cannot have: put in a new cell and delete this one".into(),
            );
        }
        self.fields.set("cell_type", style.string(kind.name()));
        for (name, value) in [("execution_count", "null"), ("outputs", "[]")] {
            let at = self.fields.items.iter().position(|item| item.name == name);
            match (kind, at) {
                (Kind::Code, None) => {
                    let at = place(&self.fields, name);
                    self.fields
                        .insert(at, &style.label(name), value.into(), &style.comma);
                }
                (Kind::Markdown | Kind::Raw, Some(at)) => self.fields.remove(at),
                _ => {}
            }
        }
        self.kind = kind;
        Ok(())
    }
}

/// Where a member of this name goes: in its place where the members are in order, else at the end.
fn place(fields: &Container, name: &str) -> usize {
    if !fields.items.is_sorted_by_key(|item| &item.name) {
        return fields.items.len();
    }
    fields
        .items
        .partition_point(|item| item.name.as_ref() < name)
}

/// Puts names into the order that they have in a cell, those that it has not to the end; an order by the alphabet stays.
fn like(names: &mut [&str], fields: &Container) {
    if fields.items.is_sorted_by_key(|item| &item.name) {
        return;
    }
    names.sort_by_key(|name| {
        let at = fields.items.iter().position(|item| item.name == *name);
        at.unwrap_or(usize::MAX)
    });
}

/// A source as a list of its lines, each with its line break, as strings of JSON.
fn lines(source: &str, style: &Style) -> Vec<String> {
    source
        .split_inclusive('\n')
        .map(|line| style.string(line))
        .collect()
}

/// A source's value with another text, in the form of the old: one string, or a list in which the lines that stay are
/// written as they were.
fn rewritten(old: &str, source: &str, before: &str, style: &Style) -> String {
    if old.starts_with('"') {
        return style.string(source);
    }
    let Ok(mut list) = Container::array(old) else {
        return style.array(before, &lines(source, style));
    };
    if list.items.is_empty() || source.is_empty() {
        return style.array(before, &lines(source, style));
    }
    let texts: Vec<String> = list
        .items
        .iter()
        .map(|item| json::string(&item.value).unwrap_or_default())
        .collect();
    // From the start, whole lines that are the same; then from the end, as long as what is between ends with a line too.
    let mut rest = source;
    let mut first = 0;
    for text in &texts {
        match rest.strip_prefix(text.as_str()) {
            Some(shorter) if text.ends_with('\n') => rest = shorter,
            _ => break,
        }
        first += 1;
    }
    let mut ends = vec![rest.len()];
    for text in texts.iter().skip(first).rev() {
        let end = ends.last().copied().unwrap_or_default();
        match rest
            .get(..end)
            .and_then(|rest| rest.strip_suffix(text.as_str()))
        {
            Some(shorter) if !text.is_empty() => ends.push(shorter.len()),
            _ => break,
        }
    }
    let whole = |end: &usize| {
        rest.get(..*end)
            .is_some_and(|new| new.is_empty() || new.ends_with('\n'))
    };
    let same = ends.iter().rposition(whole).unwrap_or(0);
    let end = ends.get(same).copied().unwrap_or(rest.len());
    let last = texts.len() - same;

    let values = lines(rest.get(..end).unwrap_or_default(), style);
    let comma = style.comma.as_str();
    // New before old goes, so that there is always a neighbour to be spaced like.
    for (offset, value) in values.iter().enumerate() {
        list.insert(last + offset, "", value.clone(), comma);
    }
    for index in (first..last).rev() {
        list.remove(index);
    }
    list.text()
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;
    use serde_json::ser::PrettyFormatter;
    use serde_json::{Value, json};

    use super::super::samples::{COLAB, COMPACT, JUPYTER};
    use super::*;

    fn notebook(text: &str) -> Notebook<'_> {
        Notebook::new(text).unwrap()
    }

    /// The text with what is between two pieces of it replaced, each of which is there once.
    fn swapped(text: &str, from: &str, to: &str, new: &str) -> String {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let start = text.find(from).unwrap() + from.len();
        let end = start + text[start..].find(to).unwrap();
        format!("{}{new}{}", &text[..start], &text[end..])
    }

    #[test]
    fn jupyter_s_own_form_stays() {
        let load = "import pandas as pd\n\ndf = pd.read_csv(\"data.csv\")\ndf.head()";
        let changed = notebook(JUPYTER)
            .rewrite(1, &load.replace("head", "tail"), Kind::Code)
            .unwrap();
        let expected = JUPYTER.replace("df.head()", "df.tail()");
        let expected = swapped(
            &expected,
            "\"execution_count\": 3,\n   \"id\": \"load\"",
            "\n   \"source\"",
            ",\n   \"metadata\": {\n    \"collapsed\": false,\n    \"tags\": [\n     \"parameters\"\n    ]\n   },\n   \"outputs\": [],",
        );
        let expected = expected.replace(
            "\"execution_count\": 3,\n   \"id\"",
            "\"execution_count\": null,\n   \"id\"",
        );
        assert_eq!(changed.text, expected);
        assert_eq!((changed.cleared, changed.cells), (true, 6));
        assert_eq!(changed.cell, "cell 1 (id `load`)");

        // What has no outputs, or is not code, has nothing to lose.
        let changed = notebook(JUPYTER)
            .rewrite(4, "x = 1\ny = 2", Kind::Code)
            .unwrap();
        let expected = JUPYTER.replace(
            "\"source\": []",
            "\"source\": [\n    \"x = 1\\n\",\n    \"y = 2\"\n   ]",
        );
        assert_eq!((changed.text, changed.cleared), (expected, false));
        let changed = notebook(JUPYTER)
            .rewrite(0, "# Café", Kind::Markdown)
            .unwrap();
        let expected = swapped(JUPYTER, "\"source\": [\n    \"# Café", "\n   ]", "\"");
        assert_eq!((changed.text, changed.cleared), (expected, false));
        let changed = notebook(JUPYTER).rewrite(5, "", Kind::Raw).unwrap();
        let expected = JUPYTER.replace("[\n    \"\\\\alpha\"\n   ]", "[]");
        assert_eq!(changed.text, expected);
    }

    #[test]
    fn colab_s_own_form_stays() {
        let changed = notebook(COLAB).insert(1, "a\nb", Kind::Code, "seed");
        let new = "{\n      \"cell_type\": \"code\",\n      \"source\": [\n        \"a\\n\",\n        \"b\"\n      ],\n      \
                   \"metadata\": {},\n      \"execution_count\": null,\n      \"outputs\": []\n    }";
        let second = "{\n      \"cell_type\": \"code\",\n      \"source\": [\n        \"!pip";
        let expected = COLAB.replace(second, &format!("{new},\n    {second}"));
        assert_eq!(changed.text, expected);
        assert_eq!((changed.cell.as_str(), changed.id), ("cell 1", None));

        let changed = notebook(COLAB).remove(2).unwrap();
        let expected = swapped(COLAB, "        }\n      ]\n    }", "\n  ]\n}", "");
        assert_eq!((changed.text, changed.cells), (expected, 2));
    }

    #[test]
    fn one_line_stays_one_line() {
        let changed = notebook(COMPACT)
            .rewrite(0, "print('é')\ny = \"\u{1f600}\"", Kind::Code)
            .unwrap();
        let expected = COMPACT
            .replace("x = \\\"\\u2028\\\"", "y = \\\"\\ud83d\\ude00\\\"")
            .replace("\"execution_count\":2", "\"execution_count\":null");
        let expected = swapped(
            &expected,
            "\"outputs\":",
            "},{\"cell_type\":\"markdown\"",
            "[]",
        );
        assert_eq!(changed.text, expected);

        let changed = notebook(COMPACT).insert(2, "é", Kind::Markdown, "seed");
        let end = "\"source\":\"\\u00dcn\\u00efcode \\\\u00e9\"}";
        let new = ",{\"cell_type\":\"markdown\",\"metadata\":{},\"source\":\"\\u00e9\"}";
        assert_eq!(changed.text, COMPACT.replace(end, &format!("{end}{new}")));

        let spaced = COMPACT
            .replace("\":", "\": ")
            .replace(",\"", ", \"")
            .replace("},{", "}, {");
        let changed = notebook(&spaced).insert(0, "x", Kind::Raw, "seed");
        let new = "{\"cell_type\": \"raw\", \"metadata\": {}, \"source\": \"x\"}";
        assert_eq!(
            changed.text,
            spaced.replacen("{\"cell_type\"", &format!("{new}, {{\"cell_type\""), 1)
        );
    }

    #[test]
    fn lines_that_stay_are_written_as_they_were() {
        let style = notebook(JUPYTER).style;
        // The list, the new source, and the new list.
        let table = [
            (
                r#"["a\n", "b\n", "c"]"#,
                "a\nB\nc",
                r#"["a\n", "B\n", "c"]"#,
            ),
            (
                r#"["caf\u00e9\n", "\/x\n", "c"]"#,
                "café\n/x\nd",
                r#"["caf\u00e9\n", "\/x\n", "d"]"#,
            ),
            (
                r#"["caf\u00e9\n", "b"]"#,
                "x\ncafé\nb",
                r#"["x\n", "caf\u00e9\n", "b"]"#,
            ),
            (r#"["a\n", "caf\u00e9"]"#, "café", r#"["caf\u00e9"]"#),
            (r#"["a\n", "b"]"#, "a\nbc", r#"["a\n", "bc"]"#),
            (r#"["a\n", "b"]"#, "a\nxb", r#"["a\n", "xb"]"#),
            (r#"["a\n", "b"]"#, "a\nb\n", r#"["a\n", "b\n"]"#),
            (r#"["a\n", "b"]"#, "a\n", r#"["a\n"]"#),
            (r#"["a\n", "a\n", "a"]"#, "a\na", r#"["a\n", "a"]"#),
            (r#"["a", "b\n", "c"]"#, "ab\nx", r#"["ab\n", "x"]"#),
            (
                r#"["10%\r", "50%\r", "x"]"#,
                "10%\r50%\ry",
                r#"["10%\r50%\ry"]"#,
            ),
            (r#"["a", "", "b"]"#, "c", r#"["c"]"#),
            (
                "[\n  \"a\\n\",\n  \"b\"\n ]",
                "a\nx\nb",
                "[\n  \"a\\n\",\n  \"x\\n\",\n  \"b\"\n ]",
            ),
            ("[\n  \"a\"\n ]", "a\nb", "[\n  \"a\\n\",\n  \"b\"\n ]"),
            ("[]", "a\nb", "[\n  \"a\\n\",\n  \"b\"\n ]"),
            (r#""a""#, "a\nb", r#""a\nb""#),
        ];
        for (old, source, new) in table {
            let found = rewritten(old, source, "\n ", &style);
            assert_eq!(found, new, "{old} {source:?}");
            assert_eq!(super::super::multiline(&found).unwrap(), source);
        }
    }

    #[test]
    fn a_cell_s_type_brings_and_takes_members() {
        let changed = notebook(JUPYTER)
            .rewrite(2, "df.plot()\n", Kind::Markdown)
            .unwrap();
        let expected = swapped(
            JUPYTER,
            "\"df.head()\"\n   ]\n  },\n  {\n   \"cell_type\": \"",
            "\"id\": \"plot\"",
            "markdown\",\n   ",
        );
        let expected = swapped(
            &expected,
            "\"2024-05-01T10:00:00.000000Z\"\n    }\n   },\n   ",
            "\"source\"",
            "",
        );
        assert_eq!((changed.text, changed.cleared), (expected, true));

        let changed = notebook(JUPYTER).rewrite(5, "x", Kind::Code).unwrap();
        let expected = JUPYTER
            .replace(
                "\"raw\",\n   \"id\"",
                "\"code\",\n   \"execution_count\": null,\n   \"id\"",
            )
            .replace(
                "\"latex\"\n    }\n   },",
                "\"latex\"\n    }\n   },\n   \"outputs\": [],",
            )
            .replace("\"\\\\alpha\"", "\"x\"");
        assert_eq!(changed.text, expected);

        // Where the members are in no order, new ones come last.
        let changed = notebook(COLAB).rewrite(0, "x", Kind::Code).unwrap();
        let expected = COLAB
            .replacen("\"markdown\"", "\"code\"", 1)
            .replace("## Fine-tuning", "x")
            .replace(
                "\"Xk3vQ\"\n      }",
                "\"Xk3vQ\"\n      },\n      \"execution_count\": null,\n      \"outputs\": []",
            );
        assert_eq!(changed.text, expected);

        let problem = notebook(JUPYTER).rewrite(0, "x", Kind::Code).unwrap_err();
        assert_eq!(
            problem,
            "cell 0 (id `intro`) has attachments, which a code cell cannot have: put in a new cell and delete this one"
        );
        assert!(notebook(JUPYTER).rewrite(0, "x", Kind::Raw).is_ok());
    }

    #[test]
    fn an_empty_notebook_can_have_a_first_cell() {
        let table = [
            (
                "{\n \"cells\": [],\n \"metadata\": {},\n \"nbformat\": 4,\n \"nbformat_minor\": 4\n}\n",
                "[\n  {\n   \"cell_type\": \"raw\",\n   \"metadata\": {},\n   \"source\": [\n    \"x\"\n   ]\n  }\n ]",
            ),
            (
                "{\"nbformat\":4,\"cells\":[ ]}",
                "[{\"cell_type\":\"raw\",\"metadata\":{},\"source\":[\"x\"]}]",
            ),
        ];
        for (text, cells) in table {
            let changed = notebook(text).insert(0, "x", Kind::Raw, "seed");
            assert_eq!(
                changed.text,
                text.replace("[]", cells).replace("[ ]", cells)
            );
            let emptied = notebook(&changed.text).remove(0).unwrap();
            assert_eq!(emptied.text, text.replace("[ ]", "[]"));
        }
    }

    #[test]
    fn new_ids_are_new_and_the_same_each_time() {
        let changed = notebook(JUPYTER).insert(6, "", Kind::Code, "seed");
        let id = changed.id.unwrap();
        assert_eq!(
            (id.len(), id.chars().all(|c| c.is_ascii_hexdigit())),
            (ID, true)
        );
        assert_eq!(changed.cell, format!("cell 6 (id `{id}`)"));
        assert_eq!(
            notebook(JUPYTER).insert(0, "y", Kind::Raw, "seed").id,
            Some(id.clone())
        );
        assert_ne!(
            notebook(JUPYTER).insert(0, "y", Kind::Raw, "other").id,
            Some(id.clone())
        );
        let again = notebook(&changed.text)
            .insert(0, "", Kind::Code, "seed")
            .id
            .unwrap();
        assert_ne!(again, id);
        // Before 4.5 there are none.
        let older = JUPYTER.replace("\"nbformat_minor\": 5", "\"nbformat_minor\": 4");
        let changed = notebook(&older).insert(6, "", Kind::Code, "seed");
        assert_eq!((changed.id, changed.cell.as_str()), (None, "cell 6"));
    }

    /// What a writer of JSON makes of the value, with this much white space a level; none is one line.
    fn written(value: &Value, indent: Option<&str>) -> String {
        let Some(indent) = indent else {
            return value.to_string();
        };
        let mut text = Vec::new();
        let formatter = PrettyFormatter::with_indent(indent.as_bytes());
        value
            .serialize(&mut serde_json::Serializer::with_formatter(
                &mut text, formatter,
            ))
            .unwrap();
        String::from_utf8(text).unwrap() + "\n"
    }

    /// Numbers that look random and are the same each time (a linear congruential generator, Knuth's MMIX constants).
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % sides
        }

        fn source(&mut self) -> String {
            let pieces = ["x = 1\n", "\n", "é\n", "\"q\\\"\n", "end", "\ttab\n"];
            (0..self.roll(6)).map(|_| pieces[self.roll(6)]).collect()
        }
    }

    fn list(source: &str) -> Value {
        source.split_inclusive('\n').collect()
    }

    /// The same changes, made on the value and on the text: the text is what a writer makes of the value.
    #[test]
    fn any_changes_leave_what_a_writer_would_write() {
        let mut dice = Dice(7);
        for round in 0..200 {
            let indent = [Some(" "), Some("  "), Some("\t"), None][round % 4];
            let mut value: Value = serde_json::from_str(JUPYTER).unwrap();
            let mut text = written(&value, indent);
            for _ in 0..12 {
                let notebook = notebook(&text);
                let count = notebook.cells.len();
                let source = dice.source();
                let cells = value["cells"].as_array_mut().unwrap();
                let changed = match dice.roll(4) {
                    0 if count > 0 => {
                        let number = dice.roll(count);
                        cells.remove(number);
                        notebook.remove(number).unwrap()
                    }
                    1 => {
                        let number = dice.roll(count + 1);
                        let changed = notebook.insert(number, &source, Kind::Code, "seed");
                        let cell = json!({
                            "cell_type": "code", "execution_count": null, "id": changed.id, "metadata": {},
                            "outputs": [], "source": list(&source),
                        });
                        cells.insert(number, cell);
                        changed
                    }
                    _ if count > 0 => {
                        let number = dice.roll(count);
                        let cell = &mut cells[number];
                        cell["source"] = list(&source);
                        if cell["cell_type"] == "code" {
                            cell["outputs"] = json!([]);
                            cell["execution_count"] = Value::Null;
                        }
                        let kind = notebook.cells[number].kind;
                        notebook.rewrite(number, &source, kind).unwrap()
                    }
                    _ => continue,
                };
                text = changed.text;
                assert_eq!(text, written(&value, indent), "{round}");
            }
        }
    }
}
