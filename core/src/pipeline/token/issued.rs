use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::HeaderValue;
use tokio::time::Instant;

use super::AppToken;
use crate::error::Error;

/// A token in use.
#[derive(Debug)]
pub(crate) struct Issued {
    header: HeaderValue,
    token: AppToken,
    generation: u64,
    renew_at: Option<Instant>,
    expires_at: Option<Instant>,
    accepted: AtomicBool,
}

impl Issued {
    /// `early` is a number from 0 to 1: how much of the leeway for renewing before the usual moment is used, so that
    /// processes that started together do not renew together.
    pub(super) fn new(token: AppToken, generation: u64, early: f64) -> Result<Self, Error> {
        token.check()?;
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.expose()))
            .map_err(|_| Error::config("the app token cannot be written as a header (it is not shown)"))?;
        header.set_sensitive(true);
        let now = Instant::now();
        let at = |wait: Duration| now.checked_add(wait);
        let renew_at = token.lifetime().and_then(|life| at(renewal(life, early)));
        let expires_at = token.lifetime().and_then(at);
        Ok(Self { header, token, generation, renew_at, expires_at, accepted: AtomicBool::new(false) })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    pub(super) fn expose(&self) -> &str {
        self.token.expose()
    }

    pub(crate) fn app_token(&self) -> AppToken {
        let token = AppToken::new(self.token.expose());
        match self.expires_at {
            Some(end) => token.expires_in(end.saturating_duration_since(Instant::now())),
            None => token,
        }
    }

    /// 1 for the first token of a client, 2 for the one after it.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Not yet due for renewal.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    /// Not yet at its end.
    pub(super) fn is_alive(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }

    /// Notes that the service took it; whether that is news.
    pub(super) fn accept(&self) -> bool {
        // Read first: this runs with every answer, and threads should not fight for the line.
        !self.accepted.load(Ordering::Relaxed) && !self.accepted.swap(true, Ordering::Relaxed)
    }
}

/// When a token of this life is renewed: at four fifths of it or five minutes before its end, whichever comes first,
/// but never before half of it; and up to a twentieth of its life, at most a minute, earlier than that.
fn renewal(life: Duration, early: f64) -> Duration {
    const BEFORE_END: Duration = Duration::from_secs(300);
    const MOST_EARLY: Duration = Duration::from_secs(60);
    let usual = (life * 4 / 5).min(life.saturating_sub(BEFORE_END).max(life / 2));
    usual.saturating_sub((life / 20).min(MOST_EARLY).mul_f64(early))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_token_is_renewed_well_before_its_end() {
        for (life, at) in [(100, 50), (600, 300), (1_000, 700), (1_500, 1_200), (86_400, 69_120), (0, 0)] {
            assert_eq!(renewal(Duration::from_secs(life), 0.0), Duration::from_secs(at), "{life}");
        }
        assert_eq!(renewal(Duration::from_secs(1_000), 1.0), Duration::from_secs(650));
        assert_eq!(renewal(Duration::from_secs(86_400), 1.0), Duration::from_secs(69_060));
        assert!(renewal(Duration::MAX / 4, 1.0) > Duration::from_secs(1_000_000));
    }

    #[tokio::test]
    async fn a_token_that_no_header_may_hold_is_refused_unseen() {
        let long = "canary".repeat(16 * 1024);
        for token in ["", "canary\r\nx: y", "canary token", "canary\u{e9}", &long] {
            let error = Issued::new(AppToken::new(token), 1, 0.0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn no_form_of_printing_shows_the_token() {
        let issued = Issued::new(AppToken::new("canary"), 1, 0.0).unwrap();
        assert!(!format!("{issued:?}").contains("canary"));
    }
}
