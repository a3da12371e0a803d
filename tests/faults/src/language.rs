//! The clients that are put to the test: three of this project, and one by hand for each language.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// The core itself.
    Rust,
    /// The Python package.
    Python,
    /// The Node package.
    Node,
}

impl Language {
    /// All, in the order in which tables show them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Node];

    /// The name in tables and arguments.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Node => "node",
        }
    }
}

/// A client in a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Client {
    /// Whether it is the one written by hand, for comparison.
    pub baseline: bool,
    /// Its language.
    pub language: Language,
}

impl Client {
    /// All, in the order in which tables show them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let of = |baseline| Language::ALL.map(|language| Self { baseline, language });
        [of(false), of(true)].concat()
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_hand = if self.baseline { "-by-hand" } else { "" };
        write!(f, "{}{by_hand}", self.language.name())
    }
}
