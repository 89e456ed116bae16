//! What is copied, what is not, and that nothing leads out of the source.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use crate::common::{place, write};
use ml_intern_workspace::{Digest, Kind, Staged, WorkspaceError};
use rustix::fs::{CWD, FileType, Mode, RenameFlags};

/// Every path in a directory: a directory with a `/`, a symlink with its target, a file with its contents.
fn tree(root: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            all.push(if path.is_symlink() {
                format!("{name} -> {}", fs::read_link(&path).unwrap().display())
            } else if path.is_dir() {
                waiting.push(path);
                format!("{name}/")
            } else {
                format!("{name}: {}", fs::read_to_string(&path).unwrap())
            });
        }
    }
    all.sort_unstable();
    all
}

fn skipped(staged: &Staged) -> Vec<String> {
    staged
        .skipped()
        .iter()
        .map(|s| format!("{}: {}", s.path.display(), s.why))
        .collect()
}

#[test]
fn a_tree_is_copied_as_it_is() {
    let place = place();
    write(&place.source, "a.txt", "a");
    write(&place.source, "dir/deeper/b.txt", "b");
    write(&place.source, "empty.txt", "");
    fs::create_dir(place.source.join("empty")).unwrap();
    symlink("dir/deeper", place.source.join("link")).unwrap();
    symlink("../a.txt", place.source.join("dir/up")).unwrap();
    let staged = place.stage();
    let expected = [
        "a.txt: a",
        "dir/",
        "dir/deeper/",
        "dir/deeper/b.txt: b",
        "dir/up -> ../a.txt",
        "empty.txt: ",
        "empty/",
        "link -> dir/deeper",
    ];
    assert_eq!(tree(staged.root()), expected);
    assert_eq!(tree(&place.source), expected);
    assert_eq!(skipped(&staged), [""; 0]);
    assert_eq!(staged.bytes(), 2);
    assert!(staged.diff().unwrap().is_empty());
}

#[test]
fn the_base_tells_what_was_copied() {
    let place = place();
    write(&place.source, "dir/abc", "abc");
    symlink("abc", place.source.join("dir/link")).unwrap();
    fs::set_permissions(place.source.join("dir/abc"), Permissions::from_mode(0o640)).unwrap();
    fs::set_permissions(place.source.join("dir"), Permissions::from_mode(0o755)).unwrap();
    let staged = place.stage();
    let base: Vec<_> = staged
        .base()
        .iter()
        .map(|(path, e)| (path.to_str().unwrap(), e.kind, e.size, e.mode, e.digest))
        .collect();
    let abc = Digest::of(b"abc");
    assert_eq!(
        base,
        [
            ("dir", Kind::Directory, 0, 0o755, Digest::NONE),
            ("dir/abc", Kind::File, 3, 0o640, abc),
            ("dir/link", Kind::Symlink, 3, 0o777, abc),
        ]
    );
}

#[test]
fn modes_and_times_are_kept_and_the_copy_is_private() {
    let place = place();
    let time = UNIX_EPOCH + Duration::new(1_000_000_000, 123_000_000);
    for (name, mode) in [("run.sh", 0o755), ("read-only", 0o444), ("set-uid", 0o4755)] {
        write(&place.source, name, name);
        let file = File::options()
            .write(true)
            .open(place.source.join(name))
            .unwrap();
        file.set_permissions(Permissions::from_mode(mode)).unwrap();
        file.set_modified(time).unwrap();
    }
    fs::create_dir(place.source.join("dir")).unwrap();
    fs::set_permissions(place.source.join("dir"), Permissions::from_mode(0o555)).unwrap();
    let staged = place.stage();
    let mode = |name: &str| staged.root().join(name).metadata().unwrap().mode() & 0o7777;
    let table = [
        ("run.sh", 0o755),
        ("read-only", 0o444),
        ("set-uid", 0o755),
        ("dir", 0o700),
        ("", 0o700),
    ];
    for (name, expected) in table {
        assert_eq!(mode(name), expected, "{name}");
    }
    assert_eq!(
        staged
            .root()
            .join("run.sh")
            .metadata()
            .unwrap()
            .modified()
            .unwrap(),
        time
    );
}

#[test]
fn the_copy_stays_until_it_is_discarded() {
    let place = place();
    write(&place.source, "a", "a");
    let staged = place.stage();
    let (root, directory) = (staged.root().to_owned(), staged.directory().to_owned());
    drop(staged);
    assert_eq!(tree(&root), ["a: a"]);
    Staged::open(&directory).unwrap().discard().unwrap();
    assert!(!directory.exists());
    assert_eq!(tree(&place.source), ["a: a"]);
}

#[test]
fn changes_on_one_side_do_not_reach_the_other() {
    let place = place();
    write(&place.source, "a", "a");
    fs::hard_link(place.source.join("a"), place.source.join("b")).unwrap();
    let staged = place.stage();
    fs::write(staged.root().join("a"), "copy").unwrap();
    assert_eq!(tree(&place.source), ["a: a", "b: a"]);
    assert_eq!(tree(staged.root()), ["a: copy", "b: a"]);
}

#[test]
fn directories_are_ignored_by_their_exact_names() {
    let mut place = place();
    for path in [
        ".git/config",
        "sub/.git/config",
        ".venv/x",
        "node_modules/x",
        "__pycache__/x",
        "target/x",
        "targets/x",
        "my.git/x",
    ] {
        write(&place.source, path, "");
    }
    // A file of that name is no directory: linked work trees have one.
    write(&place.source, "tree/.git", "");
    let staged = place.stage();
    assert_eq!(
        tree(staged.root()),
        [
            "my.git/",
            "my.git/x: ",
            "sub/",
            "targets/",
            "targets/x: ",
            "tree/",
            "tree/.git: "
        ]
    );
    let reason = "a directory that is ignored";
    assert_eq!(
        skipped(&staged),
        [
            ".git",
            ".venv",
            "__pycache__",
            "node_modules",
            "sub/.git",
            "target"
        ]
        .map(|name| format!("{name}: {reason}"))
    );
    place.options.ignore = vec!["my.git".to_owned()];
    let staged = place.stage();
    assert_eq!(skipped(&staged), [format!("my.git: {reason}")]);
    assert!(staged.root().join("sub/.git/config").exists());
}

#[test]
fn symlinks_that_lead_out_are_left_out() {
    let place = place();
    write(&place.source, "../outside/secret", "secret");
    write(&place.source, "in/side/file", "");
    let absolute = place.source.join("in");
    let table: [(&str, &str, Option<&str>); 14] = [
        ("to-file", "in/side/file", None),
        ("in/up", "../in/side", None),
        ("to-self", ".", None),
        ("missing", "not/there", None),
        ("through-a-file", "in/side/file/x", None),
        ("loop-a", "loop-b", None),
        ("loop-b", "loop-a", None),
        (
            "absolute",
            "/etc/passwd",
            Some("a symlink with an absolute target"),
        ),
        (
            "inside-but-absolute",
            absolute.to_str().unwrap(),
            Some("a symlink with an absolute target"),
        ),
        (
            "outside",
            "../outside/secret",
            Some("a symlink that leads out of the workspace"),
        ),
        (
            "parent",
            "..",
            Some("a symlink that leads out of the workspace"),
        ),
        (
            "and-back",
            "../source/in",
            Some("a symlink that leads out of the workspace"),
        ),
        (
            "missing-outside",
            "gone/../../outside",
            Some("a symlink that leads out of the workspace"),
        ),
        // By its steps it is `in`; but `up` goes to `in/side`, and three up from there is outside.
        (
            "by-a-link",
            "in/up/../../..",
            Some("a symlink that leads out of the workspace"),
        ),
    ];
    for (link, target, _) in table {
        symlink(target, place.source.join(link)).unwrap();
    }
    let staged = place.stage();
    let mut expected = Vec::new();
    for (link, target, reason) in table {
        let copied = fs::read_link(staged.root().join(link)).ok();
        assert_eq!(
            copied.as_deref(),
            reason.is_none().then_some(Path::new(target)),
            "{link}"
        );
        expected.extend(reason.map(|reason| format!("{link}: {reason}")));
    }
    expected.sort_unstable();
    assert_eq!(skipped(&staged), expected);
    assert!(staged.diff().unwrap().is_empty());
}

#[test]
fn pipes_and_sockets_are_left_out() {
    let place = place();
    write(&place.source, "file", "");
    let pipe = place.source.join("pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    // Opening the pipe would wait for somebody to write to it; that this test ends shows that nobody opens it.
    let _socket = UnixListener::bind(place.source.join("socket")).unwrap();
    let staged = place.stage();
    assert_eq!(tree(staged.root()), ["file: "]);
    let reason = "a pipe, socket or device";
    assert_eq!(
        skipped(&staged),
        [format!("pipe: {reason}"), format!("socket: {reason}")]
    );
}

#[test]
fn names_of_any_bytes_are_copied() {
    let place = place();
    let names: [&[u8]; 4] = [b"new\nline", b"\xff\xfe", b" ", b"-rf"];
    for name in names {
        fs::write(place.source.join(OsStr::from_bytes(name)), name).unwrap();
    }
    let staged = place.stage();
    for name in names {
        assert_eq!(
            fs::read(staged.root().join(OsStr::from_bytes(name))).unwrap(),
            name
        );
    }
    let base: BTreeSet<&[u8]> = staged
        .base()
        .keys()
        .map(|p| p.as_os_str().as_bytes())
        .collect();
    assert_eq!(base, BTreeSet::from(names));
}

#[test]
fn a_copy_has_at_most_so_many_bytes() {
    let mut place = place();
    write(&place.source, "a", [b'a'; 600]);
    // All of it is a hole: what counts is what it would be in the copy.
    File::create(place.source.join("sparse"))
        .unwrap()
        .set_len(400)
        .unwrap();
    place.options.max_bytes = 1000;
    assert_eq!(place.stage().bytes(), 1000);
    place.options.max_bytes = 999;
    let advice =
        "list in .ml-internignore what is not needed, and mount large data read-only, by name";
    assert_eq!(
        place.refused(),
        format!(
            "SOURCE: limit reached: workspace-size (allowed 999 bytes, requested 1000); the biggest files: a (600 B), \
             sparse (400 B); {advice}"
        )
    );
    for n in 0..9 {
        write(&place.source, &format!("small/{n}"), [0; 5]);
    }
    assert_eq!(
        place.refused(),
        format!(
            "SOURCE: limit reached: workspace-size (allowed 999 bytes, requested 1045); the biggest files: a (600 B), \
             sparse (400 B), small/0 (5 B), small/1 (5 B), small/2 (5 B); {advice}"
        )
    );
}

#[test]
fn a_file_that_is_too_large_is_left_out_and_listed() {
    let mut place = place();
    write(&place.source, "fits", [b'a'; 1000]);
    let sparse = File::create(place.source.join("too-large")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    place.options.max_file_bytes = 1000;
    let staged = place.stage();
    assert_eq!(staged.base().len(), 1);
    let advice = "mount its directory read-only, by name, to have it read";
    let expected = format!("too-large: a file of 1.0 TiB, and at most 1000 B are copied; {advice}");
    assert_eq!(skipped(&staged), [expected]);
}

#[test]
fn what_the_list_in_the_workspace_matches_is_left_out() {
    let place = place();
    write(
        &place.source,
        ".ml-internignore",
        "*.bin\n!keep.bin\n/data\n",
    );
    write(&place.source, "a.bin", "");
    write(&place.source, "keep.bin", "");
    write(&place.source, "data/x", "");
    write(&place.source, "sub/data/y", "");
    let staged = place.stage();
    let copied: Vec<_> = staged
        .base()
        .keys()
        .map(|path| path.to_str().unwrap())
        .collect();
    let expected = [
        ".ml-internignore",
        "keep.bin",
        "sub",
        "sub/data",
        "sub/data/y",
    ];
    assert_eq!(copied, expected);
    let reason = "listed in .ml-internignore";
    assert_eq!(
        skipped(&staged),
        [format!("a.bin: {reason}"), format!("data: {reason}")]
    );
    write(&place.source, ".ml-internignore", "[z-a]");
    let refused = place.refused();
    assert!(
        refused.starts_with("SOURCE/.ml-internignore: cannot use: "),
        "{refused}"
    );
}

#[test]
fn a_copy_has_at_most_so_many_files() {
    let mut place = place();
    write(&place.source, "dir/a", "");
    write(&place.source, "dir/b", "");
    write(&place.source, ".git/ignored", "");
    symlink("b", place.source.join("dir/c")).unwrap();
    place.options.max_files = 4;
    assert_eq!(place.stage().base().len(), 4);
    place.options.max_files = 3;
    assert_eq!(
        place.refused(),
        "SOURCE: too many files: a staged workspace can have 3 files and directories; the fullest directories, as far as it \
         was looked: dir/ (3), / (1); list in .ml-internignore what is not needed, and mount large data read-only, by name"
    );
}

#[test]
fn a_deep_tree_costs_no_stack() {
    let mut place = place();
    place.options.max_files = 2000;
    let depth = 1500;
    let deep: PathBuf = std::iter::repeat_n("d", depth).collect();
    fs::create_dir_all(place.source.join(&deep)).unwrap();
    fs::write(place.source.join(&deep).join("file"), "deep").unwrap();
    let staged = place.stage();
    assert_eq!(staged.base().len(), depth + 1);
    assert_eq!(
        fs::read_to_string(staged.root().join(deep).join("file")).unwrap(),
        "deep"
    );
    assert!(staged.diff().unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_it() {
    let place = place();
    write(&place.source, "dir/locked", "");
    let set = |path: &str, mode| {
        fs::set_permissions(place.source.join(path), Permissions::from_mode(mode)).unwrap();
    };
    set("dir/locked", 0o000);
    let refused = || {
        std::thread::scope(|scope| {
            let staging = scope.spawn(|| {
                give_up_reading_everything();
                place.refused()
            });
            staging.join().unwrap()
        })
    };
    assert_eq!(
        refused(),
        "SOURCE/dir/locked: cannot open: Permission denied (os error 13)"
    );
    set("dir/locked", 0o600);
    set("dir", 0o000);
    assert_eq!(
        refused(),
        "SOURCE/dir: cannot list: Permission denied (os error 13)"
    );
    set("dir", 0o700);
    assert_eq!(place.stage().base().len(), 2);
}

/// Permissions do not stop root, but for two capabilities; a thread can give them up for itself.
pub(crate) fn give_up_reading_everything() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut own = capabilities(None).unwrap();
    own.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    set_capabilities(None, own).unwrap();
}

#[test]
fn what_is_no_directory_cannot_be_staged() {
    let mut place = place();
    let source = place.source.clone();
    place.source = source.join("missing");
    assert_eq!(
        place.refused(),
        "SOURCE: cannot open: No such file or directory (os error 2)"
    );
    write(&source, "file", "");
    place.source = source.join("file");
    assert_eq!(
        place.refused(),
        "SOURCE: cannot open: Not a directory (os error 20)"
    );
}

#[test]
fn the_copy_cannot_be_in_what_is_copied() {
    let mut place = place();
    for parent in ["", "tmp", "tmp/deeper"] {
        let parent = place.source.join(parent);
        fs::create_dir_all(&parent).unwrap();
        place.options.directory = parent.join("copy");
        let error = Staged::new(&place.source, &place.options).unwrap_err();
        assert!(matches!(error, WorkspaceError::Inside { .. }), "{error}");
    }
    // Neither by another name.
    let link = place.parent.join("link");
    symlink(place.source.join("tmp"), &link).unwrap();
    place.options.directory = link.join("copy");
    let error = Staged::new(&place.source, &place.options).unwrap_err();
    assert!(matches!(error, WorkspaceError::Inside { .. }), "{error}");
    // Nor can it be where there is something already.
    place.options.directory = place.parent.join("taken");
    write(&place.parent, "taken/file", "mine");
    assert!(Staged::new(&place.source, &place.options).is_err());
    assert_eq!(tree(&place.parent.join("taken")), ["file: mine"]);
    place.stage();
}

/// While the source is copied again and again, one of its directories is swapped for a symlink to a secret, and back.
#[test]
fn a_directory_that_is_swapped_meanwhile_leads_nowhere() {
    let place = place();
    let outside = place.source.with_file_name("outside");
    write(&outside, "file", "secret");
    for n in 0..20 {
        write(&place.source, &format!("dir/sub/{n}"), "public");
    }
    write(&place.source, "dir/file", "public");
    let other = place.source.with_file_name("other");
    symlink(&outside, &other).unwrap();
    let directory = place.source.join("dir");
    let done = AtomicBool::new(false);
    let mut outcomes = BTreeSet::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let swap = RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, &directory, CWD, &other, swap).unwrap();
            }
        });
        for _ in 0..200 {
            match Staged::new(&place.source, &place.next()) {
                Ok(staged) => {
                    let tree = tree(staged.root());
                    assert!(tree.iter().all(|line| !line.contains("secret")), "{tree:?}");
                    outcomes.insert("copied");
                }
                Err(WorkspaceError::Io { path, .. }) => {
                    assert!(path.starts_with(&directory), "{}", path.display());
                    outcomes.insert("refused");
                }
                Err(error) => panic!("{error}"),
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(outcomes.contains("copied"), "{outcomes:?}");
}
