//! `tests/vectors/errors.json` and the core name the same kinds of error.

use std::collections::HashSet;

use easemob_presence::ErrorKind;
use easemob_presence_tests::error_kinds;

#[test]
fn the_table_has_exactly_the_kinds_of_the_core_in_their_order() {
    let table: Vec<_> = error_kinds().unwrap().into_iter().map(|row| row.kind).collect();
    let core: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(table, core);
}

#[test]
fn every_kind_has_a_class_of_its_own_and_a_meaning() {
    /// Names of Python's own that a class must not take.
    const BUILTIN: [&str; 6] =
        ["ConnectionError", "LookupError", "PermissionError", "RuntimeError", "TimeoutError", "ValueError"];
    let table = error_kinds().unwrap();
    let classes: HashSet<_> = table.iter().map(|row| row.class.as_str()).collect();
    assert_eq!(classes.len(), table.len());
    for row in &table {
        assert!(row.class.ends_with("Error") && !BUILTIN.contains(&row.class.as_str()), "{}", row.class);
        assert!(row.meaning.ends_with('.'), "{}", row.kind);
        assert!(row.python_also.as_deref().is_none_or(|class| BUILTIN.contains(&class)), "{}", row.kind);
    }
}
