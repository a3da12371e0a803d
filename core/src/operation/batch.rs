use std::collections::HashSet;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::model::UserId;

/// The distinct users of one call, in the order given.
#[derive(Clone, Debug)]
pub(crate) struct Batch(Vec<UserId>);

impl Batch {
    /// The most users in one call.
    pub(crate) const MAX: usize = 100;

    /// Validates ids; one that comes again, in any letter case, is taken once.
    ///
    /// # Errors
    /// `invalid_input`, naming the place of the bad id, or the number of ids if there are too many.
    pub(crate) fn collect<I>(ids: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut seen = HashSet::new();
        let mut batch = Vec::new();
        for (place, id) in ids.into_iter().enumerate() {
            let id = UserId::new(id)
                .map_err(|error| Error::invalid(format!("ids[{place}]: {}", error.message())))?;
            if seen.insert(id.clone()) {
                batch.push(id);
            }
        }
        if batch.len() > Self::MAX {
            return Err(Error::invalid(format!(
                "{} users in one call; the service takes at most {}",
                batch.len(),
                Self::MAX
            ))
            .with_hint(Some("Make several calls.")));
        }
        Ok(Self(batch))
    }

    /// Users known to be distinct, and not too many.
    pub(crate) fn of(ids: Vec<UserId>) -> Self {
        Self(ids)
    }

    pub(crate) fn ids(&self) -> &[UserId] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, id: &UserId) -> Option<&UserId> {
        self.0.iter().find(|own| *own == id)
    }

    pub(crate) fn take_ids(&mut self) -> Vec<UserId> {
        std::mem::take(&mut self.0)
    }
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_once_in_the_spelling_that_came_first() {
        let mut batch = Batch::collect(["Aa", "b", "aA", "b"]).unwrap();
        assert_eq!(batch.take_ids().iter().map(UserId::as_str).collect::<Vec<_>>(), ["Aa", "b"]);
    }

    #[test]
    fn a_hundred_pass_and_a_hundred_and_one_do_not() {
        let ids = |n: u32| (0..n).map(|i| format!("u{i}"));
        assert!(Batch::collect(ids(100).chain(ids(100))).is_ok());
        let error = Batch::collect(ids(101)).unwrap_err();
        assert!(error.message().starts_with("101 users"), "{error}");
    }

    #[test]
    fn a_bad_id_is_named_by_its_place() {
        let error = Batch::collect(["a", "b/c"]).unwrap_err();
        assert!(error.message().starts_with("ids[1]: the user id \"b/c\""), "{error}");
    }
}
