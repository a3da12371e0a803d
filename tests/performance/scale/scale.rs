//! One part of the scale run with the Rust client: `scale PART HOST USERS`, one line of JSON. `make scale` runs it.

mod parts;

use std::error::Error;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [part, host, users] = arguments.as_slice() else { return Err("scale PART HOST USERS".into()) };
    println!("{}", parts::run(part, host, users.parse()?).await?);
    Ok(())
}
