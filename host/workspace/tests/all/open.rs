//! A workspace outlives the process that made it.

use std::fs;

use ml_intern_workspace::{
    CheckpointId, Direct, Mode, Protected, Selection, Staged, Workspace, WorkspaceError,
};

use crate::common::{place, tree, write};

#[test]
fn everything_is_there_when_it_is_opened_again() {
    let place = place();
    write(&place.source, "a.py", "1\n");
    write(&place.source, ".git/config", "");
    let staged = place.stage();
    write(staged.root(), "a.py", "2\n");
    staged.checkpoint("one \u{1b}[31m\n").unwrap();
    write(staged.root(), "b.py", "b\n");
    let committed = staged
        .commit(&Selection::paths(["a.py"]), &Protected::default())
        .unwrap();
    staged.restore(CheckpointId::FIRST).unwrap();
    write(staged.root(), "c.py", "c\n");
    let before = (
        staged.root().to_owned(),
        staged.source().to_owned(),
        staged.skipped().to_vec(),
        staged.checkpoints(),
        staged.commits(),
        staged.base().clone(),
        staged.diff().unwrap(),
        staged.bytes(),
    );
    let directory = staged.directory().to_owned();
    drop(staged);
    let staged = Staged::open(&directory).unwrap();
    let after = (
        staged.root().to_owned(),
        staged.source().to_owned(),
        staged.skipped().to_vec(),
        staged.checkpoints(),
        staged.commits(),
        staged.base().clone(),
        staged.diff().unwrap(),
        staged.bytes(),
    );
    assert_eq!(before, after);
    assert_eq!(staged.recovery(), None);
    assert_eq!(
        staged.diff().unwrap().to_string(),
        "M a.py (+1 -1)\nA c.py (2 B)\n"
    );
    assert_eq!(staged.undo().unwrap(), None);
    staged.undo_commit(committed.id).unwrap();
    assert_eq!(
        fs::read_to_string(place.source.join("a.py")).unwrap(),
        "1\n"
    );
    staged.discard().unwrap();
    assert!(!directory.exists());
}

#[test]
fn one_process_has_it_at_a_time() {
    let place = place();
    let staged = place.stage();
    let directory = staged.directory().to_owned();
    let error = Staged::open(&directory).unwrap_err();
    assert!(matches!(error, WorkspaceError::Busy { .. }), "{error}");
    drop(staged);
    Staged::open(&directory).unwrap();
}

#[test]
fn each_kind_is_opened_as_what_it_is() {
    let place = place();
    write(&place.source, "a", "a");
    for mode in [Mode::Staged, Mode::Direct] {
        let directory = place.next();
        drop(Workspace::new(mode, &place.source, &directory).unwrap());
        let directory = directory.directory;
        assert_eq!(Workspace::open(&directory).unwrap().mode(), mode);
        assert_eq!(Staged::open(&directory).is_ok(), mode == Mode::Staged);
        assert_eq!(Direct::open(&directory).is_ok(), mode == Mode::Direct);
    }
    assert_eq!(tree(&place.source).len(), 1);
}

#[test]
fn what_is_damaged_is_named() {
    let names = [
        "meta.json",
        "base.json",
        "checkpoints/000000.json",
        "checkpoints/000001.json",
        "commits/000001.json",
        "restores/000002.json",
    ];
    for name in names {
        let place = place();
        write(&place.source, "a", "a");
        let staged = place.stage();
        write(staged.root(), "a", "b");
        staged.checkpoint("one").unwrap();
        staged
            .commit(&Selection::All, &Protected::default())
            .unwrap();
        staged.restore(CheckpointId::FIRST).unwrap();
        let directory = staged.directory().to_owned();
        drop(staged);
        let path = directory.join(name);
        let whole = fs::read(&path).unwrap();
        for torn in [&whole[..0], &whole[..70], &whole[..whole.len() - 1]] {
            fs::write(&path, torn).unwrap();
            let error = Staged::open(&directory).unwrap_err();
            assert!(
                matches!(error, WorkspaceError::Damaged { .. }),
                "{name}: {error}"
            );
            assert!(error.to_string().contains(name), "{error}");
        }
        fs::write(&path, whole).unwrap();
        Staged::open(&directory).unwrap();
        let needed = [
            "meta.json",
            "base.json",
            "checkpoints/000000.json",
            "checkpoints/000001.json",
        ];
        if needed.contains(&name) {
            fs::remove_file(&path).unwrap();
            let error = Staged::open(&directory).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn what_is_no_workspace_is_not_opened() {
    let place = place();
    write(&place.parent, "some/file", "");
    let error = Staged::open(&place.parent.join("some"))
        .unwrap_err()
        .to_string();
    let what =
        "meta.json: damaged: missing: this is no workspace, or making it did not come to an end";
    assert!(error.ends_with(what), "{error}");
    assert!(Staged::open(&place.parent.join("missing")).is_err());
}

/// Kept contents that were damaged are told by name, and nothing is restored from them.
#[test]
fn damaged_contents_restore_nothing() {
    let place = place();
    write(&place.source, "a", "old");
    write(&place.source, "b", "old too");
    let staged = place.stage();
    write(staged.root(), "a", "new");
    write(staged.root(), "b", "new too");
    let objects = fs::read_dir(staged.directory().join("objects")).unwrap();
    for directory in objects {
        for object in fs::read_dir(directory.unwrap().path()).unwrap() {
            let path = object.unwrap().path();
            fs::remove_file(&path).unwrap();
            fs::write(&path, "torn").unwrap();
        }
    }
    let before = tree(staged.root());
    let error = staged.restore(CheckpointId::FIRST).unwrap_err().to_string();
    assert!(
        error.contains("/a: cannot write: the kept contents "),
        "{error}"
    );
    assert_eq!(tree(staged.root()), before);
}
