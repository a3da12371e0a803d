//! How many members of a group are online.

use serde_json::json;

use crate::refusal::Refusal;
use crate::turn::{Outcome, Turn};

/// `GET /presence/online/{group_id}/type/{query_type}`
pub(crate) fn online_count(turn: &Turn<'_>, group: &str, query_type: &str) -> Outcome {
    if !turn.settings.group_count_enabled {
        return Err(Refusal::service_closed("this appkey not open rest group online service"));
    }
    let query_type = match query_type {
        "0" => 0,
        "1" => 1,
        _ => return Err(Refusal::presence("query type is neither 0 nor 1")),
    };
    // A number in every setting: the documents' own sample has one, next to strings everywhere else.
    Ok(json!({ "result": turn.world.group_count(group, query_type) }))
}
