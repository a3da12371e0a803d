//! `Retry-After`, which the service documents nowhere, in every shape that servers and gateways send.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// Longer than this is taken for garbage: no rate window of the service is near it.
const LONGEST_SECS: f64 = 86_400.0;

/// How long the answer asks to wait, if it says so in a way that makes sense.
pub(crate) fn read(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms").and_then(number).and_then(|millis| seconds(millis / 1000.0));
    millis.or_else(|| {
        let value = text(RETRY_AFTER.as_str())?;
        number(value).map_or_else(|| until(value, now), seconds)
    })
}

/// Digits with at most one point; `inf`, `nan`, signs and exponents, which `f64` would read, are garbage here.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

fn seconds(seconds: f64) -> Option<Duration> {
    if seconds <= LONGEST_SECS { Duration::try_from_secs_f64(seconds).ok() } else { None }
}

/// A date; one that has passed means "now".
fn until(date: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(date).ok()?;
    seconds(date.duration_since(now).unwrap_or_default().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use http::{HeaderName, HeaderValue};

    use super::*;

    fn wait(headers: &[(&'static str, &str)]) -> Option<Duration> {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let pairs = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        read(&pairs.collect(), now)
    }

    #[test]
    fn seconds_fractions_dates_and_milliseconds_are_read() {
        for (value, millis) in [
            ("0", 0),
            ("3", 3000),
            (" 3 ", 3000),
            ("1.5", 1500),
            ("007", 7000),
            ("86400", 86_400_000),
            ("Sun, 06 Nov 1994 08:49:47 GMT", 10_000),
            ("Sunday, 06-Nov-94 08:49:47 GMT", 10_000),
            ("Sun Nov  6 08:49:47 1994", 10_000),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ] {
            assert_eq!(wait(&[("retry-after", value)]), Some(Duration::from_millis(millis)), "{value}");
        }
        assert_eq!(
            wait(&[("retry-after-ms", "250"), ("retry-after", "9")]),
            Some(Duration::from_millis(250))
        );
        assert_eq!(wait(&[("retry-after-ms", "x"), ("retry-after", "9")]), Some(Duration::from_secs(9)));
    }

    #[test]
    fn garbage_is_ignored() {
        for value in [
            "",
            "-1",
            "+1",
            "inf",
            "nan",
            "1e34",
            "1e3",
            "1.2.3",
            ".",
            "1,5",
            "0x10",
            "soon",
            "1;2",
            "86401",
            "99999999999999999999",
            "Sun, 06 Nov 2094 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "é",
        ] {
            assert_eq!(wait(&[("retry-after", value)]), None, "{value}");
        }
        assert_eq!(wait(&[]), None);
    }
}
