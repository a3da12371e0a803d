//! The calls with serde's types: strings of their own, numbers as numbers, devices in a list.

use std::fmt;

use easemob_presence_bench_measure::{
    DEVICE, EXT, Problem, Sum, Workload, asked, few_is_right, touched_is_right,
};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::http::Post;

#[derive(Serialize)]
struct SetBody<'a> {
    ext: &'a str,
}

#[derive(Serialize)]
struct GetBody<'a> {
    usernames: &'a [String],
}

#[derive(Deserialize)]
struct Envelope<T> {
    result: T,
}

#[derive(Deserialize)]
struct Presence {
    uid: String,
    #[serde(deserialize_with = "number")]
    last_time: u64,
    ext: String,
    #[serde(deserialize_with = "devices")]
    status: Vec<(String, u32)>,
}

pub(crate) struct Client<P> {
    http: P,
    app: String,
    asked: Vec<String>,
}

impl<P: Post> Client<P> {
    pub(crate) fn new(http: P, url: &str) -> Self {
        Self { http, app: format!("{url}/org/app"), asked: asked() }
    }

    pub(crate) async fn call(&self, workload: Workload, caller: usize) -> Result<(), Problem> {
        let id = self.asked.get(caller).ok_or("more callers than users")?;
        match workload {
            Workload::Set => self.set(id, DEVICE, 1, EXT).await,
            Workload::Get => match self.get(id, std::slice::from_ref(id)).await?.as_slice() {
                [one] if one.status.len() == 3 => Ok(()),
                other => Err(format!("read {} users", other.len()).into()),
            },
            Workload::Get100 => {
                let users = self.get(id, &self.asked).await?;
                let (Some(a), Some(b)) = (users.get(3), users.get(69)) else {
                    return Err("a user is missing".into());
                };
                few_is_right(a.status.len(), &b.ext)
            }
            Workload::Touched => touched_is_right(touched(&self.get(id, &self.asked).await?)),
        }
    }

    async fn set(&self, user: &str, device: &str, status: u32, ext: &str) -> Result<(), Problem> {
        let url = format!("{}/users/{user}/presence/{device}/{status}", self.app);
        let answer = self.http.post(url, serde_json::to_vec(&SetBody { ext })?).await?;
        match serde_json::from_slice::<Envelope<&str>>(&answer)?.result {
            "ok" => Ok(()),
            other => Err(other.into()),
        }
    }

    async fn get(&self, user: &str, usernames: &[String]) -> Result<Vec<Presence>, Problem> {
        let url = format!("{}/users/{user}/presence", self.app);
        let answer = self.http.post(url, serde_json::to_vec(&GetBody { usernames })?).await?;
        Ok(serde_json::from_slice::<Envelope<_>>(&answer)?.result)
    }
}

fn touched(users: &[Presence]) -> Sum {
    let mut sum = Sum::default();
    for user in users {
        sum.ids += user.uid.len();
        sum.times += user.last_time;
        sum.texts += user.ext.len();
        for (device, status) in &user.status {
            sum.devices += device.len();
            sum.statuses += u64::from(*status);
        }
    }
    sum
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    <&str>::deserialize(deserializer)?.parse().map_err(Error::custom)
}

fn devices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, u32)>, D::Error> {
    struct Devices;

    impl<'de> Visitor<'de> for Devices {
        type Value = Vec<(String, u32)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of devices and numbers")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut devices = Vec::with_capacity(4);
            while let Some((device, status)) = map.next_entry::<String, &str>()? {
                devices.push((device, status.parse().map_err(A::Error::custom)?));
            }
            Ok(devices)
        }
    }

    deserializer.deserialize_map(Devices)
}
