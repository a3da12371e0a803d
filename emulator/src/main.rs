//! The emulator as a program.

#![forbid(unsafe_code)]

mod cli;

use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::pin;
use std::process::ExitCode;
use std::task::Poll;

use clap::Parser;
use easemob_presence_emulator::Emulator;

fn main() -> ExitCode {
    match run(cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nobody is left to tell if standard error is closed as well.
            let _ = writeln!(io::stderr(), "easemob-presence-emulator: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: cli::Arguments) -> Result<(), String> {
    let port = arguments.port;
    let emulator = arguments.builder()?.start().map_err(|problem| explained(&problem, port))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|problem| problem.to_string())?;
    runtime.block_on(until_interrupted(&emulator)).map_err(|problem| problem.to_string())
}

/// Says that it is ready, and waits for Ctrl-C.
async fn until_interrupted(emulator: &Emulator) -> io::Result<()> {
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    // Looked at before the announcement, which registers it: who reads that may interrupt at once.
    if let Poll::Ready(early) = poll_fn(|context| Poll::Ready(interrupted.as_mut().poll(context))).await {
        return early;
    }
    announce(emulator)?;
    interrupted.await
}

fn announce(emulator: &Emulator) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "easemob-presence-emulator {} is ready", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  url            {}", emulator.url())?;
    writeln!(out, "  app key        {}", emulator.app_key())?;
    writeln!(out, "  app id         {}", emulator.app_id())?;
    writeln!(out, "  client id      {}", emulator.client_id())?;
    writeln!(out, "  client secret  {}", emulator.client_secret())?;
    writeln!(out, "  control        {}/_emulator/", emulator.url())?;
    #[cfg(feature = "tls")]
    if let Some(authority) = emulator.certificate_authority() {
        writeln!(out, "  authority      for clients to trust:\n{authority}")?;
    }
    writeln!(out, "Ctrl-C stops it.")?;
    out.flush()
}

fn explained(problem: &io::Error, port: u16) -> String {
    match problem.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "port {port} is taken by another program: choose one with --port, or --port 0 for any free one"
            )
        }
        _ => problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_way_out_and_other_problems_as_they_are() {
        let taken = explained(&io::ErrorKind::AddrInUse.into(), 8088);
        assert!(taken.contains("port 8088") && taken.contains("--port 0"), "{taken}");
        assert_eq!(explained(&io::Error::other("no threads left"), 8088), "no threads left");
    }
}
