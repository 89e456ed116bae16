//! What goes back to the user, what does not, and what undoes it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ml_intern_workspace::{CommitError, Committed, Protected, Selection, Staged};
use rustix::fs::{CWD, RenameFlags};

use crate::common::{place, shape, tree, write};

fn commit(staged: &Staged) -> Result<Committed, CommitError> {
    staged.commit(&Selection::All, &Protected::default())
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.to_str().unwrap()).collect()
}

/// The source has one of everything.
fn fill(source: &Path) {
    write(source, "a.py", "1\n");
    write(source, "b.py", "1\n");
    write(source, "dir/one", "1");
    write(source, "dir/sub/two", "2");
    write(source, "run.sh", "#!/bin/sh\n");
    write(source, ".git/config", "private");
    fs::set_permissions(source.join("run.sh"), Permissions::from_mode(0o750)).unwrap();
    fs::create_dir(source.join("empty")).unwrap();
    symlink("a.py", source.join("link")).unwrap();
}

#[test]
fn everything_that_changed_is_committed_and_nothing_else() {
    let place = place();
    fill(&place.source);
    let staged = place.stage();
    let root = staged.root();
    write(root, "a.py", "2\n");
    fs::remove_file(root.join("run.sh")).unwrap();
    write(root, "run.sh", "#!/bin/bash\n");
    fs::remove_dir_all(root.join("dir")).unwrap();
    fs::remove_dir(root.join("empty")).unwrap();
    fs::create_dir(root.join("void")).unwrap();
    write(root, "new/deep/file", "new");
    fs::remove_file(root.join("link")).unwrap();
    symlink("b.py", root.join("link")).unwrap();
    let before = fs::metadata(place.source.join("b.py")).unwrap();

    let committed = commit(&staged).unwrap();
    assert_eq!(
        names(&committed.deleted),
        ["dir", "dir/one", "dir/sub", "dir/sub/two", "empty"]
    );
    assert_eq!(names(&committed.modified), ["a.py", "link", "run.sh"]);
    assert_eq!(
        names(&committed.added),
        ["new", "new/deep", "new/deep/file", "void"]
    );
    let mut expected = shape(root);
    let kept = [".git", ".git/config"].map(PathBuf::from);
    let mut now = shape(&place.source);
    now.retain(|(path, _)| !kept.contains(path));
    expected.sort_unstable();
    assert_eq!(now, expected);
    // A file keeps its own permission bits; what was not changed was not touched.
    let mode = |path: &str| place.source.join(path).metadata().unwrap().mode() & 0o777;
    assert_eq!(mode("run.sh"), 0o750);
    let after = fs::metadata(place.source.join("b.py")).unwrap();
    assert_eq!(
        (before.ino(), before.ctime_nsec()),
        (after.ino(), after.ctime_nsec())
    );
    // What was committed is not different any more.
    assert!(staged.diff().unwrap().is_empty());
    assert!(matches!(commit(&staged), Err(CommitError::Nothing)));
}

#[test]
fn commits_follow_each_other_and_are_undone() {
    let place = place();
    fill(&place.source);
    let staged = place.stage();
    let mut states = vec![tree(&place.source)];
    let mut ids = Vec::new();
    for turn in 1..4 {
        write(staged.root(), "a.py", format!("{turn}"));
        write(staged.root(), &format!("new-{turn}"), "");
        if turn == 2 {
            fs::remove_dir_all(staged.root().join("dir")).unwrap();
        }
        ids.push(commit(&staged).unwrap().id);
        states.push(tree(&place.source));
    }
    // Not in the middle: a later one has changed the same file.
    let error = staged.undo_commit(ids[0]).unwrap_err();
    assert!(matches!(error, CommitError::Conflicts { .. }), "{error}");
    assert_eq!(tree(&place.source), states[3]);
    for turn in (1..4).rev() {
        let undone = staged.undo_commit(ids[turn - 1]).unwrap();
        assert_eq!(undone.undoes, Some(ids[turn - 1]));
        assert_eq!(tree(&place.source), states[turn - 1], "{turn}");
    }
    // An undo is undone like any other.
    let last = staged.commits().last().unwrap().id;
    staged.undo_commit(last).unwrap();
    assert_eq!(tree(&place.source), states[1]);
    assert!(matches!(
        staged.undo_commit("99".parse().unwrap()),
        Err(CommitError::NoCommit { .. })
    ));
    // The copy was not touched by any of this.
    assert_eq!(fs::read_to_string(staged.root().join("a.py")).unwrap(), "3");
}

#[test]
fn a_commit_can_be_of_some_files() {
    let place = place();
    fill(&place.source);
    let staged = place.stage();
    let root = staged.root();
    write(root, "a.py", "2\n");
    write(root, "b.py", "2\n");
    write(root, "new/deep/file", "new");
    write(root, "new/other", "new");
    fs::remove_dir_all(root.join("dir")).unwrap();
    let some = |paths: &[&str]| {
        let selection = Selection::paths(paths.iter().copied());
        staged.commit(&selection, &Protected::default())
    };
    let committed = some(&["b.py", "new/deep/file"]).unwrap();
    assert_eq!(names(&committed.modified), ["b.py"]);
    assert_eq!(
        names(&committed.added),
        ["new", "new/deep", "new/deep/file"]
    );
    assert_eq!(
        staged.diff().unwrap().to_string(),
        "D dir/one\nD dir/sub/two\nM a.py (+1 -1)\nA new/other (3 B)\n"
    );
    // The last file takes its directory with it.
    let committed = some(&["dir/sub/two"]).unwrap();
    assert_eq!(names(&committed.deleted), ["dir/sub", "dir/sub/two"]);
    let committed = some(&["dir"]).unwrap();
    assert_eq!(names(&committed.deleted), ["dir", "dir/one"]);
    assert_eq!(
        staged.diff().unwrap().to_string(),
        "M a.py (+1 -1)\nA new/other (3 B)\n"
    );
    let error = some(&["a.py", "dir/one"]).unwrap_err().to_string();
    assert_eq!(error, "dir/one: not changed, so there is nothing to commit");
    some(&["a.py", "new"]).unwrap();
    assert!(staged.diff().unwrap().is_empty());
}

#[test]
fn what_needs_another_change_says_so() {
    let place = place();
    write(&place.source, "file", "");
    write(&place.source, "dir/inner", "");
    let staged = place.stage();
    fs::remove_file(staged.root().join("file")).unwrap();
    write(staged.root(), "file/inner", "");
    fs::remove_dir_all(staged.root().join("dir")).unwrap();
    write(staged.root(), "dir", "");
    let before = tree(&place.source);
    let table = [
        // A directory brings what it needs: the selection is of what is in it, too.
        ("file", None),
        (
            "file/inner",
            Some("file/inner: cannot be committed without file"),
        ),
        ("dir", None),
        ("dir/inner", None),
    ];
    for (path, expected) in table {
        let result = staged.commit(&Selection::paths([path]), &Protected::default());
        match expected {
            Some(expected) => {
                assert_eq!(result.unwrap_err().to_string(), expected, "{path}");
                assert_eq!(tree(&place.source), before);
            }
            None => {
                let id = result.unwrap().id;
                staged.undo_commit(id).unwrap();
                assert_eq!(tree(&place.source), before);
            }
        }
    }
}

/// What somebody does to the source meanwhile, and what the commit says then.
type Row = (&'static str, fn(&Path), &'static [&'static str]);

#[test]
fn a_conflict_stops_the_whole_commit_and_all_are_listed() {
    const CHANGED: &str = "somebody else has changed it meanwhile";
    let table: [Row; 12] = [
        (
            "changed",
            |s| write(s, "a.py", "mine"),
            &["a.py: somebody else has changed it meanwhile"],
        ),
        (
            "even to what is staged",
            |s| write(s, "a.py", "2\n"),
            &["a.py: somebody else has changed it meanwhile"],
        ),
        (
            "removed",
            |s| fs::remove_file(s.join("a.py")).unwrap(),
            &["a.py: somebody else has removed it meanwhile"],
        ),
        (
            "what is deleted was changed",
            |s| write(s, "b.py", "mine"),
            &["b.py: somebody else has changed it meanwhile"],
        ),
        (
            "what is new is there",
            |s| write(s, "new/file", "mine"),
            &["new/file: somebody else has made it meanwhile"],
        ),
        (
            "what is new is a file there",
            |s| write(s, "new", "mine"),
            &["new: somebody else has made it meanwhile"],
        ),
        (
            "a symlink instead",
            |s| {
                fs::remove_file(s.join("a.py")).unwrap();
                symlink("b.py", s.join("a.py")).unwrap();
            },
            &["a.py: somebody else has made it another kind of thing meanwhile"],
        ),
        (
            "its directory is gone",
            |s| fs::remove_dir_all(s.join("dir")).unwrap(),
            &["dir: somebody else has removed it meanwhile"],
        ),
        (
            "its directory is a symlink, even to the same",
            |s| {
                fs::rename(s.join("dir"), s.join("elsewhere")).unwrap();
                symlink("elsewhere", s.join("dir")).unwrap();
            },
            &["dir: somebody else has made it another kind of thing meanwhile"],
        ),
        (
            "much at once",
            |s| {
                write(s, "b.py", "mine");
                write(s, "a.py", "mine");
                fs::remove_file(s.join("link")).unwrap();
            },
            &[
                "a.py: somebody else has changed it meanwhile",
                "b.py: somebody else has changed it meanwhile",
                "link: somebody else has removed it meanwhile",
            ],
        ),
        ("something else", |s| write(s, "run.sh", "mine"), &[]),
        (
            "only permission bits",
            |s| fs::set_permissions(s.join("a.py"), Permissions::from_mode(0o600)).unwrap(),
            &[],
        ),
    ];
    assert!(
        table
            .iter()
            .any(|row| row.2.iter().any(|line| line.ends_with(CHANGED)))
    );
    for (what, meanwhile, expected) in table {
        let place = place();
        fill(&place.source);
        let staged = place.stage();
        let root = staged.root();
        write(root, "a.py", "2\n");
        fs::remove_file(root.join("b.py")).unwrap();
        write(root, "new/file", "new");
        write(root, "dir/more", "new");
        fs::remove_file(root.join("link")).unwrap();
        meanwhile(&place.source);
        let before = tree(&place.source);
        let result = commit(&staged);
        if expected.is_empty() {
            result.unwrap();
            continue;
        }
        match result {
            Err(CommitError::Conflicts { conflicts }) => {
                let lines: Vec<_> = conflicts.iter().map(ToString::to_string).collect();
                assert_eq!(lines, expected, "{what}");
            }
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(tree(&place.source), before, "{what}");
        assert!(staged.commits().is_empty());
    }
}

#[test]
fn an_undo_refuses_what_was_changed_since() {
    let place = place();
    fill(&place.source);
    let staged = place.stage();
    write(staged.root(), "a.py", "2\n");
    write(staged.root(), "new", "new");
    let id = commit(&staged).unwrap().id;
    write(&place.source, "new", "mine");
    let before = tree(&place.source);
    let error = staged.undo_commit(id).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing was committed: some files were changed meanwhile\n  new: somebody else has changed it meanwhile"
    );
    assert_eq!(tree(&place.source), before);
    write(&place.source, "new", "new");
    staged.undo_commit(id).unwrap();
    assert_eq!(
        fs::read_to_string(place.source.join("a.py")).unwrap(),
        "1\n"
    );
}

#[test]
fn a_directory_stays_as_long_as_something_else_is_in_it() {
    let place = place();
    fill(&place.source);
    write(&place.source, "dir/.git/config", "private");
    let staged = place.stage();
    fs::remove_dir_all(staged.root().join("dir")).unwrap();
    commit(&staged).unwrap();
    let left: Vec<_> = tree(&place.source.join("dir"))
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(left, [Path::new(".git"), Path::new(".git/config")]);
    // It cannot become a file, then.
    write(staged.root(), "dir", "file");
    let error = commit(&staged).unwrap_err();
    assert!(matches!(error, CommitError::Conflicts { .. }), "{error}");
}

#[test]
fn directories_that_somebody_has_made_or_removed_already_are_no_conflict() {
    let place = place();
    fs::create_dir(place.source.join("empty")).unwrap();
    let staged = place.stage();
    fs::remove_dir(staged.root().join("empty")).unwrap();
    fs::create_dir(staged.root().join("new")).unwrap();
    write(staged.root(), "file", "");
    fs::remove_dir(place.source.join("empty")).unwrap();
    fs::create_dir(place.source.join("new")).unwrap();
    let committed = commit(&staged).unwrap();
    assert_eq!(names(&committed.added), ["file"]);
    assert!(committed.deleted.is_empty() && committed.modified.is_empty());
    assert!(staged.diff().unwrap().is_empty());
    staged.undo_commit(committed.id).unwrap();
    let left: Vec<_> = tree(&place.source)
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(left, [Path::new("new")]);
}

#[test]
fn a_protected_path_stops_the_whole_commit() {
    let place = place();
    fill(&place.source);
    write(&place.source, ".bashrc", "");
    let staged = place.stage();
    let root = staged.root();
    write(root, "a.py", "2\n");
    write(root, ".git/hooks/pre-commit", "#!/bin/sh\n");
    write(root, ".github/workflows/ci.yml", "on: push\n");
    fs::remove_file(root.join(".bashrc")).unwrap();
    let before = tree(&place.source);
    let error = commit(&staged).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing was committed: some paths are protected\n  \
         .bashrc: protected by `.bashrc`: a shell runs it\n  \
         .git: protected by `.git`: version control runs its hooks and filters\n  \
         .git/hooks: protected by `.git`: version control runs its hooks and filters\n  \
         .git/hooks/pre-commit: protected by `.git`: version control runs its hooks and filters\n  \
         .github/workflows: protected by `**/.github/workflows`: continuous integration runs it, with secrets\n  \
         .github/workflows/ci.yml: protected by `**/.github/workflows`: continuous integration runs it, with secrets"
    );
    assert_eq!(tree(&place.source), before);
    // The rest can be committed without them,
    let rest = Selection::paths(["a.py"]);
    staged.commit(&rest, &Protected::default()).unwrap();
    assert_eq!(
        fs::read_to_string(place.source.join("a.py")).unwrap(),
        "2\n"
    );
    // and they too, where the user says so.
    let allowed = Protected::default()
        .allow([".bashrc", "**/.github/workflows"])
        .unwrap();
    let some = Selection::paths([".bashrc", ".github"]);
    staged.commit(&some, &allowed).unwrap();
    assert!(place.source.join(".github/workflows/ci.yml").exists());
    staged
        .commit(&Selection::All, &Protected::nothing())
        .unwrap();
    assert!(place.source.join(".git/hooks/pre-commit").exists());
    assert_eq!(
        fs::read_to_string(place.source.join(".git/config")).unwrap(),
        "private"
    );
}

#[test]
fn symlinks_out_and_what_is_no_file_are_not_committed() {
    let place = place();
    write(&place.source, "dir/file", "");
    let staged = place.stage();
    let root = staged.root();
    symlink("dir/file", root.join("inside")).unwrap();
    commit(&staged).unwrap();
    assert!(place.source.join("inside").is_symlink());
    symlink("/etc/passwd", root.join("absolute")).unwrap();
    symlink("../../..", root.join("dir/outside")).unwrap();
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(CWD, root.join("pipe"), kind, mode, 0).unwrap();
    assert_eq!(
        staged
            .commit(&Selection::All, &Protected::nothing())
            .unwrap_err()
            .to_string(),
        "nothing was committed: some paths are protected\n  \
         absolute: protected by `symlink`: it would lead out of the workspace\n  \
         dir/outside: protected by `symlink`: it would lead out of the workspace\n  \
         pipe: protected by `special`: a pipe, socket or device is no file"
    );
}

#[test]
fn names_of_any_bytes_are_committed() {
    let place = place();
    let names: [&[u8]; 4] = [b"new\nline", b"\xff\xfe", b" ", b"-rf"];
    let staged = place.stage();
    for name in names {
        fs::write(staged.root().join(OsStr::from_bytes(name)), name).unwrap();
    }
    let id = commit(&staged).unwrap().id;
    for name in names {
        assert_eq!(
            fs::read(place.source.join(OsStr::from_bytes(name))).unwrap(),
            name
        );
    }
    let directory = staged.directory().to_owned();
    drop(staged);
    Staged::open(&directory).unwrap().undo_commit(id).unwrap();
    assert_eq!(tree(&place.source), []);
}

/// The file mask, not the tool, says what something new is.
#[test]
fn something_new_has_ordinary_permission_bits() {
    let place = place();
    let staged = place.stage();
    write(staged.root(), "dir/new", "");
    fs::set_permissions(
        staged.root().join("dir/new"),
        Permissions::from_mode(0o4777),
    )
    .unwrap();
    commit(&staged).unwrap();
    write(&place.source, "other/file", "");
    let mode = |path: &str| place.source.join(path).metadata().unwrap().mode();
    assert_eq!(mode("dir/new"), mode("other/file"));
    assert_eq!(mode("dir"), mode("other"));
}

#[test]
fn a_directory_that_cannot_be_written_stops_the_whole_commit() {
    let place = place();
    fill(&place.source);
    let staged = place.stage();
    write(staged.root(), "a.py", "2\n");
    write(staged.root(), "dir/one", "2");
    let set = |mode| {
        fs::set_permissions(place.source.join("dir"), Permissions::from_mode(mode)).unwrap();
    };
    set(0o555);
    let before = tree(&place.source);
    let error = std::thread::scope(|scope| {
        let committing = scope.spawn(|| {
            crate::staging::give_up_reading_everything();
            commit(&staged).unwrap_err().to_string()
        });
        committing.join().unwrap()
    });
    let expected = "dir/one: cannot write: Permission denied (os error 13)";
    assert!(error.ends_with(expected), "{error}");
    assert_eq!(tree(&place.source), before);
    set(0o755);
    commit(&staged).unwrap();
}

/// While changes are committed again and again, one of the source's directories is swapped for a symlink, and back.
#[test]
fn a_directory_that_is_swapped_meanwhile_is_not_followed() {
    for inside in [false, true] {
        let mut place = place();
        place.options.max_files = 1000;
        let target = if inside {
            place.source.join("precious")
        } else {
            place.source.with_file_name("precious")
        };
        write(&target, "file", "precious");
        for n in 0..10 {
            write(&place.source, &format!("dir/{n}"), "0");
        }
        let staged = place.stage();
        let other = place.source.with_file_name("other");
        symlink(&target, &other).unwrap();
        let directory = place.source.join("dir");
        let done = AtomicBool::new(false);
        let mut outcomes = BTreeSet::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let swap = RenameFlags::EXCHANGE;
                    rustix::fs::renameat_with(CWD, &directory, CWD, &other, swap).unwrap();
                    std::thread::yield_now();
                }
            });
            for turn in 0..300 {
                write(staged.root(), "dir/file", format!("{turn}"));
                write(staged.root(), "dir/3", format!("{turn}"));
                outcomes.insert(match commit(&staged) {
                    Ok(_) => "committed",
                    Err(CommitError::Conflicts { .. }) => "conflict",
                    Err(CommitError::Workspace(_)) => "refused",
                    Err(error) => panic!("{error}"),
                });
            }
            done.store(true, Ordering::Relaxed);
        });
        let expected = [(PathBuf::from("file"), "precious")];
        let left: Vec<_> = tree(&target).into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, expected.clone().map(|(path, _)| path), "{outcomes:?}");
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "precious");
        assert!(outcomes.contains("conflict"), "{outcomes:?}");
    }
}
