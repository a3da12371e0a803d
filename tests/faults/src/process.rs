//! The runners: one process for each client in use, fed with jobs, one at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use easemob_presence_faults_protocol::{Job, Line, Report};

use crate::Problem;
use crate::language::{Client, Language};

/// Who does not end by itself after this long is ended.
const EXIT_PATIENCE: Duration = Duration::from_secs(10);

/// Where programs are and where logs go.
#[derive(Clone, Debug)]
pub struct Paths {
    /// The repository.
    pub root: PathBuf,
    /// Programs of Rust.
    pub binaries: PathBuf,
    /// Everything that the suite writes.
    pub out: PathBuf,
}

impl Paths {
    fn command(&self, client: Client) -> Command {
        let faults = self.root.join("tests/faults");
        let python = |environment: PathBuf, file: &str| {
            let mut command = Command::new(environment.join("bin/python"));
            command.args(["-X", "dev", "-W", "default"]).arg(faults.join(file));
            command
        };
        let node = |file: &str| {
            let mut command = Command::new("node");
            command.args(["--expose-gc", "--trace-warnings"]).arg(faults.join(file));
            command
        };
        match (client.language, client.baseline) {
            (Language::Rust, false) => Command::new(self.binaries.join("easemob-presence-faults-rust")),
            (Language::Rust, true) => Command::new(self.binaries.join("easemob-presence-faults-baseline")),
            (Language::Python, false) => python(self.root.join(".venv"), "python/runner.py"),
            (Language::Python, true) => {
                python(self.root.join("target/faults/baseline-python"), "baseline/python/runner.py")
            }
            (Language::Node, false) => node("node/runner.mjs"),
            (Language::Node, true) => node("baseline/node/runner.mjs"),
        }
    }

    /// Where what a client's processes write is kept.
    #[must_use]
    pub fn logs(&self, client: Client) -> PathBuf {
        self.out.join("logs").join(client.to_string())
    }
}

/// A running process.
#[derive(Debug)]
pub struct Runner {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Runner {
    /// Starts one, with no more file descriptors than that. Everything that it writes is kept under the number.
    ///
    /// # Errors
    /// If the program is not there or a log cannot be made.
    pub fn start(
        paths: &Paths,
        client: Client,
        number: usize,
        descriptors: Option<u32>,
    ) -> Result<Self, Problem> {
        let logs = paths.logs(client);
        std::fs::create_dir_all(&logs)?;
        let log = |stream: &str| File::create(logs.join(format!("{number}.{stream}")));
        let mut command = paths.command(client);
        if let Some(most) = descriptors {
            command = limited(&command, most);
        }
        command
            .envs([("RUST_BACKTRACE", "1"), ("RUST_LOG", "trace"), ("NODE_DEBUG", NODE_DEBUG)])
            .env_remove("EASEMOB_EMULATOR_HOST")
            .current_dir(&paths.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log("stderr")?);
        let mut child = command.spawn().map_err(|problem| format!("{command:?}: {problem}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".into());
        };
        let (mut copy, (sender, lines)) = (log("stdout")?, channel());
        thread::spawn(move || -> io::Result<()> {
            for line in BufReader::new(output).lines() {
                let line = line?;
                writeln!(copy, "{line}")?;
                if sender.send(line).is_err() {
                    break;
                }
            }
            Ok(())
        });
        Ok(Self { child, input, lines })
    }

    /// Has it do a job; `between` is called after each phase but the last.
    ///
    /// # Errors
    /// If the process ends, says something else, or says nothing for as long as `patience`.
    pub fn run(
        &mut self,
        job: &Job,
        patience: Duration,
        mut between: impl FnMut(usize),
    ) -> Result<Report, Problem> {
        writeln!(self.input, "{}", serde_json::to_string(job)?)?;
        self.input.flush()?;
        loop {
            let line = self.lines.recv_timeout(patience).map_err(|problem| match problem {
                RecvTimeoutError::Timeout => format!("no word for {} s", patience.as_secs()),
                RecvTimeoutError::Disconnected => "the process ended".to_owned(),
            })?;
            let shown = || line.chars().take(200).collect::<String>();
            match serde_json::from_str(&line).map_err(|problem| format!("{problem}: {}", shown()))? {
                Line::PhaseDone { phase_done } => {
                    between(phase_done);
                    writeln!(self.input, "{{}}")?;
                    self.input.flush()?;
                }
                Line::Report(report) if report.id == job.id => return Ok(*report),
                Line::Report(report) => return Err(format!("a report of job {}", report.id).into()),
            }
        }
    }

    /// Ends its input and waits for its end; gives how long that took.
    ///
    /// # Errors
    /// If it does not end, or ends with a code or a signal.
    pub fn finish(self) -> Result<Duration, Problem> {
        let Self { mut child, input, lines } = self;
        let began = Instant::now();
        drop(input);
        // Nothing more is said: the stream's end is the process's.
        match lines.recv_timeout(EXIT_PATIENCE) {
            Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                child.kill()?;
                child.wait()?;
                return Err(format!("does not end within {} s", EXIT_PATIENCE.as_secs()).into());
            }
            Ok(line) => return Err(format!("says more in the end: {line}").into()),
        }
        let status = child.wait()?;
        let took = began.elapsed();
        if status.success() { Ok(took) } else { Err(format!("ended with {status}").into()) }
    }

    /// Ends a process that cannot be used any more.
    pub fn kill(mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same program under a limit of file descriptors.
fn limited(command: &Command, descriptors: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"")]);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

/// What Node's own modules have to say. `timer` is left out: it speaks of every millisecond.
const NODE_DEBUG: &str = "http,https,net,tls,stream,undici,fetch,worker,crypto,url";

/// The directory of the program that runs, which is where the other programs of the build are.
///
/// # Errors
/// If the system does not tell.
pub fn binaries() -> Result<PathBuf, Problem> {
    let own = std::env::current_exe()?;
    Ok(own.parent().map(Path::to_owned).ok_or("a program without a directory")?)
}
