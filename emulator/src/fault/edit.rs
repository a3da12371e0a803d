//! Changes to the JSON of an answer.

use serde::Deserialize;
use serde_json::Value;

/// One change, at a place given as a JSON pointer (RFC 6901); `""` is the whole body.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Edit {
    Set { path: String, value: Value },
    Remove { path: String },
    Rename { path: String, to: String },
    Append { path: String, value: Value },
}

impl Edit {
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Set { path, .. }
            | Self::Remove { path }
            | Self::Rename { path, .. }
            | Self::Append { path, .. } => path,
        }
    }

    /// Makes the change; `false` if the answer has nothing at that place.
    pub(crate) fn apply(&self, body: &mut Value) -> bool {
        match self {
            Self::Set { path, value } => set(body, path, value.clone()),
            Self::Remove { path } => take(body, path).is_some(),
            Self::Rename { path, to } => rename(body, path, to),
            Self::Append { path, value } => match body.pointer_mut(path) {
                Some(Value::Array(items)) => {
                    items.push(value.clone());
                    true
                }
                _ => false,
            },
        }
    }
}

fn set(body: &mut Value, path: &str, value: Value) -> bool {
    if let Some(place) = body.pointer_mut(path) {
        *place = value;
        return true;
    }
    let Some((parent, key)) = split(path) else { return false };
    match body.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.insert(key, value);
            true
        }
        _ => false,
    }
}

fn take(body: &mut Value, path: &str) -> Option<Value> {
    let (parent, key) = split(path)?;
    match body.pointer_mut(parent)? {
        Value::Object(fields) => fields.shift_remove(&key),
        Value::Array(items) => {
            let at = key.parse().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

/// The field keeps its place among the others: readers may depend on the order.
fn rename(body: &mut Value, path: &str, to: &str) -> bool {
    let Some((parent, key)) = split(path) else { return false };
    let Some(Value::Object(fields)) = body.pointer_mut(parent) else { return false };
    if !fields.contains_key(&key) {
        return false;
    }
    let renamed = std::mem::take(fields).into_iter();
    fields.extend(renamed.map(|(name, value)| (if name == key { to.to_owned() } else { name }, value)));
    true
}

/// The place's parent and its own key, decoded.
fn split(path: &str) -> Option<(&str, String)> {
    let (parent, key) = path.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn edited(op: Value) -> (bool, Value) {
        let mut body = json!({"result": [{"uid": "a", "ext": ""}, {"uid": "b", "a/b": 1}]});
        let edit: Edit = serde_json::from_value(op).unwrap();
        let found = edit.apply(&mut body);
        (found, body)
    }

    #[test]
    fn a_place_is_replaced_or_made_in_an_object_that_is_there() {
        let replaced = edited(json!({"op": "set", "path": "/result/0/uid", "value": 5}));
        assert_eq!(replaced.1["result"][0], json!({"uid": 5, "ext": ""}));
        let made = edited(json!({"op": "set", "path": "/result/0/x~1y", "value": null}));
        assert_eq!(made.1["result"][0], json!({"uid": "a", "ext": "", "x/y": null}));
        assert_eq!(edited(json!({"op": "set", "path": "", "value": []})), (true, json!([])));
        for missing in ["/result/2", "/other/uid", "/result/0/uid/x", "x"] {
            assert!(!edited(json!({"op": "set", "path": missing, "value": 1})).0, "{missing}");
        }
    }

    #[test]
    fn fields_and_items_are_removed() {
        let field = edited(json!({"op": "remove", "path": "/result/1/a~1b"}));
        assert_eq!(field.1["result"][1], json!({"uid": "b"}));
        let item = edited(json!({"op": "remove", "path": "/result/0"}));
        assert_eq!(item.1, json!({"result": [{"uid": "b", "a/b": 1}]}));
        for missing in ["/result/2", "/result/x", "/result/0/none", ""] {
            assert!(!edited(json!({"op": "remove", "path": missing})).0, "{missing}");
        }
    }

    #[test]
    fn a_renamed_field_keeps_its_place() {
        let (found, body) = edited(json!({"op": "rename", "path": "/result/0/uid", "to": "id"}));
        assert!(found);
        assert_eq!(body["result"][0].to_string(), r#"{"id":"a","ext":""}"#);
        assert!(!edited(json!({"op": "rename", "path": "/result/0/none", "to": "x"})).0);
    }

    #[test]
    fn items_are_appended_to_lists_only() {
        let (found, body) = edited(json!({"op": "append", "path": "/result", "value": 7}));
        assert!(found && body["result"][2] == 7);
        assert!(!edited(json!({"op": "append", "path": "/result/0", "value": 7})).0);
    }
}
