use bytes::Bytes;
use http::Method;

use super::online_states::states;
use super::{Descriptor, Endpoint, Operation, Request};
use crate::error::{Error, ErrorKind};
use crate::model::UserId;
use crate::wire::excerpt;

/// Reads whether one user is online: `GET /users/{username}/status`. See [`User::is_online`](crate::User::is_online).
#[derive(Clone, Debug)]
pub struct IsOnline {
    pub(crate) user: UserId,
}

impl Operation for IsOnline {
    type Output = bool;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "is_online",
        endpoint: Endpoint::IsOnline,
        method: Method::GET,
        template: "/users/{username}/status",
    };

    fn request(&self) -> Result<Request, Error> {
        Request::new(Self::DESCRIPTOR, &[self.user.as_str()])
    }

    fn decode(&mut self, body: Bytes) -> Result<bool, Error> {
        states(&body)?.get(&self.user).copied().ok_or_else(|| {
            let user = excerpt(self.user.as_str());
            Error::new(ErrorKind::Decode, format!("the answer holds no state of {user}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_found_by_id() {
        let is_online = || IsOnline { user: UserId::new("User1").unwrap() };
        assert_eq!(is_online().request().unwrap().path, "/users/User1/status");
        let decode = |body: &'static str| is_online().decode(Bytes::from_static(body.as_bytes()));
        assert!(!decode(r#"{"data":{"user1":"offline"}}"#).unwrap());
        assert!(decode(r#"{"data":{"user1":"online"}}"#).unwrap());
        assert_eq!(decode(r#"{"data":{"user2":"online"}}"#).unwrap_err().kind(), ErrorKind::Decode);
    }
}
