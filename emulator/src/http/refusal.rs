//! The answers that say no: one constructor for each documented error.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::http::route::Miss;
use crate::settings::PresenceErrors;

/// An error answer: status, code, class and text as the service words them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    code: &'static str,
    exception: &'static str,
    text: Cow<'static, str>,
    /// Sources show these in two shapes; see [`PresenceErrors`].
    from_presence: bool,
}

const SECURITY: &str = "EasemobSecurityException";

impl Refusal {
    const fn new(status: u16, code: &'static str, exception: &'static str, text: &'static str) -> Self {
        Self { status, code, exception, text: Cow::Borrowed(text), from_presence: false }
    }

    pub(crate) const fn presence(reason: &'static str) -> Self {
        let mut refusal = Self::illegal_argument(reason);
        refusal.from_presence = true;
        refusal
    }

    pub(crate) const fn service_closed(reason: &'static str) -> Self {
        let mut refusal = Self::new(400, "service open exception", "", reason);
        refusal.from_presence = true;
        refusal
    }

    pub(crate) const fn illegal_argument(reason: &'static str) -> Self {
        Self::new(400, "illegal_argument", "InvalidParameterException", reason)
    }

    pub(crate) fn json(problem: impl Into<Cow<'static, str>>) -> Self {
        Self { text: problem.into(), ..Self::new(400, "json_parse", "JsonParseException", "") }
    }

    pub(crate) const fn invalid_grant(reason: &'static str) -> Self {
        Self::new(400, "invalid_grant", "OAuthProblemException", reason)
    }

    pub(crate) fn duplicate_user(application: &str, user: &str) -> Self {
        let text = format!(
            "Application {application} Entity user requires that property named username be unique, \
             value of {user} exists"
        );
        let refusal = Self::new(
            400,
            "duplicate_unique_property_exists",
            "org.apache.usergrid.persistence.exceptions.DuplicateUniquePropertyExistsException",
            "",
        );
        Self { text: text.into(), ..refusal }
    }

    pub(crate) const fn no_token() -> Self {
        Self::new(401, "unauthorized", SECURITY, "Unable to authenticate (OAuth)")
    }

    pub(crate) const fn corrupt_token() -> Self {
        let text = "Unable to authenticate due to corrupt access token";
        Self::new(401, "auth_bad_access_token", SECURITY, text)
    }

    pub(crate) const fn expired_token() -> Self {
        Self::new(401, "unauthorized", SECURITY, "Unable to authenticate due to expired access token")
    }

    pub(crate) fn no_such_application(org: &str, app: &str, path: &str) -> Self {
        let text = format!("Could not find application for {org}/{app} from URI: {path}");
        let refusal = Self::new(
            404,
            "organization_application_not_found",
            "org.apache.usergrid.rest.exceptions.OrganizationApplicationNotFoundException",
            "",
        );
        Self { text: text.into(), ..refusal }
    }

    pub(crate) const fn no_such_user() -> Self {
        let text = "Service resource not found";
        Self::new(404, "service_resource_not_found", "UserNotFoundException", text)
    }

    pub(crate) const fn missed(miss: Miss) -> Self {
        match miss {
            Miss::NoSuchPath => Self::new(
                404,
                "resource_not_found",
                "NotFoundException",
                "Could not find resource for this path",
            ),
            Miss::NoSuchMethod => Self::new(
                405,
                "method_not_allowed",
                "MethodNotAllowedException",
                "Request method is not supported for this path",
            ),
        }
    }

    pub(crate) const fn too_large() -> Self {
        let text = "Request body is larger than 5120 bytes";
        Self::new(413, "request_entity_too_large", "RequestEntityTooLargeException", text)
    }

    pub(crate) const fn wrong_content_type() -> Self {
        let text = "Content-Type must be application/json";
        Self::new(415, "unsupported_media_type", "UnsupportedMediaTypeException", text)
    }

    pub(crate) const fn over_the_rate() -> Self {
        Self::new(429, "reach_limit", "", "This request has reached api limit")
    }

    pub(crate) const fn over_the_quota() -> Self {
        let text = "You have exceeded the limit of the Free edition. Please upgrade to higher edition.";
        Self::new(429, "resource_limited", "", text)
    }

    pub(crate) fn body(&self, shape: PresenceErrors, now_ms: u64) -> Value {
        if self.from_presence && shape == PresenceErrors::Result {
            return json!({ "result": self.text });
        }
        json!({
            "error": self.code,
            "exception": self.exception,
            "timestamp": now_ms,
            "duration": 0,
            "error_description": self.text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_reasons_take_the_shape_asked_for() {
        let refusal = Refusal::presence("ext is too big");
        assert_eq!(refusal.body(PresenceErrors::Result, 7), json!({"result": "ext is too big"}));
        let envelope = refusal.body(PresenceErrors::Envelope, 7);
        assert_eq!(envelope["error"], "illegal_argument");
        assert_eq!(envelope["error_description"], "ext is too big");
        assert_eq!(envelope["timestamp"], 7);
    }

    #[test]
    fn other_refusals_have_one_shape() {
        let refusal = Refusal::over_the_rate();
        let body = refusal.body(PresenceErrors::Result, 1);
        assert_eq!(body, refusal.body(PresenceErrors::Envelope, 1));
        assert_eq!(body["error"], "reach_limit");
    }

    #[test]
    fn an_unknown_app_is_named_as_in_the_sample() {
        let refusal = Refusal::no_such_application(
            "1182170609115040",
            "billiardss",
            "1182170609115040/billiardss/token",
        );
        assert_eq!(
            refusal.body(PresenceErrors::Result, 1)["error_description"],
            "Could not find application for 1182170609115040/billiardss \
             from URI: 1182170609115040/billiardss/token"
        );
    }
}
