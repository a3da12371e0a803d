//! The limiter that answers 429.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::limit::rates::{RateLimit, Window};
use crate::operation::Operation;

const SECOND: u128 = 1_000_000_000;

/// What was counted so far, by endpoint. Rejected calls are not counted, whatever the kind of window.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    gates: HashMap<Operation, Gate>,
}

impl Limiter {
    /// Whether a call may pass at this time since the Unix epoch.
    pub(crate) fn admits(&mut self, limit: &RateLimit, operation: Operation, now: Duration) -> bool {
        let Some(rate) = limit.per_second.of(operation) else { return true };
        let now = now.as_nanos();
        let gate = self.gates.entry(operation).or_insert(Gate::Open);
        if !gate.is_kind(limit.window) {
            *gate = Gate::new(limit.window, now);
        }
        gate.admits(u128::from(rate), now)
    }
}

/// One endpoint's count; times in nanoseconds, seconds as indexes since the epoch.
#[derive(Debug)]
enum Gate {
    Open,
    Fixed { second: u128, count: u128 },
    SlidingLog { passed: VecDeque<u128> },
    SlidingCounter { second: u128, count: u128, before: u128 },
    Bucket { burst: u32, level: u128, filled: u128 },
}

impl Gate {
    fn new(window: Window, now: u128) -> Self {
        match window {
            Window::Fixed => Self::Fixed { second: now / SECOND, count: 0 },
            Window::SlidingLog => Self::SlidingLog { passed: VecDeque::new() },
            Window::SlidingCounter => Self::SlidingCounter { second: now / SECOND, count: 0, before: 0 },
            Window::Bucket { burst } => Self::Bucket { burst, level: full(burst), filled: now },
            Window::Off => Self::Open,
        }
    }

    fn is_kind(&self, window: Window) -> bool {
        match (self, window) {
            (Self::Open, Window::Off)
            | (Self::Fixed { .. }, Window::Fixed)
            | (Self::SlidingLog { .. }, Window::SlidingLog)
            | (Self::SlidingCounter { .. }, Window::SlidingCounter) => true,
            (Self::Bucket { burst: kept, .. }, Window::Bucket { burst }) => *kept == burst,
            _ => false,
        }
    }

    fn admits(&mut self, rate: u128, now: u128) -> bool {
        match self {
            Self::Open => true,
            Self::Fixed { second, count } => {
                if *second != now / SECOND {
                    (*second, *count) = (now / SECOND, 0);
                }
                counted(count, *count < rate)
            }
            Self::SlidingLog { passed } => {
                // A time ahead of now is there because the clock was set back.
                passed.retain(|&at| at <= now && now - at < SECOND);
                let admitted = (passed.len() as u128) < rate;
                if admitted {
                    passed.push_back(now);
                }
                admitted
            }
            Self::SlidingCounter { second, count, before } => {
                let current = now / SECOND;
                if *second != current {
                    *before = if current == *second + 1 { *count } else { 0 };
                    (*second, *count) = (current, 0);
                }
                let share_of_before = SECOND - now % SECOND;
                counted(count, *before * share_of_before + *count * SECOND < rate * SECOND)
            }
            Self::Bucket { burst, level, filled } => {
                let refill = now.saturating_sub(*filled).saturating_mul(rate);
                *level = level.saturating_add(refill).min(full(*burst));
                *filled = now;
                let admitted = *level >= SECOND;
                if admitted {
                    *level -= SECOND;
                }
                admitted
            }
        }
    }
}

/// A bucket's level is kept in billionths of a call, so that refilling never rounds.
fn full(burst: u32) -> u128 {
    u128::from(burst) * SECOND
}

fn counted(count: &mut u128, admitted: bool) -> bool {
    *count += u128::from(admitted);
    admitted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `calls` pass at each of these milliseconds, at a rate of 10.
    fn passed(window: Window, calls: usize, at_ms: &[u64]) -> Vec<usize> {
        let limit = RateLimit::uniform(10).counted_by(window);
        let mut limiter = Limiter::default();
        let mut try_at = |ms: &u64| {
            let now = Duration::from_millis(*ms);
            (0..calls).filter(|_| limiter.admits(&limit, Operation::Get, now)).count()
        };
        at_ms.iter().map(&mut try_at).collect()
    }

    #[test]
    fn a_fixed_window_restarts_with_the_second() {
        assert_eq!(passed(Window::Fixed, 20, &[5_000, 5_999, 6_000, 6_500, 9_000]), [10, 0, 10, 0, 10]);
    }

    #[test]
    fn a_sliding_log_forgets_a_call_exactly_one_second_later() {
        assert_eq!(passed(Window::SlidingLog, 6, &[5_500, 5_900, 6_499, 6_500, 6_900]), [6, 4, 0, 6, 4]);
    }

    #[test]
    fn a_sliding_counter_weighs_the_second_before() {
        // Ten in the second before count 10, 7.5, 5 and 0 at the start, the quarter, the half and the end.
        assert_eq!(passed(Window::SlidingCounter, 20, &[5_999, 6_000, 6_250, 6_500]), [10, 0, 3, 2]);
        assert_eq!(passed(Window::SlidingCounter, 20, &[5_000, 7_000]), [10, 10]);
    }

    #[test]
    fn a_bucket_takes_its_burst_then_the_rate() {
        let bucket = Window::Bucket { burst: 3 };
        assert_eq!(passed(bucket, 20, &[5_000, 5_099, 5_100, 5_199, 5_200, 60_000]), [3, 0, 1, 0, 1, 3]);
    }

    #[test]
    fn off_admits_everything() {
        assert_eq!(passed(Window::Off, 1_000, &[5_000]), [1_000]);
    }

    #[test]
    fn endpoints_do_not_share_a_count() {
        let mut limiter = Limiter::default();
        let limit = RateLimit::uniform(1);
        assert!(limiter.admits(&limit, Operation::Get, Duration::ZERO));
        assert!(!limiter.admits(&limit, Operation::Get, Duration::ZERO));
        assert!(limiter.admits(&limit, Operation::Set, Duration::ZERO));
    }

    #[test]
    fn another_kind_of_window_starts_afresh_and_another_rate_does_not() {
        let mut limiter = Limiter::default();
        let mut admits = |limit: &RateLimit| limiter.admits(limit, Operation::Get, Duration::ZERO);
        assert!(admits(&RateLimit::uniform(1)));
        assert!(admits(&RateLimit::uniform(2)));
        assert!(!admits(&RateLimit::uniform(2)));
        assert!(admits(&RateLimit::uniform(1).counted_by(Window::SlidingLog)));
    }

    #[test]
    fn a_clock_set_back_does_not_block() {
        assert_eq!(passed(Window::SlidingLog, 20, &[9_000, 5_000]), [10, 10]);
        assert_eq!(passed(Window::Fixed, 20, &[9_000, 5_000]), [10, 10]);
    }
}
