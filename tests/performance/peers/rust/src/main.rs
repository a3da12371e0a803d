//! The workloads through what else one would write: `reqwest` and `hyper` with serde's types, and `raw`, a request made
//! beforehand over a bare socket, whose answer nobody reads: the floor.

mod http;
mod presence;
mod raw;

use std::process::ExitCode;
use std::rc::Rc;

use easemob_presence_bench_measure::{Job, Problem, run};

use http::{Hyper, Post, Reqwest};
use presence::Client;
use raw::Raw;

fn main() -> ExitCode {
    match Job::read().and_then(|job| start(&job)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn start(job: &Job) -> Result<(), Problem> {
    match job.client.as_str() {
        "reqwest" => run(job, || Ok(caller(job, Reqwest::new(job)?))),
        "hyper" => run(job, || Ok(caller(job, Hyper::new()))),
        "raw" => run(job, || {
            let raw = Rc::new(Raw::new(job)?);
            Ok(async move |caller: usize| raw.call(caller).await)
        }),
        other => Err(format!("no client is called {other}").into()),
    }
}

fn caller<P: Post + 'static>(job: &Job, http: P) -> impl AsyncFn(usize) -> Result<(), Problem> + 'static {
    let (client, workload) = (Client::new(http, &job.url), job.workload);
    async move |caller: usize| client.call(workload, caller).await
}
