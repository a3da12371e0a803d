//! What the mock needs to know of a request's head.

/// Longer requests are none of a benchmark's.
pub(crate) const MAX_REQUEST: usize = 64 * 1024;

/// A request's head, as far as it decides about the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The bytes up to the body.
    pub(crate) length: usize,
    /// The bytes of the body; none if the head does not say.
    pub(crate) body: Option<usize>,
    pub(crate) authorized: bool,
    pub(crate) route: Route,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Set,
    Get,
    Token,
    Unknown,
}

impl Head {
    /// The head, once all of it is there.
    pub(crate) fn read(received: &[u8]) -> Option<Self> {
        let length = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let mut lines = received.get(..length)?.split(|&byte| byte == b'\n');
        let route = Route::of(lines.next()?.trim_ascii_end());
        let (mut body, mut authorized) = (None, false);
        for line in lines {
            if let Some(number) = value(line, b"content-length:") {
                body = std::str::from_utf8(number).ok().and_then(|number| number.parse().ok());
            } else if value(line, b"authorization:").is_some_and(|value| value.starts_with(b"Bearer ")) {
                authorized = true;
            }
        }
        Some(Self { length, body, authorized, route })
    }
}

impl Route {
    fn of(line: &[u8]) -> Self {
        let Some(target) = line.strip_prefix(b"POST ").and_then(|line| line.strip_suffix(b" HTTP/1.1"))
        else {
            return Self::Unknown;
        };
        if target.ends_with(b"/presence") {
            return Self::Get;
        }
        if target.ends_with(b"/token") {
            return Self::Token;
        }
        // .../users/{username}/presence/{resource}/{status}
        match target.rsplit(|&byte| byte == b'/').nth(2) {
            Some(b"presence") => Self::Set,
            _ => Self::Unknown,
        }
    }
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (own, value) = line.split_at_checked(name.len())?;
    own.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_all_of_it_is_there_in_any_letter_case() {
        let head = b"POST /o/a/users/u/presence/d/1 HTTP/1.1\r\nAUTHORIZATION: Bearer t\r\nContent-length: 14\r\n\r\n{\"ext";
        let read = Head::read(head).unwrap();
        assert_eq!((read.body, read.authorized, read.route), (Some(14), true, Route::Set));
        assert!(head[read.length..].starts_with(b"{"));
        assert_eq!(Head::read(&head[..read.length - 1]), None);
    }

    #[test]
    fn requests_are_told_apart() {
        for (line, route) in [
            ("POST /o/a/users/u/presence HTTP/1.1", Route::Get),
            ("POST /o/a/users/u/presence/d/1 HTTP/1.1", Route::Set),
            ("POST /o/a/token HTTP/1.1", Route::Token),
            ("POST /o/a/users/u/presence/9 HTTP/1.1", Route::Unknown),
            ("GET /o/a/users/u/presence HTTP/1.1", Route::Unknown),
        ] {
            assert_eq!(Route::of(line.as_bytes()), route, "{line}");
        }
    }
}
