//! Every case of `tests/vectors`, file by file.

use easemob_presence_tests::{
    case_files, run_callbacks, run_vectors, vector_count, wire_files, wire_files_used, wire_text,
};

/// One test for each file, and one that no file is left out.
macro_rules! files {
    ($($name:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $name() {
                let report = run_vectors(stringify!($name)).await;
                println!("{report}");
                assert!(report.passed(), "{report}");
            }
        )+

        #[test]
        fn every_file_has_a_test() {
            assert_eq!(case_files("vectors").unwrap(), [$(stringify!($name)),+]);
        }
    };
}

files!(
    answers,
    errors_codes,
    errors_details,
    errors_envelopes,
    errors_reasons,
    errors_samples,
    inputs_users,
    inputs_values,
    malformed,
    numbers_others,
    numbers_times,
    paths,
    rejected,
    requests,
    retries,
    retry_after,
    status_codes,
    tokens,
    tolerance_matching,
    tolerance_others,
    tolerance_presences,
    wrong_types
);

#[test]
fn callbacks() {
    let report = run_callbacks();
    println!("{report}");
    assert!(report.passed(), "{report}");
}

#[test]
fn there_are_as_many_cases_as_there_were() {
    let count = vector_count().unwrap();
    println!("{count} cases");
    assert!(count >= 550, "{count}");
}

#[test]
fn every_wire_sample_is_the_answer_of_some_case() {
    let used = wire_files_used().unwrap();
    for file in wire_files().unwrap() {
        // Callbacks are requests of the service, and the core's own tests read them.
        let callback = file.starts_with("callback_") || file == "derived_callback_signature.json";
        assert!(callback || used.contains(&file), "{file}");
        let text = wire_text(&file).unwrap();
        assert!(!callback || serde_json::from_slice::<serde_json::Value>(&text).is_ok(), "{file}");
    }
}
