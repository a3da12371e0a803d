#![no_main]

use easemob_presence::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (host, app_key) = input;
    fuzzing::address(host, app_key);
});
