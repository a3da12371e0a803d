//! One file per endpoint: parameters → request → typed answer.
//!
//! Everything here is pure: no I/O and no clock, so that each rule of the service is a plain unit test.

mod batch;
mod bulk;
mod devices;
mod endpoint;
mod get;
mod get_many;
mod get_together;
mod group_online_count;
mod is_online;
mod online_states;
mod path;
mod request;
mod set;
mod subscribe;
mod subscriptions;
mod token;
mod unsubscribe;

pub(crate) use batch::Batch;
pub use bulk::Bulk;
pub use devices::Devices;
pub use endpoint::Endpoint;
pub use get::Get;
pub(crate) use get::not_answered;
pub use get_many::GetMany;
pub(crate) use get_together::GetTogether;
pub use get_together::Together;
pub use group_online_count::{GroupKind, GroupOnlineCount};
pub use is_online::IsOnline;
pub use online_states::GetOnlineStates;
pub(crate) use path::encoded;
pub(crate) use request::MAX_BODY_BYTES;
pub use request::Request;
pub use set::Set;
pub(crate) use subscribe::DEFAULT_TTL;
pub use subscribe::Subscribe;
pub(crate) use subscriptions::DEFAULT_PAGE_SIZE;
pub use subscriptions::GetSubscriptionsPage;
pub(crate) use token::Token;
pub use unsubscribe::Unsubscribe;

use bytes::Bytes;
use http::Method;

use crate::error::Error;
use crate::model::{Resource, UserId};

/// What is fixed about an operation: its name in every language and its endpoint.
#[derive(Debug)]
pub struct Descriptor {
    /// The operation's name, as errors report it.
    pub name: &'static str,
    /// What its calls count towards; `get` and `get_many` are one endpoint.
    pub endpoint: Endpoint,
    /// The HTTP method.
    pub method: Method,
    /// The path behind the app's address, with the variable segments in braces.
    pub template: &'static str,
}

/// One call of the service: what it asks and how its answer is read.
///
/// Implemented by the types of this module only; [`Call`](crate::Call) runs them.
pub trait Operation: sealed::Sealed + Send + Sized + 'static {
    /// What the call returns.
    type Output: Send + 'static;

    /// Name and endpoint.
    const DESCRIPTOR: &'static Descriptor;

    /// The request, or which rule the parameters break.
    #[doc(hidden)]
    fn request(&self) -> Result<Request, Error>;

    /// What this call writes to, if a later call's write replaces this one's.
    #[doc(hidden)]
    fn target(&self) -> Option<Target> {
        None
    }

    /// Whom this call asks about, if it may go in one request with others of its kind.
    #[doc(hidden)]
    fn together(&self) -> Option<Together<Self::Output>> {
        None
    }

    /// The request in its last form, asked for when the call has its turn; none if it is the one that
    /// [`request`](Self::request) gave.
    #[doc(hidden)]
    fn at_turn(&mut self) -> Option<Result<Request, Error>> {
        None
    }

    /// The typed answer, from the body of a successful status. Uses up parameters when the body is what it should
    /// be; after a decode error it can read another answer.
    #[doc(hidden)]
    fn decode(&mut self, body: Bytes) -> Result<Self::Output, Error>;
}

/// One device of one user: writes to it keep their order.
pub type Target = (UserId, Resource);

mod sealed {
    pub trait Sealed {}
}

/// Marks the crate's operations.
macro_rules! seal {
    ($($operation:ty),+ $(,)?) => { $(impl sealed::Sealed for $operation {})+ };
}

seal!(
    Devices,
    Get,
    GetMany,
    GetOnlineStates,
    GetSubscriptionsPage,
    GroupOnlineCount,
    IsOnline,
    Set,
    Subscribe,
    Token,
    Unsubscribe,
);

impl<F> sealed::Sealed for GetTogether<F> {}
