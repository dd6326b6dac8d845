//! The application on a port of its own, and who talks to it over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use axum_app::store::Db;
use axum_app::{App, Failure};
use saml_sp::testing::TestKey;
use tokio::net::TcpListener;

/// Runs until the test ends.
pub async fn serve() -> Result<(Arc<App>, Db, String), Failure> {
    serve_on("sqlite::memory:").await
}

/// The same on a database of the test's own.
pub async fn serve_on(database: &str) -> Result<(Arc<App>, Db, String), Failure> {
    serve_app(database, |app| app).await
}

/// The same, set up by the test.
pub async fn serve_app(database: &str, set_up: fn(App) -> App) -> Result<(Arc<App>, Db, String), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let db = Db::open(database).await?;
    let app = Arc::new(set_up(App::new(db.clone(), &format!("http://{address}"), TestKey::P256.signing_key()?)?));
    app.fill().await?;
    tokio::spawn(axum::serve(listener, app.router()).into_future());
    Ok((app, db, address))
}

/// A browser that is signed in.
pub struct Browser<'a> {
    pub address: &'a str,
    pub cookie: String,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
        line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }

    /// All cookies, as a browser sends them back.
    pub fn cookies(&self) -> String {
        let set = self.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        set.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
    }

    /// What stands between the two, for the first time.
    pub fn between(&self, before: &str, after: &str) -> Result<String, Failure> {
        let rest = self.body.split_once(before).ok_or("not in the page")?.1;
        Ok(rest.split(after).next().unwrap_or_default().to_owned())
    }
}

impl<'a> Browser<'a> {
    pub fn of(address: &'a str, account: &str) -> Result<Self, Failure> {
        let nobody = Self { address, cookie: String::new() };
        let signed = nobody.post("/sign-in", &format!("email={account}"))?;
        Ok(Self { cookie: signed.cookies(), ..nobody })
    }

    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer, Failure> {
        let (address, mut stream) = (self.address, TcpStream::connect(self.address)?);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nOrigin: http://{address}\r\nCookie: {}\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            self.cookie,
            body.len()
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    pub fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send("GET", path, "", "")
    }

    pub fn post(&self, path: &str, form: &str) -> Result<Answer, Failure> {
        self.send("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", form)
    }
}

/// Signs in at the identity provider on board, but for the last step: the browser, and the form that it will post.
pub fn begin<'a>(address: &'a str, email: &str) -> Result<(Browser<'a>, String), Failure> {
    let mut browser = Browser { address, cookie: String::new() };
    let start = browser.get("/org/acme/sso/acme-demo")?;
    let request = start.header("location").split_once('?').ok_or("no request")?.1.to_owned();
    browser.cookie = start.cookies();
    let form = format!("request={}&email={email}", encoded(&request));
    let response = browser.post("/demo-idp/acme/sso", &form)?.between("name=\"SAMLResponse\" value=\"", "\"")?;
    Ok((browser, format!("SAMLResponse={}", encoded(&response))))
}

/// The last step, and the browser after it.
pub fn login<'a>(address: &'a str, email: &str) -> Result<(Answer, Browser<'a>), Failure> {
    let (mut browser, form) = begin(address, email)?;
    let answer = browser.post("/saml/acs/acme/", &form)?;
    browser.cookie = answer.cookies();
    Ok((answer, browser))
}

fn encoded(value: &str) -> String {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric();
    value.bytes().map(|octet| if plain(&octet) { char::from(octet).into() } else { format!("%{octet:02X}") }).collect()
}
