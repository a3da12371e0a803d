"""What one client adds to the interpreter's memory, in MB: importing it, building it, and one get of 100 users."""

from __future__ import annotations

import json
import sys

from measure import megabytes

bare = megabytes("VmRSS")

from easemob_presence import PresenceClient  # noqa: E402

imported = megabytes("VmRSS")
with PresenceClient(host=sys.argv[1], app_key="org#app", client_id="id", client_secret="secret") as client:
    presences = client.user("c1").get_many([f"user{number:06}" for number in range(100)])
    used = megabytes("VmRSS")
if len(presences) != 100:
    raise ValueError(f"{len(presences)} presences")
print(json.dumps({"import": imported - bare, "client": used - bare}))
