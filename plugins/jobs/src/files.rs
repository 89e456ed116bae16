//! Files: scripts of the workspace, and logs that are too long for a result.
//!
//! | path | is |
//! | --- | --- |
//! | `train.py`, `./a/train.py` | in `/workspace` |
//! | `/workspace/train.py`, `/tmp/train.py` | itself |
//! | `/etc/passwd`, `../x` | outside: refused |

use std::fs;
use std::io::Read as _;
use std::path::Path;

/// A script, of so many bytes at most. The root is `/` for a component.
pub(crate) fn script(root: &Path, path: &str, most: usize) -> Result<String, String> {
    let inside = match path.strip_prefix('/') {
        Some(absolute) if absolute.starts_with("workspace/") || absolute.starts_with("tmp/") => {
            absolute.to_owned()
        }
        Some(_) => return Err(format!("`{path}` is neither in /workspace nor in /tmp")),
        None => format!("workspace/{path}"),
    };
    if inside.split('/').any(|part| part == "..") {
        return Err(format!(
            "`{path}` has `..` in it: write the path from the workspace"
        ));
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file `{path}` in the workspace"),
        _ => format!("`{path}` cannot be read: {error}"),
    };
    let mut bytes = Vec::new();
    fs::File::open(root.join(inside))
        .map_err(failed)?
        .take(most as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > most {
        return Err(format!("`{path}` has more than {most} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("`{path}` is not text: byte {at} is not UTF-8")
    })?;
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

/// Writes a text into the temporary directory; where it is then.
pub(crate) fn keep(root: &Path, name: &str, text: &str) -> Result<String, String> {
    let path = format!("tmp/{name}");
    fs::write(root.join(&path), text).map_err(|error| error.to_string())?;
    Ok(format!("/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_found_where_they_may_be() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["workspace/a", "tmp", "etc"] {
            fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        for (path, bytes) in [
            ("workspace/a/t.py", &b"\xef\xbb\xbfprint(1)\n"[..]),
            ("tmp/t.py", b"2"),
            ("etc/t.py", b"3"),
            ("workspace/b.py", b"a\xff"),
        ] {
            fs::write(root.path().join(path), bytes).unwrap();
        }
        let table = [
            ("a/t.py", Ok("print(1)\n")),
            ("./a/t.py", Ok("print(1)\n")),
            ("/workspace/a/t.py", Ok("print(1)\n")),
            ("/tmp/t.py", Ok("2")),
            (
                "/etc/t.py",
                Err("`/etc/t.py` is neither in /workspace nor in /tmp"),
            ),
            (
                "../etc/t.py",
                Err("`../etc/t.py` has `..` in it: write the path from the workspace"),
            ),
            (
                "/workspace/../etc/t.py",
                Err("`/workspace/../etc/t.py` has `..` in it: write the path from the workspace"),
            ),
            (
                "none.py",
                Err("there is no file `none.py` in the workspace"),
            ),
            ("b.py", Err("`b.py` is not text: byte 1 is not UTF-8")),
        ];
        for (path, expected) in table {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(script(root.path(), path, 12), expected, "{path}");
        }
        // The bound counts bytes as they are in the file; a neighbour fits.
        assert_eq!(
            script(root.path(), "a/t.py", 11),
            Err("`a/t.py` has more than 11 bytes".into())
        );
        assert_eq!(keep(root.path(), "x.log", "é"), Ok("/tmp/x.log".into()));
        assert_eq!(
            fs::read_to_string(root.path().join("tmp/x.log")).unwrap(),
            "é"
        );
        assert!(keep(root.path(), "no/x.log", "").is_err());
    }
}
