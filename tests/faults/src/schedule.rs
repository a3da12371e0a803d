//! All cases with all clients, some at the same time.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::Problem;
use crate::catalogue::{Case, Kind};
use crate::judge::{Violation, Wrong};
use crate::language::Client;
use crate::process::{Paths, Runner};
use crate::run::{Ended, Manner, run};

/// A case to be run with a client.
pub type Task<'a> = (&'a Kind, &'a Case, Client);

/// How a client's processes ended.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Exit {
    /// Whose.
    pub client: Client,
    /// How long the slowest took, once its input had ended.
    pub ms: f64,
    /// What was wrong.
    pub violations: Vec<Violation>,
}

/// A process that has ended its clients has this long.
const EXIT: Duration = Duration::from_secs(1);

struct Shop<'a> {
    paths: &'a Paths,
    manner: &'a Manner,
    /// Makes a process hold what it will always hold: its first client costs threads and modules.
    warm_up: (&'a Kind, &'a Case),
    tasks: Mutex<VecDeque<Task<'a>>>,
    idle: Mutex<HashMap<Client, Vec<Runner>>>,
    /// Processes under limits of their own: used once.
    limited: Mutex<HashMap<Client, Vec<Runner>>>,
    started: AtomicUsize,
    jobs: AtomicU64,
}

/// Runs them all, so many at a time.
///
/// # Errors
/// If a case cannot be set up or a runner not started.
pub fn all<'a>(
    tasks: Vec<Task<'a>>,
    warm_up: (&'a Kind, &'a Case),
    paths: &'a Paths,
    manner: &'a Manner,
    at_once: usize,
    told: &(dyn Fn(&Ended) + Sync),
) -> Result<(Vec<Ended>, Vec<Exit>), Problem> {
    let shop = Shop {
        paths,
        manner,
        warm_up,
        tasks: Mutex::new(tasks.into()),
        idle: Mutex::default(),
        limited: Mutex::default(),
        started: AtomicUsize::new(0),
        jobs: AtomicU64::new(0),
    };
    let ended = Mutex::new(Vec::new());
    // A function, so that the lock is not held while the task is done.
    let next = || locked(&shop.tasks).pop_front();
    thread::scope(|scope| {
        let work = || -> Result<(), Problem> {
            while let Some(task) = next() {
                let one = shop.task(task)?;
                told(&one);
                locked(&ended).push(one);
            }
            Ok(())
        };
        let threads: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread of the suite panicked")?)
    })?;
    let exits = shop.close();
    Ok((ended.into_inner().unwrap_or_else(PoisonError::into_inner), exits))
}

impl Shop<'_> {
    fn task(&self, (kind, case, client): Task<'_>) -> Result<Ended, Problem> {
        let own = case.descriptors.is_some();
        let idle = if own { None } else { locked(&self.idle).entry(client).or_default().pop() };
        let mut runner = match idle {
            Some(runner) => runner,
            None => self.start(client, case.descriptors)?,
        };
        let (ended, usable) = run((kind, case), client, &mut runner, self.manner, self.number())?;
        if usable {
            let kept = if own { &self.limited } else { &self.idle };
            locked(kept).entry(client).or_default().push(runner);
        } else {
            runner.kill();
        }
        Ok(ended)
    }

    fn start(&self, client: Client, descriptors: Option<u32>) -> Result<Runner, Problem> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let mut runner = Runner::start(self.paths, client, number, descriptors)?;
        let (warm, usable) = run(self.warm_up, client, &mut runner, self.manner, self.number())?;
        if usable {
            return Ok(runner);
        }
        runner.kill();
        let why = warm.verdict.violations.first().map(|violation| violation.text.clone());
        Err(format!("the runner of {client} does not work: {}", why.unwrap_or_default()).into())
    }

    fn number(&self) -> u64 {
        self.jobs.fetch_add(1, Ordering::Relaxed)
    }

    /// Ends all processes, each of which has to be gone within a second.
    fn close(self) -> Vec<Exit> {
        let mut idle = self.idle.into_inner().unwrap_or_else(PoisonError::into_inner);
        for (client, runners) in self.limited.into_inner().unwrap_or_else(PoisonError::into_inner) {
            idle.entry(client).or_default().extend(runners);
        }
        let mut exits: Vec<Exit> = idle.into_iter().map(|(client, runners)| exit(client, runners)).collect();
        exits.sort_by_key(|exit| exit.client);
        exits
    }
}

fn exit(client: Client, runners: Vec<Runner>) -> Exit {
    let (mut slowest, mut violations) = (Duration::ZERO, Vec::new());
    for runner in runners {
        let text = match runner.finish() {
            Ok(took) => {
                slowest = slowest.max(took);
                (took > EXIT).then(|| format!("the process took {} ms to end", took.as_millis()))
            }
            Err(problem) => Some(format!("the process {problem}")),
        };
        violations.extend(text.map(|text| Violation { wrong: Wrong::Late, item: None, text }));
    }
    Exit { client, ms: slowest.as_secs_f64() * 1_000.0, violations }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
