//! The cases of `tests/scenarios`: several steps against one emulator.

use std::collections::BTreeMap;
use std::time::Duration;

use easemob_presence::{Client, Endpoint, RateLimits};
use easemob_presence_emulator::{Emulator, Settings};
use serde::Deserialize;

use crate::Problem;
use crate::files::{self, Named};
use crate::report::Report;
use crate::steps::{Stage, Step};

const DIRECTORY: &str = "scenarios";
/// 2023-11-14T22:13:20Z, the moment at which every scenario begins.
const BEGIN_MS: u64 = 1_700_000_000_000;
const LONG: Duration = Duration::from_secs(86_400);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    client: ClientSpec,
    #[serde(default)]
    clock: ClockSpec,
    steps: Vec<Step>,
}

/// What the emulator's clock does.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum ClockSpec {
    #[default]
    Frozen,
    /// As all clocks do, for what is waited for.
    Running,
}

impl Named for Scenario {
    fn name(&self) -> &str {
        &self.name
    }
}

/// How the client is built; the emulator's own App Key, client id and secret unless said otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ClientSpec {
    addressing: Addressing,
    credentials: Credentials,
    /// 1 if not given.
    max_attempts: Option<u32>,
    /// The documented ones with these replaced; off if not given.
    rate_limits: Option<BTreeMap<String, u32>>,
    /// Whether gets of one moment are one request; the client's default if not given.
    coalesce: Option<bool>,
    /// How old an answer of get may be that is given again; none if not given.
    cache_seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Addressing {
    #[default]
    AppKey,
    AppId,
    /// An App Key that the emulator does not know.
    UnknownAppKey,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Credentials {
    #[default]
    Client,
    WrongSecret,
    /// A token that the emulator issued.
    FixedToken,
    /// A token from elsewhere that the emulator does not know.
    UnknownToken,
}

/// Runs all scenarios of one file.
pub async fn run_scenarios(file: &str) -> Report {
    let scenarios: Vec<Scenario> = match files::cases(DIRECTORY, file) {
        Ok(scenarios) => scenarios,
        Err(problem) => return Report::unreadable(file, &problem),
    };
    let mut report = Report::new(file);
    for scenario in scenarios {
        report.add(&scenario.name, scenario.run().await);
    }
    report
}

/// How many scenarios all files hold together.
///
/// # Errors
/// If a file cannot be read, or two scenarios share a name.
pub fn scenario_count() -> Result<usize, String> {
    let mut names = Vec::new();
    for file in files::case_files(DIRECTORY)? {
        let scenarios: Vec<Scenario> =
            files::cases(DIRECTORY, &file).map_err(|problem| format!("{file}: {problem}"))?;
        names.extend(scenarios.into_iter().map(|scenario| scenario.name));
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() == count { Ok(count) } else { Err("two scenarios share a name".into()) }
}

impl Scenario {
    async fn run(&self) -> Result<(), Problem> {
        let emulator =
            Emulator::builder().settings(self.settings.clone()).start().map_err(|error| error.to_string())?;
        if self.clock == ClockSpec::Frozen {
            emulator.clock().freeze();
        }
        emulator.clock().set(BEGIN_MS);
        let client = self.client.build(&emulator)?;
        let mut stage = Stage::new(&emulator, &client)?;
        if self.steps.is_empty() {
            return Err("there is no step".into());
        }
        for (step, place) in self.steps.iter().zip(1..) {
            stage.run(step).await.map_err(|problem| format!("step {place}: {problem}"))?;
        }
        Ok(())
    }
}

impl ClientSpec {
    fn build(&self, emulator: &Emulator) -> Result<Client, Problem> {
        let builder = Client::builder()
            .host(emulator.url())
            .max_attempts(self.max_attempts.unwrap_or(1))
            .rate_limits(self.rate_limits()?)
            .coalesce(self.coalesce.unwrap_or(true))
            .cache(Duration::from_secs(self.cache_seconds.unwrap_or(0)))
            .min_token_interval(Duration::ZERO);
        let builder = match self.addressing {
            Addressing::AppKey => builder.app_key(emulator.app_key()),
            Addressing::AppId => builder.app_id(emulator.app_id()),
            Addressing::UnknownAppKey => builder.app_key("unknown-org#unknown-app"),
        };
        let builder = match self.credentials {
            Credentials::Client => builder.client_credentials(emulator.client_id(), emulator.client_secret()),
            Credentials::WrongSecret => builder.client_credentials(emulator.client_id(), "not-the-secret"),
            Credentials::FixedToken => builder.app_token(emulator.issue_token(LONG)),
            Credentials::UnknownToken => builder.app_token("007eJx-not-a-token-of-this-app"),
        };
        builder.build().map_err(|error| error.to_string())
    }

    fn rate_limits(&self) -> Result<RateLimits, Problem> {
        let Some(rates) = &self.rate_limits else { return Ok(RateLimits::off()) };
        let mut limits = RateLimits::documented();
        for (name, &rate) in rates {
            let endpoint = Endpoint::from_name(name).ok_or_else(|| format!("there is no endpoint {name}"))?;
            limits = limits.with(endpoint, rate);
        }
        Ok(limits)
    }
}
