//! The question for a token, the first time that one is needed and there is none.

use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::config;
use crate::fail::Fail;
use crate::paths::private_directory;
use crate::render::put;
use crate::start::Ready;

/// What stands in the state directory once the question was answered with nothing.
const DECLINED: &str = "goes-without-a-token";

/// Asks for the Hugging Face token, where the model needs it, a person is there, and they have not said before that they go
/// without. Whether there is one now.
pub(crate) fn ask(ready: &Ready) -> Result<bool, Fail> {
    let needed = ready.missing_key == Some("HF_TOKEN");
    let declined = ready.paths.state().join(DECLINED);
    let attended = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let Some(file) = config::token_file(&ready.here.environment) else {
        return Ok(false);
    };
    if !needed || !attended || declined.exists() {
        return Ok(false);
    }
    put(&format!(
        "{} needs a Hugging Face token: https://huggingface.co/settings/tokens makes one.\nIt is kept in {}, where `hf auth \
         login` keeps it too. Enter alone goes on without.\n",
        ready.here.loaded.config.model_name,
        file.display()
    ));
    loop {
        let Ok(text) = rpassword::prompt_password("Token (not shown): ") else {
            return Ok(false);
        };
        match judge(&text) {
            Ok(None) => {
                private_directory(&ready.paths.state())?;
                // Where it cannot be noted, the question comes again.
                let _ = std::fs::write(&declined, "");
                return Ok(false);
            }
            Ok(Some(token)) => {
                keep(&file, token)?;
                put("Kept.\n");
                return Ok(true);
            }
            Err(problem) => put(&format!("{problem}\n")),
        }
    }
}

/// The token in what was typed; none where nothing was.
fn judge(text: &str) -> Result<Option<&str>, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() < 8 || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err("That is no token: those of the Hub begin with hf_ and have no blanks.");
    }
    Ok(Some(text))
}

/// Writes it where `huggingface_hub` looks, for this user alone.
fn keep(file: &Path, token: &str) -> Result<(), Fail> {
    let wrong = |error: std::io::Error| Fail::usage(format!("{}: {error}", file.display()));
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory).map_err(wrong)?;
    }
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| file.write_all(token.as_bytes()))
        .map_err(wrong)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_a_token() {
        let table = [
            ("", Ok(None)),
            (" \n", Ok(None)),
            (" hf_abcdefgh\n", Ok(Some("hf_abcdefgh"))),
            ("hf_abc", Err(())),
            ("hf_abc defgh", Err(())),
            ("hf_abcdefgé", Err(())),
        ];
        for (text, expected) in table {
            assert_eq!(judge(text).map_err(|_| ()), expected, "{text:?}");
        }
    }

    #[test]
    fn it_is_kept_for_this_user_alone() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("huggingface/token");
        keep(&file, "hf_abcdefgh").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "hf_abcdefgh");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
