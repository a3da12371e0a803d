use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::Instant;

/// How far a call on many users is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Users whose outcome is known, failed ones included.
    pub done: u64,
    /// Users in all, where that is known: not for a stream, or an iterator that does not know its length.
    pub total: Option<u64>,
    /// Users for whom the call failed.
    pub failed: u64,
    /// The time since the call began.
    pub elapsed: Duration,
    /// Users a second, on average.
    pub rate: f64,
    /// About the time that is left, at that rate, once there is one and the total is known.
    pub eta: Option<Duration>,
}

pub(super) type Callback = Box<dyn FnMut(Progress) + Send>;

/// The least time between two reports.
const INTERVAL: Duration = Duration::from_millis(100);

/// Tells a callback how far a call is.
pub(super) struct Reporter {
    callback: Option<Callback>,
    began: Instant,
    told: Instant,
    done: u64,
    failed: u64,
    total: Option<u64>,
}

impl Reporter {
    pub(super) fn new(callback: Option<Callback>, total: Option<u64>) -> Self {
        let now = Instant::now();
        Self { callback, began: now, told: now, done: 0, failed: 0, total }
    }

    /// More outcomes are known; told if the last report is old enough.
    pub(super) fn advance(&mut self, done: u64, failed: u64) {
        self.done += done;
        self.failed += failed;
        let last = self.total.is_some_and(|total| self.done >= total);
        if !last && self.told.elapsed() >= INTERVAL {
            self.tell();
        }
    }

    /// The last report.
    pub(super) fn end(&mut self) {
        self.tell();
        self.callback = None;
    }

    fn tell(&mut self) {
        let Some(mut callback) = self.callback.take() else { return };
        self.told = Instant::now();
        let progress = self.progress();
        // A callback that panics has been reported by the panic hook. It is not called again, and the call goes on.
        if catch_unwind(AssertUnwindSafe(|| callback(progress))).is_ok() {
            self.callback = Some(callback);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of users stay far below 2^53")]
    fn progress(&self) -> Progress {
        let elapsed = self.began.elapsed();
        let rate = if elapsed.is_zero() { 0.0 } else { self.done as f64 / elapsed.as_secs_f64() };
        let left = self.total.map(|total| total.saturating_sub(self.done));
        let eta = left.and_then(|left| Duration::try_from_secs_f64(left as f64 / rate).ok());
        Progress { done: self.done, total: self.total, failed: self.failed, elapsed, rate, eta }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn reporter(total: Option<u64>) -> (Reporter, Arc<Mutex<Vec<Progress>>>) {
        let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let kept = Arc::clone(&told);
        (Reporter::new(Some(Box::new(move |progress| kept.lock().unwrap().push(progress))), total), told)
    }

    #[tokio::test(start_paused = true)]
    async fn reports_come_at_most_ten_times_a_second_and_once_at_the_end() {
        let (mut reporter, told) = reporter(Some(1_000));
        for _ in 0..10 {
            tokio::time::advance(Duration::from_millis(30)).await;
            reporter.advance(100, 10);
        }
        reporter.end();
        reporter.end();
        let told = told.lock().unwrap();
        let seen: Vec<_> = told.iter().map(|p| (p.done, p.failed, p.elapsed.as_millis())).collect();
        assert_eq!(seen, [(400, 40, 120), (800, 80, 240), (1_000, 100, 300)]);
        let (first, last) = (told[0], told[2]);
        assert!((first.rate - 400.0 / 0.12).abs() < 1e-6, "{first:?}");
        assert_eq!(first.eta.unwrap().as_millis(), 180);
        assert_eq!(last.eta, Some(Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_known_is_not_made_up() {
        let (mut reporter, told) = reporter(None);
        reporter.end();
        let told = told.lock().unwrap();
        assert_eq!((told[0].total, told[0].eta, told[0].done), (None, None, 0));
        assert!(told[0].rate.abs() < f64::EPSILON);
    }

    #[tokio::test(start_paused = true)]
    async fn a_callback_that_panics_is_not_called_again() {
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        let callback: Callback = Box::new(move |_| {
            *counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
            panic!("on purpose");
        });
        let mut reporter = Reporter::new(Some(callback), None);
        tokio::time::advance(Duration::from_secs(1)).await;
        reporter.advance(1, 0);
        reporter.end();
        assert_eq!(*calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner), 1);
    }
}
