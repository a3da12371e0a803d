//! What an emulator is made from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::emulator::Emulator;
use crate::fault::Plan;
use crate::http::server::Server;
use crate::http::socket::Security;
use crate::identity::Identity;
use crate::service::Service;
use crate::settings::Settings;
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// Builds an [`Emulator`].
///
/// ```
/// use easemob_presence_emulator::Emulator;
/// # fn main() -> std::io::Result<()> {
/// let emulator = Emulator::builder()
///     .app_key("1100#shop")
///     .configure(|settings| settings.require_registration = true)
///     .start()?;
/// assert_eq!(emulator.app_key(), "1100#shop");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing listens before `start`"]
pub struct Builder {
    port: u16,
    bind: IpAddr,
    allow_remote: bool,
    app_key: Option<String>,
    identity: Identity,
    settings: Settings,
    faults: Option<Plan>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            port: 0,
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_remote: false,
            app_key: None,
            identity: Identity::default(),
            settings: Settings::default(),
            faults: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Builder {
    /// The port; 0, the default, is any free one.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// The address; 127.0.0.1 by default. Others than loopback need [`allow_remote`](Self::allow_remote).
    pub fn bind(self, bind: IpAddr) -> Self {
        Self { bind, ..self }
    }

    /// Whether other machines may reach it. The control API asks for no password: only on a network you trust.
    pub fn allow_remote(self, allow_remote: bool) -> Self {
        Self { allow_remote, ..self }
    }

    /// The app key, `org#app`; `easemob-demo#test` by default.
    pub fn app_key(self, app_key: impl Into<String>) -> Self {
        Self { app_key: Some(app_key.into()), ..self }
    }

    /// The app id; a fixed UUID by default.
    pub fn app_id(mut self, app_id: impl Into<String>) -> Self {
        self.identity.app_id = app_id.into();
        self
    }

    /// The credentials that the token call takes; `emulator-client-id` and `emulator-secret` by default.
    pub fn credentials(mut self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        self.identity.client_id = client_id.into();
        self.identity.client_secret = client_secret.into();
        self
    }

    /// All settings at once.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Some settings.
    pub fn configure(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// A plan of faults in force from the first connection on.
    pub fn faults(self, plan: Plan) -> Self {
        Self { faults: Some(plan), ..self }
    }

    /// Serves HTTPS, with a certificate of this kind, in place of HTTP.
    #[cfg(feature = "tls")]
    pub fn tls(self, kind: Tls) -> Self {
        Self { tls: Some(kind), ..self }
    }

    /// Starts it. When this returns, it answers.
    ///
    /// # Errors
    /// `InvalidInput` for an app key that is not `org#app`, `PermissionDenied` for an address other than loopback
    /// without [`allow_remote`](Self::allow_remote), and what binding a port or starting a thread may fail with.
    pub fn start(mut self) -> io::Result<Emulator> {
        if let Some(app_key) = &self.app_key {
            self.identity.set_app_key(app_key)?;
        }
        if !self.bind.is_loopback() && !self.allow_remote {
            let problem = format!(
                "{} is not a loopback address: other machines could reach the emulator, which asks no one for a \
                 password. Allow that with allow_remote(true) (--allow-remote)",
                self.bind
            );
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
        }
        let service = Arc::new(Service::new(self.identity, self.settings));
        if let Some(plan) = self.faults {
            service.faults.install(plan, service.clock.unix_millis());
        }
        #[cfg(feature = "tls")]
        let (security, authority) = match self.tls {
            None => (Security::None, None),
            Some(kind) => {
                let (acceptor, authority) = kind.serve()?;
                (Security::Tls(acceptor), Some(authority))
            }
        };
        #[cfg(not(feature = "tls"))]
        let security = Security::None;
        let server = Server::start(Arc::clone(&service), SocketAddr::new(self.bind, self.port), security)?;
        Ok(Emulator {
            service,
            server,
            #[cfg(feature = "tls")]
            authority,
        })
    }
}
