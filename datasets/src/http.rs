//! HTTP and HTTPS: one request, its redirects, and what the answer means.
//!
//! Proxies come from the usual variables (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`), certificates from the system.

use std::sync::Once;

use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::redirect::Policy;

use crate::address::{Answer, Refusal, Request, is_https, is_loopback};

const MAX_REDIRECTS: usize = 10;

/// Asks a server for a file.
pub(crate) fn open(url: &str, request: Request<'_>, strongly_pinned: bool) -> Result<Answer, Refusal> {
    let client = client(url, request, strongly_pinned)?;
    let mut builder = client
        .get(url)
        // A compressed body would have other offsets and another hash.
        .header(header::ACCEPT_ENCODING, "identity");
    if request.start > 0 {
        builder = builder.header(header::RANGE, format!("bytes={}-", request.start));
        if let Some(validator) = request.if_range {
            builder = builder.header(header::IF_RANGE, validator);
        }
    }
    let response = builder.send().map_err(|e| refusal(&e))?;
    understand(response, request)
}

fn client(url: &str, request: Request<'_>, strongly_pinned: bool) -> Result<Client, Refusal> {
    // A program that brings its own provider keeps it.
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
    });
    let plain_is_fine = strongly_pinned || !is_https(url);
    let policy = Policy::custom(move |attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            return attempt.error(format!("more than {MAX_REDIRECTS} redirects"));
        }
        let target = attempt.url().as_str();
        if !plain_is_fine && !is_https(target) && !is_loopback(target) {
            let message = format!("redirected from https to {target}, which is not encrypted");
            return attempt.error(message);
        }
        attempt.follow()
    });
    Client::builder()
        .user_agent(concat!("gradus-datasets/", env!("CARGO_PKG_VERSION")))
        .redirect(policy)
        .connect_timeout(request.patience)
        .timeout(request.patience)
        .build()
        .map_err(|e| refusal(&e))
}

fn understand(response: Response, request: Request<'_>) -> Result<Answer, Refusal> {
    let status = response.status();
    let headers = response.headers();
    let no = |reason: String, passing: bool| Err(Refusal { reason, passing });
    match status {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let total = text(headers, header::CONTENT_RANGE)
                .and_then(|range| range.strip_prefix("bytes */")?.parse().ok());
            return Ok(Answer::PastTheEnd { total });
        }
        _ => {
            let passing = status.is_server_error()
                || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
            return no(format!("the server answered {status}"), passing);
        }
    }
    // Hotels, companies and moved pages answer with a page and the status 200.
    if text(headers, header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        return no("expected a file, found a web page".into(), false);
    }
    if text(headers, header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return no("the server compresses the file although it was asked not to".into(), false);
    }
    let validator = text(headers, header::ETAG)
        // A weak tag does not promise equal bytes.
        .filter(|tag| !tag.starts_with("W/"))
        .or_else(|| text(headers, header::LAST_MODIFIED))
        .map(str::to_string);
    let length = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    let (start, total) = if status == StatusCode::PARTIAL_CONTENT {
        match text(headers, header::CONTENT_RANGE).and_then(content_range) {
            Some((start, total)) if start <= request.start => (start, total),
            _ => return no("the server answered with another range than the one asked for".into(), false),
        }
    } else {
        (0, length)
    };
    Ok(Answer::Body { start, total, validator, body: Box::new(response) })
}

/// `bytes 100-199/200` gives 100 and 200; the size may be `*`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, total.parse().ok()))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The innermost cause says most: `connection refused`, `dns error`, `certificate expired`.
fn refusal(error: &reqwest::Error) -> Refusal {
    if error.is_timeout() {
        return Refusal { reason: "no answer in time".into(), passing: false };
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let lasting = error.is_connect() || error.is_redirect() || error.is_builder();
    Refusal { reason: cause.to_string(), passing: !lasting }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        let cases = [
            ("bytes 100-199/200", Some((100, Some(200)))),
            ("bytes 0-0/*", Some((0, None))),
            ("bytes */200", None),
            ("items 1-2/3", None),
            ("bytes -5/9", None),
            ("bytes 99999999999999999999-1/2", None),
        ];
        for (value, expected) in cases {
            assert_eq!(content_range(value), expected, "{value}");
        }
    }
}
