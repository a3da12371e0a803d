#![no_main]

use easemob_presence::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| fuzzing::callback(body));
