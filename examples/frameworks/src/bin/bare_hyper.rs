//! The endpoints of one organization on hyper alone: `cargo run -p frameworks --bin bare_hyper`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use chrono::Utc;
use frameworks::{Failure, Host, cookie, digest, random};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use saml_sp::flow::{
    Arrival, Entered, Entrance, FlowError, LogoutArrival, LogoutArrived, SignedIn, Visit, receive_logout, sign_in,
    start_login, start_logout,
};
use saml_sp::login::{LoginStart, Send};
use saml_sp::logout::{LogoutStart, StartedLogout};
use saml_sp::provisioning::Session;
use saml_sp::storage::SessionStore;
use saml_sp::{BrowserCookie, Purpose, SamlSession, SessionId};
use tokio::net::TcpListener;

const SESSION: &str = "__Host-session";
const MOST_BODY: usize = 1 << 20;

type Page = Result<Response<Full<Bytes>>, Failure>;

fn page(status: u16, text: impl Into<Bytes>) -> Page {
    Ok(Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(Full::new(text.into()))?)
}

fn to(location: &str, cookie: Option<&str>) -> Page {
    let response = Response::builder().status(303).header(LOCATION, location);
    Ok(cookie
        .into_iter()
        .fold(response, |response, cookie| response.header(SET_COOKIE, cookie))
        .body(Full::default())?)
}

fn send(message: &Send, cookie: Option<&str>) -> Page {
    let form = match message {
        Send::Redirect(url) => return to(url, cookie),
        Send::Post(form) => form,
    };
    let nonce = random()?;
    let policy = format!("default-src 'none'; script-src 'nonce-{nonce}'");
    let response = Response::builder().header(CONTENT_TYPE, "text/html").header(CONTENT_SECURITY_POLICY, policy);
    let response = cookie.into_iter().fold(response, |response, cookie| response.header(SET_COOKIE, cookie));
    Ok(response.body(Full::from(form.to_html(&nonce)))?)
}

fn refused<E: std::error::Error + std::marker::Send + Sync + 'static>(error: FlowError<E>) -> Page {
    match error {
        FlowError::Rejected(rejection) => eprintln!("{}", rejection.report()),
        FlowError::Store(error) => return Err(error.into()),
        _ => {}
    }
    page(403, "You are not signed in.")
}

async fn serve(host: &Host, request: Request<Incoming>) -> Page {
    let (parts, body) = request.into_parts();
    let cookies = parts.headers.get(COOKIE).and_then(|value| value.to_str().ok());
    let body = Limited::new(body, MOST_BODY).collect().await.map_err(|_| "the body is too long")?.to_bytes();
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    match (parts.method, parts.uri.path()) {
        (Method::GET, "/") => home(host, cookies),
        (Method::GET, "/login") => login(host, cookies).await,
        (Method::POST, "/logout") => logout(host, cookies).await,
        (Method::GET, "/saml/metadata/acme/") => page(200, host.sp.metadata().write(Utc::now())?),
        (Method::POST, "/saml/acs/acme/") => acs(host, cookies, &form).await,
        (Method::GET, "/saml/sls/acme/") => {
            single_logout(host, LogoutArrival::Redirect(parts.uri.query().unwrap_or_default())).await
        }
        (Method::POST, "/saml/sls/acme/") => {
            let field = |name| form.get(name).map(String::as_str);
            let (saml_request, saml_response) = (field("SAMLRequest"), field("SAMLResponse"));
            single_logout(host, LogoutArrival::Post { saml_request, saml_response, relay_state: field("RelayState") })
                .await
        }
        _ => page(404, "There is nothing here."),
    }
}

fn home(host: &Host, cookies: Option<&str>) -> Page {
    match host.session(cookie(cookies, SESSION)) {
        Some((scope, _)) => page(200, format!("Signed in: {}", scope.account())),
        None => page(200, "Not signed in. GET /login"),
    }
}

async fn login(host: &Host, cookies: Option<&str>) -> Page {
    let cookie = cookie(cookies, BrowserCookie::NAME).and_then(BrowserCookie::from_value);
    let [connection] = &host.connections;
    match start_login(&host.store, &host.sp, connection, LoginStart::default().with_cookie(cookie), Utc::now()).await {
        Ok(started) => send(&started.send, Some(&started.cookie.to_header())),
        Err(error) => refused(error),
    }
}

async fn acs(host: &Host, cookies: Option<&str>, form: &HashMap<String, String>) -> Page {
    let saml_response = form.get("SAMLResponse").map_or("", String::as_str);
    let relay_state = form.get("RelayState").map(String::as_str);
    let arrival = Arrival { saml_response, relay_state, cookie: cookie(cookies, BrowserCookie::NAME) };
    let entrance = Entrance { sp: &host.sp, connections: &host.connections, onboarding: &host.onboarding };
    match sign_in(&host.store, entrance, Visit { arrival, session: &Session::Nobody }, Utc::now()).await {
        Ok(Entered::SignedIn(SignedIn { scope, finished, .. })) => {
            let name = random()?;
            let session = SamlSession::of(&finished.into_login(Purpose::Login)?, SessionId::new(digest(&name)));
            host.store.open(&session).await?;
            host.keep(&name, scope, session);
            to("/", Some(&format!("{SESSION}={name}; Path=/; Secure; HttpOnly; SameSite=Lax")))
        }
        Ok(_) => page(200, "Sign in to your account first: pages for links are in examples/axum_app."),
        Err(error) => refused(error),
    }
}

async fn logout(host: &Host, cookies: Option<&str>) -> Page {
    let Some((_, session)) = host.session(cookie(cookies, SESSION)) else { return to("/", None) };
    let [connection] = &host.connections;
    match start_logout(&host.store, &host.sp, connection, &session, LogoutStart::default(), Utc::now()).await {
        Ok(StartedLogout::Sent { send: message, .. }) => send(&message, None),
        Ok(StartedLogout::Local(_)) => to("/", None),
        Err(error) => refused(error),
    }
}

async fn single_logout(host: &Host, arrival: LogoutArrival<'_>) -> Page {
    match receive_logout(&host.store, &host.sp, &host.connections, arrival, Utc::now()).await {
        Ok(LogoutArrived::Asked { send: Some(answer), .. }) => send(&answer, None),
        Ok(_) => to("/", None),
        Err(error) => refused(error),
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let host = Arc::new(Host::new(&format!("http://{listen}"))?);
    let listener = TcpListener::bind(&listen).await?;
    println!("Open http://{listen}/");
    loop {
        let (stream, _) = listener.accept().await?;
        let host = host.clone();
        let service = service_fn(move |request| {
            let host = host.clone();
            async move {
                Ok::<_, Infallible>(serve(&host, request).await.unwrap_or_else(|error| {
                    eprintln!("{error}");
                    Response::builder().status(503).body(Full::from("Try again.")).unwrap_or_default()
                }))
            }
        });
        tokio::spawn(async move {
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}
