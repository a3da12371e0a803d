//! Reading what the service writes: tolerant where its documents and its answers differ, exact about the rest.
//!
//! Nothing here does I/O or knows a clock. Bad input of any kind becomes an [`Error`], never a panic.

mod classify;
mod failure;
mod lenient;
mod list;
mod object;
mod redact;
mod rows;

use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::{Map, Value};

pub(crate) use classify::refused;
pub(crate) use lenient::Lenient;
pub(crate) use list::{Members, lenient_list};
pub(crate) use object::Object;
pub(crate) use redact::{hide, redact};
pub(crate) use rows::{Row, Rows};

use crate::error::{Error, ErrorKind};

/// How much of an answer's text an error keeps.
const KEPT_BYTES: usize = 2048;
/// How much of a value an error message shows.
const SHOWN_CHARS: usize = 80;

/// Reads the answer of a presence call: what stands in `result`.
///
/// # Errors
/// `decode`, naming the JSON path that is wrong; or, where the body holds the service's reason for a failure, the
/// kind of that reason.
pub(crate) fn read_result<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    read_member(body, "result")
}

/// Reads the answer of an older endpoint: what stands in its envelope's `data`. Errors as [`read_result`].
pub(crate) fn read_data<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    read_member(body, "data")
}

fn read_member<T: DeserializeOwned>(body: &[u8], name: &str) -> Result<T, Error> {
    match read_object(body)?.remove(name) {
        Some(member) => read_value(body, name, member),
        None => Err(unexpected(body, "", &format!("missing field `{name}`"))),
    }
}

/// Reads an answer that is one object. Errors as [`read_result`].
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    read_value(body, "", Value::Object(read_object(body)?))
}

/// Of a repeated field the last counts, here as everywhere.
fn read_object(body: &[u8]) -> Result<Map<String, Value>, Error> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(unexpected(body, "", "expected an object")),
        Err(error) => Err(unexpected(body, "", &error.to_string())),
    }
}

fn read_value<T: DeserializeOwned>(body: &[u8], name: &str, value: Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inside = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let dot = if name.is_empty() || inside.is_empty() || inside.starts_with('[') { "" } else { "." };
        unexpected(body, &format!("{name}{dot}{inside}"), &error.inner().to_string())
    })
}

/// As [`read`], with a seed. The path is found by a second reading, so that the first costs nothing.
fn read_seed<'a, S>(body: &'a str, seed: impl Fn() -> S) -> Result<S::Value, Error>
where
    S: DeserializeSeed<'a>,
{
    let mut json = serde_json::Deserializer::from_str(body);
    match seed().deserialize(&mut json).and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => {
            let mut track = serde_path_to_error::Track::new();
            let mut json = serde_json::Deserializer::from_str(body);
            let again = seed().deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
            let path = if again.is_err() { track.path().to_string() } else { String::new() };
            Err(unexpected(body.as_bytes(), &path, &error.to_string()))
        }
    }
}

/// Reads `{"result":"ok"}`; any other text in `result` is the reason of a failure.
pub(crate) fn read_ok(body: &[u8]) -> Result<(), Error> {
    // What the service nearly always says.
    if body == br#"{"result":"ok"}"# {
        return Ok(());
    }
    let result: String = read_result(body)?;
    if result.trim().eq_ignore_ascii_case("ok") {
        Ok(())
    } else {
        Err(unexpected(body, "result", "expected \"ok\""))
    }
}

/// The error for a successful status whose body is not what the call returns.
fn unexpected(body: &[u8], path: &str, problem: &str) -> Error {
    let failure = failure::Failure::read(body);
    if failure.has_reason() {
        return classify::rejected(&failure);
    }
    let place =
        if matches!(path, "" | ".") { String::new() } else { format!(" at {}", shorten(path, SHOWN_CHARS)) };
    let what =
        if body.is_empty() { "the answer is empty" } else { "the answer is not what this call returns" };
    Error::new(ErrorKind::Decode, format!("{what}{place}: {}", shorten(&redact(problem), 2 * SHOWN_CHARS)))
        .with_hint(Some("See the error's body for what came; a proxy on the way may have answered instead."))
}

/// The part of an answer's text that an error keeps, with tokens masked.
pub(crate) fn keep(body: &[u8]) -> String {
    let kept = body.get(..KEPT_BYTES).unwrap_or(body);
    redact(&String::from_utf8_lossy(kept))
}

/// An answer's text; empty where it is no text.
pub(crate) fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap_or_default()
}

/// A value as an error message shows it: quoted, on one line, bounded.
pub(crate) fn excerpt(value: &str) -> String {
    format!("{:?}", shorten(value, SHOWN_CHARS))
}

fn shorten(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_is_ok_and_any_other_result_is_the_reason() {
        assert!(read_ok(br#"{"result":"ok"}"#).is_ok());
        let error = read_ok(br#"{"result":"set presence failed"}"#).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::BadRequest, "set presence failed"));
        let error = read_ok(br#"{"result":"the app not open presence "}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FeatureDisabled);
    }

    #[test]
    fn a_wrong_type_names_its_path() {
        for (body, path) in [
            (r#"{"result":[1,{}]}"#, " at result[1]:"),
            (r#"{"result":7}"#, " at result:"),
            (r#"{"result":null}"#, " at result:"),
            ("{}", "missing field `result`"),
            ("[[1]]", "expected an object"),
        ] {
            let error = read_result::<Vec<u32>>(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.message().contains(path), "{error}");
        }
    }

    #[test]
    fn a_token_in_the_wrong_place_is_masked_in_the_message() {
        let error = read_result::<u32>(br#"{"result":["YWMtAAAAAAAAAAAAAAAAAAAA"]}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("YWMt"), "{error:?}");
        let error = read_data::<u32>(br#"{"data":"YWMtAAAAAAAAAAAAAAAAAAAA"}"#).unwrap_err();
        assert!(error.message().contains("[redacted]"), "{error}");
    }

    #[test]
    fn what_is_no_json_is_a_decode_error_with_one_line() {
        for body in [
            &b""[..],
            b"<html>\n</html>",
            b"\xef\xbb\xbf{}",
            b"{\"result\":\"ok\"}x",
            b"\xff\x00",
            b"{\"result\":\"\\ud800\"}",
        ] {
            let error = read_ok(body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{body:?}");
            assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn excerpts_are_bounded_and_quoted() {
        assert_eq!(excerpt("a\nb"), "\"a\\nb\"");
        assert_eq!(excerpt(&"é".repeat(200)).chars().count(), SHOWN_CHARS + 3);
        assert!(keep(&[b'x'; 5000]).len() <= KEPT_BYTES);
    }
}
