//! Operations on any number of users, as requests of at most 100.

pub(crate) mod split;
