//! The keychain of the operating system, asked through its own program: `secret-tool` (the Secret Service of GNOME, KDE and
//! others), `security` on macOS.
//!
//! | system | how a token gets there |
//! | --- | --- |
//! | Linux | `secret-tool store --label="Hugging Face" service ml-intern account huggingface` |
//! | macOS | `security add-generic-password -s ml-intern -a huggingface -w` |

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long it may take: it may want to ask its user for a password.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// What the keychain says, asked once for a process: the token, or why there is none.
pub(super) fn token() -> Result<String, String> {
    static ANSWER: OnceLock<Result<String, String>> = OnceLock::new();
    ANSWER.get_or_init(ask).clone()
}

fn ask() -> Result<String, String> {
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("security");
        command.args([
            "find-generic-password",
            "-s",
            "ml-intern",
            "-a",
            "huggingface",
            "-w",
        ]);
        command
    } else {
        // Without a session's bus there is no such service, and nothing to start.
        if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none() {
            return Err("none here".to_owned());
        }
        let mut command = Command::new("secret-tool");
        command.args(["lookup", "service", "ml-intern", "account", "huggingface"]);
        command
    };
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err("none here".to_owned());
        }
        Err(error) => return Err(error.to_string()),
    };
    let end = Instant::now() + PATIENCE;
    // A token is shorter than a pipe is deep, so it can be waited for before it is read.
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if Instant::now() < end => std::thread::sleep(LOOK),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("no answer".to_owned());
            }
        }
    }
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !text.is_empty() {
        Ok(text)
    } else {
        Err("no entry".to_owned())
    }
}
