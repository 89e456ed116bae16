//! What is sent: the body, and the headers that come with it.

use bashkit::BuiltinContext;
use ml_intern_sdk::HttpMethod;
use ml_intern_sdk::http::encode;

use super::options::{Data, Options};
use super::{LARGEST, Stop, refused, resolved};

/// What a command line names, with the files read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Inputs {
    /// The method of the first request.
    pub(super) method: Option<HttpMethod>,
    pub(super) body: Option<Vec<u8>>,
    /// What the body is, unless a header says otherwise.
    pub(super) kind: Option<String>,
    /// What is put into the query.
    pub(super) query: Option<String>,
    /// Added to a URL that ends with a slash.
    pub(super) name: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) write_out: Option<String>,
}

/// A client's own headers. What servers give to `curl` is what scripts expect, so its name comes first.
const AGENT: &str = concat!("curl/8 ml-intern/", env!("CARGO_PKG_VERSION"));

/// # Errors
/// Where a file cannot be read (26), or a header cannot be sent (2).
pub(super) async fn gather(
    options: &Options,
    context: &BuiltinContext<'_>,
) -> Result<Inputs, Stop> {
    let mut inputs = Inputs::default();
    let mut lines = Vec::new();
    for header in &options.headers {
        match header.strip_prefix('@') {
            None => lines.push(header.clone()),
            Some(path) => {
                let text = read(context, path).await?;
                let text = String::from_utf8_lossy(&text).into_owned();
                lines.extend(
                    text.lines()
                        .filter(|line| !line.trim().is_empty())
                        .map(str::to_owned),
                );
            }
        }
    }

    let mut data = Vec::new();
    for (number, one) in options.data.iter().enumerate() {
        if number > 0 && !options.json {
            data.push(b'&');
        }
        data.extend(datum(one, context).await?);
    }
    if options.as_query {
        inputs.query =
            Some(String::from_utf8_lossy(&data).into_owned()).filter(|all| !all.is_empty());
    } else if !options.data.is_empty() {
        inputs.kind = Some(if options.json {
            "application/json".into()
        } else {
            "application/x-www-form-urlencoded".into()
        });
        inputs.body = Some(data);
    }
    if !options.form.is_empty() {
        let mut parts = Vec::new();
        for field in &options.form {
            parts.push(part(field, context).await?);
        }
        let (kind, body) = multipart(&parts);
        inputs.kind = Some(kind);
        inputs.body = Some(body);
    }
    if let Some(path) = &options.upload {
        inputs.body = Some(read(context, path).await?);
        inputs.name = path
            .rsplit('/')
            .next()
            .filter(|name| *name != "-")
            .map(str::to_owned);
    }
    if inputs
        .body
        .as_ref()
        .is_some_and(|body| body.len() > LARGEST)
    {
        return Err(Stop::new(
            63,
            format!("the body has more than {LARGEST} bytes"),
        ));
    }
    inputs.method = Some(options.method.unwrap_or_else(|| {
        if options.head {
            HttpMethod::Head
        } else if options.upload.is_some() {
            HttpMethod::Put
        } else if inputs.body.is_some() {
            HttpMethod::Post
        } else {
            HttpMethod::Get
        }
    }));
    let accept = if options.json {
        "application/json"
    } else {
        "*/*"
    };
    inputs.headers = headers(&lines, &[("User-Agent", AGENT), ("Accept", accept)])?;
    // A kind that a header names, or takes away, is not named again.
    if mentions(&lines, "content-type") {
        inputs.kind = None;
    }
    inputs.write_out = match &options.write_out {
        Some(text) => Some(match text.strip_prefix('@') {
            Some(path) => String::from_utf8_lossy(&read(context, path).await?).into_owned(),
            None => text.clone(),
        }),
        None => None,
    };
    Ok(inputs)
}

/// A file's bytes; those of the standard input for `-`.
async fn read(context: &BuiltinContext<'_>, path: &str) -> Result<Vec<u8>, Stop> {
    if path == "-" {
        return Ok(context
            .stdin
            .map(|data| data.as_bytes().to_vec())
            .unwrap_or_default());
    }
    let read = context.fs.read_file(&resolved(context.cwd, path)).await;
    read.map_err(|error| Stop::new(26, format!("Failed to open {path}: {error}")))
}

async fn datum(data: &Data, context: &BuiltinContext<'_>) -> Result<Vec<u8>, Stop> {
    let prefix = |name: &Option<String>| {
        name.as_ref()
            .map(|name| format!("{name}="))
            .unwrap_or_default()
    };
    Ok(match data {
        Data::Text(text) => text.clone().into_bytes(),
        Data::File(path) => read(context, path).await?,
        Data::Lines(path) => {
            let mut bytes = read(context, path).await?;
            bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            bytes
        }
        Data::Encoded(name, text) => format!("{}{}", prefix(name), encode(text)).into_bytes(),
        Data::EncodedFile(name, path) => {
            let text = read(context, path).await?;
            let text = String::from_utf8(text)
                .map_err(|_| Stop::new(26, format!("{path} is not text that could be encoded")))?;
            format!("{}{}", prefix(name), encode(&text)).into_bytes()
        }
    })
}

/// Which of these lines a header is in, whatever it says.
fn mentions(lines: &[String], name: &str) -> bool {
    lines.iter().any(|line| {
        line.split([':', ';'])
            .next()
            .is_some_and(|known| known.trim().eq_ignore_ascii_case(name))
    })
}

/// `Name: value`; `Name;` has no value; `Name:` takes the header away. What a line mentions replaces what is usual.
fn headers(lines: &[String], usual: &[(&str, &str)]) -> Result<Vec<(String, String)>, Stop> {
    let mut all: Vec<(String, String)> = usual
        .iter()
        .filter(|(name, _)| !mentions(lines, name))
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for line in lines {
        let (name, value) = match (line.split_once(':'), line.trim().strip_suffix(';')) {
            (Some((name, value)), _) => (
                name.trim(),
                Some(value.trim()).filter(|value| !value.is_empty()),
            ),
            (None, Some(name)) => (name.trim(), Some("")),
            (None, None) => {
                return Err(Stop::usage(format!("the header '{line}' has no colon")));
            }
        };
        let Some(value) = value else { continue };
        if let Some(why) = refused::header(name) {
            return Err(Stop::usage(format!(
                "the header '{name}' cannot be set here: {why}"
            )));
        }
        // It follows from the body.
        if !name.eq_ignore_ascii_case("content-length") {
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(all)
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    name: String,
    file: Option<String>,
    kind: Option<String>,
    content: Vec<u8>,
}

/// `name=value`, `name=@file`, `name=<file`; `;type=…` and `;filename=…` after them.
async fn part(field: &str, context: &BuiltinContext<'_>) -> Result<Part, Stop> {
    let (name, rest) = field
        .split_once('=')
        .ok_or_else(|| Stop::usage(format!("the form field '{field}' has no '='")))?;
    let (value, attributes) = attributes(rest);
    let attribute = |name: &str| {
        attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let (content, file, kind) = match (value.strip_prefix('@'), value.strip_prefix('<')) {
        (Some(path), _) => {
            let file = path.rsplit('/').next().unwrap_or(path).to_owned();
            (
                read(context, path).await?,
                Some(file),
                Some("application/octet-stream"),
            )
        }
        (None, Some(path)) => (read(context, path).await?, None, None),
        (None, None) => (value.as_bytes().to_vec(), None, None),
    };
    Ok(Part {
        name: name.to_owned(),
        file: attribute("filename").or(file),
        kind: attribute("type").or(kind.map(str::to_owned)),
        content,
    })
}

/// A value, and the attributes after it. A semicolon before anything else is a part of the value.
fn attributes(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut value = text;
    let mut found = Vec::new();
    while let Some((before, after)) = value.rsplit_once(';') {
        match after.trim().split_once('=') {
            Some((name @ ("type" | "filename"), text)) => {
                found.push((name, text.trim_matches('"')));
                value = before;
            }
            _ => break,
        }
    }
    (value, found)
}

/// The kind and the bytes of a form (RFC 7578).
fn multipart(parts: &[Part]) -> (String, Vec<u8>) {
    // A line that is in none of the parts.
    let boundary = (0_u64..)
        .map(|number| format!("------------------------{number:016x}"))
        .find(|line| {
            !parts.iter().any(|part| {
                part.content
                    .windows(line.len())
                    .any(|window| window == line.as_bytes())
            })
        })
        .unwrap_or_default();
    let quoted = |text: &str| {
        text.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            quoted(&part.name)
        );
        if let Some(file) = &part.file {
            head.push_str(&format!("; filename=\"{}\"", quoted(file)));
        }
        if let Some(kind) = &part.kind {
            let kind: String = kind.chars().filter(|one| !one.is_control()).collect();
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lines_replace_what_is_usual() {
        let usual = [("User-Agent", "u"), ("Accept", "*/*")];
        let pairs = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<Vec<_>>()
        };
        for (lines, expected) in [
            (vec![], Ok(pairs(&usual))),
            (
                vec!["X-A: b: c"],
                Ok(pairs(&[usual[0], usual[1], ("X-A", "b: c")])),
            ),
            (
                vec!["accept: x", "User-Agent:"],
                Ok(pairs(&[("accept", "x")])),
            ),
            (
                vec!["X-Empty;"],
                Ok(pairs(&[usual[0], usual[1], ("X-Empty", "")])),
            ),
            (vec!["Content-Length: 3"], Ok(pairs(&usual))),
            (vec!["nothing"], Err("the header 'nothing' has no colon")),
            (
                vec!["Authorization: Bearer x"],
                Err(
                    "the header 'Authorization' cannot be set here: credentials are put on by the host, where the policy names one for the origin",
                ),
            ),
        ] {
            let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
            let expected = expected.map_err(Stop::usage);
            assert_eq!(headers(&lines, &usual), expected, "{lines:?}");
        }
    }

    #[test]
    fn attributes_come_after_a_value() {
        for (text, value, found) in [
            ("a;b", "a;b", vec![]),
            ("@f;type=text/csv", "@f", vec![("type", "text/csv")]),
            (
                "@f;filename=\"x.csv\";type=text/csv",
                "@f",
                vec![("type", "text/csv"), ("filename", "x.csv")],
            ),
            ("a;type=x;b", "a;type=x;b", vec![]),
        ] {
            assert_eq!(attributes(text), (value, found), "{text}");
        }
    }

    #[test]
    fn forms_have_a_boundary_that_is_in_no_part() {
        let part = |name: &str, content: &str, file: Option<&str>| Part {
            name: name.into(),
            file: file.map(str::to_owned),
            kind: file.map(|_| "text/csv".to_owned()),
            content: content.into(),
        };
        let (kind, body) = multipart(&[part("a\"", "1", None), part("f", "x,y\n", Some("t.csv"))]);
        assert_eq!(
            kind,
            "multipart/form-data; boundary=------------------------0000000000000000"
        );
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "--------------------------0000000000000000\r\n\
             Content-Disposition: form-data; name=\"a%22\"\r\n\r\n1\r\n\
             --------------------------0000000000000000\r\n\
             Content-Disposition: form-data; name=\"f\"; filename=\"t.csv\"\r\nContent-Type: text/csv\r\n\r\nx,y\n\r\n\
             --------------------------0000000000000000--\r\n"
        );
        let taken = "------------------------0000000000000000";
        let (kind, _) = multipart(&[part("a", taken, None)]);
        assert!(kind.ends_with("0000000000000001"), "{kind}");
    }
}
