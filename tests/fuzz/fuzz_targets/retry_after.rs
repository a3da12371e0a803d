#![no_main]

use easemob_presence::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    fuzzing::retry_after("retry-after", value);
    fuzzing::retry_after("retry-after-ms", value);
});
