//! What callers hold: validated ids going out, immutable values coming back.
//!
//! All values are cheap to clone and have equality, hash, `Debug` and serde.

mod device;
mod online_states;
mod presence;
mod presences;
pub(crate) mod resource;
mod status;
mod subscription;
pub(crate) mod time;
mod user_id;

pub use device::Device;
pub use online_states::OnlineStates;
pub use presence::{DeviceStatus, Presence};
pub use presences::Presences;
pub use resource::Resource;
pub use status::Status;
pub use subscription::{Subscription, SubscriptionsPage};
pub use user_id::UserId;
