//! How much of the allowed rate the client uses, and how many calls are rejected, against each of the emulator's kinds
//! of limiter, on loopback and 40 ms away, with governor's default quota beside it.
//!
//! `cargo run --package easemob-presence-limiter-bench -- [seconds]`, 60 if not given. All cases run at the same time,
//! each with its own emulator. The table is printed and written to `target/faults/limiter.json`. The exit code is 1 if
//! the client used less, or was rejected more often, than it promises.

mod case;
mod far;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use case::{Case, Measured, WINDOWS, Who, measure};
use easemob_presence_emulator::Window;
use serde_json::json;

const ROUND_TRIPS_MS: [u64; 2] = [0, 40];

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let seconds = std::env::args().nth(1).map_or(Ok(60), |argument| argument.parse())?;
    let time = Duration::from_secs(seconds);
    // reqwest asks for one, even for plain HTTP.
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a TLS provider was there before")?;
    let mut running = Vec::new();
    for round_trip_ms in ROUND_TRIPS_MS {
        for (window, kind) in WINDOWS {
            for who in [Who::Ours, Who::Governor] {
                running.push(tokio::spawn(measure(Case { window, kind, round_trip_ms, who }, time)));
            }
        }
    }
    let mut results = Vec::new();
    for case in running {
        results.push(case.await??);
    }
    print(&results, seconds);
    write(&results, seconds)?;
    let broken: Vec<_> = results.iter().filter(|measured| !keeps_promise(measured)).collect();
    for measured in &broken {
        println!("below what is promised: {measured:?}");
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(results: &[Measured], seconds: u64) {
    println!(
        "{} calls a second allowed, {seconds} s: part of the rate used, calls rejected",
        case::PER_SECOND
    );
    println!("| service's limiter | round trip | this client | governor |");
    println!("|---|---|---|---|");
    for pair in results.chunks(2) {
        if let [ours, governor] = pair {
            let cell = |of: &Measured| format!("{:.1} %, {} rejected", of.used * 100.0, of.rejected);
            let Case { window, round_trip_ms, .. } = ours.case;
            println!("| {window} | {round_trip_ms} ms | {} | {} |", cell(ours), cell(governor));
        }
    }
}

fn write(results: &[Measured], seconds: u64) -> Result<(), Box<dyn Error + Send + Sync>> {
    let directory = Path::new("target/faults");
    fs::create_dir_all(directory)?;
    let text = serde_json::to_string_pretty(&json!({
        "per_second": case::PER_SECOND,
        "seconds": seconds,
        "cases": results,
    }))?;
    fs::write(directory.join("limiter.json"), text + "\n")?;
    Ok(())
}

/// On loopback 99 % and no rejection; 40 ms away 96 % and one rejection in 6,000 calls. A bucket of one call is only
/// reported: no client can know it before it has been rejected.
fn keeps_promise(measured: &Measured) -> bool {
    if measured.case.who != Who::Ours || measured.case.kind == (Window::Bucket { burst: 1 }) {
        return true;
    }
    if measured.case.round_trip_ms == 0 {
        measured.used >= 0.99 && measured.rejected == 0
    } else {
        measured.used >= 0.96 && measured.rejected <= 1 + measured.accepted / 6_000
    }
}
