//! What the files were comes back, in a copy and in the directory itself.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use ml_intern_workspace::{CheckpointId, Mode, Options, Reason, Staged, Workspace, WorkspaceError};

use crate::common::{Place, files, place, tree, write};

fn both(run: impl Fn(&Place, &Workspace)) {
    for mode in [Mode::Staged, Mode::Direct] {
        let place = place();
        write(&place.source, "a.py", "1\n");
        write(&place.source, "dir/b", "b");
        write(&place.source, ".git/config", "private");
        symlink("a.py", place.source.join("link")).unwrap();
        fs::create_dir(place.source.join("empty")).unwrap();
        let workspace = Workspace::new(mode, &place.source, &place.next()).unwrap();
        run(&place, &workspace);
        // What is left out is not touched.
        let config = fs::read_to_string(place.source.join(".git/config"));
        assert_eq!(config.unwrap(), "private");
        workspace.discard().unwrap();
        assert!(place.source.join("link").is_symlink());
    }
}

/// What is done, one thing after the other, each to what the last has left.
type Change = (&'static str, fn(&Path));

const CHANGES: [Change; 12] = [
    ("a text is changed", |r| write(r, "a.py", "2\n")),
    ("a file is added", |r| write(r, "new/file", "new")),
    ("a file is deleted", |r| {
        fs::remove_file(r.join("dir/b")).unwrap()
    }),
    ("a directory is deleted", |r| {
        fs::remove_dir(r.join("dir")).unwrap()
    }),
    ("a symlink gets another target", |r| {
        fs::remove_file(r.join("link")).unwrap();
        symlink("empty", r.join("link")).unwrap();
    }),
    ("a directory becomes a file", |r| {
        fs::remove_dir(r.join("empty")).unwrap();
        write(r, "empty", "not any more");
    }),
    ("a file becomes a directory", |r| {
        fs::remove_file(r.join("a.py")).unwrap();
        write(r, "a.py/inner", "x");
    }),
    ("only permission bits are changed", |r| {
        fs::set_permissions(r.join("new/file"), Permissions::from_mode(0o741)).unwrap();
    }),
    ("a name of any bytes", |r| {
        fs::write(r.join(OsStr::from_bytes(b"a\nb\xff")), "odd").unwrap();
    }),
    ("a file is read-only", |r| {
        write(r, "fixed", "fixed");
        fs::set_permissions(r.join("fixed"), Permissions::from_mode(0o400)).unwrap();
    }),
    ("a large file", |r| write(r, "large", vec![7; 3 << 20])),
    ("nothing", |_| {}),
];

#[test]
fn each_checkpoint_is_restored_exactly() {
    both(|_, workspace| {
        let root = workspace.root();
        // Directories in a copy are private whatever they were.
        let tree = |root: &Path| match workspace.mode() {
            Mode::Direct => tree(root),
            Mode::Staged => files(root),
        };
        let mut states = vec![(CheckpointId::FIRST, tree(root))];
        for (what, change) in CHANGES {
            change(root);
            states.push((workspace.checkpoint(what).unwrap(), tree(root)));
        }
        // Backwards, forwards, and from anything to anything.
        let order = (0..states.len())
            .rev()
            .chain(0..states.len())
            .chain([0, 7, 3, 9, 1, 12, 6]);
        for place in order {
            let (id, expected) = &states[place];
            let before = tree(root);
            let restored = workspace.restore(*id).unwrap();
            assert_eq!(&tree(root), expected, "{place}");
            assert_eq!(restored.to.id, *id);
            assert!(workspace.diff_from(*id).unwrap().is_empty());
            // And that can be undone too.
            workspace.restore(restored.before).unwrap();
            assert_eq!(tree(root), before, "{place}");
            workspace.restore(*id).unwrap();
        }
    });
}

#[test]
fn undo_goes_back_turn_by_turn() {
    both(|_, workspace| {
        let root = workspace.root();
        assert_eq!(workspace.undo().unwrap(), None);
        let mut states = Vec::new();
        for turn in 1..=4 {
            states.push(tree(root));
            workspace.checkpoint(&format!("turn {turn}")).unwrap();
            write(root, "a.py", format!("turn {turn}"));
            write(root, &format!("of-{turn}"), "");
        }
        for turn in [4, 3] {
            let restored = workspace.undo().unwrap().unwrap();
            assert_eq!(restored.to.label, format!("turn {turn}"));
            assert_eq!(tree(root), states[turn - 1]);
        }
        // Another turn, and it is the last.
        workspace.checkpoint("turn 3 again").unwrap();
        write(root, "again", "");
        let labels = || workspace.undo().unwrap().map(|restored| restored.to.label);
        assert_eq!(labels().as_deref(), Some("turn 3 again"));
        assert_eq!(labels().as_deref(), Some("turn 2"));
        assert_eq!(tree(root), states[1]);
        assert_eq!(labels().as_deref(), Some("turn 1"));
        assert_eq!(tree(root), states[0]);
        assert_eq!(labels(), None);
        let reasons: Vec<_> = workspace.checkpoints().iter().map(|c| c.reason).collect();
        assert_eq!(reasons[0], Reason::Beginning);
        assert_eq!(reasons.iter().filter(|r| **r == Reason::Turn).count(), 5);
        assert_eq!(reasons.iter().filter(|r| **r == Reason::Restore).count(), 5);
    });
}

#[test]
fn a_restore_of_an_early_checkpoint_undoes_all_later_turns() {
    both(|_, workspace| {
        let second = (0..4)
            .map(|turn| workspace.checkpoint(&turn.to_string()).unwrap())
            .nth(1)
            .unwrap();
        for label in ["more", "and more"] {
            workspace.checkpoint(label).unwrap();
        }
        workspace.restore(second).unwrap();
        let next = workspace.undo().unwrap().unwrap();
        assert_eq!(next.to.label, "0");
    });
}

#[test]
fn a_diff_from_a_checkpoint_tells_what_came_later() {
    both(|_, workspace| {
        let root = workspace.root();
        write(root, "a.py", "2\n");
        let id = workspace.checkpoint("later").unwrap();
        fs::remove_file(root.join("dir/b")).unwrap();
        write(root, "a.py", "3\n");
        assert_eq!(
            workspace.diff_from(id).unwrap().to_string(),
            "D dir/b\nM a.py (+1 -1)\n"
        );
        let text = format!("{:?}", workspace.diff_from(id).unwrap().modified[0].content);
        assert!(text.contains("-2\\n+3\\n"), "{text}");
        assert_eq!(
            workspace.diff().unwrap(),
            workspace.diff_from(CheckpointId::FIRST).unwrap()
        );
    });
}

#[test]
fn a_checkpoint_that_is_not_there_changes_nothing() {
    both(|_, workspace| {
        let before = tree(workspace.root());
        let id = "99".parse().unwrap();
        let error = workspace.restore(id).unwrap_err();
        assert_eq!(error.to_string(), "there is no checkpoint 99");
        assert!(matches!(error, WorkspaceError::NoCheckpoint { .. }));
        assert!(workspace.diff_from(id).is_err());
        assert_eq!(tree(workspace.root()), before);
        assert_eq!(workspace.checkpoints().len(), 1);
    });
}

/// Two files with the same bytes, or a file at two checkpoints, are kept once.
#[test]
fn what_has_not_changed_is_kept_once() {
    let place = place();
    for n in 0..20 {
        write(&place.source, &format!("{n}"), vec![7; 1 << 20]);
    }
    let staged = place.stage();
    for turn in 0..20 {
        staged.checkpoint(&turn.to_string()).unwrap();
    }
    fn bytes(path: &Path) -> u64 {
        let all = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        all.map(|path| {
            if path.is_dir() {
                bytes(&path)
            } else {
                path.metadata().unwrap().len()
            }
        })
        .sum()
    }
    let kept = bytes(staged.directory()) - bytes(staged.root());
    assert!(kept < 2 << 20, "{kept}");
}

/// In the user's own directory, what is ignored, too large or no file is neither kept nor touched.
#[test]
fn a_direct_workspace_leaves_alone_what_it_does_not_keep() {
    let mut place = place();
    place.options.max_file_bytes = 1000;
    write(&place.source, "a", "a");
    write(&place.source, "sub/target/x", "built");
    write(&place.source, "large", [0; 2000]);
    symlink("/etc/passwd", place.source.join("outside")).unwrap();
    let pipe = place.source.join("pipe");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    let workspace = Workspace::new(Mode::Direct, &place.source, &place.next()).unwrap();
    assert_eq!(workspace.root(), fs::canonicalize(&place.source).unwrap());
    assert!(workspace.staged().is_none());
    write(&place.source, "sub/target/y", "more");
    write(&place.source, "sub/b", "b");
    write(&place.source, "large", [1; 3000]);
    write(&place.source, ".ml-internignore", "*\n");
    fs::remove_file(place.source.join("a")).unwrap();
    let diff = workspace.diff().unwrap().to_string();
    assert_eq!(diff, "D a\nA .ml-internignore (2 B)\nA sub/b (1 B)\n");
    workspace.restore(CheckpointId::FIRST).unwrap();
    let left: Vec<_> = [
        "a",
        "sub/b",
        ".ml-internignore",
        "sub/target/x",
        "sub/target/y",
        "large",
        "pipe",
        "outside",
    ]
    .iter()
    .filter(|path| place.source.join(path).symlink_metadata().is_ok())
    .collect();
    assert_eq!(
        left,
        [
            &"a",
            &"sub/target/x",
            &"sub/target/y",
            &"large",
            &"pipe",
            &"outside"
        ]
    );
    assert_eq!(fs::read(place.source.join("large")).unwrap(), [1; 3000]);
}

/// Permission bits are the user's own where tools work directly.
#[test]
fn permission_bits_come_back_in_a_direct_workspace() {
    let place = place();
    write(&place.source, "dir/run.sh", "x");
    let set = |path: &str, mode| {
        fs::set_permissions(place.source.join(path), Permissions::from_mode(mode)).unwrap();
    };
    set("dir/run.sh", 0o754);
    set("dir", 0o751);
    let before = tree(&place.source);
    let workspace = Workspace::new(Mode::Direct, &place.source, &place.next()).unwrap();
    set("dir/run.sh", 0o600);
    set("dir", 0o700);
    workspace.restore(CheckpointId::FIRST).unwrap();
    assert_eq!(tree(&place.source), before);
    fs::remove_dir_all(place.source.join("dir")).unwrap();
    workspace.restore(CheckpointId::FIRST).unwrap();
    assert_eq!(tree(&place.source), before);
}

/// A pipe that a tool has made goes with a restore; one that was there cannot be made again.
#[test]
fn what_is_no_file_goes_with_a_restore() {
    let place = place();
    write(&place.source, "a", "a");
    let staged = place.stage();
    let pipe = staged.root().join("pipe");
    let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR);
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
    let with = staged.checkpoint("with a pipe").unwrap();
    staged.restore(CheckpointId::FIRST).unwrap();
    assert!(!pipe.exists());
    staged.restore(with).unwrap();
    assert!(!pipe.exists());
}

#[test]
fn a_copy_has_the_defaults_that_are_said() {
    let options = Options::new("x".into());
    assert_eq!(options.max_bytes, 2 << 30);
    assert_eq!(options.max_files, 200_000);
    assert_eq!(options.max_file_bytes, 512 << 20);
    let place = place();
    write(&place.source, "a", "a");
    let defaults = Options::new(place.next().directory);
    assert_eq!(Staged::new(&place.source, &defaults).unwrap().bytes(), 1);
}
