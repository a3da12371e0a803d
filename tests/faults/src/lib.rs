//! Every kind of fault, against the client of every language, judged by what the emulator wrote down.
//!
//! [`catalogue`] reads `cases/`, [`workload`] makes calls of a case, [`stage`] sets the emulator up with the case's
//! faults, [`process`] has a language's runner make the calls, [`judge`] compares what the runner says with the
//! journal, [`canary`] searches everything that was written for secrets, and [`report`] shows it all.

#![forbid(unsafe_code)]

pub mod blackhole;
pub mod canary;
pub mod catalogue;
pub mod expect;
mod fill;
mod hand;
pub mod judge;
pub mod language;
pub mod process;
pub mod proofs;
pub mod proxy;
pub mod report;
pub mod run;
pub mod schedule;
pub mod stage;
pub mod workload;

/// What stops the suite itself; what a client does wrong is a [`judge::Violation`].
pub type Problem = Box<dyn std::error::Error + Send + Sync>;
