//! The Hub's official client finds here what it finds at the Hub: `conformance.py`, in an environment with the versions of
//! `requirements.txt`, which is made at the first run and kept beside the build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ml_intern_stand_in::StandIn;

/// The Python of an environment that has what is required.
fn python(here: &Path) -> PathBuf {
    let requirements = here.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).unwrap();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stand-in-venv");
    let python = place.join("bin/python");
    let done = place.join("requirements.txt");
    if fs::read_to_string(&done).is_ok_and(|held| held == wanted) {
        return python;
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&place));
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "--requirement",
        ])
        .arg(&requirements));
    fs::write(done, wanted).unwrap();
    python
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}:\n{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn the_official_client_gets_what_it_expects() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = python(here);
    let server = StandIn::start();
    let printed = run(Command::new(python)
        .arg(here.join("conformance.py"))
        .env("HF_ENDPOINT", server.origin())
        .env_remove("HF_TOKEN"));
    assert!(printed.ends_with("all 20\n"), "{printed}");
}
