//! Commands that send HTTP requests: `curl`, and `wget` over the same code.
//!
//! Each request, and each hop of a redirect, goes through the host's egress gate on its own, under the call's grant. Nothing
//! else goes out: no other protocol, no credential of a script's own, no connection that the script sets up.
//!
//! | file | holds |
//! |---|---|
//! | `options` | what a command line of `curl` asks for |
//! | `wget` | the same for `wget` |
//! | `refused` | options and headers that are the host's business, and why |
//! | `address` | URLs as they are typed, and where a redirect leads |
//! | `body` | what is sent: data, forms, files |
//! | `redirect` | which method a redirect is followed with |
//! | `transfer` | one URL, to its end |
//! | `format` | what `-w` writes |

mod address;
mod body;
mod format;
mod options;
mod redirect;
mod refused;
mod transfer;
mod wget;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bashkit::{Builtin, BuiltinContext, ExecResult, Result, async_trait};
use ml_intern_sdk::http;

use self::options::{Asked, Options, Out};
use self::transfer::Transfer;
use crate::time;

/// Bytes of an answer's body at most: 64 MiB, in memory until they are written.
pub(crate) const LARGEST: usize = 64 << 20;

/// A failed command: its exit code, as curl has it, and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) code: i32,
    pub(crate) text: String,
    /// Whether it is said even where the command line asks for silence: what the sandbox refuses is not the service's fault.
    pub(crate) always: bool,
}

impl Stop {
    fn new(code: i32, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            always: false,
        }
    }

    fn usage(text: impl Into<String>) -> Self {
        Self {
            always: true,
            ..Self::new(2, text)
        }
    }
}

/// Which of the two it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Curl,
    Wget,
}

/// The command.
pub(crate) struct Web {
    pub(crate) name: Name,
    /// When the whole script has to be over.
    pub(crate) until: Instant,
}

/// What it has printed so far.
#[derive(Default)]
struct Printed {
    stdout: Vec<u8>,
    stderr: String,
    code: i32,
}

impl Printed {
    fn fail(&mut self, name: Name, options: Option<&Options>, stop: &Stop) {
        self.code = match name {
            Name::Curl => stop.code,
            Name::Wget => wget::code(stop.code),
        };
        if stop.always || options.is_none_or(Options::tells) {
            self.stderr.push_str(&match name {
                Name::Wget => format!("wget: {}\n", stop.text),
                Name::Curl if stop.code == 2 => format!(
                    "curl: {}\ncurl: try 'curl --help' for more information\n",
                    stop.text
                ),
                Name::Curl => format!("curl: ({}) {}\n", stop.code, stop.text),
            });
        }
    }

    fn ended(self) -> ExecResult {
        let mut result = ExecResult::ok_bytes(self.stdout);
        result.stderr = self.stderr.into();
        result.exit_code = self.code;
        result
    }
}

#[async_trait]
impl Builtin for Web {
    async fn execute(&self, context: BuiltinContext<'_>) -> Result<ExecResult> {
        let mut printed = Printed::default();
        let asked = match self.name {
            Name::Curl => options::parse(context.args),
            Name::Wget => wget::parse(context.args),
        };
        match asked {
            Ok(Asked::Text(text)) => printed.stdout.extend_from_slice(text.as_bytes()),
            Ok(Asked::Transfers(options)) => self.run(&context, &options, &mut printed).await,
            Err(stop) => printed.fail(self.name, None, &stop),
        }
        Ok(printed.ended())
    }
}

impl Web {
    async fn run(&self, context: &BuiltinContext<'_>, options: &Options, printed: &mut Printed) {
        let until = time::until(context.env, self.until);
        let inputs = match body::gather(options, context).await {
            Ok(inputs) => inputs,
            Err(stop) => return printed.fail(self.name, Some(options), &stop),
        };
        if options.dump.as_deref().is_some_and(|path| path != "-")
            && let Some(path) = &options.dump
            && let Err(stop) = write(context, path, b"", false).await
        {
            return printed.fail(self.name, Some(options), &stop);
        }
        for (number, url) in options.urls.iter().enumerate() {
            let out = options.outputs.get(number).unwrap_or(&Out::Stdout);
            let begun = Instant::now();
            let mut tried = 0;
            let mut transfer = loop {
                let transfer = transfer::run(options, &inputs, url, until, http::send);
                if tried >= options.retries || !transfer.may_pass() {
                    break transfer;
                }
                let wait = options
                    .retry_delay
                    .unwrap_or(Duration::from_secs(1 << tried.min(9)));
                if Instant::now() + wait >= until {
                    break transfer;
                }
                tokio::time::sleep(wait).await;
                tried += 1;
            };
            let stop = transfer.stop.take();
            let stop = match self
                .deliver(context, options, out, &mut transfer, printed)
                .await
            {
                Ok(()) => stop,
                Err(other) => stop.or(Some(other)),
            };
            // Each transfer has the last word on the exit code, as with curl.
            printed.code = 0;
            if let Some(stop) = &stop {
                printed.fail(self.name, Some(options), stop);
            }
            if let Some(text) = &inputs.write_out {
                transfer.facts.elapsed = begun.elapsed();
                let (text, complaints) = format::write_out(text, &transfer.facts, stop.as_ref());
                printed.stdout.extend_from_slice(text.as_bytes());
                printed.stderr.push_str(&complaints);
            }
        }
    }

    /// What came, to where it should go.
    async fn deliver(
        &self,
        context: &BuiltinContext<'_>,
        options: &Options,
        out: &Out,
        transfer: &mut Transfer,
        printed: &mut Printed,
    ) -> std::result::Result<(), Stop> {
        printed.stderr.push_str(&transfer.log);
        match options.dump.as_deref() {
            Some("-") => printed.stdout.extend_from_slice(&transfer.heads),
            Some(path) => write(context, path, &transfer.heads, true).await?,
            None => {}
        }
        let heads = match options.include || options.head {
            true => std::mem::take(&mut transfer.heads),
            false => Vec::new(),
        };
        let body = std::mem::take(&mut transfer.body);
        let path = match out {
            Out::Stdout => None,
            Out::File(path) if path == "-" => None,
            Out::File(path) => Some(path.clone()),
            Out::Remote => Some(transfer.facts.name.clone().ok_or_else(|| {
                Stop::new(23, "the URL has no file name at its end; name one with -o")
            })?),
            // As wget names what has no name.
            Out::RemoteOrIndex => Some(
                transfer
                    .facts
                    .name
                    .clone()
                    .unwrap_or_else(|| "index.html".into()),
            ),
        };
        match path {
            None => {
                printed.stdout.extend(heads);
                printed.stdout.extend(body);
            }
            // A transfer that failed leaves the file alone.
            Some(_) if !transfer.came => {}
            Some(path) => {
                let path = match &options.output_dir {
                    Some(directory) => format!("{directory}/{path}"),
                    None => path,
                };
                if options.create_dirs
                    && let Some(parent) = resolved(context.cwd, &path).parent()
                {
                    let made = context.fs.mkdir(parent, true).await;
                    made.map_err(|error| {
                        Stop::new(23, format!("cannot make {}: {error}", parent.display()))
                    })?;
                }
                let bytes = [heads, body].concat();
                write(context, &path, &bytes, false).await?;
                if self.name == Name::Wget && options.tells() {
                    printed
                        .stderr
                        .push_str(&format!("'{path}' saved [{}]\n", bytes.len()));
                }
                transfer.facts.file = Some(path);
            }
        }
        Ok(())
    }
}

fn resolved(directory: &Path, path: &str) -> PathBuf {
    directory.join(path)
}

async fn write(
    context: &BuiltinContext<'_>,
    path: &str,
    bytes: &[u8],
    append: bool,
) -> std::result::Result<(), Stop> {
    let full = resolved(context.cwd, path);
    let written = match append {
        true => context.fs.append_file(&full, bytes).await,
        false => context.fs.write_file(&full, bytes).await,
    };
    written.map_err(|error| Stop::new(23, format!("cannot write {path}: {error}")))
}
