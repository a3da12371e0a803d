//! The whole presence API on the service documentation's own examples.
//!
//! Runs against an emulator in this process or, with `EASEMOB_HOST`, an App Key and credentials in the environment,
//! against the live service.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use easemob_presence::operation::Request;
use easemob_presence::{Client, ClientBuilder, OnlineStates, Presence, Presences, Status, SubscriptionsPage};
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

    let call = c1.set("android", Status::Offline).ext("123");
    failures += show("set", call.request().ok(), call, |()| "done".into()).await;
    let call = wzy.subscribe(["c2", "c3"]).ttl(ttl);
    failures += show("subscribe", first(call.requests()), call, |answer| presences(&answer)).await;
    let call = wzy.get_many(["c2", "c3"]);
    failures += show("get_many", first(call.requests()), call, |answer| presences(&answer)).await;
    let call = wzy.get("c2");
    let is_online = |c2: Presence| format!("{} is online: {}", c2.user_id(), c2.is_online());
    failures += show("get", call.request().ok(), call, is_online).await;
    let call = wzy.subscriptions_page(1);
    failures += show("subscriptions", call.request().ok(), call, |page| subscriptions(&page)).await;
    let call = wzy.unsubscribe(["c1"]);
    failures += show("unsubscribe", first(call.requests()), call, |()| "done".into()).await;
    let call = c2.devices();
    let devices = |devices: Vec<easemob_presence::Device>| {
        lines(devices.iter().map(|device| format!("{} on {}", device.resource(), device.platform())))
    };
    failures += show("devices", call.request().ok(), call, devices).await;
    let call = c2.is_online();
    failures += show("is_online", call.request().ok(), call, |online| online.to_string()).await;
    let call = client.online_states(["user1", "c2"]);
    failures += show("online_states", first(call.requests()), call, |answer| states(&answer)).await;
    let call = client.group_online_count("66016455491585");
    failures += show("group_online_count", call.request().ok(), call, |count| count.to_string()).await;
    Ok(failures)
}

/// The only request of a short list.
fn first(requests: Result<Vec<Request>, easemob_presence::Error>) -> Option<Request> {
    requests.ok()?.into_iter().next()
}

/// Prints one request and its typed answer; 1 for a failure.
async fn show<T>(
    name: &str,
    request: Option<Request>,
    call: impl IntoFuture<Output = Result<T, easemob_presence::Error>>,
    text: impl FnOnce(T) -> String,
) -> u32 {
    println!();
    match request {
        Some(request) => {
            println!(
                "{name:<18} {} {} {}",
                request.method(),
                request.path(),
                request.body().unwrap_or_default()
            );
        }
        None => println!("{name}"),
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
