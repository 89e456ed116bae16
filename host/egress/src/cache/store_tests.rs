use std::os::unix::fs::symlink;

use bytes::Bytes;
use http::HeaderValue;
use tempfile::TempDir;

use super::*;

const LIMITS: CacheLimits = CacheLimits {
    bytes: 1 << 20,
    entries: 10,
};

fn store(limits: CacheLimits) -> (TempDir, Store) {
    let directory = TempDir::new().unwrap();
    let store = Store::open(directory.path().join("a/cache"), limits).unwrap();
    (directory, store)
}

fn place(url: &str) -> Place {
    Place::new(url, &["", "public", ""])
}

fn kept(body: &str) -> Kept {
    Kept {
        headers: HeaderMap::new(),
        received: rules::from_seconds(1_000).unwrap(),
        initial_age: 0,
        body: Bytes::from(body.to_owned()),
    }
}

fn name(url: &str) -> Name {
    place(url).variant(&HeaderMap::new(), &HeaderMap::new())
}

/// Keeps one, as used so many seconds after 1970.
fn put(store: &Store, url: &str, body: &str, used: u64) {
    store.put(&name(url), &kept(body));
    File::open(store.path(&name(url)))
        .unwrap()
        .set_modified(rules::from_seconds(used).unwrap())
        .unwrap();
}

fn found(store: &Store, url: &str) -> Option<Bytes> {
    store
        .find(&place(url), &HeaderMap::new())
        .map(|(_, kept)| kept.body)
}

#[test]
fn for_its_owner_alone() {
    let (_kept, store) = store(LIMITS);
    put(&store, "u", "body", 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&store.directory), 0o700);
    assert_eq!(mode(&store.path(&name("u"))), 0o600);

    fs::set_permissions(&store.directory, fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(
        Store::open(store.directory.clone(), LIMITS)
            .unwrap_err()
            .to_string(),
        format!(
            "cannot use the cache {}: others may use it (mode 0750); expected 0700: what it holds came with your \
             credentials",
            store.directory.display()
        )
    );
    let file = store.path(&name("u"));
    assert!(Store::open(file, LIMITS).is_err());
}

#[test]
fn damaged_and_odd_files_are_removed() {
    let (_kept, store) = store(LIMITS);
    let path = store.path(&name("u"));
    let damages: [&dyn Fn(); 4] = [
        &|| fs::write(&path, "").unwrap(),
        &|| {
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&path, bytes).unwrap();
        },
        &|| {
            let other = store.directory.join("elsewhere");
            fs::rename(&path, &other).unwrap();
            symlink(&other, &path).unwrap();
        },
        &|| File::create(&path).unwrap().set_len(FILE_MAX + 1).unwrap(),
    ];
    for (at, damage) in damages.iter().enumerate() {
        put(&store, "u", "body", 1);
        assert_eq!(found(&store, "u"), Some("body".into()));
        damage();
        assert_eq!(found(&store, "u"), None, "{at}");
        assert!(fs::symlink_metadata(&path).is_err(), "{at}");
    }
}

#[test]
fn what_was_used_last_stays() {
    let bytes = (kept("0123456789").head().len() + 10) as u64;
    let table = [
        // limits, which of a, b, c stay where b was used before a
        (LIMITS, [true, true, true]),
        (
            CacheLimits {
                entries: 3,
                ..LIMITS
            },
            [true, true, true],
        ),
        (
            CacheLimits {
                entries: 2,
                ..LIMITS
            },
            [true, false, true],
        ),
        (
            CacheLimits {
                entries: 1,
                ..LIMITS
            },
            [false, false, true],
        ),
        (
            CacheLimits {
                bytes: 3 * bytes,
                ..LIMITS
            },
            [true, true, true],
        ),
        (
            CacheLimits {
                bytes: 3 * bytes - 1,
                ..LIMITS
            },
            [true, false, true],
        ),
        (
            CacheLimits {
                bytes: 2 * bytes - 1,
                ..LIMITS
            },
            [false, false, true],
        ),
        (
            CacheLimits {
                bytes: bytes - 1,
                ..LIMITS
            },
            [false, false, false],
        ),
        (
            CacheLimits {
                entries: 0,
                ..LIMITS
            },
            [false, false, false],
        ),
    ];
    for (limits, stay) in table {
        let (_kept, wide) = store(LIMITS);
        put(&wide, "a", "0123456789", 2_000);
        put(&wide, "b", "0123456789", 1_000);
        let theirs = wide.directory.join("notes");
        fs::write(&theirs, "x").unwrap();
        File::open(&theirs)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        let narrow = Store::open(wide.directory.clone(), limits).unwrap();
        narrow.put(&name("c"), &kept("0123456789"));
        // What can never be kept removes nothing else.
        let kept_at_all = limits.entries > 0 && limits.bytes >= bytes;
        let expected = if kept_at_all {
            stay
        } else {
            [true, true, false]
        };
        let found = ["a", "b", "c"].map(|url| found(&narrow, url).is_some());
        assert_eq!(found, expected, "{limits:?}");
        assert!(theirs.exists());
    }
}

#[test]
fn use_counts() {
    let (_kept, store) = store(CacheLimits {
        entries: 2,
        ..LIMITS
    });
    put(&store, "a", "", 1_000);
    put(&store, "b", "", 2_000);
    store.touch(&name("a"));
    store.put(&name("c"), &kept(""));
    let found = ["a", "b", "c"].map(|url| found(&store, url).is_some());
    assert_eq!(found, [true, false, true]);
}

#[test]
fn abandoned_files_go() {
    let (_kept, store) = store(LIMITS);
    let old = store.directory.join(format!("{TEMPORARY}old"));
    let new = store.directory.join(format!("{TEMPORARY}new"));
    for path in [&old, &new] {
        fs::write(path, "x").unwrap();
    }
    File::open(&old)
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH)
        .unwrap();
    store.put(&name("a"), &kept(""));
    assert_eq!((old.exists(), new.exists()), (false, true));
}

#[test]
fn names() {
    let headers = |values: &[&str]| {
        let mut map = HeaderMap::new();
        for value in values {
            map.append("accept", HeaderValue::from_str(value).unwrap());
        }
        map
    };
    let mut vary = HeaderMap::new();
    vary.insert("vary", HeaderValue::from_static("Accept"));
    let none = HeaderMap::new();
    let base = place("u");
    let variant = |place: &Place, answer: &HeaderMap, values: &[&str]| {
        place.variant(answer, &headers(values))
    };
    // Each is another one.
    let all = [
        variant(&base, &none, &[]),
        variant(&base, &vary, &[]),
        variant(&base, &vary, &["a"]),
        variant(&base, &vary, &["b"]),
        variant(&base, &vary, &["a", "b"]),
        variant(&place("v"), &none, &[]),
        variant(&Place::new("u", &["", "public", "=hub"]), &none, &[]),
        variant(&Place::new("u", &["x", "public", ""]), &none, &[]),
        variant(&Place::new("u", &["", "loopback", ""]), &none, &[]),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(is_name(&one.0));
        assert_eq!(all.iter().position(|other| other == one), Some(at));
    }
    // What does not vary is the same.
    assert_eq!(variant(&base, &none, &["a"]), all[0]);
    for text in ["", "notes", "a-b-c", &format!("{}-x", all[0].0)] {
        assert!(!is_name(text), "{text}");
    }
}

#[test]
fn a_url_is_forgotten_for_everybody() {
    let (_kept, store) = store(LIMITS);
    let hub = Place::new("u", &["", "public", "=hub"]);
    let none = HeaderMap::new();
    put(&store, "u", "", 1);
    put(&store, "v", "", 1);
    store.put(&hub.variant(&none, &none), &kept(""));
    store.invalidate(&place("u"));
    assert!(store.find(&hub, &none).is_none());
    assert_eq!(
        (found(&store, "u"), found(&store, "v")),
        (None, Some("".into()))
    );
}
