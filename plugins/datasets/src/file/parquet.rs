//! Parquet. What the `datasets` library noted about columns (their classes, pictures) is believed.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result as Parsed};
use parquet::file::reader::{ChunkReader, FileReader as _, Length, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Map, Value};

use super::{Bounds, Named, Read};
use crate::rows::digest;
use crate::table::{Column, Kind, column};

/// Bytes that are shown as a text; more are a length and a digest.
const SHORT: usize = 64;
/// Bytes of one piece of the file: a page, or the description at its end.
const PIECE: usize = 256 << 20;

/// A file that is opened anew for each piece, since WASI has no second handle to an open one.
struct Source {
    path: PathBuf,
    length: u64,
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl Source {
    fn at(&self, start: u64) -> Parsed<File> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file)
    }
}

impl ChunkReader for Source {
    type T = std::io::BufReader<File>;

    fn get_read(&self, start: u64) -> Parsed<Self::T> {
        Ok(std::io::BufReader::new(self.at(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Parsed<bytes::Bytes> {
        let end = start
            .checked_add(length as u64)
            .filter(|end| *end <= self.length && length <= PIECE);
        if end.is_none() {
            return Err(ParquetError::EOF(format!(
                "{length} bytes from {start} on, of {}",
                self.length
            )));
        }
        let mut piece = vec![0; length];
        self.at(start)?.read_exact(&mut piece)?;
        Ok(piece.into())
    }
}

/// Reads a file.
pub(super) fn read(path: &Path, length: u64, bounds: Bounds) -> Result<Read, String> {
    let source = Source {
        path: path.to_owned(),
        length,
    };
    let reader = SerializedFileReader::new(source).map_err(told)?;
    let metadata = reader.metadata().file_metadata();
    let total = u64::try_from(metadata.num_rows()).unwrap_or(0);
    let noted = metadata
        .key_value_metadata()
        .into_iter()
        .flatten()
        .find(|entry| entry.key == "huggingface")
        .and_then(|entry| serde_json::from_str::<Value>(entry.value.as_deref()?).ok());
    let mut found = Named::new(bounds);
    for field in metadata.schema().get_fields() {
        let name = field.name().to_owned();
        found.places.insert(name.clone(), found.names.len());
        found.names.push(name);
    }
    let mut times: HashSet<String> = HashSet::new();
    for row in reader.get_row_iter(None).map_err(told)? {
        let mut bytes = 0;
        let fields: Vec<(String, Value)> = row
            .map_err(told)?
            .into_columns()
            .into_iter()
            .map(|(name, field)| {
                if is_time(&field) && !times.contains(&name) {
                    times.insert(name.clone());
                }
                let value = value(&field, &mut bytes);
                (name, value)
            })
            .collect();
        if !found.push(fields, bytes, bounds) {
            break;
        }
    }
    let mut read = found.finish(Some(total));
    let features = noted
        .as_ref()
        .and_then(|noted| noted.pointer("/info/features"))
        .and_then(Value::as_object);
    for own in &mut read.columns {
        if times.contains(&own.name) {
            own.kind = Kind::Time;
            own.shown = "time".to_owned();
        }
        if let Some(feature) = features.and_then(|features| features.get(&own.name)) {
            let Column { kind, shown, .. } = column(&own.name, feature);
            // Pictures have their bytes here, which can be compared.
            if kind != Kind::Media {
                own.kind = kind;
            }
            own.shown = shown;
        }
    }
    Ok(read)
}

fn is_time(field: &Field) -> bool {
    matches!(
        field,
        Field::Date(_)
            | Field::TimeMillis(_)
            | Field::TimeMicros(_)
            | Field::TimestampMillis(_)
            | Field::TimestampMicros(_)
    )
}

fn told(error: ParquetError) -> String {
    match error {
        ParquetError::General(said)
            if said.contains("Disabled feature") || said.contains("codec") =>
        {
            format!(
                "it is compressed in a way that is not read here ({said}); write it with snappy, gzip, brotli, lz4 or zstd"
            )
        }
        ParquetError::General(said) => format!("it is no Parquet file that can be read: {said}"),
        other => format!("it is no Parquet file that can be read: {other}"),
    }
}

/// A value as JSON, and about how many bytes it takes.
fn value(field: &Field, bytes: &mut usize) -> Value {
    *bytes += 32;
    match field {
        Field::Bytes(blob) => blob_value(blob, bytes),
        Field::Str(text) => {
            *bytes += text.len();
            Value::String(text.clone())
        }
        Field::Group(row) => {
            let fields: Map<String, Value> = row
                .get_column_iter()
                .map(|(name, field)| (name.clone(), value(field, bytes)))
                .collect();
            Value::Object(fields)
        }
        Field::ListInternal(list) => list
            .elements()
            .iter()
            .map(|field| value(field, bytes))
            .collect(),
        Field::MapInternal(map) => {
            let fields: Map<String, Value> = map
                .entries()
                .iter()
                .map(|(name, field)| {
                    (
                        crate::format::plain(&value(name, bytes)),
                        value(field, bytes),
                    )
                })
                .collect();
            Value::Object(fields)
        }
        Field::Null => Value::Null,
        Field::Bool(value) => (*value).into(),
        Field::Byte(n) => (*n).into(),
        Field::Short(n) => (*n).into(),
        Field::Int(n) => (*n).into(),
        Field::Long(n) => (*n).into(),
        Field::UByte(n) => (*n).into(),
        Field::UShort(n) => (*n).into(),
        Field::UInt(n) => (*n).into(),
        Field::ULong(n) => (*n).into(),
        // What is no number has no JSON form; it counts as no value.
        Field::Float16(x) => f64::from(*x).into(),
        // By way of its digits, so that 0.1 stays 0.1.
        Field::Float(x) => x.to_string().parse::<f64>().unwrap_or(f64::NAN).into(),
        Field::Double(x) => (*x).into(),
        Field::Decimal(_) => {
            let digits = field.to_string();
            digits
                .parse::<f64>()
                .map_or_else(|_| digits.clone().into(), Value::from)
        }
        // Dates and times, as the library writes them.
        other => other.to_string().into(),
    }
}

fn blob_value(blob: &ByteArray, bytes: &mut usize) -> Value {
    let data = blob.data();
    match std::str::from_utf8(data) {
        Ok(text) if data.len() <= SHORT => {
            *bytes += text.len();
            text.into()
        }
        _ => {
            let hex: String = data
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .take(SHORT)
                .collect();
            if data.len() <= SHORT {
                return hex.into();
            }
            // Equal bytes have equal digests, so repeated pictures are found.
            let all: String = data.iter().map(|byte| char::from(*byte)).collect();
            format!("<{} bytes, {:016x}>", data.len(), digest(&all) >> 64).into()
        }
    }
}
