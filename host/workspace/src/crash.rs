//! What a crash leaves, at every step: all of the old, or all of the new.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::halt::testing::after;
use crate::{
    CheckpointId, Direct, Options, Protected, Recovery, Selection, Staged, Tracked, Workspace,
};

struct Place {
    _directory: TempDir,
    source: PathBuf,
    options: Options,
}

fn place() -> Place {
    // Thousands of syncs are done here; in memory they cost nothing.
    let memory = Path::new("/dev/shm");
    let directory = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    let directory = directory.unwrap();
    let source = directory.path().join("source");
    fs::create_dir(&source).unwrap();
    let options = Options::new(directory.path().join("workspace"));
    Place {
        _directory: directory,
        source,
        options,
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Every path with what is there, permission bits included.
fn tree(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let metadata = path.symlink_metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o777;
            all.push(if metadata.is_symlink() {
                format!("{name} -> {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_dir() {
                waiting.push(path);
                format!("{name}/ {mode:o}")
            } else {
                format!("{name} {mode:o} {}", fs::read_to_string(&path).unwrap())
            });
        }
    }
    all.sort_unstable();
    all
}

/// One of everything.
fn fill(source: &Path) {
    write(source, "changed", "old");
    write(source, "deleted", "old");
    write(source, "same", "same");
    write(source, "dir/one", "1");
    write(source, "dir/deep/two", "2");
    write(source, "becomes-file/inner", "old");
    write(source, "becomes-directory", "old");
    write(source, "becomes-link", "old");
    write(source, "read-only", "old");
    fs::set_permissions(source.join("read-only"), Permissions::from_mode(0o440)).unwrap();
    fs::set_permissions(source.join("dir/deep"), Permissions::from_mode(0o750)).unwrap();
    fs::create_dir(source.join("empty")).unwrap();
    symlink("same", source.join("link")).unwrap();
}

/// One change of every kind.
fn change(root: &Path) {
    write(root, "changed", "new");
    fs::remove_file(root.join("deleted")).unwrap();
    fs::remove_dir_all(root.join("dir")).unwrap();
    fs::remove_dir_all(root.join("becomes-file")).unwrap();
    write(root, "becomes-file", "new");
    fs::remove_file(root.join("becomes-directory")).unwrap();
    write(root, "becomes-directory/inner/most", "new");
    fs::remove_file(root.join("becomes-link")).unwrap();
    symlink("same", root.join("becomes-link")).unwrap();
    fs::remove_file(root.join("read-only")).unwrap();
    write(root, "read-only", "new");
    fs::remove_dir(root.join("empty")).unwrap();
    fs::create_dir(root.join("new-empty")).unwrap();
    write(root, "new/file", "new");
    fs::remove_file(root.join("link")).unwrap();
    symlink("changed", root.join("link")).unwrap();
}

/// A place where everything is about to happen, and what it is before and afterwards.
fn prepared() -> (Place, Staged, Vec<String>, Vec<String>) {
    let place = place();
    fill(&place.source);
    let staged = Staged::new(&place.source, &place.options).unwrap();
    change(staged.root());
    let old = tree(&place.source);
    let new = committed(&place);
    (place, staged, old, new)
}

/// What a commit would make of the source.
fn committed(place: &Place) -> Vec<String> {
    let other = self::place();
    fill(&other.source);
    let staged = Staged::new(&other.source, &other.options).unwrap();
    change(staged.root());
    staged
        .commit(&Selection::All, &Protected::default())
        .unwrap();
    let new = tree(&other.source);
    assert_ne!(new, tree(&place.source));
    new
}

#[test]
fn a_commit_that_is_cut_off_has_happened_or_not() {
    let mut seen = [0; 3];
    for steps in 0.. {
        let (place, staged, old, new) = prepared();
        let (result, stopped) = after(steps, false, || {
            staged.commit(&Selection::All, &Protected::default())
        });
        drop(staged);
        let staged = Staged::open(&place.options.directory).unwrap();
        let now = tree(&place.source);
        let happened = staged.commits().len() == 1;
        assert_eq!(
            now,
            if happened { new.clone() } else { old.clone() },
            "{steps}"
        );
        // What is reported is what happened.
        assert_eq!(result.is_ok(), happened, "{steps}: {result:?}");
        match staged.recovery() {
            None => seen[0] += 1,
            Some(Recovery::Completed) => {
                assert!(happened, "{steps}");
                seen[1] += 1;
            }
            Some(Recovery::RolledBack { left }) => {
                assert!(!happened && left.is_empty(), "{steps}: {left:?}");
                seen[2] += 1;
            }
        }
        // And it can go on.
        if !happened {
            staged
                .commit(&Selection::All, &Protected::default())
                .unwrap();
        }
        assert_eq!(tree(&place.source), new, "{steps}");
        assert!(staged.diff().unwrap().is_empty());
        staged.undo_commit(staged.commits()[0].id).unwrap();
        assert_eq!(tree(&place.source), old, "{steps}");
        if !stopped {
            assert!(steps > 40, "{steps}");
            break;
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn a_commit_that_fails_is_changed_back_at_once() {
    for steps in 0.. {
        let (place, staged, old, new) = prepared();
        let (result, failed) = after(steps, true, || {
            staged.commit(&Selection::All, &Protected::default())
        });
        let expected = if result.is_ok() { &new } else { &old };
        // What was left over after the moment at which everything had happened is removed the next time.
        let mut now = tree(&place.source);
        if result.is_ok() {
            now.retain(|line| !line.starts_with(".ml-intern-"));
        }
        assert_eq!(&now, expected, "{steps}: {result:?}");
        if result.is_err() {
            staged
                .commit(&Selection::All, &Protected::default())
                .unwrap();
        }
        staged.undo_commit(staged.commits()[0].id).unwrap();
        assert_eq!(tree(&place.source), old, "{steps}");
        if !failed {
            break;
        }
    }
}

#[test]
fn an_undone_commit_that_is_cut_off_is_undone_or_not() {
    for steps in 0.. {
        let (place, staged, old, new) = prepared();
        let id = staged
            .commit(&Selection::All, &Protected::default())
            .unwrap()
            .id;
        let (result, stopped) = after(steps, false, || staged.undo_commit(id));
        drop(staged);
        let staged = Staged::open(&place.options.directory).unwrap();
        let expected = if result.is_ok() { &old } else { &new };
        assert_eq!(&tree(&place.source), expected, "{steps}");
        assert_eq!(staged.commits().len(), 1 + usize::from(result.is_ok()));
        if !stopped {
            break;
        }
    }
}

/// The machine can stop again while it repairs what the first stop has left.
#[test]
fn a_repair_that_is_cut_off_is_repeated() {
    for steps in (0..).step_by(3) {
        let (place, staged, old, new) = prepared();
        let (_, stopped) = after(steps, false, || {
            staged.commit(&Selection::All, &Protected::default())
        });
        drop(staged);
        for repair in (0..60).step_by(7) {
            let (opened, _) = after(repair, false, || Staged::open(&place.options.directory));
            drop(opened);
        }
        let staged = Staged::open(&place.options.directory).unwrap();
        let expected = if staged.commits().is_empty() {
            old
        } else {
            new
        };
        assert_eq!(tree(&place.source), expected, "{steps}");
        if !stopped {
            break;
        }
    }
}

#[test]
fn a_restore_that_is_cut_off_has_happened_or_not() {
    for direct in [false, true] {
        for steps in 0.. {
            let place = place();
            fill(&place.source);
            let workspace = if direct {
                Workspace::Direct(Direct::new(&place.source, &place.options).unwrap())
            } else {
                Workspace::Staged(Staged::new(&place.source, &place.options).unwrap())
            };
            let root = workspace.root().to_owned();
            // Directories in a copy are private whatever they were.
            let tree = |root: &Path| -> Vec<String> {
                let mut all = tree(root);
                if !direct {
                    let private = |line: &mut String| {
                        if let Some((name, _)) = line.split_once("/ ") {
                            *line = format!("{name}/");
                        }
                    };
                    all.iter_mut().for_each(private);
                }
                all
            };
            let old = tree(&root);
            change(&root);
            let new = tree(&root);
            let (result, stopped) = after(steps, false, || workspace.restore(CheckpointId::FIRST));
            drop(workspace);
            let workspace = Workspace::open(&place.options.directory).unwrap();
            let expected = if result.is_ok() { &old } else { &new };
            assert_eq!(&tree(&root), expected, "{steps}");
            let tracked: &Tracked = &workspace;
            tracked.restore(CheckpointId::FIRST).unwrap();
            assert_eq!(tree(&root), old, "{steps}");
            if !stopped {
                break;
            }
        }
    }
}

/// Somebody can change a file between the crash and the repair: what they wrote stays.
#[test]
fn what_is_written_after_a_crash_is_not_lost() {
    let mut kept = 0;
    for steps in 0.. {
        let (place, staged, old, _) = prepared();
        let (result, stopped) = after(steps, false, || {
            staged.commit(&Selection::All, &Protected::default())
        });
        drop(staged);
        if !stopped {
            break;
        }
        if result.is_ok() {
            continue;
        }
        fs::write(place.source.join("changed"), "mine").unwrap();
        let staged = Staged::open(&place.options.directory).unwrap();
        let mut now = tree(&place.source);
        assert!(
            now.contains(&"changed 644 mine".to_owned()),
            "{steps}: {now:?}"
        );
        now.retain(|line| !line.starts_with("changed "));
        let mut old = old;
        old.retain(|line| !line.starts_with("changed "));
        assert_eq!(now, old, "{steps}");
        if let Some(Recovery::RolledBack { left }) = staged.recovery() {
            kept += left.len();
        }
        // A file that was changed is a conflict, and then nothing is committed.
        assert!(
            staged
                .commit(&Selection::All, &Protected::default())
                .is_err()
        );
    }
    assert!(kept > 0);
}
