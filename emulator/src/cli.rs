//! The program's arguments.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
#[cfg(feature = "tls")]
use easemob_presence_emulator::Tls;
use easemob_presence_emulator::{
    Builder, Emulator, PerSecond, Plan, PlanError, PresenceErrors, Settings, Window,
};

/// An in-memory stand-in for the presence REST API of Easemob IM and Agora Chat.
#[derive(Debug, Parser)]
#[command(version)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Arguments {
    /// Port to listen on; 0 for any free one.
    #[arg(long, default_value_t = 8088)]
    pub(crate) port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Let other machines reach it; they need no password for the control API.
    #[arg(long)]
    allow_remote: bool,
    /// App key, ORG#APP.
    #[arg(long, default_value = "easemob-demo#test")]
    app_key: String,
    /// Client id that the token call takes.
    #[arg(long, default_value = "emulator-client-id")]
    client_id: String,
    /// Client secret that the token call takes.
    #[arg(long, default_value = "emulator-secret")]
    client_secret: String,
    /// Settings, as GET /_emulator/settings shows them; other arguments win over it.
    #[arg(long, value_name = "FILE.json")]
    settings: Option<PathBuf>,
    /// Plan of faults, as PUT /_emulator/faults takes it.
    #[arg(long, value_name = "FILE.json")]
    faults: Option<PathBuf>,
    /// Serve HTTPS, with this kind of certificate.
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "KIND")]
    tls: Option<Certificate>,
    /// Calls per second for every endpoint, or `off`; the documented rates unless given.
    #[arg(long, value_name = "N|off", value_parser = rate)]
    rate: Option<Rate>,
    /// How calls are counted.
    #[arg(long)]
    window: Option<Kind>,
    /// Calls that may come at once, for `--window bucket`; the rate unless given.
    #[arg(long, value_name = "N")]
    burst: Option<u32>,
    /// Answer numbers as numbers instead of strings.
    #[arg(long)]
    numbers: bool,
    /// Answer presence errors in the envelope instead of `{"result": …}`.
    #[arg(long)]
    envelope_errors: bool,
    /// Answer 404 for users that were never registered.
    #[arg(long)]
    require_registration: bool,
    /// Take {"users": […]} for the bare array of unsubscribe.
    #[arg(long)]
    lenient_delete_body: bool,
    /// Milliseconds until the subscription list shows a write.
    #[arg(long, value_name = "MS")]
    list_lag_ms: Option<u64>,
    /// Count `ttl` and `expires_in` in milliseconds, as the VIP 5 cluster does.
    #[arg(long)]
    token_millis: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    PerSecond(u32),
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Fixed,
    SlidingLog,
    SlidingCounter,
    Bucket,
}

#[cfg(feature = "tls")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Certificate {
    Trusted,
    Expired,
    SelfSigned,
    WrongHost,
    UnknownAuthority,
}

#[cfg(feature = "tls")]
impl From<Certificate> for Tls {
    fn from(kind: Certificate) -> Self {
        match kind {
            Certificate::Trusted => Self::Trusted,
            Certificate::Expired => Self::Expired,
            Certificate::SelfSigned => Self::SelfSigned,
            Certificate::WrongHost => Self::WrongHost,
            Certificate::UnknownAuthority => Self::UnknownAuthority,
        }
    }
}

const DOCUMENTED_RATE: u32 = 50;

impl Arguments {
    pub(crate) fn builder(self) -> Result<Builder, String> {
        let settings = self.settings()?;
        let faults = self.faults.as_deref().map(plan).transpose()?;
        let builder = faults.into_iter().fold(Emulator::builder(), Builder::faults);
        #[cfg(feature = "tls")]
        let builder = self.tls.map(Tls::from).into_iter().fold(builder, Builder::tls);
        Ok(builder
            .port(self.port)
            .bind(self.bind)
            .allow_remote(self.allow_remote)
            .app_key(self.app_key)
            .credentials(self.client_id, self.client_secret)
            .settings(settings))
    }

    fn settings(&self) -> Result<Settings, String> {
        let mut settings = self.settings.as_deref().map_or_else(|| Ok(Settings::default()), read)?;
        settings.numbers_as_strings &= !self.numbers;
        settings.require_registration |= self.require_registration;
        settings.lenient_delete_body |= self.lenient_delete_body;
        settings.token_millis |= self.token_millis;
        if self.envelope_errors {
            settings.presence_errors = PresenceErrors::Envelope;
        }
        if let Some(lag) = self.list_lag_ms {
            settings.list_lag = std::time::Duration::from_millis(lag);
        }
        if let Some(kind) = self.window {
            settings.rate_limit.window = self.window_of(kind);
        }
        match self.rate {
            Some(Rate::PerSecond(rate)) => {
                settings.rate_limit.per_second = PerSecond::uniform(rate);
                // A rate asked for is a rate enforced, also over a file that switches it off.
                if settings.rate_limit.window == Window::Off {
                    settings.rate_limit.window = Window::default();
                }
            }
            Some(Rate::Off) => settings.rate_limit.window = Window::Off,
            None => {}
        }
        if self.burst.is_some() && self.window != Some(Kind::Bucket) {
            return Err("--burst needs --window bucket".into());
        }
        Ok(settings)
    }

    fn window_of(&self, kind: Kind) -> Window {
        match kind {
            Kind::Fixed => Window::Fixed,
            Kind::SlidingLog => Window::SlidingLog,
            Kind::SlidingCounter => Window::SlidingCounter,
            Kind::Bucket => {
                let rate = match self.rate {
                    Some(Rate::PerSecond(rate)) => rate,
                    Some(Rate::Off) | None => DOCUMENTED_RATE,
                };
                Window::Bucket { burst: self.burst.unwrap_or(rate) }
            }
        }
    }
}

fn read(file: &Path) -> Result<Settings, String> {
    let problem = |problem: &dyn std::fmt::Display| format!("settings in {}: {problem}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| problem(&e))?;
    serde_json::from_str(&text).map_err(|e| problem(&e))
}

fn plan(file: &Path) -> Result<Plan, String> {
    let problem = |problem: &dyn std::fmt::Display| format!("faults in {}: {problem}", file.display());
    let text = std::fs::read_to_string(file).map_err(|e| problem(&e))?;
    text.parse().map_err(|e: PlanError| problem(&e))
}

fn rate(text: &str) -> Result<Rate, String> {
    match text {
        "off" => Ok(Rate::Off),
        _ => text.parse().map(Rate::PerSecond).map_err(|_| "a number of calls per second, or off".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[&str]) -> Result<Settings, String> {
        let all = std::iter::once("emulator").chain(arguments.iter().copied());
        Arguments::try_parse_from(all).map_err(|problem| problem.to_string())?.settings()
    }

    #[test]
    fn no_arguments_are_the_defaults() {
        assert_eq!(settings(&[]), Ok(Settings::default()));
    }

    #[test]
    fn rate_and_window_go_together() {
        let limit = |arguments: &[&str]| settings(arguments).unwrap().rate_limit;
        assert_eq!(limit(&["--rate", "7", "--window", "bucket"]).window, Window::Bucket { burst: 7 });
        assert_eq!(limit(&["--rate", "7"]).per_second, PerSecond::uniform(7));
        assert_eq!(limit(&["--window", "sliding-log"]).window, Window::SlidingLog);
        assert_eq!(limit(&["--rate", "off"]).window, Window::Off);
        assert!(settings(&["--burst", "3"]).is_err());
        assert!(settings(&["--rate", "fast"]).is_err());
    }

    #[test]
    fn switches_reach_the_settings() {
        let all =
            settings(&["--numbers", "--envelope-errors", "--list-lag-ms", "5", "--token-millis"]).unwrap();
        assert!(!all.numbers_as_strings && all.token_millis);
        assert_eq!(all.presence_errors, PresenceErrors::Envelope);
        assert_eq!(all.list_lag.as_millis(), 5);
    }

    #[test]
    fn a_missing_settings_file_is_named() {
        let problem = settings(&["--settings", "/nowhere/x.json"]).unwrap_err();
        assert!(problem.contains("/nowhere/x.json"), "{problem}");
    }

    #[test]
    fn other_arguments_win_over_the_settings_file() {
        let file = std::env::temp_dir().join(format!("emulator-settings-{}.json", std::process::id()));
        std::fs::write(&file, r#"{"rate_limit":{"window":"off"},"page_size_cap":5,"list_lag_ms":7}"#)
            .unwrap();
        let path = file.to_str().unwrap();
        let alone = settings(&["--settings", path]);
        let over = settings(&["--settings", path, "--rate", "7", "--list-lag-ms", "9"]);
        std::fs::remove_file(&file).unwrap();
        let (alone, over) = (alone.unwrap(), over.unwrap());
        assert_eq!((alone.rate_limit.window, alone.list_lag.as_millis()), (Window::Off, 7));
        assert_eq!((over.rate_limit.window, over.list_lag.as_millis()), (Window::Fixed, 9));
        assert_eq!(over.rate_limit.per_second, PerSecond::uniform(7));
        assert_eq!((alone.page_size_cap, over.page_size_cap), (5, 5));
    }
}
