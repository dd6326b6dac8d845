//! SCIM: everything is `saml_sp::scim::answer`.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Request, header};
use axum::response::Response;
use chrono::Utc;
use saml_sp::scim::{ScimEndpoint, ScimRequest, answer as answer_scim};

use super::problem::Problem;
use super::{Host, Page};

/// Stands for a body that is too long to be read, which is all that the answer says.
static TOO_LONG: [u8; ScimRequest::MOST_BYTES + 1] = [0; ScimRequest::MOST_BYTES + 1];

pub(super) async fn answer(
    State(app): Host,
    Path((slug, connection, _)): Path<(String, String, String)>,
    request: Request<Body>,
) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let index = tenant
        .connections
        .iter()
        .position(|candidate| candidate.id().as_str() == connection)
        .ok_or(Problem::NotFound)?;
    let (Some(connection), Some(onboarding)) = (tenant.connections.get(index), tenant.onboarding.get(index)) else {
        return Err(Problem::NotFound);
    };
    let tokens = app.db.scim_tokens(connection.id()).await?;
    let base_url = format!("{}/scim/{slug}/{}", app.base_url, connection.id());
    let endpoint = ScimEndpoint {
        organization: &tenant.organization.id,
        connection,
        settings: onboarding.provisioning(),
        tokens: &tokens,
        base_url: &base_url,
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, ScimRequest::MOST_BYTES).await.unwrap_or(Bytes::from_static(&TOO_LONG));
    let prefix = format!("/scim/{slug}/{}", connection.id());
    let request = ScimRequest {
        method: parts.method.as_str(),
        path: parts.uri.path().strip_prefix(&prefix).unwrap_or_default(),
        query: parts.uri.query().unwrap_or_default(),
        authorization: parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()),
        body: &body,
    };
    let answered = answer_scim(&app.db, endpoint, request, now).await?;
    let mut response = Response::builder().status(answered.status);
    for (name, value) in answered.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Body::from(answered.body))?)
}
