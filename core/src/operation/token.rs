use std::time::Duration;

use bytes::Bytes;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Descriptor, Endpoint, Operation, Request};
use crate::error::{Error, ErrorKind};
use crate::wire::{self, Lenient};

/// Fetches an app token: `POST /token`.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
}

impl Token {
    /// Whether there is an id and a secret at all.
    pub(crate) fn check(&self) -> Result<(), Error> {
        for (name, value) in
            [("client id", self.client_id.as_str()), ("client secret", self.client_secret.expose_secret())]
        {
            if value.trim().is_empty() {
                return Err(Error::config(format!("the {name} is empty")));
            }
        }
        Ok(())
    }
}

/// A token and how long the service says it lives; none where it does not say, or says "always".
#[derive(Debug)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: SecretString,
    pub(crate) expires_in: Option<Duration>,
}

#[derive(Serialize)]
struct Body<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Lenient,
}

/// Above this a lifetime is milliseconds, as one cluster of the service writes it: as seconds it would be 31 years.
const MILLIS_ABOVE: u64 = 1_000_000_000;
/// Above this (300 years of milliseconds) it is no lifetime at all.
const FOREVER_ABOVE: u64 = 10_000_000_000_000;

fn lifetime(expires_in: Lenient) -> Option<Duration> {
    match expires_in.0 {
        None | Some(0) => None,
        Some(n) if n > FOREVER_ABOVE => None,
        Some(millis) if millis > MILLIS_ABOVE => Some(Duration::from_millis(millis)),
        Some(seconds) => Some(Duration::from_secs(seconds)),
    }
}

impl Operation for Token {
    type Output = TokenAnswer;

    const DESCRIPTOR: &'static Descriptor =
        &Descriptor { name: "token", endpoint: Endpoint::Token, method: Method::POST, template: "/token" };

    fn request(&self) -> Result<Request, Error> {
        Request::new(Self::DESCRIPTOR, &[])?.json(&Body {
            grant_type: "client_credentials",
            client_id: &self.client_id,
            client_secret: self.client_secret.expose_secret(),
        })
    }

    fn decode(&mut self, body: Bytes) -> Result<TokenAnswer, Error> {
        // The reader's own words may quote a value, and every value here may be the token.
        let answer: Answer = wire::read(&body).map_err(|error| match error.kind() {
            ErrorKind::Decode => Error::new(ErrorKind::Decode, "the answer holds no usable token"),
            _ => error,
        })?;
        Ok(TokenAnswer { access_token: answer.access_token.into(), expires_in: lifetime(answer.expires_in) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token { client_id: "id".into(), client_secret: "canary".to_owned().into() }
    }

    #[test]
    fn the_request_is_the_documented_one_and_prints_no_secret() {
        let request = token().request().unwrap();
        assert_eq!(
            request.body.unwrap(),
            r#"{"grant_type":"client_credentials","client_id":"id","client_secret":"canary"}"#
        );
        assert!(!format!("{:?}", token()).contains("canary"));
    }

    #[test]
    fn a_lifetime_is_read_in_seconds_and_milliseconds_and_as_none() {
        for (json, secs) in [
            ("1024000", Some(1_024_000)),
            ("\"3600\"", Some(3600)),
            ("5184000000", Some(5_184_000)),
            ("0", None),
            ("-1", None),
            ("null", None),
            ("1000000000000000000", None),
        ] {
            let body = format!(r#"{{"access_token":"YWMt","expires_in":{json}}}"#);
            assert_eq!(
                token().decode(body.into()).unwrap().expires_in,
                secs.map(Duration::from_secs),
                "{json}"
            );
        }
        assert!(token().decode(Bytes::from_static(br#"{"access_token":"x"}"#)).unwrap().expires_in.is_none());
        assert!(token().decode(Bytes::from_static(br#"{"expires_in":1}"#)).is_err());
    }
}
