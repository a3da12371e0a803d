//! What must have been sent.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Problem;
use crate::canned::Recorded;

/// The token of clients with a fixed one. It looks like no token of the service's, so that no mask of token-shaped
/// text can be what hides it.
pub(super) const FIXED_TOKEN: &str = "vector-fixed-token";
pub(super) const CLIENT_ID: &str = "vector-client-id";
pub(super) const CLIENT_SECRET: &str = "vector-client-secret";

/// A request, whole: without `body` and `body_bytes` there is no body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestSpec {
    method: String,
    /// Behind the app's prefix, encoded, with the query.
    path: String,
    body: Option<Value>,
    /// In place of a body that would be too long to read.
    body_bytes: Option<usize>,
    authorization: Option<String>,
}

impl RequestSpec {
    pub(super) fn check(&self, request: &Recorded, path: &str) -> Result<(), Problem> {
        if (request.method.as_str(), path) != (&self.method, &self.path) {
            return Err(format!("expected {} {}, sent {} {path}", self.method, self.path, request.method));
        }
        let text = String::from_utf8_lossy(&request.body);
        match (&self.body, self.body_bytes) {
            (Some(body), None)
                if serde_json::from_slice::<Value>(&request.body).ok().as_ref() != Some(body) =>
            {
                return Err(format!("expected the body {body}, sent {text}"));
            }
            (None, Some(length)) if request.body.len() != length => {
                return Err(format!("expected {length} bytes of body, sent {}", request.body.len()));
            }
            (None, None) if !request.body.is_empty() => return Err(format!("expected no body, sent {text}")),
            _ => {}
        }
        match &self.authorization {
            Some(expected) if request.header("authorization") != Some(expected) => {
                Err("the Authorization header is another".into())
            }
            _ => Ok(()),
        }
    }
}

/// What holds for every request but that for a token.
pub(super) fn check_headers(request: &Recorded, fixed_token: bool) -> Result<(), Problem> {
    let authorization = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    match authorization {
        None | Some("") => return Err("no Authorization: Bearer".into()),
        Some(token) if fixed_token && token != FIXED_TOKEN => return Err("another token was sent".into()),
        Some(_) => {}
    }
    check_media_types(request)
}

/// What holds for every request for a token.
pub(super) fn check_token(request: &Recorded) -> Result<(), Problem> {
    if request.method != "POST" || request.header("authorization").is_some() {
        return Err("a token is asked for with POST and no Authorization".into());
    }
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    });
    if serde_json::from_slice::<Value>(&request.body).ok() != Some(body) {
        return Err("the body of the token request is not the documented one".into());
    }
    check_media_types(request)
}

fn check_media_types(request: &Recorded) -> Result<(), Problem> {
    if request.header("accept") != Some("application/json") {
        return Err(format!("Accept is {:?}", request.header("accept")));
    }
    let expected = (!request.body.is_empty()).then_some("application/json");
    if request.header("content-type") != expected {
        return Err(format!("Content-Type is {:?}", request.header("content-type")));
    }
    Ok(())
}
