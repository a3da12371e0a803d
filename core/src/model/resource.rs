use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::wire::excerpt;

/// One device of a user, as the service names it: `{platform}_{id}`, for example `android_123423453246`.
///
/// The platforms are `android`, `ios`, `web` (`webim` at Agora); the key is otherwise opaque, and a bare `android`
/// is one too. 1 to 256 bytes without control characters; everything else is percent-encoded on its way.
///
/// ```
/// use easemob_presence::Resource;
///
/// let resource = Resource::new("android_123423453246")?;
/// assert_eq!(resource.platform(), "android");
/// # Ok::<(), easemob_presence::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Resource(String);

impl Resource {
    /// The longest resource, in bytes. The service documents none; this one keeps URLs within every proxy's limit.
    pub const MAX_BYTES: usize = 256;

    /// Validates a resource.
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) that says which rule is broken.
    pub fn new(resource: impl Into<String>) -> Result<Self, Error> {
        let resource = resource.into();
        if resource.is_empty() {
            return Err(Error::invalid(
                "the resource is empty; it is one device of the user, such as \"android\"",
            ));
        }
        if resource.len() > Self::MAX_BYTES {
            return Err(Error::invalid(format!(
                "the resource {} has {} bytes; at most {} are allowed",
                excerpt(&resource),
                resource.len(),
                Self::MAX_BYTES
            )));
        }
        if let Some(c) = resource.chars().find(|c| c.is_control()) {
            return Err(Error::invalid(format!(
                "the resource {} holds the control character {c:?}",
                excerpt(&resource)
            )));
        }
        if matches!(resource.as_str(), "." | "..") {
            return Err(Error::invalid(format!(
                "the resource {resource:?} cannot be sent: as a segment of a URL it means another path"
            )));
        }
        Ok(Self(resource))
    }

    /// The resource as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first `_`: `android`, `ios`, `web`, `webim`, …
    #[must_use]
    pub fn platform(&self) -> &str {
        platform(&self.0)
    }
}

/// The platform in a device's key.
pub(crate) fn platform(resource: &str) -> &str {
    // Found byte by byte: it is near the start, where a search made for long texts takes longer to begin than this to end.
    let end = resource.bytes().position(|byte| byte == b'_');
    end.and_then(|end| resource.get(..end)).unwrap_or(resource)
}

impl AsRef<str> for Resource {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Resource {
    type Error = Error;

    fn try_from(resource: String) -> Result<Self, Error> {
        Self::new(resource)
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_is_what_stands_before_the_first_underscore() {
        for (resource, platform) in
            [("android", "android"), ("ios_a_b", "ios"), ("_x", ""), ("webim_pc_1", "webim")]
        {
            assert_eq!(Resource::new(resource).unwrap().platform(), platform);
        }
    }

    #[test]
    fn anything_printable_passes_and_the_rest_says_why_not() {
        for resource in ["a/b", "%2e%2e", "a?b", "a#b", "é", "__proto__", &"x".repeat(256)] {
            assert!(Resource::new(resource).is_ok(), "{resource}");
        }
        for (resource, words) in [
            ("", "empty"),
            ("..", "another path"),
            (".", "another path"),
            ("a\r\nb", "'\\r'"),
            (&"x".repeat(257), "257"),
        ] {
            let error = Resource::new(resource).unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains('\n'), "{error}");
        }
    }
}
