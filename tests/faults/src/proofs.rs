//! Kinds that tests elsewhere show: they are run by name, and have to pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Problem;
use crate::language::Language;

/// One test, by its exact name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The language whose client it shows.
    pub language: Language,
    /// Where it is: for Rust a package with `--lib` or `--test name`, else a file.
    pub place: String,
    /// Its name. A parametrised test of Python is all of its cases.
    pub name: String,
}

/// Runs tests; gives those that did not pass, or were not there.
///
/// # Errors
/// If a test program cannot be started.
pub fn run(root: &Path, proofs: &BTreeSet<Proof>) -> Result<BTreeSet<Proof>, Problem> {
    let mut places: BTreeMap<(Language, &str), Vec<&Proof>> = BTreeMap::new();
    for proof in proofs {
        places.entry((proof.language, &proof.place)).or_default().push(proof);
    }
    let mut failed = BTreeSet::new();
    for ((language, place), proofs) in places {
        let names: Vec<&str> = proofs.iter().map(|proof| proof.name.as_str()).collect();
        let output = command(root, language, place, &names).current_dir(root).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let passed = passed(language, &text);
        let did_not = |proof: &&&Proof| !passed.contains(proof.name.as_str());
        let missing: Vec<&&Proof> = proofs.iter().filter(did_not).collect();
        if !missing.is_empty() {
            eprintln!("{place}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
        }
        failed.extend(missing.into_iter().map(|proof| (*proof).clone()));
    }
    Ok(failed)
}

fn command(root: &Path, language: Language, place: &str, names: &[&str]) -> Command {
    match language {
        Language::Rust => {
            let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.args(["test", "--quiet", "--locked", "--package"]).args(place.split(' '));
            command.args(["--", "--exact", "--format", "pretty"]).args(names);
            command
        }
        Language::Python => {
            let mut command = Command::new(root.join(".venv/bin/python"));
            command.args(["-m", "pytest", "--quiet", "-rA"]);
            command.args(names.iter().map(|name| format!("{place}::{name}")));
            command
        }
        Language::Node => {
            let mut command = Command::new("node");
            command.args(["--test", "--test-reporter=tap"]);
            command.args(names.iter().map(|name| format!("--test-name-pattern=^{}$", escaped(name))));
            command.arg(place);
            command
        }
    }
}

fn escaped(name: &str) -> String {
    let special = |c: char| r"\^$.|?*+()[]{}/".contains(c);
    name.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// The names of the tests that passed, by what the test program wrote.
fn passed(language: Language, text: &str) -> BTreeSet<&str> {
    let (mut passed, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines().map(str::trim) {
        match language {
            Language::Rust => {
                passed.extend(line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... ok")));
            }
            Language::Python => {
                let name = |mark: &str| {
                    let rest = line.strip_prefix(mark)?.split_once("::")?.1;
                    Some(rest.split(['[', ' ']).next().unwrap_or(rest))
                };
                passed.extend(name("PASSED "));
                failed.extend(name("FAILED ").or_else(|| name("ERROR ")));
            }
            Language::Node => {
                let skipped = line.contains("# SKIP") || line.contains("# TODO");
                let name = |mark| line.strip_prefix(mark).and_then(|rest: &str| rest.split_once(" - "));
                if let Some((_, name)) = name("ok ").filter(|_| !skipped) {
                    passed.insert(name);
                }
                failed.extend(name("not ok ").map(|(_, name)| name));
            }
        }
    }
    &passed - &failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passed_counts() {
        let cargo = "running 2 tests\ntest a::b ... ok\ntest c ... FAILED\n";
        assert_eq!(passed(Language::Rust, cargo), BTreeSet::from(["a::b"]));
        let pytest = "PASSED x/y.py::one\nPASSED x/y.py::two[a]\nFAILED x/y.py::two[b] - AssertionError\n\
                      SKIPPED [1] x/y.py:3: no\n";
        assert_eq!(passed(Language::Python, pytest), BTreeSet::from(["one"]));
        let node = "ok 1 - a\nok 2 - b # SKIP test name does not match pattern\nnot ok 3 - c\n";
        assert_eq!(passed(Language::Node, node), BTreeSet::from(["a"]));
    }

    #[test]
    fn names_are_taken_literally() {
        assert_eq!(escaped("process.exit(7): 1,000"), r"process\.exit\(7\): 1,000");
    }
}
