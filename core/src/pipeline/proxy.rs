//! Whether a proxy stands between here and the service. A client talks to one address only, so this is decided once.

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::endpoint::ProxySetting;
use crate::error::Error;

/// The way to the service.
pub(super) enum Route {
    Direct,
    /// The proxy reads the requests, which carry the full address, and passes them on.
    Forward(Proxy),
    /// The proxy passes bytes on; TLS is between here and the service.
    Tunnel(Proxy),
}

pub(super) struct Proxy {
    pub(super) uri: Uri,
    /// Of its URL's user and password.
    pub(super) authorization: Option<HeaderValue>,
}

impl Route {
    pub(super) fn new(setting: &ProxySetting, origin: &Uri) -> Result<Self, Error> {
        let matcher = match setting {
            ProxySetting::None => return Ok(Self::Direct),
            ProxySetting::System => Matcher::from_system(),
            ProxySetting::Url(url) => Matcher::builder().all(explicit(url)?).build(),
        };
        let Some(found) = matcher.intercept(origin) else {
            // One that was asked for by name is never passed by in silence.
            return if matches!(setting, ProxySetting::Url(_)) { Err(invalid()) } else { Ok(Self::Direct) };
        };
        let scheme = found.uri().scheme();
        if scheme != Some(&Scheme::HTTP) && scheme != Some(&Scheme::HTTPS) {
            return Err(Error::config(
                "the environment names a proxy that is neither http:// nor https:// (it is not shown: it may hold a \
                 password)",
            ));
        }
        let proxy = Proxy { uri: found.uri().clone(), authorization: found.basic_auth().cloned() };
        let https = origin.scheme() == Some(&Scheme::HTTPS);
        Ok(if https { Self::Tunnel(proxy) } else { Self::Forward(proxy) })
    }
}

/// The URL as the matcher takes it: what its user and password hold is encoded there.
fn explicit(given: &str) -> Result<String, Error> {
    let with_scheme = if given.contains("://") { given.to_owned() } else { format!("http://{given}") };
    let url = Url::parse(&with_scheme).map_err(|_| invalid())?;
    if matches!(url.scheme(), "http" | "https") { Ok(url.into()) } else { Err(invalid()) }
}

fn invalid() -> Error {
    Error::config("the proxy is not a valid URL (it is not shown: it may hold a password)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(url: &str, origin: &'static str) -> Result<Route, Error> {
        Route::new(&ProxySetting::Url(url.into()), &Uri::from_static(origin))
    }

    #[test]
    fn plain_requests_are_forwarded_and_tls_is_tunnelled() {
        for url in
            ["http://u:p%40w@proxy.test:3128", "https://u:p%40w@proxy.test:3128/", "u:p%40w@proxy.test:3128"]
        {
            let Ok(Route::Forward(proxy)) = route(url, "http://h/") else { panic!("{url}") };
            assert_eq!(proxy.uri.authority().unwrap(), "proxy.test:3128");
            // "u:p@w" in base64.
            let authorization = proxy.authorization.unwrap();
            assert_eq!(authorization, "Basic dTpwQHc=");
            assert!(authorization.is_sensitive());
            assert!(matches!(route(url, "https://h/"), Ok(Route::Tunnel(_))), "{url}");
        }
        let Ok(Route::Tunnel(proxy)) = route("http://proxy.test", "https://h/") else { panic!() };
        assert!(proxy.authorization.is_none());
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_refused_and_not_shown() {
        for url in [
            "",
            "::canary::",
            "socks5://u:canary@h",
            "ftp://canary",
            "http://u:canary@",
            "http://u:canary@:x",
        ] {
            let error = route(url, "https://h/").err().unwrap();
            assert!(!format!("{error} {error:?}").contains("canary"), "{url}");
        }
    }

    #[test]
    fn without_a_proxy_the_way_is_direct() {
        assert!(matches!(
            Route::new(&ProxySetting::None, &Uri::from_static("https://h/")),
            Ok(Route::Direct)
        ));
    }
}
