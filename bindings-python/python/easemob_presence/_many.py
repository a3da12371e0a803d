"""`iter_many`: ids of any iterable go in as they are wanted, answers come out as they are there.

`_async_many` has the iterator for `async for`.
"""

from __future__ import annotations

from collections.abc import Sized
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from ._failure import make
from .user import wait

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Generator, Iterable, Iterator

    from . import _native
    from ._native import Presences
    from ._progress import Report

# How many ids are taken at a time: enough that the border costs nothing, few enough to be nothing in memory.
AT_ONCE = 1_000


class Answers:
    """What both iterators share: the native stream, and who is told of the progress."""

    __slots__ = ("_client", "_report", "_stream", "_subject")

    def __init__(self, stream: _native.ManyStream, client: object, subject: str | None, report: Report | None) -> None:
        self._stream = stream
        self._client = client  # keeps a token provider alive, which native code holds weakly
        self._subject = subject
        self._report = report

    def _tell(self) -> None:
        if self._report is not None and (told := self._stream.progress()) is not None:
            self._report(told)

    def _end(self) -> None:
        self._tell()
        if self._report is not None:
            self._report.close()

    @contextmanager
    def _giving(self) -> Generator[list[str], None, None]:
        """Gives what the body reads. If reading fails, what was read before is given all the same."""
        ids: list[str] = []
        try:
            yield ids
        except BaseException:
            self._stream.give(ids)
            raise
        if ids:
            self._stream.give(ids)
        else:
            self._stream.end()


class IterMany(Answers):
    """The answers of `User.iter_many`, one `Presences` for each request. After an exception it goes on."""

    __slots__ = ("_ids",)

    def __init__(
        self,
        ids: Iterable[str],
        stream: _native.ManyStream,
        client: object,
        subject: str | None,
        report: Report | None,
    ) -> None:
        super().__init__(stream, client, subject, report)
        self._ids = iter(ids)

    def __iter__(self) -> Iterator[Presences]:
        return self

    def __next__(self) -> Presences:
        while True:
            try:
                step = wait(self._stream.next(), self._subject)
            finally:
                self._tell()
            if not isinstance(step, bool):
                return step
            if not step:
                self._end()
                raise StopIteration
            with self._giving() as ids:
                ids.extend(islice(self._ids, AT_ONCE))


def checked(ids: Iterable[str] | AsyncIterable[str], *, awaited: bool) -> int | None:
    """How many ids there are, if that is known.

    Args:
        ids: What the caller gave.
        awaited: Whether it may be an asynchronous iterable.

    Raises:
        InvalidInputError: For what is no iterable of ids.
    """
    if isinstance(ids, (str, bytes)) or not (hasattr(ids, "__iter__") or (awaited and hasattr(ids, "__aiter__"))):
        text = f"the ids are {type(ids).__name__}, not an iterable of ids; write a list, or an iterator, of str."
        raise make("invalid_input", text, {"message": text}, [])
    return len(ids) if isinstance(ids, Sized) else None
