"""Every example in a docstring and every Python snippet of a README runs, against a fresh emulator each."""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib
import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest

import easemob_presence
from support.files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from easemob_presence.testing import Emulator

MODULES = ("_base", "client", "async_client", "user", "async_user", "watch", "async_watch", "testing")
DOCUMENTS = (ROOT / "README.md", ROOT / "bindings-python" / "README.md", ROOT / "docs" / "faults.md")
READMES = {path.parent.name: path for path in DOCUMENTS}


def docstrings() -> Iterator[doctest.DocTest]:
    """The docstrings with examples."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(easemob_presence, "easemob_presence", globs={})
    for name in MODULES:
        module = importlib.import_module(f"easemob_presence.{name}")
        found += finder.find(module, name, module, globs={})
    # doctest does not look into classes of which native code says that they belong to the package.
    for name, value in inspect.getmembers(easemob_presence._native, inspect.isclass):
        found += finder.find(value, name, easemob_presence, globs={})
    return (test for test in found if test.examples)


TESTS = {test.name: test for test in docstrings()}


def test_every_operation_has_an_example() -> None:
    for module, cls in (("user", "User"), ("async_user", "AsyncUser"), ("client", "PresenceClient")):
        value = getattr(importlib.import_module(f"easemob_presence.{module}"), cls)
        for name, member in vars(value).items():
            if not name.startswith("_") and inspect.isfunction(member):
                assert f"{module}.{cls}.{name}" in TESTS


@pytest.mark.parametrize("name", TESTS)
def test_docstring(name: str, emulator: Emulator) -> None:
    test, loop = TESTS[name], asyncio.new_event_loop()

    def run_async(source: str) -> None:
        code = compile(source, "<docstring>", "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        coroutine = eval(code, test.globs)
        if coroutine is not None:
            loop.run_until_complete(coroutine)

    is_async = name.startswith("async_")
    client: Any = emulator.async_client() if is_async else emulator.client()
    test.globs.update(emulator=emulator, client=client, run_async=run_async)
    if is_async:
        for example in test.examples:
            example.source = f"run_async({example.source!r})\n"
    said: list[str] = []
    try:
        result = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test, out=said.append)
    finally:
        loop.close()
    assert result.attempted and not result.failed, "".join(said)


def snippets() -> Iterator[Any]:
    """The Python snippets of the READMEs."""
    for name, path in READMES.items():
        for number, found in enumerate(re.finditer(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)):
            yield pytest.param(found[1], id=f"{name}-{number}")


@pytest.mark.parametrize("snippet", list(snippets()))
def test_readme(snippet: str, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEMOB_EMULATOR_HOST", emulator.host)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(snippet, "<README>", "exec"), names)
    for name, test in list(names.items()):
        # Examples for pytest, which are called as pytest would.
        if name.startswith("test_"):
            test(emulator)
