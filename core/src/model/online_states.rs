use std::collections::HashMap;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::UserId;

/// Whether each of several users is online, in the order asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OnlineStates {
    found: Vec<(UserId, bool)>,
    missing: Vec<UserId>,
}

impl OnlineStates {
    /// Matches the answered states to the distinct ids that were asked for.
    pub(crate) fn matched(asked: Vec<UserId>, answered: &HashMap<UserId, bool>) -> Self {
        let (mut found, mut missing) = (Vec::with_capacity(asked.len()), Vec::new());
        for id in asked {
            match answered.get(&id) {
                Some(&online) => found.push((id, online)),
                None => missing.push(id),
            }
        }
        Self { found, missing }
    }

    /// How many users were answered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether no user was answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether the user is online, found in any letter case; none if not asked for or not answered.
    #[must_use]
    pub fn get(&self, user_id: impl AsRef<str>) -> Option<bool> {
        let user_id = user_id.as_ref();
        self.found.iter().find(|(id, _)| id == user_id).map(|&(_, online)| online)
    }

    /// The users and their states, in the order asked.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&UserId, bool)> + Clone {
        self.found.iter().map(|(id, online)| (id, *online))
    }

    /// Ids that were asked for and not answered.
    #[must_use]
    pub fn missing(&self) -> &[UserId] {
        &self.missing
    }
}

impl Serialize for OnlineStates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The pairs as `[{"user_id", "online"}]`, because an object would not keep their order everywhere.
        #[derive(Serialize)]
        struct State<'a> {
            user_id: &'a UserId,
            online: bool,
        }
        let states: Vec<_> = self.iter().map(|(user_id, online)| State { user_id, online }).collect();
        let mut out = serializer.serialize_struct("OnlineStates", 2)?;
        out.serialize_field("states", &states)?;
        out.serialize_field("missing", &self.missing)?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_in_any_case_and_kept_in_order() {
        let id = |id| UserId::new(id).unwrap();
        let answered = HashMap::from([(id("b"), true), (id("A"), false)]);
        let states = OnlineStates::matched(vec![id("a"), id("c"), id("B")], &answered);
        assert_eq!(
            states.iter().map(|(id, on)| (id.as_str(), on)).collect::<Vec<_>>(),
            [("a", false), ("B", true)]
        );
        assert_eq!((states.get("b"), states.get("c"), states.len()), (Some(true), None, 2));
        assert_eq!(states.missing(), [id("c")]);
    }
}
