use bytes::Bytes;
use http::Method;

use super::{Descriptor, Endpoint, Operation, Request};
use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::wire::{self, Lenient, excerpt};

/// The longest group id that is sent, in bytes. The service documents none.
const MAX_GROUP_ID_BYTES: usize = 256;

/// What a group id names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// A group.
    #[default]
    Group,
    /// A server of a super community.
    SuperCommunityServer,
}

/// Counts a group's members who are online: `GET /presence/online/{group_id}/type/{query_type}`. See
/// [`Client::group_online_count`](crate::Client::group_online_count).
#[derive(Clone, Debug)]
pub struct GroupOnlineCount {
    pub(crate) group_id: String,
    pub(crate) kind: GroupKind,
}

impl Call<GroupOnlineCount> {
    /// What the id names; a group if not given.
    pub fn kind(self, kind: GroupKind) -> Self {
        self.map(|count| GroupOnlineCount { kind, ..count })
    }
}

impl Operation for GroupOnlineCount {
    type Output = u64;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "group_online_count",
        endpoint: Endpoint::GroupOnlineCount,
        method: Method::GET,
        template: "/presence/online/{group_id}/type/{query_type}",
    };

    fn request(&self) -> Result<Request, Error> {
        let id = self.group_id.as_str();
        let problem = match id {
            "" => Some("is empty".to_owned()),
            "." | ".." => Some("cannot be sent: as a segment of a URL it means another path".to_owned()),
            id if id.len() > MAX_GROUP_ID_BYTES => {
                Some(format!("has {} bytes; at most {MAX_GROUP_ID_BYTES} are allowed", id.len()))
            }
            id => id.chars().find(|c| c.is_control()).map(|c| format!("holds the control character {c:?}")),
        };
        if let Some(problem) = problem {
            return Err(Error::invalid(format!("the group id {} {problem}", excerpt(id))));
        }
        let query_type = match self.kind {
            GroupKind::Group => "1",
            GroupKind::SuperCommunityServer => "0",
        };
        Request::new(Self::DESCRIPTOR, &[id, query_type])
    }

    fn decode(&mut self, body: Bytes) -> Result<u64, Error> {
        let Lenient(count) = wire::read_result(&body)?;
        count.ok_or_else(|| Error::new(ErrorKind::Decode, "the answer holds no count at result"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(group_id: &str, kind: GroupKind) -> GroupOnlineCount {
        GroupOnlineCount { group_id: group_id.into(), kind }
    }

    #[test]
    fn the_kind_chooses_the_query_type() {
        let path = |kind| count("66", kind).request().unwrap().path;
        assert_eq!(path(GroupKind::Group), "/presence/online/66/type/1");
        assert_eq!(path(GroupKind::SuperCommunityServer), "/presence/online/66/type/0");
    }

    #[test]
    fn ids_that_cannot_travel_are_refused() {
        for id in ["", ".", "..", "a\nb", &"x".repeat(257)] {
            assert!(count(id, GroupKind::Group).request().is_err(), "{id}");
        }
        assert_eq!(count("a/b", GroupKind::Group).request().unwrap().path, "/presence/online/a%2Fb/type/1");
    }

    #[test]
    fn the_count_is_a_number_in_both_spellings() {
        let decode =
            |body: &'static str| count("1", GroupKind::Group).decode(Bytes::from_static(body.as_bytes()));
        assert_eq!(decode(r#"{"result":100}"#).unwrap(), 100);
        assert_eq!(decode(r#"{"result":"100"}"#).unwrap(), 100);
        assert_eq!(decode(r#"{"result":-1}"#).unwrap_err().kind(), ErrorKind::Decode);
        let error = decode(r#"{"result":"this appkey not open rest group online service"}"#).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FeatureDisabled);
    }
}
