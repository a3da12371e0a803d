//! Makes the calls of the fault suite with the Rust client.

mod answer;
mod call;
mod client;
mod held;
mod tell;

use std::error::Error;
use std::io::{self, BufRead, StdinLock, Write};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use easemob_presence::Client;
use easemob_presence_faults_protocol::{Job, Line, Outcome, Phase, Report};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

fn main() -> Result<(), Box<dyn Error>> {
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
    let mut outcomes = Vec::new();
    let began = Instant::now();
    let slot = client::Slot::default();
    let close_ms = match client::build(job, &slot) {
        Ok(client) => {
            eprintln!("{client:?} {client:#?}");
            for (number, phase) in job.phases.iter().enumerate() {
                outcomes.extend(runtime.block_on(all(&client, phase)));
                if number + 1 < job.phases.len() {
                    say(&Line::PhaseDone { phase_done: number })?;
                    next(input)?;
                }
            }
            let began = Instant::now();
            client.close();
            drop(slot.lock().unwrap_or_else(PoisonError::into_inner).take());
            drop(client);
            tell::ms(began)
        }
        // What cannot be built fails every call.
        Err(error) => {
            let calls = job.phases.iter().flat_map(|phase| &phase.calls);
            outcomes.extend(calls.map(|call| tell::failed(call.item, began, &error)));
            0.0
        }
    };
    let after = held::settled(runtime, &before);
    Ok(Report { id: job.id, outcomes, close_ms, before, after, ..Report::default() })
}

/// All calls of a phase, so many at once.
async fn all(client: &Client, phase: &Phase) -> Vec<Outcome> {
    let at_once = if phase.concurrency == 0 { Semaphore::MAX_PERMITS } else { phase.concurrency };
    let room = Arc::new(Semaphore::new(at_once));
    let mut running = FuturesUnordered::new();
    for call in phase.calls.clone() {
        let (client, room) = (client.clone(), Arc::clone(&room));
        // Room is taken here, in the order of the calls.
        let Ok(permit) = room.acquire_owned().await else { continue };
        running.push(tokio::spawn(async move {
            let outcome = call::make(&client, &call).await;
            drop(permit);
            outcome
        }));
    }
    let mut outcomes = Vec::new();
    while let Some(ended) = running.next().await {
        match ended {
            Ok(outcome) => outcomes.push(outcome),
            Err(panic) => eprintln!("a call panicked: {panic}"),
        }
    }
    outcomes
}
