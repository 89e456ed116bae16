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
