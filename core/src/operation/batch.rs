use std::collections::HashSet;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::model::UserId;

/// Room for so many users is made before they are seen: an iterator may promise more than memory holds.
const MOST_ROOM: usize = 1_000;

/// Distinct users, in the order given. Request, answer and whoever tells what became of them share one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch(Arc<[UserId]>);

impl Batch {
    /// Of users that are known to be distinct.
    pub(crate) fn of(ids: impl Into<Arc<[UserId]>>) -> Self {
        Self(ids.into())
    }

    /// Validates ids; one that comes again, in any letter case, is taken once.
    ///
    /// # Errors
    /// `invalid_input`, naming the place of the bad id.
    pub(crate) fn collect<I>(ids: I) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let ids = ids.into_iter();
        let mut batch = Vec::with_capacity(ids.size_hint().0.min(MOST_ROOM));
        for (place, id) in ids.enumerate() {
            batch.push(Self::read(place, id)?);
        }
        if !are_distinct(&batch) {
            let mut seen = HashSet::with_capacity(batch.len());
            batch.retain(|id| seen.insert(id.clone()));
        }
        Ok(Self::of(batch))
    }

    /// The id at this place of a list.
    ///
    /// # Errors
    /// `invalid_input`, naming the place.
    pub(crate) fn read(place: usize, id: impl AsRef<str>) -> Result<UserId, Error> {
        UserId::new(id).map_err(|error| Error::invalid(format!("ids[{place}]: {}", error.message())))
    }

    pub(crate) fn ids(&self) -> &[UserId] {
        &self.0
    }

    pub(crate) fn contains(&self, id: &UserId) -> Option<&UserId> {
        self.0.iter().find(|own| *own == id)
    }

    pub(crate) fn shared(&self) -> Arc<[UserId]> {
        Arc::clone(&self.0)
    }
}

/// Most lists are, and most of those are known to be without hashing an id.
fn are_distinct(ids: &[UserId]) -> bool {
    if ids.len() < 2 {
        return true;
    }
    let mut marks: Vec<_> = ids.iter().map(UserId::mark).collect();
    marks.sort_unstable();
    if marks.is_sorted_by(|a, b| a < b) {
        return true;
    }
    let mut seen = HashSet::with_capacity(ids.len());
    ids.iter().all(|id| seen.insert(id))
}

impl Serialize for Batch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ids().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_once_in_the_spelling_that_came_first() {
        let batch = Batch::collect(["Aa", "b", "aA", "b"]).unwrap();
        assert_eq!(batch.ids().iter().map(UserId::as_str).collect::<Vec<_>>(), ["Aa", "b"]);
    }

    #[test]
    fn ids_that_look_alike_are_told_apart_and_any_spelling_of_one_is_found() {
        let ids: Vec<_> = (0..3_000).map(|n| format!("{}Common{n:03}Common_End", n % 7)).collect();
        let alike: Vec<_> = (0..300).map(|n| format!("Common_Start{n:03}Common_End")).collect();
        for ids in [&ids, &alike] {
            assert_eq!(Batch::collect(ids).unwrap().ids().len(), ids.len());
            let again = ids.iter().map(|id| id.to_ascii_uppercase());
            assert_eq!(Batch::collect(ids.iter().cloned().chain(again)).unwrap().ids().len(), ids.len());
        }
        for id in ["a", "aB_", "sEven__", "Eight-_8", "nine._-Nn", "Z_Z_Z_Z_Z_Z_Z_Z_Z_Z_Z"] {
            assert_eq!(Batch::collect([id, &id.to_ascii_uppercase()]).unwrap().ids().len(), 1, "{id}");
        }
    }

    #[test]
    fn a_bad_id_is_named_by_its_place() {
        let error = Batch::collect(["a", "b/c"]).unwrap_err();
        assert!(error.message().starts_with("ids[1]: the user id \"b/c\""), "{error}");
    }
}
