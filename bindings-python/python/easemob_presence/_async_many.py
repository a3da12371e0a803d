"""The answers of `AsyncUser.iter_many`."""

from __future__ import annotations

from collections.abc import AsyncIterable
from itertools import islice
from typing import TYPE_CHECKING

from ._loop import run
from ._many import AT_ONCE, Answers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from . import _native
    from ._native import Presences
    from ._progress import Report

# From a source that may keep each id waiting, no more than fill one request.
_AT_ONCE_AWAITED = 100


class AsyncIterMany(Answers):
    """The answers of `AsyncUser.iter_many`, one `Presences` for each request. After an exception it goes on."""

    __slots__ = ("_ids",)

    def __init__(
        self,
        ids: Iterable[str] | AsyncIterable[str],
        stream: _native.ManyStream,
        client: object,
        subject: str | None,
        report: Report | None,
    ) -> None:
        super().__init__(stream, client, subject, report)
        self._ids = aiter(ids) if isinstance(ids, AsyncIterable) else iter(ids)

    def __aiter__(self) -> AsyncIterator[Presences]:
        return self

    async def __anext__(self) -> Presences:
        while True:
            try:
                step = await run(self._stream.next(), self._subject)
            finally:
                self._tell()
            if not isinstance(step, bool):
                return step
            if not step:
                self._end()
                raise StopAsyncIteration
            with self._giving() as taken:
                await self._take(taken)

    async def _take(self, taken: list[str]) -> None:
        if not isinstance(self._ids, AsyncIterable):
            taken.extend(islice(self._ids, AT_ONCE))
            return
        async for user_id in self._ids:
            taken.append(user_id)
            if len(taken) == _AT_ONCE_AWAITED:
                return
