//! Every case of `tests/scenarios`, file by file.

use easemob_presence_tests::{case_files, run_scenarios, scenario_count};

/// One test for each file, and one that no file is left out.
macro_rules! files {
    ($($name:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                let report = run_scenarios(stringify!($name)).await;
                println!("{report}");
                assert!(report.passed(), "{report}");
            }
        )+

        #[test]
        fn every_file_has_a_test() {
            assert_eq!(case_files("scenarios").unwrap(), [$(stringify!($name)),+]);
        }
    };
}

files!(
    coalescing,
    documented,
    limits,
    many,
    pages,
    paths,
    presence,
    refusals,
    retries,
    subscriptions,
    tokens,
    watch,
    watch_subscribed
);

#[test]
fn there_are_as_many_scenarios_as_there_were() {
    let count = scenario_count().unwrap();
    println!("{count} scenarios");
    assert!(count >= 73, "{count}");
}
