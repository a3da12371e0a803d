use crate::model::UserId;

/// The largest body of a call, in bytes.
const MOST_BYTES: usize = 5_000;
/// `{"usernames":[]}`
const FRAME: usize = 16;

/// Room for the users of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    users: usize,
    bytes: usize,
    empty: bool,
}

impl Room {
    /// The most users of one call.
    pub(super) const MOST_USERS: usize = 100;

    /// Room for at most so many users.
    pub(super) fn of(users: usize) -> Self {
        Self { users: users.min(Self::MOST_USERS), bytes: MOST_BYTES - FRAME, empty: true }
    }

    /// Takes the user's place; false if there is none. The first always has one.
    pub(super) fn take(&mut self, user_id: &UserId) -> bool {
        // Quotes and a comma; ids need no escapes.
        let bytes = user_id.as_str().len() + 3;
        if !self.empty && (self.users == 0 || self.bytes < bytes) {
            return false;
        }
        self.empty = false;
        self.users = self.users.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Batch, GetMany, Operation};

    #[test]
    fn a_call_that_is_full_is_one_that_may_be_sent() {
        for (width, users) in [(3, 100), (46, 100), (47, 99), (64, 74)] {
            let ids = || (0..200).map(|i| UserId::new(format!("{i:0width$}")).unwrap());
            let mut room = Room::of(100);
            let taken: Vec<_> = ids().take_while(|id| room.take(id)).collect();
            assert_eq!(taken.len(), users, "{width}");
            let batch = Batch::collect(taken).unwrap();
            let get = GetMany { user: UserId::new("wzy").unwrap(), batch };
            assert!(get.request().is_ok(), "{width}");
        }
    }

    #[test]
    fn there_is_always_room_for_one() {
        let mut room = Room::of(0);
        let id = UserId::new("a").unwrap();
        assert!(room.take(&id) && !room.take(&id));
    }
}
