//! Path segments: get, subscribe and set differ only in how many there are, so none may vanish, split or be empty.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::error::Error;
use crate::wire::excerpt;

/// All that RFC 3986 does not call unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as one path segment.
///
/// # Errors
/// `invalid_input` for the empty segment and for `.` and `..`, which URL parsers resolve away even when encoded.
pub(crate) fn encoded(value: &str) -> Result<PercentEncode<'_>, Error> {
    match value {
        "" => Err(Error::invalid("a path segment is empty")),
        "." | ".." => {
            Err(Error::invalid(format!("{value:?} cannot be a path segment: it means another path")))
        }
        value => Ok(utf8_percent_encode(value, ENCODED)),
    }
}

/// Puts the values, encoded, in the place of the segments in braces.
pub(super) fn fill(template: &str, values: &[&str]) -> Result<String, Error> {
    let mut values = values.iter();
    let mut path = String::with_capacity(template.len() + 64);
    for segment in template.split('/').skip(1) {
        path.push('/');
        if segment.starts_with('{') {
            let value =
                values.next().ok_or_else(|| Error::invalid(format!("no value for {}", excerpt(segment))))?;
            path.extend(encoded(value)?);
        } else {
            path.push_str(segment);
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    const TEMPLATE: &str = "/users/{username}/presence/{resource}/{status}";

    #[test]
    fn every_character_with_a_meaning_in_urls_is_encoded() {
        for (value, segment) in [
            ("a/b", "a%2Fb"),
            ("%2e%2e", "%252e%252e"),
            ("a?b#c", "a%3Fb%23c"),
            ("a\\b;c=d", "a%5Cb%3Bc%3Dd"),
            ("\u{0}\r\n", "%00%0D%0A"),
            ("...", "..."),
            ("é", "%C3%A9"),
            ("aZ09-._~", "aZ09-._~"),
        ] {
            assert_eq!(encoded(value).unwrap().to_string(), segment);
        }
        for value in ["", ".", ".."] {
            assert!(encoded(value).is_err());
        }
    }

    #[test]
    fn a_missing_value_is_an_error() {
        assert!(fill(TEMPLATE, &["u", "r"]).is_err());
    }

    proptest! {
        #[test]
        fn any_values_give_the_templates_segments_and_decode_to_themselves(
            values in prop::array::uniform3(any::<String>()),
        ) {
            let [user, resource, status] = values.each_ref().map(String::as_str);
            if let Ok(path) = fill(TEMPLATE, &[user, resource, status]) {
                let decoded: Vec<_> = path.split('/').skip(1)
                    .map(|segment| percent_decode_str(segment).decode_utf8().unwrap().into_owned()).collect();
                prop_assert_eq!(decoded, ["users", user, "presence", resource, status]);
                let url = url::Url::parse(&format!("http://h/org/app{path}")).unwrap();
                prop_assert_eq!(url.path(), format!("/org/app{path}"));
            } else {
                prop_assert!([user, resource, status].iter().any(|value| matches!(*value, "" | "." | "..")));
            }
        }
    }
}
