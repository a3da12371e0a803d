//! The scale run is a measurement; a small size of each part is run here, so that it cannot rot.

#[path = "../../performance/scale/parts.rs"]
mod parts;

use easemob_presence_emulator::Emulator;

#[tokio::test]
async fn a_small_scale_run_reads_every_user() {
    for part in ["gets", "get_many", "iter_many", "watch"] {
        let emulator = Emulator::start().unwrap();
        let told = parts::run(part, &emulator.host(), 250).await.unwrap();
        assert_eq!(told["read"], 250, "{part}");
    }
}
