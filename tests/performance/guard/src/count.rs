//! Counting with callgrind.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use easemob_presence::instructions::PATHS;

use crate::compare::Recorded;

/// Two runs of each path differ by so many rounds; what starting and ending costs cancels out.
const FEW: usize = 200;
const MANY: usize = 1_200;

/// The instructions of one round of each path.
pub(crate) fn all() -> Result<Recorded, Box<dyn Error>> {
    let mut instructions = Vec::new();
    for (place, (path, _)) in PATHS.iter().enumerate() {
        let rounds = (MANY - FEW) as u64;
        let (few, many) = (counted(place, FEW)?, counted(place, MANY)?);
        instructions.push(((*path).to_owned(), many.saturating_sub(few) / rounds));
    }
    Ok(Recorded { rust: compiler()?, instructions: instructions.into_iter().collect() })
}

/// The instructions of this program, doing one path so many times.
fn counted(path: usize, rounds: usize) -> Result<u64, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let out = program.with_extension("callgrind");
    let mut file = std::ffi::OsString::from("--callgrind-out-file=");
    file.push(&out);
    let ended = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(file)
        .arg(&program)
        .args(["run", &path.to_string(), &rounds.to_string()])
        .output();
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err("make bench-guard needs valgrind: apt-get install valgrind (Debian, Ubuntu).".into());
        }
        Err(error) => return Err(error.into()),
    };
    if !ended.status.success() {
        return Err(format!("valgrind: {}", String::from_utf8_lossy(&ended.stderr)).into());
    }
    totals(&out)
}

fn totals(file: &Path) -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    let total =
        text.lines().find_map(|line| line.strip_prefix("totals: ")).ok_or("callgrind gave no total")?;
    Ok(total.trim().parse()?)
}

/// Counts of one compiler are not those of another.
fn compiler() -> Result<String, Box<dyn Error>> {
    let said = String::from_utf8(Command::new("rustc").arg("--version").output()?.stdout)?;
    Ok(said.split_whitespace().nth(1).ok_or("rustc gave no version")?.to_owned())
}
