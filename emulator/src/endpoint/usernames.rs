//! The lists of user ids in request bodies.

use indexmap::IndexSet;
use serde_json::Value;

use crate::http::refusal::Refusal;

/// Ids per call.
const MOST: usize = 100;

/// The distinct ids of a list in lower case, in the order given.
pub(crate) fn read(list: Option<&Value>, too_many: Refusal) -> Result<IndexSet<String>, Refusal> {
    let list = match list {
        None | Some(Value::Null) => return Err(Refusal::presence("usernames cannot be null")),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refusal::json("usernames is not a list")),
    };
    if list.is_empty() {
        return Err(Refusal::presence("usernames is empty"));
    }
    if list.len() > MOST {
        return Err(too_many);
    }
    let id = |value: &Value| value.as_str().map(str::to_ascii_lowercase);
    list.iter()
        .map(|value| id(value).ok_or_else(|| Refusal::json("usernames holds what is not a string")))
        .collect()
}

/// The ids of `{"usernames": […]}`.
pub(crate) fn of_object(body: &Value, too_many: Refusal) -> Result<IndexSet<String>, Refusal> {
    let object = body.as_object().ok_or_else(|| Refusal::json("the body is not an object"))?;
    read(object.get("usernames"), too_many)
}

/// The ids of a bare array, as unsubscribe takes them; if lenient, of the objects that its documents suggest.
pub(crate) fn of_array(body: &Value, lenient: bool, too_many: Refusal) -> Result<IndexSet<String>, Refusal> {
    match body {
        Value::Object(object) if lenient => {
            read(object.get("users").or_else(|| object.get("usernames")), too_many)
        }
        Value::Object(_) => Err(Refusal::json("the body is not an array")),
        bare => read(Some(bare), too_many),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOO_MANY: Refusal = Refusal::presence("too many");

    #[test]
    fn ids_are_distinct_without_regard_to_case_and_in_order() {
        let ids = of_object(&json!({"usernames": ["C2", "a", "c2"]}), TOO_MANY).unwrap();
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["c2", "a"]);
    }

    #[test]
    fn each_wrong_list_has_its_reason() {
        let refusal = |body: Value| of_object(&body, TOO_MANY).unwrap_err();
        assert_eq!(refusal(json!({})), Refusal::presence("usernames cannot be null"));
        assert_eq!(refusal(json!({"usernames": null})), Refusal::presence("usernames cannot be null"));
        assert_eq!(refusal(json!({"usernames": []})), Refusal::presence("usernames is empty"));
        assert_eq!(refusal(json!({"usernames": vec!["a"; 101]})), TOO_MANY);
        assert_eq!(refusal(json!({"usernames": [1]})).status, 400);
        assert_eq!(refusal(json!(["a"])).status, 400);
        assert!(of_object(&json!({"usernames": vec!["a"; 100]}), TOO_MANY).is_ok());
    }

    #[test]
    fn objects_in_place_of_the_bare_array_need_leniency() {
        assert!(of_array(&json!(["c1"]), false, TOO_MANY).is_ok());
        for body in [json!({"users": ["c1"]}), json!({"usernames": ["c1"]})] {
            assert!(of_array(&body, false, TOO_MANY).is_err());
            assert!(of_array(&body, true, TOO_MANY).is_ok());
        }
    }
}
