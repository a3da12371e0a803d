//! Plans: documents that say which faults happen when.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::fault::check;
use crate::fault::kind::Kind;
use crate::operation::Operation;

/// A plan of faults: JSON, read and checked once. `docs/faults.md` has the whole format.
///
/// ```
/// use easemob_presence_emulator::Plan;
///
/// let plan: Plan = r#"{"faults": [{"match": {"operation": "set"}, "count": 2, "fault": {"type": "reject"}}]}"#
///     .parse()?;
/// # let _ = plan;
/// let refused = r#"{"faults": [{"fault": {"type": "delay"}}]}"#.parse::<Plan>().unwrap_err();
/// assert_eq!(refused.to_string(), "faults[0].fault: missing field `ms`");
/// # Ok::<(), easemob_presence_emulator::PlanError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) seed: u64,
    pub(crate) rules: Vec<Arc<Rule>>,
    written: Value,
}

/// Why a plan was refused: the place in the JSON, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    text: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for PlanError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    seed: u64,
    faults: Vec<Rule>,
}

/// One rule of a plan: which requests it takes, how often, and what happens to them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) name: Option<String>,
    #[serde(default, rename = "match")]
    pub(crate) matching: Match,
    #[serde(default)]
    pub(crate) skip: u64,
    pub(crate) count: Option<u64>,
    pub(crate) probability: Option<f64>,
    pub(crate) fault: Fault,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Match {
    pub(crate) operation: Option<Operations>,
    pub(crate) user: Option<String>,
    pub(crate) contains: Option<String>,
    pub(crate) from_ms: Option<u64>,
    pub(crate) until_ms: Option<u64>,
}

/// What a rule may be bound to: an operation, or the moment at which a connection is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Connect,
    Request(Operation),
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        if name == "connect" {
            return Ok(Self::Connect);
        }
        Operation::deserialize(Value::from(name)).map(Self::Request).map_err(D::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operations(pub(crate) Vec<Target>);

impl<'de> Deserialize<'de> for Operations {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let named = match Value::deserialize(from)? {
            Value::Array(names) => names,
            name => vec![name],
        };
        let targets = named.into_iter().map(Target::deserialize).collect::<Result<_, _>>();
        targets.map(Self).map_err(D::Error::custom)
    }
}

/// A fault with the name of its type.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(from)?;
        let name = match fields.shift_remove("type") {
            Some(Value::String(name)) => name,
            Some(_) => return Err(D::Error::custom(".type: not a string")),
            None => return Err(D::Error::missing_field("type")),
        };
        // serde reads a type inside an object without keeping track of the path; as the object's only key it does.
        let tagged = json!({ name.as_str(): fields });
        let kind = serde_path_to_error::deserialize(tagged).map_err(|problem| {
            let path = problem.path().to_string();
            let below = path.strip_prefix(name.as_str()).filter(|below| !below.is_empty());
            D::Error::custom(match below {
                Some(below) => format!("{below}: {}", problem.inner()),
                None => problem.inner().to_string(),
            })
        })?;
        Ok(Self { name, kind })
    }
}

impl TryFrom<Value> for Plan {
    type Error = PlanError;

    fn try_from(written: Value) -> Result<Self, PlanError> {
        let document: Document = serde_path_to_error::deserialize(&written).map_err(|problem| {
            let (path, inner) = (problem.path().to_string(), problem.inner().to_string());
            // A fault's fields are read one level further down and begin with the rest of the path.
            let between = if inner.starts_with(['.', '[']) { "" } else { ": " };
            let path = if path == "." { String::new() } else { format!("{path}{between}") };
            PlanError { text: format!("{path}{inner}") }
        })?;
        for (index, rule) in document.faults.iter().enumerate() {
            check::rule(rule).map_err(|wrong| PlanError { text: format!("faults[{index}]{wrong}") })?;
        }
        let rules = document.faults.into_iter().map(Arc::new).collect();
        Ok(Self { seed: document.seed, rules, written })
    }
}

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let written: Value = serde_json::from_str(text)
            .map_err(|problem| PlanError { text: format!("the plan is not JSON: {problem}") })?;
        Self::try_from(written)
    }
}

/// As it was written.
impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(plan: Value) -> String {
        Plan::try_from(plan).unwrap_err().to_string()
    }

    #[expect(clippy::needless_pass_by_value, reason = "called with `json!` on the spot")]
    fn with(rule: Value) -> Value {
        json!({ "faults": [{"fault": {"type": "quota"}}, rule] })
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (rule, place, word) in [
            (json!({"fault": {"type": "delay", "ms": "5"}}), "faults[1].fault.ms: ", "invalid type: string"),
            (
                json!({"fault": {"type": "delay", "ms": 5, "s": 1}}),
                "faults[1].fault.s: ",
                "unknown field `s`",
            ),
            (json!({"fault": {"type": "dealy", "ms": 5}}), "faults[1].fault: ", "unknown variant `dealy`"),
            (json!({"fault": {"ms": 5}}), "faults[1].fault: ", "missing field `type`"),
            (json!({"fault": {"type": 5}}), "faults[1].fault.type: ", "not a string"),
            (json!({"fault": {"type": "reset", "at": "end"}}), "faults[1].fault.at: ", "`accept`"),
            (json!({}), "faults[1]: ", "missing field `fault`"),
            (json!({"fault": {"type": "quota"}, "counts": 1}), "faults[1].counts: ", "unknown field"),
            (
                json!({"fault": {"type": "quota"}, "match": {"operation": "st"}}),
                "faults[1].match.operation: ",
                "unknown variant `st`",
            ),
            (
                json!({"fault": {"type": "edit", "ops": [{"op": "add", "path": ""}]}}),
                "faults[1].fault.ops[0]",
                "unknown variant `add`",
            ),
        ] {
            let told = refused(with(rule));
            assert!(told.starts_with(place) && told.contains(word), "{told}");
        }
        assert_eq!(refused(json!({})), "missing field `faults`");
        assert!("{".parse::<Plan>().unwrap_err().to_string().contains("not JSON"));
    }

    #[test]
    fn one_operation_several_and_accepting_a_connection_are_names() {
        let read = |operation: Value| {
            let rule = json!({"match": {"operation": operation}, "fault": {"type": "hang"}});
            let plan = Plan::try_from(json!({ "faults": [rule] })).unwrap();
            plan.rules[0].matching.operation.clone().unwrap().0
        };
        assert_eq!(read(json!("connect")), [Target::Connect]);
        let several = [Target::Request(Operation::Set), Target::Request(Operation::GroupOnlineCount)];
        assert_eq!(read(json!(["set", "group_online_count"])), several);
    }

    #[test]
    fn a_plan_is_shown_as_it_was_written() {
        let written = json!({"seed": 7, "faults": [{"fault": {"type": "delay", "ms": 5}, "name": "n"}]});
        let plan = Plan::try_from(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(&plan).unwrap(), written);
    }
}
