//! The whole presence API on the service documentation's own examples.
//!
//! Runs against an emulator in this process or, with `EASEMOB_HOST`, an App Key and credentials in the environment,
//! against the live service.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use easemob_presence::operation::Operation;
use easemob_presence::{Call, Client, ClientBuilder, OnlineStates, Presences, Status, SubscriptionsPage};
use easemob_presence_emulator::Emulator;
use httpdate::fmt_http_date as date;

#[tokio::main]
async fn main() -> ExitCode {
    match demo().await {
        Ok(0) => {
            println!("\nAll calls succeeded.");
            ExitCode::SUCCESS
        }
        Ok(failures) => {
            println!("\n{failures} of 10 calls failed; the lines above say why.");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the calls; how many failed.
async fn demo() -> Result<u32, Box<dyn Error>> {
    // Kept to the end: dropping the emulator stops it.
    let (client, _emulator) = if std::env::var_os("EASEMOB_HOST").is_some() {
        println!("Live service, as the environment says.");
        (Client::from_env()?, None)
    } else {
        let emulator = Emulator::start()?;
        println!("Embedded emulator at {}. Set EASEMOB_HOST, EASEMOB_APP_KEY and", emulator.url());
        println!("EASEMOB_CLIENT_ID with EASEMOB_CLIENT_SECRET to run against the live service.");
        prepare(&emulator);
        (ClientBuilder::default().emulator(emulator.host()).build()?, Some(emulator))
    };
    tour(&client).await
}

/// People for the examples: c2 is online on a phone, user1 is offline, a group has 100 members online.
fn prepare(emulator: &Emulator) {
    let state = emulator.state();
    state.login("c2", "android_6b5610ac-4e11-4661-82b3-dee17bc7b2cc");
    for user in ["c3", "user1", "user2"] {
        state.register(user);
    }
    state.set_group_online_count("66016455491585", 1, 100);
}

async fn tour(client: &Client) -> Result<u32, Box<dyn Error>> {
    let (c1, c2, wzy) = (client.user("c1")?, client.user("c2")?, client.user("wzy")?);
    let mut failures = 0;
    let ttl = Duration::from_secs(1000);

    failures += show("set", c1.set("android", Status::Offline).ext("123"), |()| "done".into()).await;
    failures += show("subscribe", wzy.subscribe(["c2", "c3"]).ttl(ttl), |answer| presences(&answer)).await;
    failures += show("get_many", wzy.get_many(["c2", "c3"]), |answer| presences(&answer)).await;
    failures +=
        show("get", wzy.get("c2"), |c2| format!("{} is online: {}", c2.user_id(), c2.is_online())).await;
    failures += show("subscriptions", wzy.subscriptions_page(1), |page| subscriptions(&page)).await;
    failures += show("unsubscribe", wzy.unsubscribe(["c1"]), |()| "done".into()).await;
    let devices = |devices: Vec<easemob_presence::Device>| {
        lines(devices.iter().map(|device| format!("{} on {}", device.resource(), device.platform())))
    };
    failures += show("devices", c2.devices(), devices).await;
    failures += show("is_online", c2.is_online(), |online| online.to_string()).await;
    failures += show("online_states", client.online_states(["user1", "c2"]), |answer| states(&answer)).await;
    let count = client.group_online_count("66016455491585");
    failures += show("group_online_count", count, |count| count.to_string()).await;
    Ok(failures)
}

/// Prints one request and its typed answer; 1 for a failure.
async fn show<O: Operation>(name: &str, call: Call<O>, text: impl FnOnce(O::Output) -> String) -> u32 {
    println!();
    match call.request() {
        Ok(request) => {
            println!(
                "{name:<18} {} {} {}",
                request.method(),
                request.path(),
                request.body().unwrap_or_default()
            );
        }
        Err(_) => println!("{name}"),
    }
    match call.await {
        Ok(answer) => {
            println!("    {}", text(answer).replace('\n', "\n    "));
            0
        }
        Err(error) => {
            println!("    {error}");
            1
        }
    }
}

fn presences(answer: &Presences) -> String {
    let found = answer.iter().map(|presence| {
        let devices: Vec<_> =
            presence.devices().map(|device| format!("{} {}", device.resource, device.status)).collect();
        let devices = if devices.is_empty() { "no device".into() } else { devices.join(", ") };
        let ends = match presence.expires_at() {
            Some(end) => format!(", subscribed until {}", date(end)),
            None => String::new(),
        };
        let seen = presence.last_seen().map_or_else(|| "never".into(), date);
        format!("{}: {devices}, ext {:?}, last seen {seen}{ends}", presence.user_id(), presence.ext())
    });
    let missing = answer.missing().iter().map(|id| format!("{id}: not answered"));
    lines(found.chain(missing))
}

fn subscriptions(page: &SubscriptionsPage) -> String {
    let total = page.total().map_or_else(|| "?".into(), |total| total.to_string());
    let each = page.subscriptions().iter().map(|subscription| {
        let ends = subscription.expires_at().map_or_else(|| "?".into(), date);
        format!("{} until {ends}", subscription.user_id())
    });
    lines(std::iter::once(format!("{total} in all")).chain(each))
}

fn states(answer: &OnlineStates) -> String {
    lines(answer.iter().map(|(user_id, online)| format!("{user_id} is online: {online}")))
}

fn lines(each: impl Iterator<Item = String>) -> String {
    each.collect::<Vec<_>>().join("\n")
}
