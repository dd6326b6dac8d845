//! Why metadata could not be fetched.

use std::io;

use super::AddressClass;

/// Why metadata could not be fetched. One variant a cause.
///
/// The sentences are for the administrator who typed the URL. They tell the class of a refused address, but not the
/// address: names of the host's network are not looked up for outsiders.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// `fetch.url`: not an absolute URL with a host.
    #[error("not an absolute URL with a host")]
    Malformed,
    /// `fetch.scheme`: another scheme than `https`.
    #[error("the URL does not begin with https://")]
    Scheme,
    /// `fetch.userinfo`: a user name or password in the URL.
    #[error("the URL has a user name or password")]
    UserInfo,
    /// `fetch.fragment`: a `#`, which no server gets to see.
    #[error("the URL has a fragment (#)")]
    Fragment,
    /// `fetch.port`: a port below 1024 that is not the scheme's own.
    #[error("port {port} is not used for metadata")]
    Port {
        /// The port.
        port: u16,
    },
    /// `fetch.address`: an address that is not on the public internet.
    #[error("the host has an address that is not public ({class})")]
    Address {
        /// What the address is for.
        class: AddressClass,
    },
    /// `fetch.redirect`: a redirect to where no fetch may go.
    #[error("the server redirects to {host:?}: {cause}")]
    Redirect {
        /// The host that it leads to; empty where the server sent no URL.
        host: String,
        /// What is wrong with it.
        cause: Box<Self>,
    },
    /// `fetch.too_many_redirects`: redirects without an end.
    #[error("more than {most} redirects")]
    TooManyRedirects {
        /// How many are followed.
        most: usize,
    },
    /// `fetch.dns`: no address is known for the name.
    #[error("the host name has no address")]
    Dns,
    /// `fetch.connection`: no connection, or it broke.
    #[error("the connection failed: {kind}")]
    Connection {
        /// What the system says.
        kind: io::ErrorKind,
    },
    /// `fetch.tls`: no TLS connection with a valid certificate for that name.
    #[error("no TLS connection: {reason}")]
    Tls {
        /// What the TLS library says.
        reason: String,
    },
    /// `fetch.protocol`: the answer is not HTTP.
    #[error("the answer is not HTTP as it should be")]
    Protocol,
    /// `fetch.timeout`: the whole took too long.
    #[error("the server took too long")]
    Timeout,
    /// `fetch.too_large`: more octets than allowed.
    #[error("the document is larger than {most} bytes")]
    TooLarge {
        /// How many are allowed.
        most: usize,
    },
    /// `fetch.status`: another status than 200, or 304 where nothing is known.
    #[error("the server answered with status {status}")]
    Status {
        /// The status code.
        status: u16,
    },
    /// `fetch.encoding`: a compressed answer, though none was asked for.
    #[error("the answer is compressed")]
    Encoding,
    /// `fetch.html`: a page for people.
    #[error("the URL leads to a web page, not to metadata")]
    Html,
    /// `fetch.worker`: no thread could be started, or it ended without an answer.
    #[error("the fetch could not be run")]
    Worker,
}

impl FetchError {
    /// The stable identifier, fit for logs, metrics and support articles.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "fetch.url",
            Self::Scheme => "fetch.scheme",
            Self::UserInfo => "fetch.userinfo",
            Self::Fragment => "fetch.fragment",
            Self::Port { .. } => "fetch.port",
            Self::Address { .. } => "fetch.address",
            Self::Redirect { .. } => "fetch.redirect",
            Self::TooManyRedirects { .. } => "fetch.too_many_redirects",
            Self::Dns => "fetch.dns",
            Self::Connection { .. } => "fetch.connection",
            Self::Tls { .. } => "fetch.tls",
            Self::Protocol => "fetch.protocol",
            Self::Timeout => "fetch.timeout",
            Self::TooLarge { .. } => "fetch.too_large",
            Self::Status { .. } => "fetch.status",
            Self::Encoding => "fetch.encoding",
            Self::Html => "fetch.html",
            Self::Worker => "fetch.worker",
        }
    }

    /// What to change.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Malformed => "paste the whole metadata URL, from https:// on",
            Self::Scheme => "use the https:// form of the URL, or download the metadata and paste it",
            Self::UserInfo => "leave the user name and password out; metadata is public, or is pasted",
            Self::Fragment => "leave out everything from the # on",
            Self::Port { .. } => "publish the metadata on port 443 or on one from 1024 up, or paste it",
            Self::Address { .. } => {
                "paste the metadata instead; if the identity provider has to be on a private network, the operator of \
                 this service can allow its host by name"
            }
            Self::Redirect { .. } => "paste the URL that the redirect should end at, or the metadata itself",
            Self::TooManyRedirects { .. } => {
                "open the URL in a private browser window: it must show XML without a sign-in; paste the final URL"
            }
            Self::Dns => "check the spelling of the host; if it is known inside your network only, paste the metadata",
            Self::Connection { .. } => "check that the server is up and reachable from the internet on that port",
            Self::Tls { .. } => {
                "install a certificate that is valid for this host, from a public authority and with its intermediates"
            }
            Self::Protocol => "check that a web server listens on that port",
            Self::Timeout => "try again later, or download the metadata and paste it",
            Self::TooLarge { .. } => {
                "give the URL of one identity provider's metadata rather than that of a whole federation"
            }
            Self::Status { status: 401 | 403 } => "make the metadata readable without a sign-in, or paste it",
            Self::Status { status: 404 | 410 } => "copy the metadata URL anew from the identity provider's console",
            Self::Status { .. } => {
                "open the URL in a browser: it must show XML; try again later, or paste the metadata"
            }
            Self::Encoding => "make the server honour Accept-Encoding: identity, or paste the metadata",
            Self::Html => {
                "this is a sign-in or console page: look for the link named metadata XML or federation metadata, and \
                 try it in a private browser window"
            }
            Self::Worker => "try again; if it persists, this service is short of threads or memory",
        }
    }
}
