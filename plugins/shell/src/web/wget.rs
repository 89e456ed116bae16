//! What a command line of `wget` asks for: `-q`, `-nv`, `-O FILE`, `-P DIR`, `-S`, `--header`, `-U`, `-T`, `-t`,
//! `--post-data`, `--spider`, `--max-redirect`.

use lexopt::Arg;

use super::Stop;
use super::options::{self, Asked, Data, Fail, Options, Out, number, seconds, text, wrong};

/// Redirects that it follows at most.
const REDIRECTS: usize = 20;

/// # Errors
/// Where it cannot be done as it is.
pub(super) fn parse(arguments: &[String]) -> Result<Asked, Stop> {
    let mut options = Options {
        follow: true,
        redirects: REDIRECTS,
        fail: Fail::WithoutBody,
        create_dirs: true,
        ..Options::new()
    };
    let mut out = None;
    let mut parser = options::parser(arguments);
    while let Some(argument) = parser.next().map_err(wrong)? {
        use Arg::{Long, Short};
        match argument {
            Arg::Value(url) => options.urls.push(url.to_string_lossy().into_owned()),
            Short('h') | Long("help") => return Ok(Asked::Text(HELP.to_owned())),
            Short('V') | Long("version") => {
                return Ok(Asked::Text(format!(
                    "wget (its common options, by ml-intern {})\n",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            Short('q') | Long("quiet") => options.silent = true,
            Short('O') | Long("output-document") => out = Some(text(&mut parser)?),
            Short('P') | Long("directory-prefix") => options.output_dir = Some(text(&mut parser)?),
            Short('S') | Long("server-response") => options.verbose = true,
            Long("header") => options.headers.push(text(&mut parser)?),
            Short('U') | Long("user-agent") => {
                let value = text(&mut parser)?;
                options.headers.push(format!("User-Agent: {value}"));
            }
            Short('T') | Long("timeout") => {
                // 0 is no limit.
                options.max_time =
                    Some(seconds(&mut parser, "--timeout")?).filter(|time| !time.is_zero());
            }
            Short('t') | Long("tries") => {
                let tries: u32 = number(&mut parser, "--tries", "a number")?;
                options.retries = tries.saturating_sub(1);
            }
            Long("max-redirect") => {
                let most: usize = number(&mut parser, "--max-redirect", "a number")?;
                options.redirects = most.min(REDIRECTS);
            }
            Long("post-data") => options.data.push(Data::Text(text(&mut parser)?)),
            Long("post-file") => options.data.push(Data::File(text(&mut parser)?)),
            Long("spider") => options.head = true,
            // `-nv`, which lexopt reads letter by letter. It says what `wget` says here anyway.
            Short('n') => {
                let letter = parser.optional_value();
                if letter.as_deref() != Some("v".as_ref()) {
                    let letter = letter.unwrap_or_default();
                    return Err(Stop::usage(format!(
                        "option -n{}: is unknown",
                        letter.to_string_lossy()
                    )));
                }
            }
            Long("no-verbose" | "show-progress") => {}
            Long("progress") => {
                text(&mut parser)?;
            }
            other => return Err(options::refusal(other)),
        }
    }
    let each = match (&out, options.head) {
        (_, true) => Out::File("/dev/null".into()),
        (Some(path), false) => Out::File(path.clone()),
        (None, false) => Out::RemoteOrIndex,
    };
    if out.is_some() && options.urls.len() > 1 {
        return Err(Stop::usage("-O takes the body of one URL here"));
    }
    if out.is_some() {
        options.output_dir = None;
    }
    options.outputs = vec![each; options.urls.len()];
    options
        .checked()
        .map(|options| Asked::Transfers(Box::new(options)))
}

/// The exit code that wget has for one of curl's.
pub(super) fn code(curl: i32) -> i32 {
    match curl {
        0 => 0,
        1..=3 => 2,
        23 | 26 => 3,
        35 | 60 => 5,
        22 | 47 => 8,
        _ => 4,
    }
}

const HELP: &str = "\
Usage: wget [options...] <url>...
A small part of wget, over the code of curl (see curl --help): each request goes out as far as the policy allows it.
 -q, --quiet                      -nv
 -O, --output-document FILE       - is the output
 -P, --directory-prefix DIR
     --header LINE                -U user agent
     --post-data DATA             --post-file FILE
 -T, --timeout SECONDS            -t, --tries N, --max-redirect N
 -S, --server-response            --spider
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let plain = || Options {
            urls: vec!["u".into()],
            outputs: vec![Out::RemoteOrIndex],
            follow: true,
            redirects: REDIRECTS,
            fail: Fail::WithoutBody,
            create_dirs: true,
            ..Options::new()
        };
        let out = |path: &str| vec![Out::File(path.into())];
        for (line, expected) in [
            ("u", plain()),
            ("-nv u", plain()),
            (
                "-q u",
                Options {
                    silent: true,
                    ..plain()
                },
            ),
            (
                "-qO- u",
                Options {
                    silent: true,
                    outputs: out("-"),
                    ..plain()
                },
            ),
            (
                "u -O a/b",
                Options {
                    outputs: out("a/b"),
                    ..plain()
                },
            ),
            (
                "-P d u",
                Options {
                    output_dir: Some("d".into()),
                    ..plain()
                },
            ),
            (
                "--post-data=a -t 3 u",
                Options {
                    data: vec![Data::Text("a".into())],
                    retries: 2,
                    ..plain()
                },
            ),
            (
                "--spider u",
                Options {
                    head: true,
                    outputs: out("/dev/null"),
                    ..plain()
                },
            ),
        ] {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let expected = Ok(Asked::Transfers(Box::new(expected)));
            assert_eq!(parse(&arguments), expected, "{line}");
        }
        for (line, text) in [
            ("-r u", "option -r: is unknown"),
            ("-nc u", "option -nc: is unknown"),
            ("-q", "no URL specified"),
            ("-O a u v", "-O takes the body of one URL here"),
            (
                "--no-check-certificate u",
                "option --no-check-certificate: cannot be used here: the host makes the connection and checks certificates; that cannot be changed from here",
            ),
        ] {
            let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(parse(&arguments), Err(Stop::usage(text)), "{line}");
        }
    }
}
