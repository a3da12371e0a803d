//! The Rust runner of the language-neutral cases in `tests/vectors` and `tests/scenarios`, and the canned server that
//! the transport tests use too. The formats are described in the README of each of the two directories.
//!
//! Nothing here panics: a case that fails, or that cannot be read, is a line in a [`Report`].

mod call;
mod callback;
pub mod canned;
mod expect;
mod files;
mod report;
mod scenario;
mod steps;
mod vector;
mod watching;

pub use callback::run_callbacks;
pub use expect::shows;
pub use files::{Kind, case_files, error_kinds, wire_files, wire_text};
pub use report::Report;
pub use scenario::{run_scenarios, scenario_count};
pub use vector::{run_vectors, vector_count, wire_files_used};

/// The README's Rust, which runs as every other example does.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// As the README's.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/faults.md")]
struct Faults;

/// What is wrong with a case, in words.
type Problem = String;
