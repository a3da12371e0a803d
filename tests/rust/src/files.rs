//! Where the cases are, and how their files are read: nothing is skipped, and nothing unknown is ignored.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Problem;

const ERROR_TABLE: &str = "errors";
/// What lies beside the cases of one call and is none: the table of error kinds, and callbacks.
const OTHERS: [&str; 2] = [ERROR_TABLE, "callbacks"];

/// Anything that has a name to report it by.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

/// One row of `vectors/errors.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The kind's name, as `ErrorKind::name` gives it.
    pub kind: String,
    /// The name of the error class in Python and Node.
    pub class: String,
    /// The built-in Python class that it also derives from.
    pub python_also: Option<String>,
    /// What it means, in a sentence.
    pub meaning: String,
}

fn directory(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", name].iter().collect()
}

/// The names of the case files in `vectors` or `scenarios`, without `.json`, in order.
///
/// # Errors
/// If the directory cannot be read.
pub fn case_files(kind: &str) -> Result<Vec<String>, String> {
    let names = json_files(kind)?;
    Ok(names.into_iter().filter(|name| !OTHERS.contains(&name.as_str())).collect())
}

/// The names of the wire samples, with `.json`, in order.
///
/// # Errors
/// If the directory cannot be read.
pub fn wire_files() -> Result<Vec<String>, String> {
    Ok(json_files("vectors/wire")?.into_iter().map(|name| name + ".json").collect())
}

fn json_files(kind: &str) -> Result<Vec<String>, Problem> {
    let entries = fs::read_dir(directory(kind)).map_err(|error| format!("{kind}: {error}"))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| format!("{kind}: {error}"))?.file_name();
        names.extend(name.to_string_lossy().strip_suffix(".json").map(str::to_owned));
    }
    names.sort_unstable();
    Ok(names)
}

/// A wire sample, byte for byte.
///
/// # Errors
/// If there is no such file.
pub fn wire_text(file: &str) -> Result<Vec<u8>, String> {
    fs::read(directory("vectors/wire").join(file)).map_err(|error| format!("wire/{file}: {error}"))
}

/// The table of error kinds.
///
/// # Errors
/// If it cannot be read, or has a field that is unknown.
pub fn error_kinds() -> Result<Vec<Kind>, String> {
    read("vectors", ERROR_TABLE)
}

/// The cases of one file: at least one, each with a name of its own.
pub(crate) fn cases<T: DeserializeOwned + Named>(kind: &str, file: &str) -> Result<Vec<T>, Problem> {
    let cases: Vec<T> = read(kind, file)?;
    if cases.is_empty() {
        return Err("the file holds no case".into());
    }
    let mut names = HashSet::new();
    match cases.iter().find(|case| !names.insert(case.name())) {
        Some(again) => Err(format!("two cases are named {:?}", again.name())),
        None => Ok(cases),
    }
}

fn read<T: DeserializeOwned>(kind: &str, file: &str) -> Result<T, Problem> {
    let path = directory(kind).join(format!("{file}.json"));
    let text = fs::read(path).map_err(|error| error.to_string())?;
    serde_json::from_slice(&text).map_err(|error| error.to_string())
}

/// For a field where null says something and absence says nothing.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}
