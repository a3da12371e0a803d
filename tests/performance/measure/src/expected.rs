//! What is asked, and what a client must have read for its call to count.

use crate::Problem;

/// The device whose status is set.
pub const DEVICE: &str = "android_123423453246";
/// The text that is set.
pub const EXT: &str = "busy";

/// The 100 users.
#[must_use]
pub fn asked() -> Vec<String> {
    (0..100).map(|number| format!("user{number:06}")).collect()
}

/// All that an answer says: the sums of what has been read of every field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The bytes of user ids.
    pub ids: usize,
    /// The seconds of the times last seen.
    pub times: u64,
    /// The bytes of texts.
    pub texts: usize,
    /// The bytes of devices' names.
    pub devices: usize,
    /// The numbers of statuses.
    pub statuses: u64,
}

const TOUCHED: Sum =
    Sum { ids: 1_000, times: 164_446_606_300, texts: 1_200, devices: 6_600, statuses: 10_500 };

/// # Errors
/// If something was not read, or wrong.
pub fn touched_is_right(sum: Sum) -> Result<(), Problem> {
    if sum == TOUCHED { Ok(()) } else { Err(format!("read {sum:?}, not {TOUCHED:?}").into()) }
}

/// The number of devices of the fourth user, and the text of the seventieth.
///
/// # Errors
/// If they are not what the mock answers.
pub fn few_is_right(devices: usize, text: &str) -> Result<(), Problem> {
    if devices == 3 && text == "外出就餐" {
        Ok(())
    } else {
        Err(format!("read {devices} devices and {text:?}").into())
    }
}
