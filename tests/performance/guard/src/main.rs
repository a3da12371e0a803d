//! `make bench-guard`: how many instructions each hot path of the core takes, beside what it took when somebody last
//! looked. valgrind counts them, so that a busy machine changes nothing.

#[cfg(any(instructions, test))]
mod compare;
#[cfg(instructions)]
mod count;
#[cfg(instructions)]
mod program;

#[cfg(instructions)]
fn main() -> std::process::ExitCode {
    program::main()
}

#[cfg(not(instructions))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "The core's hot paths are built in with RUSTFLAGS=\"--cfg instructions\": run make bench-guard."
    );
    std::process::ExitCode::from(2)
}
