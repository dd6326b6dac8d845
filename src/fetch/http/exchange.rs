//! One fetch: request, redirects, answer.

use std::io;
use std::time::{Duration, Instant};

use ureq::http::{HeaderMap, Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Timeout};

use super::Settings;
use super::resolve::Pinned;
use crate::fetch::{FetchError, Fetched, MetadataUrl, Validators};

const REDIRECTS_MOST: usize = 5;
const CONNECT: Duration = Duration::from_secs(5);
const ACCEPT: &str = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1";
const USER_AGENT: &str = concat!("saml-sp/", env!("CARGO_PKG_VERSION"));

/// What one request brought.
enum Answer {
    Fetched(Fetched),
    Redirect(MetadataUrl),
}

/// # Errors
/// Every code but those that [`MetadataUrl`] alone gives.
pub(super) fn fetch(settings: &Settings, mut url: MetadataUrl, known: &Validators) -> Result<Fetched, FetchError> {
    let start = Instant::now();
    let mut followed = 0_usize;
    loop {
        let answer = request(settings, &url, known, start);
        url = match answer.map_err(|error| if followed > 0 { of_redirect(error, url.host()) } else { error })? {
            Answer::Fetched(fetched) => return Ok(fetched),
            Answer::Redirect(_) if followed == REDIRECTS_MOST => {
                return Err(FetchError::TooManyRedirects { most: REDIRECTS_MOST });
            }
            Answer::Redirect(target) => target,
        };
        followed = followed.saturating_add(1);
    }
}

fn request(settings: &Settings, url: &MetadataUrl, known: &Validators, start: Instant) -> Result<Answer, FetchError> {
    let pinned = Pinned::of(url, settings, left(settings, start)?)?;
    let agent = agent(settings, pinned, left(settings, start)?);
    let headers = [(header::IF_NONE_MATCH, known.etag()), (header::IF_MODIFIED_SINCE, known.last_modified())];
    let mut request = agent.get(url.as_str()).header(header::ACCEPT_ENCODING, "identity");
    for (name, value) in headers {
        request = match value {
            Some(value) => request.header(name, value),
            None => request,
        };
    }
    let response = request.call().map_err(|error| of_client(error, settings))?;
    match response.status().as_u16() {
        200 => document(response, url, settings).map(Answer::Fetched),
        304 if !known.is_empty() => Ok(Answer::Fetched(Fetched::NotModified)),
        status @ (301 | 302 | 303 | 307 | 308) => {
            let location = text(response.headers(), header::LOCATION).ok_or(FetchError::Status { status })?;
            url.redirected(location).map(Answer::Redirect).map_err(|error| of_redirect(error, &host(url, location)))
        }
        status => Err(FetchError::Status { status }),
    }
}

/// A client for one request, so that no connection is ever used for another host.
fn agent(settings: &Settings, pinned: Pinned, left: Duration) -> Agent {
    let roots = match &settings.roots {
        Some(roots) => RootCerts::Specific(roots.clone()),
        None => RootCerts::WebPki,
    };
    let config = Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(left))
        .timeout_connect(Some(CONNECT))
        .user_agent(USER_AGENT)
        .accept(ACCEPT)
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .build();
    Agent::with_parts(config, DefaultConnector::default(), pinned)
}

fn left(settings: &Settings, start: Instant) -> Result<Duration, FetchError> {
    let left = settings.deadline.saturating_sub(start.elapsed());
    if left.is_zero() { Err(FetchError::Timeout) } else { Ok(left) }
}

fn document(response: Response<Body>, url: &MetadataUrl, settings: &Settings) -> Result<Fetched, FetchError> {
    let (head, body) = response.into_parts();
    if text(&head.headers, header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Encoding);
    }
    let most = u64::try_from(settings.bytes).unwrap_or(u64::MAX);
    if body.content_length().is_some_and(|length| length > most) {
        return Err(FetchError::TooLarge { most: settings.bytes });
    }
    let octets = body.into_with_config().limit(most).read_to_vec().map_err(|error| of_client(error, settings))?;
    if is_html(&octets) {
        return Err(FetchError::Html);
    }
    Ok(Fetched::Document { octets, validators: validators(&head.headers), final_url: url.clone() })
}

fn validators(headers: &HeaderMap) -> Validators {
    let none = Validators::none();
    let tagged = text(headers, header::ETAG).map_or(none.clone(), |etag| none.with_etag(etag));
    text(headers, header::LAST_MODIFIED).map_or(tagged.clone(), |date| tagged.with_last_modified(date))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// By its beginning: servers that label metadata as HTML exist, and so do the reverse.
fn is_html(octets: &[u8]) -> bool {
    let text = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|start| text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start)))
}

/// The host that a refused redirect names, if it names one.
fn host(from: &MetadataUrl, location: &str) -> String {
    let target = url::Url::parse(from.as_str()).and_then(|from| from.join(location)).ok();
    target.and_then(|target| target.host_str().map(str::to_owned)).unwrap_or_default()
}

/// The error of a URL that a redirect led to: broken rules are the redirect's.
fn of_redirect(error: FetchError, host: &str) -> FetchError {
    match error {
        FetchError::Malformed
        | FetchError::Scheme
        | FetchError::UserInfo
        | FetchError::Port { .. }
        | FetchError::Address { .. } => FetchError::Redirect { host: host.to_owned(), cause: Box::new(error) },
        other => other,
    }
}

fn of_client(error: ureq::Error, settings: &Settings) -> FetchError {
    match error {
        ureq::Error::Timeout(Timeout::Connect) => FetchError::Connection { kind: io::ErrorKind::TimedOut },
        ureq::Error::Timeout(_) => FetchError::Timeout,
        // The TLS library's errors come wrapped so.
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            FetchError::Tls { reason: error.to_string() }
        }
        ureq::Error::Io(error) => FetchError::Connection { kind: error.kind() },
        ureq::Error::ConnectionFailed => FetchError::Connection { kind: io::ErrorKind::Other },
        ureq::Error::Rustls(error) => FetchError::Tls { reason: error.to_string() },
        ureq::Error::Tls(reason) => FetchError::Tls { reason: reason.to_owned() },
        ureq::Error::BodyExceedsLimit(_) => FetchError::TooLarge { most: settings.bytes },
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => FetchError::Malformed,
        _ => FetchError::Protocol,
    }
}
