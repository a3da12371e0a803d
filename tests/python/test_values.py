"""Values are frozen, slotted, hashable, comparable by content and picklable, and read well."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from easemob_presence import AppToken, GroupKind, Status

if TYPE_CHECKING:
    from easemob_presence import PresenceClient, Presences
    from easemob_presence.testing import Emulator


@pytest.fixture
def presences(emulator: Emulator, client: PresenceClient) -> Presences:
    emulator.clock.freeze()
    emulator.clock.set(1_700_000_000_000)
    client.user("c2").set(Status.custom(7), resource="android_1", ext="外出就餐")
    return client.user("wzy").subscribe(["C2", "c3", "c2"], ttl=60)


def test_presences_are_found_in_any_letter_case_and_given_in_the_order_asked(presences: Presences) -> None:
    assert len(presences) == 2
    assert [presence.user_id for presence in presences] == ["C2", "c3"] == list(presences.keys())
    assert presences["c2"] == presences["C2"] == presences.get("c2") == presences.values()[0] == presences.items()[0][1]
    assert "c2" in presences and "c9" not in presences
    assert presences.get("c9") is None and presences.get("c9", 5) == 5
    with pytest.raises(KeyError, match="c9"):
        presences["c9"]
    assert presences.missing == () and presences.unmatched == ()


def test_every_field_of_a_presence_is_read(presences: Presences) -> None:
    presence = presences["c2"]
    assert (presence.ext, presence.is_online) == ("外出就餐", True)
    assert presence.last_seen == datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)
    assert presence.expires_at == datetime(2023, 11, 14, 22, 14, 20, tzinfo=timezone.utc)
    (device,) = presence.devices
    assert (device.resource, device.platform, device.status) == ("android_1", "android", Status.custom(7))
    assert presences["c3"].devices == () and presences["c3"].last_seen is None


def test_times_are_right_on_every_day_of_the_calendar(presences: Presences) -> None:
    presence: Any = presences["c3"]
    restore, (name, saved) = presence.__reduce__()
    fields = json.loads(saved)
    for day in range(1, 146_097 + 366):
        seconds = day * 86_400 + day * 7_919 % 86_400
        fields["last_seen"] = seconds
        seen = restore(name, json.dumps(fields)).last_seen
        assert seen == datetime.fromtimestamp(seconds, timezone.utc) and seen.tzinfo is timezone.utc


def test_devices_are_told_apart_however_alike_they_are(presences: Presences) -> None:
    presence: Any = presences["c2"]
    restore, (name, saved) = presence.__reduce__()
    fields = json.loads(saved)
    keys = ["w", "web", "外", "android", "android_" + "1" * 40]
    keys += [f"ios_{number:04}_last" for number in range(600)] + ["x" * length for length in range(28, 36)]
    devices = [(key, status) for status in (0, 1, 7, 70_000, None) for key in keys]
    fields["devices"] = [{"resource": key, "status": status} for key, status in devices]
    first, second = (restore(name, json.dumps(fields)).devices for _ in range(2))
    for read in (first, second):
        assert [(device.resource, device.status.number) for device in read] == devices
        assert [device.platform for device in read] == [key.split("_")[0] for key, _ in devices]
    assert first == second


def test_a_device_that_many_users_have_is_one_object(presences: Presences) -> None:
    presence: Any = presences["c2"]
    restore, (name, saved) = presence.__reduce__()
    other = restore(name, saved.replace('"C2"', '"c5"'))
    assert other != presence and other.devices[0] is presence.devices[0]


def test_values_read_well(presences: Presences) -> None:
    assert repr(presences) == "Presences(('C2', 'c3'), missing=())"
    device = "DeviceStatus(resource='android_1', status=Status.custom(7))"
    assert repr(presences["c2"]) == f"Presence(user_id='C2', devices=[{device}], ext='外出就餐')"
    assert [repr(status) for status in (Status.custom(0), Status.ONLINE, Status.UNKNOWN)] == [
        "Status.OFFLINE",
        "Status.ONLINE",
        "Status.UNKNOWN",
    ]


def test_all_values_survive_pickle_and_copy_and_are_frozen(
    emulator: Emulator, client: PresenceClient, presences: Presences
) -> None:
    emulator.state.login("c4", "ios_1", device_uuid="u", device_name="n")
    user = client.user("wzy")
    page = user.subscriptions_page(1)
    states = client.online_states(["c4", "x"])
    (device,) = client.user("c4").devices()
    values: list[object] = [
        presences,
        presences["c2"],
        presences["c2"].devices[0],
        Status.ONLINE,
        Status.UNKNOWN,
        GroupKind.GROUP,
        GroupKind.SUPER_COMMUNITY_SERVER,
        page,
        page.subscriptions[0],
        states,
        device,
        user.get_many([]),
    ]
    for value in values:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(value, protocol))
            assert again == value and hash(again) == hash(value) and repr(again) == repr(value), value
        assert copy.deepcopy(value) == value
        assert value != object() and not hasattr(value, "__dict__")
        for name in ("user_id", "number", "anything"):
            with pytest.raises(AttributeError):
                setattr(value, name, 1)
    assert len(set(values)) == len(values)


def test_a_status_is_its_number() -> None:
    assert Status.custom(1) == Status.ONLINE != Status.OFFLINE
    assert (Status.UNKNOWN.number, Status.custom(2**32 - 1).number) == (None, 2**32 - 1)
    assert [Status.custom(n).is_online for n in (0, 1, 2)] == [False, True, True]
    for number in (-1, 2**32):
        with pytest.raises(ValueError, match="is no status"):
            Status.custom(number)


def test_an_app_token_never_shows_itself() -> None:
    token = AppToken("canary", expires_in=60)
    assert token.expose() == "canary" and token.lifetime == 60
    assert "canary" not in f"{token} {token!r} {dir(token)}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(token)


def test_clients_show_no_secret_and_are_not_pickled(client: PresenceClient) -> None:
    assert repr(client) == "<PresenceClient>" and not hasattr(client, "__dict__")
    with pytest.raises(TypeError, match="build one in each process"):
        pickle.dumps(client)
