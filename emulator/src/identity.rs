//! Which app the emulator is, and the credentials that it takes.

use std::fmt;
use std::io;

use crate::http::segment::Segment;

const APP_ID: &str = "8be024f0-e978-11e8-b697-5d598d5f8402";

/// The app's two addresses and its credentials.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) org: String,
    pub(crate) app: String,
    pub(crate) app_id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Identity {
    pub(crate) fn app_key(&self) -> String {
        format!("{}#{}", self.org, self.app)
    }

    pub(crate) fn set_app_key(&mut self, app_key: &str) -> io::Result<()> {
        let (org, app) = app_key
            .split_once('#')
            .filter(|(org, app)| !org.is_empty() && !app.is_empty() && !app.contains('#'))
            .ok_or_else(|| {
                let problem =
                    format!("the app key is \"org#app\", two parts that are not empty: got {app_key:?}");
                io::Error::new(io::ErrorKind::InvalidInput, problem)
            })?;
        (self.org, self.app) = (org.to_owned(), app.to_owned());
        Ok(())
    }

    /// Whether the first two segments of a path name this app, in either of its addressings.
    pub(crate) fn is_at(&self, first: &Segment, second: &Segment) -> bool {
        (*first == *self.org && *second == *self.app) || (*first == "app-id" && *second == *self.app_id)
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            org: "easemob-demo".into(),
            app: "test".into(),
            app_id: APP_ID.into(),
            client_id: "emulator-client-id".into(),
            client_secret: "emulator-secret".into(),
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("app_key", &self.app_key())
            .field("app_id", &self.app_id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_key_has_exactly_two_parts() {
        let mut identity = Identity::default();
        for wrong in ["", "org", "org#", "#app", "org#app#more"] {
            assert!(identity.set_app_key(wrong).is_err(), "{wrong:?}");
        }
        identity.set_app_key("org#app").unwrap();
        assert_eq!(identity.app_key(), "org#app");
    }

    #[test]
    fn both_addressings_are_this_app() {
        let identity = Identity::default();
        let at = |a: &str, b: &str| identity.is_at(&Segment::decode(a), &Segment::decode(b));
        assert!(at("easemob-demo", "test"));
        assert!(at("app-id", APP_ID));
        assert!(!at("easemob-demo", "other"));
        assert!(!at("app-id", "test"));
    }

    #[test]
    fn the_secret_is_not_printed() {
        let identity = Identity::default();
        assert!(!format!("{identity:?}").contains(&identity.client_secret));
    }
}
