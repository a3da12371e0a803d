//! The server, run by its framework and called over a socket.

use std::net::SocketAddr;
use std::sync::Mutex;

use easemob_presence_emulator::Emulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const SECRET: &str = "the rule's secret";

/// Serves on a free port, from before it is given.
async fn serving(accept: Accept) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app(Verifier::new(SECRET).unwrap(), accept);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn post(address: SocketAddr, body: &str) -> u16 {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let head = format!(
        "POST /callbacks HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn genuine_callbacks_arrive_once_and_nothing_else_does() {
    let emulator = Emulator::start().unwrap();
    let accepted = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&accepted);
    let address = serving(Box::new(move |callback| {
        sink.lock().unwrap().push(show(callback));
        Ok(())
    }))
    .await;
    let callback = |reason, secret| emulator.callback("c2", "ios_1", reason, secret);
    let login = callback("login", SECRET);
    for (body, status) in [
        (&callback("login", "a guess"), 401),
        (&"{}".to_owned(), 400),
        (&login, 200),
        (&login, 200),
        (&callback("logout", SECRET), 200),
    ] {
        assert_eq!(post(address, body).await, status, "{body}");
    }
    let expected = ["c2 is online on ios_1 (login)", "c2 is offline on ios_1 (logout)"];
    assert_eq!(*accepted.lock().unwrap(), expected);
}

#[tokio::test]
async fn what_could_not_be_dealt_with_is_accepted_when_it_comes_again() {
    let body = Emulator::start().unwrap().callback("c2", "ios_1", "login", SECRET);
    let accepted = Arc::new(Mutex::new(0));
    let count = Arc::clone(&accepted);
    let address = serving(Box::new(move |_| {
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count == 1 { Err("the database is away".into()) } else { Ok(()) }
    }))
    .await;
    for status in [500, 200, 200] {
        assert_eq!(post(address, &body).await, status);
    }
    assert_eq!(*accepted.lock().unwrap(), 2);
}

#[tokio::test]
async fn a_watcher_sees_what_is_called_back_at_once() {
    let emulator = Emulator::start().unwrap();
    let client = Client::builder().emulator(emulator.host()).build().unwrap();
    let (mut watcher, accept) = watch(&client, "wzy,c2,c3").await.unwrap();
    assert_eq!(line(&watcher.next().await.unwrap()), "synced");

    let address = serving(accept).await;
    let login = emulator.callback("c2", "ios_1", "login", SECRET);
    assert_eq!(post(address, &login).await, 200);
    assert_eq!(line(&watcher.next().await.unwrap()), "enter c2 (callback)");
    watcher.close().await;
}
