//! What is remembered of connections: which have served.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// The connections that have brought an answer, by the port at this end: one bit for each. A port that comes again
/// with a new connection may still have its bit; that costs one replay too many, never one too few.
pub(super) struct Served(Box<[AtomicU64]>);

impl Default for Served {
    fn default() -> Self {
        Self((0..=u16::MAX / 64).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Served {
    pub(super) fn note(&self, connection: SocketAddr) {
        if let Some((word, bit)) = self.place(connection)
            && word.load(Ordering::Relaxed) & bit == 0
        {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether the connection, which is no more, had served.
    pub(super) fn forget(&self, connection: SocketAddr) -> bool {
        self.place(connection).is_some_and(|(word, bit)| word.fetch_and(!bit, Ordering::Relaxed) & bit != 0)
    }

    fn place(&self, connection: SocketAddr) -> Option<(&AtomicU64, u64)> {
        let port = connection.port();
        Some((self.0.get(usize::from(port / 64))?, 1 << (port % 64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_served_once_it_was_noted_and_until_it_broke() {
        let served = Served::default();
        for port in [1, 63, 64, 65_535] {
            let connection = SocketAddr::from(([127, 0, 0, 1], port));
            assert!(!served.forget(connection));
            served.note(connection);
            served.note(connection);
            assert!(served.forget(connection));
            assert!(!served.forget(connection));
        }
    }
}
