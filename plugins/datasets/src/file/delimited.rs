//! Comma- and tab-separated values (RFC 4180): the first line has the names; what all look like numbers are numbers.

use std::io::{BufReader, Read as _, Seek as _};

use serde_json::{Number, Value};

use super::{Bounds, COLUMNS, Named, Read};

/// Bytes of the first line, from which the separator is told.
const START: u64 = 64 << 10;
/// What stands for no value, as pandas reads it.
const NULLS: [&str; 8] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"];

/// Reads a file.
pub(super) fn read(mut file: std::fs::File, tabs: bool, bounds: Bounds) -> Result<Read, String> {
    let mut start = Vec::new();
    (&file)
        .take(START)
        .read_to_end(&mut start)
        .map_err(|error| error.to_string())?;
    file.rewind().map_err(|error| error.to_string())?;
    if start.contains(&0) {
        return Err("it has NUL bytes, so it is no text in UTF-8".to_owned());
    }
    let delimiter = if tabs { b'\t' } else { separator(&start) };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(BufReader::new(file));
    let mut record = csv::ByteRecord::new();
    let mut found = Named::new(bounds);
    let mut names: Vec<String> = Vec::new();
    let mut warnings = Vec::new();
    let (mut uneven, mut lossy) = (0_u64, 0_u64);
    let (mut first_uneven, mut total) = (0, Some(0_u64));
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(error.to_string()),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let mut text = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            lossy += u64::from(matches!(text, std::borrow::Cow::Owned(_)));
            text.into_owned()
        };
        if names.is_empty() {
            names = header(record.iter().map(&mut text), &mut warnings);
            continue;
        }
        if record.len() != names.len() {
            uneven += 1;
            if uneven == 1 {
                first_uneven = line;
            }
        }
        let bytes = record.as_slice().len() + 32 * names.len();
        let fields: Vec<(String, Value)> = names
            .iter()
            .cloned()
            .zip(record.iter().map(|field| Value::String(text(field))))
            .collect();
        if !found.push(fields, bytes, bounds) {
            total = None;
            break;
        }
    }
    if names.is_empty() {
        return Err("it is empty".to_owned());
    }
    if uneven > 0 {
        warnings.push(format!(
            "{uneven} rows have not as many fields as there are names, first in line {first_uneven}"
        ));
    }
    if lossy > 0 {
        warnings.push(format!(
            "{lossy} fields are not UTF-8; their bad bytes were replaced"
        ));
    }
    let rows = found.rows.len() as u64;
    if found.names.is_empty() {
        // Names and no rows.
        found.names = names;
    }
    typed(&mut found);
    let mut read = found.finish(total.map(|_| rows));
    warnings.append(&mut read.warnings);
    read.warnings = warnings;
    Ok(read)
}

/// The one that is most often in the first line.
fn separator(start: &[u8]) -> u8 {
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let times = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    // The comma where none is more frequent.
    [b';', b'\t', b'|'].into_iter().fold(b',', |best, other| {
        if times(other) > times(best) {
            other
        } else {
            best
        }
    })
}

/// Names without a byte order mark, each once.
fn header(fields: impl Iterator<Item = String>, warnings: &mut Vec<String>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for field in fields.take(COLUMNS) {
        let field = field.trim_start_matches('\u{feff}').to_owned();
        let mut name = field.clone();
        let mut n = 1;
        while names.contains(&name) {
            name = format!("{field}.{n}");
            n += 1;
        }
        if n > 1 {
            warnings.push(format!(
                "the name {field} is there more than once; one is called {name} here"
            ));
        }
        names.push(name);
    }
    names
}

/// Turns texts into what whole columns of them are.
fn typed(found: &mut Named) {
    for place in 0..found.names.len() {
        let texts = || {
            found
                .rows
                .iter()
                .map(move |row| row.cell(place).as_str().unwrap_or_default())
                .filter(|text| !NULLS.contains(text))
        };
        // Numbers that begin with a zero are names: 007.
        let coded = |text: &str| {
            text.trim_start_matches('-').len() > 1
                && text.trim_start_matches('-').starts_with('0')
                && !text.contains('.')
        };
        let some = texts().next().is_some();
        let whole = some && texts().all(|text| !coded(text) && text.parse::<i64>().is_ok());
        let float = some
            && texts().all(|text| !coded(text) && text.parse::<f64>().is_ok_and(f64::is_finite));
        let bool = some
            && texts()
                .all(|text| matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE"));
        for row in &mut found.rows {
            let Some(cell) = row.cells.get_mut(place) else {
                continue;
            };
            let Value::String(text) = &*cell else {
                continue;
            };
            let value = match text.as_str() {
                text if NULLS.contains(&text) => Value::Null,
                text if whole => text.parse::<i64>().map_or(Value::Null, Value::from),
                text if float => text
                    .parse()
                    .ok()
                    .and_then(Number::from_f64)
                    .map_or(Value::Null, Value::Number),
                text if bool => text.eq_ignore_ascii_case("true").into(),
                _ => continue,
            };
            *cell = value;
        }
    }
}
