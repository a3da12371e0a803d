//! What the Rust programs of the benchmarks measure, and how. Those of Python and Node do the same.
//!
//! A program is called with `CLIENT WORKLOAD CALLERS SECONDS URL CA_FILE` and writes one line of JSON. It warms up for
//! half of the seconds, counts calls and processor time for the seconds, and only then, for half of the seconds, measures
//! how late a timer of a millisecond is, so that the timer costs the calls nothing.

mod expected;
mod job;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub use expected::{DEVICE, EXT, Sum, asked, few_is_right, touched_is_right};
use job::Costs;
pub use job::{Job, Workload};
use rustix::time::{ClockId, clock_gettime};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

/// Whatever ends a run: it does not count then.
pub type Problem = Box<dyn std::error::Error>;

const TICK: Duration = Duration::from_millis(1);
/// A slow client, or a machine that is busy with something else, is measured until each caller has had a call on average.
const A_LITTLE: Duration = Duration::from_millis(50);

/// Makes the workload's calls and writes down what they cost. `call` is given the caller's number.
///
/// # Errors
/// The first call's that fails.
pub fn run<F>(job: &Job, make: impl FnOnce() -> Result<F, Problem>) -> Result<(), Problem>
where
    F: AsyncFn(usize) -> Result<(), Problem> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let line = LocalSet::new().block_on(&runtime, async {
        let call = Rc::new(make()?);
        open(&call, job.callers).await?;
        let state = Rc::new(State::default());
        let callers: Vec<_> = (0..job.callers)
            .map(|caller| {
                let (call, state) = (Rc::clone(&call), Rc::clone(&state));
                spawn_local(async move {
                    while !state.over.get() {
                        if let Err(problem) = call(caller).await {
                            state.problem.borrow_mut().get_or_insert(problem);
                            return;
                        }
                        state.calls.set(state.calls.get() + 1);
                    }
                })
            })
            .collect();
        sleep(job.measured / 2).await;
        let (calls, processor, began) = (state.calls.get(), processor_time(), Instant::now());
        sleep(job.measured).await;
        while state.calls.get() - calls < job.callers as u64 && state.problem.borrow().is_none() {
            sleep(A_LITTLE).await;
        }
        let mut costs = Costs {
            calls: state.calls.get() - calls,
            took: began.elapsed(),
            processor: processor_time().saturating_sub(processor),
            late: None,
            peak_kilobytes: 0,
        };
        if job.callers > 1 {
            costs.late = Some(lateness(job.measured / 2).await);
        }
        state.over.set(true);
        for caller in callers {
            caller.await?;
        }
        match state.problem.take() {
            Some(problem) => Err(problem),
            None => Ok(Costs { peak_kilobytes: peak_kilobytes()?, ..costs }.line()),
        }
    })?;
    println!("{line}");
    Ok(())
}

/// One call of each caller at the same time, so that connections are opened before anything is counted.
async fn open<F>(call: &Rc<F>, callers: usize) -> Result<(), Problem>
where
    F: AsyncFn(usize) -> Result<(), Problem> + 'static,
{
    let calls: Vec<_> = (0..callers)
        .map(|caller| {
            let call = Rc::clone(call);
            spawn_local(async move { call(caller).await })
        })
        .collect();
    for call in calls {
        call.await??;
    }
    Ok(())
}

#[derive(Default)]
struct State {
    calls: Cell<u64>,
    over: Cell<bool>,
    problem: RefCell<Option<Problem>>,
}

/// The processor time of all threads of the process.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// How late a timer of a millisecond is, the 99th of a hundred.
async fn lateness(during: Duration) -> Duration {
    let (began, mut late) = (Instant::now(), Vec::new());
    while began.elapsed() < during {
        let due = Instant::now() + TICK;
        sleep(TICK).await;
        late.push(due.elapsed());
    }
    late.sort_unstable();
    late.get(late.len() * 99 / 100).copied().unwrap_or_default()
}

/// The most memory that the process has held.
fn peak_kilobytes() -> Result<u64, Problem> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM in /proc/self/status")?
        .parse()?)
}
