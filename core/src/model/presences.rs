use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::{Presence, UserId};
use crate::error::Error;
use crate::wire::Rows;

/// The presences of several users, in the order in which they were asked for.
///
/// Items are matched by user id without regard to letter case, never by position. Ids that were asked for and not
/// answered are in [`missing`](Presences::missing); items that answer no id asked for (the service's documents show
/// one with an empty id) are kept in [`unmatched`](Presences::unmatched).
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # use easemob_presence::{Client, Status};
/// # let emulator = easemob_presence_emulator::Emulator::start()?;
/// # let client = Client::builder().emulator(emulator.host()).build()?;
/// client.user("c2")?.set("android", Status::Online).await?;
/// let presences = client.user("wzy")?.get_many(["c3", "c2"]).await?;
///
/// assert_eq!(presences.len(), 2);
/// assert!(presences.get("C2").is_some_and(|c2| c2.is_online()));
/// assert!(presences.missing().is_empty());
/// for presence in &presences {
///     println!("{}: {}", presence.user_id(), presence.is_online());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Presences {
    inner: Arc<Inner>,
}

struct Inner {
    /// One for each request, in the order asked.
    parts: Vec<Arc<Part>>,
    len: usize,
    missing: Vec<UserId>,
    /// Made once somebody looks up more than a few: many callers only iterate.
    places: OnceLock<HashMap<UserId, Place>>,
    scans: AtomicU32,
}

/// How many look-ups go through all users, before a map that takes longer to make than these take together.
const SCANS: u32 = 4;

/// Where a user's row is: in which part, and where in it.
type Place = (u32, u32);

impl Inner {
    /// All users and where they are, in the order asked.
    fn users(&self) -> impl Iterator<Item = (&UserId, Place)> {
        let parts = self.parts.iter().zip(0..);
        parts.flat_map(|(part, n)| part.ids().zip(0..).map(move |(id, place)| (id, (n, place))))
    }
}

/// One answer, matched to those who were asked for with it.
struct Part {
    rows: Arc<Rows>,
    asked: Arc<[UserId]>,
    /// Which of those asked for were answered, and by which row, in the order asked; none if each was, by the row in
    /// its own place.
    found: Option<Vec<(u32, u32)>>,
    missing: Vec<UserId>,
    unmatched: Vec<u32>,
}

impl Part {
    fn len(&self) -> usize {
        self.found.as_ref().map_or(self.asked.len(), Vec::len)
    }

    /// The answered user at this place, and the row.
    fn at(&self, place: usize) -> Option<(&UserId, u32)> {
        let (asked, row) = match &self.found {
            Some(found) => *found.get(place)?,
            None => (u32::try_from(place).ok()?, u32::try_from(place).ok()?),
        };
        Some((self.asked.get(asked as usize)?, row))
    }

    fn ids(&self) -> impl Iterator<Item = &UserId> {
        (0..self.len()).filter_map(|place| Some(self.at(place)?.0))
    }

    fn presence(&self, place: usize) -> Option<Presence> {
        self.at(place).map(|(id, row)| Presence::new(id.clone(), &self.rows, row))
    }
}

impl Presences {
    /// Matches the rows of an answer to the distinct ids that were asked for.
    pub(crate) fn matched(asked: Arc<[UserId]>, rows: Rows) -> Self {
        let rows = Arc::new(rows);
        let by_position = asked.len() == rows.rows().len()
            && asked.iter().zip(rows.rows()).all(|(id, row)| *id == *rows.uid(*row));
        let (found, missing, unmatched) = if by_position {
            (None, vec![], vec![])
        } else {
            let (found, missing, unmatched) = by_id(&asked, &rows);
            (Some(found), missing, unmatched)
        };
        Self::of(vec![Arc::new(Part { rows, asked, found, missing, unmatched })])
    }

    fn of(parts: Vec<Arc<Part>>) -> Self {
        let len = parts.iter().map(|part| part.len()).sum();
        let missing = parts.iter().flat_map(|part| part.missing.iter().cloned()).collect();
        Self {
            inner: Arc::new(Inner { parts, len, missing, places: OnceLock::new(), scans: AtomicU32::new(0) }),
        }
    }

    /// The value that one answer's text stands for, given who was asked for: [`raw`](Self::raw) read again, for a
    /// value that was saved or sent to another process. A value of several answers is saved by its
    /// [`parts`](Self::parts).
    ///
    /// # Errors
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) for a bad id, [`Decode`](crate::ErrorKind::Decode) for a text
    /// that is no answer.
    pub fn from_raw<I>(asked: I, raw: impl Into<String>) -> Result<Self, Error>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let asked = asked.into_iter().map(UserId::new).collect::<Result<Arc<_>, _>>()?;
        let raw = raw.into();
        if raw.is_empty() && asked.is_empty() {
            return Ok(Self::empty());
        }
        Ok(Self::matched(asked, Rows::read(raw.into_bytes())?))
    }

    /// The answer to having asked for no one.
    pub(crate) fn empty() -> Self {
        Self::of(Vec::new())
    }

    /// How many users were answered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len
    }

    /// Whether no user was answered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.len == 0
    }

    /// One user's presence, found in any letter case; none if the user was not asked for or is missing.
    #[must_use]
    pub fn get(&self, user_id: impl AsRef<str>) -> Option<Presence> {
        self.by_id(&UserId::from_answer(user_id.as_ref()))
    }

    /// One user's presence, spelled as it was asked for in the call.
    pub(crate) fn by_id(&self, user_id: &UserId) -> Option<Presence> {
        let inner = &*self.inner;
        let (part, place) = match inner.places.get() {
            Some(places) => *places.get(user_id)?,
            None if inner.scans.fetch_add(1, Ordering::Relaxed) < SCANS => {
                inner.users().find(|(id, _)| *id == user_id)?.1
            }
            // Parts joined by a caller may hold a user twice: the first counts, as it does for an iterator's reader.
            None => *inner
                .places
                .get_or_init(|| {
                    let mut places = HashMap::with_capacity(inner.len);
                    inner.users().for_each(|(id, place)| {
                        places.entry(id.clone()).or_insert(place);
                    });
                    places
                })
                .get(user_id)?,
        };
        inner.parts.get(part as usize)?.presence(place as usize)
    }

    /// The presences in the order asked.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { parts: self.inner.parts.iter(), current: None, left: self.inner.len }
    }

    /// Ids that were asked for and not answered.
    #[must_use]
    pub fn missing(&self) -> &[UserId] {
        &self.inner.missing
    }

    /// Items that answer no id asked for, under the id that the service gave them.
    #[must_use]
    pub fn unmatched(&self) -> Vec<Presence> {
        let in_part = |part: &Arc<Part>| {
            let rows = &part.rows;
            let item = |&row| Presence::new(UserId::from_answer(rows.uid(rows.row(row))), rows, row);
            part.unmatched.iter().map(item).collect::<Vec<_>>()
        };
        self.inner.parts.iter().flat_map(in_part).collect()
    }

    /// The answers' texts as they came, one for each request.
    #[must_use]
    pub fn raw(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.inner.parts.iter().map(|part| part.rows.raw())
    }

    /// What each request brought, in the order asked. Joined again by
    /// [`collect`](Iterator::collect), which copies no answer either.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # use easemob_presence::{Client, Presences};
    /// # let emulator = easemob_presence_emulator::Emulator::start()?;
    /// # let client = Client::builder().emulator(emulator.host()).build()?;
    /// let presences = client.user("wzy")?.get_many((0..250).map(|n| format!("u{n}"))).await?;
    /// assert_eq!(presences.parts().map(|part| part.len()).collect::<Vec<_>>(), [100, 100, 50]);
    /// assert_eq!(presences.parts().collect::<Presences>(), presences);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn parts(&self) -> impl ExactSizeIterator<Item = Presences> + '_ {
        self.inner.parts.iter().map(|part| Self::of(vec![Arc::clone(part)]))
    }
}

/// Joins values into one, one behind the other. Their answers are shared, not copied.
impl FromIterator<Presences> for Presences {
    fn from_iter<I: IntoIterator<Item = Presences>>(presences: I) -> Self {
        Self::of(presences.into_iter().flat_map(|presences| presences.inner.parts.clone()).collect())
    }
}

/// The careful way, for answers in another order, with gaps or with strangers. Of two items for one id the last
/// counts, as with any repeated key.
fn by_id(asked: &[UserId], rows: &Rows) -> (Vec<(u32, u32)>, Vec<UserId>, Vec<u32>) {
    let wanted: HashSet<&UserId> = asked.iter().collect();
    let mut answered = HashMap::new();
    let mut unmatched = Vec::new();
    for (row, place) in rows.rows().iter().zip(0u32..) {
        let id = UserId::from_answer(rows.uid(*row));
        if wanted.contains(&id) {
            answered.insert(id, place);
        } else {
            unmatched.push(place);
        }
    }
    let (mut found, mut missing) = (Vec::with_capacity(answered.len()), Vec::new());
    for (id, place) in asked.iter().zip(0..) {
        match answered.get(id) {
            Some(&row) => found.push((place, row)),
            None => missing.push(id.clone()),
        }
    }
    (found, missing, unmatched)
}

/// Iterator over [`Presences`], in the order asked.
#[derive(Clone)]
pub struct Iter<'a> {
    parts: std::slice::Iter<'a, Arc<Part>>,
    current: Option<(&'a Part, std::ops::Range<usize>)>,
    left: usize,
}

impl Iterator for Iter<'_> {
    type Item = Presence;

    fn next(&mut self) -> Option<Presence> {
        loop {
            if let Some((part, places)) = &mut self.current
                && let Some(presence) = places.next().and_then(|place| part.presence(place))
            {
                self.left -= 1;
                return Some(presence);
            }
            let part = self.parts.next()?;
            self.current = Some((part, 0..part.len()));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Presences {
    type Item = Presence;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// By content: the same users in the same order, the same users missing.
impl PartialEq for Presences {
    fn eq(&self, other: &Self) -> bool {
        self.missing() == other.missing()
            && self.iter().eq(other.iter())
            && self.unmatched() == other.unmatched()
    }
}

impl Eq for Presences {}

impl std::hash::Hash for Presences {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.missing().hash(state);
        self.iter().for_each(|presence| presence.hash(state));
    }
}

impl fmt::Debug for Presences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presences")
            .field("presences", &self.iter().collect::<Vec<_>>())
            .field("missing", &self.missing())
            .field("unmatched", &self.unmatched())
            .finish()
    }
}

impl Serialize for Presences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Presences", 3)?;
        out.serialize_field("presences", &self.iter().collect::<Vec<_>>())?;
        out.serialize_field("missing", self.missing())?;
        out.serialize_field("unmatched", &self.unmatched())?;
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(asked: &[&str], uids: &[&str]) -> Presences {
        let items: Vec<String> =
            uids.iter().enumerate().map(|(i, uid)| format!(r#"{{"uid":"{uid}","ext":"{i}"}}"#)).collect();
        let rows = Rows::read(format!(r#"{{"result":[{}]}}"#, items.join(",")).into_bytes()).unwrap();
        Presences::matched(asked.iter().map(|id| UserId::new(id).unwrap()).collect(), rows)
    }

    fn found(presences: &Presences) -> Vec<(String, String)> {
        presences.iter().map(|p| (p.user_id().to_string(), p.ext().to_owned())).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn items_are_matched_by_id_and_given_in_the_order_asked() {
        let presences = matched(&["A", "b", "c", "d"], &["c", "", "a", "zz", "b", "a"]);
        assert_eq!(found(&presences), pairs(&[("A", "5"), ("b", "4"), ("c", "0")]));
        assert_eq!(presences.missing(), [UserId::new("d").unwrap()]);
        assert_eq!(
            presences.unmatched().iter().map(|p| p.user_id().as_str().to_owned()).collect::<Vec<_>>(),
            ["", "zz"]
        );
        assert_eq!(presences.get("B").unwrap().ext(), "4");
        assert!(presences.get("d").is_none() && presences.get("").is_none() && presences.get("zz").is_none());
    }

    #[test]
    fn an_answer_in_order_gives_the_same_as_one_out_of_order() {
        assert_eq!(found(&matched(&["a", "B"], &["A", "b"])), pairs(&[("a", "0"), ("B", "1")]));
        assert_eq!(found(&matched(&["a", "b"], &["b", "a"])), pairs(&[("a", "1"), ("b", "0")]));
    }

    #[test]
    fn the_raw_text_and_the_ids_give_the_value_back() {
        let presences = matched(&["A", "b", "c", "d"], &["c", "", "a", "zz", "b", "a"]);
        let asked = presences.iter().map(|p| p.user_id().clone()).chain(presences.missing().to_vec());
        let raw = presences.raw().next().unwrap();
        assert_eq!(Presences::from_raw(asked, raw).unwrap(), presences);
        assert_eq!(Presences::from_raw([""; 0], "").unwrap(), Presences::empty());
        assert!(Presences::from_raw(["a/b"], raw).is_err());
        assert!(Presences::from_raw(["a"], "no answer").is_err());
    }

    #[test]
    fn several_answers_are_one_value_in_the_order_asked_and_share_their_texts() {
        let parts = [matched(&["a", "b"], &["b", "x"]), matched(&[], &[]), matched(&["C", "d"], &["c", "d"])];
        let texts: Vec<*const str> =
            parts.iter().flat_map(|part| part.raw().map(std::ptr::from_ref)).collect();
        let joined: Presences = parts.into_iter().collect();
        assert_eq!(found(&joined), pairs(&[("b", "0"), ("C", "0"), ("d", "1")]));
        assert_eq!((joined.len(), joined.iter().len(), joined.is_empty()), (3, 3, false));
        assert_eq!(joined.missing(), [UserId::new("a").unwrap()]);
        assert_eq!(joined.unmatched().len(), 1);
        assert_eq!(joined.get("c").unwrap().ext(), "0");
        assert_eq!(joined.get("D").unwrap().ext(), "1");
        assert!(joined.get("a").is_none() && joined.get("x").is_none());
        assert_eq!(joined.raw().map(std::ptr::from_ref::<str>).collect::<Vec<_>>(), texts);
        assert_eq!(joined.parts().collect::<Presences>(), joined);
        assert_eq!(joined.parts().map(|part| part.len()).collect::<Vec<_>>(), [1, 0, 2]);
    }

    #[test]
    fn of_a_user_in_two_answers_the_first_is_found() {
        let joined: Presences =
            [matched(&["a"], &["a"]), matched(&["b", "A"], &["b", "a"])].into_iter().collect();
        // However many look-ups there were.
        for _ in 0..=SCANS {
            assert_eq!(joined.get("a").unwrap().ext(), "0");
            assert_eq!(joined.get("B").unwrap().ext(), "0");
            assert!(joined.get("c").is_none());
        }
        assert!(joined.inner.places.get().is_some_and(|places| places.len() == 2));
    }

    #[test]
    fn nothing_asked_is_nothing_found() {
        let presences = Presences::empty();
        assert!(presences.is_empty() && presences.iter().len() == 0 && presences.raw().len() == 0);
        assert_eq!(presences, Presences::empty());
    }
}
