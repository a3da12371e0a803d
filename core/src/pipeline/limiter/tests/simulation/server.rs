//! The kinds of limiter that the service may run. Times are seconds.

use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Fixed,
    SlidingLog,
    SlidingCounter,
    /// A bucket for as many calls as the rate.
    Bucket,
    /// A bucket for one call.
    Strict,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] =
        [Kind::Fixed, Kind::SlidingLog, Kind::SlidingCounter, Kind::Bucket, Kind::Strict];
}

/// One limiter. Rejected calls are not counted.
pub(crate) struct Server {
    kind: Kind,
    /// Where the second begins.
    phase: f64,
    second: f64,
    count: f64,
    before: f64,
    passed: VecDeque<f64>,
    level: f64,
    filled: f64,
}

impl Server {
    pub(crate) fn new(kind: Kind, phase: f64) -> Self {
        Self {
            kind,
            phase,
            second: f64::NEG_INFINITY,
            count: 0.0,
            before: 0.0,
            passed: VecDeque::new(),
            level: f64::INFINITY,
            filled: 0.0,
        }
    }

    pub(crate) fn admits(&mut self, now: f64, rate: f64) -> bool {
        match self.kind {
            Kind::Fixed => {
                self.turn(now);
                self.counted(self.count + 1.0 <= rate)
            }
            Kind::SlidingCounter => {
                let part = self.turn(now);
                self.counted(self.before * (1.0 - part) + self.count < rate)
            }
            Kind::SlidingLog => {
                while self.passed.front().is_some_and(|at| *at <= now - 1.0) {
                    self.passed.pop_front();
                }
                let admitted = self.passed.iter().map(|_| 1.0).sum::<f64>() + 1.0 <= rate;
                if admitted {
                    self.passed.push_back(now);
                }
                admitted
            }
            Kind::Bucket | Kind::Strict => {
                let most = if self.kind == Kind::Strict { 1.0 } else { rate };
                self.level = (self.level + (now - self.filled) * rate).min(most);
                self.filled = now;
                let admitted = self.level >= 1.0 - 1e-9;
                if admitted {
                    self.level -= 1.0;
                }
                admitted
            }
        }
    }

    /// Moves on to the second of this moment; how much of it has passed.
    fn turn(&mut self, now: f64) -> f64 {
        let second = (now + self.phase).floor();
        if second > self.second {
            self.before = if second < self.second + 1.5 { self.count } else { 0.0 };
            (self.second, self.count) = (second, 0.0);
        }
        now + self.phase - second
    }

    fn counted(&mut self, admitted: bool) -> bool {
        self.count += f64::from(u8::from(admitted));
        admitted
    }
}
