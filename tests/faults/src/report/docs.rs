//! The page for users: what happens when something goes wrong, as the run has shown it.

use std::fmt::Write;

use super::Results;
use super::row::Row;
use crate::catalogue::Kind;
use crate::language::Language;

const HEAD: &str = "\
# What happens when …

Each line is a kind of fault that `make faults` injects, and what your program sees of it. The last column says where it
was shown: the page is written from the results of the run, and a line is marked where a run has found it broken. An
outcome is *applied* (the service said so), *not applied* (nothing was sent), *rejected* (the service answered, and not
with success) or *unknown* (the call may have been carried out; make it again, all calls may be repeated). *May be
unknown* stands where a fault leaves no way to know.
";

const LETTERS: [(char, &str); 10] = [
    ('A', "The connection fails"),
    ('B', "TLS fails"),
    ('C', "An answer is not good HTTP"),
    ('D', "An answer is not the JSON that was expected"),
    ('E', "The service refuses or fails"),
    ('F', "A token is refused or cannot be had"),
    ('G', "Input is hostile"),
    ('H', "Clocks jump"),
    ('I', "The program itself stops, forks, cancels"),
    ('S', "Secrets come back from the service"),
];

/// The page. The same results make the same text: it holds no times and no counts.
#[must_use]
pub fn page(results: &Results<'_>) -> String {
    let mut text = HEAD.to_owned();
    for (letter, title) in LETTERS {
        let _ =
            write!(text, "\n## {title}\n\n| kind | when | what happens | shown in |\n|---|---|---|---|\n");
        for kind in results.kinds.iter().filter(|kind| kind.kind.starts_with(letter)) {
            let unknown = if kind.unknown { " May be unknown." } else { "" };
            let _ = writeln!(
                text,
                "| {} | {} | {}{unknown} | {} |",
                kind.kind,
                kind.title,
                kind.promise,
                shown(results, kind)
            );
        }
    }
    text
}

fn shown(results: &Results<'_>, kind: &Kind) -> String {
    let (mut shown, mut broken) = (Vec::new(), Vec::new());
    for client in results.clients.iter().filter(|client| !client.baseline) {
        let row = Row::of(results, kind, *client);
        let name = match client.language {
            Language::Rust => "Rust",
            Language::Python => "Python",
            Language::Node => "Node",
        };
        if row.ran() {
            if row.is_clean() { shown.push(name) } else { broken.push(name) }
        }
    }
    let mut text = shown.join(", ");
    if !broken.is_empty() {
        let gap = if text.is_empty() { "" } else { "; " };
        let _ = write!(text, "{gap}**broken in {}**", broken.join(", "));
    }
    match &kind.not_here {
        Some(reason) if text.is_empty() => format!("not shown: {reason}"),
        Some(reason) => format!("{text}; not shown: {reason}"),
        None => text,
    }
}
