//! From status, code and words to the kind of error, whether trying again can help, and what to do.

use super::failure::Failure;
use super::{keep, redact, shorten};
use crate::error::{Error, ErrorKind};

/// One row of the table: what the words or the code hold, and what that means.
struct Reason {
    status: u16,
    words: &'static str,
    kind: ErrorKind,
    hint: &'static str,
}

/// Words that decide more than the status does. First match wins; words are lower case, matched by `contains`
/// against every field that may hold the reason, the code included.
const REASONS: &[Reason] = &[
    reason(
        400,
        "app not open presence",
        ErrorKind::FeatureDisabled,
        "Switch presence on for this app in the console.",
    ),
    reason(
        400,
        "not open rest group online service",
        ErrorKind::FeatureDisabled,
        "Ask the service to activate the group online count for this App Key.",
    ),
    reason(
        400,
        "invalid_grant",
        ErrorKind::Auth,
        "Check the client id and the client secret of this App Key.",
    ),
    reason(400, "ext is too big", ErrorKind::BadRequest, "Shorten ext."),
    reason(400, "can't sub yourself", ErrorKind::BadRequest, "Leave the user's own id out of the list."),
    reason(400, "too many queries", ErrorKind::BadRequest, "Ask for fewer at a time."),
    reason(400, "too many", ErrorKind::BadRequest, "Send at most 100 ids in one call."),
    reason(400, "resource not exist", ErrorKind::BadRequest, "Check the resource against devices()."),
    reason(401, "does not have permission", ErrorKind::Permission, NEEDS_APP_TOKEN),
    reason(401, "no organization access authorized", ErrorKind::Permission, NEEDS_APP_TOKEN),
    reason(401, "no admin user access authorized", ErrorKind::Permission, NEEDS_APP_TOKEN),
    reason(401, "token is blank", ErrorKind::Permission, NEEDS_APP_TOKEN),
    reason(
        404,
        "organization_application_not_found",
        ErrorKind::NotFound,
        "Check the App Key and that the host is the one the console shows.",
    ),
    reason(
        404,
        "service_resource_not_found",
        ErrorKind::NotFound,
        "Check the user id; the user may not be registered.",
    ),
    reason(429, "resource_limited", ErrorKind::QuotaExceeded, NEEDS_PLAN),
    reason(429, "exceeded the limit of", ErrorKind::QuotaExceeded, NEEDS_PLAN),
];

const NEEDS_APP_TOKEN: &str =
    "Use an app token (client id and secret) of this very app; a user token does not do.";
const NEEDS_PLAN: &str = "The plan's quota is used up; waiting does not help, a larger plan does.";

const fn reason(status: u16, words: &'static str, kind: ErrorKind, hint: &'static str) -> Reason {
    Reason { status, words, kind, hint }
}

/// The error for an answer whose status is not a success.
pub(crate) fn refused(status: u16, body: &[u8]) -> Error {
    let failure = Failure::read(body);
    let (kind, retryable, hint) = match find(status, &failure) {
        Some(reason) => (reason.kind, false, Some(reason.hint)),
        None => by_status(status, &failure),
    };
    let words = failure.words().map_or_else(|| no_words(body), |words| shorten(&redact(words), 300));
    Error::new(kind, words)
        .with_answer(status, keep(body))
        .with_code(failure.code.as_deref().map(redact))
        .with_retry(retryable, None)
        .with_hint(hint)
}

/// The error for a successful status whose body tells of a failure.
pub(super) fn rejected(failure: &Failure) -> Error {
    let words = shorten(&redact(failure.words().unwrap_or_default()), 300);
    let (kind, hint) =
        find(400, failure).map_or((ErrorKind::BadRequest, None), |reason| (reason.kind, Some(reason.hint)));
    Error::new(kind, words).with_code(failure.code.as_deref().map(redact)).with_hint(hint)
}

fn find(status: u16, failure: &Failure) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.status == status && failure.says(reason.words))
}

fn by_status(status: u16, failure: &Failure) -> (ErrorKind, bool, Option<&'static str>) {
    let permanent =
        failure.has_code("no_full_text_index") || failure.has_code("unsupported_service_operation");
    match status {
        401 => {
            (ErrorKind::Auth, false, Some("The service does not accept the token; check the credentials."))
        }
        403 => (ErrorKind::Permission, false, None),
        404 => (ErrorKind::NotFound, false, None),
        408 => (ErrorKind::Timeout, true, None),
        413 => (ErrorKind::TooLarge, false, Some("Send fewer or shorter values in one call.")),
        429 => (ErrorKind::RateLimited, true, Some("Wait, then call again.")),
        500 => (ErrorKind::Server, !permanent, None),
        501 | 400 | 402 | 405..=407 | 409..=412 | 414..=424 | 426..=428 | 430..=499 => {
            (ErrorKind::BadRequest, false, None)
        }
        425 | 502..=504 => (ErrorKind::Server, true, None),
        300..=399 => (ErrorKind::Server, false, Some("Redirects are not followed; check the host.")),
        _ => (ErrorKind::Server, false, None),
    }
}

fn no_words(body: &[u8]) -> String {
    if body.is_empty() { "(no body)".into() } else { "(no reason in the body)".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_found_in_every_field_that_may_hold_it() {
        for body in [
            r#"{"result":"the app not open presence"}"#,
            r#"{"error":"service open exception","error_description":"the app not open presence "}"#,
            r#"{"error_code":"x","desc":"The app not open presence"}"#,
        ] {
            let error = refused(400, body.as_bytes());
            assert_eq!(error.kind(), ErrorKind::FeatureDisabled, "{body}");
            assert!(error.hint().is_some_and(|hint| hint.contains("console")));
        }
    }

    #[test]
    fn what_can_be_tried_again_is_marked() {
        for (status, body, retryable) in [
            (429, r#"{"error":"reach_limit"}"#, true),
            (429, r#"{"error":"resource_limited"}"#, false),
            (429, "", true),
            (500, "", true),
            (500, r#"{"error":"no_full_text_index"}"#, false),
            (500, r#"{"error":"unsupported_service_operation"}"#, false),
            (501, "", false),
            (502, "<html>", true),
            (503, "", true),
            (504, "", true),
            (505, "", false),
            (408, "", true),
            (425, "", true),
            (400, "", false),
            (404, "", false),
            (302, "", false),
            (999, "", false),
        ] {
            assert_eq!(refused(status, body.as_bytes()).retryable(), retryable, "{status} {body}");
        }
    }

    #[test]
    fn a_401_that_no_token_cures_is_a_permission_matter() {
        assert_eq!(refused(401, br#"{"error_description":"token is blank!"}"#).kind(), ErrorKind::Permission);
        assert_eq!(
            refused(401, br#"{"error_description":"Unable to authenticate (OAuth)"}"#).kind(),
            ErrorKind::Auth
        );
        assert_eq!(refused(401, b"").kind(), ErrorKind::Auth);
    }

    #[test]
    fn an_echoed_token_is_masked_everywhere() {
        let body =
            r#"{"error":"YWMtAAAAAAAAAAAAAAAAAAAA","error_description":"bad YWMtAAAAAAAAAAAAAAAAAAAA"}"#;
        let error = refused(401, body.as_bytes());
        assert!(!format!("{error} {error:?}").contains("YWMt"), "{error:?}");
    }
}
