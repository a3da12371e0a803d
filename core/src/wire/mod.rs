//! Reading what the service writes: tolerant where its documents and its answers differ, exact about the rest.
//!
//! Nothing here does I/O or knows a clock. Bad input of any kind becomes an [`Error`], never a panic.

mod classify;
mod failure;
mod lenient;
mod list;
mod redact;
mod rows;

use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

pub(crate) use classify::refused;
pub(crate) use lenient::Lenient;
pub(crate) use list::{Members, lenient_list};
pub(crate) use redact::redact;
pub(crate) use rows::{Row, Rows};

use crate::error::{Error, ErrorKind};

/// How much of an answer's text an error keeps.
const KEPT_BYTES: usize = 2048;
/// How much of a value an error message shows.
const SHOWN_CHARS: usize = 80;

/// The body of `{"result": …}`.
#[derive(Deserialize)]
pub(crate) struct ResultBody<T> {
    pub(crate) result: T,
}

/// The body of the older endpoints: an envelope whose `data` matters.
#[derive(Deserialize)]
pub(crate) struct DataBody<T> {
    pub(crate) data: T,
}

/// Reads a successful answer.
///
/// # Errors
/// `decode`, naming the JSON path that is wrong; or, where the body holds the service's reason for a failure, the
/// kind of that reason.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| unexpected_at(body, &error))?;
    json.end().map_err(|error| unexpected(body, "", &error.to_string()))?;
    Ok(value)
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
    let answer: ResultBody<String> = read(body)?;
    if answer.result.trim().eq_ignore_ascii_case("ok") {
        Ok(())
    } else {
        Err(unexpected(body, "result", "expected \"ok\""))
    }
}

fn unexpected_at(body: &[u8], error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    unexpected(body, &error.path().to_string(), &error.inner().to_string())
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
    Error::new(ErrorKind::Decode, format!("{what}{place}: {}", shorten(problem, 2 * SHOWN_CHARS)))
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
        let error = read::<ResultBody<Vec<u32>>>(br#"{"result":[1,{}]}"#).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains("at result[1]:"), "{error}");
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
