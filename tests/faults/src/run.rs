//! One case with one client.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Problem;
use crate::catalogue::{Case, Kind};
use crate::judge::{Evidence, Verdict, Violation, Wrong, judge};
use crate::language::Client;
use crate::process::Runner;
use crate::stage::{Secrets, Stage};

/// What a runner may take beyond what its calls may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How all cases are run.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Decides texts and what is left to chance.
    pub seed: u64,
    /// Fewer items, and no case that takes long.
    pub quick: bool,
    /// What must not be seen.
    pub secrets: Secrets,
}

/// How a case ended.
#[derive(Clone, Debug, Serialize)]
pub struct Ended {
    /// The kind's name.
    pub kind: String,
    /// The case's name.
    pub case: String,
    /// Whose.
    pub client: Client,
    /// By the laws.
    pub verdict: Verdict,
    /// How many calls were made.
    pub items: usize,
    /// How long closing took.
    pub close_ms: f64,
    /// How long all of it took.
    pub took_ms: f64,
}

impl Ended {
    /// What a log says before the case's output.
    #[must_use]
    pub fn mark(kind: &str, case: &str) -> String {
        format!("{kind} {case}")
    }
}

/// Runs it; the runner is of no more use where it says so.
///
/// # Errors
/// If the case cannot be set up. What a runner does wrong is in the verdict.
pub fn run(
    (kind, case): (&Kind, &Case),
    client: Client,
    runner: &mut Runner,
    manner: &Manner,
    number: u64,
) -> Result<(Ended, bool), Problem> {
    let began = Instant::now();
    let mut stage = Stage::set(case, &manner.secrets, manner.seed, manner.quick)
        .map_err(|problem| format!("{} {}: {problem}", kind.kind, case.name))?;
    stage.job.id = number;
    stage.job.case = Ended::mark(&kind.kind, &case.name);
    let (job, timeout_ms) = (stage.job.clone(), stage.job.options.timeout_ms.unwrap_or_default());
    let told = runner.run(&job, patience(&job, timeout_ms), |phase| stage.after_phase(phase));
    let state_before = stage.state_before.clone();
    let (journal, in_the_end, elsewhere) = stage.end();
    let last_phase = job.phases.last().and_then(|phase| phase.calls.first()).map_or(0, |call| call.item);
    let mut evidence = Evidence {
        last_phase,
        by_hand: client.baseline,
        submitted: job.phases.into_iter().flat_map(|phase| phase.calls).collect(),
        state: in_the_end,
        state_before,
        timeout_ms: Duration::from_millis(timeout_ms).as_secs_f64() * 1_000.0,
        unknown_allowed: case.unknown.unwrap_or(kind.unknown),
        must_fire: case.plan.is_some() && !case.may_not_fire,
        elsewhere,
        compare_held: true,
        expect: case.expect.clone(),
        ..Evidence::default()
    };
    evidence.read(&journal)?;
    let (items, usable) = (evidence.submitted.len(), told.is_ok());
    let problem = told.map(|report| evidence.report = report).err();
    let mut verdict = judge(&evidence);
    if let Some(problem) = problem {
        let text = format!("the runner failed: {problem}");
        verdict.violations.insert(0, Violation { wrong: Wrong::Lost, item: None, text });
    }
    let ended = Ended {
        kind: kind.kind.clone(),
        case: case.name.clone(),
        client,
        verdict,
        items,
        close_ms: evidence.report.close_ms,
        took_ms: began.elapsed().as_secs_f64() * 1_000.0,
    };
    Ok((ended, usable))
}

/// All calls of a phase may take their whole time, as many at once as may be.
fn patience(job: &easemob_presence_faults_protocol::Job, timeout_ms: u64) -> Duration {
    let turns = |phase: &easemob_presence_faults_protocol::Phase| {
        let at_once = if phase.concurrency == 0 { phase.calls.len() } else { phase.concurrency };
        phase.calls.len().div_ceil(at_once.max(1)) as u64
    };
    PATIENCE + Duration::from_millis(timeout_ms * job.phases.iter().map(turns).sum::<u64>())
}
