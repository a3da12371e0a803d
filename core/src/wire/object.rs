//! A value that is an object on the wire.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// Reads `T` from an object only. A derived reader takes a list too, field by field in order of declaration, and
/// would make sense of answers that have none.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(access)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Pair {
        a: u32,
    }

    #[test]
    fn an_object_is_read_and_a_list_is_not() {
        assert_eq!(serde_json::from_str::<Object<Pair>>(r#"{"a":1}"#).unwrap().0.a, 1);
        assert!(serde_json::from_str::<Pair>("[1]").is_ok());
        assert!(serde_json::from_str::<Object<Pair>>("[1]").is_err());
    }
}
