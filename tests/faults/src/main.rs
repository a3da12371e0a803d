//! `make faults`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use easemob_presence_faults::Problem;
use easemob_presence_faults::canary::{Finding, Searcher};
use easemob_presence_faults::catalogue::{self, Case, Kind};
use easemob_presence_faults::language::{Client, Language};
use easemob_presence_faults::process::{Paths, binaries};
use easemob_presence_faults::proofs::{self, Proof};
use easemob_presence_faults::report::{Results, document, page, problems, table};
use easemob_presence_faults::run::{Ended, Manner};
use easemob_presence_faults::schedule::{self, Task};
use easemob_presence_faults::stage::Secrets;

/// Runs every kind of fault against the clients of every language and judges what they say by the journal.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Arguments {
    /// Decides texts and what is left to chance.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Fewer items, and no case that takes long.
    #[arg(long)]
    quick: bool,
    /// Kinds, or letters of kinds: `A7,E1` or `D`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// One language only: `rust`, `python` or `node`.
    #[arg(long, value_delimiter = ',', value_parser = language)]
    language: Vec<Language>,
    /// Without the clients written by hand.
    #[arg(long)]
    no_baseline: bool,
    /// Without the tests elsewhere that show some kinds.
    #[arg(long)]
    no_proofs: bool,
    /// Fails if the page for users is not what this run would write.
    #[arg(long)]
    check_docs: bool,
    /// How many cases at the same time.
    #[arg(long, default_value_t = 8)]
    jobs: usize,
    /// Says how each case ended.
    #[arg(long, short)]
    verbose: bool,
}

fn language(name: &str) -> Result<Language, String> {
    let found = Language::ALL.into_iter().find(|language| language.name() == name);
    found.ok_or_else(|| "rust, python or node".to_owned())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Problem> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let paths = Paths { out: root.join("target/faults"), binaries: binaries()?, root };
    let kinds = catalogue::read(&paths.root.join("tests/faults/cases"))?;
    let whole = arguments.only.is_empty() && arguments.language.is_empty() && !arguments.no_proofs;
    let wanted = |kind: &&Kind| {
        arguments.only.is_empty()
            || arguments
                .only
                .iter()
                .any(|only| *only == kind.kind || kind.kind.starts_with(only) && only.len() == 1)
    };
    let kinds: Vec<&Kind> = kinds.iter().filter(wanted).collect();
    let spoken =
        |client: &Client| arguments.language.is_empty() || arguments.language.contains(&client.language);
    let clients: Vec<Client> = Client::all()
        .into_iter()
        .filter(|client| spoken(client) && !(client.baseline && arguments.no_baseline))
        .collect();
    let results = results(arguments, &paths, kinds, clients)?;
    show(arguments, &paths, &results, whole)
}

fn results<'a>(
    arguments: &Arguments,
    paths: &Paths,
    kinds: Vec<&'a Kind>,
    clients: Vec<Client>,
) -> Result<Results<'a>, Problem> {
    let secrets = Secrets::new(arguments.seed);
    let manner = Manner { seed: arguments.seed, quick: arguments.quick, secrets: secrets.clone() };
    for client in &clients {
        let logs = paths.logs(*client);
        if logs.exists() {
            fs::remove_dir_all(logs)?;
        }
    }
    let with_cases: Vec<(&Kind, Vec<Case>)> =
        kinds.iter().map(|kind| Ok((*kind, kind.cases()?))).collect::<Result<_, Problem>>()?;
    let warm = warm_up()?;
    let warm_case = warm.cases()?.into_iter().next().ok_or("no warm-up")?;
    let tasks = tasks(arguments, &with_cases, &clients);
    let told = |ended: &Ended| {
        if arguments.verbose {
            let wrong = ended.verdict.violations.len();
            eprintln!(
                "{} {} {}: {:?}, {wrong} wrong, {:.0} ms",
                ended.kind, ended.case, ended.client, ended.verdict.fates, ended.took_ms
            );
        }
    };
    let wanted: BTreeSet<Proof> = if arguments.no_proofs {
        BTreeSet::new()
    } else {
        let of_product = |proof: &&Proof| clients.iter().any(|client| client.language == proof.language);
        kinds.iter().flat_map(|kind| &kind.proofs).filter(of_product).cloned().collect()
    };
    let (ended, exits) = schedule::all(tasks, (&warm, &warm_case), paths, &manner, arguments.jobs, &told)?;
    // Not beside the cases: some of these tests measure how long a process takes to end.
    let failed = proofs::run(&paths.root, &wanted)?;
    let findings = secrets_seen(&secrets, paths, &clients, &ended)?;
    let (seed, quick) = (arguments.seed, arguments.quick);
    Ok(Results { kinds, clients, ended, exits, failed, findings, seed, quick })
}

/// Searches what every process wrote.
fn secrets_seen(
    secrets: &Secrets,
    paths: &Paths,
    clients: &[Client],
    ended: &[Ended],
) -> Result<BTreeMap<Client, Vec<Finding>>, Problem> {
    let (searcher, mut findings) = (Searcher::new(secrets.all()), BTreeMap::new());
    for client in clients {
        let (logs, jobs) =
            (paths.logs(*client), ended.iter().filter(|ended| ended.client == *client).count());
        if jobs == 0 {
            continue;
        }
        let told = Searcher::jobs(&logs)?;
        if told < jobs {
            return Err(format!(
                "the logs of {client} tell of {told} jobs of {jobs}: nothing can be said of secrets"
            )
            .into());
        }
        findings.insert(*client, searcher.directory(&logs)?);
    }
    Ok(findings)
}

fn tasks<'a>(arguments: &Arguments, kinds: &'a [(&'a Kind, Vec<Case>)], clients: &[Client]) -> Vec<Task<'a>> {
    let mut tasks = Vec::new();
    for (kind, cases) in kinds {
        for case in cases.iter().filter(|case| !(case.full_only && arguments.quick)) {
            tasks.extend(
                clients
                    .iter()
                    .filter(|client| kind.runs(case, **client))
                    .map(|client| (*kind, case, *client)),
            );
        }
    }
    tasks
}

/// Makes a process load what it will need.
fn warm_up() -> Result<Kind, Problem> {
    let text = include_str!("warm-up.json");
    Ok(serde_json::from_str(text)?)
}

fn show(arguments: &Arguments, paths: &Paths, results: &Results<'_>, whole: bool) -> Result<bool, Problem> {
    let table = table(results);
    fs::create_dir_all(&paths.out)?;
    fs::write(paths.out.join("table.txt"), &table)?;
    let mut json = serde_json::to_string_pretty(&document(results))?;
    json.push('\n');
    fs::write(paths.out.join("results.json"), json)?;
    print!("{table}");
    let broken = results.broken();
    if broken > 0 {
        print!("\n{}", problems(results));
    }
    println!("\n{} cases, {broken} breaches of the laws by this project's clients", results.ended.len());
    let mut fine = broken == 0;
    if whole {
        let (path, page) = (paths.root.join("docs/what-happens-when.md"), page(results));
        let old = fs::read_to_string(&path).unwrap_or_default();
        if arguments.check_docs && old != page {
            println!(
                "docs/what-happens-when.md is not what this run has shown: run make faults, and commit it"
            );
            fine = false;
        } else if !arguments.check_docs {
            fs::write(path, page)?;
        }
    }
    Ok(fine)
}
