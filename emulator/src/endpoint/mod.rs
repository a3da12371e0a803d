//! What each endpoint does with a request that has got past app, token and rate.

pub(crate) mod groups;
pub(crate) mod presence;
pub(crate) mod subscriptions;
pub(crate) mod token;
pub(crate) mod turn;
pub(crate) mod usernames;
pub(crate) mod users;
