//! The file system that the shell sees: the mounted directories through WASI, and nothing else that can be written.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bashkit::{
    DirEntry, FileSystem, FileType, FsBackend, Metadata, MountableFs, PosixFs, Result, async_trait,
};

/// The directories that the host mounts.
const MOUNTS: [&str; 4] = ["/workspace", "/tmp", "/packages", "/data"];

/// The whole of it. Where the root is not a mount, writing is refused, not forgotten.
pub(crate) fn all() -> Arc<dyn FileSystem> {
    let root = MountableFs::new(Arc::new(PosixFs::new(Root)));
    for mount in MOUNTS {
        if std::fs::symlink_metadata(mount).is_ok() {
            // Mounting fails only for a path that is not absolute.
            let _ = root.mount(mount, Arc::new(PosixFs::new(Mount(mount))));
        }
    }
    Arc::new(root)
}

/// One mounted directory.
pub(crate) struct Mount(pub(crate) &'static str);

impl Mount {
    fn real(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("/") {
            Ok(rest) if rest.as_os_str().is_empty() => PathBuf::from(self.0),
            Ok(rest) => Path::new(self.0).join(rest),
            Err(_) => Path::new(self.0).join(path),
        }
    }
}

/// What is outside the mounts: the directories that scripts expect, `/dev/null`, and nothing that can be changed.
struct Root;

const DIRECTORIES: [&str; 5] = ["/", "/dev", "/bin", "/usr", "/usr/bin"];
const NULL: &str = "/dev/null";

impl Root {
    fn refuse<T>(path: &Path) -> Result<T> {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "{}: only /workspace and /tmp can be written here",
                path.display()
            ),
        )
        .into())
    }

    fn missing<T>() -> Result<T> {
        Err(io::Error::new(io::ErrorKind::NotFound, "No such file or directory").into())
    }
}

#[async_trait]
impl FsBackend for Root {
    async fn read(&self, path: &Path) -> Result<Vec<u8>> {
        if path == Path::new(NULL) {
            return Ok(Vec::new());
        }
        // Asking the host is how an attempt to read outside becomes known.
        Ok(std::fs::read(path)?)
    }

    async fn write(&self, path: &Path, _: &[u8]) -> Result<()> {
        if path == Path::new(NULL) {
            return Ok(());
        }
        Root::refuse(path)
    }

    async fn append(&self, path: &Path, content: &[u8]) -> Result<()> {
        self.write(path, content).await
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        if recursive && self.exists(path).await? {
            return Ok(());
        }
        Root::refuse(path)
    }

    async fn remove(&self, path: &Path, _: bool) -> Result<()> {
        Root::refuse(path)
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        let known = |list: &[&str]| list.iter().any(|one| path == Path::new(one));
        let file_type = if known(&DIRECTORIES) {
            FileType::Directory
        } else if known(&[NULL]) {
            FileType::File
        } else {
            return Root::missing();
        };
        Ok(Metadata {
            file_type,
            size: 0,
            mode: 0o755,
            modified: SystemTime::UNIX_EPOCH,
            created: SystemTime::UNIX_EPOCH,
        })
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        match self.stat(path).await?.file_type {
            FileType::Directory => Ok(Vec::new()),
            _ => Root::missing(),
        }
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        Ok(self.stat(path).await.is_ok())
    }

    async fn rename(&self, from: &Path, _: &Path) -> Result<()> {
        Root::refuse(from)
    }

    async fn copy(&self, _: &Path, to: &Path) -> Result<()> {
        Root::refuse(to)
    }

    async fn symlink(&self, _: &Path, link: &Path) -> Result<()> {
        Root::refuse(link)
    }

    async fn read_link(&self, _: &Path) -> Result<PathBuf> {
        Root::missing()
    }

    async fn chmod(&self, path: &Path, _: u32) -> Result<()> {
        Root::refuse(path)
    }

    async fn set_modified_time(&self, path: &Path, _: SystemTime) -> Result<()> {
        Root::refuse(path)
    }
}

fn metadata(found: &std::fs::Metadata) -> Metadata {
    let kind = found.file_type();
    let file_type = if kind.is_dir() {
        FileType::Directory
    } else if kind.is_symlink() {
        FileType::Symlink
    } else {
        FileType::File
    };
    let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Metadata {
        file_type,
        size: found.len(),
        // WASI has no modes; a script must be executable to be run as `./script`.
        mode: 0o755,
        modified,
        created: found.created().unwrap_or(modified),
    }
}

/// A name beside `path` that nobody uses.
fn beside(path: &Path) -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos());
    path.with_file_name(format!(".bash-{now:x}-{number:x}"))
}

/// Whether a symbolic link at `link` (inside the mount) with this target stays in the mount, by its text.
fn stays_inside(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count().saturating_sub(2);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth == 0 => return false,
            Component::ParentDir => depth -= 1,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[async_trait]
impl FsBackend for Mount {
    async fn read(&self, path: &Path) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.real(path))?)
    }

    async fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        let path = self.real(path);
        let new = beside(&path);
        let done = std::fs::write(&new, content).and_then(|()| std::fs::rename(&new, &path));
        if done.is_err() {
            // The error that counts is the first one.
            let _ = std::fs::remove_file(&new);
        }
        Ok(done?)
    }

    async fn append(&self, path: &Path, content: &[u8]) -> Result<()> {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.real(path))?;
        Ok(file.write_all(content)?)
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        let path = self.real(path);
        let made = match recursive {
            true => std::fs::create_dir_all(path),
            false => std::fs::create_dir(path),
        };
        Ok(made?)
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        let path = self.real(path);
        let found = std::fs::symlink_metadata(&path)?;
        let removed = match (found.is_dir(), recursive) {
            (true, true) => std::fs::remove_dir_all(path),
            (true, false) => std::fs::remove_dir(path),
            (false, _) => std::fs::remove_file(path),
        };
        Ok(removed?)
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        Ok(metadata(&std::fs::symlink_metadata(self.real(path))?))
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let path = self.real(path);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&path)? {
            // A name that is no text cannot be named in a script.
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            if let Ok(found) = std::fs::symlink_metadata(path.join(&name)) {
                entries.push(DirEntry {
                    name,
                    metadata: metadata(&found),
                });
            }
        }
        entries.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(entries)
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        Ok(std::fs::symlink_metadata(self.real(path)).is_ok())
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        Ok(std::fs::rename(self.real(from), self.real(to))?)
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        std::fs::copy(self.real(from), self.real(to))?;
        Ok(())
    }

    async fn symlink(&self, target: &Path, link: &Path) -> Result<()> {
        if !stays_inside(link, target) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "a symbolic link must stay inside its directory",
            )
            .into());
        }
        Ok(link_to(target, &self.real(link))?)
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        Ok(std::fs::read_link(self.real(path))?)
    }

    async fn chmod(&self, _: &Path, _: u32) -> Result<()> {
        // There are no modes; a script that sets one should go on.
        Ok(())
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(self.real(path))?;
        Ok(file.set_modified(time)?)
    }
}

#[cfg(unix)]
fn link_to(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// The stable library has no call for it on WASI.
#[cfg(not(unix))]
fn link_to(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "symbolic links cannot be made here; copy the file",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_in_their_mount() {
        for (link, target, inside) in [
            ("/a", "b", true),
            ("/d/a", "../b", true),
            ("/a", "../b", false),
            ("/d/a", "../../b", false),
            ("/d/a", "x/../../b", true),
            ("/a", "/etc/passwd", false),
        ] {
            let found = stays_inside(Path::new(link), Path::new(target));
            assert_eq!(found, inside, "{link} -> {target}");
        }
    }
}
