//! The endpoints of one organization on actix-web: `cargo run -p frameworks --bin actix`.

use actix_web::http::header;
use actix_web::web::{Data, Form, get, post, resource};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer};
use chrono::Utc;
use frameworks::{Failure, Host, cookie, digest, random};
use saml_sp::flow::{
    Arrival, Entered, FlowError, LogoutArrival, LogoutArrived, SignedIn, Visit, receive_logout, sign_in, start_login,
    start_logout,
};
use saml_sp::login::{LoginStart, Send};
use saml_sp::logout::{LogoutStart, StartedLogout};
use saml_sp::provisioning::Session;
use saml_sp::storage::SessionStore;
use saml_sp::{BrowserCookie, Purpose, SamlSession, SessionId};
use serde::Deserialize;

const SESSION: &str = "__Host-session";
type Page = Result<HttpResponse, actix_web::Error>;

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "SAMLRequest")]
    request: Option<String>,
    #[serde(rename = "SAMLResponse")]
    response: Option<String>,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

fn cookies(request: &HttpRequest) -> Option<&str> {
    request.headers().get(header::COOKIE)?.to_str().ok()
}

fn failed(error: impl Into<Failure>) -> actix_web::Error {
    eprintln!("{}", error.into());
    actix_web::error::ErrorServiceUnavailable("Try again.")
}

fn to(location: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, location));
    response
}

fn refused<E: std::error::Error + std::marker::Send + Sync + 'static>(error: FlowError<E>) -> Page {
    match error {
        FlowError::Rejected(rejection) => eprintln!("{}", rejection.report()),
        FlowError::Store(error) => return Err(failed(error)),
        _ => {}
    }
    Ok(HttpResponse::Forbidden().body("You are not signed in."))
}

fn send(message: &Send, mut response: HttpResponseBuilder) -> Page {
    match message {
        Send::Redirect(url) => Ok(response
            .status(actix_web::http::StatusCode::SEE_OTHER)
            .insert_header((header::LOCATION, url.as_str()))
            .finish()),
        Send::Post(form) => {
            let nonce = random().map_err(failed)?;
            let policy = format!("default-src 'none'; script-src 'nonce-{nonce}'");
            Ok(response
                .insert_header((header::CONTENT_SECURITY_POLICY, policy))
                .content_type("text/html")
                .body(form.to_html(&nonce)))
        }
    }
}

async fn home(host: Data<Host>, request: HttpRequest) -> Page {
    Ok(match host.session(cookie(cookies(&request), SESSION)) {
        Some((scope, _)) => HttpResponse::Ok().body(format!("Signed in: {}", scope.account())),
        None => HttpResponse::Ok().body("Not signed in. GET /login"),
    })
}

async fn metadata(host: Data<Host>) -> Page {
    let xml = host.sp.metadata().write(Utc::now()).map_err(failed)?;
    Ok(HttpResponse::Ok().content_type("application/samlmetadata+xml").body(xml))
}

async fn login(host: Data<Host>, request: HttpRequest) -> Page {
    let cookie = cookie(cookies(&request), BrowserCookie::NAME).and_then(BrowserCookie::from_value);
    let [connection] = &host.connections;
    match start_login(&host.store, &host.sp, connection, LoginStart::default().with_cookie(cookie), Utc::now()).await {
        Ok(started) => {
            let mut response = HttpResponse::Ok();
            response.insert_header((header::SET_COOKIE, started.cookie.to_header()));
            send(&started.send, response)
        }
        Err(error) => refused(error),
    }
}

async fn acs(host: Data<Host>, request: HttpRequest, Form(form): Form<Message>) -> Page {
    let saml_response = form.response.as_deref().unwrap_or_default();
    let cookie = cookie(cookies(&request), BrowserCookie::NAME);
    let arrival = Arrival { saml_response, relay_state: form.relay_state.as_deref(), cookie };
    let entrance =
        saml_sp::flow::Entrance { sp: &host.sp, connections: &host.connections, onboarding: &host.onboarding };
    match sign_in(&host.store, entrance, Visit { arrival, session: &Session::Nobody }, Utc::now()).await {
        Ok(Entered::SignedIn(SignedIn { scope, finished, .. })) => {
            let name = random().map_err(failed)?;
            let session =
                SamlSession::of(&finished.into_login(Purpose::Login).map_err(failed)?, SessionId::new(digest(&name)));
            host.store.open(&session).await.map_err(failed)?;
            host.keep(&name, scope, session);
            let cookie = format!("{SESSION}={name}; Path=/; Secure; HttpOnly; SameSite=Lax");
            Ok(to("/").insert_header((header::SET_COOKIE, cookie)).finish())
        }
        Ok(_) => {
            Ok(HttpResponse::Ok().body("Sign in to your account first: pages for links are in examples/axum_app."))
        }
        Err(error) => refused(error),
    }
}

async fn logout(host: Data<Host>, request: HttpRequest) -> Page {
    let Some((_, session)) = host.session(cookie(cookies(&request), SESSION)) else { return Ok(to("/").finish()) };
    let [connection] = &host.connections;
    match start_logout(&host.store, &host.sp, connection, &session, LogoutStart::default(), Utc::now()).await {
        Ok(StartedLogout::Sent { send: message, .. }) => send(&message, HttpResponse::Ok()),
        Ok(StartedLogout::Local(_)) => Ok(to("/").finish()),
        Err(error) => refused(error),
    }
}

async fn single_logout(host: &Host, arrival: LogoutArrival<'_>) -> Page {
    match receive_logout(&host.store, &host.sp, &host.connections, arrival, Utc::now()).await {
        Ok(LogoutArrived::Asked { send: Some(answer), .. }) => send(&answer, HttpResponse::Ok()),
        Ok(_) => Ok(to("/").finish()),
        Err(error) => refused(error),
    }
}

async fn sls_get(host: Data<Host>, request: HttpRequest) -> Page {
    single_logout(&host, LogoutArrival::Redirect(request.query_string())).await
}

async fn sls_post(host: Data<Host>, Form(form): Form<Message>) -> Page {
    let (saml_request, saml_response) = (form.request.as_deref(), form.response.as_deref());
    single_logout(&host, LogoutArrival::Post { saml_request, saml_response, relay_state: form.relay_state.as_deref() })
        .await
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let listen = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let host = Data::new(Host::new(&format!("http://{listen}"))?);
    println!("Open http://{listen}/");
    let app = move || {
        App::new()
            .app_data(host.clone())
            .route("/", get().to(home))
            .route("/login", get().to(login))
            .route("/logout", post().to(logout))
            .route("/saml/metadata/acme/", get().to(metadata))
            .route("/saml/acs/acme/", post().to(acs))
            .service(resource("/saml/sls/acme/").route(get().to(sls_get)).route(post().to(sls_post)))
    };
    Ok(HttpServer::new(app).workers(2).bind(listen)?.run().await?)
}
