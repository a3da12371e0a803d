#![no_main]

use easemob_presence_emulator::Plan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &str| match json.parse::<Plan>() {
    Ok(plan) => {
        let written = serde_json::to_string(&plan).expect("a plan can be written");
        let again: Plan = written.parse().expect("what was written can be read");
        assert_eq!(serde_json::to_string(&again).expect("a plan can be written"), written);
    }
    Err(problem) => assert!(!problem.to_string().is_empty()),
});
