//! Whatever the tree and whatever is done to it: what comes back, or goes out, is exact.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use ml_intern_workspace::{CheckpointId, CommitError, Mode, Protected, Selection, Workspace};
use proptest::prelude::*;

use crate::common::{place, shape, tree};

/// One thing that is done to a tree.
#[derive(Debug, Clone)]
enum Edit {
    Write(PathBuf, Vec<u8>),
    Directory(PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    Rename(PathBuf, PathBuf),
}

/// Few names, so that edits meet.
fn name() -> impl Strategy<Value = &'static OsStr> {
    let names: [&[u8]; 6] = [b"a", b"b", b"c", b"d\n", b"\xff", b"a.b"];
    prop::sample::select(names.map(OsStr::from_bytes).to_vec())
}

fn path() -> impl Strategy<Value = PathBuf> {
    prop::collection::vec(name(), 1..4).prop_map(|parts| parts.into_iter().collect())
}

fn edit() -> impl Strategy<Value = Edit> {
    let bytes = prop::collection::vec(0_u8..4, 0..4);
    prop_oneof![
        4 => (path(), bytes).prop_map(|(path, bytes)| Edit::Write(path, bytes)),
        1 => path().prop_map(Edit::Directory),
        1 => (path(), name()).prop_map(|(path, name)| Edit::Link(path, name.into())),
        2 => path().prop_map(Edit::Remove),
        1 => (path(), path()).prop_map(|(from, to)| Edit::Rename(from, to)),
    ]
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 0..25)
}

/// What cannot be done is not done.
fn apply(root: &Path, edits: &[Edit]) {
    for edit in edits {
        let parent = |path: &Path| fs::create_dir_all(path.parent().unwrap());
        let _ = match edit {
            Edit::Write(path, bytes) => {
                let path = root.join(path);
                let _ = parent(&path);
                fs::write(&path, bytes)
            }
            Edit::Directory(path) => fs::create_dir_all(root.join(path)),
            Edit::Link(path, target) => {
                let path = root.join(path);
                let _ = parent(&path);
                symlink(target, path)
            }
            Edit::Remove(path) => {
                let path = root.join(path);
                fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path))
            }
            Edit::Rename(from, to) => fs::rename(root.join(from), root.join(to)),
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_commit_gives_the_staged_tree_and_its_undo_the_old_one(
        first in edits(), second in edits(), third in edits(),
    ) {
        let place = place();
        apply(&place.source, &first);
        let old = tree(&place.source);
        let staged = place.stage();
        prop_assert_eq!(shape(staged.root()), shape(&place.source));
        let mut states = vec![old];
        for edits in [second, third] {
            apply(staged.root(), &edits);
            match staged.commit(&Selection::All, &Protected::default()) {
                Ok(_) => states.push(tree(&place.source)),
                Err(CommitError::Nothing) => {}
                Err(error) => prop_assert!(false, "{error}"),
            }
            prop_assert_eq!(shape(staged.root()), shape(&place.source));
            prop_assert!(staged.diff().unwrap().is_empty());
        }
        for committed in staged.commits().iter().rev() {
            states.pop();
            staged.undo_commit(committed.id).unwrap();
            prop_assert_eq!(Some(&tree(&place.source)), states.last());
        }
    }

    #[test]
    fn a_restore_gives_the_tree_of_its_checkpoint(
        direct in any::<bool>(), first in edits(), turns in prop::collection::vec(edits(), 1..4),
    ) {
        let place = place();
        apply(&place.source, &first);
        let mode = if direct { Mode::Direct } else { Mode::Staged };
        let workspace = Workspace::new(mode, &place.source, &place.next()).unwrap();
        let root = workspace.root();
        let now = || if direct { tree(root) } else { shape(root) };
        let mut states = vec![(CheckpointId::FIRST, now())];
        for turn in turns {
            apply(root, &turn);
            states.push((workspace.checkpoint("").unwrap(), now()));
        }
        for (id, expected) in states.iter().rev().chain(&states) {
            workspace.restore(*id).unwrap();
            prop_assert_eq!(&now(), expected);
        }
    }

    /// Each file for itself: in the end it is the same.
    #[test]
    fn commits_of_one_path_at_a_time_add_up(first in edits(), second in edits()) {
        let place = place();
        apply(&place.source, &first);
        let staged = place.stage();
        apply(staged.root(), &second);
        let mut left = usize::MAX;
        loop {
            let diff = staged.diff().unwrap();
            let changes: Vec<_> =
                diff.deleted.iter().chain(&diff.modified).chain(&diff.added).collect();
            if changes.is_empty() {
                break;
            }
            // Some need others first; at least one must be possible.
            prop_assert!(changes.len() < left, "{diff}");
            left = changes.len();
            for change in changes {
                let one = Selection::paths([&change.path]);
                match staged.commit(&one, &Protected::default()) {
                    Ok(_) | Err(CommitError::Needs { .. } | CommitError::NotChanged { .. }) => {}
                    Err(error) => prop_assert!(false, "{error}"),
                }
            }
        }
        match staged.commit(&Selection::All, &Protected::default()) {
            Ok(_) | Err(CommitError::Nothing) => {}
            Err(error) => prop_assert!(false, "{error}"),
        }
        prop_assert_eq!(shape(staged.root()), shape(&place.source));
    }
}
