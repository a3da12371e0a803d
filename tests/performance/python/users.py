"""What one user of a read costs, in µs of processor time, by how many are read in one call: `SIZE URL`."""

from __future__ import annotations

import json
import sys
import time

from measure import peak_megabytes

from easemob_presence import PresenceClient

SECONDS = 0.5

size, url = int(sys.argv[1]), sys.argv[2]
ids = [f"user{number:07}" for number in range(size)]
settings = {"app_key": "org#app", "client_id": "id", "client_secret": "secret", "rate_limits": 2**32 - 1}
with PresenceClient(host=url, **settings) as client:
    user, calls = client.user("c1"), 0
    if len(user.get_many(ids)) != size:
        raise ValueError("a user is missing")
    began, wall = time.process_time(), time.perf_counter()
    while time.perf_counter() - wall < SECONDS or calls == 0:
        user.get_many(ids)
        calls += 1
    took = time.process_time() - began
print(json.dumps({"cpu_us": took * 1e6 / calls / size, "peak_mb": peak_megabytes()}))
