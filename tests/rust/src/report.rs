use std::fmt;

use crate::Problem;

/// What came of one file of cases: how many ran, and what is wrong with those that failed.
#[derive(Debug, Default)]
pub struct Report {
    file: String,
    ran: usize,
    failures: Vec<String>,
}

impl Report {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), ..Self::default() }
    }

    /// A file that cannot be read at all.
    pub(crate) fn unreadable(file: &str, problem: &str) -> Self {
        Self { file: file.to_owned(), ran: 0, failures: vec![problem.to_owned()] }
    }

    pub(crate) fn add(&mut self, case: &str, result: Result<(), Problem>) {
        self.ran += 1;
        if let Err(problem) = result {
            self.failures.push(format!("{case}: {problem}"));
        }
    }

    /// Whether cases ran and every one of them passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.ran > 0 && self.failures.is_empty()
    }
}

/// The count, then every failing case by name.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} cases, {} failed", self.file, self.ran, self.failures.len())?;
        self.failures.iter().try_for_each(|failure| write!(f, "\n  {failure}"))
    }
}
