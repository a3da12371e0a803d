use super::per_endpoint::PerEndpoint;
use crate::error::Error;
use crate::operation::Endpoint;

/// How many calls a second the client makes at most, by endpoint.
///
/// The service counts calls per endpoint and App Key. All clients of one App Key in a process share one limiter, so
/// that the rates hold for the process. Other processes are not seen: give each its [`share`](Self::share).
///
/// ```
/// use easemob_presence::{Endpoint, RateLimits};
///
/// // A pack allows 200 calls of `get` a second, and this is one of four processes.
/// let limits = RateLimits::documented().with(Endpoint::Get, 200).share(0.25);
/// assert_eq!(limits.per_second(Endpoint::Get), Some(50.0));
/// assert_eq!(limits.per_second(Endpoint::Set), Some(12.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimits {
    per_second: PerEndpoint<Option<u32>>,
    share: f64,
    /// Whether the caller chose any of it. Rates that nobody chose do not replace those that somebody did.
    chosen: bool,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self::documented()
    }
}

impl RateLimits {
    /// The documented rates: 50 calls a second; 100 for `devices`, `is_online` and `group_online_count`; 300 for
    /// `token`.
    ///
    /// A client that is built with these rates, unchanged, takes over the rates of the clients of the same App Key
    /// that the process already has. Any other rates replace theirs.
    #[must_use]
    pub fn documented() -> Self {
        let per_second = PerEndpoint::new(|endpoint| Some(endpoint.documented_per_second()));
        Self { per_second, share: 1.0, chosen: false }
    }

    /// No limits: every call is made at once. Calls are still counted.
    #[must_use]
    pub fn off() -> Self {
        Self { per_second: PerEndpoint::new(|_| None), share: 1.0, chosen: true }
    }

    /// The same rate for every endpoint, in calls a second, 1 or more.
    #[must_use]
    pub fn uniform(per_second: u32) -> Self {
        Self { per_second: PerEndpoint::new(|_| Some(per_second)), share: 1.0, chosen: true }
    }

    /// Another rate for one endpoint, in calls a second, 1 or more.
    #[must_use]
    pub fn with(self, endpoint: Endpoint, per_second: u32) -> Self {
        let rate = |other| if other == endpoint { Some(per_second) } else { *self.per_second.of(other) };
        Self { per_second: PerEndpoint::new(rate), chosen: true, ..self }
    }

    /// The part of every rate that this process may use, above 0 and at most 1. Given twice, the parts multiply.
    #[must_use]
    pub fn share(self, share: f64) -> Self {
        Self { share: self.share * share, chosen: true, ..self }
    }

    /// The rate of one endpoint in calls a second, with the share taken; none if there is no limit.
    #[must_use]
    pub fn per_second(&self, endpoint: Endpoint) -> Option<f64> {
        self.per_second.of(endpoint).map(|rate| f64::from(rate) * self.share)
    }

    pub(super) fn chosen(&self) -> bool {
        self.chosen
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        if !(self.share > 0.0 && self.share <= 1.0) {
            return Err(Error::config(format!(
                "a share of the rates of {} is not above 0 and at most 1",
                self.share
            )));
        }
        match Endpoint::ALL.iter().find(|&&endpoint| *self.per_second.of(endpoint) == Some(0)) {
            Some(endpoint) => {
                Err(Error::config(format!("a rate of 0 calls a second for {}", endpoint.name()))
                    .with_hint(Some("Switch the rate limits off to call without one.")))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_share_takes_its_part_of_every_rate_and_parts_multiply() {
        let limits = RateLimits::uniform(40).with(Endpoint::Token, 8).share(0.5).share(0.5);
        assert_eq!(limits.per_second(Endpoint::Get), Some(10.0));
        assert_eq!(limits.per_second(Endpoint::Token), Some(2.0));
        assert_eq!(RateLimits::off().share(0.5).per_second(Endpoint::Get), None);
    }

    #[test]
    fn a_share_out_of_range_and_a_rate_of_zero_are_refused() {
        for share in [0.0, -0.5, 1.000_1, f64::NAN, f64::INFINITY] {
            assert_eq!(RateLimits::off().share(share).check().unwrap_err().kind(), ErrorKind::Config);
        }
        for limits in [RateLimits::uniform(0), RateLimits::documented().with(Endpoint::Devices, 0)] {
            assert_eq!(limits.check().unwrap_err().kind(), ErrorKind::Config);
        }
        assert!(RateLimits::documented().share(0.001).check().is_ok());
    }

    #[test]
    fn only_untouched_rates_count_as_not_chosen() {
        assert!(!RateLimits::default().chosen());
        for limits in [
            RateLimits::off(),
            RateLimits::uniform(50),
            RateLimits::default().share(1.0),
            RateLimits::default().with(Endpoint::Get, 50),
        ] {
            assert!(limits.chosen());
        }
    }
}
