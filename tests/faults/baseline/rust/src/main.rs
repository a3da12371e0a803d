//! Makes the calls of the fault suite with the client written by hand.

mod calls;
#[path = "../../../rust/src/held.rs"]
mod held;
mod presence;

use std::error::Error;
use std::io::{self, BufRead, StdinLock, Write};
use std::sync::Arc;
use std::time::Instant;

use easemob_presence_faults_protocol::{Job, Line, Outcome, Phase, Report};
use presence::Client;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut input = io::stdin().lock();
    while let Some(line) = next(&mut input)? {
        let job: Job = serde_json::from_str(&line)?;
        eprintln!("=== {}", job.case);
        let report = run(&runtime, &job, &mut input)?;
        say(&Line::Report(Box::new(report)))?;
    }
    Ok(())
}

fn next(input: &mut StdinLock<'_>) -> io::Result<Option<String>> {
    let mut line = String::new();
    Ok((input.read_line(&mut line)? > 0).then_some(line))
}

fn say(line: &Line) -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(line)?)?;
    Ok(output.flush()?)
}

fn run(runtime: &Runtime, job: &Job, input: &mut StdinLock<'_>) -> Result<Report, Box<dyn Error>> {
    let before = held::now(runtime);
    held::forget_peak();
    let client = Arc::new(Client::new(job)?);
    let mut outcomes = Vec::new();
    for (number, phase) in job.phases.iter().enumerate() {
        outcomes.extend(runtime.block_on(all(&client, phase)));
        if number + 1 < job.phases.len() {
            say(&Line::PhaseDone { phase_done: number })?;
            next(input)?;
        }
    }
    let began = Instant::now();
    drop(client);
    let close_ms = began.elapsed().as_secs_f64() * 1_000.0;
    let after = held::settled(runtime, &before);
    Ok(Report { id: job.id, outcomes, close_ms, before, after, ..Report::default() })
}

async fn all(client: &Arc<Client>, phase: &Phase) -> Vec<Outcome> {
    let at_once = if phase.concurrency == 0 { Semaphore::MAX_PERMITS } else { phase.concurrency };
    let room = Arc::new(Semaphore::new(at_once));
    let mut running = JoinSet::new();
    for call in phase.calls.clone() {
        let (client, room) = (Arc::clone(client), Arc::clone(&room));
        running.spawn(async move {
            let _permit = room.acquire().await;
            calls::make(&client, &call).await
        });
    }
    running.join_all().await
}
