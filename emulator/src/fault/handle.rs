//! The test's own hand on the faults.

use std::sync::Arc;

use crate::fault::plan::Plan;
use crate::service::Service;

/// A handle to the emulator's faults: install a [`Plan`], or clear it.
///
/// Each rule that fires is written into the [`Journal`](crate::Journal) as a [`Fault`](crate::Fault). The control API
/// suffers none.
///
/// ```
/// use easemob_presence_emulator::{Emulator, Plan};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let emulator = Emulator::start()?;
/// let plan: Plan = r#"{"faults": [{"match": {"operation": "get"}, "fault": {"type": "reset", "at": "after"}}]}"#
///     .parse()?;
/// emulator.faults().install(plan);
/// // Now every get of your backend is decided, and its connection reset before the answer.
/// emulator.faults().clear();
/// assert!(emulator.journal().faults().is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Faults {
    service: Arc<Service>,
}

impl Faults {
    pub(crate) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// Puts a plan in force from the next request and the next connection on, in place of the one before. Its counts
    /// begin at zero and its windows now.
    pub fn install(&self, plan: Plan) {
        self.service.faults.install(plan, self.service.clock.unix_millis());
    }

    /// Ends the plan. What it has begun, such as a delay, goes on.
    pub fn clear(&self) {
        self.service.faults.clear();
    }

    /// The plan in force.
    #[must_use]
    pub fn installed(&self) -> Option<Plan> {
        self.service.faults.installed()
    }
}
