use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use super::request::Usernames;
use super::{Batch, Bulk, Descriptor, Endpoint, Operation, Request};
use crate::error::{Error, ErrorKind};
use crate::many::PartialFailure;
use crate::model::{OnlineStates, UserId};
use crate::wire::{self, Members, excerpt};

/// Reads whether each of up to 100 users is online: `POST /users/batch/status`. See
/// [`Client::online_states`](crate::Client::online_states).
#[derive(Clone, Debug)]
pub struct GetOnlineStates {
    pub(crate) batch: Batch,
}

impl Operation for GetOnlineStates {
    type Output = OnlineStates;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "online_states",
        endpoint: Endpoint::OnlineStates,
        method: Method::POST,
        template: "/users/batch/status",
    };

    fn request(&self) -> Result<Request, Error> {
        Request::new(Self::DESCRIPTOR, &[])?.json(&Usernames { usernames: &self.batch })
    }

    fn decode(&mut self, body: Bytes) -> Result<OnlineStates, Error> {
        let states = states(&body)?;
        Ok(OnlineStates::matched(self.batch.ids(), &states))
    }
}

impl Bulk for GetOnlineStates {
    fn with_ids(&self, ids: Arc<[UserId]>) -> Self {
        Self { batch: Batch::of(ids) }
    }

    fn ids(&self) -> Arc<[UserId]> {
        self.batch.shared()
    }

    fn join(outputs: Vec<Self::Output>) -> Self::Output {
        OnlineStates::joined(outputs)
    }

    fn keep(output: Self::Output, partial: &mut PartialFailure) {
        partial.online_states = Some(output);
    }
}

/// The states in an answer, by user.
pub(super) fn states(body: &[u8]) -> Result<HashMap<UserId, bool>, Error> {
    let Members(members) = wire::read_data(body)?;
    let state = |(id, word): (String, String)| match word.trim() {
        word if word.eq_ignore_ascii_case("online") => Ok((UserId::from_answer(&id), true)),
        word if word.eq_ignore_ascii_case("offline") => Ok((UserId::from_answer(&id), false)),
        word => Err(Error::new(
            ErrorKind::Decode,
            format!("the state of {} is {}; expected \"online\" or \"offline\"", excerpt(&id), excerpt(word)),
        )),
    };
    members.into_iter().map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get() -> GetOnlineStates {
        GetOnlineStates { batch: Batch::collect(["user1", "User2", "u3"]).unwrap() }
    }

    #[test]
    fn the_request_is_the_documented_one() {
        let request = get().request().unwrap();
        assert_eq!(request.path, "/users/batch/status");
        assert_eq!(request.body.unwrap(), r#"{"usernames":["user1","User2","u3"]}"#);
    }

    #[test]
    fn states_are_matched_by_id_in_both_shapes() {
        for body in [
            r#"{"data":[{"user2":"online"},{"user1":"offline"}]}"#,
            r#"{"data":{"user1":"offline","user2":"Online"}}"#,
        ] {
            let states = get().decode(Bytes::from_static(body.as_bytes())).unwrap();
            assert_eq!(
                (states.get("user1"), states.get("user2"), states.get("u3")),
                (Some(false), Some(true), None)
            );
            assert_eq!(states.missing(), [UserId::new("u3").unwrap()]);
        }
    }

    #[test]
    fn an_unknown_word_is_a_decode_error() {
        let error = get().decode(Bytes::from_static(br#"{"data":[{"user1":"busy"}]}"#)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.message().contains("\"busy\""));
    }
}
