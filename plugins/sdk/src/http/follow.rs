//! Going after redirects (RFC 9110 §15.4).
//!
//! | status | method | next |
//! | --- | --- | --- |
//! | 301, 302, 303, 307, 308 with a `location` | GET, HEAD | the same method at the location |
//! | any other, or any other method | | the answer as it is |

use super::{Error, Request, Response, send};
use crate::HttpMethod;

/// Sends a request, and follows as many as `hops` redirects of a GET or a HEAD. Each is a request of its own, which needs
/// a need of its own; the policy decides about each.
///
/// # Errors
/// As [`send`](super::send), and [`Error::Content`] where a redirect leads nowhere or there are too many.
pub fn follow(request: &Request, hops: u32) -> Result<Response, Error> {
    let mut request = request.clone();
    for _ in 0..=hops {
        let response = send(&request)?;
        let redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308)
            && matches!(request.method, HttpMethod::Get | HttpMethod::Head);
        let Some(location) = response.headers.get("location").filter(|_| redirect) else {
            return Ok(response);
        };
        let wrong = |problem: String| Error::Content {
            request: request.subject(),
            problem,
        };
        let next = url::Url::parse(&request.url())
            .and_then(|base| base.join(location))
            .map_err(|error| wrong(format!("redirects to {location:?}: {error}")))?;
        request = request.at(next.as_str());
    }
    Err(Error::Content {
        request: request.subject(),
        problem: format!("is one more redirect after {hops}"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::native::{Native, Reply};
    use super::*;

    fn told(result: Result<Response, Error>) -> String {
        match result {
            Ok(response) => {
                let (status, url) = (response.status, response.url.clone());
                format!("{status} {} {url}", response.text(99).unwrap())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn redirects_are_followed_as_the_table_says() {
        let _served = Native::new()
            .replies("https://a.example", |request| match request.path.as_str() {
                "/start?x=1" => Reply::new(302).header("location", "../end"),
                "/end" => Reply::new(200).body("here"),
                "/away" => Reply::new(301).header("location", "https://b.example/y"),
                "/loop" => Reply::new(307).header("location", "/loop"),
                "/bad" => Reply::new(308).header("location", "http://["),
                _ => Reply::new(303),
            })
            .enter();
        let table = [
            ("/start?x=1", "200 here https://a.example/end"),
            ("/away", "http GET https://b.example:443/y: denied"),
            (
                "/loop",
                "http GET https://a.example:443/loop: the answer is one more redirect after 2",
            ),
            (
                "/bad",
                "http GET https://a.example:443/bad: the answer redirects to \"http://[\": invalid IPv6 address",
            ),
            ("/none", "303  https://a.example/none"),
        ];
        for (path, expected) in table {
            let request = Request::get(format!("https://a.example{path}"));
            assert_eq!(told(follow(&request, 2)), expected, "{path}");
        }
        let post = Request::post("https://a.example/start?x=1");
        assert_eq!(told(follow(&post, 2)), "302  https://a.example/start?x=1");
    }
}
