//! `wasi:filesystem` for guests, behind our own guard.
//!
//! The runtime resolves paths under a directory handle and refuses to leave it. This layer stands in front and adds
//! what it has no opinion about:
//!
//! | rule | guest sees |
//! |---|---|
//! | what is outside every mount is refused, and recorded with the path that was tried | `not-permitted` |
//! | names up to 255 bytes, paths up to 4096 | `name-too-long` |
//! | open files and directories up to the limit | the call stops with `open-files` |
//! | bytes written up to the limit, streams and truncation included | the call stops with `disk` |
//! | listings up to 100,000 entries | `overflow` |
//! | a symbolic link's target stays inside its mount, by its text | `not-permitted` |
//! | a special file (device, fifo, socket) cannot be opened | `not-permitted` |
//! | a file that is renamed over another keeps the mode of the one it replaces | |
//!
//! The root is a mount of its own, called the void: it has no entries, and an attempt to open a file there is how the
//! host learns what a guest tried to reach. Looking whether something is there is no attempt, and finds nothing; nor is
//! reading `/dev/urandom`, which libraries try by themselves.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use policy::{Decision, LimitExceeded, LimitName, Verdict};
use types::ErrorCode;
use wasmtime::component::{HasData, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, FsError, FsResult, InputStream, OutputStream, Pollable,
    StreamError, StreamResult,
};

use crate::state::GuestState;
use crate::streams::lock;

/// The longest name of one file, in bytes (as on Linux file systems).
const NAME: usize = 255;
/// The longest path, in bytes (as `PATH_MAX` on Linux).
const PATH: usize = 4096;
/// The most entries of one directory that a guest can list.
const LISTING: usize = 100_000;
/// Denials that are kept for one call; the rest are counted only.
pub(crate) const DENIALS: usize = 32;

/// What one call does with files.
#[derive(Debug)]
pub(crate) struct FileGuard {
    open: u64,
    peak_open: u64,
    allowed_open: u64,
    disk: Arc<Mutex<DiskBudget>>,
    /// What each descriptor stands for.
    places: HashMap<u32, Place>,
    denials: Vec<Decision>,
    denied: u64,
    exceeded: Option<LimitExceeded>,
}

/// What a descriptor stands for.
#[derive(Debug)]
struct Place {
    /// As the guest names it.
    path: PathBuf,
    /// Whether the guest has opened it; a mount is there from the start, and not counted.
    opened: bool,
}

/// Bytes that a call may still write.
#[derive(Debug)]
struct DiskBudget {
    allowed: u64,
    used: u64,
    exceeded: Option<LimitExceeded>,
}

impl DiskBudget {
    fn take(&mut self, bytes: u64) -> Result<(), LimitExceeded> {
        let wanted = self.used.saturating_add(bytes);
        if wanted > self.allowed {
            let limit = LimitExceeded {
                limit: LimitName::Disk,
                allowed: self.allowed,
                requested: wanted,
            };
            self.exceeded = Some(limit.clone());
            return Err(limit);
        }
        self.used = wanted;
        Ok(())
    }
}

impl FileGuard {
    pub(crate) fn new(open_files: u64, disk: u64) -> FileGuard {
        FileGuard {
            open: 0,
            peak_open: 0,
            allowed_open: open_files,
            disk: Arc::new(Mutex::new(DiskBudget {
                allowed: disk,
                used: 0,
                exceeded: None,
            })),
            places: HashMap::new(),
            denials: Vec::new(),
            denied: 0,
            exceeded: None,
        }
    }

    pub(crate) fn peak_open(&self) -> u64 {
        self.peak_open
    }

    /// Adds what a program has written, and had open at one time, on this call's behalf.
    pub(crate) fn add(&mut self, written: u64, open: u64) {
        let mut disk = lock(&self.disk);
        disk.used = disk.used.saturating_add(written);
        drop(disk);
        self.peak_open = self.peak_open.max(self.open.saturating_add(open));
    }

    pub(crate) fn written(&self) -> u64 {
        lock(&self.disk).used
    }

    pub(crate) fn exceeded(&self) -> Option<LimitExceeded> {
        self.exceeded
            .clone()
            .or_else(|| lock(&self.disk).exceeded.clone())
    }

    /// Begins a new count of what is written; what is open stays open.
    pub(crate) fn renew(&mut self) {
        let mut disk = lock(&self.disk);
        disk.used = 0;
        disk.exceeded = None;
        drop(disk);
        self.exceeded = None;
        self.denied = 0;
        self.peak_open = self.open;
    }

    pub(crate) fn take_denials(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.denials)
    }

    /// Keeps a refusal for the call's outcome; the same one is kept once.
    pub(crate) fn deny(&mut self, decision: Decision) {
        self.denied += 1;
        if self.denials.len() < DENIALS && !self.denials.contains(&decision) {
            self.denials.push(decision);
        }
    }

    fn outside(&mut self, path: &Path) -> FsError {
        self.deny(Decision {
            verdict: Verdict::Deny,
            subject: format!("file {}", path.display()),
            rule: "mounts: nothing is mounted there".into(),
            remedy:
                "Use paths under /workspace; a person can mount another directory in the policy."
                    .into(),
        });
        ErrorCode::NotPermitted.into()
    }

    fn opened(&mut self) -> FsResult<()> {
        if self.open >= self.allowed_open {
            let limit = LimitExceeded {
                limit: LimitName::OpenFiles,
                allowed: self.allowed_open,
                requested: self.open + 1,
            };
            self.exceeded = Some(limit.clone());
            return Err(FsError::trap(limit));
        }
        self.open += 1;
        self.peak_open = self.peak_open.max(self.open);
        Ok(())
    }

    fn closed(&mut self, rep: u32) {
        if self.places.remove(&rep).is_some_and(|place| place.opened) {
            self.open = self.open.saturating_sub(1);
        }
    }
}

/// Checks a path's length and that its text does not climb out of the directory it starts from.
fn check(guard: &mut FileGuard, base: &Path, path: &str) -> FsResult<PathBuf> {
    if path.len() > PATH
        || Path::new(path)
            .components()
            .any(|part| part.as_os_str().len() > NAME)
    {
        return Err(ErrorCode::NameTooLong.into());
    }
    if base == Path::new(VOID) {
        return Err(guard.outside(&Path::new(VOID).join(path)));
    }
    let mut place = base.to_owned();
    // The mount's own name is the first part after the root.
    let floor = 2;
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => place.push(name),
            Component::CurDir => {}
            Component::ParentDir if place.components().count() > floor => {
                place.pop();
            }
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(guard.outside(&base.join(path)));
            }
        }
    }
    Ok(place)
}

/// The guest's root.
pub(crate) const VOID: &str = "/";

/// Sources of randomness that libraries try before they ask the host for some. They are not there, and looking for them
/// says nothing about a guest.
const NOISE: [&str; 2] = ["/dev/urandom", "/dev/random"];

/// Whether a path under the root is one of [`NOISE`].
fn is_noise(path: &str) -> bool {
    let path = Path::new(VOID).join(path);
    NOISE.iter().any(|noise| path == Path::new(noise))
}

/// The key for linking.
#[derive(Debug)]
pub(crate) struct GuardedFiles;

impl HasData for GuardedFiles {
    type Data<'a> = Files<'a>;
}

/// The runtime's file system and our guard, borrowed for one call of either.
pub(crate) struct Files<'a> {
    pub(crate) inner: WasiFilesystemCtxView<'a>,
    pub(crate) guard: &'a mut FileGuard,
}

impl GuestState {
    pub(crate) fn files(&mut self) -> Files<'_> {
        let (inner, guard) = self.filesystem_and_guard();
        Files { inner, guard }
    }
}

impl Files<'_> {
    fn place(&self, fd: &Resource<Descriptor>) -> PathBuf {
        self.guard
            .places
            .get(&fd.rep())
            .map_or_else(|| PathBuf::from(VOID), |place| place.path.clone())
    }

    /// Checks a path under a directory and says where it leads.
    fn at(&mut self, fd: &Resource<Descriptor>, path: &str) -> FsResult<PathBuf> {
        let base = self.place(fd);
        check(self.guard, &base, path)
    }
}

impl preopens::Host for Files<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let directories = preopens::Host::get_directories(&mut self.inner)?;
        for (fd, name) in &directories {
            let place = Place {
                path: PathBuf::from(name),
                opened: false,
            };
            self.guard.places.insert(fd.rep(), place);
        }
        Ok(directories)
    }
}

impl types::Host for Files<'_> {
    fn convert_error_code(&mut self, err: FsError) -> wasmtime::Result<ErrorCode> {
        self.inner.convert_error_code(err)
    }

    fn filesystem_error_code(
        &mut self,
        err: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        self.inner.filesystem_error_code(err)
    }
}

impl types::HostDescriptor for Files<'_> {
    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: types::Filesize,
        len: types::Filesize,
        advice: types::Advice,
    ) -> FsResult<()> {
        self.inner.advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.inner.sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorFlags> {
        self.inner.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorType> {
        self.inner.get_type(fd).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: types::Filesize) -> FsResult<()> {
        let now = self.inner.stat(Resource::new_borrow(fd.rep())).await?.size;
        lock(&self.guard.disk)
            .take(size.saturating_sub(now))
            .map_err(FsError::trap)?;
        self.inner.set_size(fd, size).await
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        access: types::NewTimestamp,
        modification: types::NewTimestamp,
    ) -> FsResult<()> {
        self.inner.set_times(fd, access, modification).await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        len: types::Filesize,
        offset: types::Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.inner.read(fd, len, offset).await
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        buffer: Vec<u8>,
        offset: types::Filesize,
    ) -> FsResult<types::Filesize> {
        let end = offset.saturating_add(buffer.len() as u64);
        let now = self.inner.stat(Resource::new_borrow(fd.rep())).await?.size;
        // A write far past the end makes a file of that size.
        let cost = (buffer.len() as u64).max(end.saturating_sub(now));
        lock(&self.guard.disk).take(cost).map_err(FsError::trap)?;
        self.inner.write(fd, buffer, offset).await
    }

    async fn read_directory(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<types::DirectoryEntryStream>> {
        // The runtime lists a directory whole, in the host's memory: count first.
        if let Some(directory) = self.directory(&fd)
            && let Ok(entries) = directory.entries()
            && entries.take(LISTING + 1).count() > LISTING
        {
            return Err(ErrorCode::Overflow.into());
        }
        self.guard.opened()?;
        match self.inner.read_directory(fd).await {
            Ok(stream) => Ok(stream),
            Err(error) => {
                self.guard.open = self.guard.open.saturating_sub(1);
                Err(error)
            }
        }
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.inner.sync(fd).await
    }

    async fn create_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.at(&fd, &path)?;
        // A directory costs a block, so that making them without end meets the same limit.
        lock(&self.guard.disk).take(4096).map_err(FsError::trap)?;
        self.inner.create_directory_at(fd, path).await
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<types::DescriptorStat> {
        self.inner.stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        if self.place(&fd) == Path::new(VOID) {
            // Looking whether something is there is answered truthfully, and is no attempt to use it.
            return Err(ErrorCode::NoEntry.into());
        }
        self.at(&fd, &path)?;
        self.inner.stat_at(fd, flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
        access: types::NewTimestamp,
        modification: types::NewTimestamp,
    ) -> FsResult<()> {
        self.at(&fd, &path)?;
        self.inner
            .set_times_at(fd, flags, path, access, modification)
            .await
    }

    async fn link_at(
        &mut self,
        _fd: Resource<Descriptor>,
        _flags: types::PathFlags,
        _old_path: String,
        _new_fd: Resource<Descriptor>,
        _new_path: String,
    ) -> FsResult<()> {
        // A hard link would give one file two names, with the access of either.
        Err(ErrorCode::Unsupported.into())
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: types::PathFlags,
        path: String,
        open_flags: types::OpenFlags,
        flags: types::DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        if self.place(&fd) == Path::new(VOID) && open_flags.contains(types::OpenFlags::DIRECTORY) {
            // Like `stat_at`: libraries look for fonts and settings in a dozen places, and there is nothing there.
            return Err(ErrorCode::NoEntry.into());
        }
        let writes = flags.contains(types::DescriptorFlags::WRITE)
            || open_flags.contains(types::OpenFlags::CREATE);
        if self.place(&fd) == Path::new(VOID) && !writes && is_noise(&path) {
            return Err(ErrorCode::NoEntry.into());
        }
        let place = self.at(&fd, &path)?;
        self.refuse_special(&fd, &path)?;
        self.guard.opened()?;
        if open_flags.contains(types::OpenFlags::CREATE) {
            lock(&self.guard.disk).take(1).map_err(FsError::trap)?;
        }
        match self
            .inner
            .open_at(fd, path_flags, path, open_flags, flags)
            .await
        {
            Ok(opened) => {
                let place = Place {
                    path: place,
                    opened: true,
                };
                self.guard.places.insert(opened.rep(), place);
                Ok(opened)
            }
            Err(error) => {
                self.guard.open = self.guard.open.saturating_sub(1);
                Err(error)
            }
        }
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.guard.closed(fd.rep());
        types::HostDescriptor::drop(&mut self.inner, fd)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.at(&fd, &path)?;
        self.inner.readlink_at(fd, path).await
    }

    async fn remove_directory_at(
        &mut self,
        fd: Resource<Descriptor>,
        path: String,
    ) -> FsResult<()> {
        self.at(&fd, &path)?;
        self.inner.remove_directory_at(fd, path).await
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.at(&fd, &old_path)?;
        self.at(&new_fd, &new_path)?;
        let replaced = self.directory(&new_fd).and_then(|directory| {
            let mode = directory
                .symlink_metadata(&new_path)
                .ok()
                .filter(|meta| meta.is_file())?
                .permissions();
            Some((directory, mode))
        });
        self.inner
            .rename_at(fd, old_path, new_fd, new_path.clone())
            .await?;
        if let Some((directory, mode)) = replaced {
            directory
                .set_permissions(&new_path, mode)
                .map_err(|error| FsError::from(ErrorCode::from(error)))?;
        }
        Ok(())
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        target: String,
        path: String,
    ) -> FsResult<()> {
        let link = self.at(&fd, &path)?;
        let parent = link.parent().unwrap_or(Path::new(VOID)).to_owned();
        check(self.guard, &parent, &target)?;
        lock(&self.guard.disk).take(4096).map_err(FsError::trap)?;
        self.inner.symlink_at(fd, target, path).await
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        self.at(&fd, &path)?;
        self.inner.unlink_file_at(fd, path).await
    }

    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        let stream = self.inner.read_via_stream(fd, offset)?;
        let inner = self.inner.table.delete(stream)?;
        let direct: DynInputStream = Box::new(Direct { inner });
        Ok(self.inner.table.push(direct)?)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        // The gap that a write past the end makes counts as written.
        let size = self.size(&fd)?;
        lock(&self.guard.disk)
            .take(offset.saturating_sub(size))
            .map_err(FsError::trap)?;
        let stream = self.inner.write_via_stream(fd, offset)?;
        self.meter(stream)
    }

    fn append_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.inner.append_via_stream(fd)?;
        self.meter(stream)
    }

    async fn is_same_object(
        &mut self,
        a: Resource<Descriptor>,
        b: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        self.inner.is_same_object(a, b).await
    }

    async fn metadata_hash(
        &mut self,
        fd: Resource<Descriptor>,
    ) -> FsResult<types::MetadataHashValue> {
        self.inner.metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        flags: types::PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        if self.place(&fd) == Path::new(VOID) {
            return Err(ErrorCode::NoEntry.into());
        }
        self.at(&fd, &path)?;
        self.inner.metadata_hash_at(fd, flags, path).await
    }
}

impl Files<'_> {
    /// Our own handle on a guest's directory, with the same guarantee that paths stay under it.
    fn directory(&self, fd: &Resource<Descriptor>) -> Option<cap_std::fs::Dir> {
        match self.inner.table.get(fd) {
            Ok(Descriptor::Dir(directory)) => directory
                .dir
                .try_clone()
                .ok()
                .map(cap_std::fs::Dir::from_std_file),
            _ => None,
        }
    }

    /// Devices, fifos and sockets do not exist for a guest, whatever stands in a mounted directory.
    fn refuse_special(&mut self, fd: &Resource<Descriptor>, path: &str) -> FsResult<()> {
        let Some(directory) = self.directory(fd) else {
            return Ok(());
        };
        match directory.metadata(path) {
            Ok(meta) if !(meta.is_file() || meta.is_dir()) => Err(ErrorCode::NotPermitted.into()),
            _ => Ok(()),
        }
    }

    fn size(&self, fd: &Resource<Descriptor>) -> FsResult<u64> {
        match self.inner.table.get(fd)? {
            Descriptor::File(file) => file
                .file
                .metadata()
                .map(|meta| meta.len())
                .map_err(|error| ErrorCode::from(error).into()),
            Descriptor::Dir(_) => Err(ErrorCode::IsDirectory.into()),
        }
    }

    /// Puts the disk budget in front of a stream.
    fn meter(&mut self, stream: Resource<DynOutputStream>) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.inner.table.delete(stream)?;
        let metered: DynOutputStream = Box::new(Metered {
            inner,
            disk: Arc::clone(&self.guard.disk),
        });
        Ok(self.inner.table.push(metered)?)
    }
}

/// What a future gives that has nothing to wait for. Local files are read and written on the spot
/// (`allow_blocking_current_thread`): a worker has no other thread, and could not start one.
fn at_once<T>(work: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
    let mut work = std::pin::pin!(work);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match work.as_mut().poll(&mut context) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => Err(StreamError::Trap(wasmtime::Error::msg(
            "a local file made its reader wait",
        ))),
    }
}

/// A stream out of a file.
struct Direct {
    inner: DynInputStream,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Direct {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl InputStream for Direct {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        at_once(self.inner.blocking_read(size))
    }
}

/// A stream into a file, counted.
struct Metered {
    inner: DynOutputStream,
    disk: Arc<Mutex<DiskBudget>>,
}

#[wasmtime_wasi::async_trait]
impl Pollable for Metered {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Metered {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        lock(&self.disk)
            .take(bytes.len() as u64)
            .map_err(|limit| StreamError::Trap(wasmtime::Error::new(limit)))?;
        at_once(self.inner.blocking_write_and_flush(bytes))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

impl types::HostDirectoryEntryStream for Files<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        self.inner.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.guard.open = self.guard.open.saturating_sub(1);
        types::HostDirectoryEntryStream::drop(&mut self.inner, stream)
    }
}
