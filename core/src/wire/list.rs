//! Lists and maps whose empty form varies.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list; null and `{}` are the empty one. For `#[serde(default, deserialize_with = …)]`.
pub(crate) fn lenient_list<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct ListVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = access.next_element()? {
                list.push(item);
            }
            Ok(list)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Vec<T>, A::Error> {
            match access.next_key::<IgnoredAny>()? {
                None => Ok(Vec::new()),
                Some(_) => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
            }
        }

        fn visit_unit<E>(self) -> Result<Vec<T>, E> {
            Ok(Vec::new())
        }
    }

    deserializer.deserialize_any(ListVisitor(PhantomData))
}

/// The members of one object, or of a list of objects, in order: the two shapes in which the service answers
/// "text by user id".
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Members(pub(crate) Vec<(String, String)>);

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts, or a list of such objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(Object(some)) = access.next_element()? {
            members.extend(some);
        }
        Ok(Members(members))
    }

    fn visit_unit<E>(self) -> Result<Members, E> {
        Ok(Members::default())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MembersVisitor)
    }
}

/// One object inside the list; a list inside the list is not accepted, so the depth is bounded by type.
struct Object(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(|Members(members)| Self(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "lenient_list")]
        list: Vec<u32>,
    }

    #[test]
    fn every_empty_form_is_an_empty_list() {
        for json in ["{}", r#"{"list":null}"#, r#"{"list":[]}"#, r#"{"list":{}}"#] {
            assert!(serde_json::from_str::<Body>(json).unwrap().list.is_empty(), "{json}");
        }
        assert_eq!(serde_json::from_str::<Body>(r#"{"list":[1,2]}"#).unwrap().list, [1, 2]);
        for json in [r#"{"list":{"a":1}}"#, r#"{"list":"x"}"#, r#"{"list":3}"#] {
            assert!(serde_json::from_str::<Body>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn members_come_from_an_object_or_a_list_of_objects() {
        let two = Members(vec![("a".into(), "x".into()), ("b".into(), "y".into())]);
        for json in [r#"{"a":"x","b":"y"}"#, r#"[{"a":"x"},{"b":"y"}]"#, r#"[{},{"a":"x","b":"y"}]"#] {
            assert_eq!(serde_json::from_str::<Members>(json).unwrap(), two, "{json}");
        }
        assert_eq!(serde_json::from_str::<Members>("null").unwrap(), Members::default());
        for json in ["3", r#"[["a"]]"#, r#"{"a":1}"#, r#"[{"a":[]}]"#] {
            assert!(serde_json::from_str::<Members>(json).is_err(), "{json}");
        }
    }
}
