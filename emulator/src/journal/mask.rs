//! What the journal may keep of a body.

use serde_json::Value;

use crate::http::exchange::LARGEST_BODY;
use crate::operation::Operation;

const MASKED: &str = "***";
const SECRET_FIELDS: [&str; 3] = ["client_secret", "password", "access_token"];

/// The body as text, without secrets.
pub(crate) fn body(operation: Operation, bytes: &[u8], client_secret: &str) -> String {
    let kept = bytes.get(..LARGEST_BODY).unwrap_or(bytes);
    if !matches!(operation, Operation::Token | Operation::Register | Operation::Unknown) {
        return without(&String::from_utf8_lossy(kept), client_secret);
    }
    if kept.is_empty() {
        return String::new();
    }
    // Where a secret is expected, only fields that can be found can be masked.
    match serde_json::from_slice::<Value>(kept) {
        Ok(mut value) => {
            mask_fields(&mut value);
            without(&value.to_string(), client_secret)
        }
        Err(_) => format!("(withheld: {} bytes that are not JSON)", bytes.len()),
    }
}

fn without(text: &str, client_secret: &str) -> String {
    if client_secret.is_empty() { text.to_owned() } else { text.replace(client_secret, MASKED) }
}

fn mask_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask_fields),
        Value::Object(fields) => {
            for (key, value) in fields {
                if SECRET_FIELDS.contains(&key.as_str()) {
                    *value = MASKED.into();
                } else {
                    mask_fields(value);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_secret_is_masked_as_well_as_the_right_one() {
        let sent = br#"{"grant_type":"client_credentials","client_secret":"typo"}"#;
        let kept = body(Operation::Token, sent, "right");
        assert_eq!(kept, r#"{"grant_type":"client_credentials","client_secret":"***"}"#);
        assert_eq!(body(Operation::Set, br#"{"ext":"right"}"#, "right"), r#"{"ext":"***"}"#);
    }

    #[test]
    fn passwords_in_lists_are_masked() {
        let kept = body(Operation::Register, br#"[{"username":"a","password":"b"}]"#, "");
        assert_eq!(kept, r#"[{"username":"a","password":"***"}]"#);
    }

    #[test]
    fn what_cannot_be_searched_is_withheld() {
        assert!(!body(Operation::Token, b"client_secret=typo", "right").contains("typo"));
        assert!(!body(Operation::Unknown, b"client_secret=typo", "right").contains("typo"));
    }

    #[test]
    fn other_bodies_are_kept_as_sent_up_to_the_limit() {
        assert_eq!(body(Operation::Get, b"{ not json", "x"), "{ not json");
        assert_eq!(body(Operation::Get, &[b'a'; 6_000], "x").len(), LARGEST_BODY);
    }
}
