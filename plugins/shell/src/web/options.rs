//! What a command line of `curl` asks for.

use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt as _};
use ml_intern_sdk::HttpMethod;
use ml_intern_sdk::http::{METHODS, method_name};

use super::{LARGEST, Stop, refused};

/// Redirects that are followed at most, unless the command line says otherwise.
const REDIRECTS: usize = 10;
/// Redirects that are followed at most, whatever it says.
const REDIRECTS_MOST: usize = 50;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// To print something.
    Text(String),
    Transfers(Box<Options>),
}

/// What fails on a status of 400 and more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fail {
    #[default]
    Never,
    /// And the body is not shown.
    WithoutBody,
    /// And the body is.
    WithBody,
}

/// Where a body goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Out {
    Stdout,
    File(String),
    /// A file named by the URL.
    Remote,
    /// The same, or `index.html`.
    RemoteOrIndex,
}

/// One part of a body, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    /// As it is.
    Text(String),
    /// A file's bytes.
    File(String),
    /// A file's bytes without line ends.
    Lines(String),
    /// Text to be encoded, after a name where there is one.
    Encoded(Option<String>, String),
    /// A file to be encoded, after a name where there is one.
    EncodedFile(Option<String>, String),
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) urls: Vec<String>,
    /// Where their bodies go, one after the other; to the output where there are fewer.
    pub(super) outputs: Vec<Out>,
    pub(super) output_dir: Option<String>,
    pub(super) create_dirs: bool,
    pub(super) silent: bool,
    pub(super) show_error: bool,
    pub(super) verbose: bool,
    pub(super) fail: Fail,
    pub(super) follow: bool,
    pub(super) redirects: usize,
    pub(super) https_only: bool,
    pub(super) method: Option<HttpMethod>,
    pub(super) data: Vec<Data>,
    pub(super) json: bool,
    pub(super) as_query: bool,
    pub(super) form: Vec<String>,
    pub(super) upload: Option<String>,
    /// Lines, or `@` and a file of them.
    pub(super) headers: Vec<String>,
    pub(super) head: bool,
    pub(super) include: bool,
    pub(super) dump: Option<String>,
    pub(super) max_time: Option<Duration>,
    pub(super) connect_time: Option<Duration>,
    pub(super) largest: usize,
    /// The text of `-w`, or `@` and a file with it.
    pub(super) write_out: Option<String>,
    pub(super) retries: u32,
    pub(super) retry_delay: Option<Duration>,
}

impl Options {
    pub(super) fn new() -> Self {
        Self {
            redirects: REDIRECTS,
            largest: LARGEST,
            ..Self::default()
        }
    }

    /// Whether errors are told.
    pub(super) fn tells(&self) -> bool {
        !self.silent || self.show_error
    }
}

/// A parser for the arguments of a command.
pub(super) fn parser(arguments: &[String]) -> Parser {
    let mut parser = Parser::from_args(arguments);
    // `-d=x` sends `=x`.
    parser.set_short_equals(false);
    parser
}

/// What lexopt says, in curl's words.
pub(super) fn wrong(error: lexopt::Error) -> Stop {
    Stop::usage(match error {
        lexopt::Error::UnexpectedOption(option) => format!("option {option}: is unknown"),
        lexopt::Error::MissingValue {
            option: Some(option),
        } => {
            format!("option {option}: requires parameter")
        }
        lexopt::Error::UnexpectedValue { option, .. } => {
            format!("option {option}: takes no parameter")
        }
        other => other.to_string(),
    })
}

/// The value of the option that was read last.
pub(super) fn text(parser: &mut Parser) -> Result<String, Stop> {
    parser
        .value()
        .and_then(|value| value.string())
        .map_err(wrong)
}

/// The same as a number.
pub(super) fn number<T: std::str::FromStr>(
    parser: &mut Parser,
    option: &str,
    what: &str,
) -> Result<T, Stop> {
    let value = text(parser)?;
    value
        .trim()
        .parse()
        .map_err(|_| Stop::usage(format!("option {option}: expected {what}, not '{value}'")))
}

/// The same as seconds, with decimals.
pub(super) fn seconds(parser: &mut Parser, option: &str) -> Result<Duration, Stop> {
    let what = "a number of seconds";
    let value: f64 = number(parser, option, what)?;
    Duration::try_from_secs_f64(value)
        .map_err(|_| Stop::usage(format!("option {option}: expected {what}, not '{value}'")))
}

/// Seconds of a time limit: 0 is none.
fn limit(parser: &mut Parser, option: &str) -> Result<Option<Duration>, Stop> {
    Ok(Some(seconds(parser, option)?).filter(|time| !time.is_zero()))
}

/// The method of this name.
pub(super) fn method(name: &str) -> Result<HttpMethod, Stop> {
    METHODS
        .into_iter()
        .find(|method| method_name(*method).eq_ignore_ascii_case(name))
        .ok_or_else(|| {
            let all: Vec<_> = METHODS.into_iter().map(method_name).collect();
            Stop::usage(format!(
                "the method '{name}' cannot be sent; there are {}",
                all.join(", ")
            ))
        })
}

/// # Errors
/// Where it cannot be done as it is, with the exit code 2.
pub(super) fn parse(arguments: &[String]) -> Result<Asked, Stop> {
    let mut options = Options::new();
    let mut parser = parser(arguments);
    while let Some(argument) = parser.next().map_err(wrong)? {
        use Arg::{Long, Short};
        match argument {
            Arg::Value(url) => options.urls.push(url.string().map_err(wrong)?),
            Long("url") => options.urls.push(text(&mut parser)?),
            Short('h') | Long("help") => {
                // The category that may follow is not one here.
                return Ok(Asked::Text(HELP.to_owned()));
            }
            Short('V') | Long("version") => return Ok(Asked::Text(version())),

            Short('s') | Long("silent") => options.silent = true,
            Short('S') | Long("show-error") => options.show_error = true,
            Short('v') | Long("verbose") => options.verbose = true,
            Short('f') | Long("fail") => options.fail = Fail::WithoutBody,
            Long("fail-with-body") => options.fail = Fail::WithBody,

            Short('o') | Long("output") => options.outputs.push(Out::File(text(&mut parser)?)),
            Short('O') | Long("remote-name") => options.outputs.push(Out::Remote),
            Long("output-dir") => options.output_dir = Some(text(&mut parser)?),
            Long("create-dirs") => options.create_dirs = true,
            Short('D') | Long("dump-header") => options.dump = Some(text(&mut parser)?),
            Short('i') | Long("include" | "show-headers") => options.include = true,
            Short('w') | Long("write-out") => options.write_out = Some(text(&mut parser)?),

            Short('L') | Long("location") => options.follow = true,
            Long("max-redirs") => {
                let most: i64 = number(&mut parser, "--max-redirs", "a number")?;
                // -1 is as many as there are.
                options.redirects = usize::try_from(most)
                    .unwrap_or(REDIRECTS_MOST)
                    .min(REDIRECTS_MOST);
            }
            Long("proto" | "proto-redir") => {
                let allowed = text(&mut parser)?;
                options.https_only |= allowed
                    .strip_prefix('=')
                    .is_some_and(|all| !all.split(',').any(|one| matches!(one, "http" | "all")));
            }

            Short('X') | Long("request") => options.method = Some(method(&text(&mut parser)?)?),
            Short('I') | Long("head") => options.head = true,
            Short('G') | Long("get") => options.as_query = true,
            Short('d') | Long("data" | "data-ascii") => {
                options.data.push(data(text(&mut parser)?, Data::Lines));
            }
            Long("data-binary") => options.data.push(data(text(&mut parser)?, Data::File)),
            Long("data-raw") => options.data.push(Data::Text(text(&mut parser)?)),
            Long("data-urlencode") => options.data.push(encoded(&text(&mut parser)?)),
            Long("json") => {
                options.json = true;
                options.data.push(data(text(&mut parser)?, Data::File));
            }
            Short('F') | Long("form") => options.form.push(text(&mut parser)?),
            Short('T') | Long("upload-file") => options.upload = Some(text(&mut parser)?),

            Short('H') | Long("header") => options.headers.push(text(&mut parser)?),
            Short('A') | Long("user-agent") => {
                let value = text(&mut parser)?;
                options.headers.push(format!("User-Agent: {value}"));
            }
            Short('e') | Long("referer") => {
                let value = text(&mut parser)?;
                let value = value.strip_suffix(";auto").unwrap_or(&value);
                options.headers.push(format!("Referer: {value}"));
            }
            Short('r') | Long("range") => {
                let value = text(&mut parser)?;
                options.headers.push(format!("Range: bytes={value}"));
            }

            Short('m') | Long("max-time") => {
                options.max_time = limit(&mut parser, "--max-time")?;
            }
            Long("connect-timeout") => {
                options.connect_time = limit(&mut parser, "--connect-timeout")?;
            }
            Long("max-filesize") => {
                let most: usize = number(&mut parser, "--max-filesize", "a number of bytes")?;
                options.largest = most.min(LARGEST);
            }
            Long("retry") => options.retries = number(&mut parser, "--retry", "a number")?,
            Long("retry-delay") => {
                options.retry_delay = limit(&mut parser, "--retry-delay")?;
            }

            // What changes nothing here: there is no progress to show, no protocol or address family to choose, and what
            // comes is never compressed.
            Short('#' | 'N' | '4' | '6' | '0' | '1' | 'g' | 'q')
            | Long(
                "progress-bar" | "no-progress-meter" | "no-buffer" | "compressed" | "ipv4" | "ipv6"
                | "http1.0" | "http1.1" | "http2" | "tlsv1" | "tlsv1.2" | "tlsv1.3" | "globoff"
                | "disable" | "retry-connrefused" | "retry-all-errors" | "tcp-nodelay"
                | "no-keepalive",
            ) => {}
            Long("retry-max-time" | "keepalive-time" | "limit-rate" | "proto-default") => {
                text(&mut parser)?;
            }

            other => return Err(refusal(other)),
        }
    }
    options
        .checked()
        .map(|options| Asked::Transfers(Box::new(options)))
}

/// Why an option cannot be given.
pub(super) fn refusal(argument: Arg<'_>) -> Stop {
    let (shown, name) = match &argument {
        Arg::Short(letter) => (format!("-{letter}"), letter.to_string()),
        Arg::Long(name) => (format!("--{name}"), (*name).to_owned()),
        Arg::Value(_) => return wrong(argument.unexpected()),
    };
    match refused::option(&name) {
        Some(why) => Stop::usage(format!("option {shown}: cannot be used here: {why}")),
        None => wrong(argument.unexpected()),
    }
}

impl Options {
    pub(super) fn checked(self) -> Result<Self, Stop> {
        if self.urls.is_empty() {
            return Err(Stop::usage("no URL specified"));
        }
        let bodies = [
            !self.data.is_empty() && !self.as_query,
            !self.form.is_empty(),
            self.upload.is_some(),
            self.head,
        ];
        if bodies.into_iter().filter(|asked| *asked).count() > 1 {
            return Err(Stop::usage(
                "You can only select one HTTP request method: data (-d, --json), a form (-F), a file (-T) or only the head (-I)",
            ));
        }
        if self.head && self.outputs.contains(&Out::Remote) {
            return Err(Stop::usage("-I has no body for -O to keep"));
        }
        Ok(self)
    }
}

/// Data that names a file with `@`.
fn data(value: String, file: fn(String) -> Data) -> Data {
    match value.strip_prefix('@') {
        Some(path) => file(path.to_owned()),
        None => Data::Text(value),
    }
}

/// `content`, `=content`, `name=content`, `@file`, `name@file`.
fn encoded(value: &str) -> Data {
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    match value.find(['=', '@']) {
        None => Data::Encoded(None, value.to_owned()),
        Some(at) => {
            let (name, rest) = value.split_at(at);
            match rest.strip_prefix('@') {
                Some(path) => Data::EncodedFile(named(name), path.to_owned()),
                None => Data::Encoded(named(name), rest.trim_start_matches('=').to_owned()),
            }
        }
    }
}

fn version() -> String {
    format!(
        "curl 8 (the commands of curl, by ml-intern {})\nProtocols: http https\nFeatures: each request goes through the host's egress gate\n",
        env!("CARGO_PKG_VERSION")
    )
}

const HELP: &str = "\
Usage: curl [options...] <url>...
Each request goes out as far as the policy allows it. Credentials are put on by the host. Answers have 64 MiB at most.
 -X, --request METHOD       GET HEAD OPTIONS POST PUT PATCH DELETE
 -L, --location             follow redirects: 10, or --max-redirs N (50 at most)
 -d, --data DATA|@FILE      --data-raw, --data-binary, --data-urlencode; -G puts it into the query
     --json DATA|@FILE      data with the headers of JSON
 -F, --form NAME=VALUE      NAME=@FILE uploads a file, NAME=<FILE takes its text; ;type= and ;filename=
 -T, --upload-file FILE     PUT
 -H, --header LINE|@FILE    -A user agent, -e referer, -r range
 -o, --output FILE          -O names it by the URL; --output-dir, --create-dirs
 -f, --fail                 exit 22 on a status of 400 and more; --fail-with-body
 -i, --include              the head too; -I only the head, -D FILE the head to a file
 -w, --write-out FORMAT     %{http_code} %{size_download} %{content_type} %{url_effective} %{time_total} ...
 -m, --max-time SECONDS     --connect-timeout SECONDS, --retry N, --retry-delay SECONDS, --max-filesize BYTES
 -s, --silent               -S still shows errors; -v shows the heads of requests and answers
Exit codes are curl's; what the policy denied is 7.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split('|').map(str::to_owned).collect()
    }

    fn asked(line: &str) -> Options {
        match parse(&arguments(line)) {
            Ok(Asked::Transfers(options)) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn command_lines() {
        let plain = || Options {
            urls: vec!["u".into()],
            ..Options::new()
        };
        let seconds = |seconds| Some(Duration::from_secs_f64(seconds));
        let table = [
            ("u", plain()),
            ("--|u", plain()),
            ("--url=u", plain()),
            ("--compressed|-4|--http1.1|-N|-#|u", plain()),
            (
                "-sSfL|u",
                Options {
                    silent: true,
                    show_error: true,
                    fail: Fail::WithoutBody,
                    follow: true,
                    ..plain()
                },
            ),
            (
                "-fsSLo|a.txt|u",
                Options {
                    silent: true,
                    show_error: true,
                    fail: Fail::WithoutBody,
                    follow: true,
                    outputs: vec![Out::File("a.txt".into())],
                    ..plain()
                },
            ),
            (
                "-oa|u|--output=b|v|-O|w",
                Options {
                    urls: vec!["u".into(), "v".into(), "w".into()],
                    outputs: vec![Out::File("a".into()), Out::File("b".into()), Out::Remote],
                    ..plain()
                },
            ),
            (
                "u|--fail-with-body|--max-redirs|3|-i|-v",
                Options {
                    fail: Fail::WithBody,
                    redirects: 3,
                    include: true,
                    verbose: true,
                    ..plain()
                },
            ),
            (
                "--max-redirs|-1|u",
                Options {
                    redirects: 50,
                    ..plain()
                },
            ),
            (
                "--max-redirs|51|u",
                Options {
                    redirects: 50,
                    ..plain()
                },
            ),
            (
                "-XPUT|u|-X|delete",
                Options {
                    method: Some(HttpMethod::Delete),
                    ..plain()
                },
            ),
            (
                "-d|a=1|-d|@f|--data-raw|@g|--data-binary|@h|-d=b|u",
                Options {
                    data: vec![
                        Data::Text("a=1".into()),
                        Data::Lines("f".into()),
                        Data::Text("@g".into()),
                        Data::File("h".into()),
                        Data::Text("=b".into()),
                    ],
                    ..plain()
                },
            ),
            (
                "-G|--data-urlencode|a b|--data-urlencode|=c|--data-urlencode|n=c=d|--data-urlencode|@f|--data-urlencode|n@f|u",
                Options {
                    as_query: true,
                    data: vec![
                        Data::Encoded(None, "a b".into()),
                        Data::Encoded(None, "c".into()),
                        Data::Encoded(Some("n".into()), "c=d".into()),
                        Data::EncodedFile(None, "f".into()),
                        Data::EncodedFile(Some("n".into()), "f".into()),
                    ],
                    ..plain()
                },
            ),
            (
                "--json|{}|-H|X: 1|-A|me|-e|r;auto|-r|0-9|u",
                Options {
                    json: true,
                    data: vec![Data::Text("{}".into())],
                    headers: vec![
                        "X: 1".into(),
                        "User-Agent: me".into(),
                        "Referer: r".into(),
                        "Range: bytes=0-9".into(),
                    ],
                    ..plain()
                },
            ),
            (
                "-m|1.5|--connect-timeout|2|--retry|3|--max-filesize|9|u",
                Options {
                    max_time: seconds(1.5),
                    connect_time: seconds(2.0),
                    retries: 3,
                    largest: 9,
                    ..plain()
                },
            ),
            ("-m|0|--max-filesize|999999999|u", plain()),
            (
                "--proto|=https|--tlsv1.2|u",
                Options {
                    https_only: true,
                    ..plain()
                },
            ),
            ("--proto|=http,https|u", plain()),
            (
                "-I|u",
                Options {
                    head: true,
                    ..plain()
                },
            ),
            (
                "-F|a=b|-w|%{http_code}|u",
                Options {
                    form: vec!["a=b".into()],
                    write_out: Some("%{http_code}".into()),
                    ..plain()
                },
            ),
            (
                "-Tx|u",
                Options {
                    upload: Some("x".into()),
                    ..plain()
                },
            ),
            // Not an option and its value: curl has `=` as a part of the name.
            (
                "u|-o=",
                Options {
                    outputs: vec![Out::File("=".into())],
                    ..plain()
                },
            ),
        ];
        for (line, expected) in table {
            assert_eq!(asked(line), expected, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        let credentials = refused::CREDENTIALS;
        for (line, expected) in [
            ("--nonsense|u", "option --nonsense: is unknown".to_owned()),
            ("-sJ|u", "option -J: is unknown".to_owned()),
            ("u|-o", "option -o: requires parameter".to_owned()),
            ("--silent=1|u", "option --silent: takes no parameter".to_owned()),
            ("-s", "no URL specified".to_owned()),
            (
                "-u|me:pw|u",
                format!("option -u: cannot be used here: {credentials}"),
            ),
            (
                "--cookie|a=b|u",
                format!("option --cookie: cannot be used here: {credentials}"),
            ),
            (
                "-sk|u",
                "option -k: cannot be used here: the host makes the connection and checks certificates; that cannot be changed from here".to_owned(),
            ),
            (
                "-x|proxy|u",
                "option -x: cannot be used here: the host makes the connection, as far as the policy allows it".to_owned(),
            ),
            (
                "-X|BREW|u",
                "the method 'BREW' cannot be sent; there are GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE".to_owned(),
            ),
            (
                "-m|soon|u",
                "option --max-time: expected a number of seconds, not 'soon'".to_owned(),
            ),
            (
                "-m|-1|u",
                "option --max-time: expected a number of seconds, not '-1'".to_owned(),
            ),
            (
                "-d|a|-I|u",
                "You can only select one HTTP request method: data (-d, --json), a form (-F), a file (-T) or only the head (-I)".to_owned(),
            ),
        ] {
            assert_eq!(parse(&arguments(line)), Err(Stop::usage(expected)), "{line}");
        }
    }

    #[test]
    fn help_and_version_are_printed() {
        for line in ["--help", "-h|all", "-s|--version", "-V"] {
            let found = parse(&arguments(line));
            assert!(matches!(found, Ok(Asked::Text(_))), "{line}: {found:?}");
        }
    }
}
