//! The command line.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use easemob_presence::instructions::PATHS;

use crate::compare::{Recorded, compared};
use crate::count;

/// Counts the instructions of the core's hot paths.
#[derive(Debug, Parser)]
#[command(name = "make bench-guard")]
struct Arguments {
    /// Writes the counts down, in place of comparing them.
    #[arg(long)]
    update: bool,
    #[command(subcommand)]
    inside: Option<Inside>,
}

#[derive(Debug, Subcommand)]
enum Inside {
    /// Does one path so many times: what valgrind runs.
    #[command(hide = true)]
    Run { path: usize, rounds: usize },
}

pub(crate) fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    if let Some(Inside::Run { path, rounds }) = arguments.inside {
        let (_, run) = PATHS.get(path).ok_or("no such path")?;
        run(rounds)?;
        return Ok(true);
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../instructions.json");
    let counted = count::all()?;
    if arguments.update {
        let mut json = serde_json::to_string_pretty(&counted)?;
        json.push('\n');
        fs::write(file, json)?;
        for (path, instructions) in &counted.instructions {
            println!("{instructions:>9}  {path}");
        }
        return Ok(true);
    }
    let recorded: Recorded = serde_json::from_str(&fs::read_to_string(file)?)?;
    let comparison = compared(&recorded, &counted);
    print!("{}", comparison.table);
    Ok(comparison.holds)
}
