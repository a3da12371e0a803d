//! From a host's name to its addresses.

use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{fmt, io, vec};

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

pub(crate) type Resolving = BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Who knows the addresses of a name. Their ports do not count.
pub(crate) trait Resolve: Send + Sync {
    fn resolve(&self, host: &str) -> Resolving;
}

/// The system's resolver, which is asked on a thread that may block.
pub(crate) struct System;

impl Resolve for System {
    fn resolve(&self, host: &str) -> Resolving {
        let asked = host.parse::<Name>().map(|name| GaiResolver::new().call(name));
        Box::pin(async move { Ok(asked.map_err(io::Error::other)?.await?.collect()) })
    }
}

/// What the connector asks. Its error says by its type that a name was the matter.
#[derive(Clone)]
pub(super) struct Resolver(pub(super) Arc<dyn Resolve>);

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = BoxFuture<'static, Result<Self::Response, Unresolved>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolving = self.0.resolve(name.as_str());
        Box::pin(async move { resolving.await.map(Vec::into_iter).map_err(Unresolved) })
    }
}

#[derive(Debug)]
pub(super) struct Unresolved(io::Error);

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name cannot be resolved")
    }
}

impl StdError for Unresolved {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}
