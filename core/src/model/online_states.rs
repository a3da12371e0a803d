use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::UserId;

/// Whether each of several users is online, in the order asked.
///
/// Saved, the pairs are `[{"user_id", "online"}]`, because an object would not keep their order everywhere.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OnlineStates {
    #[serde(rename = "states")]
    found: Vec<State>,
    missing: Vec<UserId>,
    /// Made by the first look-up: many callers only iterate.
    #[serde(skip)]
    places: OnceLock<HashMap<UserId, bool>>,
}

impl PartialEq for OnlineStates {
    fn eq(&self, other: &Self) -> bool {
        (&self.found, &self.missing) == (&other.found, &other.missing)
    }
}

impl Eq for OnlineStates {}

impl Hash for OnlineStates {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.found, &self.missing).hash(state);
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct State {
    user_id: UserId,
    online: bool,
}

impl OnlineStates {
    /// Matches the answered states to the distinct ids that were asked for.
    pub(crate) fn matched(asked: &[UserId], answered: &HashMap<UserId, bool>) -> Self {
        let (mut found, mut missing) = (Vec::with_capacity(asked.len()), Vec::new());
        for id in asked {
            match answered.get(id) {
                Some(&online) => found.push(State { user_id: id.clone(), online }),
                None => missing.push(id.clone()),
            }
        }
        Self { found, missing, places: OnceLock::new() }
    }

    /// One value of several, one behind the other.
    pub(crate) fn joined(states: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::default();
        for mut states in states {
            joined.found.append(&mut states.found);
            joined.missing.append(&mut states.missing);
        }
        joined
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
        let pairs = || self.found.iter().map(|state| (state.user_id.clone(), state.online)).collect();
        self.places.get_or_init(pairs).get(&UserId::from_answer(user_id.as_ref())).copied()
    }

    /// The users and their states, in the order asked.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&UserId, bool)> + Clone {
        self.found.iter().map(|state| (&state.user_id, state.online))
    }

    /// Ids that were asked for and not answered.
    #[must_use]
    pub fn missing(&self) -> &[UserId] {
        &self.missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_found_in_any_case_and_kept_in_order() {
        let id = |id| UserId::new(id).unwrap();
        let answered = HashMap::from([(id("b"), true), (id("A"), false)]);
        let states = OnlineStates::matched(&[id("a"), id("c"), id("B")], &answered);
        assert_eq!(
            states.iter().map(|(id, on)| (id.as_str(), on)).collect::<Vec<_>>(),
            [("a", false), ("B", true)]
        );
        assert_eq!((states.get("b"), states.get("c"), states.len()), (Some(true), None, 2));
        assert_eq!(states.missing(), [id("c")]);
        let more = OnlineStates::matched(&[id("z")], &HashMap::from([(id("z"), true)]));
        let joined = OnlineStates::joined([states.clone(), more]);
        assert_eq!(
            (joined.get("B"), joined.get("Z"), joined.len(), joined.missing().len()),
            (Some(true), Some(true), 3, 1)
        );
        let json = serde_json::to_string(&states).unwrap();
        assert!(json.starts_with(r#"{"states":[{"user_id":"a","online":false}"#), "{json}");
        assert_eq!(serde_json::from_str::<OnlineStates>(&json).unwrap(), states);
    }
}
