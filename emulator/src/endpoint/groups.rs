//! How many members of a group are online.

use serde_json::json;

use crate::endpoint::turn::{Outcome, Turn};
use crate::http::refusal::Refusal;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::Stage;

    #[test]
    fn the_count_is_a_number_and_none_is_zero() {
        let mut stage = Stage::new();
        let turn = stage.turn();
        turn.world.set_group_count("g", 1, 100, turn.scribe);
        assert!(turn.settings.numbers_as_strings);
        assert_eq!(online_count(&turn, "g", "1"), Ok(json!({ "result": 100 })));
        assert_eq!(online_count(&turn, "g", "0"), Ok(json!({ "result": 0 })));
        assert_eq!(online_count(&turn, "other", "1"), Ok(json!({ "result": 0 })));
    }

    #[test]
    fn a_query_type_is_one_of_two_digits() {
        let mut stage = Stage::new();
        for wrong in ["2", "01", "x", "-1"] {
            let refused = online_count(&stage.turn(), "g", wrong);
            assert_eq!(refused, Err(Refusal::presence("query type is neither 0 nor 1")), "{wrong}");
        }
    }

    #[test]
    fn it_has_a_switch_of_its_own() {
        let mut stage = Stage::new();
        stage.settings.presence_enabled = false;
        assert!(online_count(&stage.turn(), "g", "1").is_ok());
        stage.settings.group_count_enabled = false;
        let closed = Refusal::service_closed("this appkey not open rest group online service");
        assert_eq!(online_count(&stage.turn(), "g", "1"), Err(closed));
    }
}
