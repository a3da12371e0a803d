"""Reads the presence of a million users, in memory that does not grow.

    pip install easemob-presence
    python page_users.py wzy 1000000

The first argument is the user who asks, the second how many are asked for: user0, user1, … The environment says for
which app: see `PresenceClient.from_env`.
"""

import sys
from collections import Counter
from collections.abc import Iterator

from easemob_presence import PresenceClient, PresenceError, User


def everyone(users: int) -> Iterator[str]:
    """Where the ids come from: a query, a file, anything that gives one after another."""
    return (f"user{number}" for number in range(users))


def count(asking: User, users: int) -> Counter[str]:
    """Users by what became of them."""
    counts = Counter[str](online=0, offline=0, missing=0, failed=0)
    answers = asking.iter_many(everyone(users), progress=True)  # a bar, if this is a terminal
    while True:
        try:
            for presences in answers:
                online = sum(presence.is_online for presence in presences)
                counts.update(online=online, offline=len(presences) - online, missing=len(presences.missing))
            return counts
        except PresenceError as error:  # it goes on behind the request that failed
            print(error, file=sys.stderr)
            counts["failed"] += len(error.partial.failed) if error.partial else 1


if __name__ == "__main__":
    with PresenceClient.from_env() as client:
        for word, number in count(client.user(sys.argv[1]), int(sys.argv[2])).items():
            print(word, number)
