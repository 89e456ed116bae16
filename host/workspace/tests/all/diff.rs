//! What was done in the copy, and the exact text that tells it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::common::{place, write};
use ml_intern_workspace::Content;

/// What is done to the copy, and what the diff says then.
type Row = (&'static str, fn(&Path), &'static str);

#[test]
fn every_change_has_its_line() {
    let table: [Row; 24] = [
        ("nothing", |_| {}, ""),
        (
            "a file is deleted",
            |r| fs::remove_file(r.join("a.py")).unwrap(),
            "D a.py\n",
        ),
        (
            "a text is changed",
            |r| write(r, "a.py", "1\ntwo\n3\n4\n"),
            "M a.py (+2 -1)\n",
        ),
        (
            "a text is emptied",
            |r| write(r, "a.py", ""),
            "M a.py (+0 -3)\n",
        ),
        (
            "its last newline is removed",
            |r| write(r, "a.py", "1\n2\n3"),
            "M a.py (+1 -1)\n",
        ),
        (
            "its line endings are changed",
            |r| write(r, "a.py", "1\r\n2\r\n3\r\n"),
            "M a.py (+3 -3)\n",
        ),
        (
            "a text becomes binary",
            |r| write(r, "a.py", b"\0"),
            "M a.py (6 B -> 1 B)\n",
        ),
        (
            "a text becomes something else",
            |r| write(r, "a.py", b"\xff"),
            "M a.py (6 B -> 1 B)\n",
        ),
        (
            "a binary file is changed",
            |r| write(r, "bin", b"\0\x02"),
            "M bin (2 B -> 2 B)\n",
        ),
        (
            "a file is added",
            |r| write(r, "b.py", "x\n".repeat(6298)),
            "A b.py (12.3 KiB)\n",
        ),
        (
            "a binary file is added",
            |r| write(r, "b", [0; 1024]),
            "A b (1.0 KiB)\n",
        ),
        (
            "a file is added in a new directory",
            |r| write(r, "x/y/z", ""),
            "A x/y/z (0 B)\n",
        ),
        (
            "a directory is added",
            |r| fs::create_dir_all(r.join("x/y")).unwrap(),
            "A x/y/\n",
        ),
        (
            "a directory is deleted",
            |r| fs::remove_dir_all(r.join("dir")).unwrap(),
            "D dir/one\nD dir/sub/two\n",
        ),
        (
            "an empty directory is deleted",
            |r| fs::remove_dir(r.join("empty")).unwrap(),
            "D empty/\n",
        ),
        (
            "a directory is emptied",
            |r| fs::remove_file(r.join("dir/sub/two")).unwrap(),
            "D dir/sub/two\n",
        ),
        (
            "a directory is renamed",
            |r| fs::rename(r.join("dir/sub"), r.join("new")).unwrap(),
            "D dir/sub/two\nA new/two (2 B)\n",
        ),
        (
            "a symlink is deleted",
            |r| fs::remove_file(r.join("link")).unwrap(),
            "D link\n",
        ),
        (
            "a symlink is added",
            |r| symlink("a.py", r.join("l")).unwrap(),
            "A l -> a.py\n",
        ),
        (
            "a symlink gets another target",
            |r| {
                fs::remove_file(r.join("link")).unwrap();
                symlink("bin", r.join("link")).unwrap();
            },
            "M link -> bin\n",
        ),
        (
            "a file becomes a symlink",
            |r| {
                fs::remove_file(r.join("a.py")).unwrap();
                symlink("bin", r.join("a.py")).unwrap();
            },
            "D a.py\nA a.py -> bin\n",
        ),
        (
            "a file becomes a directory",
            |r| {
                fs::remove_file(r.join("a.py")).unwrap();
                write(r, "a.py/inner", "");
            },
            "D a.py\nA a.py/inner (0 B)\n",
        ),
        (
            "only times and permissions are changed",
            |r| {
                let file = File::options().write(true).open(r.join("a.py")).unwrap();
                file.set_modified(std::time::UNIX_EPOCH).unwrap();
                file.set_permissions(fs::Permissions::from_mode(0o777))
                    .unwrap();
            },
            "",
        ),
        (
            "much at once: deletions first, each in the order of paths",
            |r| {
                write(r, "aa", "");
                write(r, "0", "");
                write(r, "bin", "");
                write(r, "a.py", "1\n3\n");
                fs::remove_file(r.join("dir/sub/two")).unwrap();
                fs::remove_file(r.join("dir/one")).unwrap();
            },
            "D dir/one\nD dir/sub/two\nM a.py (+0 -1)\nM bin (2 B -> 0 B)\nA 0 (0 B)\nA aa (0 B)\n",
        ),
    ];
    let place = place();
    write(&place.source, "a.py", "1\n2\n3\n");
    write(&place.source, "bin", b"\0\x01");
    write(&place.source, "dir/one", "1\n");
    write(&place.source, "dir/sub/two", "2\n");
    fs::create_dir(place.source.join("empty")).unwrap();
    symlink("a.py", place.source.join("link")).unwrap();
    for (what, change, expected) in table {
        let staged = place.stage();
        change(staged.root());
        let diff = staged.diff().unwrap();
        assert_eq!(diff.to_string(), expected, "{what}");
        assert_eq!(diff.is_empty(), expected.is_empty(), "{what}");
    }
}

#[test]
fn contents_tell_even_where_size_and_time_do_not() {
    let place = place();
    write(&place.source, "a", "old\n");
    let staged = place.stage();
    let path = staged.root().join("a");
    let time = path.metadata().unwrap().modified().unwrap();
    fs::write(&path, "new\n").unwrap();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(staged.diff().unwrap().to_string(), "M a (+1 -1)\n");
}

#[test]
fn a_text_has_a_unified_diff() {
    let place = place();
    let old: String = (1..=20).map(|n| format!("{n}\n")).collect();
    write(&place.source, "a", &old);
    write(&place.source, "gone", "x\ny\n");
    let staged = place.stage();
    write(staged.root(), "a", old.replace("10\n", "ten\n").trim_end());
    fs::remove_file(staged.root().join("gone")).unwrap();
    write(staged.root(), "new", "z\n");
    let diff = staged.diff().unwrap();
    let unified = |changes: &[ml_intern_workspace::Change]| match &changes[0].content {
        Content::Text(patch) => patch.unified.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        unified(&diff.modified),
        "@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n\
         @@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+20\n\\ No newline at end of file\n"
    );
    assert_eq!(unified(&diff.deleted), "@@ -1,2 +0,0 @@\n-x\n-y\n");
    assert_eq!(unified(&diff.added), "@@ -0,0 +1 @@\n+z\n");
}

#[test]
fn a_text_is_compared_up_to_a_length() {
    let place = place();
    let longest = 256 << 10;
    write(&place.source, "fits", "x".repeat(longest - 1));
    write(&place.source, "too-long", "x".repeat(longest));
    let staged = place.stage();
    write(staged.root(), "fits", "x".repeat(longest));
    write(staged.root(), "too-long", "x".repeat(longest + 1));
    assert_eq!(
        staged.diff().unwrap().to_string(),
        "M fits (+1 -1)\nM too-long (256.0 KiB -> 256.0 KiB)\n"
    );
}

#[test]
fn all_texts_are_compared_up_to_a_length() {
    let place = place();
    let staged = place.stage();
    for n in 0..65 {
        write(
            staged.root(),
            &format!("{n:02}"),
            "0123456\n".repeat(32 << 10),
        );
    }
    let diff = staged.diff().unwrap();
    let texts = diff
        .added
        .iter()
        .map(|change| matches!(change.content, Content::Text(_)));
    let expected = (0..65).map(|n| n < 64);
    assert!(texts.eq(expected), "{diff}");
}

/// The old text is kept: what becomes of the source meanwhile is not taken for it.
#[test]
fn a_source_that_was_changed_meanwhile_is_not_compared_with() {
    let place = place();
    write(&place.source, "changed", "old\n");
    write(&place.source, "removed", "old\n");
    let staged = place.stage();
    for name in ["changed", "removed"] {
        write(staged.root(), name, "newer\n");
    }
    write(&place.source, "changed", "foreign\n");
    fs::remove_file(place.source.join("removed")).unwrap();
    let diff = staged.diff().unwrap();
    assert_eq!(diff.to_string(), "M changed (+1 -1)\nM removed (+1 -1)\n");
    for change in &diff.modified {
        let Content::Text(patch) = &change.content else {
            panic!("{change:?}");
        };
        assert_eq!(patch.unified, "@@ -1 +1 @@\n-old\n+newer\n");
    }
}

#[test]
fn no_name_forges_a_line() {
    let place = place();
    let staged = place.stage();
    fs::write(staged.root().join(OsStr::from_bytes(b"a\nD b\xff")), "").unwrap();
    symlink("x\nA y", staged.root().join("l")).unwrap();
    assert_eq!(
        staged.diff().unwrap().to_string(),
        "A a\\nD b\\xff (0 B)\nA l -> x\\nA y\n"
    );
}

#[test]
fn every_deletion_is_named() {
    let mut place = place();
    place.options.max_files = 5000;
    for n in 0..3000 {
        write(&place.source, &format!("dir/{n:04}"), "");
    }
    let staged = place.stage();
    fs::remove_dir_all(staged.root().join("dir")).unwrap();
    let expected: String = (0..3000).map(|n| format!("D dir/{n:04}\n")).collect();
    assert_eq!(staged.diff().unwrap().to_string(), expected);
}

#[test]
fn what_is_no_file_is_seen_and_not_opened() {
    let place = place();
    let staged = place.stage();
    let pipe = staged.root().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    symlink("/etc/passwd", staged.root().join("escape")).unwrap();
    assert_eq!(
        staged.diff().unwrap().to_string(),
        "A escape -> /etc/passwd\nA pipe (special)\n"
    );
}
