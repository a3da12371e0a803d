//! The workloads through the Rust client: `ours` as it ships, `ours-unlimited` without the rate limiter.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use easemob_presence::{Client, Presences, RateLimits, Status, User};
use easemob_presence_bench_measure::{
    DEVICE, EXT, Job, Problem, Sum, Workload, asked, few_is_right, run, touched_is_right,
};

fn main() -> ExitCode {
    match Job::read().and_then(|job| run(&job, || caller(&job))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn client(job: &Job) -> Result<Client, Problem> {
    let rates = match job.client.as_str() {
        // The limiter does all that it always does, and no call ever waits.
        "ours" => RateLimits::uniform(u32::MAX),
        "ours-unlimited" => RateLimits::off(),
        other => return Err(format!("no client is called {other}").into()),
    };
    let builder = Client::builder().host(&job.url).app_key("org#app").client_credentials("id", "secret");
    let builder = if job.url.starts_with("https") {
        builder.add_root_certificates(std::fs::read(&job.authority)?)
    } else {
        builder
    };
    Ok(builder.rate_limits(rates).build()?)
}

fn caller(job: &Job) -> Result<impl AsyncFn(usize) -> Result<(), Problem> + 'static, Problem> {
    let (client, asked, workload) = (client(job)?, asked(), job.workload);
    let users: Vec<User> = asked.iter().map(|id| client.user(id)).collect::<Result<_, _>>()?;
    Ok(async move |caller: usize| {
        let (Some(user), Some(id)) = (users.get(caller), asked.get(caller)) else {
            return Err("more callers than users".into());
        };
        match workload {
            Workload::Set => Ok(user.set(DEVICE, Status::Online).ext(EXT).await?),
            Workload::Get => match user.get(id).await?.devices().len() {
                3 => Ok(()),
                other => Err(format!("read {other} devices").into()),
            },
            Workload::Get100 => few(&user.get_many(&asked).await?, &asked),
            Workload::Touched => touched_is_right(touched(&user.get_many(&asked).await?)?),
        }
    })
}

fn few(presences: &Presences, asked: &[String]) -> Result<(), Problem> {
    let of = |place: usize| asked.get(place).and_then(|id| presences.get(id)).ok_or("a user is missing");
    few_is_right(of(3)?.devices().len(), of(69)?.ext())
}

fn touched(presences: &Presences) -> Result<Sum, Problem> {
    let mut sum = Sum::default();
    for presence in presences {
        sum.ids += presence.user_id().as_str().len();
        sum.times += seconds(presence.last_seen().ok_or("no time")?)?;
        sum.texts += presence.ext().len();
        for device in presence.devices() {
            sum.devices += device.resource.len();
            sum.statuses += u64::from(device.status.number().ok_or("no number")?);
        }
    }
    Ok(sum)
}

fn seconds(time: SystemTime) -> Result<u64, Problem> {
    Ok(time.duration_since(UNIX_EPOCH)?.as_secs())
}
