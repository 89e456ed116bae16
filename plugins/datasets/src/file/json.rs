//! JSON Lines, an object in each line; or one JSON text, an array of objects or an object that has such an array.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::{Map, Value};

use super::{Bounds, Named, Read};

/// Lines that are no objects and may be passed over, of those read: one in so many.
const BAD: u64 = 10;

/// Reads a file: with lines, unless the name says that it may be one text, and it is.
pub(super) fn read(
    file: std::fs::File,
    size: u64,
    one_text: bool,
    bounds: Bounds,
) -> Result<Read, String> {
    let mut reader = BufReader::new(file);
    if one_text && let Some(first) = first_byte(&mut reader)? {
        let start = reader.buffer();
        let pretty = first == b'{'
            && serde_json::from_slice::<Value>(
                start
                    .split(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default(),
            )
            .is_err();
        if first == b'[' || pretty {
            if size > bounds.bytes as u64 {
                return Err(format!(
                    "one JSON text of {size} bytes is too large to be read at once ({} at most); as JSON Lines its first rows could be",
                    bounds.bytes
                ));
            }
            return text(reader, bounds);
        }
    }
    lines(reader, bounds)
}

/// The first byte that is no space.
fn first_byte(reader: &mut BufReader<std::fs::File>) -> Result<Option<u8>, String> {
    let start = reader.fill_buf().map_err(|error| error.to_string())?;
    Ok(start
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace()))
}

fn text(mut reader: impl std::io::Read, bounds: Bounds) -> Result<Read, String> {
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let each = bytes.len();
    drop(bytes);
    let mut warnings = Vec::new();
    let list = match value {
        Value::Array(list) => list,
        Value::Object(fields) => {
            let found = fields.into_iter().find(|(_, value)| {
                value
                    .as_array()
                    .is_some_and(|list| list.iter().any(Value::is_object))
            });
            let (name, value) = found.ok_or("it is one object, and none of its values is a list of objects; rows are objects of a list, or of lines")?;
            warnings.push(format!("rows are the list in `{name}`"));
            match value {
                Value::Array(list) => list,
                _ => Vec::new(),
            }
        }
        _ => return Err("it is neither a list of objects nor an object".to_owned()),
    };
    let total = list.len() as u64;
    let each = each / list.len().max(1);
    let mut found = Named::new(bounds);
    let mut bad = 0_u64;
    for value in list {
        let Value::Object(fields) = value else {
            bad += 1;
            continue;
        };
        if !found.push(fields, each, bounds) {
            break;
        }
    }
    if found.rows.is_empty() && bad > 0 {
        return Err("its entries are no objects".to_owned());
    }
    if bad > 0 {
        warnings.push(format!("{bad} entries are no objects and were passed over"));
    }
    let mut read = found.finish(Some(total - bad));
    read.warnings.extend(warnings);
    Ok(read)
}

fn lines(mut reader: BufReader<std::fs::File>, bounds: Bounds) -> Result<Read, String> {
    let mut found = Named::new(bounds);
    let mut line = Vec::new();
    let (mut number, mut bad, mut whole) = (0_u64, 0_u64, true);
    let mut first_bad: Option<(u64, String)> = None;
    loop {
        line.clear();
        // One line is never longer than all that is read.
        let n = (&mut reader)
            .take(bounds.bytes as u64)
            .read_until(b'\n', &mut line)
            .map_err(|error| error.to_string())?;
        if n == 0 {
            break;
        }
        if n >= bounds.bytes {
            return Err(format!(
                "line {} has more than {} bytes",
                number + 1,
                bounds.bytes
            ));
        }
        number += 1;
        let text = line
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&line)
            .trim_ascii();
        if text.is_empty() {
            continue;
        }
        let fields: Map<String, Value> = match serde_json::from_slice(text) {
            Ok(fields) => fields,
            Err(error) => {
                bad += 1;
                first_bad.get_or_insert((number, error.to_string()));
                if bad * BAD > number + BAD {
                    break;
                }
                continue;
            }
        };
        if !found.push(fields, n * 2, bounds) {
            whole = false;
            break;
        }
    }
    if let Some((line, error)) = &first_bad
        && bad * BAD > number + BAD
    {
        return Err(format!(
            "it is not JSON Lines, objects in lines of their own: line {line}: {error}"
        ));
    }
    if found.rows.is_empty() {
        return Err(match first_bad {
            Some((line, error)) => format!("no line is an object: line {line}: {error}"),
            None => "it is empty".to_owned(),
        });
    }
    let rows = found.rows.len() as u64;
    let mut read = found.finish(whole.then_some(rows));
    if let Some((line, error)) = first_bad {
        read.warnings.push(format!(
            "{bad} lines are no JSON objects and were passed over, first line {line}: {error}"
        ));
    }
    Ok(read)
}
