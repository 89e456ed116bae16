//! The token for the Hugging Face Hub, and where it was looked for.
//!
//! In this order, as `huggingface_hub` does: the variables `HF_TOKEN` and `HUGGING_FACE_HUB_TOKEN`, then one file, which is
//! `HF_TOKEN_PATH`, or `token` in `HF_HOME`, or `~/.cache/huggingface/token`. What is empty counts as not there.
//! Where none of them has one, the keychain of the operating system is asked, if there is one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::values::Hidden;

/// The variables, in their order.
const VARIABLES: [&str; 2] = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/// What came of looking for a token.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// The token, and where it was found.
    pub(crate) token: Option<(Hidden, String)>,
    /// Every place that was looked at, and what was there.
    pub(crate) looked: Vec<Looked>,
}

/// A place that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    /// A variable or a file.
    pub(crate) place: String,
    /// What was there, without its text.
    pub(crate) found: String,
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.found)
    }
}

/// The places in one sentence, for who has to be told that there is no token.
impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.token {
            Some((_, place)) => write!(f, "the Hugging Face token is from {place}"),
            None => {
                let places: Vec<String> = self.looked.iter().map(Looked::to_string).collect();
                write!(f, "no Hugging Face token (looked at {})", places.join("; "))
            }
        }
    }
}

/// What the keychain is called among the places.
const KEYCHAIN: &str = "the keychain";

/// Looks for the token. `read` gives the text of a file, and none where there is no such file; `keychain` gives the token,
/// or says why there is none.
pub(crate) fn look(
    environment: &Environment<'_>,
    read: impl Fn(&Path) -> io::Result<Option<String>>,
    keychain: impl Fn() -> Result<String, String>,
) -> Lookup {
    let mut looked = Vec::new();
    for name in VARIABLES {
        let found = environment.get(name);
        let place = match &found {
            Some(found) => format!("{name} ({})", found.from),
            None => name.to_owned(),
        };
        match judge(found.map(|found| found.value)) {
            Ok(token) => {
                return Lookup {
                    token: Some((token, place)),
                    looked,
                };
            }
            Err(found) => looked.push(Looked {
                place,
                found: found.to_owned(),
            }),
        }
    }
    if let Some(path) = file(environment) {
        let place = path.display().to_string();
        let found = match read(&path) {
            Ok(text) => match judge(text) {
                Ok(token) => {
                    return Lookup {
                        token: Some((token, place)),
                        looked,
                    };
                }
                Err(found) => found.replace("not set", "no such file"),
            },
            Err(error) => error.to_string(),
        };
        looked.push(Looked { place, found });
    }
    let found = keychain().and_then(|text| judge(Some(text)).map_err(str::to_owned));
    let found = match found {
        Ok(token) => {
            return Lookup {
                token: Some((token, KEYCHAIN.to_owned())),
                looked,
            };
        }
        Err(found) => found,
    };
    looked.push(Looked {
        place: KEYCHAIN.to_owned(),
        found,
    });
    Lookup {
        token: None,
        looked,
    }
}

/// The one file that is looked at, which is also where a token that the user gives is kept.
pub(crate) fn file(environment: &Environment<'_>) -> Option<PathBuf> {
    let set = |name: &str| {
        environment
            .process(name)
            .filter(|value| !value.trim().is_empty())
    };
    set("HF_TOKEN_PATH")
        .map(PathBuf::from)
        .or_else(|| set("HF_HOME").map(|home| Path::new(&home).join("token")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache/huggingface/token")))
}

fn judge(text: Option<String>) -> Result<Hidden, &'static str> {
    let text = text.ok_or("not set")?;
    let text = text.trim();
    if text.is_empty() {
        return Err("empty");
    }
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err("not a token");
    }
    Ok(Hidden::new(text))
}

#[cfg(test)]
mod tests {
    use super::super::dotenv::DotEnv;
    use super::*;

    #[test]
    fn places_in_their_order() {
        type Row<'r> = (
            Vec<(&'r str, &'r str)>,
            &'r str,
            Option<(&'r str, &'r str)>,
            &'r [&'r str],
        );
        let missing = ["HF_TOKEN: not set", "HUGGING_FACE_HUB_TOKEN: not set"];
        let nowhere = [missing[0], missing[1], "the keychain: none here"];
        let table: Vec<Row<'_>> = vec![
            (
                vec![
                    ("HF_TOKEN", " hf_a\r\n"),
                    ("HUGGING_FACE_HUB_TOKEN", "hf_b"),
                    ("HOME", "/h"),
                ],
                "",
                Some(("hf_a", "HF_TOKEN (environment)")),
                &[],
            ),
            (
                vec![("HUGGING_FACE_HUB_TOKEN", "hf_b")],
                "",
                Some(("hf_b", "HUGGING_FACE_HUB_TOKEN (environment)")),
                &["HF_TOKEN: not set"],
            ),
            (
                vec![("HOME", "/h")],
                "A=b\nHF_TOKEN=hf_dotenv",
                Some(("hf_dotenv", "HF_TOKEN (.env:2)")),
                &[],
            ),
            (
                vec![("HOME", "/h")],
                "",
                Some(("hf_home", "/h/.cache/huggingface/token")),
                &missing,
            ),
            (
                vec![("HOME", "/h"), ("HF_HOME", "/hf")],
                "",
                Some(("hf_hf", "/hf/token")),
                &missing,
            ),
            (
                vec![("HOME", "/h"), ("HF_HOME", "/hf"), ("HF_TOKEN_PATH", "/t")],
                "",
                Some(("hf_path", "/t")),
                &missing,
            ),
            (
                vec![("HF_TOKEN", " "), ("HF_TOKEN_PATH", "/none")],
                "",
                None,
                &[
                    "HF_TOKEN (environment): empty",
                    "HUGGING_FACE_HUB_TOKEN: not set",
                    "/none: no such file",
                    "the keychain: none here",
                ],
            ),
            (
                vec![("HF_TOKEN", "canary canary"), ("HF_TOKEN_PATH", "/broken")],
                "",
                None,
                &[
                    "HF_TOKEN (environment): not a token",
                    "HUGGING_FACE_HUB_TOKEN: not set",
                    "/broken: not a file",
                    "the keychain: none here",
                ],
            ),
            // A project does not choose the file.
            (vec![], "HF_TOKEN_PATH=/t", None, &nowhere),
        ];
        let read = |path: &Path| match path.to_str().unwrap() {
            "/h/.cache/huggingface/token" => Ok(Some("hf_home\n".to_owned())),
            "/hf/token" => Ok(Some("hf_hf".to_owned())),
            "/t" => Ok(Some("hf_path".to_owned())),
            "/broken" => Err(io::Error::other("not a file")),
            _ => Ok(None),
        };
        for (variables, dotenv, token, looked) in table {
            let get = |name: &str| {
                let found = variables.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            let environment = Environment::new(get, vec![DotEnv::parse(Path::new(".env"), dotenv)]);
            let lookup = look(&environment, read, || Err("none here".to_owned()));
            let found = lookup
                .token
                .as_ref()
                .map(|(token, place)| (token.reveal(), place.as_str()));
            assert_eq!(found, token, "{variables:?}");
            let places: Vec<String> = lookup.looked.iter().map(Looked::to_string).collect();
            assert_eq!(places, looked, "{variables:?}");
            assert!(!format!("{lookup:?} {lookup}").contains("canary"));
        }
    }

    #[test]
    fn it_is_told_in_a_sentence() {
        let environment =
            Environment::new(|name| (name == "HOME").then(|| "/h".to_owned()), Vec::new());
        let told = |file: Option<&str>, keychain: Result<&str, &str>| {
            let file = |_: &Path| Ok(file.map(str::to_owned));
            let keychain = || keychain.map(str::to_owned).map_err(str::to_owned);
            look(&environment, file, keychain).to_string()
        };
        assert_eq!(
            told(None, Err("no entry")),
            "no Hugging Face token (looked at HF_TOKEN: not set; HUGGING_FACE_HUB_TOKEN: not set; \
             /h/.cache/huggingface/token: no such file; the keychain: no entry)"
        );
        assert_eq!(
            told(None, Ok("not a token")),
            "no Hugging Face token (looked at HF_TOKEN: not set; HUGGING_FACE_HUB_TOKEN: not set; \
             /h/.cache/huggingface/token: no such file; the keychain: not a token)"
        );
        assert_eq!(
            told(None, Ok("hf_y\n")),
            "the Hugging Face token is from the keychain"
        );
        assert_eq!(
            told(Some("hf_x"), Ok("hf_y")),
            "the Hugging Face token is from /h/.cache/huggingface/token"
        );
    }
}
