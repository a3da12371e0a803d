#![no_main]

use easemob_presence::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    fuzzing::error_body(300 + status % 700, body);
});
