//! What the transport must know: where requests go and how connections are made.

use std::sync::Arc;
use std::time::Duration;

use super::resolver::Resolve;

/// Where requests go and how connections are made.
pub(crate) struct Endpoint {
    /// Scheme, authority and the app's path, without a slash at the end.
    pub(crate) base: String,
    pub(crate) plain_http: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: ProxySetting,
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) resolver: Arc<dyn Resolve>,
}

#[derive(Clone)]
pub(crate) enum ProxySetting {
    None,
    /// `HTTPS_PROXY`, `NO_PROXY` and their like; chosen by `from_env` only.
    System,
    Url(String),
}

#[cfg(test)]
impl Endpoint {
    pub(crate) fn for_tests(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            plain_http: true,
            connect_timeout: Duration::from_secs(3),
            proxy: ProxySetting::None,
            root_certificates: Vec::new(),
            resolver: Arc::new(super::resolver::System),
        }
    }
}
