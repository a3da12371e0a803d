//! What the process holds.

use std::fs;
use std::time::{Duration, Instant};

use easemob_presence_faults_protocol::Held;
use tokio::runtime::Runtime;

/// Connections are closed by tasks that tell no one; they have this long.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(5);

pub(crate) fn now(runtime: &Runtime) -> Held {
    Held {
        fds: fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64),
        threads: fs::read_dir("/proc/self/task").map_or(0, |tasks| tasks.count() as u64),
        tasks: runtime.metrics().num_alive_tasks() as u64,
        rss_kib: status("VmRSS:"),
        peak_kib: status("VmHWM:"),
    }
}

/// Looks until there is no more than before.
pub(crate) fn settled(runtime: &Runtime, before: &Held) -> Held {
    let end = Instant::now() + PATIENCE;
    loop {
        let held = now(runtime);
        if (held.fds <= before.fds && held.tasks <= before.tasks) || Instant::now() > end {
            return held;
        }
        std::thread::sleep(LOOK);
    }
}

/// Has the system count the peak anew; where it does not, the peak is of the whole life.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
