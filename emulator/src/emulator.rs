//! The emulator as its users hold it.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::builder::Builder;
use crate::callback::{self, Event};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::http::server::Server;
use crate::journal::log::Journal;
use crate::service::Service;
use crate::settings::Settings;
use crate::world::state::State;

/// A running emulator. Dropping it closes its port and its connections.
///
/// It runs on a thread and a runtime of its own: start it from synchronous code, from async code, or from a test
/// with a paused clock. Each one is independent, so tests can run side by side.
///
/// ```
/// use easemob_presence_emulator::Emulator;
/// # fn main() -> std::io::Result<()> {
/// let emulator = Emulator::start()?;
/// println!("host {} app key {}", emulator.host(), emulator.app_key());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Emulator {
    pub(crate) service: Arc<Service>,
    pub(crate) server: Server,
    #[cfg(feature = "tls")]
    pub(crate) authority: Option<String>,
}

impl Emulator {
    /// Starts an emulator with all defaults on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port can be bound or no thread started.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Starts from all defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens, as `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// Where it listens, as `http://127.0.0.1:PORT`, or with `https` if it serves TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.server.scheme(), self.host())
    }

    /// The certificate authority for its clients to trust, as PEM; none if it does not serve TLS. It is made anew for
    /// each emulator.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificate_authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The app key, `org#app`.
    #[must_use]
    pub fn app_key(&self) -> String {
        self.service.identity.app_key()
    }

    /// The app id, a UUID; `/app-id/{app_id}` addresses the same app as `/{org}/{app}`.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.service.identity.app_id
    }

    /// The client id that the token call takes.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.service.identity.client_id
    }

    /// The client secret that the token call takes.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.service.identity.client_secret
    }

    /// The record of all requests and changes.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.service.journal
    }

    /// The clock that everything timed reads.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.service.clock
    }

    /// The users, devices, subscriptions and groups.
    #[must_use]
    pub fn state(&self) -> State {
        State::new(Arc::clone(&self.service))
    }

    /// What goes wrong on purpose: install a plan, or clear it.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.service))
    }

    /// A copy of the settings in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.service.lock().settings.clone()
    }

    /// Changes settings while it runs. The closure must not use this emulator: requests wait for it.
    pub fn configure(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.service.lock().settings);
    }

    /// A new app token that lives this long, without a token call.
    #[must_use]
    pub fn issue_token(&self, ttl: Duration) -> String {
        let mut inner = self.service.lock();
        inner.tokens.issue(Some(ttl), self.service.clock.unix_millis(), self.service.scribe())
    }

    /// Makes a token from elsewhere valid for this long: an Agora `AccessToken2`, or any fixed text.
    pub fn accept_token(&self, token: &str, ttl: Duration) {
        let mut inner = self.service.lock();
        inner.tokens.accept(
            token.to_owned(),
            Some(ttl),
            self.service.clock.unix_millis(),
            self.service.scribe(),
        );
    }

    /// Makes every token issued so far an expired one.
    pub fn expire_tokens(&self) {
        self.service.lock().tokens.expire_all(self.service.scribe());
    }

    /// The body of the callback that the service would post for this user's device: JSON, signed with `secret`, with the
    /// time of this emulator's [clock](Self::clock) and an id of its own. `reason` is `login`, `logout` or `replaced`.
    /// Nothing is sent and no state changes: post it to the endpoint under test.
    ///
    /// ```
    /// # fn main() -> std::io::Result<()> {
    /// let emulator = easemob_presence_emulator::Emulator::start()?;
    /// let body = emulator.callback("c2", "android_1", "login", "the rule's secret");
    /// assert!(body.contains(r#""user":"easemob-demo#test_c2@easemob.com/android_1""#));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn callback(&self, user: &str, resource: &str, reason: &str, secret: &str) -> String {
        let [user, resource, reason, secret] = [user, resource, reason, secret].map(Cow::Borrowed);
        callback::body(&self.service, &Event { user, resource, reason, secret }).to_string()
    }

    /// Forgets users, subscriptions, groups, tokens, the journal and what was counted against the rates. Keeps the
    /// settings, the plan of faults, the clock and the connections.
    pub fn reset(&self) {
        self.service.reset();
    }

    /// Closes the port and every connection until [`listen`](Self::listen): who connects is refused, as by a server that
    /// is down. State, journal and clock go on. The port stays this emulator's.
    pub fn stop_listening(&self) {
        self.server.close();
    }

    /// Opens the same port again after [`stop_listening`](Self::stop_listening). Does nothing if it is open.
    ///
    /// # Errors
    /// If the port cannot be opened, or the emulator was stopped.
    pub fn listen(&self) -> io::Result<()> {
        self.server.open()
    }

    /// Closes the port and every connection and waits for the emulator's thread to end. Afterwards state and
    /// journal can still be read. Stopping twice does nothing.
    pub fn stop(&self) {
        self.server.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn check(emulator: &Emulator, token: &str) -> u16 {
        let header = format!("Bearer {token}");
        let now_ms = emulator.clock().unix_millis();
        let checked = emulator.service.lock().tokens.check(Some(&header), now_ms);
        checked.map_or_else(|refused| refused.status, |()| 200)
    }

    #[test]
    fn what_was_built_is_what_it_says_of_itself() {
        let emulator = Emulator::builder()
            .app_key("1100#shop")
            .app_id("my-id")
            .credentials("me", "hush")
            .configure(|settings| settings.page_size_cap = 7)
            .start()
            .unwrap();
        assert_eq!((emulator.app_key().as_str(), emulator.app_id()), ("1100#shop", "my-id"));
        assert_eq!((emulator.client_id(), emulator.client_secret()), ("me", "hush"));
        assert_eq!(emulator.settings().page_size_cap, 7);
        assert_eq!(emulator.url(), format!("http://{}", emulator.host()));
        assert!(!emulator.host().ends_with(":0"), "{}", emulator.host());
    }

    #[test]
    fn only_loopback_needs_no_permission() {
        let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let refused = Emulator::builder().bind(everywhere).start().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        // Not every system has this address, but none may be kept from asking for it.
        let other = Emulator::builder().bind(Ipv4Addr::new(127, 0, 0, 2).into()).start();
        assert_ne!(other.err().map(|problem| problem.kind()), Some(ErrorKind::PermissionDenied));
    }

    #[test]
    fn an_app_key_of_another_form_does_not_start() {
        let refused = Emulator::builder().app_key("shop").start().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn tokens_are_issued_accepted_and_expired_by_the_clock_and_by_force() {
        let emulator = Emulator::start().unwrap();
        emulator.clock().freeze();
        let issued = emulator.issue_token(Duration::from_secs(1));
        emulator.accept_token("007x", Duration::from_secs(2));
        assert_eq!((check(&emulator, &issued), check(&emulator, "007x")), (200, 200));
        emulator.clock().advance(Duration::from_secs(1));
        assert_eq!((check(&emulator, &issued), check(&emulator, "007x")), (401, 200));
        emulator.expire_tokens();
        assert_eq!(check(&emulator, "007x"), 401);
    }

    #[test]
    fn what_is_configured_while_it_runs_is_in_force_and_survives_a_reset() {
        let emulator = Emulator::start().unwrap();
        emulator.configure(|settings| settings.presence_enabled = false);
        emulator.state().register("a");
        emulator.reset();
        assert!(!emulator.settings().presence_enabled);
        assert_eq!(emulator.state().counts().users, 0);
    }

    #[test]
    fn state_and_journal_can_be_read_after_stop() {
        let emulator = Emulator::start().unwrap();
        emulator.state().register("a");
        emulator.stop();
        emulator.stop();
        assert_eq!(emulator.state().counts().users, 1);
        assert_eq!(emulator.journal().len(), 1);
    }
}
