//! The command line, and the line that answers it.

use std::path::PathBuf;
use std::time::Duration;

use crate::Problem;

/// What a program is asked to measure.
#[derive(Debug)]
pub struct Job {
    /// Which of the program's clients.
    pub client: String,
    /// What each call does.
    pub workload: Workload,
    /// How many callers there are, each with one call at a time.
    pub callers: usize,
    /// How long calls are counted.
    pub measured: Duration,
    /// `http://…` or `https://…`, without a path.
    pub url: String,
    /// The authority to trust for `https`.
    pub authority: PathBuf,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Writes one device's status; each caller has a device of its own.
    Set,
    /// Reads one user; each caller another.
    Get,
    /// Reads 100 users and looks at two of them.
    Get100,
    /// Reads 100 users and every field of theirs and of their devices.
    Touched,
}

impl Job {
    /// The job of the command line.
    ///
    /// # Errors
    /// If it is not `CLIENT WORKLOAD CALLERS SECONDS URL CA_FILE`.
    pub fn read() -> Result<Self, Problem> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [client, workload, callers, seconds, url, authority] = arguments.as_slice() else {
            return Err("usage: CLIENT WORKLOAD CALLERS SECONDS URL CA_FILE".into());
        };
        Ok(Self {
            client: client.clone(),
            workload: match workload.as_str() {
                "set" => Workload::Set,
                "get" => Workload::Get,
                "get100" => Workload::Get100,
                "touched" => Workload::Touched,
                other => return Err(format!("no workload is called {other}").into()),
            },
            callers: callers.parse()?,
            measured: Duration::try_from_secs_f64(seconds.parse()?)?,
            url: url.clone(),
            authority: authority.into(),
        })
    }
}

/// What the calls have cost.
pub(crate) struct Costs {
    pub(crate) calls: u64,
    pub(crate) took: Duration,
    pub(crate) processor: Duration,
    /// How late the timer was; not measured beside one caller.
    pub(crate) late: Option<Duration>,
    pub(crate) peak_kilobytes: u64,
}

impl Costs {
    /// One line of JSON.
    #[expect(clippy::cast_precision_loss, reason = "no run makes more calls than a float counts")]
    pub(crate) fn line(&self) -> String {
        let timer = self.late.map_or("null".to_owned(), |late| format!("{:.4}", late.as_secs_f64() * 1e3));
        format!(
            r#"{{"calls":{},"per_second":{:.2},"cpu_us":{:.4},"loop_us":null,"timer_p99_ms":{timer},"peak_mb":{:.3}}}"#,
            self.calls,
            self.calls as f64 / self.took.as_secs_f64(),
            self.processor.as_secs_f64() * 1e6 / self.calls as f64,
            self.peak_kilobytes as f64 / 1024.0,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_costs_for_each_call() {
        let costs = Costs {
            calls: 1000,
            took: Duration::from_secs(2),
            processor: Duration::from_millis(40),
            late: Some(Duration::from_micros(1500)),
            peak_kilobytes: 2048,
        };
        let line = r#"{"calls":1000,"per_second":500.00,"cpu_us":40.0000,"loop_us":null,"timer_p99_ms":1.5000,"peak_mb":2.000}"#;
        assert_eq!(costs.line(), line);
    }
}
