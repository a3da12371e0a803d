//! What the service remembers: users, devices, subscriptions, groups and tokens.

pub(crate) mod ledger;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod tokens;
