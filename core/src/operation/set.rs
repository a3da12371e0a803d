use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::{Descriptor, Endpoint, Operation, Request, Target};
use crate::call::Call;
use crate::error::Error;
use crate::model::{Resource, Status, UserId};
use crate::wire;

/// The longest `ext`, in bytes.
const MAX_EXT_BYTES: usize = 1_024;

/// Sets a device's status: `POST /users/{username}/presence/{resource}/{status}`. See [`User::set`](crate::User::set).
#[derive(Clone, Debug)]
pub struct Set {
    pub(crate) user: UserId,
    pub(crate) resource: Resource,
    pub(crate) status: Status,
    pub(crate) ext: String,
}

impl Call<Set> {
    /// The user's own text, at most 1,024 bytes. It belongs to the user, not to the device, and every set replaces
    /// it: without this call it becomes empty.
    pub fn ext(self, ext: impl Into<String>) -> Self {
        self.map(|set| Set { ext: ext.into(), ..set })
    }
}

#[derive(Serialize)]
struct Body<'a> {
    ext: &'a str,
}

impl Operation for Set {
    type Output = ();

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "set",
        endpoint: Endpoint::Set,
        method: Method::POST,
        template: "/users/{username}/presence/{resource}/{status}",
    };

    fn request(&self) -> Result<Request, Error> {
        if self.ext.len() > MAX_EXT_BYTES {
            return Err(Error::invalid(format!(
                "ext has {} bytes; at most {MAX_EXT_BYTES} are allowed",
                self.ext.len()
            )));
        }
        let segments = [self.user.as_str(), self.resource.as_str(), &self.status.segment()?];
        Request::new(Self::DESCRIPTOR, &segments)?.json(&Body { ext: &self.ext })
    }

    fn target(&self) -> Option<Target> {
        Some((self.user.clone(), self.resource.clone()))
    }

    fn decode(&mut self, body: Bytes) -> Result<(), Error> {
        wire::read_ok(&body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(status: Status, ext: &str) -> Set {
        Set {
            user: UserId::new("c1").unwrap(),
            resource: Resource::new("android/1").unwrap(),
            status,
            ext: ext.into(),
        }
    }

    #[test]
    fn the_request_is_the_documented_one() {
        let request = set(Status::Custom(7), "12\"3").request().unwrap();
        assert_eq!(request.path, "/users/c1/presence/android%2F1/7");
        assert_eq!(request.body.unwrap(), r#"{"ext":"12\"3"}"#);
    }

    #[test]
    fn ext_is_bounded_in_bytes() {
        assert!(set(Status::Online, &"x".repeat(1024)).request().is_ok());
        let error = set(Status::Online, &"é".repeat(513)).request().unwrap_err();
        assert!(error.message().contains("1026 bytes"), "{error}");
        assert!(set(Status::Unknown, "").request().is_err());
    }
}
