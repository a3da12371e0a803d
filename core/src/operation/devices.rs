use bytes::Bytes;
use http::Method;
use serde::Deserialize;

use super::{Descriptor, Endpoint, Operation, Request};
use crate::error::Error;
use crate::model::{Device, UserId};
use crate::wire::{self, Object, lenient_list};

/// Lists a user's devices: `GET /users/{username}/resources`. See [`User::devices`](crate::User::devices).
#[derive(Clone, Debug)]
pub struct Devices {
    pub(crate) user: UserId,
}

#[derive(Deserialize)]
struct List(#[serde(deserialize_with = "lenient_list")] Vec<Object<Device>>);

impl Operation for Devices {
    type Output = Vec<Device>;

    const DESCRIPTOR: &'static Descriptor = &Descriptor {
        name: "devices",
        endpoint: Endpoint::Devices,
        method: Method::GET,
        template: "/users/{username}/resources",
    };

    fn request(&self) -> Result<Request, Error> {
        Request::new(Self::DESCRIPTOR, &[self.user.as_str()])
    }

    fn decode(&mut self, body: Bytes) -> Result<Vec<Device>, Error> {
        let List(devices) = wire::read_data(&body)?;
        Ok(devices.into_iter().map(|Object(device)| device).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_come_from_the_envelopes_data() {
        let devices = || Devices { user: UserId::new("u").unwrap() };
        assert_eq!(devices().request().unwrap().path, "/users/u/resources");
        for (body, resources) in [
            (
                r#"{"action":"get","data":[{"res":"android_x","device_name":"HUAWEI"}],"count":1}"#,
                vec!["android_x"],
            ),
            (r#"{"data":[]}"#, vec![]),
            (r#"{"data":null}"#, vec![]),
        ] {
            let found = devices().decode(Bytes::from_static(body.as_bytes())).unwrap();
            assert_eq!(found.iter().map(Device::resource).collect::<Vec<_>>(), resources, "{body}");
        }
        let error = devices().decode(Bytes::from_static(br#"{"data":[{"device_name":"x"}]}"#)).unwrap_err();
        assert!(error.message().contains("at data[0]:"), "{error}");
    }
}
