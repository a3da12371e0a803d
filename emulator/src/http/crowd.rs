//! The connections that are open.

use std::collections::HashMap;

use tokio::task::{AbortHandle, Id, JoinSet};

use crate::http::connection::{self, Host};
use crate::http::socket::Socket;

/// Dropped, it closes them all.
#[derive(Default)]
pub(crate) struct Crowd {
    tasks: JoinSet<()>,
    handles: HashMap<Id, AbortHandle>,
    accepted: u64,
}

impl Crowd {
    pub(crate) fn admit(&mut self, host: Host, socket: Socket) {
        self.accepted += 1;
        let handle = self.tasks.spawn(connection::serve(host, socket, self.accepted));
        self.handles.insert(handle.id(), handle);
    }

    /// Forgets one that has ended; nothing while there is none at all.
    pub(crate) async fn tidy(&mut self) -> Option<()> {
        let ended = self.tasks.join_next_with_id().await?;
        let id = ended.map_or_else(|gone| gone.id(), |(id, ())| id);
        self.handles.remove(&id);
        Some(())
    }

    /// Closes all but this one, which waits for that meanwhile.
    pub(crate) async fn disperse(&mut self, but: Option<Id>) {
        self.handles.iter().filter(|(id, _)| Some(**id) != but).for_each(|(_, handle)| handle.abort());
        while self.handles.keys().any(|id| Some(*id) != but) && self.tidy().await.is_some() {}
    }
}
