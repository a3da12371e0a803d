use serde::{Deserialize, Serialize};

use super::resource::platform;

/// One device on which a user is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    #[serde(alias = "res")]
    resource: String,
    #[serde(default, rename = "device_uuid")]
    uuid: Option<String>,
    #[serde(default, rename = "device_name")]
    name: Option<String>,
}

impl Device {
    /// The device's key: what [`set`](crate::User::set) takes as its resource.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The part of the key before its first `_`: `android`, `ios`, `web`, …
    #[must_use]
    pub fn platform(&self) -> &str {
        platform(&self.resource)
    }

    /// The device's own identifier.
    #[must_use]
    pub fn device_uuid(&self) -> Option<&str> {
        self.uuid.as_deref()
    }

    /// The device's name, for example its model.
    #[must_use]
    pub fn device_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_name_and_our_own_are_both_read() {
        for json in
            [r#"{"res":"ios_1","device_name":"x","new":1}"#, r#"{"resource":"ios_1","device_name":"x"}"#]
        {
            let device: Device = serde_json::from_str(json).unwrap();
            assert_eq!((device.resource(), device.platform()), ("ios_1", "ios"));
            assert_eq!((device.device_name(), device.device_uuid()), (Some("x"), None));
        }
    }
}
