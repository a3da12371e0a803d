use std::sync::Arc;

use super::Operation;
use crate::error::Error;
use crate::many::PartialFailure;
use crate::model::UserId;

/// An operation on a list of users, of which one request takes 100; [`Many`](crate::Many) runs it.
pub trait Bulk: Operation + Clone + Sync {
    /// The same operation on other users.
    #[doc(hidden)]
    #[must_use]
    fn with_ids(&self, ids: Arc<[UserId]>) -> Self;

    /// The users.
    #[doc(hidden)]
    fn ids(&self) -> Arc<[UserId]>;

    /// Which rule the parameters break, however the users are shared out among requests.
    #[doc(hidden)]
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// One answer of several, in the order asked.
    #[doc(hidden)]
    fn join(outputs: Vec<Self::Output>) -> Self::Output;

    /// Keeps what succeeded beside what failed.
    #[doc(hidden)]
    fn keep(output: Self::Output, partial: &mut PartialFailure);
}
