"""A server that answers exact bytes and remembers what it was asked. Every connection carries one request."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Recorded:
    """One request as it came; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Server:
    """A running server on a free port of 127.0.0.1.

    Args:
        reply: The bytes to answer a request with; none to close the connection without one.
    """

    def __init__(self, reply: Callable[[Recorded], bytes | None]) -> None:
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[threading.Thread] = []
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[Recorded] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Server:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for connection in self._connections:
            connection.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._connections.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            request_line = stream.readline().decode("latin-1").split()
            if len(request_line) != 3:
                return
            headers: dict[str, str] = {}
            while line := stream.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            recorded = Recorded(request_line[0], request_line[1], headers, body)
            self.requests.append(recorded)
            answer = self._reply(recorded)
            if answer is not None:
                try:
                    connection.sendall(answer)
                except OSError:
                    # The client saw enough of an answer that is too large, and left.
                    return


def http(status: int, headers: dict[str, str], body: bytes) -> bytes:
    """An answer as bytes."""
    lines = [f"HTTP/1.1 {status} -", f"content-length: {len(body)}", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
