//! From a method and a path to an operation, by the number of segments alone, as the service does it.

use crate::http::segment::Segment;
use crate::operation::Operation;

/// What a request asks for, with the parameters of its path. User ids are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Set { user: String, resource: String, status: String },
    Subscribe { user: String, expiry: String },
    Get { user: String },
    Unsubscribe { user: String },
    Subscriptions { user: String },
    GroupOnlineCount { group: String, query_type: String },
    OnlineState { user: String },
    OnlineStates,
    Devices { user: String },
    Token,
    Register,
    DeleteUser { user: String },
}

/// Why there is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    NoSuchPath,
    NoSuchMethod,
}

impl Route {
    /// Segments are those after the app's prefix. Empty ones do not count: that is what turns a subscribe with an
    /// empty expiry into a get, and a set with an empty resource into a subscribe.
    pub(crate) fn of(method: &str, segments: &[Segment]) -> Result<Self, Miss> {
        let full: Vec<&Segment> = segments.iter().filter(|segment| !segment.is_empty()).collect();
        let (method_found, route) = match (method, full.as_slice()) {
            ("POST", [users, user, presence, rest @ ..])
                if **users == "users" && **presence == "presence" =>
            {
                return Self::posted_presence(user_id(user), rest);
            }
            (_, [users, user, presence]) if **users == "users" && **presence == "presence" => {
                ("DELETE", Self::Unsubscribe { user: user_id(user) })
            }
            (_, [users, user, presence, list])
                if **users == "users" && **presence == "presence" && **list == "sublist" =>
            {
                ("GET", Self::Subscriptions { user: user_id(user) })
            }
            (_, [users, _, presence, _] | [users, _, presence, _, _])
                if **users == "users" && **presence == "presence" =>
            {
                return Err(Miss::NoSuchMethod);
            }
            ("POST", [users, batch, status])
                if **users == "users" && **batch == "batch" && **status == "status" =>
            {
                ("POST", Self::OnlineStates)
            }
            (_, [users, user, status]) if **users == "users" && **status == "status" => {
                ("GET", Self::OnlineState { user: user_id(user) })
            }
            (_, [users, user, resources]) if **users == "users" && **resources == "resources" => {
                ("GET", Self::Devices { user: user_id(user) })
            }
            (_, [users, user]) if **users == "users" => ("DELETE", Self::DeleteUser { user: user_id(user) }),
            (_, [users]) if **users == "users" => ("POST", Self::Register),
            (_, [token]) if **token == "token" => ("POST", Self::Token),
            (_, [presence, online, group, kind, query_type])
                if **presence == "presence" && **online == "online" && **kind == "type" =>
            {
                let (group, query_type) = (group.to_string(), query_type.to_string());
                ("GET", Self::GroupOnlineCount { group, query_type })
            }
            _ => return Err(Miss::NoSuchPath),
        };
        if method == method_found { Ok(route) } else { Err(Miss::NoSuchMethod) }
    }

    fn posted_presence(user: String, rest: &[&Segment]) -> Result<Self, Miss> {
        match rest {
            [] => Ok(Self::Get { user }),
            [expiry] => Ok(Self::Subscribe { user, expiry: expiry.to_string() }),
            [resource, status] => {
                Ok(Self::Set { user, resource: resource.to_string(), status: status.to_string() })
            }
            _ => Err(Miss::NoSuchPath),
        }
    }

    /// The user in whose name it acts; those that name many, or none, have none.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Set { user, .. }
            | Self::Subscribe { user, .. }
            | Self::Get { user }
            | Self::Unsubscribe { user }
            | Self::Subscriptions { user }
            | Self::OnlineState { user }
            | Self::Devices { user }
            | Self::DeleteUser { user } => Some(user),
            Self::GroupOnlineCount { .. } | Self::OnlineStates | Self::Token | Self::Register => None,
        }
    }

    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Set { .. } => Operation::Set,
            Self::Subscribe { .. } => Operation::Subscribe,
            Self::Get { .. } => Operation::Get,
            Self::Unsubscribe { .. } => Operation::Unsubscribe,
            Self::Subscriptions { .. } => Operation::Subscriptions,
            Self::GroupOnlineCount { .. } => Operation::GroupOnlineCount,
            Self::OnlineState { .. } => Operation::OnlineState,
            Self::OnlineStates => Operation::OnlineStates,
            Self::Devices { .. } => Operation::Devices,
            Self::Token => Operation::Token,
            Self::Register => Operation::Register,
            Self::DeleteUser { .. } => Operation::DeleteUser,
        }
    }
}

fn user_id(segment: &Segment) -> String {
    segment.to_text().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &str, path: &str) -> Result<Route, Miss> {
        let segments: Vec<_> = path.split('/').map(Segment::decode).collect();
        Route::of(method, &segments)
    }

    fn operation(method: &str, path: &str) -> Operation {
        route(method, path).map_or(Operation::Unknown, |route| route.operation())
    }

    #[test]
    fn every_documented_call_has_a_route() {
        for (method, path, expected) in [
            ("POST", "users/c1/presence/android/0", Operation::Set),
            ("POST", "users/wzy/presence/1000", Operation::Subscribe),
            ("POST", "users/wzy/presence", Operation::Get),
            ("DELETE", "users/wzy/presence", Operation::Unsubscribe),
            ("GET", "users/wzy/presence/sublist", Operation::Subscriptions),
            ("GET", "presence/online/1/type/1", Operation::GroupOnlineCount),
            ("GET", "users/user1/status", Operation::OnlineState),
            ("POST", "users/batch/status", Operation::OnlineStates),
            ("GET", "users/user1/resources", Operation::Devices),
            ("POST", "token", Operation::Token),
            ("POST", "users", Operation::Register),
            ("DELETE", "users/c1", Operation::DeleteUser),
        ] {
            assert_eq!(operation(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn empty_parts_turn_one_call_into_another() {
        assert_eq!(operation("POST", "users/wzy/presence/"), Operation::Get);
        assert_eq!(operation("POST", "users/wzy/presence/android/"), Operation::Subscribe);
        assert_eq!(operation("POST", "users/wzy/presence//1"), Operation::Subscribe);
        assert_eq!(operation("POST", "users/wzy/presence/a/b/1"), Operation::Unknown);
        assert_eq!(operation("POST", "users//presence"), Operation::Unknown);
    }

    #[test]
    fn an_encoded_slash_stays_inside_its_segment() {
        let set = Route::Set { user: "a/b".into(), resource: "x".into(), status: "1".into() };
        assert_eq!(route("POST", "users/a%2Fb/presence/x/1"), Ok(set));
    }

    #[test]
    fn dots_are_ordinary_user_ids_and_case_is_folded() {
        assert_eq!(route("POST", "users/../presence"), Ok(Route::Get { user: "..".into() }));
        assert_eq!(route("POST", "users/WZY/presence"), Ok(Route::Get { user: "wzy".into() }));
    }

    #[test]
    fn a_user_may_be_called_batch() {
        assert_eq!(route("GET", "users/batch/status"), Ok(Route::OnlineState { user: "batch".into() }));
    }

    #[test]
    fn a_known_path_with_another_method_is_not_an_unknown_path() {
        for (method, path) in [
            ("GET", "users/wzy/presence"),
            ("PUT", "users/wzy/presence/android/1"),
            ("DELETE", "users/wzy/presence/100"),
            ("DELETE", "users/wzy/presence/sublist"),
            ("POST", "users/wzy/status"),
            ("GET", "token"),
            ("GET", "users"),
            ("POST", "presence/online/1/type/1"),
        ] {
            assert_eq!(route(method, path), Err(Miss::NoSuchMethod), "{method} {path}");
        }
        assert_eq!(route("POST", "chatrooms"), Err(Miss::NoSuchPath));
        assert_eq!(route("POST", ""), Err(Miss::NoSuchPath));
    }
}
