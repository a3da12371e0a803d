//! Counts beside counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// In percent: hashing draws its keys anew in each process, which moves counts by less.
const TOLERANCE: f64 = 2.0;

/// What `tests/performance/instructions.json` holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recorded {
    /// The compiler's version.
    pub(crate) rust: String,
    /// By path.
    pub(crate) instructions: BTreeMap<String, u64>,
}

pub(crate) struct Comparison {
    pub(crate) table: String,
    /// Whether no path takes more than it did.
    pub(crate) holds: bool,
}

pub(crate) fn compared(recorded: &Recorded, counted: &Recorded) -> Comparison {
    let mut comparison = Comparison { table: String::new(), holds: true };
    let paths: BTreeSet<&String> = recorded.instructions.keys().chain(counted.instructions.keys()).collect();
    let (mut more, mut less) = (false, false);
    for path in paths {
        let (before, now) = (recorded.instructions.get(path), counted.instructions.get(path));
        let verdict = match (before, now) {
            (Some(&before), Some(&now)) => {
                let percent = change(before, now);
                more |= percent > TOLERANCE;
                less |= percent < -TOLERANCE;
                let mark = if percent > TOLERANCE { "  MORE" } else { "" };
                format!("{before:>9} → {now:>9}  {percent:+6.1} %  {path}{mark}")
            }
            (None, Some(now)) => {
                comparison.holds = false;
                format!("        – → {now:>9}            {path}  NOT RECORDED")
            }
            (_, None) => {
                comparison.holds = false;
                format!(
                    "{:>9} →         –            {path}  NOT COUNTED",
                    before.copied().unwrap_or_default()
                )
            }
        };
        let _ = writeln!(comparison.table, "{verdict}");
    }
    comparison.holds &= !more;
    let said = &mut comparison.table;
    if recorded.rust != counted.rust {
        let (then, now) = (&recorded.rust, &counted.rust);
        let _ =
            writeln!(said, "Recorded with Rust {then} and counted with {now}: the compilers differ, too.");
    }
    if !comparison.holds {
        let _ = writeln!(
            said,
            "More than {TOLERANCE} % more, or another path: if it has to be, keep it with ARGS=--update."
        );
    } else if less {
        let _ = writeln!(said, "Some take fewer: keep that with ARGS=--update.");
    }
    comparison
}

#[expect(clippy::cast_precision_loss, reason = "no path has more instructions than a float counts")]
fn change(before: u64, now: u64) -> f64 {
    (now as f64 / before as f64 - 1.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(counts: &[(&str, u64)]) -> Recorded {
        let instructions = counts.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect();
        Recorded { rust: "1.0.0".into(), instructions }
    }

    fn holds(before: &[(&str, u64)], now: &[(&str, u64)]) -> bool {
        compared(&recorded(before), &recorded(now)).holds
    }

    #[test]
    fn a_path_may_take_a_little_more_and_any_less() {
        assert!(holds(&[("a", 1000), ("b", 1000)], &[("a", 1019), ("b", 10)]));
        assert!(!holds(&[("a", 1000)], &[("a", 1021)]));
    }

    #[test]
    fn a_path_that_is_new_or_gone_is_not_passed_over() {
        assert!(!holds(&[], &[("a", 1)]));
        assert!(!holds(&[("a", 1)], &[]));
    }
}
