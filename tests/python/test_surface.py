"""Python offers what Rust offers, under the same names; every difference stands here with its reason."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

import pytest

import easemob_presence as presence
from support.files import ROOT

CORE = ROOT / "core" / "src"
PYTHON_PROTOCOL = "Python has a protocol for it: len(), iter(), in, [], truth"
KEYWORD = "a keyword argument of the operation"
SETTING = "a keyword argument of the client"

# Rust type: its Python class, then what only Rust has.
TYPES: dict[str, tuple[str, dict[str, str]]] = {
    "Client": ("PresenceClient", {"builder": SETTING}),
    "User": ("User", {"iter_many_stream": "iter_many takes asynchronous iterables too"}),
    "Subscriptions": (
        "Subscriptions",
        {
            "page_size": KEYWORD,
            "take_ready": "how the bindings read a page at a time",
        },
    ),
    "Presence": ("Presence", {}),
    "Presences": (
        "Presences",
        {
            "len": PYTHON_PROTOCOL,
            "is_empty": PYTHON_PROTOCOL,
            "iter": PYTHON_PROTOCOL,
            "from_raw": "pickle does it",
            "parts": "pickle does it; iter_many gives the answers one by one",
        },
    ),
    "OnlineStates": (
        "OnlineStates",
        {"len": PYTHON_PROTOCOL, "is_empty": PYTHON_PROTOCOL, "iter": PYTHON_PROTOCOL},
    ),
    "IterMany": ("IterMany", {"on_progress": KEYWORD}),
    "PartialFailure": ("PartialFailure", {}),
    "Subscription": ("Subscription", {}),
    "SubscriptionsPage": ("SubscriptionsPage", {}),
    "Device": ("Device", {}),
    "Status": ("Status", {}),
    "AppToken": ("AppToken", {"new": PYTHON_PROTOCOL, "expires_in": "a keyword argument of the class"}),
    "Error": ("PresenceError", {}),
    "Verifier": ("Webhook", dict.fromkeys(("new", "also", "max_age", "app_key"), "an argument of the class")),
    "Callback": ("Callback", {}),
    "Watch": (
        "Watch",
        dict.fromkeys(
            (
                "share",
                "calls_per_second",
                "min_interval",
                "buffer",
                "keep_subscribed",
                "unsubscribe_on_close",
                "restore",
            ),
            "a keyword argument of watch",
        ),
    ),
    "Watcher": (
        "Watcher",
        {
            "next_events": "iterating gives them",
            "ready": "how the bindings wait for events",
            "take_ready": "how the bindings take them",
        },
    ),
    "Event": ("Event", {"change": "its fields are the event's own"}),
}
# Rust types whose fields are public, and their Python classes' properties.
FIELDS = {"Stats", "EndpointStats", "WatchStats", "Occupancy"}
# Settings of the builder that have another name or shape in Python.
SETTINGS = {
    "client_credentials": {"client_id", "client_secret"},
    "add_root_certificates": {"root_certificates"},
    "rate_limits": {"rate_limits", "rate_share"},
    "from_env": set[str](),
    "with_variables": set[str](),
    "build": set[str](),
}
# Types of Rust that Python needs no class for.
NO_CLASS = {
    "Call": "a coroutine, or the call itself",
    "Many": "as Call",
    "Raw": "the answer's text is Presences.raw, or PresenceError.body",
    "RawCall": "as Raw",
    "ClientBuilder": SETTING,
    "Options": "keyword arguments of with_options",
    "Endpoint": "its name, of the type EndpointName",
    "Priority": "a str",
    "RateLimits": "the keyword arguments rate_limits and rate_share of the client",
    "ErrorKind": "PresenceError.kind, and the classes",
    "Sent": "PresenceError.sent",
    "Resource": "a str",
    "UserId": "a str; Presences and OnlineStates find it in any letter case",
    "TokenProvider": "any function",
    "ProvidedToken": "what such a function returns",
}


def methods(rust_type: str) -> set[str]:
    """The public methods of a Rust type, from its inherent implementations."""
    found: set[str] = set()
    for path in CORE.rglob("*.rs"):
        for block in re.finditer(rf"^impl(?:<[^>]*>)? {rust_type} \{{\n(.*?)^\}}", path.read_text(), re.M | re.S):
            found |= set(re.findall(r"^    pub (?:const |async )*fn (\w+)", block[1], re.M))
    return found


@pytest.mark.parametrize("rust_type", TYPES)
def test_a_type_has_the_same_methods(rust_type: str) -> None:
    name, only_rust = TYPES[rust_type]
    in_rust = methods(rust_type)
    assert in_rust, f"{rust_type} is not found in the core"
    if name == "PresenceError":
        in_python = set(vars(presence.PresenceError("")))
        in_python.add("kind")
    else:
        in_python = {member for member in dir(getattr(presence, name)) if not member.startswith("_")}
    assert only_rust.keys() <= in_rust, "an exception for what is not there"
    assert not only_rust.keys() & in_python, "an exception for what is there"
    assert in_rust - only_rust.keys() <= in_python


def test_every_setting_of_the_builder_is_a_keyword_argument() -> None:
    in_python = set(inspect.signature(presence.PresenceClient).parameters)
    for setting in methods("ClientBuilder"):
        assert SETTINGS.get(setting, {setting}) <= in_python, setting


def test_every_option_of_a_copy_is_a_keyword_argument() -> None:
    options = methods("Options") - {"new"}
    assert options == set(inspect.signature(presence.PresenceClient.with_options).parameters) - {"self"}


@pytest.mark.parametrize("rust_type", FIELDS)
def test_a_type_has_the_same_fields(rust_type: str) -> None:
    text = "".join(path.read_text() for path in CORE.rglob("stats.rs"))
    (block,) = re.findall(rf"^pub struct {rust_type} \{{\n(.*?)^\}}", text, re.M | re.S)
    in_python = {name for name in dir(getattr(presence, rust_type)) if not name.startswith("_")}
    assert in_python == set(re.findall(r"^    pub (\w+):", block, re.M))


@pytest.mark.parametrize(
    ("rust_type", "literal"),
    [
        ("EventKind", presence.EventKind),
        ("Source", presence.EventSource),
        ("WarningReason", presence.WarningReason),
    ],
)
def test_the_words_of_events_are_those_of_rust(rust_type: str, literal: Any) -> None:
    text = (CORE / "watch" / "event.rs").read_text()
    assert list(get_args(literal)) == re.findall(rf'{rust_type}::\w+ => "(\w+)"', text)


def test_an_event_has_the_fields_of_what_rust_tells() -> None:
    text = (CORE / "watch" / "event.rs").read_text()
    in_rust = {"kind", "user_id", "since", "merged", "message"}  # the methods, the variants' own, and Display
    for rust_type in ("Change", "Warning"):
        (block,) = re.findall(rf"^pub struct {rust_type} \{{\n(.*?)^\}}", text, re.M | re.S)
        in_rust |= set(re.findall(r"^    pub (\w+):", block, re.M))
    assert {name for name in dir(presence.Event) if not name.startswith("_")} == in_rust


def test_every_option_of_a_watch_is_a_keyword_argument() -> None:
    assert methods("Watch") - {"start"} == set(inspect.signature(presence.User.watch).parameters) - {"self", "ids"}


def test_progress_has_the_same_fields() -> None:
    text = (CORE / "many" / "progress.rs").read_text()
    (block,) = re.findall(r"^pub struct Progress \{\n(.*?)^\}", text, re.M | re.S)
    assert list(presence.Progress._fields) == re.findall(r"^    pub (\w+):", block, re.M)


def test_every_call_on_many_users_tells_its_progress() -> None:
    many = (presence.User.get_many, presence.User.subscribe, presence.User.unsubscribe, presence.User.iter_many)
    for method in (*many, presence.PresenceClient.online_states):
        assert {"on_progress", "progress"} <= set(inspect.signature(method).parameters), method


def test_the_names_of_endpoints_are_those_of_rust() -> None:
    text = (CORE / "operation" / "endpoint.rs").read_text()
    assert list(get_args(presence.EndpointName)) == re.findall(r'Endpoint::\w+ => "(\w+)"', text)


def test_every_option_of_a_call_is_a_keyword_argument() -> None:
    options = {"set": "ext", "subscribe": "ttl", "subscriptions_page": "page_size"}
    for operation, option in options.items():
        assert {option, "timeout"} <= set(inspect.signature(getattr(presence.User, operation)).parameters)
    assert {"kind", "timeout"} <= set(inspect.signature(presence.PresenceClient.group_online_count).parameters)


def test_every_public_type_of_rust_is_a_class_or_has_a_reason_not_to_be() -> None:
    front_page = (CORE / "lib.rs").read_text()
    types = set(re.findall(r"\b([A-Z]\w+)\b", " ".join(re.findall(r"^pub use (.*?);", front_page, re.M | re.S))))
    for rust_type in types - NO_CLASS.keys():
        python_name = TYPES[rust_type][0] if rust_type in TYPES else rust_type
        assert python_name in presence.__all__, rust_type
    assert NO_CLASS.keys() <= types


@pytest.mark.parametrize(
    ("sync", "asynchronous"),
    [
        (presence.PresenceClient, presence.AsyncPresenceClient),
        (presence.User, presence.AsyncUser),
        (presence.Watch, presence.AsyncWatch),
        (presence.Watcher, presence.AsyncWatcher),
    ],
)
def test_the_async_classes_have_the_same_methods_with_the_same_parameters(sync: Any, asynchronous: Any) -> None:
    def public(cls: Any) -> dict[str, Any]:
        return {name: getattr(cls, name) for name in dir(cls) if not name.startswith("_")}

    assert public(asynchronous).keys() - public(sync).keys() <= {"aclose"}
    for name, method in public(sync).items():
        if callable(method):
            twin = public(asynchronous)[name]
            parameters = list(inspect.signature(method).parameters.values())
            twins = list(inspect.signature(twin).parameters.values())
            if name == "iter_many":  # only a coroutine can read an asynchronous iterable
                assert twins.pop(1).annotation == f"{parameters.pop(1).annotation} | AsyncIterable[str]"
            assert twins == parameters, name


def test_everything_public_is_named_and_present() -> None:
    for name in presence.__all__:
        assert getattr(presence, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = presence.Nothing
