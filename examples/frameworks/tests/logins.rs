//! A login, a replay, and a logout from either side at each host, over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use chrono::Utc;
use frameworks::Failure;
use saml_sp::NameId;
use saml_sp::login::Send;
use saml_sp::testing::FakeIdp;
use url::form_urlencoded::byte_serialize;

const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

#[test]
fn actix() -> Result<(), Failure> {
    walk(env!("CARGO_BIN_EXE_actix"))
}

#[test]
fn bare_hyper() -> Result<(), Failure> {
    walk(env!("CARGO_BIN_EXE_bare_hyper"))
}

struct Server {
    process: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let is_it = |line: &&str| line.to_lowercase().starts_with(&format!("{name}: "));
        self.head.lines().find(is_it).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }

    fn cookie(&self) -> &str {
        self.header("set-cookie").split(';').next().unwrap_or_default()
    }
}

impl Server {
    fn start(program: &str) -> Result<Self, Failure> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut process = Command::new(program).arg(&address).stdout(Stdio::piped()).spawn()?;
        BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut String::new())?;
        let server = Self { process, address };
        // It says so before it listens.
        while TcpStream::connect(&server.address).is_err() {}
        Ok(server)
    }

    fn send(&self, method: &str, path: &str, cookie: &str, form: &str) -> Result<Answer, Failure> {
        let mut stream = TcpStream::connect(&self.address)?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {cookie}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    fn get(&self, path: &str, cookie: &str) -> Result<Answer, Failure> {
        self.send("GET", path, cookie, "")
    }

    /// The cookie of a session, after a replay was refused.
    fn sign_in(&self, idp: &FakeIdp) -> Result<String, Failure> {
        let started = self.get("/login", "")?;
        let acs = format!("http://{}/saml/acs/acme/", self.address);
        let response = idp.answer(&Send::Redirect(started.header("location").to_owned()), &acs, Utc::now())?;
        let response = response.name_id("ada@example.com").attribute("identifier", &["u-1"]);
        let value = response.attribute("email", &["ada@example.com"]).form_value()?;
        let form = format!("SAMLResponse={}", byte_serialize(value.as_bytes()).collect::<String>());
        let other = self.send("POST", "/saml/acs/acme/", "", &form)?;
        assert_eq!(other.status, 403, "another browser");
        let done = self.send("POST", "/saml/acs/acme/", started.cookie(), &form)?;
        assert_eq!((done.status, done.header("location")), (303, "/"), "{}", done.body);
        let again = self.send("POST", "/saml/acs/acme/", started.cookie(), &form)?;
        assert_eq!(again.status, 403, "a replay");
        let cookie = done.cookie().to_owned();
        assert!(self.get("/", &cookie)?.body.contains("Signed in"));
        Ok(cookie)
    }
}

fn walk(program: &str) -> Result<(), Failure> {
    let (server, idp) = (Server::start(program)?, FakeIdp::rsa("https://idp.example.com/")?);
    assert!(server.get("/saml/metadata/acme/", "")?.body.contains("EntityDescriptor"));

    let cookie = server.sign_in(&idp)?;
    let out = server.send("POST", "/logout", &cookie, "")?;
    assert!(out.header("location").starts_with("https://idp.example.com/slo?SAMLRequest="), "{}", out.head);
    assert!(server.get("/", &cookie)?.body.contains("Not signed in"));

    let cookie = server.sign_in(&idp)?;
    let sls = format!("http://{}/saml/sls/acme/", server.address);
    let user = NameId::new("ada@example.com").with_format(EMAIL);
    let query = idp.logout_request(&sls, &user, Utc::now()).query(None)?;
    let unsigned = idp.logout_request(&sls, &user, Utc::now()).unsigned().query(None)?;
    assert_eq!(server.get(&format!("/saml/sls/acme/?{unsigned}"), "")?.status, 403, "unsigned");
    assert!(server.get("/", &cookie)?.body.contains("Signed in"));
    let answered = server.get(&format!("/saml/sls/acme/?{query}"), "")?;
    assert!(answered.header("location").starts_with("https://idp.example.com/slo?SAMLResponse="), "{}", answered.head);
    assert!(server.get("/", &cookie)?.body.contains("Not signed in"));
    Ok(())
}
