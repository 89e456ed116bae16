//! `hf_repo_files`.

use serde_json::{Value, json};

use super::{Bench, DATASET, MODEL, golden, text};

/// A safetensors file of two tensors.
fn tensors() -> Vec<u8> {
    let header = br#"{"__metadata__":{"format":"pt"},"embed.weight":{"dtype":"F32","shape":[4,2],"data_offsets":[0,32]},"head.bias":{"dtype":"BF16","shape":[3],"data_offsets":[32,38]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header);
    file.extend_from_slice(&[0; 38]);
    file
}

#[test]
fn list_shows_paths_and_sizes() {
    let bench = Bench::new();
    let asked = json!({"operation": "list", "repo_id": DATASET, "repo_type": "dataset"});
    golden("list", &bench.files(&asked));
    let asked = json!({"operation": "list", "repo_id": DATASET, "repo_type": "dataset", "patterns": ["*.csv"]});
    golden("list-patterns", &bench.files(&asked));
    let asked = json!({"operation": "list", "repo_id": DATASET, "repo_type": "dataset", "path": "data/", "revision": "v1.0"});
    golden("list-path", &bench.files(&asked));
    let asked = json!({"operation": "list", "repo_id": DATASET, "repo_type": "dataset", "patterns": ["*.none"]});
    golden("list-none", &bench.files(&asked));
}

#[test]
fn list_goes_through_all_pages_and_is_paged_itself() {
    let bench = Bench::new();
    let long = "x".repeat(60);
    for number in 0..1_000 {
        bench.write(&format!("many/{number:04}-{long}.txt"), [b'a'; 7]);
    }
    let upload = json!({"operation": "upload", "repo_id": MODEL, "file": "many", "path": "many"});
    bench.files(&upload);
    for number in 0..30 {
        bench.write(&format!("few/{number:02}.txt"), [b'b'; 3]);
    }
    let upload = json!({"operation": "upload", "repo_id": MODEL, "file": "few", "path": "few"});
    bench.files(&upload);
    let mut whole = String::new();
    let mut offset = 0;
    loop {
        let asked =
            json!({"operation": "list", "repo_id": MODEL, "patterns": ["*.txt"], "offset": offset});
        let page = bench.files(&asked);
        assert!(page.chars().count() <= 16_000, "{}", page.chars().count());
        assert!(
            page.starts_with("**tabular-lab/cgb-wine** (1030 files matching *.txt, 7.1 kB)\n"),
            "{page}"
        );
        let (_, rest) = page.split_once("\n\n").unwrap();
        let Some((lines, note)) = rest.split_once("\n\n[") else {
            whole.push_str(rest);
            break;
        };
        whole.push_str(lines);
        whole.push('\n');
        let next = note.split("offset=").nth(1).unwrap();
        offset = next.split(' ').next().unwrap().parse().unwrap();
    }
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 1_030);
    assert!(lines.is_sorted());
    assert_eq!(lines[29], "few/29.txt (3 B)");
}

#[test]
fn read_shows_text_whole_or_in_pieces() {
    let bench = Bench::new();
    let asked = json!({"operation": "read", "repo_id": MODEL, "path": "config.json"});
    golden("read", &bench.files(&asked));
    let asked = json!({"operation": "read", "repo_id": MODEL, "path": "config.json", "max_chars": 100, "offset": 40});
    golden("read-piece", &bench.files(&asked));
    let asked =
        json!({"operation": "read", "repo_id": MODEL, "path": "config.json", "max_chars": 50_001});
    assert_eq!(
        bench.refused("hf_repo_files", &asked),
        "/max_chars: 1 to 50000 characters"
    );
}

#[test]
fn read_says_what_is_no_text() {
    let bench = Bench::new();
    bench.write("w/model.safetensors", tensors());
    bench.write("w/plot.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    bench.write("w/big.bin", "text that is kept apart\n".repeat(4_000));
    bench.write("w/empty.txt", "");
    bench.write(
        "w/run.ipynb",
        r##"{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{"cell_type":"markdown","source":["# Wine"]},{"cell_type":"code","source":["1 + 1"],"outputs":[{"output_type":"execute_result","data":{"text/plain":["2"]}}]}]}"##,
    );
    bench.files(&json!({"operation": "upload", "repo_id": MODEL, "file": "w", "path": "w"}));
    let read =
        |path: &str| bench.files(&json!({"operation": "read", "repo_id": MODEL, "path": path}));
    golden("read-safetensors", &read("w/model.safetensors"));
    golden("read-binary", &read("w/plot.png"));
    golden("read-notebook", &read("w/run.ipynb"));
    golden("read-empty", &read("w/empty.txt"));
    // Larger than the first look, and with the storage; a piece of it is read from there.
    let big = read("w/big.bin");
    assert!(big.contains("96,000 bytes, LFS, sha256 "), "{big}");
    assert!(
        big.ends_with("of 96000; call again with offset=15984 for more]"),
        "{big}"
    );
    let end = json!({"operation": "read", "repo_id": MODEL, "path": "w/big.bin", "offset": 95_976});
    assert!(bench.files(&end).ends_with("\n\ntext that is kept apart\n"));
    // The seeded weights have no header.
    let asked = json!({"operation": "read", "repo_id": MODEL, "path": "model.safetensors"});
    let why = bench.refused("hf_repo_files", &asked);
    assert!(why.starts_with("not a safetensors file: "), "{why}");
    // The token went to the Hub, and nowhere else.
    for asked in bench.hub.asked() {
        assert_eq!(
            asked.header("authorization").is_some(),
            asked.origin == "https://huggingface.co",
            "{}",
            asked.line()
        );
    }
}

#[test]
fn upload_of_text_shows_the_change_and_names_the_parent() {
    let bench = Bench::new();
    let before = bench.head("model", MODEL);
    let new = bench
        .file("model", MODEL, "main", "config.json")
        .unwrap()
        .replace("\"max_depth\": 4", "\"max_depth\": 6");
    let asked = json!({"operation": "upload", "repo_id": MODEL, "path": "config.json", "content": new, "commit_message": "Deeper trees"});
    golden("upload", &bench.files(&asked));
    assert_eq!(
        bench.file("model", MODEL, "main", "config.json").as_deref(),
        Some(new.as_str())
    );
    let commits = bench.hub.repo("model", MODEL).unwrap().commits;
    assert_eq!(commits[0], "Deeper trees");
    let sent = bench.hub.asked();
    let commit = sent
        .iter()
        .find(|asked| asked.path.contains("/commit/"))
        .unwrap();
    assert_eq!(commit.header("content-type"), Some("application/x-ndjson"));
    let header: Value =
        serde_json::from_slice(commit.body.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(
        header,
        json!({"key": "header", "value": {"summary": "Deeper trees", "description": "", "parentCommit": before}})
    );

    // The same again changes nothing.
    golden("upload-same", &bench.files(&asked));
    assert_eq!(bench.hub.repo("model", MODEL).unwrap().commits, commits);

    // Nor does what was made of something older.
    let stale = json!({"operation": "upload", "repo_id": MODEL, "path": "config.json", "content": "{}", "parent_commit": before});
    let why = bench.refused("hf_repo_files", &stale);
    assert!(
        why.starts_with("nothing was uploaded: main is at "),
        "{why}"
    );
    assert_eq!(bench.hub.repo("model", MODEL).unwrap().commits, commits);
    let now = bench.head("model", MODEL);
    let fresh = json!({"operation": "upload", "repo_id": MODEL, "path": "x.txt", "content": "x", "parent_commit": &now[..12]});
    bench.files(&fresh);
}

#[test]
fn upload_of_a_folder_is_one_commit_with_large_files_apart() {
    let bench = Bench::new();
    bench.write("out/model.safetensors", tensors());
    bench.write("out/sub/notes.txt", "a note\n");
    bench.write("out/sub/skip.log", "noise\n");
    bench.write(
        "out/config.json",
        bench.file("model", MODEL, "main", "config.json").unwrap(),
    );
    bench.asked();
    let asked = json!({"operation": "upload", "repo_id": MODEL, "file": "out", "patterns": ["*.safetensors", "*.txt", "*.json"]});
    let output = bench.call("hf_repo_files", &asked).unwrap();
    golden("upload-folder", &text(&output));
    let structured: Value = serde_json::from_str(output.structured.as_deref().unwrap()).unwrap();
    assert_eq!(structured["count"], 2);
    let files = bench.hub.files("model", MODEL, "main").unwrap();
    assert_eq!(files["model.safetensors"], tensors());
    assert_eq!(files["sub/notes.txt"], b"a note\n");
    assert!(!files.contains_key("sub/skip.log"));
    let requests = bench.asked();
    let expected = [
        "GET /api/models/tabular-lab/cgb-wine/revision/main",
        "POST /api/models/tabular-lab/cgb-wine/preupload/main",
        "POST /api/models/tabular-lab/cgb-wine/paths-info/",
        "POST /tabular-lab/cgb-wine.git/info/lfs/objects/batch",
        "PUT /repos/",
        "POST /tabular-lab/cgb-wine.git/info/lfs/objects/verify",
        "POST /api/models/tabular-lab/cgb-wine/commit/main",
    ];
    assert_eq!(requests.len(), expected.len(), "{requests:?}");
    for (request, expected) in requests.iter().zip(expected) {
        assert!(request.starts_with(expected), "{request}");
    }

    // Storage has it: another repository gets it without another upload.
    let asked = json!({"operation": "upload", "repo_id": DATASET, "repo_type": "dataset", "file": "out/model.safetensors", "path": "weights/"});
    golden("upload-file", &bench.files(&asked));
    assert!(
        bench
            .asked()
            .iter()
            .all(|request| !request.starts_with("PUT"))
    );
    let files = bench.hub.files("dataset", DATASET, "main").unwrap();
    assert_eq!(files["weights/model.safetensors"], tensors());
}

#[test]
fn upload_as_a_pull_request_and_to_one() {
    let bench = Bench::new();
    let before = bench.hub.files("model", MODEL, "main");
    let asked = json!({"operation": "upload", "repo_id": MODEL, "path": "docs/a.md", "content": "A\n", "create_pr": true});
    golden("upload-pr", &bench.files(&asked));
    assert_eq!(bench.hub.files("model", MODEL, "main"), before);
    assert_eq!(
        bench
            .file("model", MODEL, "refs/pr/1", "docs/a.md")
            .as_deref(),
        Some("A\n")
    );
    let asked = json!({"operation": "upload", "repo_id": MODEL, "path": "docs/a.md", "content": "B\n", "revision": "refs/pr/1"});
    golden("upload-to-pr", &bench.files(&asked));
    assert_eq!(
        bench
            .file("model", MODEL, "refs/pr/1", "docs/a.md")
            .as_deref(),
        Some("B\n")
    );
    let read = json!({"operation": "read", "repo_id": MODEL, "path": "docs/a.md", "revision": "refs/pr/1"});
    assert!(bench.files(&read).ends_with("\n\nB\n"));
}

#[test]
fn a_card_is_checked_before_anything_is_sent() {
    let bench = Bench::new();
    let before = bench.hub.repo("model", MODEL);
    let bad = json!({"operation": "upload", "repo_id": MODEL, "path": "README.md", "content": "---\nlicense: mit\n"});
    golden("upload-bad-card", &bench.refused("hf_repo_files", &bad));
    assert_eq!(bench.hub.repo("model", MODEL), before);

    // Nothing of ours is put in unless that is asked for.
    let plain = json!({"operation": "upload", "repo_id": MODEL, "path": "README.md", "content": "# Wine\n"});
    golden("upload-card", &bench.files(&plain));
    assert_eq!(
        bench.file("model", MODEL, "main", "README.md").as_deref(),
        Some("# Wine\n")
    );
    let marked = json!({"operation": "upload", "repo_id": MODEL, "path": "README.md", "content": "---\nlicense: mit\n---\n# Wine\n", "provenance": true});
    golden("upload-marked-card", &bench.files(&marked));
    assert_eq!(
        bench.file("model", MODEL, "main", "README.md").as_deref(),
        Some("---\nlicense: mit\ntags:\n- ml-intern\n---\n# Wine\n")
    );
    // A README further down is no card.
    bench.asked();
    let below = json!({"operation": "upload", "repo_id": MODEL, "path": "docs/README.md", "content": "---\nlicense: mit\n"});
    bench.files(&below);
    assert!(
        bench
            .asked()
            .iter()
            .all(|request| !request.contains("validate-yaml"))
    );
}

#[test]
fn delete_takes_what_patterns_take_and_lists_it() {
    let bench = Bench::new();
    let asked = json!({"operation": "delete", "repo_id": DATASET, "repo_type": "dataset", "patterns": ["data/"]});
    let before = bench.head("dataset", DATASET);
    golden("delete", &bench.files(&asked));
    let left: Vec<String> = bench
        .hub
        .files("dataset", DATASET, "main")
        .unwrap()
        .into_keys()
        .collect();
    assert_eq!(left, [".gitattributes", "README.md"]);
    assert_eq!(
        bench.hub.files("dataset", DATASET, &before).unwrap().len(),
        4
    );

    let refused = |patterns: Value| {
        let asked = json!({"operation": "delete", "repo_id": DATASET, "repo_type": "dataset", "patterns": patterns});
        bench.refused("hf_repo_files", &asked)
    };
    let commits = bench.hub.repo("dataset", DATASET).unwrap().commits;
    for (patterns, expected) in [
        (
            json!([]),
            "/patterns: one pattern or more, none of them empty",
        ),
        (
            json!([""]),
            "/patterns: one pattern or more, none of them empty",
        ),
        (
            json!(["README.md", "*.csv"]),
            "nothing was deleted: no file on main is taken by the pattern \"*.csv\"",
        ),
        (
            json!(["*"]),
            "nothing was deleted: * would take every file (1 file); if that is meant, say \"**\"",
        ),
    ] {
        assert_eq!(refused(patterns), expected);
    }
    assert_eq!(bench.hub.repo("dataset", DATASET).unwrap().commits, commits);

    let asked = json!({"operation": "delete", "repo_id": DATASET, "repo_type": "dataset", "patterns": ["**"], "create_pr": true});
    golden("delete-pr", &bench.files(&asked));
    let asked = json!({"operation": "delete", "repo_id": DATASET, "repo_type": "dataset", "patterns": ["**"], "commit_message": "Start anew"});
    bench.files(&asked);
    let left: Vec<String> = bench
        .hub
        .files("dataset", DATASET, "main")
        .unwrap()
        .into_keys()
        .collect();
    assert_eq!(left, [".gitattributes"]);
    assert_eq!(
        bench.hub.repo("dataset", DATASET).unwrap().commits[0],
        "Start anew"
    );
}

#[test]
fn arguments_that_do_not_fit_send_nothing() {
    let bench = Bench::new();
    let table = [
        (
            json!({"operation": "list", "repo_id": "a/b/c"}),
            "/repo_id: a repository's name, as `organisation/name`: letters, digits, `-`, `_` and `.`",
        ),
        (
            json!({"operation": "list", "repo_id": MODEL, "offset": "10"}),
            "/offset: invalid type: string \"10\", expected usize",
        ),
        (
            json!({"operation": "read", "repo_id": MODEL}),
            "/path: a value: it is required",
        ),
        (
            json!({"operation": "read", "repo_id": MODEL, "path": "../x"}),
            "/path: a path in the repository, as `folder/file.txt`: relative, without `.`, `..`, `.git`, backslashes and empty parts",
        ),
        (
            json!({"operation": "read", "repo_id": MODEL, "path": "x", "revision": "a..b"}),
            "/revision: a branch, a tag, a commit or refs/pr/<number>",
        ),
        (
            json!({"operation": "upload", "repo_id": MODEL, "path": "x"}),
            "/content: either content (text) or file (a path in the workspace)",
        ),
        (
            json!({"operation": "upload", "repo_id": MODEL, "path": "x", "content": "y", "file": "z"}),
            "/content: either content (text) or file (a path in the workspace)",
        ),
        (
            json!({"operation": "upload", "repo_id": MODEL, "content": "y"}),
            "/path: where content goes in the repository: it is required with content",
        ),
        (
            json!({"operation": "upload", "repo_id": MODEL, "file": "../y"}),
            "/file: a path in the workspace, as `out/model.safetensors` or `out`",
        ),
        (
            json!({"operation": "delete", "repo_id": MODEL}),
            "/patterns: a value: it is required",
        ),
        (
            json!({"operation": "list", "repo_id": MODEL, "content": "x"}),
            "/content: no such argument; the known are: one of `repo_id`, `repo_type`, `revision`, `path`, `patterns`, `offset`",
        ),
    ];
    for (arguments, expected) in table {
        assert_eq!(bench.refused("hf_repo_files", &arguments), expected);
    }
    assert_eq!(bench.asked(), Vec::<String>::new());
}
