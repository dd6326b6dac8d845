//! Fetching metadata from a URL that an outsider chose. ATTACKS L, MD-009 and MD-010.
//!
//! The server of these tests is on 127.0.0.1, which has to be allowed each time.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use saml_sp::fetch::{AddressClass, FetchError, Fetched, HttpFetcher, MetadataFetcher, MetadataUrl, Validators};
use saml_sp::flow::block_on;

const METADATA: &str = "<EntityDescriptor/>";

/// Answers every connection by the same function, which gets the head of the request. Ends with the process.
struct Server {
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answer: impl Fn(&str, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (heads.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, noted, answer) = (stream.unwrap(), noted.clone(), answer.clone());
                thread::spawn(move || {
                    let head = head(&mut stream);
                    noted.lock().unwrap().push(head.clone());
                    // The client may have gone.
                    let _gone = answer(&head, &mut stream);
                });
            }
        });
        Self { port, heads }
    }

    /// One that answers with these octets.
    fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |_, stream| stream.write_all(&answer))
    }

    fn url(&self) -> MetadataUrl {
        self.named("127.0.0.1")
    }

    fn named(&self, host: &str) -> MetadataUrl {
        MetadataUrl::dangerous_allow_http(&format!("http://{host}:{}/metadata", self.port)).unwrap()
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Up to the empty line, or what came of it; a TLS client sends no line and is cut off.
fn head(stream: &mut TcpStream) -> String {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    while !octets.ends_with(b"\r\n\r\n") && octets.first() != Some(&22) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => octets.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

fn local() -> HttpFetcher {
    HttpFetcher::new().dangerous().allow_private_host("127.0.0.1").unwrap().into_fetcher()
}

fn fetch(fetcher: &HttpFetcher, url: &MetadataUrl) -> Result<Fetched, FetchError> {
    block_on(fetcher.fetch(url, &Validators::none()))
}

fn octets(fetched: Result<Fetched, FetchError>) -> String {
    match fetched.unwrap() {
        Fetched::Document { octets, .. } => String::from_utf8(octets).unwrap(),
        Fetched::NotModified => panic!("not modified"),
    }
}

fn code(fetched: Result<Fetched, FetchError>) -> &'static str {
    fetched.map_or_else(|error| error.code(), |_| "fetched")
}

fn closed(class: AddressClass) -> Result<Fetched, FetchError> {
    Err(FetchError::Address { class })
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_document_and_then_the_same_again() {
    let server = Server::new(|head, stream| {
        let known = head.contains("if-none-match: \"v1\"\r\n") && head.contains("if-modified-since: today\r\n");
        let answer = ok("ETag: \"v1\"\r\nLast-Modified: today\r\nSet-Cookie: a=b\r\n", METADATA);
        stream.write_all(if known { b"HTTP/1.1 304 Not Modified\r\n\r\n" } else { answer.as_bytes() })
    });
    let fetched = fetch(&local(), &server.url()).unwrap();
    let validators = Validators::none().with_etag("\"v1\"").with_last_modified("today");
    let octets = METADATA.into();
    assert_eq!(fetched, Fetched::Document { octets, validators: validators.clone(), final_url: server.url() });
    assert_eq!(block_on(local().fetch(&server.url(), &validators)), Ok(Fetched::NotModified));

    let head = server.heads()[0].to_ascii_lowercase();
    for header in [
        &format!("user-agent: saml-sp/{}\r\n", env!("CARGO_PKG_VERSION")),
        "accept: application/samlmetadata+xml, ",
        "accept-encoding: identity\r\n",
        &format!("host: 127.0.0.1:{}\r\n", server.port),
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    for header in ["cookie", "authorization", "if-none-match", "if-modified-since", "referer"] {
        assert!(!head.contains(header), "{header} in {head}");
    }
}

/// This test binary once more, with proxies that nobody listens on.
#[test]
fn no_proxy_of_the_environment() {
    let mut again = Command::new(std::env::current_exe().unwrap());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        again.env(name, "http://127.0.0.1:9");
    }
    let output = again.args(["--exact", "fetch::a_document_and_then_the_same_again"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn md_009_addresses_in_urls() {
    let server = Server::saying(ok("", METADATA));
    let fetcher = HttpFetcher::new();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "localhost", "LOCALHOST.", "a.localhost"]
    {
        assert_eq!(fetch(&fetcher, &server.named(host)), closed(AddressClass::Loopback), "{host}");
    }
    assert_eq!(server.heads(), [""; 0]);
    for (host, class) in [
        ("0", AddressClass::Unspecified),
        ("[::1]", AddressClass::Loopback),
        ("[::ffff:127.0.0.1]", AddressClass::Loopback),
        ("[::ffff:7f00:1]", AddressClass::Loopback),
        ("[64:ff9b::7f00:1]", AddressClass::Loopback),
        ("10.0.0.1", AddressClass::Private),
        ("[::ffff:10.0.0.1]", AddressClass::Private),
        ("192.168.1.1", AddressClass::Private),
        ("100.100.100.200", AddressClass::Shared),
        ("169.254.169.254", AddressClass::LinkLocal),
        ("2852039166", AddressClass::LinkLocal),
        ("[fd00:ec2::254]", AddressClass::UniqueLocal),
        ("[fec0::1]", AddressClass::SiteLocal),
        ("[2002:7f00:1::]", AddressClass::Transition),
        ("[2001:0:7f00:1::]", AddressClass::Transition),
        ("203.0.113.1", AddressClass::Documentation),
        ("224.0.0.1", AddressClass::Multicast),
    ] {
        assert_eq!(fetch(&fetcher, &server.named(host)), closed(class), "{host}");
    }
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let allowing = HttpFetcher::new().dangerous().allow_private_host(host).unwrap().into_fetcher();
        assert_eq!(octets(fetch(&allowing, &server.named(host))), METADATA, "{host}");
    }
}

#[test]
fn md_009_addresses_of_names() {
    let server = Server::saying(ok("", METADATA));
    let resolving = |addresses: &[&str]| {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| address(text)).collect();
        HttpFetcher::new().with_resolver(move |_| Ok(addresses.clone()))
    };
    let url = server.named("idp.intern");
    for (addresses, class) in [
        (&["127.0.0.1"][..], AddressClass::Loopback),
        (&["192.168.0.7"], AddressClass::Private),
        (&["8.8.8.8", "127.0.0.1"], AddressClass::Loopback),
        (&["8.8.8.8", "::ffff:169.254.169.254"], AddressClass::LinkLocal),
    ] {
        assert_eq!(fetch(&resolving(addresses), &url), closed(class));
    }
    let loopback = || resolving(&["127.0.0.1"]).dangerous();
    for allowing in [
        loopback().allow_private_host("idp.intern").unwrap(),
        loopback().allow_private_host("IDP.intern.").unwrap(),
        loopback().allow_private_network("127.0.0.0/8").unwrap(),
        loopback().allow_private_network("127.0.0.1").unwrap(),
    ] {
        assert_eq!(octets(fetch(&allowing.into_fetcher(), &url)), METADATA);
    }
    for other in [
        loopback().allow_private_host("intern").unwrap(),
        loopback().allow_private_host("127.0.0.1").unwrap(),
        loopback().allow_private_network("10.0.0.0/8").unwrap(),
        loopback().allow_private_network("127.0.0.2/31").unwrap(),
    ] {
        assert_eq!(fetch(&other.into_fetcher(), &url), closed(AddressClass::Loopback));
    }
    for network in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "idp.intern", "::/129"] {
        assert!(HttpFetcher::new().dangerous().allow_private_network(network).is_err(), "{network}");
    }
    assert!(HttpFetcher::new().dangerous().allow_private_host("a b").is_err());

    let local_names = HttpFetcher::new().dangerous().allow_private_host("localhost").unwrap().into_fetcher();
    assert_eq!(octets(fetch(&local_names, &server.named("localhost"))), METADATA);
    assert_eq!(code(fetch(&resolving(&[]), &url)), "fetch.dns");
    let failing = HttpFetcher::new().with_resolver(|_| Err(io::ErrorKind::NotFound.into()));
    assert_eq!(code(fetch(&failing, &url)), "fetch.dns");
}

/// What can't be opened, by whichever door.
#[test]
fn md_009_closed_for_good() {
    let url = MetadataUrl::new("https://idp.intern/").unwrap();
    for closed_address in ["169.254.169.254", "fe80::1", "0.0.0.0", "168.63.129.16", "2002:a00:1::", "224.0.0.1"] {
        let closed_address = address(closed_address);
        let fetcher = HttpFetcher::new().with_resolver(move |_| Ok(vec![closed_address])).dangerous();
        let fetcher = fetcher.allow_private_host("idp.intern").unwrap();
        let fetcher = fetcher.allow_private_network("0.0.0.0/0").unwrap().allow_private_network("::/0").unwrap();
        assert_eq!(fetch(&fetcher.into_fetcher(), &url), closed(AddressClass::of(closed_address)));
    }
}

/// A name that has an open address when it is checked and a closed one when it is connected to: it is looked up once.
#[test]
fn md_009_rebinding() {
    let server = Server::new(|head, stream| {
        let answer = if head.starts_with("GET /metadata ") { ok("", METADATA) } else { redirect("/metadata") };
        stream.write_all(answer.as_bytes())
    });
    let rebinding = || {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let fetcher = HttpFetcher::new().with_resolver(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(vec![address("127.0.0.1")]),
            _ => Ok(vec![address("127.0.0.2")]),
        });
        (fetcher.dangerous().allow_private_network("127.0.0.1/32").unwrap().into_fetcher(), asked)
    };
    let (fetcher, asked) = rebinding();
    assert_eq!(octets(fetch(&fetcher, &server.named("rebind.example"))), METADATA);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(fetch(&fetcher, &server.named("rebind.example")), closed(AddressClass::Loopback));

    let (fetcher, asked) = rebinding();
    let url = server.named("rebind.example").redirected("/start").unwrap();
    assert_eq!(code(fetch(&fetcher, &url)), "fetch.redirect");
    assert_eq!((asked.load(Ordering::SeqCst), server.heads().len()), (2, 2));
}

#[test]
fn md_009_redirects() {
    let to = |location: &str| fetch(&local(), &Server::saying(redirect(location)).url());
    for (location, cause) in [
        ("http://10.0.0.1/", "fetch.address"),
        ("http://169.254.169.254/latest/meta-data/", "fetch.address"),
        ("http://localhost/", "fetch.address"),
        ("http://[::ffff:10.0.0.1]/", "fetch.address"),
        ("https://2130706434/", "fetch.address"),
        ("file:///etc/passwd", "fetch.scheme"),
        ("gopher://127.0.0.1:70/", "fetch.scheme"),
        ("http://user@127.0.0.1/", "fetch.userinfo"),
        ("http://127.0.0.1:25/", "fetch.port"),
        ("http://[/", "fetch.url"),
    ] {
        let error = to(location).unwrap_err();
        assert_eq!(error.code(), "fetch.redirect", "{location}");
        let FetchError::Redirect { cause: found, .. } = error else { panic!("{error}") };
        assert_eq!(found.code(), cause, "{location}");
    }
    assert_eq!(
        to("http://10.0.0.1/").unwrap_err().to_string().split(':').next(),
        Some("the server redirects to \"10.0.0.1\"")
    );
    assert_eq!(code(to("/again")), "fetch.too_many_redirects");
    assert_eq!(to("\u{e4}"), Err(FetchError::Status { status: 302 }));
    assert_eq!(
        fetch(&local(), &Server::saying("HTTP/1.1 301 x\r\n\r\n").url()),
        Err(FetchError::Status { status: 301 })
    );

    let target = Server::saying(ok("", METADATA));
    let counted = AtomicUsize::new(0);
    let there = target.url().as_str().to_owned();
    let start = Server::new(move |_, stream| {
        let at = counted.fetch_add(1, Ordering::SeqCst);
        stream.write_all(redirect(if at < 4 { "/on#there" } else { &there }).as_bytes())
    });
    match fetch(&local(), &start.url()).unwrap() {
        Fetched::Document { final_url, .. } => assert_eq!(final_url, target.url()),
        Fetched::NotModified => panic!("not modified"),
    }
}

#[test]
fn md_010_huge() {
    let limited = || local().with_bytes(1000);
    let exact = "a".repeat(1000);
    assert_eq!(octets(fetch(&limited(), &Server::saying(ok("", &exact)).url())), exact);
    let too_large = Err(FetchError::TooLarge { most: 1000 });
    let announced = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(fetch(&limited(), &announced.url()), too_large);
    for endless in ["Transfer-Encoding: chunked\r\n\r\n", "Connection: close\r\n\r\n"] {
        let server = Server::new(move |_, stream| {
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{endless}").as_bytes())?;
            loop {
                stream.write_all(b"10\r\naaaaaaaaaaaaaaaa\r\n")?;
            }
        });
        assert_eq!(fetch(&limited(), &server.url()), too_large, "{endless}");
    }
    let endless_head = Server::new(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"a: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")?;
        }
    });
    assert_eq!(code(fetch(&limited(), &endless_head.url())), "fetch.protocol");
}

#[test]
fn md_010_slow() {
    let start = Instant::now();
    let hasty = || local().with_deadline(Duration::from_millis(100));
    let drip = |head: &'static [u8]| {
        Server::new(move |_, stream| {
            stream.write_all(head)?;
            loop {
                thread::sleep(Duration::from_millis(10));
                stream.write_all(b"a")?;
            }
        })
    };
    let asleep = || thread::sleep(Duration::from_secs(60));
    let silent = Server::new(move |_, _| {
        asleep();
        Ok(())
    });
    let late = Server::new(|_, stream| {
        thread::sleep(Duration::from_millis(200));
        stream.write_all(ok("", METADATA).as_bytes())
    });
    let in_a_circle = Server::new(|_, stream| {
        thread::sleep(Duration::from_millis(40));
        stream.write_all(redirect("/again").as_bytes())
    });
    let slow_head = drip(b"HTTP/1.1 200 OK\r\na: ");
    let slow_body = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for server in [&silent, &late, &in_a_circle, &slow_head, &slow_body] {
        assert_eq!(fetch(&hasty(), &server.url()), Err(FetchError::Timeout));
    }
    assert_eq!(octets(fetch(&local(), &late.url())), METADATA);
    let resolver = hasty().with_resolver(move |_| {
        asleep();
        Ok(Vec::new())
    });
    assert_eq!(fetch(&resolver, &silent.named("idp.example")), Err(FetchError::Timeout));
    assert_eq!(fetch(&local().with_deadline(Duration::ZERO), &silent.url()), Err(FetchError::Timeout));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn answers_that_are_no_metadata() {
    for (answer, code_of_it) in [
        (ok("Content-Type: text/html\r\n", METADATA), "fetched"),
        (ok("", "\u{feff}\n<!DOCTYPE HTML><title>Sign in</title>"), "fetch.html"),
        (ok("Content-Type: application/xml\r\n", "<html xmlns='x'>"), "fetch.html"),
        (ok("Content-Encoding: identity\r\n", METADATA), "fetched"),
        (ok("Content-Encoding: gzip\r\n", METADATA), "fetch.encoding"),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into(), "fetch.status"),
        ("HTTP/1.1 204 No Content\r\n\r\n".into(), "fetch.status"),
        ("HTTP/1.1 304 Not Modified\r\n\r\n".into(), "fetch.status"),
        ("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n".into(), "fetch.status"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<EntityDescriptor".into(), "fetch.connection"),
        ("220 mail.example.com ESMTP\r\n\r\n".into(), "fetch.protocol"),
        (String::new(), "fetch.connection"),
    ] {
        assert_eq!(code(fetch(&local(), &Server::saying(answer.clone()).url())), code_of_it, "{answer}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = MetadataUrl::new(&format!("https://127.0.0.1:{nobody}/")).unwrap();
    assert_eq!(fetch(&local(), &url), Err(FetchError::Connection { kind: io::ErrorKind::ConnectionRefused }));
}

/// The name goes to the checked address, and an answer without TLS is none.
#[test]
fn https_means_tls() {
    let server = Server::saying(ok("", METADATA));
    let fetcher = HttpFetcher::new().with_resolver(|_| Ok(vec![address("127.0.0.1")])).dangerous();
    let fetcher = fetcher.allow_private_host("idp.intern").unwrap().into_fetcher();
    let url = MetadataUrl::new(&format!("https://idp.intern:{}/", server.port)).unwrap();
    assert_eq!(code(fetch(&fetcher, &url)), "fetch.tls");
    assert!(server.heads()[0].contains("idp.intern"));
    assert_eq!(octets(fetch(&fetcher, &server.named("idp.intern"))), METADATA);
}

#[test]
fn every_error_has_a_remedy_and_hides_the_address() {
    let fetcher = HttpFetcher::new().with_resolver(|_| Ok(vec![address("10.11.12.13")]));
    let error = fetch(&fetcher, &MetadataUrl::new("https://idp.intern/").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the host has an address that is not public (private)");
    assert!(error.remedy().starts_with("paste the metadata instead"));
    assert!(!format!("{error:?} {fetcher:?}").contains("10.11"));
}
