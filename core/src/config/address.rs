//! Where an app lives: scheme, host and the app's part of every path.

use std::net::IpAddr;

use url::Url;

use super::App;
use crate::error::Error;
use crate::operation::encoded;
use crate::wire::excerpt;

/// The app's part of every path: `/org/app` or `/app-id/{app_id}`.
pub(super) fn app_path(app: Option<&App>) -> Result<String, Error> {
    let segment = |what: &str, value: &str| {
        let bad = value.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '/' | '#'));
        if bad || value.is_empty() {
            return Err(Error::config(format!("{what} {} is not one name", excerpt(value))));
        }
        encoded(value).map(|segment| segment.to_string()).map_err(|error| Error::config(error.message()))
    };
    match app {
        None => Err(Error::config("no App Key").with_hint(Some(
            "Give it as org#app, or give an app id, or set EASEMOB_APP_KEY or EASEMOB_APP_ID.",
        ))),
        Some(App::Id(id)) => Ok(format!("/app-id/{}", segment("the app id", id)?)),
        Some(App::Key(key)) => match key.split('#').collect::<Vec<_>>()[..] {
            [org, app] => Ok(format!(
                "/{}/{}",
                segment("the App Key's org name", org)?,
                segment("the App Key's app name", app)?
            )),
            _ => Err(Error::config(format!("the App Key {} is not written org#app", excerpt(key)))
                .with_hint(Some(
                    "Write the two names with one '#' between them, as in \"easemob-demo#chatdemoui\".",
                ))),
        },
    }
}

/// Scheme and authority, and whether it is plain HTTP.
pub(super) fn origin(host: Option<&str>, allow_insecure_http: bool) -> Result<(String, bool), Error> {
    let host = host.ok_or_else(|| {
        Error::config("no host").with_hint(Some(
            "Give the REST host that the console shows, such as \"a1.easemob.com\", or set EASEMOB_HOST.",
        ))
    })?;
    // User information in front of the host would be a secret: a host that does not parse is not shown.
    let wrong = |what: &str| {
        Error::config(format!("the host {what}")).with_hint(Some(
            "Write the name alone, such as \"a1.easemob.com\" or \"a1-test.easemob.com:8089\".",
        ))
    };
    if host.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(wrong("holds a space, a backslash or a control character"));
    }
    let full = if host.contains("://") { host.to_owned() } else { format!("https://{host}") };
    let url = Url::parse(&full).map_err(|error| wrong(&format!("is not one: {error}")))?;
    let plain_http = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err(wrong("has a scheme other than https and http")),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds more than a name and a port"));
    }
    let name = url.host_str().ok_or_else(|| wrong("has no name"))?;
    if plain_http && !allow_insecure_http && !is_loopback(name) {
        return Err(Error::config(format!(
            "plain http to {} would show the token to everyone on the way",
            excerpt(name)
        ))
        .with_hint(Some("Write the host without http://, or allow it by an option (allow_insecure_http; in Node allowInsecureHttp).")));
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok((format!("{}://{name}{port}", url.scheme()), plain_http))
}

fn is_loopback(name: &str) -> bool {
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address
        .map_or_else(|_| name == "localhost" || name.ends_with(".localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_key_has_two_names() {
        for key in
            ["", "#", "org", "org/app", "org#", "#app", "a#b#c", "o rg#app", "or/g#app", "..#app", "a\r\n#b"]
        {
            assert!(app_path(Some(&App::Key(key.into()))).is_err(), "{key}");
        }
        for id in ["", "a/b", "..", "a b"] {
            assert!(app_path(Some(&App::Id(id.into()))).is_err(), "{id}");
        }
        assert_eq!(app_path(Some(&App::Key("1-2#a&b".into()))).unwrap(), "/1-2/a%26b");
        assert_eq!(app_path(Some(&App::Id("4f".into()))).unwrap(), "/app-id/4f");
    }

    #[test]
    fn a_host_is_a_name_and_a_port_over_https() {
        for (host, base) in [
            ("a1.easemob.com", "https://a1.easemob.com"),
            ("a1-test.easemob.com:8089", "https://a1-test.easemob.com:8089"),
            ("https://a1.easemob.com/", "https://a1.easemob.com"),
            ("http://127.0.0.1:8088", "http://127.0.0.1:8088"),
            ("http://[::1]:8088", "http://[::1]:8088"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(origin(Some(host), false).unwrap().0, base, "{host}");
        }
        for host in [
            "",
            "a b",
            "a\r\nb",
            "u:canary@h",
            "h/path",
            "h?q",
            "h#f",
            "ftp://h",
            "https://",
            "h\\x",
            "http://a1.easemob.com",
        ] {
            let error = origin(Some(host), false).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
        assert!(origin(Some("http://a1.easemob.com"), true).is_ok());
        let error = origin(Some("http://a1.easemob.com"), false).unwrap_err();
        assert!(error.to_string().contains("allow_insecure_http"), "{error}");
    }
}
