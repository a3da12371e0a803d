//! The emulator as a program.

#![forbid(unsafe_code)]

mod cli;

use std::io::{self, Write};
use std::process::ExitCode;

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
    announce(&emulator).map_err(|problem| problem.to_string())?;
    runtime.block_on(tokio::signal::ctrl_c()).map_err(|problem| problem.to_string())
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
