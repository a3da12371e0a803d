//! What a new connection costs: clients that have made no call yet make their first one, in turn. Called with `URL
//! CA_FILE`; answers one line of JSON, medians in microseconds.

use std::time::Instant;

use easemob_presence::{Client, Status, User};
use easemob_presence_bench_measure::{DEVICE, EXT, Problem};

const CLIENTS: usize = 101;

fn main() -> Result<(), Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, authority] = arguments.as_slice() else { return Err("usage: URL CA_FILE".into()) };
    let authority = std::fs::read(authority)?;
    let users = (0..CLIENTS).map(|_| user(url, &authority)).collect::<Result<Vec<_>, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (first, second) = runtime.block_on(async {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for user in &users {
            first.push(set(user).await?);
            second.push(set(user).await?);
        }
        Ok::<_, Problem>((median(first), median(second)))
    })?;
    println!(r#"{{"first_us":{first:.1},"second_us":{second:.1}}}"#);
    Ok(())
}

fn user(url: &str, authority: &[u8]) -> Result<User, Problem> {
    let builder = Client::builder().host(url).app_key("org#app").app_token("token");
    let builder = if url.starts_with("https") { builder.add_root_certificates(authority) } else { builder };
    Ok(builder.build()?.user("c1")?)
}

/// How long one call takes.
async fn set(user: &User) -> Result<f64, Problem> {
    let began = Instant::now();
    user.set(DEVICE, Status::Online).ext(EXT).await?;
    Ok(began.elapsed().as_secs_f64() * 1e6)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
