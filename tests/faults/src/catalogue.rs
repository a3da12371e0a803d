//! The catalogue of faults: `cases/*.json`, one file for each letter.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use easemob_presence_faults_protocol::Options;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Problem;
use crate::expect::Expect;
use crate::language::{Client, Language};
use crate::proofs::Proof;
use crate::workload::Workload;

/// How many kinds there are under each letter. A kind that is missing from the files stops the suite.
const LETTERS: [(char, u32); 10] =
    [('A', 16), ('B', 4), ('C', 11), ('D', 8), ('E', 12), ('F', 6), ('G', 4), ('H', 3), ('I', 14), ('S', 4)];

/// One kind of fault, a row of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Such as `A7`.
    pub kind: String,
    /// What goes wrong.
    pub title: String,
    /// One sentence for users: what happens then.
    pub promise: String,
    /// Whether an item may end as unknown.
    #[serde(default)]
    pub unknown: bool,
    /// The languages in which it is made by the cases; all if not given.
    pub languages: Option<Vec<Language>>,
    /// Why it is not made in all languages.
    pub elsewhere: Option<String>,
    /// Why it cannot be made here, or what of it cannot.
    pub not_here: Option<String>,
    /// What the cases have in common.
    #[serde(default)]
    base: Value,
    /// What each case has of its own.
    #[serde(default)]
    cases: Vec<Value>,
    /// Tests elsewhere that show it, by their names.
    #[serde(default)]
    pub proofs: Vec<Proof>,
}

/// One set-up and what is expected of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of a case")]
pub struct Case {
    /// Unique within its kind.
    pub name: String,
    /// Over the emulator's defaults, with rate limits off.
    #[serde(default)]
    pub settings: Value,
    /// Faults, as the emulator reads them.
    pub plan: Option<Value>,
    /// The certificate with which the emulator serves TLS.
    pub tls: Option<Certificate>,
    /// Another address than the emulator's: a URL, or `{blackhole}`, where connecting gets no answer.
    pub host: Option<String>,
    /// A process of its own with no more file descriptors than that.
    pub descriptors: Option<u32>,
    /// What stands between client and emulator.
    pub proxy: Option<crate::proxy::Behaviour>,
    /// A token provider: what it does, and how many tokens it gives out.
    pub provider: Option<ProviderSpec>,
    /// One fixed token, which is a canary.
    #[serde(default)]
    pub fixed_token: bool,
    /// How the client is built.
    #[serde(default)]
    pub client: Options,
    /// What it is made to do, one after another.
    pub phases: Vec<Workload>,
    /// What happens to the emulator meanwhile.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Whether an item may end as unknown, where that differs from the kind.
    pub unknown: Option<bool>,
    /// What must hold beside the laws.
    #[serde(default)]
    pub expect: Expect,
    /// The languages in which it runs, where they are fewer than the kind's.
    pub languages: Option<Vec<Language>>,
    /// Whether the clients written by hand run it too.
    #[serde(default = "yes")]
    pub by_hand: bool,
    /// Whether it is left out when all has to be quick.
    #[serde(default)]
    pub full_only: bool,
    /// A plan that need not fire, because the client is to prevent that it can.
    #[serde(default)]
    pub may_not_fire: bool,
}

/// The emulator's certificates, as cases name them.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// A good one.
    Trusted,
    /// Its time is over.
    Expired,
    /// Signed by itself.
    SelfSigned,
    /// Of another name.
    WrongHost,
    /// Signed by an authority that nobody knows.
    UnknownAuthority,
}

/// A token provider, as a case describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSpec {
    /// As in the protocol.
    pub behaviour: String,
    /// How many tokens there are, each valid until an action expires it.
    pub tokens: usize,
}

/// Something done to the emulator while calls are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Before the first call if not given.
    pub after: Option<After>,
    /// What.
    #[serde(rename = "do")]
    pub act: Act,
}

/// When an action is due.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum After {
    /// After this phase and before the next.
    Phase(usize),
    /// When so many requests of an operation have come.
    Requests {
        /// Its name.
        operation: easemob_presence_emulator::Operation,
        /// How many.
        count: u64,
    },
}

/// What an action does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Nothing listens for so long; connections are closed.
    DownMs(u64),
    /// All tokens end.
    ExpireTokens,
    /// Other settings.
    Settings(Value),
    /// Another plan.
    Install(Value),
    /// No plan.
    Clear,
}

fn yes() -> bool {
    true
}

impl Kind {
    /// The kind's cases, each with what all have in common.
    ///
    /// # Errors
    /// For a case of another form.
    pub fn cases(&self) -> Result<Vec<Case>, Problem> {
        let read = |own: &Value| {
            let mut whole = self.base.clone();
            merge(&mut whole, own);
            serde_json::from_value::<Case>(whole)
                .map_err(|problem| format!("{} {}: {problem}", self.kind, own["name"]).into())
        };
        self.cases.iter().map(read).collect()
    }

    /// Whether this client runs the case.
    #[must_use]
    pub fn runs(&self, case: &Case, client: Client) -> bool {
        let in_language = |languages: &Option<Vec<Language>>| {
            languages.as_ref().is_none_or(|languages| languages.contains(&client.language))
        };
        in_language(&self.languages) && in_language(&case.languages) && (case.by_hand || !client.baseline)
    }
}

/// Reads all files of a directory, in the catalogue's order.
///
/// # Errors
/// If a file cannot be read, a kind is missing or there twice, or a kind has neither case nor proof nor reason.
pub fn read(directory: &Path) -> Result<Vec<Kind>, Problem> {
    let mut all = BTreeMap::new();
    for (letter, count) in LETTERS {
        let path = directory.join(format!("{}.json", letter.to_ascii_lowercase()));
        let text = fs::read_to_string(&path).map_err(|problem| format!("{}: {problem}", path.display()))?;
        let kinds: Vec<Kind> =
            serde_json::from_str(&text).map_err(|problem| format!("{}: {problem}", path.display()))?;
        for kind in kinds {
            let number = kind.kind.strip_prefix(letter).and_then(|number| number.parse::<u32>().ok());
            let number = number
                .filter(|number| (1..=count).contains(number))
                .ok_or_else(|| format!("{}: {} does not belong here", path.display(), kind.kind))?;
            check(&kind)?;
            if let Some(twice) = all.insert((letter, number), kind) {
                return Err(format!("{} is there twice", twice.kind).into());
            }
        }
        if let Some(missing) = (1..=count).find(|number| !all.contains_key(&(letter, *number))) {
            return Err(format!("{letter}{missing} is missing from {}", path.display()).into());
        }
    }
    Ok(all.into_values().collect())
}

fn check(kind: &Kind) -> Result<(), Problem> {
    let cases = kind.cases()?;
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    if names.len() != cases.len() {
        return Err(format!("{}: two cases have one name", kind.kind).into());
    }
    if cases.is_empty() && kind.proofs.is_empty() && kind.not_here.is_none() {
        return Err(format!("{}: no case, no proof and no reason", kind.kind).into());
    }
    if kind.languages.is_some() && kind.elsewhere.is_none() {
        return Err(format!("{}: does not say why it is not made in every language", kind.kind).into());
    }
    Ok(())
}

/// A JSON merge patch.
pub(crate) fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        into.clone_from(patch);
        return;
    };
    if !into.is_object() {
        *into = json!(Map::new());
    }
    if let Value::Object(into) = into {
        for (name, value) in patch {
            if value.is_null() {
                into.remove(name);
            } else {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: Value) -> Kind {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn a_case_has_what_all_have_and_what_it_has_of_its_own() {
        let kind = kind(json!({
            "kind": "A1", "title": "t", "promise": "p",
            "base": {"client": {"timeout_ms": 5, "max_attempts": 2}, "phases": [{"kind": "gets"}]},
            "cases": [{"name": "a", "client": {"timeout_ms": 7}}, {"name": "b", "client": {"max_attempts": null}}],
        }));
        let cases = kind.cases().unwrap();
        let options = |case: &Case| (case.client.timeout_ms, case.client.max_attempts);
        assert_eq!(cases.iter().map(options).collect::<Vec<_>>(), [(Some(7), Some(2)), (Some(5), None)]);
    }

    #[test]
    fn a_case_with_a_word_too_much_is_refused_by_name() {
        let kind = kind(json!({
            "kind": "A1", "title": "t", "promise": "p",
            "cases": [{"name": "typo", "phases": [], "expect": {"fate": []}}],
        }));
        let problem = kind.cases().unwrap_err().to_string();
        assert!(problem.contains("typo") && problem.contains("fate"), "{problem}");
    }

    #[test]
    fn a_kind_that_shows_nothing_and_says_nothing_is_refused() {
        let nothing = kind(json!({"kind": "A1", "title": "t", "promise": "p"}));
        assert!(check(&nothing).is_err());
        let silent = kind(json!({"kind": "A1", "title": "t", "promise": "p", "languages": ["rust"],
            "cases": [{"name": "a", "phases": []}]}));
        assert!(check(&silent).unwrap_err().to_string().contains("why"));
    }

    #[test]
    fn the_files_are_complete() {
        let kinds = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")).unwrap();
        assert_eq!(kinds.len(), LETTERS.iter().map(|(_, count)| *count as usize).sum::<usize>());
        assert_eq!(kinds.first().map(|kind| kind.kind.as_str()), Some("A1"));
    }
}
