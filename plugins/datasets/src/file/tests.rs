//! Files of each form, whole and broken, and their report.

use std::fs;
use std::path::PathBuf;

use ml_intern_sdk::Content;
use tempfile::TempDir;

use super::*;

const BOUNDS: Bounds = Bounds {
    rows: ROWS,
    bytes: BYTES,
};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn arguments(value: Value) -> Inspect {
    serde_json::from_value(value).unwrap()
}

fn text(output: &Output) -> &str {
    match output.content.first() {
        Some(Content::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// Columns, rows and warnings.
type Summary = (Vec<String>, Vec<Vec<Value>>, Vec<String>);

/// The file's columns as `name: type`, its rows and its warnings.
fn summary(name: &str, content: &str) -> Result<Summary, String> {
    let folder = folder(&[(name, content)]);
    match read(folder.path(), "/path", name, BOUNDS) {
        Ok((read, _)) => Ok((
            read.columns
                .iter()
                .map(|column| format!("{}: {}", column.name, column.shown))
                .collect(),
            read.rows.into_iter().map(|row| row.cells).collect(),
            read.warnings,
        )),
        Err(Failure::Failed(said)) => Err(said),
        Err(other) => Err(format!("{other:?}")),
    }
}

type Row<'r> = (&'r str, &'r str, &'r [&'r str], Value, &'r [&'r str]);

#[test]
fn files_become_rows() {
    let none: &[&str] = &[];
    let table: [Row<'_>; 13] = [
        (
            "a.csv",
            "a,b,c,d,e\n1,x,0.5,true,007\n2,\"y, \"\"z\"\"\",,false,010\n",
            &["a: int", "b: string", "c: float", "d: bool", "e: string"],
            json!([
                [1, "x", 0.5, true, "007"],
                [2, "y, \"z\"", null, false, "010"]
            ]),
            none,
        ),
        (
            "a.csv",
            "\u{feff}a;b\n1;x,y\n",
            &["a: int", "b: string"],
            json!([[1, "x,y"]]),
            none,
        ),
        (
            "a.tsv",
            "a\tb\n1\tx;y;z\n",
            &["a: int", "b: string"],
            json!([[1, "x;y;z"]]),
            none,
        ),
        (
            "a.csv",
            "a,b\n1\n2,x,y\n3,z\n",
            &["a: int", "b: string"],
            json!([[1, null], [2, "x"], [3, "z"]]),
            &["2 rows have not as many fields as there are names, first in line 2"],
        ),
        (
            "a.csv",
            "a,a\n1,2\n",
            &["a: int", "a.1: int"],
            json!([[1, 2]]),
            &["the name a is there more than once; one is called a.1 here"],
        ),
        ("a.csv", "a,b\n", &["a: null", "b: null"], json!([]), none),
        (
            "a.jsonl",
            "{\"a\": 1}\n\n{\"a\": \"x\", \"b\": [1]}\n",
            &["a: mixed: int, string", "b: list"],
            json!([[1, null], ["x", [1]]]),
            &["column a has values of several types (mixed: int, string)"],
        ),
        (
            "a.jsonl",
            "{\"a\": 1}\n{\"a\": \n{\"a\": 3}",
            &["a: int"],
            json!([[1], [3]]),
            &[
                "1 lines are no JSON objects and were passed over, first line 2: EOF while parsing a value at line 1 column 5",
            ],
        ),
        ("a.ndjson", "{\"a\": 1}", &["a: int"], json!([[1]]), none),
        (
            "a.json",
            "[{\"a\": 1},\n {\"a\": 2}]",
            &["a: int"],
            json!([[1], [2]]),
            none,
        ),
        (
            "a.json",
            "{\"a\": 1}\n{\"a\": 2}\n",
            &["a: int"],
            json!([[1], [2]]),
            none,
        ),
        (
            "a.json",
            "{\n \"version\": \"1\", \"data\": [{\"a\": 1}]}",
            &["a: int"],
            json!([[1]]),
            &["rows are the list in `data`"],
        ),
        (
            "a.json",
            "[1, {\"a\": 1}]",
            &["a: int"],
            json!([[1]]),
            &["1 entries are no objects and were passed over"],
        ),
    ];
    for (name, content, columns, rows, warnings) in table {
        let found = summary(name, content).unwrap();
        assert_eq!(found.0, columns, "{content}");
        assert_eq!(json!(found.1), rows, "{content}");
        assert_eq!(found.2, warnings, "{content}");
    }
}

#[test]
fn broken_files_say_what_is_wrong() {
    let table = [
        ("a.csv", "", "a.csv: it is empty"),
        ("a.csv", "a\0b", "a.csv: it has NUL bytes"),
        ("a.jsonl", "", "a.jsonl: it is empty"),
        (
            "a.jsonl",
            "[1]\n",
            "a.jsonl: no line is an object: line 1: invalid type: sequence, expected a map",
        ),
        (
            "a.jsonl",
            &"hello\n".repeat(50),
            "a.jsonl: it is not JSON Lines, objects in lines of their own: line 1: expected value",
        ),
        ("a.json", "[1, 2]", "a.json: its entries are no objects"),
        (
            "a.json",
            "{\n\"a\": 1}",
            "a.json: it is one object, and none of its values",
        ),
        ("a.json", "[{", "a.json: EOF while parsing"),
        (
            "a.parquet",
            "",
            "a.parquet: it is no Parquet file that can be read",
        ),
        (
            "a.parquet",
            "PAR1 and then no more PAR1",
            "a.parquet: it is no Parquet file that can be read",
        ),
        ("a.txt", "x", "Failure::InvalidArguments("),
        ("a.csv.gz", "x", "Failure::InvalidArguments("),
    ];
    for (name, content, expected) in table {
        let found = summary(name, content).unwrap_err();
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn paths_stay_in_the_workspace() {
    for (path, name) in [
        ("a/b.csv", "a/b.csv"),
        ("./a.csv", "a.csv"),
        ("/workspace/a.csv", "a.csv"),
        ("a/../b.csv", "b.csv"),
    ] {
        assert_eq!(inside("/path", path), Ok(name.to_owned()));
    }
    for path in [
        "",
        "..",
        "../a.csv",
        "/etc/x.csv",
        "/workspace/../x.csv",
        "/workspaces/x.csv",
        "a\0",
        ".",
    ] {
        let outside = Failure::argument("/path", "a file under /workspace");
        assert_eq!(inside("/path", path), Err(outside), "{path}");
    }
    let folder = folder(&[]);
    fs::create_dir(folder.path().join("d.csv")).unwrap();
    let said = |path| read(folder.path(), "/path", path, BOUNDS).unwrap_err();
    assert_eq!(
        said("no.csv"),
        Failure::argument("/path", "a file that is there; no.csv is not")
    );
    assert_eq!(
        said("d.csv"),
        Failure::argument("/path", "a file; d.csv is none")
    );
}

#[test]
fn parquet_is_read_in_each_compression() {
    for codec in ["none", "snappy", "gzip", "brotli", "lz4", "zstd"] {
        let path = format!("{codec}.parquet");
        let (found, _) = read(&data(), "/path", &path, BOUNDS).unwrap();
        assert_eq!((found.rows.len(), found.total), (60, Some(60)), "{codec}");
        let shown: Vec<&str> = found
            .columns
            .iter()
            .map(|column| column.shown.as_str())
            .collect();
        assert_eq!(
            shown,
            [
                "string",
                "ClassLabel, 2 (neg, pos)",
                "float",
                "time",
                "Image",
                "list",
                "list"
            ],
            "{codec}"
        );
        assert_eq!(
            json!(found.rows[1].cells[..4]),
            json!(["text 1", 1, 0.25, "2024-01-02 00:00:00.000000 +00:00"]),
            "{codec}"
        );
        assert_eq!(found.rows[3].cells[2], Value::Null);
        assert_eq!(
            found.rows[59].cells[6],
            json!([{"role": "user", "content": "q9"}, {"role": "assistant", "content": "a"}])
        );
        let photo = |row: usize| {
            found.rows[row].cells[4]["bytes"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert!(photo(0).starts_with("<100 bytes, "));
        assert_eq!(photo(0), photo(50));
        assert_ne!(photo(0), photo(1));
    }
}

#[test]
fn no_more_is_read_than_is_allowed() {
    let few = |rows| Bounds { rows, bytes: BYTES };
    let lines = "{\"a\": \"xxxxxxxxxxxxxxxxxxxx\"}\n".repeat(10);
    let folder = folder(&[
        ("a.jsonl", &lines),
        ("a.csv", &"a,b\n".repeat(11)),
        ("a.json", "[{},{},{}]"),
    ]);
    let table = [
        ("a.jsonl", few(10), 10, Some(10)),
        ("a.jsonl", few(9), 9, None),
        (
            "a.jsonl",
            Bounds {
                rows: 10,
                bytes: 300,
            },
            5,
            None,
        ),
        ("a.csv", few(10), 10, Some(10)),
        ("a.csv", few(9), 9, None),
        ("a.json", few(2), 2, Some(3)),
    ];
    for (name, bounds, rows, total) in table {
        let (found, _) = read(folder.path(), "/path", name, bounds).unwrap();
        assert_eq!(
            (found.rows.len(), found.total),
            (rows, total),
            "{name} {bounds:?}"
        );
    }
    let (found, _) = read(&data(), "/path", "snappy.parquet", few(30)).unwrap();
    assert_eq!((found.rows.len(), found.total), (30, Some(60)));
    let small = Bounds { rows: 10, bytes: 5 };
    assert!(read(folder.path(), "/path", "a.json", small).is_err());
}

#[test]
fn a_report_has_everything() {
    let rows = |split: &str, from: usize, n: usize| {
        let mut csv = "id,review,source,label\n".to_owned();
        for n in from..from + n {
            let label = if n % 12 == 0 { "neg" } else { "pos" };
            let source = if n % 12 == 0 { "forum" } else { "shop" };
            let words = match n {
                5 | 7 => "the same".to_owned(),
                8 => "The  SAME".to_owned(),
                12 => format!("{split} review 13"),
                _ => format!("{split} review {n}"),
            };
            csv.push_str(&format!("{n},{words},{source},{label}\n"));
        }
        csv
    };
    let test = rows("train", 20, 4) + &rows("test", 100, 20)["id,review,source,label\n".len()..];
    let folder = folder(&[("train.csv", &rows("train", 0, 120)), ("test.csv", &test)]);
    let output = run(
        folder.path(),
        arguments(json!({"path": "/workspace/train.csv", "against": "test.csv", "offset": 11})),
    )
    .unwrap();
    let path = format!("{}/tests/golden/file.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("REVIEW").is_some() {
        fs::write(&path, text(&output)).unwrap();
    }
    assert_eq!(text(&output), fs::read_to_string(path).unwrap());
    let structured: Value = serde_json::from_str(output.structured.as_deref().unwrap()).unwrap();
    assert_eq!(structured["between"][0]["exact"], 4);
    let Some(Content::Image(image)) = output.content.get(1) else {
        panic!("no chart")
    };
    assert_eq!(
        image.alt,
        "Bar chart: rows of each class of label: pos 110, neg 10"
    );
}

#[test]
fn chats_of_a_file_are_checked() {
    let chat = |n: usize| match n {
        3 => {
            json!({"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "x"}]})
        }
        5 => {
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "user", "content": "b"}, {"role": "assistant", "content": "x"}]})
        }
        n => {
            json!({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": format!("question {n}")},
            {"role": "assistant", "content": format!("answer {n}")}]})
        }
    };
    let lines: String = (0..30).map(|n| format!("{}\n", chat(n))).collect();
    let folder = folder(&[("chats.jsonl", &lines)]);
    let output = run(
        folder.path(),
        arguments(json!({"path": "chats.jsonl", "sample_rows": 1})),
    )
    .unwrap();
    let path = format!("{}/tests/golden/chats.md", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("REVIEW").is_some() {
        fs::write(&path, text(&output)).unwrap();
    }
    assert_eq!(text(&output), fs::read_to_string(path).unwrap());
}

#[test]
fn arguments_are_checked() {
    let folder = folder(&[("a.csv", "a,b\n1,2\n"), ("c.csv", "c\n1\n")]);
    let table = [
        (json!({"path": "no.csv"}), "/path"),
        (json!({"path": "a.csv", "sample_rows": 0}), "/sample_rows"),
        (json!({"path": "a.csv", "sample_rows": 11}), "/sample_rows"),
        (json!({"path": "a.csv", "label": "x"}), "/label"),
        (json!({"path": "a.csv", "text": "x"}), "/text"),
        (json!({"path": "a.csv", "against": "no.csv"}), "/against"),
        (json!({"path": "a.csv", "against": "c.csv"}), "/against"),
    ];
    for (value, pointer) in table {
        let Err(Failure::InvalidArguments(errors)) = run(folder.path(), arguments(value.clone()))
        else {
            panic!("{value}")
        };
        assert_eq!(errors[0].pointer, pointer, "{value}");
    }
    assert!(
        run(
            folder.path(),
            arguments(json!({"path": "a.csv", "label": "b", "text": "a"}))
        )
        .is_ok()
    );
}
